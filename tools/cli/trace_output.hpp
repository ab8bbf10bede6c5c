// A trace on its way into a file or to stdout.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "sim/result.hpp"
#include "tools/report/trace/byte_sink.hpp"

namespace timeslice::tools {

/// Replaces `file` ("-": stdout) by what `write` hands to its sink; what went wrong, if anything.
[[nodiscard]] std::optional<sim::Error> write_to_file(
    const std::string& file, const std::function<void(const ByteSink&)>& write);

}  // namespace timeslice::tools
