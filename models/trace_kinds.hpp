// What the simulated world writes into the trace: the meaning of TraceRecord's fields, by kind.
//
// subject is a ThreadId unless said otherwise; cpu is 0xffff where none is involved; cause tells
// who or what brought it about, so that a run can be explained from its records alone.
#pragma once

#include <cstdint>

namespace timeslice::models {

enum class TraceKind : std::uint16_t {
  thread_created = 1,  // object: process; cause: creator thread
  thread_exited,       // object: process
  ready,               // cause: waker thread (or none); value: EnqueueReason
  switch_in,           // cpu; object: thread that was there before (or none); value: from which cpu
  switch_out,          // cpu; cause: who preempts (or none); value: 0 blocked, 1 preempted,
                       // 2 slice used up, 3 yielded, 4 exited, 5 its group's quota is used up;
                       // the constants below name those that readers ask for
  blocked,             // object: WaitCause.object; value: WaitFor
  migrated,            // cpu: to; value: from; cause: balancing reason
  speed_changed,       // subject: CpuId; value: factor * 1e6
  gil_request,         // object: process; cause: holder
  gil_take,            // object: process; cause: previous holder
  gil_drop,            // object: process; value: 1 forced
  gil_wait,            // object: process; cause: holder
  lock_wait,           // object: lock; cause: holder
  lock_taken,          // object: lock
  lock_released,       // object: lock
  pipe_write,          // object: pipe; value: bytes
  pipe_read,           // object: pipe; value: bytes
  item_submitted,      // subject: submitter; object: executor; value: item
  item_started,        // object: executor; value: item
  item_finished,       // object: executor; value: item
  item_readable,       // object: executor; value: item
  process_created,     // subject: creator thread; object: process; value: StartMethod
  process_exited,      // object: process
  executor_started,    // object: executor
  executor_stopped,    // object: executor
  throttled,           // cpu; subject: GroupId; object: threads that were able to run
  unthrottled,         // cpu; subject: GroupId; value: for how many ns it was throttled
  loop_turn,           // object: executor; value: callbacks that this iteration runs
  coroutine_resumed,   // object: executor; value: coroutine
  coroutine_left,      // object: executor; value: coroutine; cause: 1 it has ended
};

inline constexpr std::uint64_t out_blocked = 0;  // values of switch_out
inline constexpr std::uint64_t out_preempted = 1;
inline constexpr std::uint64_t out_exited = 4;

constexpr std::uint32_t no_subject = 0xffffffffU;
constexpr std::uint16_t no_cpu = 0xffffU;

}  // namespace timeslice::models
