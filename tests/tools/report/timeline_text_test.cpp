#include "tools/report/timeline_text.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "tools/report/validation_json.hpp"

namespace timeslice::tools {
namespace {

using testing::HasSubstr;
using testing::Not;

validation::Validation recorded() {
  validation::Validation result;
  validation::PointValidation& point = result.points.emplace_back();
  point.timelines.emplace();
  point.timelines->recorder = "perf";
  point.timelines->why_not_better = "no tracefs: it is not mounted";
  point.timelines->runs = 3;
  point.timelines->rows = {{.name = "run_length_p50",
                            .entity = "",
                            .unit = "ns",
                            .predicted = 4e6,
                            .measured = 2e6,
                            .error = 1.0},
                           {.name = "wait",
                            .entity = "thread 1",
                            .unit = "ns",
                            .predicted = 1.0,
                            .measured = 0.0,
                            .error = std::nullopt}};
  return result;
}

TEST(TimelineText, shows_both_sides_and_which_recorder_it_was) {
  const std::string text = timeline_text(recorded(), {});
  EXPECT_THAT(text, HasSubstr("recorded by perf, 3 runs"));
  EXPECT_THAT(text, HasSubstr("run_length_p50"));
  EXPECT_THAT(text, HasSubstr("+100.0 %"));
  EXPECT_THAT(text, HasSubstr("no tracefs: it is not mounted"));
  EXPECT_THAT(text, Not(HasSubstr("thread 1"))) << "roles one by one are details";
}

TEST(TimelineText, details_name_every_role) {
  EXPECT_THAT(timeline_text(recorded(), {.details = true}), HasSubstr("wait[thread 1]"));
}

TEST(TimelineText, says_nothing_where_nothing_was_recorded) {
  validation::Validation result;
  result.points.emplace_back();
  EXPECT_EQ(timeline_text(result, {.details = true}), "");
}

TEST(TimelineJson, carries_every_row_and_null_where_there_is_no_error) {
  const validation::Validation result = recorded();
  RunReport report;
  PointOutcome outcome;
  report.add(outcome, {});
  const auto json = nlohmann::json::parse(validation_json(report, result));
  const auto& timeline = json.at("points").at(0).at("timeline");
  EXPECT_EQ(timeline.at("recorder"), "perf");
  EXPECT_EQ(timeline.at("rows").size(), 2U);
  EXPECT_EQ(timeline.at("rows").at(0).at("error"), 1.0);
  EXPECT_TRUE(timeline.at("rows").at(1).at("error").is_null());
  EXPECT_TRUE(timeline.at("foreign_share").is_null()) << "perf does not see it";
}

}  // namespace
}  // namespace timeslice::tools
