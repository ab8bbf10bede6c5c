#include "validation/calibrate/host_probes.hpp"

#include "validation/calibrate/cpp_kernel.hpp"
#include "validation/calibrate/probe_tools.hpp"
#include "validation/native/child.hpp"

namespace timeslice::validation {

namespace {

/// Each part may repeat disturbed rounds for a share of the time that is left.
ProbeSamples all_probes(const std::vector<std::int32_t>& cpus, sim::Duration time) {
  const std::int64_t end = wall_ns() + time.count();
  ProbeSamples all;
  int parts = 6;
  const auto run = [&](const auto& part) {
    ProbeGuard guard{wall_ns() + (end - wall_ns()) / parts--};
    part(guard);
    all.add(guard.samples());
  };
  run([](ProbeGuard& guard) { probe_calls(guard); });
  run([](ProbeGuard& guard) { probe_starts(guard); });
  run([](ProbeGuard& guard) { probe_timers(guard); });
  run([&](ProbeGuard& guard) { probe_wakes(cpus, guard); });
  run([&](ProbeGuard& guard) { probe_sharing(cpus, guard); });
  run([&](ProbeGuard& guard) { probe_memory(cpus, guard); });
  return all;
}

}  // namespace

sim::Result<ProbeSamples> probe_host(const std::vector<std::int32_t>& cpus, sim::Duration time,
                                     const std::function<bool()>& give_up) {
  ChildLimits limits;
  limits.wall = time * 2 + std::chrono::seconds{30};
  limits.give_up = give_up;
  const auto outcome = run_forked([&] { return to_json(all_probes(cpus, time)); }, limits);
  if (!outcome) {
    return outcome.error();
  }
  if (!outcome.value().succeeded()) {
    return sim::Error{.where = "calibration of this host",
                      .what = describe(outcome.value()),
                      .advice = "try again on a quieter machine"};
  }
  return probe_samples_from(outcome.value().out);
}

}  // namespace timeslice::validation
