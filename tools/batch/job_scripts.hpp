// The shell scripts that run a sweep in parts: a Slurm job array, its merge job, GNU parallel.
//
// Every word that comes from outside is quoted for the shell. A part that died is put back at most
// three times; what a part has done is in its file, so nothing runs twice.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace timeslice::tools {

struct JobPlan {
  std::string program;               // absolute path of timeslice
  std::string scenario_file;         // absolute
  std::string folder;                // absolute: where scripts, databases and logs are
  std::string name;                  // of the scenario; becomes the job's
  std::vector<std::string> options;  // of `run`: --set workers=8 ...
  std::uint64_t shards = 1;
};

/// The job array: one task a part, with requeue.
[[nodiscard]] std::string array_script(const JobPlan& plan);

/// Joins the parts and says how far the sweep is.
[[nodiscard]] std::string merge_script(const JobPlan& plan);

/// The same without a cluster: GNU parallel over the CPUs of this machine.
[[nodiscard]] std::string parallel_script(const JobPlan& plan);

/// `word` as one word of sh, whatever it holds.
[[nodiscard]] std::string shell_quoted(const std::string& word);

}  // namespace timeslice::tools
