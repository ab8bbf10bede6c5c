#include "tools/cli/validate_pythons.hpp"

#include <algorithm>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include <fmt/format.h>

#include "tools/cli/input.hpp"
#include "tools/cli/interrupt.hpp"
#include "tools/report/humanize.hpp"
#include "tools/report/validation_json.hpp"
#include "tools/report/validation_text.hpp"
#include "validation/native/interpreter.hpp"

namespace timeslice::tools {
namespace {

using validation::Interpreter;
using validation::PointValidation;
using validation::Validation;

/// How a point names an interpreter: its full version, and its path where two have the same.
std::string label_of(const Interpreter& one, const std::vector<Interpreter>& all) {
  const auto same = std::ranges::count(all, one.version, &Interpreter::version);
  return same > 1 ? fmt::format("{} {}", one.version, one.path) : one.version;
}

/// The results of several interpreters as one, points in their order.
class Side {
 public:
  void add(const Interpreter& interpreter, const std::string& label, Validation&& result) {
    for (PointValidation& point : result.points) {
      point.point.ordinal = all_.points.size();
      point.point.params.push_back({.name = "python", .value = label});
      all_.points.push_back(std::move(point));
    }
    for (const std::string& note : result.notes) {
      all_.notes.push_back(fmt::format("{}: {}", interpreter.version, note));
    }
    all_.warnings.insert(all_.warnings.end(), result.warnings.begin(), result.warnings.end());
    all_.interrupted = all_.interrupted || result.interrupted;
    all_.calibration = std::move(result.calibration);
  }

  Validation take() && {
    std::vector<validation::Comparison> makespans;
    std::map<std::string, std::vector<validation::Comparison>> by_group;
    for (const PointValidation& point : all_.points) {
      if (!point.comparisons.empty()) {
        makespans.push_back(point.comparisons.front());
        by_group[point.group].push_back(point.comparisons.front());
      }
    }
    all_.all = validation::summarise(makespans);
    for (const auto& [name, comparisons] : by_group) {
      all_.groups.push_back({.name = name, .summary = validation::summarise(comparisons)});
    }
    return std::move(all_);
  }

 private:
  Validation all_;
};

class Bench {
 public:
  Bench(const Arguments& arguments, Console& console) : arguments_{arguments}, console_{console} {}

  ExitCode run() {
    for (const std::string& path : arguments_.texts("python")) {
      auto interpreter = validation::ask_interpreter(path, interrupted);
      if (!interpreter) {
        console_.complain(interpreter.error());
        return interrupted() ? ExitCode::interrupted : ExitCode::cannot;
      }
      interpreters_.push_back(std::move(interpreter).value());
    }
    calibrations_.resize(interpreters_.size());
    ExitCode code = ExitCode::done;
    for (const std::string& file : arguments_.operands) {
      code = interrupted() ? ExitCode::interrupted : worse(code, one_file(file));
    }
    return code;
  }

 private:
  ExitCode one_file(const std::string& file) {
    Side side;
    std::optional<scenarios::Plan> first;
    for (std::size_t i = 0; i < interpreters_.size() && !interrupted(); ++i) {
      const auto loaded = load_plan(file, overrides_for(interpreters_[i]), console_);
      const auto* plan = std::get_if<scenarios::Plan>(&loaded);
      if (plan == nullptr) {
        return std::get<ExitCode>(loaded);
      }
      if (const auto failed = one_python(*plan, file, i, side)) {
        return *failed;
      }
      first = first ? first : *plan;
    }
    return first ? show(*first, std::move(side).take()) : ExitCode::interrupted;
  }

  [[nodiscard]] scenarios::Overrides overrides_for(const Interpreter& interpreter) const {
    scenarios::Overrides overrides = overrides_of(arguments_);
    overrides.repeat.reset();  // --repeat counts native runs here
    if (!overrides.machine) {
      overrides.machine = "host";
    }
    overrides.set.emplace_back("runtime.python", fmt::format("'{}'", interpreter.line));
    if (interpreter.free_threaded) {
      overrides.set.emplace_back("runtime.gil", "off");
    }
    return overrides;
  }

  /// Adds the points natively on interpreter `index`; a code when there is nothing to add.
  std::optional<ExitCode> one_python(const scenarios::Plan& plan, const std::string& file,
                                     std::size_t index, Side& side) {
    if (const auto failed = fails_in_simulation(plan, console_)) {
      return failed;
    }
    BatchWriter writer{arguments_, plan, file, console_};
    if (writer.failed()) {
      return writer.code();
    }
    const Interpreter& interpreter = interpreters_[index];
    validation::ValidateOptions options = options_of(arguments_);
    options.python = interpreter.path;
    options.free_threaded = interpreter.free_threaded;
    options.calibration = calibrations_[index];
    options.own_machine_file = calibrated_here(arguments_.text("machine").value_or("host"));
    auto result = validation::validate(plan, options);
    if (!result) {
      console_.complain(result.error());
      return ExitCode::cannot;
    }
    calibrations_[index] = result.value().calibration;
    store(result.value(), writer);
    side.add(interpreter, label_of(interpreter, interpreters_), std::move(result).value());
    return writer.failed() ? std::optional{writer.code()} : std::nullopt;
  }

  ExitCode show(const scenarios::Plan& plan, const Validation& result) {
    RunReport report = predicted_report(plan, result);
    report.axes.emplace_back("python");
    report.planned = result.points.size();
    if (arguments_.has("json")) {
      console_.print(validation_json(report, result));
    } else {
      console_.print(fmt::format("{}: predicted beside measured, on {}\n\n", plan.name(),
                                 counted(interpreters_.size(), "Python", "Pythons")));
      console_.print(
          validation_text(result, {.colour = console_.colour(), .details = console_.verbose()}));
    }
    console_.warn(validation_warnings(result));
    console_.note(
        "each scenario was predicted as the Python that ran it; durations that were "
        "measured on another one are scaled, on both sides alike");
    return verdict(result, console_);
  }

  const Arguments& arguments_;
  Console& console_;
  std::vector<Interpreter> interpreters_;
  std::vector<std::shared_ptr<const validation::HostCalibration>> calibrations_;
};

}  // namespace

ExitCode validate_with_each_python(const Arguments& arguments, Console& console) {
  return Bench{arguments, console}.run();
}

}  // namespace timeslice::tools
