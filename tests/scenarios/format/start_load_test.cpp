// What a scenario says of start methods and memory, and which Python it names.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/scenarios/format/loading.hpp"

namespace timeslice::scenarios {
namespace {

using testing::HasSubstr;

models::RuntimeSpec runtime_of(const std::string& python) {
  return scenario(around("runtime: {python: " + python + "}\n")).world.runtime;
}

TEST(StartLoad, a_python_may_name_its_patch) {
  EXPECT_EQ(runtime_of("\"3.13.7\"").version,
            (models::PythonVersion{.major = 3, .minor = 13, .patch = 7}));
  EXPECT_EQ(runtime_of("3.9.0").version.patch, 0);
  EXPECT_EQ(runtime_of("\"3.13\"").version.patch, models::PythonVersion::newest_patch);
  EXPECT_EQ(to_text(runtime_of("\"3.13.7\"").version), "3.13.7");
  EXPECT_EQ(to_text(runtime_of("\"3.13\"").version), "3.13");
  EXPECT_TRUE(runtime_of("3.11.2").factor_known) << "any 3.11 is the reference";
}

TEST(StartLoad, what_is_no_version_is_refused) {
  for (const char* text : {"\"3.13.\"", "\"3.13.7.1\"", "\"3.x\"", "\"3.13.-1\"", "\"3\"",
                           "\"2.7\"", "\"3.11.1001\"", "\"3.11rc1\""}) {
    EXPECT_THAT(errors(around("runtime: {python: " + std::string{text} + "}\n")),
                HasSubstr("must be a version from 3.2 to 3.30"))
        << text;
  }
}

TEST(StartLoad, a_machine_file_may_tell_patches_apart) {
  const std::string machine =
      "timeslice: 1\nmachine:\n  cores: 2\n  runtimes:\n    \"3.13\": {spawn_exit: 5ms}\n"
      "    \"3.13.7\": {spawn_exit: 7ms, memory: {interpreter: 9MiB}}\nmain: []\n";
  const auto costs = [&](const std::string& python) {
    return scenario(machine + "runtime: {python: \"" + python + "\"}\n").world.runtime;
  };
  EXPECT_EQ(costs("3.13.7").costs.spawn_exit, sim::Duration{7'000'000});
  EXPECT_EQ(costs("3.13.7").memory_parts.interpreter, models::Bytes{9LL << 20});
  EXPECT_EQ(costs("3.13.8").costs.spawn_exit, sim::Duration{5'000'000});
  EXPECT_EQ(costs("3.13").costs.spawn_exit, sim::Duration{5'000'000});
}

TEST(StartLoad, workers_say_what_they_import_and_look_at) {
  const models::ExecutorSpec pool =
      scenario(
          around("executors:\n  pool: {kind: processes, import_memory: 6MiB, touches: 1MiB}\n"))
          .world.executors[0];
  EXPECT_EQ(pool.import_memory, models::Bytes{6LL << 20});
  EXPECT_EQ(pool.touches, models::Bytes{1LL << 20});
  EXPECT_THAT(errors(around("executors:\n  pool: {kind: processes, touches: 5}\n")),
              HasSubstr("error[E-unit]"));
  EXPECT_THAT(errors(around("executors:\n  pool: {kind: processes, memory: 500000000GiB}\n")),
              HasSubstr("'memory' must be at most 10000000000000B"));
}

TEST(StartLoad, claims_about_memory_are_for_the_whole_or_for_a_process) {
  EXPECT_EQ(errors(around("expect: [\"peak_memory < 1GiB and peak_rss[main] < 1GiB and "
                          "peak_private[main] > 1MiB\"]\n")),
            "");
}

}  // namespace
}  // namespace timeslice::scenarios
