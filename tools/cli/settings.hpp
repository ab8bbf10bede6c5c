// Settings: options that a user or a project fixes once, instead of typing them each time.
//
// A settings file is a flat map, one `name: value` a line, names as on the command line. Nothing
// else of YAML is read: anything but such lines, blank lines and comments is an error with its
// line.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sim/result.hpp"

namespace timeslice::tools {

struct Setting {
  std::string option;
  std::string value;
  std::string origin;  // "TIMESLICE_JOBS", "timeslice.yaml:3"
};

/// The settings in `text`; `name` stands for the file in errors. A file whose first key is
/// `timeslice` is a scenario, not settings: it yields none.
[[nodiscard]] sim::Result<std::vector<Setting>> parse_settings(std::string_view text,
                                                               const std::string& name);

using Environment = std::function<std::optional<std::string>(const std::string& name)>;

/// What the TIMESLICE_* variables say about options that may be set so.
[[nodiscard]] std::vector<Setting> settings_from_environment(const Environment& environment);

/// All settings, the strongest first: environment, ./timeslice.yaml, the user's file.
[[nodiscard]] sim::Result<std::vector<Setting>> all_settings(const Environment& environment);

}  // namespace timeslice::tools
