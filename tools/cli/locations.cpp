#include "tools/cli/locations.hpp"

#include <algorithm>
#include <cstddef>
#include <filesystem>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

#include "tools/cli/environment.hpp"

namespace timeslice::tools {
namespace {

namespace fs = std::filesystem;

constexpr int levels_up_max = 4;  // build/<preset>/timeslice and a little more

void add(std::vector<std::string>& found, const fs::path& directory) {
  std::error_code problem;
  const std::string text = directory.string();
  if (fs::is_directory(directory, problem) && std::ranges::find(found, text) == found.end()) {
    found.push_back(text);
  }
}

void add_list(std::vector<std::string>& found, std::string_view list, const fs::path& below) {
  while (!list.empty()) {
    const std::size_t end = std::min(list.find(':'), list.size());
    if (end > 0) {
      add(found, fs::path{list.substr(0, end)} / below);
    }
    list.remove_prefix(std::min(end + 1, list.size()));
  }
}

}  // namespace

scenarios::SearchPath machine_search_path() {
  std::vector<std::string> found;
  const fs::path below = fs::path{"timeslice"} / "machines";
  add_list(found, variable("TIMESLICE_MACHINES"), {});
  const std::string data_home = variable("XDG_DATA_HOME");
  add(found, data_home.empty() ? fs::path{variable("HOME")} / ".local/share" / below
                               : fs::path{data_home} / below);
  const std::string data_dirs = variable("XDG_DATA_DIRS");
  add_list(found, data_dirs.empty() ? "/usr/local/share:/usr/share" : data_dirs, below);
  std::error_code problem;
  fs::path directory = fs::read_symlink("/proc/self/exe", problem).parent_path();
  if (!problem) {
    add(found, directory / ".." / "share" / below);
    for (int level = 0; level < levels_up_max && directory.has_relative_path(); ++level) {
      directory = directory.parent_path();
      add(found, directory / "scenarios" / "machines");
    }
  }
  return scenarios::SearchPath{.machines = std::move(found)};
}

}  // namespace timeslice::tools
