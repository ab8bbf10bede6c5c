#include "tools/cli/parse.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace timeslice::tools {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

sim::Result<Arguments> parse(const std::vector<std::string>& words) {
  return parse_words(words);
}

TEST(Parse, takes_options_in_any_place_and_form) {
  const auto parsed = parse({"run", "--seed", "7", "a.yaml", "-n3", "--set", "workers=8", "b.yaml",
                             "--set=x=[1,2]", "--json"});
  ASSERT_TRUE(parsed) << parsed.error().what;
  const Arguments& arguments = parsed.value();
  EXPECT_EQ(arguments.command, "run");
  EXPECT_THAT(arguments.operands, ElementsAre("a.yaml", "b.yaml"));
  EXPECT_EQ(arguments.count("seed"), 7U);
  EXPECT_EQ(arguments.count("repeat"), 3U);
  EXPECT_THAT(arguments.texts("set"), ElementsAre("workers=8", "x=[1,2]"));
  EXPECT_TRUE(arguments.has("json"));
  EXPECT_FALSE(arguments.has("gantt"));
}

TEST(Parse, a_dash_is_an_operand_and_a_file_may_be_called_like_a_command) {
  EXPECT_THAT(parse({"run", "-"}).value().operands, ElementsAre("-"));
  EXPECT_THAT(parse({"check", "schema", "run"}).value().operands, ElementsAre("schema", "run"));
}

TEST(Parse, common_options_may_stand_before_the_command) {
  const auto parsed = parse({"--quiet", "run", "a.yaml"});
  ASSERT_TRUE(parsed);
  EXPECT_TRUE(parsed.value().has("quiet"));
}

TEST(Parse, a_misspelt_command_gets_a_suggestion) {
  const auto parsed = parse({"rnu", "a.yaml"});
  ASSERT_FALSE(parsed);
  EXPECT_EQ(parsed.error().what, "there is no command 'rnu'");
  EXPECT_THAT(parsed.error().advice, HasSubstr("'run'"));
}

TEST(Parse, a_misspelt_option_gets_a_suggestion) {
  const auto parsed = parse({"run", "a.yaml", "--repaet", "3"});
  ASSERT_FALSE(parsed);
  EXPECT_THAT(parsed.error().what, HasSubstr("'--repaet'"));
  EXPECT_THAT(parsed.error().advice, HasSubstr("'--repeat'"));
}

TEST(Parse, an_option_of_another_command_says_whose_it_is) {
  const auto parsed = parse({"check", "a.yaml", "--gantt"});
  ASSERT_FALSE(parsed);
  EXPECT_THAT(parsed.error().what, HasSubstr("does not take the option --gantt"));
  EXPECT_THAT(parsed.error().advice, HasSubstr("run"));
}

struct Bad {
  std::vector<std::string> words;
  std::string where;
  std::string says;
};

TEST(Parse, values_are_checked_where_they_are_given) {
  const std::vector<Bad> all{
      {{"run", "a", "--repeat", "-5"}, "--repeat", "'-5' is not a whole number from 1 to 1000000"},
      {{"run", "a", "--repeat", "99999999999"}, "--repeat", "whole number"},
      {{"run", "a", "--seed", "1.5"}, "--seed", "whole number from 0"},
      {{"run", "a", "--jobs", "0"}, "--jobs", "whole number"},
      {{"run", "a", "--time-limit", "90"}, "--time-limit", "not a duration"},
      {{"run", "a", "--set", "workers"}, "--set", "PATH=VALUE"},
      {{"run", "a", "--color", "blue"}, "--color", "not one of its words"},
      {{"validate", "a", "--tolerance", "10"}, "--tolerance", "percentage"},
      {{"run", "a", "--db", "--json"}, "", "--db needs a value, but --json follows"},
      {{"run", "a", "--seed", "1", "--seed", "2"}, "", "given 2 times"},
      {{"run"}, "", "needs FILE..."},
      {{"show", "a.db"}, "", "needs RUN"},
      {{"expand", "a", "b"}, "", "unexpected word 'b'"},
  };
  for (const Bad& bad : all) {
    const auto parsed = parse(bad.words);
    ASSERT_FALSE(parsed) << testing::PrintToString(bad.words);
    EXPECT_EQ(parsed.error().where, bad.where);
    EXPECT_THAT(parsed.error().what, HasSubstr(bad.says));
    EXPECT_FALSE(parsed.error().advice.empty());
  }
}

