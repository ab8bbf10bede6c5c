#include "tools/report/trace/timeline_csv.hpp"

#include <iterator>
#include <string>

#include <fmt/format.h>

#include "tools/store/names.hpp"

namespace timeslice::tools {
namespace {

std::int64_t instant_ns(sim::Instant time) {
  return time.time_since_epoch().count();
}

/// RFC 4180: in quotes where it must be.
std::string field(const std::string& text) {
  if (text.find_first_of(",\"\r\n") == std::string::npos) {
    return text;
  }
  std::string quoted = "\"";
  for (const char c : text) {
    quoted += c == '"' ? "\"\"" : std::string(1, c);
  }
  return quoted + '"';
}

}  // namespace

void write_timeline_csv(const models::Timings& run, const ByteSink& sink) {
  Chunks chunks{sink};
  chunks.text() +=
      "record,entity,start_ns,end_ns,cpu,state,item,partner,executor,submitted_ns,readable_ns\n";
  const auto out = std::back_inserter(chunks.text());
  for (const models::SliceTiming& slice : run.slices) {
    const std::string cpu = slice.cpu < 0 ? "" : std::to_string(slice.cpu);
    fmt::format_to(out, "slice,{},{},{},{},{},,,,,\n", field(slice.thread), instant_ns(slice.start),
                   instant_ns(slice.end), cpu, state_name(slice.state));
    chunks.flush_if_full();
  }
  for (const models::TaskTiming& task : run.tasks) {
    fmt::format_to(out, "task,{},{},{},,,{},{},{},{},{}\n", field(task.task),
                   instant_ns(task.started), instant_ns(task.finished), task.item,
                   field(task.worker), field(task.executor), instant_ns(task.submitted),
                   instant_ns(task.readable));
    chunks.flush_if_full();
  }
  for (const models::WakeTiming& wake : run.wakes) {
    fmt::format_to(out, "wake,{},{},{},,,,{},,,\n", field(wake.thread), instant_ns(wake.at),
                   instant_ns(wake.at), field(wake.waker));
    chunks.flush_if_full();
  }
  for (const models::GilHoldTiming& hold : run.gil_holds) {
    fmt::format_to(out, "gil,{},{},{},,,,{},,,\n", field(hold.process), instant_ns(hold.start),
                   instant_ns(hold.end), field(hold.thread));
    chunks.flush_if_full();
  }
  chunks.end();
}

}  // namespace timeslice::tools
