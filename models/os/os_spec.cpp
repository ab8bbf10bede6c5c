#include "models/os/os_spec.hpp"

#include <array>

#include "sim/expect.hpp"

namespace timeslice::models {

namespace {

constexpr int lowest_nice = -20;

// sched_prio_to_weight of Linux (kernel/sched/core.c, 6.1 and 6.12): each step is about 1.25.
constexpr std::array<std::uint32_t, 40> weights{
    88761, 71755, 56483, 46273, 36291, 29154, 23254, 18705, 14949, 11916,  // -20 .. -11
    9548,  7620,  6100,  4904,  3906,  3121,  2501,  1991,  1586,  1277,   // -10 .. -1
    1024,  820,   655,   526,   423,   335,   272,   215,   172,   137,    // 0 .. 9
    110,   87,    70,    56,    45,    36,    29,    23,    18,    15};    // 10 .. 19

}  // namespace

std::uint32_t weight_of_nice(int nice) {
  sim::expect(nice >= lowest_nice && nice < lowest_nice + static_cast<int>(weights.size()),
              "a nice level lies in -20..19");
  return weights[static_cast<std::size_t>(nice - lowest_nice)];
}

std::optional<sim::Error> unsupported(const OsSpec& os) {
  if (os.policy.scope == QueueScope::shared && !os.groups.empty()) {
    return sim::Error{.where = "os.groups",
                      .what = "groups of threads are not modelled with one shared queue",
                      .advice = "use a queue for each CPU (queues: per-cpu), or drop the groups"};
  }
  const bool mechanism = os.balance.kind == BalanceKind::linux_domains;
  if (mechanism && os.policy.scope == QueueScope::per_cpu && os.tick == sim::Duration::zero()) {
    return sim::Error{.where = "os.balance.kind",
                      .what = "Linux balances at ticks, and this system has none",
                      .advice = "give it a tick (tick: 4ms), or choose kind: work-conserving"};
  }
  return std::nullopt;
}

OsSpec ideal_os() {
  OsSpec os;
  os.scheduler = "ideal";
  os.policy = {.kind = PolicyKind::fifo,
               .scope = QueueScope::shared,
               .slice = std::chrono::milliseconds{100},
               .scale_by_cpus = false,
               .wakeup_preemption = false,
               .protect = sim::Duration::zero()};
  os.balance = BalanceSpec{.kind = BalanceKind::work_conserving};
  os.tick = sim::Duration::zero();
  os.random_tick_phase = false;
  os.timer_slack = sim::Duration::zero();
  os.timer_latency = sim::Duration::zero();
  return os;
}

}  // namespace timeslice::models