TEST(Parse, durations_and_shares_have_units) {
  const auto parsed = parse({"validate", "a", "--time-limit", "1.5min", "--tolerance", "2.5%"});
  ASSERT_TRUE(parsed);
  EXPECT_EQ(parsed.value().duration("time-limit"), std::chrono::seconds{90});
  EXPECT_DOUBLE_EQ(parsed.value().share("tolerance").value(), 0.025);
}

TEST(Settings, a_flag_wins_over_a_setting_and_the_first_setting_over_later_ones) {
  const std::vector<Setting> settings{{"seed", "1", "TIMESLICE_SEED"},
                                      {"seed", "2", "timeslice.yaml:1"},
                                      {"jobs", "3", "timeslice.yaml:2"}};
  const auto given = with_settings(parse({"run", "a", "--jobs", "9"}).value(), settings);
  ASSERT_TRUE(given);
  EXPECT_EQ(given.value().count("jobs"), 9U);
  EXPECT_EQ(given.value().count("seed"), 1U);
  EXPECT_EQ(given.value().options.at("seed").origin, "TIMESLICE_SEED");
}

TEST(Settings, a_setting_that_the_command_does_not_take_is_left_out) {
  const std::vector<Setting> settings{{"jobs", "3", "timeslice.yaml:2"}};
  EXPECT_FALSE(with_settings(parse({"check", "a"}).value(), settings).value().has("jobs"));
}

TEST(Settings, a_bad_value_names_its_origin) {
  const std::vector<Setting> settings{{"jobs", "many", "timeslice.yaml:2"}};
  const auto settled = with_settings(parse({"run", "a"}).value(), settings);
  ASSERT_FALSE(settled);
  EXPECT_EQ(settled.error().where, "timeslice.yaml:2");
}

TEST(Settings, a_file_is_flat_lines_with_comments_and_quotes) {
  const auto parsed = parse_settings("# mine\njobs: 4   # cores\n\ndb: \"my results.db\"\n", "f");
  ASSERT_TRUE(parsed) << parsed.error().what;
  ASSERT_EQ(parsed.value().size(), 2U);
  EXPECT_EQ(parsed.value()[0].value, "4");
  EXPECT_EQ(parsed.value()[0].origin, "f:2");
  EXPECT_EQ(parsed.value()[1].value, "my results.db");
}

TEST(Settings, anything_else_in_a_file_is_refused_with_its_line) {
  for (const char* text : {"jobs: 4\n  deeper: 1\n", "jobs: 4\n- item\n", "jobs: 4\nword\n",
                           "jobs: 4\ndb: {a: b}\n", "jobs: 4\njosb: 3\n", "jobs: 4\njobs: 5\n"}) {
    const auto parsed = parse_settings(text, "f");
    ASSERT_FALSE(parsed) << text;
    EXPECT_EQ(parsed.error().where, "f:2") << text;
  }
}

TEST(Settings, a_scenario_that_is_called_like_the_settings_file_is_none) {
  const auto parsed = parse_settings("timeslice: 1\nname: x\nmain:\n  - python: 1ms\n", "f");
  ASSERT_TRUE(parsed);
  EXPECT_TRUE(parsed.value().empty());
}

TEST(Settings, the_environment_names_follow_the_options) {
  const auto settings = settings_from_environment([](const std::string& name) {
    return name == "TIMESLICE_TIME_LIMIT" ? std::optional<std::string>{"5s"} : std::nullopt;
  });
  ASSERT_EQ(settings.size(), 1U);
  EXPECT_EQ(settings[0].option, "time-limit");
}

}  // namespace
}  // namespace timeslice::tools
