#include <filesystem>
#include <string>
#include <system_error>
#include <vector>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "tools/cli/commands.hpp"
#include "tools/report/text_table.hpp"
#include "validation/doctor.hpp"

namespace timeslice::tools {
namespace {

using validation::Check;

std::string as_json(const std::vector<Check>& checks) {
  nlohmann::ordered_json out{{"schema", "timeslice.doctor/1"},
                             {"possible", validation::runs_are_possible(checks)},
                             {"checks", nlohmann::ordered_json::array()}};
  for (const Check& check : checks) {
    out["checks"].push_back({{"name", check.name},
                             {"verdict", validation::word_of(check.verdict)},
                             {"value", check.value},
                             {"mend", check.mend},
                             {"prevents", check.prevents}});
  }
  return out.dump(1, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
}

std::string as_text(const std::vector<Check>& checks) {
  std::string out;
  for (const Check& check : checks) {
    out += fmt::format("{:<6} {:<22} {}\n", validation::word_of(check.verdict), check.name,
                       safe_text(check.value));
    if (!check.mend.empty()) {
      out += fmt::format("{:<29} -> {}\n", "", safe_text(check.mend));
    }
  }
  return out;
}

}  // namespace

ExitCode doctor_command(const Arguments& arguments, Console& console) {
  validation::DoctorOptions options;
  options.pythons = arguments.texts("python");
  if (options.pythons.empty()) {
    options.pythons = {"/usr/bin/python3"};
  }
  options.ask = validation::ask_python;
  std::error_code problem;
  const auto folder = std::filesystem::temp_directory_path(problem);
  if (!problem) {
    options.temporary = folder.string();
  }
  const std::vector<Check> checks = validation::examine(options);
  console.print(arguments.has("json") ? as_json(checks) : as_text(checks));
  if (validation::runs_are_possible(checks)) {
    return ExitCode::done;
  }
  console.complain({.where = {},
                    .what = "native runs are not possible here",
                    .advice = "mend what is marked bad"});
  return ExitCode::cannot;
}

}  // namespace timeslice::tools
