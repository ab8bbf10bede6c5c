#include "validation/validate.hpp"

#include <algorithm>
#include <optional>
#include <utility>
#include <variant>

#include <fmt/format.h>

#include "scenarios/simulate.hpp"
#include "validation/calibrate/host_calibration.hpp"
#include "validation/judge.hpp"
#include "validation/native/cpp_threads_runner.hpp"
#include "validation/native/program.hpp"
#include "validation/native/python_runner.hpp"
#include "validation/native/script_folder.hpp"
#include "validation/native/shared_blocks.hpp"
#include "validation/native/support.hpp"
#include "validation/session.hpp"

namespace timeslice::validation {

namespace {

constexpr std::uint64_t most_points = 10'000;  // of a plan: each is run natively several times

bool in_cpp(const scenarios::Point& point) {
  return point.scenario.world.runtime.language == models::Language::none;
}

/// Anything that keeps a point from running here; the point is named by its parameters.
std::optional<sim::Error> obstacle(const scenarios::Point& point, const NativeBounds& bounds) {
  auto found = native_obstacle(point.scenario.world, bounds);
  if (!found) {
    const std::uint64_t seed = scenarios::run_seed(point.scenario, 0);
    const double seconds = totals(expand(point.scenario.world, seed)).all() / 1e9;
    if (seconds > bounds.nominal_seconds) {
      found = sim::Error{.where = "native run",
                         .what = fmt::format("{:.0f} s of work a run are too long", seconds),
                         .advice = fmt::format("stay below {:.0f} s", bounds.nominal_seconds)};
    }
  }
  if (found) {
    found->where = point.scenario.name;
    for (const scenarios::Param& param : point.params) {
      if (!param.value.empty()) {
        found->where += fmt::format(", {}={}", param.name, param.value);
      }
    }
  }
  return found;
}

/// Whether the point's machine file lacks costs that a few seconds of measuring would give.
bool lacks_costs(const scenarios::Point& point) {
  const models::WorldSpec& world = point.scenario.world;
  return !world.machine.costs_known || (!in_cpp(point) && !world.runtime.costs_known);
}

sim::Result<std::shared_ptr<const HostCalibration>> calibration_for(
    const std::vector<scenarios::Point>& points, const ValidateOptions& options) {
  const bool cpp = std::ranges::any_of(points, in_cpp);
  const bool python = !std::ranges::all_of(points, in_cpp);
  const bool costs = options.own_machine_file || std::ranges::any_of(points, lacks_costs);
  if (options.calibration) {
    const HostCalibration& old = *options.calibration;
    const bool same_python = old.python == options.python && old.python_kernel.known();
    const bool has_costs = !python || !costs || old.quick.resident_bytes > 0;
    if ((!python || same_python) && (!cpp || old.cpp_kernel.known()) && has_costs) {
      return options.calibration;
    }
  }
  CalibrationOptions wanted;
  wanted.python = python ? options.python : "";
  wanted.cpp = cpp;
  wanted.quick_costs = costs;
  wanted.newer_than_file = options.own_machine_file;
  wanted.give_up = options.give_up;
  auto made = calibrate_host(wanted);
  if (!made) {
    return made.error();
  }
  return std::shared_ptr<const HostCalibration>{
      std::make_shared<HostCalibration>(std::move(made).value())};
}

/// What this host can bear, or, for a replay, any host that made a record.
NativeBounds bounds_of(const ValidateOptions& options) {
  NativeBounds bounds;
  if (options.replay) {
    bounds.cpus = 65'536;
    bounds.shared_bytes = bounds.payload_bytes;
    bounds.free_threaded.reset();
    return bounds;
  }
  bounds.free_threaded = options.free_threaded;
  bounds.cpus = static_cast<std::uint32_t>(allowed_cpus().size());
  bounds.shared_bytes = shared_memory_free() / 2;
  return bounds;
}

/// The first thing that keeps one of them from running within `bounds`.
std::optional<sim::Error> first_obstacle(const std::vector<scenarios::Point>& points,
                                         const NativeBounds& bounds) {
  for (const scenarios::Point& point : points) {
    if (auto found = obstacle(point, bounds)) {
      return found;
    }
  }
  return std::nullopt;
}

}  // namespace

sim::Result<NativeSide> measure_natively(const std::vector<scenarios::Point>& points,
                                         const ValidateOptions& options) {
  if (const auto found = first_obstacle(points, bounds_of(options))) {
    return *found;
  }
  auto calibration = calibration_for(points, options);
  if (!calibration && options.give_up && options.give_up()) {
    NativeSide stopped;
    stopped.calibration = std::make_shared<HostCalibration>();
    stopped.references.resize(1);
    stopped.points.resize(points.size());
    stopped.interrupted = true;
    return stopped;
  }
  if (!calibration) {
    return calibration.error();
  }
  auto folder = ScriptFolder::create();
  if (!folder) {
    return folder.error();
  }
  const ChildLimits limits;
  const sim::Duration part = part_of(options);
  const HostCalibration& host = *calibration.value();
  PythonRunner python{calibration.value(),
                      std::move(folder).value(),
                      limits,
                      {.part = part, .latencies = options.latencies}};
  References::Measure measure_again;
  if (host.quick.resident_bytes > 0) {
    measure_again = [&] {
      auto costs = validation::measure_again(host, python.folder(), options.give_up);
      return costs ? std::optional{std::move(costs).value()} : std::nullopt;
    };
  }
  CppThreadsRunner cpp{calibration.value(), limits, part};
  const ChosenProvider recorder =
      options.timelines ? best_provider(calibration.value()->cpus) : ChosenProvider{};
  return run_session(points, options,
                     {.calibration = calibration.value(),
                      .python = &python,
                      .cpp = &cpp,
                      .recorder = recorder.provider.get(),
                      .why_no_better_recorder = recorder.why_not_better,
                      .measure_again = measure_again});
}

sim::Result<std::vector<scenarios::Point>> native_points(const scenarios::Plan& plan,
                                                         const ValidateOptions& options) {
  if (plan.size() > most_points) {
    return sim::Error{.where = plan.name(),
                      .what = fmt::format("{} points are too many to run natively", plan.size()),
                      .advice = "narrow the sweep with --set or --variant"};
  }
  std::vector<scenarios::Point> points;
  for (std::uint64_t i = 0; i < plan.size(); ++i) {
    auto point = plan.point(i);
    if (const auto* problems = std::get_if<scenarios::Diagnostics>(&point)) {
      return sim::Error{.where = plan.name(),
                        .what = scenarios::to_text(*problems),
                        .advice = "run `timeslice check` on the file"};
    }
    points.push_back(std::get<scenarios::Point>(std::move(point)));
  }
  if (const auto found = first_obstacle(points, bounds_of(options))) {
    return *found;
  }
  return points;
}

sim::Result<Validation> validate(const scenarios::Plan& plan, const ValidateOptions& options) {
  const auto points = native_points(plan, options);
  if (!points) {
    return points.error();
  }
  const auto side = measure_natively(points.value(), options);
  if (!side) {
    return side.error();
  }
  scenarios::SimulatedRunner simulated;
  return judge(points.value(), options, side.value(), simulated);
}

}  // namespace timeslice::validation
