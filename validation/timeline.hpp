// What each thread of a run did when, from its trace records, and what follows from that.
//
// Simulated and recorded runs write the same records (models/trace_kinds.hpp), so both are read by
// the same code and can be laid side by side. Cost: one pass over the records and one sort.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "models/work/timings.hpp"
#include "sim/time.hpp"
#include "sim/trace.hpp"

namespace timeslice::validation {

/// In a recorded run, the process of the pseudo threads that stand for all other programs on a CPU.
constexpr std::uint32_t foreign_process = 0xffffffffU;

enum class Doing : std::uint8_t { run, wait, sleep };  // wait: it could run, but has no CPU

struct Interval {
  std::uint32_t thread = 0;  // as in the records
  std::uint16_t cpu = 0;     // run: where; wait: in whose queue; sleep: none
  Doing doing = Doing::run;
  std::int64_t start_ns = 0;
  std::int64_t end_ns = 0;
};

/// One thread, or several condensed. run + wait + sleep is the time from start to end.
struct ThreadFacts {
  /// "main"; "thread N" of main's process, "process N", in the order of their creation, from 1;
  /// "process thread" for further threads of those; "other threads", "other processes" beyond 8;
  /// "other programs" for what a recording saw of them.
  std::string role;
  sim::Duration run{};
  sim::Duration wait{};
  sim::Duration sleep{};
  std::uint64_t voluntary = 0;    // switches: it blocked
  std::uint64_t involuntary = 0;  // it could have gone on
  std::uint64_t migrations = 0;
};

struct Timeline {
  sim::Duration span{};              // of the run; no interval leaves it
  std::vector<Interval> intervals;   // by start, then thread; none is empty
  std::vector<ThreadFacts> threads;  // by thread number
};

/// The timeline of the records of one run, cut off at `span`.
/// Requires: records in order of time.
[[nodiscard]] Timeline timeline_of(std::span<const sim::TraceRecord> records, sim::Duration span);

/// A few numbers of a distribution of durations; all 0 when there is none.
struct Lengths {
  std::uint64_t count = 0;
  double p5_ns = 0.0;
  double p50_ns = 0.0;
  double p95_ns = 0.0;
  double mean_ns = 0.0;
};

/// What two timelines are compared by. A number that the recorder could not see is missing.
struct TimelineFacts {
  sim::Duration span{};
  std::vector<ThreadFacts> roles;  // by role, main first; "other programs" is not among them
  /// How long threads stay on a CPU: from switched in until another thread of the program runs
  /// there, or it blocks or moves. Interruptions by other programs do not end a run.
  std::optional<Lengths> runs;
  std::optional<Lengths> waits;  // from woken (or created) to running
  std::optional<Lengths> gaps;   // off the CPU without having blocked: between two runs
  /// CPU time left idle while a thread of the program waited in another CPU's queue.
  std::optional<sim::Duration> idle_while_runnable;
  std::optional<sim::Duration> foreign_cpu;  // other programs on the CPUs of the run

  /// All roles together.
  [[nodiscard]] ThreadFacts total() const;
};

/// `cpus`: how many CPUs the program could use, numbered from 0.
/// `sees_all`: the timeline has every wake-up and all programs on those CPUs.
[[nodiscard]] TimelineFacts facts_of(const Timeline& timeline, std::uint32_t cpus, bool sees_all);

/// Threads of equal role in one entry each, in the order of TimelineFacts::roles.
[[nodiscard]] std::vector<ThreadFacts> by_role(std::span<const ThreadFacts> threads);

/// The timeline as slices for pictures and the database.
[[nodiscard]] std::vector<models::SliceTiming> slices_of(const Timeline& timeline);

/// The role of each thread, by thread number, from the records of their creation.
[[nodiscard]] std::vector<std::string> roles_of(std::span<const sim::TraceRecord> records);

}  // namespace timeslice::validation
