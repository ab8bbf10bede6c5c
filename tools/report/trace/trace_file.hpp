// A run's timeline in one of the formats that other programs read.
#pragma once

#include <optional>
#include <string_view>

#include "models/work/timings.hpp"
#include "tools/report/trace/byte_sink.hpp"

namespace timeslice::tools {

enum class TraceFormat { perfetto, json, ftrace, csv };

/// perfetto, json, ftrace or csv.
[[nodiscard]] std::optional<TraceFormat> trace_format_named(std::string_view name);

/// By what a file's name ends with: .pftrace and .perfetto-trace, .json, .ftrace, .csv.
[[nodiscard]] std::optional<TraceFormat> trace_format_of_file(std::string_view file);

/// What `run` does not hold (tasks, wake-ups) is left out.
void write_timeline(TraceFormat format, const models::Timings& run, const ByteSink& sink);

}  // namespace timeslice::tools
