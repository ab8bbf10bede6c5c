// What a machine is: packages, cores, CPUs, caches, memory nodes, speeds and what things cost.
//
// Plain values. A regular machine is expanded into these lists by models/machine/regular.hpp, an
// hwloc file by models/machine/hwloc_import.hpp. All lists are dense and ordered by id.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "models/ids.hpp"
#include "models/machine/memory_system.hpp"
#include "models/units.hpp"
#include "models/work/distribution.hpp"
#include "sim/time.hpp"

namespace timeslice::models {

/// How fast a kind of step runs, relative to the machine that its duration was measured on.
struct SpeedFactors {
  double python = 1.0;
  double native = 1.0;
  double memory = 1.0;
  std::optional<double> kernel{};  // work of the operating system; nothing: as native
};

/// A kind of core (all alike, or performance and efficiency cores).
struct CoreKindSpec {
  std::string name = "core";
  double speed = 1.0;  // relative to the machine's fastest kind
};

struct CoreSpec {
  std::uint32_t package = 0;
  std::uint32_t kind = 0;  // index into core_kinds
  std::uint32_t node = 0;  // index into nodes: its local memory
  std::uint32_t llc = 0;   // last-level-cache domain; cores with equal numbers share it
};

struct CpuSpec {
  CoreId core{};
  std::uint32_t os_index = 0;  // the number the operating system gives it
};

inline constexpr Bytes smallest_cache{1LL << 10};  // below this a size is a slip of the unit
inline constexpr Bytes largest_cache{16LL << 30};  // 14x the largest L3 (EPYC 9684X, 1152 MiB)

/// Caches of one level that are alike: how many there are and how many cores share each.
struct CacheSpec {
  std::uint32_t level = 1;
  enum class Type { data, instruction, unified } type = Type::data;
  Bytes size;
  Bytes line{64};
  std::vector<CoreId> cores;  // the cores that share this one cache
};

struct NodeSpec {
  std::uint32_t os_index = 0;
  Bytes memory;  // 0: not known
};

/// One step of the clock with the number of active cores: up to `cores` active, `frequency`.
struct TurboStep {
  std::uint32_t cores = 0;
  Hertz frequency;
};

/// Speed of one CPU over time: from `from` on, `factor` times its nominal speed. 1 before the
/// first.
struct SpeedChange {
  sim::Instant from;
  double factor = 1.0;
};
using SpeedTimeline = std::vector<SpeedChange>;  // ordered by time, factors > 0

/// Short interruptions that take a CPU from whatever runs on it: interrupts and their softirqs.
/// They come at random, independently on each CPU.
struct InterruptionSpec {
  sim::Duration every{};  // mean time between two on a busy CPU; 0: none
  Distribution length{};
};

/// What the operating system charges on this machine. Zero switches an effect off.
/// Defaults: facts measured on a 2-CPU KVM guest (AMD EPYC, Linux 6.18), see docs/models/costs.md.
struct OsCosts {
  sim::Duration context_switch = std::chrono::nanoseconds{1500};
  sim::Duration wake_idle_cpu = std::chrono::microseconds{28};
  sim::Duration wake_idle_cpu_jitter = std::chrono::microseconds{10};  // uniform, added
  /// Instead of both where a timer or device wakes the thread, so that no other CPU must call; 0:
  /// the same as by a thread.
  sim::Duration wake_by_timer{};
  sim::Duration wake_syscall = std::chrono::nanoseconds{1200};  // futex or pipe call that wakes
  sim::Duration syscall = std::chrono::nanoseconds{150};
  sim::Duration migration = std::chrono::microseconds{2};
  sim::Duration tick_cost = std::chrono::nanoseconds{1000};
  sim::Duration thread_start = std::chrono::microseconds{31};
  sim::Duration thread_exit = std::chrono::microseconds{15};
  sim::Duration fork = std::chrono::microseconds{86};
  sim::Duration fork_per_mib = std::chrono::microseconds{28};
  sim::Duration process_exit = std::chrono::microseconds{184};  // and fork_per_mib
  sim::Duration pipe_message = std::chrono::nanoseconds{2500};
  sim::Duration pipe_copy_per_kib = std::chrono::nanoseconds{300};
  sim::Duration page_fault = std::chrono::nanoseconds{2060};  // per 4 KiB page, first touch
  /// In a virtual machine each of these three is an exit to the host. Next to nothing on a machine
  /// of one's own, so off unless it was measured: docs/models/idle-cpus.md. CPU time of who wakes a
  /// thread on another, idle CPU; of the thread that an idle CPU begins with; of a sleep whose
  /// timer comes before the next tick.
  sim::Duration idle_call{};
  sim::Duration idle_exit{};
  sim::Duration timer_set{};
  /// Refilling the caches after others ran for x on the CPU meanwhile: cold_refill * x / (x +
  /// cold_refill_half); all of it on another CPU. Depends on the threads' working set, so off by
  /// default. 512 KB walked between switches: 5us and 15us give the 2..5 us that were measured
  /// on the reference guest (docs/models/reference-guest.md); the form is a guess.
  sim::Duration cold_refill{};
  sim::Duration cold_refill_half = std::chrono::microseconds{15};
};

/// Code that did not run for x is gone from the caches by g = min(1, x / after): library code of a
/// runtime takes 1 + factor * g times as long as warm, `idle` more of it being gone where the CPU
/// was idle meanwhile, and a thread that was off its CPU for x pays `resume` * g for its way out of
/// the kernel. An interpreter that starts uses all of its own: in the middle of that it pays
/// `start` * (1 - exp(-x / start_after)) for each return. docs/models/cold-code.md. A property of
/// what else empties the caches, so off unless it was measured.
struct ColdCode {
  double factor = 0.0;
  sim::Duration resume{};
  sim::Duration after = std::chrono::milliseconds{4};
  double idle = 0.0;
  sim::Duration start{};
  /// Measured with 1, 3 and 7 others beside a spawned child: docs/models/cold-code.md.
  sim::Duration start_after = std::chrono::milliseconds{22};

