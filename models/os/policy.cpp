#include "models/os/policy.hpp"

#include <algorithm>
#include <bit>

#include "models/os/cfs.hpp"
#include "models/os/eevdf.hpp"
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

std::unique_ptr<Policy> make_cfs(const PolicySpec& spec, std::int64_t scale) {
  CfsSpec cfs = spec.cfs;
  cfs.latency *= scale;
  cfs.min_granularity *= scale;
  cfs.wakeup_granularity *= scale;
  return std::make_unique<Cfs>(
      Cfs::Config{.spec = cfs, .wakeup_preemption = spec.wakeup_preemption});
}

std::unique_ptr<Policy> make_eevdf(const PolicySpec& spec, std::int64_t scale) {
  return std::make_unique<Eevdf>(
      Eevdf::Config{.slice = spec.slice * scale,
                    .base_slice = spec.slice,
                    .protect = spec.protect,
                    .wakeup_preemption = spec.wakeup_preemption,
                    .delayed_dequeue = spec.delayed_dequeue && spec.scope == QueueScope::per_cpu,
                    .short_preempts = spec.short_preempts,
                    .keeps_request = spec.keeps_request,
                    .next_buddy = spec.next_buddy && spec.scope == QueueScope::per_cpu});
}

}  // namespace

std::optional<EntityId> Policy::candidate_to_move(QueueId queue) const {
  const auto anybody = [](const void* /*context*/, EntityId /*entity*/) { return true; };
  return candidate_to_move(queue, MoveFilter{.accepts = anybody, .context = nullptr});
}

std::unique_ptr<Policy> make_policy(const PolicySpec& spec, std::uint32_t cpus,
                                    const sim::Random& random) {
  sim::expect(cpus > 0, "a machine has a CPU");
  const std::int64_t scale = spec.scale_by_cpus ? scale_of_cpus(cpus) : 1;
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
    case PolicyKind::cfs:
      return make_cfs(spec, scale);
    case PolicyKind::eevdf:
      break;
  }
  return make_eevdf(spec, scale);
}

}  // namespace timeslice::models
