#include "models/world_slices.hpp"

#include <algorithm>

#include "models/os/dispatcher.hpp"
#include "models/os/policy.hpp"
#include "models/trace_kinds.hpp"

namespace timeslice::models {

namespace {

/// Whether a `ready` record is about a thread that could not run before.
bool is_wake(const sim::TraceRecord& record) {
  const auto reason = static_cast<EnqueueReason>(record.value);
  return reason == EnqueueReason::created || reason == EnqueueReason::woken;
}

sim::Instant at(const sim::TraceRecord& record) {
  return sim::Instant{sim::Duration{record.time_ns}};
}

}  // namespace

void SliceRecorder::write(const sim::TraceRecord& record) {
  hear(record);
  if (next_ != nullptr) {
    next_->write(record);
  }
}

SliceRecorder::ThreadState& SliceRecorder::of(std::uint32_t thread) {
  if (thread >= threads_.size()) {
    threads_.resize(thread + 1);
  }
  return threads_[thread];
}

void SliceRecorder::hear(const sim::TraceRecord& record) {
  const sim::Instant now = at(record);
  switch (static_cast<TraceKind>(record.kind)) {
    case TraceKind::ready:
      if (is_wake(record)) {
        wakes_.push_back({.thread = ThreadId{record.subject}, .waker = record.cause, .at = now});
      }
      change(record.subject, SliceState::ready, -1, now);
      break;
    case TraceKind::switch_in:
      change(record.subject, SliceState::running, record.cpu, now);
      break;
    case TraceKind::switch_out:
      if (record.value == out_exited) {
        close(record.subject, now);
      } else {
        change(record.subject,
               record.value == out_blocked ? SliceState::blocked : SliceState::ready, -1, now);
      }
      break;
    case TraceKind::gil_wait:
    case TraceKind::gil_take:
    case TraceKind::gil_drop:
      hear_gil(record);
      break;
    default:
      break;
  }
}

void SliceRecorder::hear_gil(const sim::TraceRecord& record) {
  const std::uint32_t thread = record.subject;
  const auto kind = static_cast<TraceKind>(record.kind);
  if (kind == TraceKind::gil_drop) {
    end_hold(thread, at(record));
    return;
  }
  of(thread).wants_gil = kind == TraceKind::gil_wait;
  if (kind == TraceKind::gil_take) {
    open_holds_.resize(std::max<std::size_t>(open_holds_.size(), thread + std::size_t{1}));
    open_holds_[thread] = {.exists = true, .process = record.object, .since = at(record)};
  }
}

void SliceRecorder::end_hold(std::uint32_t thread, sim::Instant now) {
  if (thread >= open_holds_.size() || !open_holds_[thread].exists) {
    return;
  }
  OpenHold& open = open_holds_[thread];
  open.exists = false;
  if (open.since < now) {
    holds_.push_back(
        {.process = open.process, .thread = ThreadId{thread}, .start = open.since, .end = now});
  }
}

void SliceRecorder::change(std::uint32_t thread, SliceState state, std::int32_t cpu,
                           sim::Instant now) {
  ThreadState& known = of(thread);
  const bool for_gil = known.wants_gil && state != SliceState::running;
  const SliceState shown = for_gil ? SliceState::gil_wait : state;
  if (known.exists && known.state == shown && known.cpu == cpu) {
    return;
  }
  close(thread, now);
  ThreadState& changed = of(thread);
  changed.exists = true;
  changed.state = shown;
  changed.cpu = cpu;
  changed.since = now;
}

void SliceRecorder::close(std::uint32_t thread, sim::Instant now) {
  ThreadState& known = of(thread);
  if (known.exists && known.since < now) {
    slices_.push_back({.thread = ThreadId{thread},
                       .cpu = known.cpu,
                       .start = known.since,
                       .end = now,
                       .state = known.state});
  }
  known.exists = false;
}

std::vector<SliceRecorder::Slice> SliceRecorder::finish(sim::Instant now) {
  for (std::uint32_t thread = 0; thread < threads_.size(); ++thread) {
    close(thread, now);
  }
  for (std::uint32_t thread = 0; thread < open_holds_.size(); ++thread) {
    end_hold(thread, now);
  }
  return slices_;
}

}  // namespace timeslice::models
