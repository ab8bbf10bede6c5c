// Asking a Python what it is.
#include "validation/native/interpreter.hpp"

#include <filesystem>
#include <fstream>

#include <gtest/gtest.h>
#include <unistd.h>

namespace timeslice::validation {
namespace {

TEST(NativeInterpreter, says_its_version_and_whether_it_has_a_gil) {
  if (!std::filesystem::exists("/usr/bin/python3")) {
    GTEST_SKIP() << "no /usr/bin/python3 here";
  }
  const auto found = ask_interpreter("/usr/bin/python3");
  ASSERT_TRUE(found) << found.error().what;
  EXPECT_TRUE(found.value().version.starts_with(found.value().line + "."));
  EXPECT_TRUE(found.value().line.starts_with("3."));
  EXPECT_FALSE(found.value().free_threaded);
}

TEST(NativeInterpreter, anything_else_is_an_error_that_names_it) {
  const std::filesystem::path folder =
      std::filesystem::path{testing::TempDir()} / ("other-python-" + std::to_string(::getpid()));
  std::filesystem::create_directory(folder);
  const std::string other = folder / "other";
  std::ofstream{other} << "#!/bin/sh\necho PyPy 3.10 3.10.1 0\n";
  std::filesystem::permissions(other, std::filesystem::perms::owner_all);
  for (const std::string& path : {other, std::string{"/bin/false"}, std::string{"/nowhere/py"}}) {
    const auto found = ask_interpreter(path);
    ASSERT_FALSE(found);
    EXPECT_EQ(found.error().where, path);
  }
  std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace timeslice::validation
