#include "validation/native/script_folder.hpp"

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <utility>

#include <stdlib.h>  // NOLINT(modernize-deprecated-headers): mkdtemp is POSIX

namespace timeslice::validation {

sim::Result<ScriptFolder> ScriptFolder::create() {
  std::error_code failed;
  std::filesystem::path base = std::filesystem::temp_directory_path(failed);
  std::string path = (failed ? std::filesystem::path{"/tmp"} : base) / "timeslice-XXXXXX";
  if (::mkdtemp(path.data()) == nullptr) {
    return sim::Error{.where = path,
                      .what = std::string{"cannot create a folder: "} + std::strerror(errno),
                      .advice = "set TMPDIR to a folder with space that you may write to"};
  }
  ScriptFolder folder{std::move(path)};
  if (!folder.write("harness.py", harness_text()) ||
      !folder.write("calibrate.py", calibrate_text())) {
    return sim::Error{.where = folder.path_,
                      .what = "cannot write files there",
                      .advice = "set TMPDIR to a folder with space"};
  }
  return folder;
}

ScriptFolder::ScriptFolder(std::string path) : path_{std::move(path)} {}

ScriptFolder::ScriptFolder(ScriptFolder&& other) noexcept
    : path_{std::exchange(other.path_, std::string{})} {}

ScriptFolder& ScriptFolder::operator=(ScriptFolder&& other) noexcept {
  std::swap(path_, other.path_);
  return *this;
}

ScriptFolder::~ScriptFolder() {
  if (!path_.empty()) {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
}

std::string ScriptFolder::file(std::string_view name) const {
  return path_ + "/" + std::string{name};
}

bool ScriptFolder::write(std::string_view name, std::string_view text) const {
  std::ofstream out{file(name), std::ios::binary};
  out << text;
  out.flush();
  return out.good();
}

}  // namespace timeslice::validation
