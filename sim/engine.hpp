// The clock of a run and its loop: what is due next, in one total order, until a limit.
//
// Three sources of events are merged by (time, class, sequence): timers in the event queue, one
// slot for each CPU (a store to re-arm), and a FIFO of what is due now. An event is a small kind
// and an argument; the handler that is given to run() knows what they mean. No virtual call and
// no allocation per event. Costs about 10 to 40 ns an event (bench/). The engine is a value: many
// may live in one process, each used by one thread at a time. It reads no real clock.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <vector>

#include "sim/due_fifo.hpp"
#include "sim/event.hpp"
#include "sim/event_queue.hpp"
#include "sim/expect.hpp"
#include "sim/frame_pool.hpp"
#include "sim/slot_tree.hpp"
#include "sim/time.hpp"

namespace timeslice::sim {

/// A timer of the event queue. Reused after remove_timer().
enum class TimerId : std::uint32_t {};

/// A place that holds at most one event and is set over and over: one for each CPU.
enum class SlotId : std::uint32_t {};

/// What to do. The meaning is the owner's.
struct Due {
  std::uint8_t kind = 0;
  std::uint32_t argument = 0;
};

/// When to stop although something is still due. Default: never, except for an endless loop
/// within one instant.
struct Limits {
  Instant time = Instant::max();  // events at this very instant still happen
  std::uint64_t events = UINT64_MAX;
  /// Watchdog: events since the last note_progress().
  std::uint64_t events_without_progress = UINT64_MAX;
  /// Watchdog: events without the clock moving.
  std::uint64_t events_at_one_instant = 10'000'000;
  /// Asked once every 2^16 events; true stops the run. For wall-clock limits and Ctrl-C.
  std::function<bool()> give_up{};
};

enum class StopReason : std::uint8_t {
  drained,      // nothing is due any more
  time_limit,   // the clock stands at Limits::time; run() again continues
  event_limit,  // Limits::events more events were handled in this run()
  gave_up,      // Limits::give_up said so
  no_progress,  // one of the two watchdogs
  stopped,      // stop() was called
};

class Engine {
 public:
  explicit Engine(EventQueue::Tier tier = EventQueue::Tier::adaptive) : queue_{tier} {}
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;

  [[nodiscard]] Instant now() const { return instant(now_); }
  /// Events handled since the engine was made.
  [[nodiscard]] std::uint64_t events() const { return events_; }
  [[nodiscard]] FramePool& frame_pool() { return frames_; }

  // Timers: up to 2^24 at a time.

  /// A new timer, not armed. Requires: cls < 16.
  [[nodiscard]] TimerId add_timer(std::uint8_t kind, std::uint32_t argument, EventClass cls);
  /// Cancels the timer and frees its id for the next add_timer().
  void remove_timer(TimerId id);
  /// Sets the timer to fire once at `when`, instead of when it was to fire before.
  /// Requires: when >= now().
  void arm(TimerId id, Instant when);
  void cancel(TimerId id);
  [[nodiscard]] bool armed(TimerId id) const { return timer(id).key != 0; }
  /// When it will fire. Requires: it is armed.
  [[nodiscard]] Instant due(TimerId id) const;

  // Slots: for a few tens or hundreds of owners, added once.

  /// A new slot, not set. Requires: cls < 16.
  [[nodiscard]] SlotId add_slot(std::uint8_t kind, std::uint32_t argument, EventClass cls);
  /// Requires: when >= now().
  void set_slot(SlotId id, Instant when);
  void clear_slot(SlotId id);
  [[nodiscard]] bool slot_set(SlotId id) const;
  /// When it will fire. Requires: it is set.
  [[nodiscard]] Instant slot_due(SlotId id) const;

  /// Something due at this instant, after what is due already in this class. Requires: cls < 16.
  void post(std::uint8_t kind, std::uint32_t argument, EventClass cls) {
    expect(cls < event_classes, "an event class is below 16");
    posted_.push(cls,
                 {.key = event_key(cls, next_sequence(), 0), .argument = argument, .kind = kind});
  }

  /// Tells the watchdog that the run is getting somewhere.
  void note_progress() { progress_mark_ = events_; }
  /// Ends run() after the present event.
  void stop() {
    stop_ = true;
    checkpoint_ = 0;
  }

  /// Hands what is due to handler.handle(Due), in order, until nothing is due or a limit is met.
  template <typename Handler>
  StopReason run(Handler& handler, const Limits& limits) {
    begin(limits);
    while (true) {
      if (events_ >= checkpoint_ && must_stop(limits)) [[unlikely]] {
        return reason_;
      }
      Due due;
      if (!take_next(due)) {
        return out_of_time(limits);
      }
      handler.handle(due);
      settle_slot();
    }
  }

 private:
  static constexpr unsigned event_classes = 1U << event_class_bits;
  static constexpr std::uint32_t nothing = 0xffffffff;

  // 32 bytes: two to a cache line, all that an event touches of its timer.
  struct alignas(32) Timer {
    std::uint64_t time = 0;
    std::uint64_t key = 0;       // of the live event; 0: not armed
    std::uint32_t argument = 0;  // of a removed timer: the next removed one
    std::uint8_t kind = 0;
    EventClass cls = 0;
    bool in_use = false;
  };
  struct Slot {
    std::uint32_t argument = 0;
    std::uint8_t kind = 0;
    EventClass cls = 0;
  };

