#include "validation/native/script_folder.hpp"

#include <cstdlib>
#include <filesystem>
#include <string>

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

namespace timeslice::validation {
namespace {

namespace fs = std::filesystem;

/// A process id that nobody has any more.
pid_t dead_process() {
  const pid_t child = ::fork();
  if (child == 0) {
    ::_exit(0);
  }
  ::waitpid(child, nullptr, 0);
  return child;
}

TEST(ScriptFolder, what_dead_processes_left_is_removed_and_nothing_else) {
  const fs::path base =
      fs::path{testing::TempDir()} / ("timeslice-scripts-" + std::to_string(::getpid()));
  const std::string dead = "timeslice-native-" + std::to_string(dead_process()) + "-abcdef";
  const std::string alive = "timeslice-native-" + std::to_string(::getpid()) + "-abcdef";
  for (const std::string& name : {dead, alive, std::string{"timeslice-native-x"}}) {
    fs::create_directories(base / name / "below");
  }
  fs::create_directory_symlink(base / alive, base / (dead + "x"));
  const char* before = std::getenv("TMPDIR");  // NOLINT(concurrency-mt-unsafe)
  const std::string kept = before == nullptr ? "" : before;
  ::setenv("TMPDIR", base.c_str(), 1);  // NOLINT(concurrency-mt-unsafe)
  {
    const auto folder = ScriptFolder::create();
    ASSERT_TRUE(folder);
    EXPECT_TRUE(fs::exists(folder.value().file("harness.py")));
  }
  if (before == nullptr) {
    ::unsetenv("TMPDIR");  // NOLINT(concurrency-mt-unsafe)
  } else {
    ::setenv("TMPDIR", kept.c_str(), 1);  // NOLINT(concurrency-mt-unsafe)
  }
  EXPECT_FALSE(fs::exists(base / dead));
  EXPECT_TRUE(fs::exists(base / alive / "below"));
  EXPECT_TRUE(fs::exists(base / "timeslice-native-x"));
  EXPECT_TRUE(fs::is_symlink(base / (dead + "x")));
  fs::remove_all(base);
}

}  // namespace
}  // namespace timeslice::validation
