#include "tools/cli/help.hpp"

#include <set>
#include <sstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tools/cli/command_table.hpp"
#include "tools/cli/option_table.hpp"

namespace timeslice::tools {
namespace {

using testing::HasSubstr;

TEST(OptionTable, names_and_letters_are_unique_and_every_option_belongs_somewhere) {
  std::set<std::string_view> names;
  std::set<char> letters;
  for (const OptionSpec& option : option_table()) {
    EXPECT_TRUE(names.insert(option.name).second) << option.name;
    EXPECT_TRUE(option.letter == '\0' || letters.insert(option.letter).second) << option.name;
    EXPECT_FALSE(option.help.empty()) << option.name;
    EXPECT_EQ(option.kind == ValueKind::flag, option.argument.empty()) << option.name;
    EXPECT_EQ(option.kind == ValueKind::choice, !option.choices.empty()) << option.name;
    for (const std::string& command : words(option.commands)) {
      EXPECT_TRUE(command == "*" || find_command(command) != nullptr) << option.name;
    }
  }
}

TEST(OptionTable, has_every_command_of_the_contract) {
  for (const char* name :
       {"run",    "check",  "expand", "schema",  "machine", "calibrate", "validate",
        "merge",  "query",  "show",   "compare", "report",  "plot",      "export",
        "theory", "doctor", "advise", "whatif",  "record",  "explain"}) {
    EXPECT_NE(find_command(name), nullptr) << name;
  }
}

TEST(Help, every_command_and_option_is_explained) {
  EXPECT_THAT(program_help(), HasSubstr("usage: timeslice COMMAND"));
  for (const CommandSpec& command : command_table()) {
    EXPECT_THAT(program_help(), HasSubstr(std::string{command.name}));
    const std::string help = command_help(command.name);
    for (const OptionSpec& option : option_table()) {
      if (command.instead.empty() && belongs_to(option, command.name)) {
        EXPECT_THAT(help, HasSubstr("--" + std::string{option.name})) << command.name;
      }
    }
  }
}

TEST(Help, lines_fit_a_terminal_of_100_columns) {
  for (const CommandSpec& command : command_table()) {
    std::istringstream lines{command_help(command.name)};
    for (std::string line; std::getline(lines, line);) {
      EXPECT_LE(line.size(), 100U) << line;
    }
  }
}

TEST(Help, a_command_of_a_later_version_says_what_to_use) {
  EXPECT_THAT(command_help("advise"), HasSubstr("Instead: "));
}

TEST(ManPage, has_its_sections_and_every_option_escaped) {
  const std::string page = man_page("0.1.0");
  for (const char* section : {".TH TIMESLICE 1", ".SH NAME", ".SH SYNOPSIS", ".SH COMMANDS",
                              ".SH EXIT STATUS", ".SH ENVIRONMENT", ".SH FILES"}) {
    EXPECT_THAT(page, HasSubstr(section));
  }
  for (const OptionSpec& option : option_table()) {
    std::string name{option.name};
    for (std::size_t at = name.find('-'); at != std::string::npos; at = name.find('-', at + 2)) {
      name.insert(at, "\\");
    }
    EXPECT_THAT(page, HasSubstr("\\fB\\-\\-" + name + "\\fR"));
  }
}

TEST(ManPage, no_line_is_an_unknown_request) {
  std::istringstream lines{man_page("0.1.0")};
  for (std::string line; std::getline(lines, line);) {
    const bool request = line.starts_with('.');
    const bool known = line.starts_with(".TH") || line.starts_with(".SH") ||
                       line.starts_with(".SS") || line.starts_with(".TP") ||
                       line.starts_with(".PP");
    EXPECT_TRUE(!request || known) << line;
    EXPECT_FALSE(line.starts_with('\'')) << line;
  }
}

TEST(Completion, offers_every_command_and_option_to_both_shells) {
  for (const char* shell : {"bash", "zsh"}) {
    const std::string script = completion_script(shell);
    for (const CommandSpec& command : command_table()) {
      if (command.instead.empty()) {
        EXPECT_THAT(script, HasSubstr(std::string{command.name}));
      }
    }
    EXPECT_THAT(script, HasSubstr("--time-limit"));
    EXPECT_THAT(script, HasSubstr("auto always never"));
  }
}

}  // namespace
}  // namespace timeslice::tools
