#include "models/world_report_gil.hpp"

#include <algorithm>

namespace timeslice::models {

namespace {

bool shares_objects(const Steps& steps) {
  return std::ranges::any_of(steps, [](const Step& step) {
    if (const auto* python = std::get_if<PythonStep>(&step.what)) {
      return python->shared > 0.0;
    }
    if (const Steps* body = body_of(step)) {
      return shares_objects(*body);
    }
    const auto* choose = std::get_if<ChooseStep>(&step.what);
    return choose != nullptr && std::ranges::any_of(choose->choices, [](const Choice& choice) {
             return shares_objects(choice.body);
           });
  });
}

}  // namespace

void add_pauses(const Context& world, const WorldAccounts& accounts, Timings& timings) {
  if (!world.python() || world.spec.runtime.gil.enabled) {
    return;
  }
  const FreeThreads::Pauses sum = accounts.pauses(world);
  timings.metrics.push_back({.name = "gc_pauses",
                             .entity = "",
                             .unit = "count",
                             .value = static_cast<double>(sum.count)});
  timings.metrics.push_back({.name = "gc_paused",
                             .entity = "",
                             .unit = "ns",
                             .value = static_cast<double>(sum.stopped.count())});
}

void add_gil_doubts(Context& world, const std::string& python) {
  const RuntimeSpec& runtime = world.spec.runtime;
  if (!is_free_threaded(runtime)) {
    return;
  }
  if (runtime.version < PythonVersion{.major = 3, .minor = 13}) {
    world.warn(python +
               " cannot run without a GIL: this is a what-if, in which leaving it out costs "
               "nothing");
    return;
  }
  if (runtime.gil.enabled) {
    world.warn("the free-threaded build was never validated: treat its results as a guess");
    return;
  }
  const bool shares = shares_objects(world.spec.main) ||
                      std::ranges::any_of(world.spec.tasks, [](const TaskSpec& task) {
                        return shares_objects(task.steps);
                      });
  world.warn(std::string{"free threading was never validated: treat results without a GIL as a "
                         "guess"} +
             (shares ? ""
                     : "; no python step says how much of it is `shared`, so threads are taken "
                       "not to disturb each other"));
}

}  // namespace timeslice::models
