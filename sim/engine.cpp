#include "sim/engine.hpp"

#include <algorithm>

namespace timeslice::sim {

namespace {

constexpr std::uint64_t poll_interval = std::uint64_t{1} << 16;

/// a + b, or the greatest number.
std::uint64_t add_capped(std::uint64_t a, std::uint64_t b) {
  return b > UINT64_MAX - a ? UINT64_MAX : a + b;
}

}  // namespace

TimerId Engine::add_timer(std::uint8_t kind, std::uint32_t argument, EventClass cls) {
  expect(cls < event_classes, "an event class is below 16");
  std::uint32_t index = free_timer_;
  if (index == nothing) {
    expect(timers_.size() < event_id_limit, "at most 2^24 timers at a time");
    index = static_cast<std::uint32_t>(timers_.size());
    timers_.emplace_back();
    queue_.prefetch_from(timers_.data(), sizeof(Timer));
  } else {
    free_timer_ = timers_[index].argument;
  }
  timers_[index] = {.argument = argument, .kind = kind, .cls = cls, .in_use = true};
  return TimerId{index};
}

void Engine::remove_timer(TimerId id) {
  cancel(id);
  Timer& removed = timer(id);
  removed.in_use = false;
  removed.argument = free_timer_;
  free_timer_ = static_cast<std::uint32_t>(id);
}

Instant Engine::due(TimerId id) const {
  const Timer& asked = timer(id);
  expect(asked.key != 0, "only an armed timer is due at some time");
  return instant(asked.time);
}

SlotId Engine::add_slot(std::uint8_t kind, std::uint32_t argument, EventClass cls) {
  expect(cls < event_classes, "an event class is below 16");
  const std::uint32_t index = slots_.add();
  slot_actions_.push_back({.argument = argument, .kind = kind, .cls = cls});
  return SlotId{index};
}

void Engine::clear_slot(SlotId id) {
  const auto index = static_cast<std::uint32_t>(id);
  expect(index < slot_actions_.size(), "a slot is used after it was added");
  slots_.set(index, no_event);
}

bool Engine::slot_set(SlotId id) const {
  const auto index = static_cast<std::uint32_t>(id);
  expect(index < slot_actions_.size(), "a slot is used after it was added");
  return slots_.at(index) != no_event;
}

Instant Engine::slot_due(SlotId id) const {
  expect(slot_set(id), "only a slot that is set is due at some time");
  return instant(slots_.at(static_cast<std::uint32_t>(id)).time);
}

void Engine::begin(const Limits& limits) {
  last_time_ = ticks(std::max(limits.time, now()));
  event_limit_ = add_capped(events_, limits.events);
  next_poll_ = events_ + poll_interval;
  progress_mark_ = events_;
  instant_mark_ = events_;
  stop_ = false;
  checkpoint_ = 0;
}

bool Engine::must_stop(const Limits& limits) {
  const std::uint64_t progress_end = add_capped(progress_mark_, limits.events_without_progress);
  const std::uint64_t instant_end = add_capped(instant_mark_, limits.events_at_one_instant);
  const bool poll = events_ >= next_poll_;
  if (poll) {
    next_poll_ = events_ + poll_interval;
  }
  if (stop_) {
    reason_ = StopReason::stopped;
  } else if (events_ >= event_limit_) {
    reason_ = StopReason::event_limit;
  } else if (events_ >= progress_end || events_ >= instant_end) {
    reason_ = StopReason::no_progress;
  } else if (poll && limits.give_up && limits.give_up()) {
    reason_ = StopReason::gave_up;
  } else {
    checkpoint_ = std::min({event_limit_, progress_end, instant_end, next_poll_});
    return false;
  }
  return true;
}

StopReason Engine::out_of_time(const Limits& limits) {
  const bool nothing_due = slots_.first() == no_event && queue_.top() == no_event;
  if (nothing_due) {
    return StopReason::drained;
  }
  now_ = std::max(now_, ticks(limits.time));
  return StopReason::time_limit;
}

void Engine::sweep() {
  queue_.sweep([this](const Event& event) { return timers_[event_id(event)].key == event.key; });
  stale_ = 0;
}

}  // namespace timeslice::sim
