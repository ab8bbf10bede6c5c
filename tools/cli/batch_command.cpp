#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <variant>
#include <vector>

#include <fmt/format.h>
#include <unistd.h>

#include "tools/batch/job_scripts.hpp"
#include "tools/cli/commands.hpp"
#include "tools/cli/input.hpp"
#include "tools/cli/text_file.hpp"
#include "tools/report/humanize.hpp"
#include "tools/report/text_table.hpp"
#include "validation/native/child.hpp"

namespace timeslice::tools {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t points_a_shard = 100;
constexpr std::uint64_t default_shards_max = 1000;
constexpr std::array passed_on{"machine", "seed", "repeat", "set", "variant", "keep"};

ExitCode refused(std::string where, std::string what, std::string advice, Console& console) {
  console.complain({std::move(where), std::move(what), std::move(advice)});
  return ExitCode::usage;
}

std::string this_program() {
  std::error_code ignored;
  return fs::read_symlink("/proc/self/exe", ignored).string();
}

std::vector<std::string> options_of_run(const Arguments& arguments) {
  std::vector<std::string> options;
  for (const std::string name : passed_on) {
    for (const std::string& value : arguments.texts(name)) {
      options.push_back(fmt::format("--{}={}", name, value));
    }
  }
  return options;
}

std::uint64_t default_shards(std::uint64_t points) {
  return std::clamp<std::uint64_t>((points + points_a_shard - 1) / points_a_shard, 1,
                                   default_shards_max);
}

std::optional<sim::Error> write_scripts(const JobPlan& plan) {
  const std::array<std::pair<const char*, std::string>, 3> scripts{
      {{"sweep.sbatch", array_script(plan)},
       {"merge.sbatch", merge_script(plan)},
       {"parallel.sh", parallel_script(plan)}}};
  for (const auto& [name, text] : scripts) {
    const std::string path = plan.folder + '/' + name;
    if (auto problem = write_text_file(path, text)) {
      return problem;
    }
    std::error_code ignored;
    fs::permissions(path, fs::perms::owner_exec | fs::perms::group_exec | fs::perms::others_exec,
                    fs::perm_options::add, ignored);
  }
  return std::nullopt;
}

ExitCode plan_batch(const Arguments& arguments, Console& console) {
  const std::string& file = arguments.operands[1];
  const auto output = arguments.text("output");
  if (!output || *output == "-") {
    return refused({}, "`batch plan` needs a folder for its scripts", "add -o DIR", console);
  }
  if (file == "-") {
    return refused(file, "the parts of a sweep need a file that all of them can read",
                   "write the scenario to a file", console);
  }
  const auto loaded = load_plan(file, overrides_of(arguments), console);
  const auto* plan = std::get_if<scenarios::Plan>(&loaded);
  if (plan == nullptr) {
    return std::get<ExitCode>(loaded);
  }
  std::error_code problem;
  fs::create_directories(*output, problem);
  if (problem) {
    console.complain({*output, "cannot be made: " + problem.message(), "name another folder"});
    return ExitCode::unexpected;
  }
  const JobPlan jobs{
      .program = this_program(),
      .scenario_file = fs::canonical(file, problem).string(),
      .folder = fs::canonical(*output, problem).string(),
      .name = plan->name(),
      .options = options_of_run(arguments),
      .shards = std::min(arguments.count("shards").value_or(default_shards(plan->size())),
                         std::max<std::uint64_t>(plan->size(), 1))};
  if (const auto failed = write_scripts(jobs)) {
    console.complain(*failed);
    return ExitCode::unexpected;
  }
  const std::string folder = safe_text(*output);
  console.print(
      fmt::format("{} in {} are planned in {}\n\n"
                  "  on a Slurm cluster   timeslice batch submit {}\n"
                  "  on this machine      {}/parallel.sh        (GNU parallel)\n"
                  "  how far it is        timeslice status {}\n"
                  "  join what is done    timeslice merge {}/sweep.db {}/shard-*.db\n",
                  counted(plan->size(), "point", "points"), counted(jobs.shards, "part", "parts"),
                  folder, folder, folder, folder, folder, folder));
  return ExitCode::done;
}

std::string found_in_path(const std::string& name) {
  const char* path = std::getenv("PATH");  // NOLINT(concurrency-mt-unsafe)
  std::string_view rest = path == nullptr ? "/usr/bin:/bin" : path;
  while (!rest.empty()) {
    const std::size_t colon = rest.find(':');
    const std::string candidate = std::string{rest.substr(0, colon)} + '/' + name;
    if (access(candidate.c_str(), X_OK) == 0) {
      return candidate;
    }
    rest = colon == std::string_view::npos ? std::string_view{} : rest.substr(colon + 1);
  }
  return {};
}

// Slurm's own settings reach it; nothing else of the environment does.
std::vector<std::string> slurm_words(const std::string& sbatch, const std::string& folder) {
  std::vector<std::string> words{"/usr/bin/env", "PATH=/usr/local/bin:/usr/bin:/bin"};
  for (const char* name : {"SLURM_CONF", "HOME", "USER"}) {
    const char* value = std::getenv(name);  // NOLINT(concurrency-mt-unsafe)
    if (value != nullptr) {
      words.push_back(fmt::format("{}={}", name, value));
    }
  }
  words.insert(words.end(), {sbatch, "--parsable", "--chdir=" + folder});
  return words;
}

// The job's number, from "123" or "123;cluster".
sim::Result<std::string> submitted(const std::vector<std::string>& words) {
  const auto outcome =
      validation::run_program(words, {.wall = std::chrono::seconds{60}, .give_up = {}});
  if (!outcome) {
    return outcome.error();
  }
  if (!outcome.value().succeeded()) {
    return sim::Error{.where = "sbatch",
                      .what = "did not take the job: " + validation::describe(outcome.value()),
                      .advice = "look at `sinfo` and `squeue`, and at the scripts of the plan"};
  }
  const std::string& out = outcome.value().out;
  return out.substr(0, out.find_first_not_of("0123456789"));
}

ExitCode submit_batch(const Arguments& arguments, Console& console) {
  std::error_code problem;
  const std::string folder = fs::canonical(arguments.operands[1], problem).string();
  if (problem || !fs::exists(folder + "/sweep.sbatch", problem)) {
    console.complain({arguments.operands[1], "holds no plan",
                      "make one first: timeslice batch plan FILE -o DIR"});
    return ExitCode::invalid_input;
  }
  const std::string sbatch = found_in_path("sbatch");
  if (sbatch.empty()) {
    console.complain({"sbatch", "is not on this machine",
                      "submit where Slurm is, or run " + arguments.operands[1] + "/parallel.sh"});
    return ExitCode::cannot;
  }
  std::vector<std::string> words = slurm_words(sbatch, folder);
  words.push_back(folder + "/sweep.sbatch");
  const auto array = submitted(words);
  if (!array) {
    console.complain(array.error());
    return ExitCode::cannot;
  }
  words.back() = "--dependency=afterany:" + array.value();
  words.push_back(folder + "/merge.sbatch");
  const auto merging = submitted(words);
  if (!merging) {
    console.complain(merging.error());
    return ExitCode::cannot;
  }
  console.print(fmt::format("job array {} is submitted, and job {} that joins its parts\n",
                            array.value(), merging.value()));
  return ExitCode::done;
}

}  // namespace

ExitCode batch_command(const Arguments& arguments, Console& console) {
  const std::string& action = arguments.operands.front();
  if (action == "plan") {
    return plan_batch(arguments, console);
  }
  if (action == "submit") {
    return submit_batch(arguments, console);
  }
  return refused({}, fmt::format("there is no `batch {}`", safe_text(action)),
                 "use `batch plan FILE -o DIR` or `batch submit DIR`", console);
}

}  // namespace timeslice::tools
