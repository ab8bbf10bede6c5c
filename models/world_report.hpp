// Turns the state of a finished run into Timings: metrics, latencies, tasks, and who waits for
// what.
#pragma once

#include <string>

#include "models/work/context.hpp"
#include "models/work/timings.hpp"
#include "sim/time.hpp"

namespace timeslice::models {

/// When main's first step began and when its last executor had been shut down.
struct MainSpan {
  sim::Instant begin;
  sim::Instant end;
};

/// Threads, CPUs and cores beyond this number have no metrics of their own; totals count them all.
constexpr std::size_t max_entities = 64;

/// Adds all metrics and latencies. Background threads count in what is said of CPUs and cores, not
/// in the totals over threads.
void add_metrics(Context& world, const MainSpan& span, Timings& timings);

/// Adds one TaskTiming an item that was handed over and finished.
void add_tasks(Context& world, const MainSpan& span, Timings& timings);

/// Who waits for what, main first: why a run cannot go on.
[[nodiscard]] std::string describe_waits(Context& world);

/// Which threads of the program are ready but kept off all CPUs by background programs, main first,
/// and the way out. Empty: none, or no background program runs.
[[nodiscard]] std::string describe_starvation(Context& world);

/// Adds the doubts that follow from the spec alone.
void add_doubts(Context& world);

}  // namespace timeslice::models
