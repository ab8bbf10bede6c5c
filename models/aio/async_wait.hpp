// A coroutine that waits for items: for one of a batch, or for all of them (gather).
//
// It lives in the frame of the coroutine that waits, or, once abandoned, in its loop; the
// batch points to it until what it waits for is there. Whoever gets an item done tells it: a
// coroutine of the same loop by a callback, a thread by call_soon_threadsafe.
#pragma once

#include <cstdint>

#include "sim/process.hpp"

namespace timeslice::models {

struct Actor;
class EventLoop;

/// Position of a coroutine (an asyncio.Task) in the table of its loop; reused after its end.
enum class CoroutineId : std::uint32_t {};

struct AsyncWait {
  static constexpr std::uint32_t all = 0xffffffffU;
  EventLoop* loop = nullptr;
  CoroutineId who{};
  std::uint32_t item = all;  // which of the batch
  std::uint32_t left = 0;    // of all: children whose callbacks have not run yet
  bool abandoned = false;    // its coroutine was cancelled and went on: nobody waits any more
};

/// `finisher` has got an item done that `wait` is for; schedules what follows, at its cost.
[[nodiscard]] sim::Process<> tell(Actor& finisher, AsyncWait& wait);

}  // namespace timeslice::models
