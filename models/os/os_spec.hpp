// What the operating system is: scheduling policy, tick, balancing, groups, timer slack.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "models/ids.hpp"
#include "sim/result.hpp"
#include "sim/time.hpp"

namespace timeslice::models {

enum class PolicyKind { fifo, round_robin, fair };

/// One queue that all CPUs share, or a queue for each CPU with balancing between them.
enum class QueueScope { shared, per_cpu };

struct PolicySpec {
  PolicyKind kind = PolicyKind::fair;
  QueueScope scope = QueueScope::per_cpu;
  /// Longest run without giving way to a ready thread. fair: 0.70 ms, EEVDF's base slice of Linux
  /// 6.12, multiplied by the CPU-count factor when `scale_by_cpus`; rr: 100 ms, RR_TIMESLICE.
  sim::Duration slice = std::chrono::microseconds{700};
  bool scale_by_cpus = true;      // 1 + floor(log2(min(CPUs, 8))), kernel/sched/fair.c of 6.12
  bool wakeup_preemption = true;  // fair only
  /// fair only: a thread that was just picked is safe from wake-up preemption for so long. 0.70 ms,
  /// the unscaled base slice: sharp edge measured on Linux 6.18 (one 2-CPU guest; without
  /// RUN_TO_PARITY). Mainline 6.12 protects to the end of the slice: set it to the slice or more.
  sim::Duration protect = std::chrono::microseconds{700};
};

/// How threads spread over CPUs.
enum class BalanceKind : std::uint8_t {
  work_conserving,  // idealised: no CPU idles while a thread waits
  linux_domains,    // Linux's mechanism over scheduling domains: docs/models/balancing.md
  measured          // chances measured on one machine, for a kernel with rules of its own
};

/// When a CPU that runs dry searches others for a waiting thread (Linux's newidle balance).
enum class NewidleGate : std::uint8_t {
  cost,         // unless its mean idle time is below the cost of the search; up to 2025
  rising_cost,  // a search that fails also raises that cost by half; 6.16-6.18.4, 6.12.4x-6.12.64
  proportional  // by cost, and as often as searches succeed; 6.12.65, 6.18.5 and later
};

struct BalanceSpec {
  BalanceKind kind = BalanceKind::work_conserving;

  // measured: probabilities. At 1 they are the work-conserving balancer.
  double move_on_wake = 1.0;        // previous CPU busy, another idle: probability of moving
  double pull_when_idle = 1.0;      // CPU runs dry, cold thread queued elsewhere
  double pull_when_idle_hot = 1.0;  // the same, thread ran within `cache_hot`
  double pull_at_tick = 1.0;        // idle CPU looks at each tick of a CPU that has threads queued
  /// Mean time between two passes of the periodic balancer, each drawn from half to 1.5 times this;
  /// 0: never. It evens out loads that differ by one (3 threads on 2 CPUs rotate). 112 ms: median
  /// gap between migrations of 3 threads on 2 CPUs, measured on Linux 6.18 (p25 81, p75 284 ms).
  sim::Duration rotate_every = std::chrono::milliseconds{112};

  // linux and measured.
  sim::Duration cache_hot = std::chrono::microseconds{500};  // sysctl migration_cost, Linux 6.12

  // linux.
  NewidleGate newidle_gate = NewidleGate::proportional;
  /// Part of the searches that succeeded before the run began. One half: as after boot (512 of
  /// 1024, sd_init() of 6.18.5). Renewed by the mechanism after 512 further chances.
  double newidle_success = 0.5;
  /// What a search costs for each CPU looked at: a cache miss or two on its queue. A guess.
  sim::Duration newidle_look = std::chrono::nanoseconds{200};
  bool wake_affine = true;  // wake-ups may be drawn to the waker's CPU (WA_IDLE, WA_WEIGHT)
  bool scan_limit = true;   // SIS_UTIL: the busier a cache's CPUs, the fewer are looked at
};

/// A group of threads that is scheduled as one entity per CPU.
struct GroupSpec {
  std::string name;
  std::optional<GroupId> parent;  // nothing: below the root
  std::uint32_t weight = 100;     // cpu.weight of cgroup v2: 1..10000
};

struct OsSpec {
  std::string scheduler = "linux-6.12";  // the preset's name, for people
  PolicySpec policy;
  BalanceSpec balance{.kind = BalanceKind::linux_domains};
  sim::Duration tick = std::chrono::milliseconds{4};  // 0: no tick, slices end exactly
  bool random_tick_phase = true;
  sim::Duration timer_slack = std::chrono::microseconds{50};  // Linux default, init_task.c
  /// Time from a timer's expiry until the woken thread is queued: interrupt and wake-up path.
  sim::Duration timer_latency = std::chrono::microseconds{20};
  std::vector<GroupSpec> groups;  // GroupId 1..n in order; 0 is the root
};

/// Weight of a nice level, -20..19 (sched_prio_to_weight of Linux; nice 0 is 1024).
[[nodiscard]] std::uint32_t weight_of_nice(int nice);

/// What this version cannot simulate although it can be written down (for example groups below a
/// shared queue); nothing if all is well.
[[nodiscard]] std::optional<sim::Error> unsupported(const OsSpec& os);

/// FIFO without tick, slack or latency, one shared queue: the OS of `ideal-N` machines.
[[nodiscard]] OsSpec ideal_os();

}  // namespace timeslice::models
