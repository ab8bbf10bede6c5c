// Small files of the kernel, read and written whole, and what /proc says about threads.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace timeslice::validation {

/// At most 64 KiB; nothing if it cannot be read.
[[nodiscard]] std::optional<std::string> read_file(const std::string& path);
/// Opens it truncated and writes `text` at once; 0 or an errno.
[[nodiscard]] int write_file(const std::string& path, const std::string& text);

/// When a process started, in clock ticks after the host's start; nothing: there is none.
[[nodiscard]] std::optional<std::uint64_t> start_time_of(std::int32_t process);
/// Numbers of the processes that threads of `process` made and that live.
[[nodiscard]] std::vector<std::int32_t> children_of(std::int32_t process);
/// Numbers of its threads.
[[nodiscard]] std::vector<std::int32_t> threads_of(std::int32_t process);

}  // namespace timeslice::validation
