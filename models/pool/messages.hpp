// How work travels between processes: pickled, through a pipe, under a lock; or in shared memory.
//
// What every pool of processes does with its messages, as programs of the threads that do it.
// Costs: models/python/message_costs.hpp; docs/models/pickling.md.
#pragma once

#include <cstdint>

#include "models/os/pipe.hpp"
#include "models/os/semaphore.hpp"
#include "models/pool/executor_spec.hpp"
#include "models/python/interpreter.hpp"
#include "models/units.hpp"
#include "sim/process.hpp"

namespace timeslice::models {

/// A pipe with the lock around its contended end, as multiprocessing.SimpleQueue.
struct Channel {
  Channel(Dispatcher& os, std::uint32_t pipe_id, std::uint32_t lock_id)
      : pipe{os, pipe_id}, lock{os, lock_id, 1} {}
  Pipe pipe;
  Semaphore lock;
};

/// Connection._send_bytes: up to this size length and payload go out in one write, else in two.
/// Source: CPython, Lib/multiprocessing/connection.py.
constexpr std::int64_t one_write_limit = std::int64_t{16} * 1024;
constexpr std::int64_t length_bytes = 4;

/// What stands for the first of two writes: the payload follows.
constexpr std::uint64_t length_only = UINT64_MAX - 1;
/// None, or the end of a queue: no more of these.
constexpr std::uint64_t stop_sign = UINT64_MAX;

/// Takes a semaphore of processes: at first without giving the GIL up, which it then does to wait.
[[nodiscard]] sim::Process<> acquire(Actor& actor, Semaphore& lock);

/// One system call that the GIL is given up for, without anything to wait for.
[[nodiscard]] sim::Process<> quick_syscall(Actor& actor);

/// Connection.recv_bytes(): the length and the payload by calls of their own, as many as the pipe
/// makes of them, each without the GIL. `faults`: page faults of the buffer for so many bytes.
using ReadFaults = sim::Duration (*)(const Actor& actor, Bytes message);
[[nodiscard]] sim::Process<std::uint64_t> receive(Actor& actor, Pipe& pipe, ReadFaults faults);

/// Payload of `count` items in a message, `each` bytes each.
struct Load {
  const PayloadSpec& spec;
  std::uint32_t count = 0;
};

/// Bytes that the payload adds to a message: itself, or the names of its blocks.
[[nodiscard]] Bytes argument_bytes(const Load& load);
[[nodiscard]] Bytes result_bytes(const Load& load);

// What is done to payload at each step of its way, on top of `base`: CPU time under the GIL and
// page faults. Nothing but `base` for no payload.
[[nodiscard]] sim::Process<> dump_arguments(Actor& actor, sim::Duration base, Load load);
[[nodiscard]] sim::Process<> load_arguments(Actor& actor, sim::Duration base, Load load);
/// Makes the results first: they are new memory in the worker.
[[nodiscard]] sim::Process<> dump_results(Actor& actor, sim::Duration base, Load load);
[[nodiscard]] sim::Process<> load_results(Actor& actor, sim::Duration base, Load load);

/// Page faults of the buffers that a message of so many bytes is read into. Without the GIL.
[[nodiscard]] sim::Duration argument_read_faults(const Actor& actor, Bytes message);
[[nodiscard]] sim::Duration result_read_faults(const Actor& actor, Bytes message);

}  // namespace timeslice::models
