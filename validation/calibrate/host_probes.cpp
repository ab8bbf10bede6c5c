#include "validation/calibrate/host_probes.hpp"

#include <algorithm>
#include <string>

#include "validation/calibrate/cpp_kernel.hpp"
#include "validation/native/child.hpp"

namespace timeslice::validation {

namespace {

using Part = std::function<void(ProbeGuard&)>;

struct NamedPart {
  std::string name;
  Part run;
};

std::vector<NamedPart> parts_on(const std::vector<std::int32_t>& cpus) {
  return {{"calls", probe_calls},
          {"starts", probe_starts},
          {"timers", probe_timers},
          {"paths", [cpus](ProbeGuard& guard) { probe_paths(cpus, guard); }},
          {"wake-ups", [cpus](ProbeGuard& guard) { probe_wakes(cpus, guard); }},
          {"neighbours", [cpus](ProbeGuard& guard) { probe_sharing(cpus, guard); }},
          {"memory", [cpus](ProbeGuard& guard) { probe_memory(cpus, guard); }}};
}

/// One part in a child of its own: what it does to its affinity and memory ends with it.
void run_part(const NamedPart& part, sim::Duration time, const std::function<bool()>& give_up,
              ProbeSamples& all) {
  ChildLimits limits;
  limits.wall = time * 2 + std::chrono::seconds{3};
  limits.give_up = give_up;
  const auto body = [&] {
    ProbeGuard guard{wall_ns() + time.count()};
    part.run(guard);
    return to_json(guard.samples());
  };
  const auto outcome = run_forked(body, limits);
  if (!outcome) {
    all.missing[part.name] = outcome.error().what;
    return;
  }
  const auto samples = outcome.value().succeeded()
                           ? probe_samples_from(outcome.value().out)
                           : sim::Result<ProbeSamples>{sim::Error{
                                 .where = {}, .what = describe(outcome.value()), .advice = {}}};
  if (samples) {
    all.add(samples.value());
  } else {
    all.missing[part.name] = samples.error().what;
  }
}

}  // namespace

ProbeSamples probe_host(const std::vector<std::int32_t>& cpus, sim::Duration time,
                        const std::function<bool()>& give_up) {
  const std::int64_t end = wall_ns() + time.count();
  const std::vector<NamedPart> parts = parts_on(cpus);
  ProbeSamples all;
  for (std::size_t i = 0; i < parts.size() && !(give_up && give_up()); ++i) {
    const std::int64_t left = std::max<std::int64_t>(0, end - wall_ns());
    run_part(parts[i], sim::Duration{left / static_cast<std::int64_t>(parts.size() - i)}, give_up,
             all);
  }
  return all;
}

}  // namespace timeslice::validation
