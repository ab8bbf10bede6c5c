// Turns the state of a finished run into Timings: metrics, latencies, tasks, doubts.
#pragma once

#include <string>

#include "models/work/context.hpp"
#include "models/work/timings.hpp"
#include "models/world_accounts.hpp"
#include "sim/time.hpp"

namespace timeslice::models {

/// When main's first step began and when its last executor had been shut down.
struct MainSpan {
  sim::Instant begin;
  sim::Instant end;
  WorldAccounts accounts;  // from `begin` on
};

/// Threads, CPUs and cores beyond this number have no metrics of their own; totals count them all.
constexpr std::size_t max_entities = 64;

/// Adds all metrics and latencies. Background threads count in what is said of CPUs and cores, not
/// in the totals over threads.
void add_metrics(Context& world, const MainSpan& span, Timings& timings);

/// Adds one TaskTiming an item that was handed over and finished.
void add_tasks(Context& world, const MainSpan& span, Timings& timings);

/// Adds the doubts that follow from the spec alone.
void add_doubts(Context& world);

}  // namespace timeslice::models
