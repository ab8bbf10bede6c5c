#include "validation/native/recorder/measure_recorded.hpp"

#include <algorithm>
#include <utility>

namespace timeslice::validation {

namespace {

std::string text_of(const sim::Error& error) {
  return error.where + ": " + error.what + " (" + error.advice + ")";
}

/// Perf does not see wake-ups: what schedstat counted as waiting was taken for sleep.
void take_waits(const std::vector<ThreadFacts>& totals, TimelineFacts& facts) {
  for (const ThreadFacts& total : by_role(totals)) {
    const auto role = std::ranges::find(facts.roles, total.role, &ThreadFacts::role);
    if (role != facts.roles.end()) {
      const sim::Duration off = role->wait + role->sleep;
      role->wait = std::min(std::max(role->wait, total.wait), off);
      role->sleep = off - role->wait;
    }
  }
}

}  // namespace

TimelineFacts facts_of(const Recording& recording, RecorderTier tier, sim::Duration span,
                       std::uint32_t cpus) {
  if (tier == RecorderTier::totals) {
    TimelineFacts facts;
    facts.span = span;
    facts.roles = by_role(recording.totals);
    return facts;
  }
  TimelineFacts facts =
      facts_of(timeline_of(recording.records, span), cpus, tier == RecorderTier::tracefs);
  take_waits(recording.totals, facts);
  return facts;
}

RecordedNativeRun measure_recorded(const RecordedBench& bench, const scenarios::Scenario& scenario,
                                   std::uint64_t repetition, scenarios::RunOptions options) {
  RecordedNativeRun result;
  if (auto problem = bench.provider.begin()) {
    result.problem = text_of(*problem);
    result.run = bench.runner.measure(scenario, repetition, options);
    return result;
  }
  options.give_up = [&bench, asked = std::move(options.give_up)] {
    bench.provider.look();
    return asked && asked();
  };
  result.run = bench.runner.measure(scenario, repetition, options);
  const NativeRun& run = result.run;
  RecordedRun bounds{.root = run.root,
                     .start_ns = run.start_ns,
                     .end_ns = run.start_ns + run.timings.makespan.count(),
                     .cpus = bench.cpus};
  bounds.cpus.resize(std::min(bounds.cpus.size(), scenario.world.machine.cpus.size()));
  const auto recording = bench.provider.end(bounds);
  if (run.timings.status != models::RunStatus::ok) {
    result.problem = "the run failed";
  } else if (!recording) {
    result.problem = text_of(recording.error());
  } else {
    const auto cpus = static_cast<std::uint32_t>(bounds.cpus.size());
    result.facts = facts_of(recording.value(), bench.provider.tier(), run.timings.makespan, cpus);
    result.repaired = recording.value().repaired;
    if (options.keep_slices) {
      result.run.timings.slices =
          slices_of(timeline_of(recording.value().records, run.timings.makespan));
    }
  }
  return result;
}

}  // namespace timeslice::validation
