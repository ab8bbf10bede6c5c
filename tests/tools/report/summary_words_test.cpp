#include "tools/report/html/summary_words.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/tools/store/sample_batch.hpp"
#include "tools/report/html/page.hpp"

namespace timeslice::tools {
namespace {

using testing::HasSubstr;
using testing::Not;

/// One batch in which a setting with N workers takes `times[i]` ms, N = 1, 2, 4, ...
ReportData sweep(const std::vector<double>& times) {
  ReportData data;
  data.batches.push_back({.batch = 1,
                          .scenario = "crawler",
                          .about = "Which pool?",
                          .command = {},
                          .version = {},
                          .host = {},
                          .started = {},
                          .points = static_cast<std::int64_t>(times.size()),
                          .runs = static_cast<std::int64_t>(times.size())});
  std::int64_t workers = 1;
  for (const double time : times) {
    ReportPoint point;
    point.params["workers"] = std::to_string(workers);
    point.numbers["workers"] = static_cast<double>(workers);
    point.cpu_work_ns = 1e9;
    point.wait_work_ns = 0.0;
    point.metrics["makespan"] = {.mean = time * 1e6};
    data.points.push_back(point);
    workers *= 2;
  }
  return data;
}

std::string all_of(const ReportData& data) {
  std::string text;
  for (const std::string& sentence : summary_words(data)) {
    text += sentence + "\n";
  }
  return text;
}

TEST(SummaryWords, the_first_sentence_says_what_was_asked_and_how_much_was_run) {
  EXPECT_EQ(summary_words(sweep({80, 40})).front(),
            "Which pool? “crawler”: 2 settings were simulated or measured in 2 runs.");
}

TEST(SummaryWords, batches_without_runs_come_after_those_that_say_something) {
  ReportData data = sweep({80, 40});
  data.batches.insert(data.batches.begin(), data.batches.front());
  data.batches.front().scenario = "planned";
  data.batches.front().runs = 0;
  for (ReportPoint& point : data.points) {
    point.batch = 1;
  }
  const auto words = summary_words(data);
  EXPECT_THAT(words.front(), HasSubstr("“crawler”: 2 settings"));
  EXPECT_THAT(all_of(data), HasSubstr("Of “planned” no run is stored."));
  EXPECT_THAT(all_of(data), Not(HasSubstr("0 settings")));
}

TEST(SummaryWords, the_fastest_setting_and_where_more_stops_to_pay_are_named) {
  const std::string text = all_of(sweep({80, 40, 20.5, 20, 30}));
  EXPECT_THAT(text, HasSubstr("The fastest setting of “crawler” is workers = 8: it takes 20 ms, "
                              "4 times as fast as the slowest (workers = 1)."));
  EXPECT_THAT(text, HasSubstr("From workers = 1 to workers = 8 it gets 4 times as fast; "
                              "workers = 4 is already within 5 % of that; beyond, it gets slower "
                              "again (by 50 % at workers = 16)."));
}

TEST(SummaryWords, where_more_does_not_help_that_is_said) {
  EXPECT_THAT(all_of(sweep({20, 25, 40})),
              HasSubstr("More than workers = 1 does not make it faster."));
}

TEST(SummaryWords, what_the_fastest_setting_spends_its_time_on_is_said_where_it_is_known) {
  ReportData data = sweep({80, 40});
  auto& metrics = data.points[1].metrics;
  metrics["cost_ideal"] = {.mean = 30e6};
  metrics["cost_gil"] = {.mean = 10e6};
  metrics["cost_switch"] = {.mean = 0.1e6};
  metrics["cost_rest"] = {.mean = -0.8e6};
  EXPECT_THAT(all_of(data), HasSubstr("Of its time the work alone is 75 %; to this add the GIL "
                                      "25 %, the rest -2 %."));
}

TEST(SummaryWords, settings_with_different_work_are_not_compared) {
  ReportData data = sweep({80, 40});
  data.points[1].cpu_work_ns = 0.5e9;
  EXPECT_THAT(all_of(data), HasSubstr("do different amounts of work"));
  EXPECT_THAT(all_of(data), Not(HasSubstr("times as fast")));
}

TEST(SummaryWords, predictions_without_a_measurement_are_called_unchecked) {
  EXPECT_THAT(all_of(sweep({80, 40})), HasSubstr("unchecked for this program"));
}

TEST(SummaryWords, errors_are_told_with_those_of_the_null_model_beside_them) {
  ReportData data = sweep({80, 40, 20});
  for (const double error : {0.02, -0.05, 0.01}) {
    data.errors.push_back({.scenario = "crawler",
                           .params = {},
                           .name = "makespan",
                           .entity = {},
                           .unit = "ns",
                           .numbers = {1.0, 1.0, 1.0, 1.0, error, error, 4 * error},
                           .covered = error > 0});
  }
  EXPECT_THAT(all_of(data), HasSubstr("off by 2 % in the median of 3 settings and 5 % at worst "
                                      "(work divided by CPUs alone would be off by 8 %); 2 of 3 "
                                      "measurements lie in the predicted interval."));
}

TEST(SummaryWords, failed_runs_and_doubts_are_not_hidden) {
  ReportData data = sweep({80, 40});
  data.batches[0].failed = 3;
  data.warnings.emplace_back("costs were never measured", 2);
  EXPECT_THAT(all_of(data), HasSubstr("3 runs failed, and count in no mean"));
  EXPECT_THAT(all_of(data), HasSubstr("One doubt is listed below"));
}

TEST(ReportPage, text_cannot_leave_its_place) {
  ReportData data = sweep({80, 40});
  data.batches[0].scenario = "</script><script>alert(1)</script>{{data}}";
  data.points[0].params["workers"] = "</script>\"&";
  const std::string page = report_html(data);
  EXPECT_THAT(page, Not(HasSubstr("alert(1)</script>")));
  EXPECT_THAT(page, HasSubstr("{{data}}")) << "what is filled in is not filled in again";
  EXPECT_THAT(page, HasSubstr("default-src 'none'"));
}

TEST(ReportData, an_empty_database_has_a_page_that_says_so) {
  const SampleFile file;
  write_all(file.path, {});
  const auto data = report_data(file.path);
  ASSERT_TRUE(std::holds_alternative<ReportData>(data));
  EXPECT_EQ(std::get<ReportData>(data).points.size(), 0U);
  EXPECT_THAT(report_html(std::get<ReportData>(data)), HasSubstr("0 settings were simulated"));
}

TEST(ReportData, files_of_every_older_version_can_be_reported) {
  const std::string fixtures = std::string{TIMESLICE_SOURCE_DIR} + "/tests/tools/store/fixtures/";
  for (const auto& [name, points] : {std::pair{"version-0.db", 0U}, std::pair{"version-1.db", 2U},
                                     std::pair{"version-2.db", 2U}}) {
    const auto data = report_data(fixtures + name);
    ASSERT_TRUE(std::holds_alternative<ReportData>(data))
        << name << ": " << std::get<StoreError>(data).error.what;
    EXPECT_EQ(std::get<ReportData>(data).points.size(), points) << name;
    EXPECT_FALSE(summary_words(std::get<ReportData>(data)).empty());
  }
}

TEST(ReportData, settings_have_their_parameters_metrics_and_intervals) {
  const SampleFile file;
  fill(file.path, {.workers = {1, 2}, .repeat = 3});
  const auto read = report_data(file.path);
  ASSERT_TRUE(std::holds_alternative<ReportData>(read));
  const auto& data = std::get<ReportData>(read);
  ASSERT_EQ(data.points.size(), 2U);
  EXPECT_EQ(data.points[1].params.at("workers"), "2");
  EXPECT_EQ(data.points[1].numbers.at("workers"), 2.0);
  EXPECT_EQ(data.points[1].runs, 3);
  EXPECT_EQ(data.points[1].metrics.at("makespan").mean, 5000.0);
  EXPECT_EQ(data.points[1].metrics.at("makespan").low, 5000.0);
  EXPECT_EQ(data.metrics.front().name, "makespan");
  EXPECT_FALSE(data.points[1].params.contains("variant")) << "it says nothing here";
}

}  // namespace
}  // namespace timeslice::tools
