#include "tools/report/plot_command.hpp"

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <optional>
#include <source_location>
#include <vector>

#include <fmt/core.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

namespace timeslice::tools {
namespace {

namespace fs = std::filesystem;

std::vector<fs::path> candidates() {
  std::vector<fs::path> folders;
  if (const char* chosen = std::getenv("TIMESLICE_PLOTS"); chosen != nullptr && *chosen != '\0') {
    folders.emplace_back(chosen);
  }
  std::error_code ignored;
  const fs::path program = fs::read_symlink("/proc/self/exe", ignored);
  folders.push_back(program.parent_path() / "../share/timeslice/plots");
  for (fs::path folder = program.parent_path(); folder.has_relative_path();
       folder = folder.parent_path()) {
    folders.push_back(folder / "tools/report/plots");
  }
  // The place of this file when it was compiled.
  folders.push_back(fs::path{std::source_location::current().file_name()}.parent_path() / "plots");
  return folders;
}

std::optional<std::string> script() {
  for (const fs::path& folder : candidates()) {
    std::error_code ignored;
    if (fs::is_regular_file(folder / "plot.py", ignored)) {
      return (folder / "plot.py").lexically_normal().string();
    }
  }
  return std::nullopt;
}

std::vector<std::string> words(const PlotRequest& request, const std::string& script_path) {
  // -I: nothing that lies in the current folder or PYTHONPATH is imported by accident.
  std::vector<std::string> all{request.python, "-I", script_path, "--output", request.output};
  if (!request.csv.empty()) {
    all.insert(all.end(), {"--csv", request.csv});
  }
  if (!request.batch.empty()) {
    all.insert(all.end(), {"--batch", request.batch});
  }
  if (!request.run.empty()) {
    all.insert(all.end(), {"--run", request.run});
  }
  if (!request.metric.empty()) {
    all.insert(all.end(), {"--metric", request.metric});
  }
  all.insert(all.end(), {"--", request.database, request.kind});
  return all;
}

sim::Result<int> wait_for(pid_t child) {
  int status = 0;
  while (waitpid(child, &status, 0) < 0) {
    if (errno != EINTR) {
      return sim::Error{.where = "", .what = "lost the plot script", .advice = "try again"};
    }
  }
  constexpr int killed_by_signal = 128;  // as a shell reports it
  return WIFEXITED(status) ? WEXITSTATUS(status) : killed_by_signal + WTERMSIG(status);
}

}  // namespace

sim::Result<int> run_plot(const PlotRequest& request) {
  const auto path = script();
  if (!path) {
    return sim::Error{.where = "",
                      .what = "plot.py is not beside this program",
                      .advice = "set TIMESLICE_PLOTS to the folder tools/report/plots"};
  }
  std::vector<std::string> all = words(request, *path);
  std::vector<char*> arguments;
  for (std::string& word : all) {
    arguments.push_back(word.data());
  }
  arguments.push_back(nullptr);
  pid_t child = 0;
  const int problem =
      posix_spawn(&child, request.python.c_str(), nullptr, nullptr, arguments.data(), environ);
  if (problem != 0) {
    return sim::Error{.where = request.python,
                      .what = fmt::format("cannot be started: {}", std::strerror(problem)),
                      .advice = "install python3 and python3-matplotlib"};
  }
  return wait_for(child);
}

}  // namespace timeslice::tools
