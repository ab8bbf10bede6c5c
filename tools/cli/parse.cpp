#include "tools/cli/parse.hpp"

#include <algorithm>
#include <memory>
#include <utility>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "scenarios/format/suggest.hpp"
#include "tools/cli/command_table.hpp"

namespace timeslice::tools {
namespace {

// The CLI11 options of one command, with the place their values go to.
struct Level {
  CLI::App* app = nullptr;
  std::string command;
  std::vector<std::pair<const OptionSpec*, CLI::Option*>> options;
  CLI::Option* operands = nullptr;
};

std::string forms(const OptionSpec& option) {
  std::string text = option.letter == '\0' ? "" : fmt::format("-{},", option.letter);
  return text + "--" + std::string{option.name};
}

// Values are read back as text, so one sink serves all.
using Sink = std::vector<std::string>;

void add_options(Level& level, Sink& sink) {
  for (const OptionSpec& option : option_table()) {
    const bool here = level.command.empty() ? option.commands == "*" || option.commands.empty()
                                            : belongs_to(option, level.command);
    if (!here) {
      continue;
    }
    CLI::Option* added = option.kind == ValueKind::flag
                             ? level.app->add_flag(forms(option))
                             : level.app->add_option(forms(option), sink);
    if (option.kind != ValueKind::flag) {
      added->expected(1)->allow_extra_args(false);
    }
    added->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
    level.options.emplace_back(&option, added);
  }
  if (!level.command.empty()) {
    level.operands = level.app->add_option("operands", sink)->expected(0, -1);
  }
}

sim::Error usage(std::string what, std::string advice) {
  return sim::Error{.where = {}, .what = std::move(what), .advice = std::move(advice)};
}

std::vector<std::string> command_names() {
  std::vector<std::string> names;
  for (const CommandSpec& command : command_table()) {
    names.emplace_back(command.name);
  }
  return names;
}

sim::Error unknown_command(const std::string& word) {
  return usage(fmt::format("there is no command '{}'", word),
               scenarios::suggestion(word, command_names()));
}

sim::Error unknown_option(const std::string& word, const std::string& command) {
  const std::string bare = word.substr(0, word.find('='));
  std::vector<std::string> known;
  for (const OptionSpec& option : option_table()) {
    if (command.empty() ? option.commands == "*" || option.commands.empty()
                        : belongs_to(option, command)) {
      known.push_back("--" + std::string{option.name});
    }
  }
  const OptionSpec* elsewhere = bare.starts_with("--") ? find_option(bare.substr(2)) : nullptr;
  if (elsewhere != nullptr && !words(elsewhere->commands).empty()) {
    return usage(fmt::format("'{}' does not take the option {}",
                             command.empty() ? "timeslice" : "timeslice " + command, bare),
                 fmt::format("it belongs to: {}", elsewhere->commands == "*"
                                                      ? "every command"
                                                      : std::string{elsewhere->commands}));
  }
  return usage(fmt::format("there is no option '{}'{}", bare,
                           command.empty() ? "" : " of 'timeslice " + command + "'"),
               scenarios::suggestion(bare, known, 40));
}

// CLI11's exceptions, in our words.
sim::Error translated(const CLI::ParseError& problem) {
  return usage(problem.what(), "see `timeslice --help`, or --help of the command");
}

// A command's first word may be misspelt: CLI11 then leaves it over.
std::optional<sim::Error> leftovers(const Level& level) {
  for (const std::string& word : level.app->remaining()) {
    if (word.starts_with('-') && word != "-" && word != "--") {
      return unknown_option(word, level.command);
    }
    return level.command.empty() ? unknown_command(word)
                                 : usage(fmt::format("unexpected word '{}'", word), "leave it out");
  }
  return std::nullopt;
}

std::optional<sim::Error> check_texts(const OptionSpec& option,
                                      const std::vector<std::string>& texts) {
  const std::string shown = "--" + std::string{option.name};
  if (texts.size() > 1 && !option.repeatable) {
    return usage(fmt::format("{} is given {} times", shown, texts.size()), "give it once");
  }
  for (const std::string& text : texts) {
    if (text.starts_with("--") && find_option(text.substr(2)) != nullptr) {
      return usage(fmt::format("{} needs a value, but {} follows", shown, text),
                   fmt::format("write {} {}", shown, option.argument));
    }
    if (const auto good = check_value(option, text); !good) {
      return sim::Error{.where = shown, .what = good.error().what, .advice = good.error().advice};
    }
  }
  return std::nullopt;
}

std::optional<sim::Error> take_values(const Level& level, Arguments& arguments) {
  for (const auto& [option, parsed] : level.options) {
    if (parsed->count() == 0) {
      continue;
    }
    const std::string name{option->name};
    OptionValue value{.texts = {}, .origin = "--" + name};
    if (option->kind != ValueKind::flag) {
      value.texts = parsed->results();
    }
    if (const auto problem = check_texts(*option, value.texts)) {
      return problem;
    }
    arguments.options.insert_or_assign(name, std::move(value));
  }
  return std::nullopt;
}

std::optional<sim::Error> check_operands(const Arguments& arguments) {
  const CommandSpec* command = find_command(arguments.command);
  if (command == nullptr || arguments.has("help") || !command->instead.empty()) {
    return std::nullopt;
  }
  const std::size_t given = arguments.operands.size();
  const std::string example = fmt::format("for example: {}", command->example);
  if (given < command->operands_min) {
    return usage(
        fmt::format("'timeslice {}' needs {}", command->name, command->operands[given].name),
        example);
  }
  if (given > command->operands_max) {
    return usage(fmt::format("unexpected word '{}'", arguments.operands[command->operands_max]),
                 example);
  }
  return std::nullopt;
}

std::string joined(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) {
    const bool plain = !word.empty() && word.find_first_of(" \t\n'\"$") == std::string::npos;
    text += (text.empty() ? "" : " ") + (plain ? word : "'" + word + "'");
  }
  return text;
}

void build(CLI::App& app, std::vector<Level>& levels, Sink& sink) {
  app.set_help_flag("");
  app.allow_extras();
  app.require_subcommand(0, 1);
  levels.push_back({.app = &app, .command = {}, .options = {}, .operands = nullptr});
  for (const CommandSpec& command : command_table()) {
    CLI::App* sub = app.add_subcommand(std::string{command.name});
    sub->set_help_flag("");
    sub->allow_extras();
    levels.push_back(
        {.app = sub, .command = std::string{command.name}, .options = {}, .operands = nullptr});
  }
  for (Level& level : levels) {
    add_options(level, sink);
  }
}

}  // namespace

