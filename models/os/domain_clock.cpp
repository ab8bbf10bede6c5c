#include "models/os/domain_clock.hpp"

#include "models/os/cpu_rates.hpp"
#include "sim/expect.hpp"

namespace timeslice::models {

namespace {

/// What is missing of an end by less than this is rounding of the sums. [ns of the clock]
constexpr double rounding_ns = 1e-3;

}  // namespace

void DomainClock::set_rate(std::int64_t now_ns, double rate) {
  sim::expect(rate > 0.0, "a clock runs");
  value_ = at(now_ns);
  since_ = now_ns;
  rate_ = rate;
}

void DomainClock::schedule(std::int64_t now_ns, std::uint32_t cpu, double length) {
  if (cpu >= positions_.size()) {
    positions_.resize(cpu + std::size_t{1}, none);
  }
  const Entry entry{.end = at(now_ns) + length, .cpu = cpu};
  if (positions_[cpu] != none) {
    place(positions_[cpu], entry);
    return;
  }
  heap_.push_back(entry);
  rise(heap_.size() - 1, entry);
}

void DomainClock::cancel(std::uint32_t cpu) {
  if (cpu < positions_.size() && positions_[cpu] != none) {
    remove(positions_[cpu]);
  }
}

std::int64_t DomainClock::next_end() const {
  if (heap_.empty()) {
    return never;
  }
  const double left = heap_.front().end - value_;
  const std::int64_t length = left > 0.0 ? wall_ns(left, rate_) : 0;
  return length >= never - since_ ? never : since_ + length;
}

std::uint32_t DomainClock::take_ended(std::int64_t now_ns) {
  if (heap_.empty() || (heap_.front().end - at(now_ns) > rounding_ns && next_end() > now_ns)) {
    return none;
  }
  const std::uint32_t cpu = heap_.front().cpu;
  remove(0);
  return cpu;
}

void DomainClock::restart(std::int64_t now_ns) {
  sim::expect(heap_.empty(), "a clock that somebody counts on goes on");
  value_ = 0.0;
  since_ = now_ns;
}

void DomainClock::put(std::size_t position, const Entry& entry) {
  heap_[position] = entry;
  positions_[entry.cpu] = static_cast<std::uint32_t>(position);
}

void DomainClock::rise(std::size_t position, const Entry& entry) {
  while (position > 0) {
    const std::size_t above = (position - 1) / 2;
    if (!before(entry, heap_[above])) {
      break;
    }
    put(position, heap_[above]);
    position = above;
  }
  put(position, entry);
}

void DomainClock::sink(std::size_t position, const Entry& entry) {
  while (true) {
    std::size_t below = 2 * position + 1;
    if (below >= heap_.size()) {
      break;
    }
    if (below + 1 < heap_.size() && before(heap_[below + 1], heap_[below])) {
      ++below;
    }
    if (!before(heap_[below], entry)) {
      break;
    }
    put(position, heap_[below]);
    position = below;
  }
  put(position, entry);
}

void DomainClock::place(std::size_t position, const Entry& entry) {
  if (position > 0 && before(entry, heap_[(position - 1) / 2])) {
    rise(position, entry);
  } else {
    sink(position, entry);
  }
}

void DomainClock::remove(std::size_t position) {
  positions_[heap_[position].cpu] = none;
  const Entry last = heap_.back();
  heap_.pop_back();
  if (position < heap_.size()) {
    place(position, last);
  }
}

}  // namespace timeslice::models
