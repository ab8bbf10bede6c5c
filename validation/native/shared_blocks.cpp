#include "validation/native/shared_blocks.hpp"

#include <filesystem>
#include <string_view>
#include <system_error>

#include <fmt/format.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "validation/native/leftovers.hpp"

namespace timeslice::validation {

namespace {

constexpr std::string_view block_prefix = "timeslice-block-";
constexpr const char* directory = "/dev/shm";  // shm_overview(7)

bool is_own_file(const std::filesystem::path& path) {
  struct stat about = {};
  return ::lstat(path.c_str(), &about) == 0 && S_ISREG(about.st_mode) &&
         about.st_uid == ::geteuid();
}

}  // namespace

bool uses_shared_blocks(const models::ExecutorSpec& executor) {
  const bool pool = executor.kind == models::ExecutorKind::processes ||
                    executor.kind == models::ExecutorKind::process_executor;
  return pool && executor.payload.codec == models::Codec::shared_memory;
}

std::string own_block_prefix() {
  return fmt::format("{}{}-", block_prefix, ::getpid());
}

std::int64_t shared_memory_free() {
  struct statvfs about = {};
  if (::statvfs(directory, &about) != 0) {
    return 0;
  }
  return static_cast<std::int64_t>(about.f_bavail) * static_cast<std::int64_t>(about.f_frsize);
}

void remove_blocks(std::int32_t maker) {
  std::error_code ignored;
  for (const auto& entry : std::filesystem::directory_iterator{directory, ignored}) {
    const std::string name = entry.path().filename().string();
    const pid_t made_by = maker_of(name, block_prefix);
    if (made_by != 0 && (made_by == maker || is_dead(made_by)) && is_own_file(entry.path())) {
      ::shm_unlink(("/" + name).c_str());
    }
  }
}

SharedBlocksGuard::~SharedBlocksGuard() {
  remove_blocks(::getpid());
}

}  // namespace timeslice::validation
