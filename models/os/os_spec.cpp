#include "models/os/os_spec.hpp"

#include <algorithm>
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

std::optional<sim::Error> wrong_group(const OsSpec& os, const GroupSpec& group) {
  const std::string where = "os.groups." + group.name;
  std::size_t steps = 0;
  for (auto at = group.parent; at && *at != GroupId{0}; ++steps) {
    if (index_of(*at) > os.groups.size()) {
      return sim::Error{where, "its parent does not exist", "name one of os.groups"};
    }
    if (steps == os.groups.size()) {
      return sim::Error{where, "it is inside itself", "give one group of the circle no parent"};
    }
    at = os.groups[index_of(*at) - 1].parent;
  }
  if (!group.quota) {
    return std::nullopt;
  }
  using std::chrono::milliseconds;
  const CpuQuota& limit = *group.quota;
  if (limit.period < milliseconds{1} || limit.period > milliseconds{1000}) {
    return sim::Error{where + ".cpu_max", "a quota's period lies in 1ms..1s", "100ms is usual"};
  }
  if (limit.quota < milliseconds{1}) {
    return sim::Error{where + ".cpu_max", "a quota below 1ms is refused by Linux",
                      "use 1ms or more"};
  }
  if (limit.burst < sim::Duration::zero() || limit.burst > limit.quota) {
    return sim::Error{where + ".burst", "a burst is at most the quota",
                      "use a burst from 0 to the quota"};
  }
  return std::nullopt;
}

/// Whether the policy compares what threads announce or did: a group does neither.
bool orders_threads(PolicyKind kind) {
  return kind == PolicyKind::sjf || kind == PolicyKind::srtf || kind == PolicyKind::priority ||
         kind == PolicyKind::mlfq || kind == PolicyKind::edf || kind == PolicyKind::rm;
}

}  // namespace

std::uint32_t weight_of_nice(int nice) {
  sim::expect(nice >= lowest_nice && nice < lowest_nice + static_cast<int>(weights.size()),
              "a nice level lies in -20..19");
  return weights[static_cast<std::size_t>(nice - lowest_nice)];
}

int nice_of_weight(std::uint32_t weight) {
  const auto at = std::ranges::lower_bound(weights, weight, std::ranges::greater{});
  const auto steps = std::min(at - weights.begin(), std::ssize(weights) - 1);
  return lowest_nice + static_cast<int>(steps);
}

std::optional<sim::Error> unsupported(const OsSpec& os) {
  for (const GroupSpec& group : os.groups) {
    if (auto wrong = wrong_group(os, group)) {
      return wrong;
    }
  }
  if (os.policy.scope == QueueScope::shared && !os.groups.empty()) {
    return sim::Error{
        .where = "os.groups." + os.groups.front().name,
        .what = "groups of threads are not modelled with one shared queue",
        .advice =
            "use `scheduler: linux-6.12`, or a queue for each CPU (policy: {queue: per-cpu})"};
  }
  if (orders_threads(os.policy.kind) && !os.groups.empty()) {
    return sim::Error{.where = "os.groups." + os.groups.front().name,
                      .what = "groups of threads have no place in the order of this policy",
                      .advice = "use fair, rr, fifo, lottery or stride, or drop the groups"};
  }
  const bool is_fair = os.policy.kind == PolicyKind::eevdf || os.policy.kind == PolicyKind::cfs;
  const auto idle = std::ranges::find(os.groups, true, &GroupSpec::idle);
  if (!is_fair && idle != os.groups.end()) {
    return sim::Error{.where = "os.groups." + idle->name + ".cpu_idle",
                      .what = "only Linux's fair policies know idle groups",
                      .advice = "use eevdf or cfs, or leave out cpu_idle"};
  }
  constexpr std::int64_t longest = 1'000'000'000'000'000'000;  // ns
  if (os.policy.kind == PolicyKind::mlfq &&
      os.policy.slice.count() > longest >> (os.policy.levels - 1)) {
    return sim::Error{.where = "os.policy",
                      .what = "the slice of the lowest level is longer than 30 years",
                      .advice = "use fewer levels or a shorter slice"};
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
               .protect = Protection::none};
  os.balance = BalanceSpec{.kind = BalanceKind::work_conserving};
  os.tick = sim::Duration::zero();
  os.random_tick_phase = false;
  os.random_quota_phase = false;
  os.timer_slack = sim::Duration::zero();
  os.timer_latency = sim::Duration::zero();
  return os;
}

}  // namespace timeslice::models
