#include "tools/report/trace/trace_file.hpp"

#include <array>
#include <utility>

#include "tools/report/trace/chrome_json.hpp"
#include "tools/report/trace/ftrace_text.hpp"
#include "tools/report/trace/perfetto.hpp"
#include "tools/report/trace/timeline_csv.hpp"
#include "tools/report/trace/track_model.hpp"

namespace timeslice::tools {
namespace {

using Entry = std::pair<std::string_view, TraceFormat>;

constexpr std::array names{Entry{"perfetto", TraceFormat::perfetto},
                           Entry{"json", TraceFormat::json}, Entry{"ftrace", TraceFormat::ftrace},
                           Entry{"csv", TraceFormat::csv}};
constexpr std::array suffixes{
    Entry{".pftrace", TraceFormat::perfetto}, Entry{".perfetto-trace", TraceFormat::perfetto},
    Entry{".json", TraceFormat::json}, Entry{".ftrace", TraceFormat::ftrace},
    Entry{".csv", TraceFormat::csv}};

}  // namespace

std::optional<TraceFormat> trace_format_named(std::string_view name) {
  for (const auto& [known, format] : names) {
    if (known == name) {
      return format;
    }
  }
  return std::nullopt;
}

std::optional<TraceFormat> trace_format_of_file(std::string_view file) {
  for (const auto& [suffix, format] : suffixes) {
    if (file.ends_with(suffix)) {
      return format;
    }
  }
  return std::nullopt;
}

void write_timeline(TraceFormat format, const models::Timings& run, const ByteSink& sink) {
  switch (format) {
    case TraceFormat::perfetto:
      return write_perfetto(track_model(run), sink);
    case TraceFormat::json:
      return write_chrome_json(track_model(run), sink);
    case TraceFormat::ftrace:
      return write_ftrace(run, sink);
    case TraceFormat::csv:
      return write_timeline_csv(run, sink);
  }
}

}  // namespace timeslice::tools
