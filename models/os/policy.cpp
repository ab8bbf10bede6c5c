#include "models/os/policy.hpp"

#include <algorithm>
#include <bit>

#include "models/os/fair.hpp"
#include "models/os/fifo.hpp"
#include "models/os/lottery.hpp"
#include "models/os/mlfq.hpp"
#include "models/os/priority.hpp"
#include "models/os/ranked.hpp"
#include "models/os/round_robin.hpp"
#include "models/os/stride.hpp"
#include "sim/expect.hpp"

namespace timeslice::models {

namespace {

// 1 + floor(log2(min(CPUs, 8))): get_update_sysctl_factor of Linux 6.12, kernel/sched/fair.c.
std::int64_t scale_of_cpus(std::uint32_t cpus) {
  return static_cast<std::int64_t>(std::bit_width(std::min(cpus, 8U)));
}

}  // namespace

std::optional<EntityId> Policy::candidate_to_move(QueueId queue) const {
  const auto anybody = [](const void* /*context*/, EntityId /*entity*/) { return true; };
  return candidate_to_move(queue, MoveFilter{.accepts = anybody, .context = nullptr});
}

std::unique_ptr<Policy> make_policy(const PolicySpec& spec, std::uint32_t cpus,
                                    const sim::Random& random) {
  sim::expect(cpus > 0, "a machine has a CPU");
  switch (spec.kind) {
    case PolicyKind::fifo:
      return std::make_unique<Fifo>();
    case PolicyKind::round_robin:
      return std::make_unique<RoundRobin>(spec.slice);
    case PolicyKind::sjf:
      return std::make_unique<Ranked>(
          Ranked::Config{.order = Ranked::Order::work_left, .preemptive = false});
    case PolicyKind::srtf:
      return std::make_unique<Ranked>(Ranked::Config{.order = Ranked::Order::work_left});
    case PolicyKind::edf:
      return std::make_unique<Ranked>(Ranked::Config{.order = Ranked::Order::deadline});
    case PolicyKind::rm:
      return std::make_unique<Ranked>(Ranked::Config{.order = Ranked::Order::period});
    case PolicyKind::priority:
      return std::make_unique<Priority>(spec.age);
    case PolicyKind::mlfq:
      return std::make_unique<Mlfq>(
          Mlfq::Config{.levels = spec.levels, .slice = spec.slice, .boost = spec.boost});
    case PolicyKind::lottery:
      return std::make_unique<Lottery>(spec.slice, random);
    case PolicyKind::stride:
      return std::make_unique<Stride>(spec.slice);
    case PolicyKind::fair:
      break;
  }
  const std::int64_t scale = spec.scale_by_cpus ? scale_of_cpus(cpus) : 1;
  return std::make_unique<Fair>(Fair::Config{.slice = spec.slice * scale,
                                             .protect = spec.protect,
                                             .wakeup_preemption = spec.wakeup_preemption});
}

}  // namespace timeslice::models
