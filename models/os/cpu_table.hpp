// What the dispatcher knows of each CPU: who is on it, in which phase, and what ends that phase.
#pragma once

#include <cstdint>
#include <optional>

#include "models/os/cpu_rates.hpp"
#include "models/os/dispatcher.hpp"
#include "models/os/thread_table.hpp"
#include "sim/engine.hpp"

namespace timeslice::models {

/// A number of no clock of models/os/shared_rates.hpp.
constexpr std::uint32_t no_clock = 0xffffffffU;

enum class Phase : std::uint8_t {
  idle,
  waking,     // called out of idleness; picks a thread at phase_end
  switching,  // context switch and migration cost, on the account of the incoming thread
  running,
  interrupted,  // on the account of the thread that was running
};

/// Times in ns since the start of the run. The CPU's slot holds the earliest of those that matter.
struct Cpu {
  std::int64_t settled = 0;           // accounts and progress are up to here
  std::int64_t phase_end = 0;         // of waking and switching
  std::int64_t completes_at = never;  // the running segment
  std::int64_t slice_end = never;     // the thread gives way here, if others wait
  std::int64_t quota_end = never;     // a group of the thread must draw CPU time or stop
  std::int64_t lazy_at = never;       // the tick that sees a lazy request to reschedule
  std::int64_t balance_tick = never;  // the next tick at which an idle CPU may take a thread away
  std::int64_t interruption = never;  // when the next one comes
  std::int64_t left_idle = 0;         // when it last stopped being idle
  double rate = 1.0;                  // of the running segment, in nominal ns a ns ...
  double clock_seen = 0.0;            // ... of its clock; the clock's time at `settled`
  std::uint32_t clock = no_clock;     // that times the segment; no_clock: simulated time itself
  std::uint32_t thread = nobody;
  std::uint32_t last_thread = nobody;
  /// Threads in this CPU's queue, those of throttled groups not counted. Not with a shared queue.
  std::uint32_t waiting = 0;
  std::uint32_t stopped = 0;          // of them, kept from running by their class's budget
  std::uint32_t waiting_bound = 0;    // of `waiting`, those that may not use every CPU
  std::uint32_t counted_movable = 0;  // its part of State::movable
  std::uint32_t preempter = nobody;
  sim::SlotId slot{};
  std::uint32_t core = 0;  // first position of its core
  Phase phase = Phase::idle;
  bool must_reschedule = false;  // at the next point where that is allowed
  std::int64_t tick_phase = 0;
  std::int64_t shared_wait_seen = 0;          // of the shared queue's account, at `settled`
  std::optional<sim::TimerId> release_timer;  // only with scheduling classes
  CpuAccounts accounts;
};

/// Of a core: how long any of its CPUs was busy. Times in ns.
struct CoreTime {
  std::int64_t busy_ns = 0;  // up to `since`
  std::int64_t since = 0;    // the first of its CPUs that are busy now became so
};

}  // namespace timeslice::models
