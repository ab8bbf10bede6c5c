// Words of a command line -> Arguments. The only user of CLI11.
//
// Precedence of an option's value: flag, TIMESLICE_* variable, ./timeslice.yaml, the user's
// settings file ($XDG_CONFIG_HOME/timeslice/config.yaml), built-in.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "sim/result.hpp"
#include "tools/cli/arguments.hpp"
#include "tools/cli/settings.hpp"

namespace timeslice::tools {

/// `words`: without the program's name. Misspelt commands and options get a suggestion.
[[nodiscard]] sim::Result<Arguments> parse_words(const std::vector<std::string>& words);

/// Adds what environment and settings files say about options that are not given.
[[nodiscard]] sim::Result<Arguments> with_settings(Arguments arguments,
                                                   std::span<const Setting> settings);

}  // namespace timeslice::tools
