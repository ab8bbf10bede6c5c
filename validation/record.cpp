#include "validation/record.hpp"

#include <algorithm>
#include <cstdint>
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "scenarios/format/sha256.hpp"
#include "scenarios/simulate.hpp"
#include "sim/expect.hpp"
#include "validation/native/program.hpp"
#include "validation/native/python_runner.hpp"
#include "validation/record_values.hpp"

namespace timeslice::validation {

namespace {

using nlohmann::json;

constexpr const char* schema = "timeslice.native-record/1";
constexpr const char* session_file = "session.json";

/// Fingerprint of what is run natively: the harness's plan of the first repetition, and what that
/// leaves to others.
std::string work_of(const scenarios::Point& point) {
  const models::WorldSpec& world = point.scenario.world;
  const NativeProgram program = expand(world, scenarios::run_seed(point.scenario, 0));
  json plan = json::parse(harness_plan(world, program, HostCalibration{}));
  for (std::size_t i = 0; i < world.executors.size(); ++i) {
    plan["executors"][i]["kind"] = static_cast<int>(world.executors[i].kind);
    plan["executors"][i].erase("shared");  // names of blocks hold a process number
  }
  plan["cpus"] = world.machine.cpus.size();
  return scenarios::sha256_hex(plan.dump());
}

json params_of(const scenarios::Point& point) {
  json params = json::array();
  for (const scenarios::Param& param : point.params) {
    params.push_back({param.name, param.value});
  }
  return params;
}

std::string title_of(const scenarios::Point& point) {
  std::string title = point.scenario.name;
  for (const scenarios::Param& param : point.params) {
    title += param.value.empty() ? "" : fmt::format(", {}={}", param.name, param.value);
  }
  return title;
}

/// No name of a scenario becomes one of a file.
std::string file_name(std::size_t index) {
  return fmt::format("point-{:04}.json", index);
}

sim::Error broken(const std::string& file, const std::string& what) {
  return {.where = file,
          .what = "is no sound record: " + what,
          .advice = "record the runs again with `validate --record`"};
}

class RecordReader {
 public:
  RecordReader(const ValidateOptions& options, const ReadRecordFile& read)
      : options_{options}, read_{read} {}

  sim::Result<NativeSide> run(const std::vector<scenarios::Point>& points) {
    const auto text = read_(session_file);
    if (!text) {
      return text.error();
    }
    try {
      session_ = json::parse(text.value());
      read_session();
    } catch (const json::exception& problem) {
      return broken(session_file, problem.what());
    } catch (const BrokenRecord& problem) {
      return broken(session_file, problem.what());
    }
    for (const scenarios::Point& point : points) {
      if (auto problem = read_point(point)) {
        return *problem;
      }
    }
    return std::move(side_);
  }

 private:
  void read_session() {
    if (session_.at("schema").get<std::string>() != schema) {
      throw BrokenRecord{"it is of another version"};
    }
    HostCalibration calibration = calibration_from(session_.at("calibration"));
    for (const json& costs : session_.at("references")) {
      side_.references.push_back(quick_costs_from(costs));
      side_.references.back().newer_than_file = options_.own_machine_file;
    }
    if (side_.references.empty()) {
      throw BrokenRecord{"it has no costs of the host"};
    }
    calibration.quick = side_.references.front();
    side_.calibration = std::make_shared<const HostCalibration>(std::move(calibration));
    side_.wanted = static_cast<std::uint64_t>(whole(session_.at("wanted"), 1, 1'000'000));
    side_.interrupted = session_.at("interrupted").get<bool>();
    for (const json& entry : session_.at("points")) {  // all of them are sound, also unused ones
      for (const char* key : {"scenario", "file", "sha256", "work"}) {
        static_cast<void>(entry.at(key).get_ref<const std::string&>());
      }
      static_cast<void>(entry.at("params"));
    }
  }

  std::optional<sim::Error> read_point(const scenarios::Point& point) {
    const json* entry = find(point);
    if (entry == nullptr) {
      return sim::Error{.where = title_of(point),
                        .what = "is not in the record",
                        .advice = "replay the files that were recorded, with the same options"};
    }
    if (entry->at("work") != work_of(point)) {
      return sim::Error{.where = title_of(point),
                        .what =
                            "does other work now than what was run for the record (tasks, "
                            "draws, executors or the number of CPUs)",
                        .advice = "replay the scenario as it was, or record it again"};
    }
    const auto name = entry->at("file").get<std::string>();
    if (name != file_name(static_cast<std::size_t>(entry - &session_["points"].front()))) {
      return broken(session_file, "a point's file has another name");
    }
    const auto text = read_(name);
    if (!text) {
      return text.error();
    }
    if (scenarios::sha256_hex(text.value()) != entry->at("sha256").get<std::string>()) {
      return broken(name, "it was altered");
    }
    try {
      side_.points.push_back(trials_from(json::parse(text.value()), side_.references.size()));
    } catch (const json::exception& problem) {
      return broken(name, problem.what());
    } catch (const BrokenRecord& problem) {
      return broken(name, problem.what());
    }
    return wrong_draws(point);
  }

  [[nodiscard]] const json* find(const scenarios::Point& point) const {
    for (const json& entry : session_["points"]) {
      if (entry["scenario"] == point.scenario.name && entry["params"] == params_of(point)) {
        return &entry;
      }
    }
    return nullptr;
  }

  /// Each run had the draws that its prediction will have.
  [[nodiscard]] std::optional<sim::Error> wrong_draws(const scenarios::Point& point) const {
    const bool same = std::ranges::all_of(side_.points.back().accepted, [&](const auto& trial) {
      return trial.run.timings.seed == scenarios::run_seed(point.scenario, trial.repetition);
    });
    return same ? std::nullopt : std::optional{broken(title_of(point), "its runs had other draws")};
  }

 private:
  const ValidateOptions& options_;
  const ReadRecordFile& read_;
  json session_;
  NativeSide side_;
};

}  // namespace

std::vector<RecordFile> record_of(const std::vector<scenarios::Point>& points,
                                  const NativeSide& side) {
  sim::expect(points.size() == side.points.size(), "each point has its native runs");
  std::vector<RecordFile> files;
  json session{{"schema", schema},
               {"calibration", json_of(*side.calibration)},
               {"wanted", side.wanted},
               {"interrupted", side.interrupted}};
  session["references"] = json::array();
  for (const QuickCosts& costs : side.references) {
    session["references"].push_back(json_of(costs));
  }
  session["points"] = json::array();
  for (std::size_t i = 0; i < points.size(); ++i) {
    files.push_back({.name = file_name(i), .text = json_of(side.points[i]).dump()});
    session["points"].push_back({{"scenario", points[i].scenario.name},
                                 {"params", params_of(points[i])},
                                 {"work", work_of(points[i])},
                                 {"file", files.back().name},
                                 {"sha256", scenarios::sha256_hex(files.back().text)}});
  }
  files.push_back({.name = session_file, .text = session.dump(1) + "\n"});
  return files;
}

sim::Result<NativeSide> native_side_of(const std::vector<scenarios::Point>& points,
                                       const ValidateOptions& options, const ReadRecordFile& read) {
  return RecordReader{options, read}.run(points);
}

}  // namespace timeslice::validation
