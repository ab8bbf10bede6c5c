#include "scenarios/format/check_settings.hpp"

#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/scenarios/format/loading.hpp"

namespace timeslice::scenarios {
namespace {

using testing::HasSubstr;

const char* const swept = R"(timeslice: 1
machine: ideal-4
tasks: {job: [{native: 2ms}]}
executors:
  crew: {kind: threads, workers: "${workers}"}
main:
  - map: {task: job, items: 8, executor: crew}
params: {workers: 2}
matrix:
  workers: [1, 2, 4]
  os.scheduler: [rr, fifo]
)";

std::string with(const std::string& key, const std::string& value) {
  return errors(swept, {.set = {{key, value}}});
}

TEST(CheckSettings, keys_about_the_sweep_cannot_be_set) {
  for (const char* key : {"extends", "variants.x", "matrix.workers", "expect"}) {
    EXPECT_THAT(with(key, "[1]"), HasSubstr("E-key")) << key;
    EXPECT_THAT(with(key, "[1]"), HasSubstr(std::string{"--set "} + key + ":1:1")) << key;
  }
}

TEST(CheckSettings, an_axis_is_narrowed_by_its_own_name) {
  EXPECT_EQ(plan(swept, {.set = {{"workers", "8"}}}).size(), 2U);
  EXPECT_EQ(plan(swept, {.set = {{"os.scheduler", "rr"}}}).size(), 3U);
}

TEST(CheckSettings, what_would_leave_a_swept_parameter_without_effect_is_refused) {
  const std::string error = with("executors.crew.workers", "8");
  EXPECT_THAT(error, HasSubstr("under different labels"));
  EXPECT_THAT(error, HasSubstr("--set workers=... narrows"));
  EXPECT_EQ(with("executors.crew.kind", "processes"), "") << "the axis still reaches the workers";
}

TEST(CheckSettings, what_the_matrix_would_write_over_is_refused) {
  EXPECT_THAT(with("os.scheduler.x", "1"), HasSubstr("lies within 'os.scheduler'"));
}

TEST(CheckSettings, an_empty_value_has_a_place) {
  EXPECT_THAT(with("machine", ""), HasSubstr("--set machine:1:1: error[E-missing]"));
}

}  // namespace
}  // namespace timeslice::scenarios
