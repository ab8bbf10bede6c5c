// What asyncio's machinery costs in CPU time, part by part; under the GIL unless said otherwise.
//
// Defaults: CPython 3.11.7 on the reference guest. `create_task` and `turn`, and `callback` and
// `step` together, are from its first series (create_task 3.9 us; sleep(0) 1.9 us among many tasks,
// 3.2 us alone). The other parts were measured each for itself as thread CPU time on the same kind
// of guest, low quantiles, with 100 to 3000 coroutines. No part comes from a row that the model is
// judged by: rows and errors are in docs/models/asyncio.md.
#pragma once

#include "sim/time.hpp"

namespace timeslice::models {

struct EventLoopCosts {
  sim::Duration create_task = std::chrono::nanoseconds{3900};  // coroutine, Task, first callback
  sim::Duration callback = std::chrono::nanoseconds{1000};     // call_soon and being called
  sim::Duration step = std::chrono::nanoseconds{900};   // a task until its next await, or its end
  sim::Duration turn = std::chrono::nanoseconds{1300};  // an iteration around its callbacks
  sim::Duration timer_set = std::chrono::nanoseconds{4600};     // sleep: future, handle, heap
  sim::Duration timer_fire = std::chrono::nanoseconds{1100};    // off the heap, set_result
  sim::Duration timeout = std::chrono::nanoseconds{3800};       // asyncio.timeout: entered and left
  sim::Duration cancel = std::chrono::nanoseconds{3900};        // it expires: Task.cancel, raised
  sim::Duration gather_child = std::chrono::nanoseconds{1400};  // half when entered, half when done
  sim::Duration io_start = std::chrono::microseconds{11};       // try, future, add_reader
  sim::Duration io_end = std::chrono::microseconds{13};         // reader called, remove_reader
  sim::Duration wrap_future = std::chrono::nanoseconds{4400};   // run_in_executor beyond submit
  sim::Duration thread_result = std::chrono::nanoseconds{3000};  // worker: call_soon_threadsafe
  sim::Duration take_result = std::chrono::nanoseconds{3800};    // loop: copying that result
  sim::Duration self_pipe = std::chrono::nanoseconds{2000};      // loop: reading its wake-up bytes
  sim::Duration loop_create = std::chrono::microseconds{45};
  sim::Duration loop_run = std::chrono::microseconds{60};  // asyncio.run around its coroutine
  sim::Duration loop_close = std::chrono::microseconds{130};

  auto operator<=>(const EventLoopCosts&) const = default;
};

/// All of them `factor` times as large. 0 switches them off.
[[nodiscard]] EventLoopCosts scaled(const EventLoopCosts& costs, double factor);

/// The same loop as uvloop runs it: ratios of its parts to asyncio's, measured in turns on one busy
/// guest (uvloop 0.17, CPython 3.11, thread CPU time). Callbacks and turns are far cheaper, what
/// tasks and futures cost is CPython's in both. Never validated.
[[nodiscard]] EventLoopCosts as_uvloop(const EventLoopCosts& costs);

}  // namespace timeslice::models