namespace {

// CLI11 gives what follows `--` to the program, not to its command. Only files begin with a dash
// there: as ./-name they need no `--`.
std::vector<std::string> without_end_mark(const std::vector<std::string>& words) {
  const auto mark = std::ranges::find(words, "--");
  std::vector<std::string> plain{words.begin(), mark};
  if (mark == words.end()) {
    return plain;
  }
  for (auto word = mark + 1; word != words.end(); ++word) {
    plain.push_back(word->size() > 1 && word->front() == '-' ? "./" + *word : *word);
  }
  return plain;
}

}  // namespace

sim::Result<Arguments> parse_words(const std::vector<std::string>& words) {
  CLI::App app;
  std::vector<Level> levels;
  Sink sink;
  build(app, levels, sink);
  Arguments arguments;
  arguments.typed = joined(words);
  try {
    const std::vector<std::string> plain = without_end_mark(words);
    app.parse(std::vector<std::string>{plain.rbegin(), plain.rend()});  // CLI11 reads from the back
  } catch (const CLI::ParseError& problem) {
    return translated(problem);
  }
  for (const Level& level : levels) {
    if (!level.command.empty() && !app.got_subcommand(level.app)) {
      continue;
    }
    if (const auto problem = leftovers(level)) {
      return *problem;
    }
    if (const auto problem = take_values(level, arguments)) {
      return *problem;
    }
    if (!level.command.empty()) {
      arguments.command = level.command;
      arguments.operands = level.operands->results();
    }
  }
  if (const auto problem = check_operands(arguments)) {
    return *problem;
  }
  return arguments;
}

sim::Result<Arguments> with_settings(Arguments arguments, std::span<const Setting> settings) {
  for (const Setting& setting : settings) {
    const OptionSpec* option = find_option(setting.option);
    if (option == nullptr || arguments.has(setting.option) ||
        !belongs_to(*option, arguments.command)) {
      continue;
    }
    if (const auto good = check_value(*option, setting.value); !good) {
      return sim::Error{
          .where = setting.origin, .what = good.error().what, .advice = good.error().advice};
    }
    arguments.options.emplace(setting.option,
                              OptionValue{.texts = {setting.value}, .origin = setting.origin});
  }
  return arguments;
}

}  // namespace timeslice::tools
