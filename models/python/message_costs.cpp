#include "models/python/message_costs.hpp"

#include <algorithm>

namespace timeslice::models {

namespace {

/// Where a size lies in the table: between point `at` and the next one, `share` of the way.
struct Spot {
  std::size_t at = 0;
  double share = 0.0;
};

Spot find(const PayloadCosts& costs, double size) {
  std::size_t at = 0;
  while (at + 2 < CopyStep::points && size > static_cast<double>(costs.sizes[at + 1].count)) {
    ++at;
  }
  const auto low = static_cast<double>(costs.sizes[at].count);
  const auto high = static_cast<double>(costs.sizes[at + 1].count);
  return {.at = at, .share = (size - low) / (high - low)};
}

bool below(const PayloadCosts& costs, double size) {
  return size <= static_cast<double>(costs.sizes[0].count);
}

}  // namespace

sim::Duration cpu_of(const PayloadCosts& costs, const CopyStep& step, Bytes size) {
  const auto bytes = static_cast<double>(size.count);
  const auto ns = [&step](std::size_t point) {
    return static_cast<double>(step.cpu[point].count());
  };
  if (below(costs, bytes)) {
    const double first = ns(0) * bytes / static_cast<double>(costs.sizes[0].count);
    return sim::Duration{static_cast<std::int64_t>(first)};
  }
  const Spot spot = find(costs, bytes);
  const double between = ns(spot.at) + spot.share * (ns(spot.at + 1) - ns(spot.at));
  return sim::Duration{static_cast<std::int64_t>(std::max(between, 0.0))};
}

double fresh_pages(const PayloadCosts& costs, const CopyStep& step, Bytes size) {
  const auto bytes = static_cast<double>(size.count);
  const double pages = bytes / static_cast<double>(page_bytes);
  if (below(costs, bytes)) {
    return pages * step.fresh[0];
  }
  const Spot spot = find(costs, bytes);
  const double share = std::min(spot.share, 1.0);
  return pages * (step.fresh[spot.at] + share * (step.fresh[spot.at + 1] - step.fresh[spot.at]));
}

ExecutorCosts free_executor_costs() {
  constexpr sim::Duration none{};
  return {.submit = none,
          .add = none,
          .feed = none,
          .send = none,
          .get = none,
          .put = none,
          .receive = none,
          .store = none,
          .result = none,
          .wait = none,
          .wait_each = none,
          .poll = none,
          .take_byte = none,
          .create = none};
}

PayloadCosts free_payload_costs() {
  PayloadCosts costs;
  for (CopyStep* step :
       {&costs.argument_dumps, &costs.argument_read, &costs.argument_loads, &costs.result_build,
        &costs.result_dumps, &costs.result_read, &costs.result_loads}) {
    *step = {};
  }
  for (sim::Duration* cost : {&costs.fault, &costs.object_dumps, &costs.object_loads,
                              &costs.shared_create, &costs.shared_attach, &costs.shared_release}) {
    *cost = {};
  }
  costs.shared_map_share = 0.0;
  costs.shared_free_share = 0.0;
  return costs;
}

}  // namespace timeslice::models