  static constexpr Instant instant(std::uint64_t time) {
    return Instant{Duration{static_cast<std::int64_t>(time)}};
  }
  static std::uint64_t ticks(Instant when) {
    return static_cast<std::uint64_t>(when.time_since_epoch().count());
  }
  [[nodiscard]] std::uint64_t ticks_from_now(Instant when) const {
    const std::uint64_t time = ticks(when);
    expect(time >= now_ && when.time_since_epoch().count() >= 0, "an event is not in the past");
    return time;
  }

  std::uint64_t next_sequence() {
    expect(sequence_ < event_sequence_limit, "a run arms fewer than 2^36 events");
    return sequence_++;
  }

  [[nodiscard]] const Timer& timer(TimerId id) const {
    const auto index = static_cast<std::uint32_t>(id);
    expect(index < timers_.size() && timers_[index].in_use, "a timer is used while it exists");
    return timers_[index];
  }
  [[nodiscard]] Timer& timer(TimerId id) {
    const Engine& self = *this;
    return const_cast<Timer&>(self.timer(id));
  }

  void drop_event(Timer& timer) {
    timer.key = 0;
    ++stale_;
    if (stale_ > sweep_from && 2 * stale_ > queue_.size()) [[unlikely]] {
      sweep();
    }
  }

  void begin(const Limits& limits);
  /// Looks at all limits and sets the next checkpoint, or reason_.
  bool must_stop(const Limits& limits);
  StopReason out_of_time(const Limits& limits);
  void sweep();

  /// Takes the first event off its source and sets the clock. False: nothing up to last_time_.
  bool take_next(Due& due);
  void take_posted(Due& due);
  void take_slot(const Event& event, Due& due);
  void take_queued(const Event& event, Due& due);
  void advance_to(std::uint64_t time) {
    instant_mark_ = time == now_ ? instant_mark_ : events_;
    now_ = time;
    ++events_;
  }
  /// Gives the slot that fired its new place, unless the handler has set it already.
  void settle_slot() {
    if (open_slot_ != nothing) {
      slots_.set(open_slot_, no_event);
      open_slot_ = nothing;
    }
  }

  static constexpr std::size_t sweep_from = 64;

  std::uint64_t now_ = 0;
  std::uint64_t events_ = 0;
  std::uint64_t checkpoint_ = 0;  // at this many events must_stop() looks at all limits
  std::uint64_t last_time_ = 0;   // of this run()
  std::uint64_t sequence_ = 1;    // 0 is kept out, so that no key is 0
  std::uint64_t progress_mark_ = 0;
  std::uint64_t instant_mark_ = 0;
  std::uint64_t event_limit_ = 0;
  std::uint64_t next_poll_ = 0;
  bool stop_ = false;
  StopReason reason_ = StopReason::drained;
  std::uint32_t open_slot_ = nothing;  // fired, and not yet given its new place
  EventQueue queue_;
  std::size_t stale_ = 0;  // events in the queue that were cancelled or armed anew
  std::vector<Timer> timers_;
  std::uint32_t free_timer_ = nothing;
  SlotTree slots_;
  std::vector<Slot> slot_actions_;
  DueFifo posted_;
  FramePool frames_;
};

inline void Engine::arm(TimerId id, Instant when) {
  const std::uint64_t time = ticks_from_now(when);
  Timer& armed_timer = timer(id);
  if (armed_timer.key != 0) {
    drop_event(armed_timer);
  }
  armed_timer.time = time;
  armed_timer.key = event_key(armed_timer.cls, next_sequence(), static_cast<std::uint32_t>(id));
  queue_.push({.time = time, .key = armed_timer.key});
}

inline void Engine::cancel(TimerId id) {
  Timer& cancelled = timer(id);
  if (cancelled.key != 0) {
    drop_event(cancelled);
  }
}

inline void Engine::set_slot(SlotId id, Instant when) {
  const std::uint64_t time = ticks_from_now(when);
  const auto index = static_cast<std::uint32_t>(id);
  expect(index < slot_actions_.size(), "a slot is used after it was added");
  if (open_slot_ == index) {
    open_slot_ = nothing;
  }
  slots_.set(index,
             {.time = time, .key = event_key(slot_actions_[index].cls, next_sequence(), index)});
}

inline bool Engine::take_next(Due& due) {
  while (true) {
    const Event& slot = slots_.first();
    const Event queued = queue_.top();
    const bool from_queue = before(queued, slot);
    const Event first = from_queue ? queued : slot;
    if (!posted_.empty() && before({.time = now_, .key = posted_.front().key}, first)) {
      take_posted(due);
      return true;
    }
    if (from_queue && timers_[event_id(first)].key != first.key) {
      queue_.pop();
      --stale_;
      continue;
    }
    if (first.time > last_time_) {
      return false;
    }
    from_queue ? take_queued(first, due) : take_slot(first, due);
    return true;
  }
}

inline void Engine::take_posted(Due& due) {
  const DueFifo::Entry& entry = posted_.front();
  due = {.kind = entry.kind, .argument = entry.argument};
  posted_.pop();
  advance_to(now_);
}

inline void Engine::take_slot(const Event& event, Due& due) {
  open_slot_ = event_id(event);
  slots_.take_first(open_slot_);
  const Slot& slot = slot_actions_[open_slot_];
  due = {.kind = slot.kind, .argument = slot.argument};
  advance_to(event.time);
}

inline void Engine::take_queued(const Event& event, Due& due) {
  Timer& fired = timers_[event_id(event)];
  queue_.pop();
  fired.key = 0;
  due = {.kind = fired.kind, .argument = fired.argument};
  advance_to(event.time);
}

}  // namespace timeslice::sim
