// Whole files and streams in and out as text, with errors that name the way out.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "sim/result.hpp"

namespace timeslice::tools {

/// The bytes of a file, pipe or terminal. Refused: what is missing, a directory, a device,
/// unreadable or larger than `bytes_max`.
[[nodiscard]] sim::Result<std::string> read_text_file(const std::string& path,
                                                      std::size_t bytes_max);

/// Standard input until its end.
[[nodiscard]] sim::Result<std::string> read_stdin(std::size_t bytes_max);

/// A file that must not be written over: an SQLite database, most likely the one that was read.
[[nodiscard]] std::optional<sim::Error> refuse_database(const std::string& path);

/// Replaces the file by `text`; what went wrong, if anything did.
[[nodiscard]] std::optional<sim::Error> write_text_file(const std::string& path,
                                                        std::string_view text);

}  // namespace timeslice::tools
