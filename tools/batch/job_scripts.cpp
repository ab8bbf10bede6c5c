#include "tools/batch/job_scripts.hpp"

#include <cctype>
#include <string_view>

#include <fmt/format.h>

namespace timeslice::tools {
namespace {

constexpr std::size_t job_name_max = 60;

// What Slurm takes as a job's name without quoting.
std::string job_name(const std::string& name) {
  std::string safe = name.substr(0, job_name_max);
  for (char& c : safe) {
    const auto byte = static_cast<unsigned char>(c);
    c = std::isalnum(byte) != 0 || c == '-' || c == '_' ? c : '-';
  }
  return safe.empty() ? "sweep" : safe;
}

// `run` of the part in the shell variable `part`.
std::string run_words(const JobPlan& plan, std::string_view jobs) {
  std::string words = fmt::format("{} run --quiet --jobs {}", shell_quoted(plan.program), jobs);
  for (const std::string& option : plan.options) {
    words += ' ' + shell_quoted(option);
  }
  return words + fmt::format(" --shard \"$part/{}\" --db {}\"/shard-$part.db\" -- {}", plan.shards,
                             shell_quoted(plan.folder), shell_quoted(plan.scenario_file));
}

}  // namespace

std::string shell_quoted(const std::string& word) {
  std::string quoted = "'";
  for (const char c : word) {
    quoted += c == '\'' ? std::string{"'\\''"} : std::string{c};
  }
  return quoted + "'";
}

std::string array_script(const JobPlan& plan) {
  return fmt::format(
      R"(#!/bin/sh
#SBATCH --job-name={0}
#SBATCH --array=0-{1}
#SBATCH --cpus-per-task=1
#SBATCH --requeue
#SBATCH --open-mode=append
#SBATCH --output=part-%a.log
# One part of the sweep. Put back at most three times; its database says what is done already.
part=${{SLURM_ARRAY_TASK_ID:?submit this with sbatch}}
{2} >/dev/null
code=$?
# 0: done; 2, 3: wrong input; 4: done, some points failed; 5: a claim is false: final, all of them.
case $code in 0 | 4 | 5) exit 0 ;; 2 | 3) exit "$code" ;; esac
[ "${{SLURM_RESTART_COUNT:-0}}" -ge 3 ] ||
  scontrol requeue "${{SLURM_ARRAY_JOB_ID}}_${{SLURM_ARRAY_TASK_ID}}"
exit "$code"
)",
      job_name(plan.name), plan.shards - 1, run_words(plan, "\"${SLURM_CPUS_PER_TASK:-1}\""));
}

std::string merge_script(const JobPlan& plan) {
  const std::string folder = shell_quoted(plan.folder);
  const std::string program = shell_quoted(plan.program);
  return fmt::format(
      R"(#!/bin/sh
#SBATCH --job-name={0}-merge
#SBATCH --open-mode=append
#SBATCH --output=merge.log
# Joins what the parts have done so far; may be run again at any time.
{2} merge {1}/sweep.db {1}/shard-*.db && {2} status {1}/sweep.db
)",
      job_name(plan.name), folder, program);
}

std::string parallel_script(const JobPlan& plan) {
  const std::string folder = shell_quoted(plan.folder);
  return fmt::format(
      R"(#!/bin/sh
# The sweep without a cluster: GNU parallel on all CPUs; a part that died is tried again.
# On several machines that share this folder: add --sshloginfile HOSTS to `parallel`.
seq 0 {1} | parallel --retries 3 --joblog {0}/parallel.log \
  sh -c {2} part
{3} merge {0}/sweep.db {0}/shard-*.db && {3} status {0}/sweep.db
)",
      folder, plan.shards - 1,
      shell_quoted(shell_quoted("part=$1; " + run_words(plan, "1") + " >/dev/null; code=$?; " +
                                "case $code in 4|5) exit 0 ;; *) exit $code ;; esac")),
      shell_quoted(plan.program));
}

}  // namespace timeslice::tools
