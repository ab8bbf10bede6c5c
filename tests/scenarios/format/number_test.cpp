#include "scenarios/format/number.hpp"

#include <gtest/gtest.h>

#include "scenarios/format/distribution_text.hpp"
#include "scenarios/format/suggest.hpp"

namespace timeslice::scenarios {
namespace {

TEST(Number, decimal_numbers_are_read_exactly) {
  EXPECT_EQ(parse_number("1e7").value, 1e7);
  EXPECT_EQ(parse_number("-0.25").value, -0.25);
  EXPECT_EQ(parse_number("+3").value, 3.0);
  EXPECT_EQ(parse_count("18446744073709551615").value, 18446744073709551615ULL);
  EXPECT_EQ(parse_count("1e7").value, 10'000'000U);
}

TEST(Number, what_is_easily_misread_is_refused_with_a_word) {
  for (const char* text : {"010", "0x10", "0b1", "0o7", "1_000", "1e400", "-01"}) {
    EXPECT_EQ(parse_number(text).problem.code, "E-number") << text;
  }
  for (const char* text : {"", ".5", "5.", "inf", "nan", "1e", "--1", "1 2", "five"}) {
    EXPECT_EQ(parse_number(text).problem.code, "E-type") << text;
  }
  EXPECT_EQ(parse_count("1.5").problem.code, "E-type");
  EXPECT_EQ(parse_count("-1").problem.code, "E-range");
  EXPECT_EQ(parse_count("1e300").problem.code, "E-limit");
}

TEST(Number, every_unit_has_its_size) {
  EXPECT_EQ(parse_duration_ns("1.5us").value, 1500);
  EXPECT_EQ(parse_duration_ns("5 ms").value, 5'000'000);
  EXPECT_EQ(parse_duration_ns("2min").value, 120'000'000'000);
  EXPECT_EQ(parse_duration_ns("1h").value, 3'600'000'000'000);
  EXPECT_EQ(parse_duration_ns("0").value, 0);
  EXPECT_EQ(parse_bytes("64KiB").value, 65536);
  EXPECT_EQ(parse_bytes("64kB").value, 64000);
  EXPECT_EQ(parse_quantity("2.6GHz", frequency_units()).value, 2.6e9);
  EXPECT_EQ(parse_quantity("150/s", rate_units()).value, 150.0);
  EXPECT_EQ(parse_quantity("40GiB/s", bandwidth_units()).value, 40.0 * 1073741824.0);
}

TEST(Number, a_quantity_without_its_unit_is_refused) {
  EXPECT_EQ(parse_duration_ns("5").problem.code, "E-unit");
  EXPECT_EQ(parse_duration_ns("5MiB").problem.code, "E-unit");
  EXPECT_EQ(parse_duration_ns("5m").problem.code, "E-unit");
  EXPECT_EQ(parse_duration_ns("-5ms").problem.code, "E-range");
  EXPECT_EQ(parse_duration_ns("1e30h").problem.code, "E-limit");
  EXPECT_EQ(parse_duration_ns("0x5ms").problem.code, "E-number");
  EXPECT_EQ(parse_bytes("soon").problem.code, "E-type");
}

TEST(Number, booleans_are_six_words) {
  for (const char* text : {"on", "true", "yes"}) {
    EXPECT_TRUE(parse_boolean(text).value) << text;
  }
  for (const char* text : {"off", "false", "no"}) {
    const auto parsed = parse_boolean(text);
    EXPECT_TRUE(static_cast<bool>(parsed) && !parsed.value) << text;
  }
  EXPECT_EQ(parse_boolean("1").problem.code, "E-type");
}

TEST(Distribution, every_family_is_read) {
  using models::DistributionKind;
  const auto read = [](const char* text) { return parse_distribution(text).value.distribution; };
  EXPECT_EQ(read("5ms").kind, DistributionKind::constant);
  EXPECT_EQ(read("5ms").first_ns, 5e6);
  EXPECT_EQ(read("exp(5ms)").kind, DistributionKind::exponential);
  EXPECT_EQ(read("uniform(2ms, 8ms)").second, 8e6);
  EXPECT_EQ(read("normal(5ms, sd=1ms)").second, 1e6);
  EXPECT_EQ(read("lognormal(40ms, cv=0.6)").second, 0.6);
  EXPECT_EQ(read("pareto(5ms, a=2.5)").second, 2.5);
  EXPECT_EQ(parse_distribution("empirical(f.csv)").value.file, "f.csv");
}

TEST(Distribution, wrong_arguments_are_refused) {
  for (const char* text :
       {"exp(5)", "exp()", "exp(1ms, 2ms)", "uniform(8ms, 2ms)", "uniform(1ms)",
        "lognormal(5ms, 0.6)", "lognormal(5ms, sd=0.6)", "pareto(5ms, a=1)", "normal(5ms, sd=1)",
        "poisson(3ms)", "exp(5ms", "empirical()", "lognormal(5ms, cv=-1)", "((((", "()"}) {
    EXPECT_FALSE(static_cast<bool>(parse_distribution(text))) << text;
  }
}

TEST(Distribution, measured_values_come_one_a_line_with_a_unit_each_or_once) {
  EXPECT_EQ(parse_samples("5ms\n# a remark\n\n7us\r\n").value, (std::vector<double>{5e6, 7e3}));
  EXPECT_EQ(parse_samples("us\n5\n7.5\n").value, (std::vector<double>{5e3, 7.5e3}));
  EXPECT_FALSE(static_cast<bool>(parse_samples("5\n")));
  EXPECT_FALSE(static_cast<bool>(parse_samples("# nothing\n")));
}

TEST(Suggestion, near_names_are_within_a_third_of_the_length) {
  EXPECT_EQ(edit_distance("wrkers", "workers"), 1U);
  EXPECT_EQ(edit_distance("pgae", "page"), 1U) << "neighbours swapped are one slip";
  EXPECT_EQ(suggestion("wrkers", {"start", "workers"}), "did you mean 'workers'?");
  EXPECT_EQ(suggestion("zebra", {"start", "workers"}), "known are: start, workers");
}

}  // namespace
}  // namespace timeslice::scenarios