  /// g, 0 to 1.
  [[nodiscard]] double gone(double away_ns, bool idled = false) const {
    return std::min(1.0, away_ns / sim::as_ns(after) + (idled ? idle : 0.0));
  }
};

struct MachineSpec {
  std::string name;
  std::string about;
  std::string source;  // where the numbers come from
  std::vector<CoreKindSpec> core_kinds;
  std::vector<CoreSpec> cores;
  std::vector<CpuSpec> cpus;
  std::vector<CacheSpec> caches;
  std::vector<NodeSpec> nodes;
  std::vector<double> node_distance;  // row-major nodes x nodes, local = smallest; may be empty
  std::uint32_t packages = 1;

  Hertz clock_base;
  std::vector<TurboStep> turbo;
  SpeedFactors speed;       // against the reference machine of the presets
  bool speed_known = true;  // false: nobody measured it; results that rely on it carry a warning
  double smt_gain = 1.25;   // two equal threads on one core do this times the work of one
  BytesPerSecond memory_bandwidth_node;      // 0: not known
  BytesPerSecond memory_bandwidth_one_core;  // 0: not known
  sim::Duration memory_local{};
  sim::Duration memory_remote{};
  MemorySystem memory_system;
  OsCosts costs;
  ColdCode cold_code;
  InterruptionSpec interruptions{};
  bool costs_known = false;  // false: defaults of another machine; results carry a warning

  std::vector<SpeedTimeline> speed_over_time;  // empty, or one a CPU (an empty one: always 1)
  std::vector<std::string> warnings;           // doubts found while reading or importing it
};

/// Numbers that people count.
struct MachineCounts {
  std::uint32_t packages = 0;
  std::uint32_t cores = 0;
  std::uint32_t cpus = 0;
  std::uint32_t numa_nodes = 0;
};
[[nodiscard]] MachineCounts counts(const MachineSpec& machine);

/// Of all nodes; 0: of one at least nobody said.
[[nodiscard]] Bytes memory_of(const MachineSpec& machine);

/// What the cores of two CPUs share at most.
[[nodiscard]] Relation relation_of(const MachineSpec& machine, CpuId a, CpuId b);

/// All costs zero: what `ideal-N` machines have.
[[nodiscard]] OsCosts free_of_cost();

}  // namespace timeslice::models
