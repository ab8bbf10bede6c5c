#include "tools/report/compare_designs.hpp"

#include <cmath>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace timeslice::tools {
namespace {

using testing::HasSubstr;

DesignPoint point_of(const std::vector<double>& values, std::int64_t first_seed = 0) {
  DesignPoint point;
  for (std::size_t at = 0; at < values.size(); ++at) {
    const auto rep = static_cast<std::int64_t>(at);
    point.samples.push_back({.rep = rep, .seed = first_seed + rep, .value = values[at]});
  }
  return point;
}

DesignLine compared(const DesignPoint& a, const DesignPoint& b) {
  DesignComparison comparison;
  const Design of_a{.batch = 1, .title = {}, .unit = "ns", .points = {a}};
  const Design of_b{.batch = 2, .title = {}, .unit = "ns", .points = {b}};
  EXPECT_TRUE(add_lines(comparison, "makespan", of_a, of_b, {}));
  correct_for_many(comparison.lines);
  return comparison.lines.at(0);
}

// Student (1908): the sleep data, ten patients under two drugs; the paired test has t = -4.0621,
// p = 0.002833 and Welch's, which forgets who is who, p = 0.07939 (as R's t.test gives them).
const std::vector<double> drug_1{0.7, -1.6, -0.2, -1.2, -0.1, 3.4, 3.7, 0.8, 0.0, 2.0};
const std::vector<double> drug_2{1.9, 0.8, 1.1, 0.1, -0.1, 4.4, 5.5, 1.6, 4.6, 3.4};

TEST(CompareDesigns, runs_with_equal_seeds_are_paired) {
  const DesignLine line = compared(point_of(drug_1), point_of(drug_2));
  EXPECT_TRUE(line.paired);
  EXPECT_NEAR(line.p.value_or(0), 0.002833, 1e-6);
  EXPECT_TRUE(line.significant());
}

TEST(CompareDesigns, runs_with_other_seeds_get_welchs_test) {
  const DesignLine line = compared(point_of(drug_1), point_of(drug_2, 100));
  EXPECT_FALSE(line.paired);
  EXPECT_NEAR(line.p.value_or(0), 0.07939, 1e-5);
  EXPECT_FALSE(line.significant());
  EXPECT_EQ(verdict_of(line), "no difference shown");
}

TEST(CompareDesigns, without_spread_a_difference_is_exact) {
  const DesignLine line = compared(point_of({10, 10, 10}), point_of({5, 5, 5}));
  EXPECT_EQ(line.p.value_or(1), 0.0);
  EXPECT_EQ(line.change, -0.5);
  EXPECT_EQ(line.low.value_or(0), -0.5);
  EXPECT_THAT(verdict_of(line), HasSubstr("faster 2.00x"));
  const DesignLine same = compared(point_of({10, 10, 10}), point_of({10, 10, 10}));
  EXPECT_EQ(same.p.value_or(0), 1.0);
}

TEST(CompareDesigns, one_run_is_shown_and_not_tested) {
  const DesignLine line = compared(point_of({10}), point_of({5}));
  EXPECT_FALSE(line.p.has_value());
  EXPECT_FALSE(line.low.has_value());
  EXPECT_THAT(verdict_of(line), HasSubstr("not tested"));
}

TEST(CompareDesigns, a_side_without_good_runs_has_no_numbers) {
  const DesignLine line = compared(point_of({}), point_of({5, 5}));
  EXPECT_EQ(line.n_a, 0U);
  EXPECT_THAT(verdict_of(line), HasSubstr("A has no good run"));
}

// Holm (1979): of the sorted tests, the smallest counts n times, the next n - 1 times ..., and none
// counts less than one before it.
TEST(CompareDesigns, many_tests_are_corrected_by_holm) {
  std::vector<DesignLine> lines(4);
  lines[0].p = 0.01;
  lines[1].p = 0.04;
  lines[2].p = 0.03;
  lines[3].p = 0.005;
  correct_for_many(lines);
  EXPECT_DOUBLE_EQ(*lines[3].p_holm, 0.02);
  EXPECT_DOUBLE_EQ(*lines[0].p_holm, 0.03);
  EXPECT_DOUBLE_EQ(*lines[2].p_holm, 0.06);
  EXPECT_DOUBLE_EQ(*lines[1].p_holm, 0.06);
}

TEST(CompareDesigns, points_are_matched_by_what_was_not_chosen) {
  Design a{.batch = 1, .title = {}, .unit = "ns", .points = {}};
  Design b = a;
  for (const char* size : {"1", "2"}) {
    a.points.push_back(point_of({10, 11}));
    a.points.back().params = {{"kind", "threads"}, {"size", size}};
    b.points.push_back(point_of({5, 6}));
    b.points.back().params = {{"kind", "processes"}, {"size", size}};
  }
  b.points.push_back(point_of({7, 7}));
  b.points.back().params = {{"kind", "processes"}, {"size", "3"}};
  DesignComparison comparison;
  ASSERT_TRUE(add_lines(comparison, "makespan", a, b, {"kind"}));
  ASSERT_EQ(comparison.lines.size(), 2U);
  EXPECT_EQ(comparison.lines[1].point, "size=2");
  EXPECT_EQ(comparison.alone_b, 1U);
  EXPECT_FALSE(add_lines(comparison, "makespan", a, b, {"kind", "size"})) << "which is which?";
}

TEST(CompareDesigns, rules_are_read_and_need_a_significant_change_beyond_them) {
  const auto rule = parse_change_rule("makespan > +5%");
  ASSERT_TRUE(rule);
  DesignLine line;
  line.metric = "makespan";
  line.n_a = line.n_b = 3;
  line.mean_a = 1.0;
  line.change = 0.10;
  line.p = line.p_holm = 0.2;
  EXPECT_FALSE(rule.value().broken_by(line));
  line.p_holm = 0.01;
  EXPECT_TRUE(rule.value().broken_by(line));
  line.change = 0.04;
  EXPECT_FALSE(rule.value().broken_by(line));
  for (const char* text : {"makespan", "makespan > 5", "> 5%", "makespan > x%", "makespan > %"}) {
    EXPECT_FALSE(parse_change_rule(text)) << text;
  }
}

}  // namespace
}  // namespace timeslice::tools
