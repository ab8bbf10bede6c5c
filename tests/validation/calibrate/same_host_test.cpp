#include "validation/calibrate/same_host.hpp"

#include <gtest/gtest.h>

#include "tests/validation/small_world.hpp"

namespace timeslice::validation {
namespace {

TEST(SameHost, is_the_processor_its_cpus_and_the_kernel_of_the_calibration) {
  models::MachineSpec host = two_cpus();
  host.about = "AMD EPYC";
  scenarios::MachineFile file;
  file.machine = host;
  EXPECT_FALSE(is_same_host(file, host, "6.18.44")) << "nobody calibrated it";
  file.measured["costs.syscall"] = {};
  file.measured["os.scheduler"].from = "kernel 6.18.44";
  EXPECT_TRUE(is_same_host(file, host, "6.18.44"));
  EXPECT_FALSE(is_same_host(file, host, "6.18.45"));
  file.machine.about = "AMD Ryzen";
  EXPECT_FALSE(is_same_host(file, host, "6.18.44"));
  file.machine = host;
  file.machine.cpus.pop_back();
  EXPECT_FALSE(is_same_host(file, host, "6.18.44"));
}

}  // namespace
}  // namespace timeslice::validation
