#include "models/machine/detect.hpp"

#include <cstdlib>
#include <string>

#include <gtest/gtest.h>
#include <sched.h>

namespace timeslice::models {
namespace {

std::size_t usable_cpus() {
  cpu_set_t set;
  CPU_ZERO(&set);
  return sched_getaffinity(0, sizeof set, &set) == 0 ? static_cast<std::size_t>(CPU_COUNT(&set))
                                                     : 0;
}

TEST(DetectHost, finds_the_cpus_that_this_process_may_use) {
  const auto result = detect_host();
  ASSERT_TRUE(result) << result.error().what;
  EXPECT_EQ(result.value().name, "host");
  EXPECT_EQ(result.value().cpus.size(), usable_cpus());
  EXPECT_GE(result.value().nodes.size(), 1U);
  EXPECT_FALSE(result.value().costs_known);
}

TEST(DetectHost, is_not_moved_by_hwlocs_environment_variables_and_keeps_them) {
  ::setenv("HWLOC_SYNTHETIC", "pu:77", 1);
  ::setenv("HWLOC_COMPONENTS", "-linux,-x86", 1);
  const auto result = detect_host();
  EXPECT_EQ(std::string{std::getenv("HWLOC_SYNTHETIC")}, "pu:77");
  ::unsetenv("HWLOC_SYNTHETIC");
  ::unsetenv("HWLOC_COMPONENTS");
  ASSERT_TRUE(result);
  EXPECT_EQ(result.value().cpus.size(), usable_cpus());
  EXPECT_EQ(std::getenv("HWLOC_HIDE_ERRORS"), nullptr);
}

}  // namespace
}  // namespace timeslice::models
