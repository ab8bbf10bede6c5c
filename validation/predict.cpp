#include "validation/predict.hpp"

#include <algorithm>
#include <cmath>
#include <utility>
#include <variant>

#include "validation/calibrate/quick.hpp"
#include "validation/native/support.hpp"

namespace timeslice::validation {

namespace {

using models::ExecutorKind;

/// Rewrites steps into what the runners really do.
class Rewriter {
 public:
  Rewriter(models::Language language, const HostCalibration& calibration, sim::Duration part)
      : part_ns_{static_cast<double>(part.count())},
        python_{language == models::Language::python},
        cost_ns_{static_cast<double>(
            (python_ ? calibration.harness_python : calibration.harness_cpp).count())} {}

  [[nodiscard]] models::Steps steps(const models::Steps& old) const {
    models::Steps fresh;
    for (const models::Step& step : old) {
      std::visit([&](const auto& what) { add(what, step.number, fresh); }, step.what);
    }
    return fresh;
  }

 private:
  void add(const models::PythonStep& step, std::uint32_t number, models::Steps& out) const {
    const double calls = std::ceil(models::mean_ns(step.duration) / part_ns_);
    charge_half(calls, number, out);
    models::PythonStep timed = step;
    timed.timed_part = part();
    out.push_back({.what = std::move(timed), .number = number});
    charge_half(calls, number, out);
  }
  void add(const models::NativeStep& step, std::uint32_t number, models::Steps& out) const {
    const double calls = python_ ? 1.0 : std::ceil(models::mean_ns(step.duration) / part_ns_);
    charge_half(calls, number, out);
    models::NativeStep timed = step;
    timed.timed_part = python_ ? whole : part();
    out.push_back({.what = std::move(timed), .number = number});
    charge_half(calls, number, out);
  }
  void add(const models::IoStep& step, std::uint32_t number, models::Steps& out) const {
    out.push_back({.what = models::SleepStep{step.duration}, .number = number});
  }
  void add(const models::WithStep& step, std::uint32_t number, models::Steps& out) const {
    out.push_back({.what = models::WithStep{step.lock, steps(step.body)}, .number = number});
  }
  void add(const models::RepeatStep& step, std::uint32_t number, models::Steps& out) const {
    out.push_back({.what = models::RepeatStep{step.times, steps(step.body)}, .number = number});
  }
  void add(const models::TimeoutStep& step, std::uint32_t number, models::Steps& out) const {
    out.push_back({.what = models::TimeoutStep{step.after, steps(step.body)}, .number = number});
  }
  void add(const models::ChooseStep& step, std::uint32_t number, models::Steps& out) const {
    models::ChooseStep fresh;
    for (const models::Choice& choice : step.choices) {
      fresh.choices.push_back({.probability = choice.probability, .body = steps(choice.body)});
    }
    out.push_back({.what = std::move(fresh), .number = number});
  }
  template <typename Other>
  void add(const Other& step, std::uint32_t number, models::Steps& out) const {
    out.push_back({.what = step, .number = number});
  }

  /// The bookkeeping before `calls` kernel calls, or behind them: whoever loses the CPU by reading
  /// its clock still has its notes to take, with the GIL. A constant: it has no draw, so it may
  /// carry the number of the step that it belongs to.
  void charge_half(double calls, std::uint32_t number, models::Steps& out) const {
    const double total = cost_ns_ * std::max(calls, 1.0) / 2.0;
    if (total <= 0.0) {
      return;
    }
    const models::Distribution cost =
        models::constant(sim::Duration{static_cast<std::int64_t>(total)});
    if (python_) {
      out.push_back(
          {.what = models::PythonStep{.duration = cost, .surrounds = true}, .number = number});
    } else {
      out.push_back(
          {.what = models::NativeStep{.duration = cost, .holds_gil = false}, .number = number});
    }
  }

  [[nodiscard]] sim::Duration part() const {
    return sim::Duration{static_cast<std::int64_t>(part_ns_)};
  }

  /// A call into C cannot be cut.
  static constexpr sim::Duration whole = std::chrono::hours{1};

  double part_ns_;
  bool python_;
  double cost_ns_;  // of one kernel call, outside of its own clock readings
};

/// What kinds of work a scenario's tasks have.
struct Ingredients {
  bool python = false;
  bool native = false;
};

void look(const models::Steps& steps, Ingredients& found) {
  for (const models::Step& step : steps) {
    if (std::holds_alternative<models::PythonStep>(step.what)) {
      found.python = true;
    } else if (const auto* native = std::get_if<models::NativeStep>(&step.what)) {
      (native->holds_gil ? found.python : found.native) = true;
    } else if (const models::Steps* body = models::body_of(step)) {
      look(*body, found);
    } else if (const auto* choose = std::get_if<models::ChooseStep>(&step.what)) {
      for (const models::Choice& choice : choose->choices) {
        look(choice.body, found);
      }
    }
  }
}

std::string group_of_processes(const models::WorldSpec& world,
                               const models::ExecutorSpec& executor) {
  constexpr std::int64_t large = 30'000;  // bytes; from there on copies decide, not messages
  const models::PayloadSpec& payload = executor.payload;
  if (std::max(payload.argument.count, payload.result.count) >= large) {
    return "payload";
  }
  if (executor.kind == ExecutorKind::process_per_task) {
    return "process-per-task";
  }
  if (executor.kind == ExecutorKind::process_executor) {
    return "process-executor";
  }
  return start_method(world.runtime, executor) == "fork" ? "pool-fork" : "pool-spawn";
}

}  // namespace

scenarios::Scenario as_measured(const scenarios::Scenario& scenario,
                                const HostCalibration& calibration, const QuickCosts& quick,
                                sim::Duration part) {
  scenarios::Scenario fresh = scenario;
  models::WorldSpec& world = fresh.world;
  world.machine.speed = models::SpeedFactors{};
  world.machine.speed_known = true;
  world.runtime.factor = models::SpeedFactors{};
  world.runtime.factor_known = true;
  if (calibration.resident.count > 0) {
    world.runtime.memory = calibration.resident;
  }
  apply_quick_costs(quick, world);
  const Rewriter rewriter{world.runtime.language, calibration, part};
  for (models::TaskSpec& task : world.tasks) {
    task.steps = rewriter.steps(task.steps);
  }
  world.main = rewriter.steps(world.main);
  return fresh;
}

std::string group_of(const models::WorldSpec& world) {
  bool threads = false;
  for (const models::ExecutorSpec& executor : world.executors) {
    switch (executor.kind) {
      case ExecutorKind::cpp_threads:
      case ExecutorKind::cpp_async:
        return "c++";
      case ExecutorKind::processes:
      case ExecutorKind::process_per_task:
      case ExecutorKind::process_executor:
        return group_of_processes(world, executor);
      case ExecutorKind::interpreters:
        return "interpreters";
      case ExecutorKind::threads:
      case ExecutorKind::thread_per_task:
        threads = true;
        break;
      case ExecutorKind::asyncio:
        return "asyncio";
      case ExecutorKind::serial:
        break;
    }
  }
  if (!threads) {
    return "serial";
  }
  Ingredients found;
  for (const models::TaskSpec& task : world.tasks) {
    look(task.steps, found);
  }
  return !found.native ? "gil-threads" : found.python ? "mixed-threads" : "native-threads";
}

}  // namespace timeslice::validation
