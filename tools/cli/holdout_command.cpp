#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <system_error>

#include <fmt/format.h>

#include "tools/cli/commands.hpp"
#include "tools/cli/text_file.hpp"
#include "tools/report/humanize.hpp"
#include "tools/report/text_table.hpp"
#include "validation/calibrate/host_calibration.hpp"
#include "validation/holdout/holdout.hpp"

namespace timeslice::tools {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t default_count = 60;

/// A folder that has other files would mix two sets: the first such file.
std::optional<std::string> stranger(const std::string& folder, const validation::Holdout& holdout) {
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator{folder, ignored}) {
    std::string name = entry.path().filename().string();
    const auto ours = std::ranges::find(holdout.scenarios, name, &validation::DrawnScenario::file);
    if (ours == holdout.scenarios.end()) {
      return name;
    }
  }
  return std::nullopt;
}

std::optional<sim::Error> write_all(const std::string& folder, const validation::Holdout& holdout) {
  std::error_code problem;
  fs::create_directories(folder, problem);
  if (problem) {
    return sim::Error{.where = folder,
                      .what = "cannot be made: " + problem.message(),
                      .advice = "name another folder with -o"};
  }
  for (const validation::DrawnScenario& drawn : holdout.scenarios) {
    if (auto failed = write_text_file((fs::path{folder} / drawn.file).string(), drawn.yaml)) {
      return failed;
    }
  }
  return std::nullopt;
}

std::string list_of(const validation::Holdout& holdout) {
  TextTable table{{{"file", Align::left}, {"class", Align::left}, {"drawn", Align::left}}};
  for (const validation::DrawnScenario& drawn : holdout.scenarios) {
    table.add_row({drawn.file, drawn.group, drawn.about});
  }
  return table.text(holdout.scenarios.size(), {}, {});
}

}  // namespace

ExitCode holdout_command(const Arguments& arguments, Console& console) {
  const auto seed = arguments.count("seed");
  if (!seed) {
    console.complain({.where = {},
                      .what = "`timeslice holdout` needs a seed",
                      .advice = "add --seed N; tools/dev/holdout.py draws a fresh one"});
    return ExitCode::usage;
  }
  const auto holdout = validation::draw_holdout(
      {.seed = *seed,
       .count = static_cast<std::uint32_t>(arguments.count("count").value_or(default_count)),
       .cpus = static_cast<std::uint32_t>(validation::allowed_cpus().size()),
       .pairs = arguments.has("pairs")});
  const std::string folder = arguments.text("output").value_or(fmt::format("holdout-{}", *seed));
  if (const auto name = stranger(folder, holdout)) {
    console.complain({.where = folder,
                      .what = fmt::format("has '{}', which is not of this set", safe_text(*name)),
                      .advice = "name a new folder with -o"});
    return ExitCode::usage;
  }
  if (const auto problem = write_all(folder, holdout)) {
    console.complain(*problem);
    return ExitCode::unexpected;
  }
  console.print(list_of(holdout));
  if (console.verbose()) {
    for (const std::string& reason : holdout.reasons) {
      console.note("drawn again: " + safe_text(reason));
    }
  }
  console.note(fmt::format("{} in {}; {} drawn again, invalid or of another class or length",
                           counted(holdout.scenarios.size(), "scenario", "scenarios"),
                           safe_text(folder), counted(holdout.drawn_again, "was", "were")));
  return ExitCode::done;
}

}  // namespace timeslice::tools
