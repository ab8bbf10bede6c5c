// Which of Linux's scheduling classes a thread belongs to, with the parameters of its class.
#pragma once

#include <cstdint>

#include "sim/time.hpp"

namespace timeslice::models {

/// Which of Linux's classes an entity belongs to; sched(7). Policies of textbooks know one only.
enum class SchedulingClass : std::uint8_t { normal, batch, idle, fifo, round_robin, deadline };

struct ClassSpec {
  SchedulingClass kind = SchedulingClass::normal;
  std::uint8_t priority = 0;  // fifo and round_robin: 1..99, more is more urgent
  sim::Duration runtime{};    // deadline: CPU time in each period
  sim::Duration deadline{};   // deadline: from the start of a period
  sim::Duration period{};     // deadline
  /// normal, batch and idle under EEVDF: a slice of its own, 0: that of the policy. What
  /// sched_setattr(2) sets by sched_runtime, clamped to 0.1..100 ms there.
  sim::Duration slice{};

  /// Goes before every normal thread.
  [[nodiscard]] bool urgent() const { return kind >= SchedulingClass::fifo; }
};

/// How Linux keeps real-time threads from starving the others, and what deadline threads may
/// reserve.
struct RealTimeSpec {
  enum class Limit : std::uint8_t {
    none,
    throttle,    // real-time threads of a CPU stop when `runtime` of a `period` is used: to 6.11
    fair_server  // starved fair threads get `server_runtime` of a `server_period`: from 6.12
  };
  Limit limit = Limit::fair_server;
  /// sysctl sched_rt_runtime_us and sched_rt_period_us (950 ms of 1 s: read on Linux 6.18). Also
  /// the part of each CPU that deadline threads may reserve together.
  sim::Duration runtime = std::chrono::milliseconds{950};
  sim::Duration period = std::chrono::seconds{1};
  /// The server of Linux 6.12, kernel/sched/deadline.c.
  sim::Duration server_runtime = std::chrono::milliseconds{50};
  sim::Duration server_period = std::chrono::seconds{1};
  /// sysctl sched_rr_timeslice_ms (100: read on Linux 6.18); counted in ticks.
  sim::Duration round_robin = std::chrono::milliseconds{100};
};

/// Where the kernel lets go of a CPU while it works for a thread.
enum class KernelPreemption : std::uint8_t {
  none,       // at the end of the call
  voluntary,  // the same: calls of this model are shorter than the way between two such points
  full,       // anywhere
  lazy  // for real-time and deadline threads anywhere; for fair ones at a tick or the call's end
};

}  // namespace timeslice::models
