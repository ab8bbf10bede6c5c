// What the operating system is: scheduling policy, tick, balancing, groups, timer slack.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "models/ids.hpp"
#include "models/os/class_spec.hpp"
#include "sim/result.hpp"
#include "sim/time.hpp"

namespace timeslice::models {

/// `fair` is eevdf.
enum class PolicyKind {
  fifo,
  round_robin,
  eevdf,
  cfs,
  sjf,
  srtf,
  priority,
  mlfq,
  lottery,
  stride,
  edf,
  rm,
  fair = eevdf
};

/// One queue that all CPUs share, or a queue for each CPU with balancing between them.
enum class QueueScope { shared, per_cpu };

/// EEVDF: how long a thread that was just picked is safe from wake-up preemption.
/// Source: pick_eevdf and set_protect_slice of kernel/sched/fair.c; facts about 6.6, 6.12, 6.17.
enum class Protection {
  none,
  deadline,   // to the end of its request: 6.6 to 6.16
  min_slice,  // for the shortest slice on the queue: 6.17 on
  unscaled,   // for the base slice before scaling: 6.17 on without RUN_TO_PARITY
};

/// What CFS knows beyond what all fair policies know. Times as in Linux before scaling by CPUs.
/// Source: kernel/sched/{fair.c,features.h} of Linux 6.1.
struct CfsSpec {
  sim::Duration latency = std::chrono::milliseconds{6};            // all run once in it
  sim::Duration min_granularity = std::chrono::microseconds{750};  // least slice
  sim::Duration wakeup_granularity = std::chrono::milliseconds{1};
  bool gentle_sleepers = true;  // half the latency as credit for a sleeper, not all of it
  bool start_debit = true;      // a new thread begins one slice behind
};

struct PolicySpec {
  PolicyKind kind = PolicyKind::eevdf;
  QueueScope scope = QueueScope::per_cpu;
  /// Longest run without giving way to a ready thread. eevdf: 0.70 ms, the base slice of Linux
  /// 6.12, multiplied by the CPU-count factor when `scale_by_cpus`; rr: 100 ms, RR_TIMESLICE.
  sim::Duration slice = std::chrono::microseconds{700};
  bool scale_by_cpus = true;      // 1 + floor(log2(min(CPUs, 8))), kernel/sched/fair.c of 6.12
  bool wakeup_preemption = true;  // eevdf and cfs
  Protection protect = Protection::deadline;  // this and the next four: eevdf
  /// Who goes to sleep ahead of the average stays queued until it is not: 6.12 on.
  bool delayed_dequeue = true;
  /// A woken thread with a shorter slice than the running one ends its protection: 6.12 on.
  bool short_preempts = true;
  /// Who moves to another CPU keeps what is left of its request: 6.12 on.
  bool keeps_request = true;
  /// Who was woken last goes first at the next choice, if it is eligible: NEXT_BUDDY, off in all
  /// versions up to 6.18.
  bool next_buddy = false;
  CfsSpec cfs{};
  sim::Duration age{};       // priority only: waiting time that is worth one level; 0: no ageing
  std::uint32_t levels = 3;  // mlfq only
  sim::Duration boost = std::chrono::milliseconds{1000};  // mlfq only: all go to the top; 0: never
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
  /// Part of the searches that succeeded before the run began; renewed by the mechanism after 512
  /// further chances. Counted in scheduler traces of a guest that had been up for hours: 0.11 to
  /// 0.35. After boot it is one half (512 of 1024, sd_init() of 6.18.5).
  double newidle_success = 0.17;
  /// What a search costs for each CPU looked at: a cache miss or two on its queue. A guess.
  sim::Duration newidle_look = std::chrono::nanoseconds{200};
  bool wake_affine = true;  // wake-ups may be drawn to the waker's CPU (WA_IDLE, WA_WEIGHT)
  bool scan_limit = true;   // SIS_UTIL: the busier a cache's CPUs, the fewer are looked at
};

/// cpu.max and cpu.max.burst of cgroup v2: CPU time that a group gets in each period. Linux takes
/// periods of 1 ms to 1 s and quotas of 1 ms or more (kernel/sched/core.c of 6.12).
struct CpuQuota {
  sim::Duration quota{};
  sim::Duration period = std::chrono::milliseconds{100};
  sim::Duration burst{};  // unused time that may be carried over; at most the quota
};

/// A group of threads that is scheduled as one entity per CPU.
struct GroupSpec {
  std::string name;
  std::optional<GroupId> parent{};  // nothing: below the root
  std::uint32_t weight = 100;       // cpu.weight of cgroup v2: 1..10000
  bool idle = false;                // cpu.idle: as SCHED_IDLE to those beside it, weight 3
  std::optional<CpuQuota> quota{};  // nothing: no limit
  std::vector<CpuId> cpus{};        // cpuset.cpus; empty: those of the group around it
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
  GroupId program_group{};        // of main and of executors that name no group
  /// Sessions are groups of their own, as with Linux's autogroup: the program is one, and each
  /// background program another. Only those that name no group. See with_sessions().
  bool autogroup = false;
  /// The periods of a quota start anywhere, as Linux's timers do; else when the group first runs.
  bool random_quota_phase = true;
  RealTimeSpec real_time;
  KernelPreemption preemption = KernelPreemption::none;
};

/// Weight of a nice level, -20..19 (sched_prio_to_weight of Linux; nice 0 is 1024).
[[nodiscard]] std::uint32_t weight_of_nice(int nice);

/// Of SCHED_IDLE and of idle groups, whatever their nice level: WEIGHT_IDLEPRIO of Linux 6.12.
inline constexpr std::uint32_t weight_of_idle = 3;

/// The nice level whose weight is this one, or the next one below; -20..19.
[[nodiscard]] int nice_of_weight(std::uint32_t weight);

/// What this version cannot simulate although it can be written down (for example groups below a
/// shared queue); nothing if all is well.
[[nodiscard]] std::optional<sim::Error> unsupported(const OsSpec& os);

/// FIFO without tick, slack or latency, one shared queue: the OS of `ideal-N` machines.
[[nodiscard]] OsSpec ideal_os();

}  // namespace timeslice::models
