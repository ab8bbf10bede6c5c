#include "tools/report/trace_text.hpp"

#include <string_view>

#include <fmt/format.h>

#include "models/trace_kinds.hpp"

namespace timeslice::tools {
namespace {

using models::TraceKind;

std::string_view kind_name(TraceKind kind) {
  switch (kind) {
    case TraceKind::thread_created:
      return "thread_created";
    case TraceKind::thread_exited:
      return "thread_exited";
    case TraceKind::ready:
      return "ready";
    case TraceKind::switch_in:
      return "switch_in";
    case TraceKind::switch_out:
      return "switch_out";
    case TraceKind::blocked:
      return "blocked";
    case TraceKind::migrated:
      return "migrated";
    case TraceKind::speed_changed:
      return "speed_changed";
    case TraceKind::gil_request:
      return "gil_request";
    case TraceKind::gil_take:
      return "gil_take";
    case TraceKind::gil_drop:
      return "gil_drop";
    case TraceKind::gil_wait:
      return "gil_wait";
    case TraceKind::lock_wait:
      return "lock_wait";
    case TraceKind::lock_taken:
      return "lock_taken";
    case TraceKind::lock_released:
      return "lock_released";
    case TraceKind::pipe_write:
      return "pipe_write";
    case TraceKind::pipe_read:
      return "pipe_read";
    case TraceKind::item_submitted:
      return "item_submitted";
    case TraceKind::item_started:
      return "item_started";
    case TraceKind::item_finished:
      return "item_finished";
    case TraceKind::item_readable:
      return "item_readable";
    case TraceKind::process_created:
      return "process_created";
    case TraceKind::process_exited:
      return "process_exited";
    case TraceKind::executor_started:
      return "executor_started";
    case TraceKind::executor_stopped:
      return "executor_stopped";
    case TraceKind::throttled:
      return "throttled";
    case TraceKind::unthrottled:
      return "unthrottled";
    case TraceKind::loop_turn:
      return "loop_turn";
    case TraceKind::coroutine_resumed:
      return "coroutine_resumed";
    case TraceKind::coroutine_left:
      return "coroutine_left";
  }
  return {};  // a kind that a newer model writes: shown by its number
}

std::string number_field(std::string_view name, std::uint32_t number) {
  return number == models::no_subject ? std::string{} : fmt::format(" {}={}", name, number);
}

}  // namespace

std::string trace_line(const sim::TraceRecord& record) {
  const auto kind = static_cast<TraceKind>(record.kind);
  std::string name{kind_name(kind)};
  if (name.empty()) {
    name = fmt::format("kind_{}", record.kind);
  }
  std::string text = fmt::format("{:>14} {:<16}", record.time_ns, name);
  if (record.cpu != models::no_cpu) {
    text += fmt::format(" cpu={}", record.cpu);
  }
  text += number_field("subject", record.subject) + number_field("object", record.object) +
          number_field("cause", record.cause);
  return text + fmt::format(" value={}", record.value);
}

}  // namespace timeslice::tools
