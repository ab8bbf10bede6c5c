#include <algorithm>
#include <filesystem>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <system_error>
#include <utility>
#include <variant>
#include <vector>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "tools/cli/batch_writer.hpp"
#include "tools/cli/commands.hpp"
#include "tools/report/humanize.hpp"
#include "tools/report/text_table.hpp"
#include "tools/store/sweep_status.hpp"

namespace timeslice::tools {
namespace {

constexpr std::size_t batch_rows_max = 200;

/// Batches of the same sweep in all files: its parts, or the whole.
struct SweepStatus {
  std::vector<BatchStatus> batches;

  [[nodiscard]] std::uint64_t points() const { return batches.front().all_points; }
  [[nodiscard]] bool in_parts() const {
    return std::ranges::all_of(batches,
                               [](const BatchStatus& batch) { return batch.shard.has_value(); });
  }
  /// Of parts the sum; else what the most advanced file has.
  [[nodiscard]] std::uint64_t total(std::uint64_t BatchStatus::* number) const {
    std::uint64_t sum = 0;
    std::map<std::uint64_t, std::uint64_t> best;  // a part may stand in several files
    for (const BatchStatus& batch : batches) {
      std::uint64_t& most = best[in_parts() ? batch.shard->index : 0];
      most = std::max(most, batch.*number);
    }
    for (const auto& [part, most] : best) {
      sum += most;
    }
    return sum;
  }
  [[nodiscard]] bool running() const { return std::ranges::any_of(batches, &BatchStatus::running); }
  /// Parts of which no file is here.
  [[nodiscard]] std::vector<std::uint64_t> missing() const;
};

std::vector<std::uint64_t> SweepStatus::missing() const {
  std::vector<std::uint64_t> absent;
  if (!in_parts()) {
    return absent;
  }
  std::set<std::uint64_t> present;
  for (const BatchStatus& batch : batches) {
    present.insert(batch.shard->index);
  }
  for (std::uint64_t part = 0; part < batches.front().shard->count; ++part) {
    if (!present.contains(part)) {
      absent.push_back(part);
    }
  }
  return absent;
}

// A folder stands for the databases in it.
std::vector<std::string> files_of(const std::vector<std::string>& operands) {
  namespace fs = std::filesystem;
  std::vector<std::string> files;
  for (const std::string& operand : operands) {
    std::error_code problem;
    if (!fs::is_directory(operand, problem)) {
      files.push_back(operand);
      continue;
    }
    std::vector<std::string> found;
    for (const fs::directory_entry& entry : fs::directory_iterator{operand, problem}) {
      if (entry.path().extension() == ".db" && entry.is_regular_file(problem)) {
        found.push_back(entry.path().string());
      }
    }
    std::ranges::sort(found);
    files.insert(files.end(), found.begin(), found.end());
  }
  return files;
}

std::string_view state_of(const BatchStatus& batch) {
  if (batch.running) {
    return "running";
  }
  if (batch.done < batch.planned()) {
    return "interrupted";
  }
  return batch.failed > 0 ? "failed points" : "complete";
}

std::string text_of(const SweepStatus& sweep) {
  const std::uint64_t done = sweep.total(&BatchStatus::done);
  const std::uint64_t failed = sweep.total(&BatchStatus::failed);
  std::string text = fmt::format("{}: {} of {} done", safe_text(sweep.batches.front().scenario),
                                 human_count(static_cast<double>(done)),
                                 counted(sweep.points(), "point", "points"));
  if (failed > 0) {
    text += fmt::format(", {} of them with a run that failed", failed);
  }
  TextTable table{{{"part"},
                   {"file", Align::left},
                   {"points"},
                   {"planned"},
                   {"failed"},
                   {"runs"},
                   {"state", Align::left}}};
  for (const BatchStatus& batch : sweep.batches) {
    table.add_row({batch.shard ? to_text(*batch.shard) : "all", safe_text(batch.file),
                   std::to_string(batch.done), std::to_string(batch.planned()),
                   std::to_string(batch.failed), std::to_string(batch.runs),
                   std::string{state_of(batch)}});
  }
  text += '\n' + table.text(batch_rows_max);
  const auto missing = sweep.missing();
  if (!missing.empty()) {
    constexpr std::size_t shown = 20;
    std::string parts;
    for (std::size_t at = 0; at < std::min(shown, missing.size()); ++at) {
      parts += fmt::format("{}{}", at == 0 ? "" : ", ", missing[at]);
    }
    text += fmt::format("  no file of {}: {}{}\n", counted(missing.size(), "part", "parts"), parts,
                        missing.size() > shown ? ", ..." : "");
  }
  return text;
}

nlohmann::ordered_json json_of(const SweepStatus& sweep) {
  nlohmann::ordered_json parts = nlohmann::ordered_json::array();
  for (const BatchStatus& batch : sweep.batches) {
    nlohmann::ordered_json part{{"file", batch.file}};
    part["shard"] = batch.shard ? nlohmann::ordered_json(to_text(*batch.shard)) : nullptr;
    part["points"] = batch.done;
    part["planned"] = batch.planned();
    part["failed"] = batch.failed;
    part["runs"] = batch.runs;
    part["state"] = state_of(batch);
    parts.push_back(std::move(part));
  }
  return {{"scenario", sweep.batches.front().scenario},
          {"sweep", sweep.batches.front().sweep},
          {"points", sweep.points()},
          {"done", sweep.total(&BatchStatus::done)},
          {"failed", sweep.total(&BatchStatus::failed)},
          {"missing_parts", sweep.missing()},
          {"parts", std::move(parts)}};
}

ExitCode code_of(const SweepStatus& sweep) {
  if (sweep.running()) {
    return ExitCode::busy;
  }
  if (sweep.total(&BatchStatus::done) < sweep.points()) {
    return ExitCode::interrupted;
  }
  return sweep.total(&BatchStatus::failed) > 0 ? ExitCode::program_failed : ExitCode::done;
}

}  // namespace

ExitCode status_command(const Arguments& arguments, Console& console) {
  const auto files = files_of(arguments.operands);
  if (files.empty()) {
    console.complain({.where = arguments.operands.front(),
                      .what = "there is no .db file in it",
                      .advice = "name databases, or the folder that holds them"});
    return ExitCode::invalid_input;
  }
  ExitCode code = ExitCode::done;
  std::map<std::pair<std::string, std::string>, SweepStatus> sweeps;
  for (const std::string& file : files) {
    auto status = batch_status(file);
    if (const auto* problem = std::get_if<StoreError>(&status)) {
      code = worse(code, report_store_error(*problem, console));
      continue;
    }
    for (BatchStatus& batch : std::get<std::vector<BatchStatus>>(status)) {
      sweeps[{batch.scenario, batch.sweep}].batches.push_back(std::move(batch));
    }
  }
  nlohmann::ordered_json json = nlohmann::ordered_json::array();
  for (auto& [name, sweep] : sweeps) {
    std::ranges::sort(sweep.batches, {}, [](const BatchStatus& batch) {
      return std::pair{batch.shard ? batch.shard->index + 1 : 0, batch.file};
    });
    code = worse(code, code_of(sweep));
    if (arguments.has("json")) {
      json.push_back(json_of(sweep));
    } else {
      console.print(text_of(sweep));
    }
  }
  if (arguments.has("json")) {
    console.print(
        nlohmann::ordered_json{{"schema", "timeslice.status/1"}, {"sweeps", json}}.dump(2) + '\n');
  }
  return code;
}

}  // namespace timeslice::tools
