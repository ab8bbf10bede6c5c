#include "models/python/code_caches.hpp"

#include <limits>

namespace timeslice::models {

namespace {

constexpr std::int64_t never = std::numeric_limits<std::int64_t>::min() / 2;

}  // namespace

sim::Duration CodeCaches::run(const ColdCode& cold, CpuId cpu, Code code, sim::Duration warm,
                              sim::Instant now, sim::Instant left_idle) {
  const std::size_t index = index_of(cpu);
  if (by_cpu_.size() <= index) {
    by_cpu_.resize(index + 1);
  }
  if (!by_cpu_[index]) {
    by_cpu_[index] = std::make_unique<LastRuns>();
    by_cpu_[index]->fill(never);
  }
  std::int64_t& last = (*by_cpu_[index])[static_cast<std::size_t>(code)];
  const std::int64_t now_ns = now.time_since_epoch().count();
  const double away = static_cast<double>(now_ns - last);
  const bool idled = left_idle.time_since_epoch().count() > last;
  last = now_ns;
  const double gone = cold.gone(away, idled);
  return warm + sim::Duration{static_cast<std::int64_t>(sim::as_ns(warm) * cold.factor * gone)};
}

}  // namespace timeslice::models
