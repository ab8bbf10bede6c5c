#include "bench/raw_loop.hpp"

#include "sim/random.hpp"

namespace timeslice::bench {

Increments::Increments(double mean_ns) {
  const sim::Random random{1};
  for (std::uint32_t i = 0; i < count; ++i) {
    values_.push_back(static_cast<std::uint64_t>(mean_ns * random.exponential({.task = i})));
  }
}

}  // namespace timeslice::bench
