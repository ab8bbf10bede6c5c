#include "validation/native/script_folder.hpp"

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <system_error>
#include <utility>

#include <fmt/format.h>
#include <stdlib.h>  // NOLINT(modernize-deprecated-headers): mkdtemp is POSIX
#include <sys/stat.h>
#include <unistd.h>

#include "validation/native/leftovers.hpp"

namespace timeslice::validation {

namespace {

constexpr std::string_view folder_prefix = "timeslice-native-";

/// A real folder (no link) of this user.
bool is_own_folder(const std::filesystem::path& path) {
  struct stat about = {};
  return ::lstat(path.c_str(), &about) == 0 && S_ISDIR(about.st_mode) &&
         about.st_uid == ::geteuid();
}

/// A process that was killed could not remove its folder.
void remove_abandoned(const std::filesystem::path& base) {
  std::error_code ignored;
  for (const auto& entry : std::filesystem::directory_iterator{base, ignored}) {
    const pid_t maker = maker_of(entry.path().filename().string(), folder_prefix);
    if (maker != 0 && is_dead(maker) && is_own_folder(entry.path())) {
      std::filesystem::remove_all(entry.path(), ignored);
    }
  }
}

}  // namespace

sim::Result<ScriptFolder> ScriptFolder::create() {
  std::error_code failed;
  std::filesystem::path base = std::filesystem::temp_directory_path(failed);
  if (failed) {
    base = "/tmp";
  }
  remove_abandoned(base);
  std::string path = base / fmt::format("{}{}-XXXXXX", folder_prefix, ::getpid());
  if (::mkdtemp(path.data()) == nullptr) {
    return sim::Error{.where = path,
                      .what = std::string{"cannot create a folder: "} + std::strerror(errno),
                      .advice = "set TMPDIR to a folder with space that you may write to"};
  }
  ScriptFolder folder{std::move(path)};
  if (!folder.write("harness.py", harness_text()) ||
      !folder.write("event_loop.py", event_loop_text()) ||
      !folder.write("parcels.py", parcels_text()) ||
      !folder.write("calibrate.py", calibrate_text()) ||
      !folder.write("runtime_parts.py", runtime_parts_text()) ||
      !folder.write("payload_parts.py", payload_parts_text()) ||
      !folder.write("pool_parts.py", pool_parts_text())) {
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
