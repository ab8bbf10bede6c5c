#include "models/machine/cache_share.hpp"

#include <algorithm>
#include <utility>

#include "sim/expect.hpp"

namespace timeslice::models {

namespace {

constexpr int doublings = 60;
constexpr int halvings = 24;  // a part of 2^-24 of a line's stay

/// What one user holds if a line stays in the cache for `stay`: E = accesses x misses(E) x stay,
/// solved on each straight piece of the curve. Rises with `stay`, up to the set.
double held(const CacheUsers& user, double stay) {
  const double inserted = user.accesses * stay;  // if all missed
  if (user.misses == nullptr || user.misses->empty()) {
    return std::min(user.set, inserted);
  }
  double from = 0.0;
  double ratio = user.misses->points().front().ratio;
  for (const MissPoint& point : user.misses->points()) {
    const auto to = static_cast<double>(point.size.count);
    const double slope = to > from ? (point.ratio - ratio) / (to - from) : 0.0;
    const double bytes = inserted * (ratio - slope * from) / (1.0 - inserted * slope);
    if (to > from && bytes <= to) {
      return std::min(user.set, bytes);
    }
    from = to;
    ratio = point.ratio;
  }
  return std::min(user.set, std::max(from, inserted * ratio));
}

double held_by_all(std::span<const CacheUsers> users, double stay) {
  double sum = 0.0;
  for (const CacheUsers& user : users) {
    sum += user.count * held(user, stay);
  }
  return sum;
}

}  // namespace

MissCurve::MissCurve(std::vector<MissPoint> points) : points_{std::move(points)} {
  for (std::size_t i = 1; i < points_.size(); ++i) {
    sim::expect(points_[i - 1].size < points_[i].size, "sizes of a miss curve ascend");
  }
}

MissCurve MissCurve::random_over(Bytes set) {
  return MissCurve{{{.size = Bytes{0}, .ratio = 1.0}, {.size = set, .ratio = 0.0}}};
}

MissCurve MissCurve::walk_over(Bytes set) {
  return MissCurve{{{.size = Bytes{set.count / 2}, .ratio = 1.0}, {.size = set, .ratio = 0.0}}};
}

double MissCurve::at(double bytes) const {
  if (points_.empty()) {
    return 0.0;
  }
  const auto above = std::ranges::find_if(points_, [&](const MissPoint& point) {
    return static_cast<double>(point.size.count) >= bytes;
  });
  if (above == points_.begin() || above == points_.end()) {
    return above == points_.end() ? points_.back().ratio : above->ratio;
  }
  const MissPoint& below = *(above - 1);
  const auto low = static_cast<double>(below.size.count);
  const auto high = static_cast<double>(above->size.count);
  return below.ratio + (above->ratio - below.ratio) * (bytes - low) / (high - low);
}

void share_cache(std::span<CacheUsers> users, double capacity) {
  sim::expect(capacity > 0.0, "a cache has a size");
  double wanted = 0.0;
  double inserted = 0.0;
  for (CacheUsers& user : users) {
    user.share = user.set;
    wanted += user.count * user.set;
    inserted += user.count * user.accesses;
  }
  if (wanted <= capacity || inserted <= 0.0) {
    return;  // everybody fits, or nobody fills it
  }
  double least = 0.0;
  double most = capacity / inserted;
  for (int i = 0; i < doublings && held_by_all(users, most) < capacity; ++i) {
    least = most;
    most *= 2.0;
  }
  for (int i = 0; i < halvings; ++i) {
    const double middle = 0.5 * (least + most);
    (held_by_all(users, middle) < capacity ? least : most) = middle;
  }
  for (CacheUsers& user : users) {
    user.share = held(user, least);
  }
}

}  // namespace timeslice::models
