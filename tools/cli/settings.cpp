#include "tools/cli/settings.hpp"

#include <algorithm>
#include <cstddef>
#include <filesystem>
#include <utility>

#include <fmt/format.h>

#include "scenarios/format/suggest.hpp"
#include "tools/cli/option_table.hpp"
#include "tools/cli/text_file.hpp"

namespace timeslice::tools {
namespace {

constexpr std::size_t settings_bytes_max = 64 << 10;

std::string_view trimmed(std::string_view text) {
  const std::size_t begin = text.find_first_not_of(" \t\r");
  if (begin == std::string_view::npos) {
    return {};
  }
  return text.substr(begin, text.find_last_not_of(" \t\r") - begin + 1);
}

// The line without its comment: `#` at the start or after a blank, outside quotes.
std::string_view without_comment(std::string_view line) {
  char quote = '\0';
  for (std::size_t at = 0; at < line.size(); ++at) {
    const char c = line[at];
    if (quote != '\0') {
      quote = c == quote ? '\0' : quote;
    } else if (c == '"' || c == '\'') {
      quote = c;
    } else if (c == '#' && (at == 0 || line[at - 1] == ' ' || line[at - 1] == '\t')) {
      return line.substr(0, at);
    }
  }
  return line;
}

std::string_view unquoted(std::string_view value) {
  const bool quoted = value.size() >= 2 && (value.front() == '"' || value.front() == '\'') &&
                      value.back() == value.front();
  return quoted ? value.substr(1, value.size() - 2) : value;
}

std::vector<std::string> setting_names() {
  std::vector<std::string> names;
  for (const OptionSpec& option : option_table()) {
    if (option.setting) {
      names.emplace_back(option.name);
    }
  }
  return names;
}

sim::Result<Setting> parse_line(std::string_view line, const std::string& origin) {
  const std::size_t colon = line.find(':');
  const bool flat = colon != std::string_view::npos && line.front() != ' ' &&
                    line.front() != '\t' && line.front() != '-';
  const std::string_view value = flat ? trimmed(line.substr(colon + 1)) : std::string_view{};
  if (!flat || value.empty() ||
      std::string_view{"{[|>&*!"}.find(value.front()) != std::string::npos) {
    return sim::Error{.where = origin,
                      .what = "a settings file has one `name: value` a line",
                      .advice = "write for example `jobs: 4`"};
  }
  const std::string name{trimmed(line.substr(0, colon))};
  const auto known = setting_names();
  if (name != "timeslice" && std::ranges::find(known, name) == known.end()) {
    return sim::Error{.where = origin,
                      .what = fmt::format("there is no setting '{}'", name),
                      .advice = scenarios::suggestion(name, known, 40)};
  }
  return Setting{.option = name, .value = std::string{unquoted(value)}, .origin = origin};
}

// The user's settings file by the XDG base directory rules.
std::string user_file(const Environment& environment) {
  const auto config = environment("XDG_CONFIG_HOME");
  if (config && config->starts_with('/')) {
    return *config + "/timeslice/config.yaml";
  }
  const auto home = environment("HOME");
  return home && !home->empty() ? *home + "/.config/timeslice/config.yaml" : std::string{};
}

sim::Result<bool> append_file(const std::string& path, std::vector<Setting>& settings) {
  std::error_code problem;
  if (path.empty() || !std::filesystem::is_regular_file(path, problem)) {
    return false;
  }
  const auto text = read_text_file(path, settings_bytes_max);
  if (!text) {
    return text.error();
  }
  const auto parsed = parse_settings(text.value(), path);
  if (!parsed) {
    return parsed.error();
  }
  settings.insert(settings.end(), parsed.value().begin(), parsed.value().end());
  return true;
}

}  // namespace

sim::Result<std::vector<Setting>> parse_settings(std::string_view text, const std::string& name) {
  std::vector<Setting> settings;
  std::size_t number = 0;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = without_comment(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
    ++number;
    if (trimmed(line).empty() || (settings.empty() && trimmed(line) == "---")) {
      continue;
    }
    if (settings.empty() && line.starts_with("timeslice:")) {
      return std::vector<Setting>{};  // a scenario that happens to have this name
    }
    const std::string origin = fmt::format("{}:{}", name, number);
    auto setting = parse_line(line, origin);
    if (!setting) {
      return setting.error();
    }
    if (std::ranges::find(settings, setting.value().option, &Setting::option) != settings.end()) {
      return sim::Error{.where = origin,
                        .what = fmt::format("'{}' is set twice", setting.value().option),
                        .advice = "keep one of the lines"};
    }
    settings.push_back(std::move(setting).value());
  }
  return settings;
}

std::vector<Setting> settings_from_environment(const Environment& environment) {
  std::vector<Setting> settings;
  for (const std::string& name : setting_names()) {
    const std::string variable = environment_name(name);
    const auto value = environment(variable);
    if (value && !value->empty()) {
      settings.push_back({.option = name, .value = *value, .origin = variable});
    }
  }
  return settings;
}

sim::Result<std::vector<Setting>> all_settings(const Environment& environment) {
  std::vector<Setting> settings = settings_from_environment(environment);
  for (const std::string& path : {std::string{"timeslice.yaml"}, user_file(environment)}) {
    if (const auto done = append_file(path, settings); !done) {
      return done.error();
    }
  }
  return settings;
}

}  // namespace timeslice::tools
