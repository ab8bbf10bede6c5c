// A gate that opens once and stays open: what joins and waits for a process's end rest on.
//
// Waiting at an open gate returns at once. Opening wakes all that wait and costs nothing by itself:
// at a thread's or process's end the kernel wakes the waiters on the account of the exit work.
#pragma once

#include <cstdint>

#include "models/ids.hpp"
#include "models/os/dispatcher.hpp"
#include "models/os/wait_queue.hpp"
#include "sim/process.hpp"

namespace timeslice::models {

class Gate {
 public:
  /// `cause`: what a waiter is said to wait for (join, child ...) and the object's number.
  Gate(Dispatcher& dispatcher, WaitCause cause) : dispatcher_{dispatcher}, cause_{cause} {}

  [[nodiscard]] bool is_open() const { return open_; }

  /// Waits until the gate is open; a kernel entry is charged only if the thread has to wait.
  [[nodiscard]] sim::Process<> wait(ThreadId thread);

  /// Opens it for good.
  void open(WakeCause cause);

  [[nodiscard]] sim::FramePool& frame_pool() { return dispatcher_.frame_pool(); }

 private:
  Dispatcher& dispatcher_;
  WaitCause cause_;
  WaitQueue waiters_;
  bool open_ = false;
};

}  // namespace timeslice::models
