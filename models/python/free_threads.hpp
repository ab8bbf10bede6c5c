// The threads of an interpreter without a GIL: attached where they would hold it, detached where
// they would have dropped it.
//
// A collection stops the world twice: whoever is attached goes on to its next look at the eval
// breaker and waits there, whoever is detached cannot come back before the world goes on. Threads
// that touch shared objects at the same time queue for the cache lines of those.
// Source: PEP 703; CPython 3.13, Python/pystate.c and gc_free_threading.c; rules and guesses in
// docs/models/free-threading.md. Cost: attaching and detaching cost no event.
#pragma once

#include <cstdint>
#include <vector>

#include "models/ids.hpp"
#include "models/os/dispatcher.hpp"
#include "models/python/runtime_spec.hpp"
#include "sim/process.hpp"
#include "sim/time.hpp"

namespace timeslice::models {

/// How much longer work takes of which a share is done on objects that others use, too.
struct Contention {
  double on_shared = 1.0;  // the shared part
  [[nodiscard]] double stretch(double shared) const { return 1.0 - shared + shared * on_shared; }
};

/// `threads` that each spend `shared` (0..1) of their work on objects which one at a time can
/// touch. `contended`: how much longer a touch takes when another core touched it last; 0: no
/// contention. Mean value analysis of one queue visited at random times: exact for touches at
/// random.
[[nodiscard]] Contention contention(std::uint32_t threads, double shared, double contended);

class FreeThreads {
 public:
  struct Costs {
    sim::Duration poll{};       // bytecode between two looks at the eval breaker
    sim::Duration wake_call{};  // kernel work of waking one thread
  };
  /// What stopping the world came to.
  struct Pauses {
    std::uint64_t count = 0;
    sim::Duration stopped{};  // from the request until all go on
  };

  FreeThreads(Dispatcher& os, ProcessId process, const GilSpec& spec, const Costs& costs);

  /// Attaches unless the world is stopped.
  [[nodiscard]] bool try_attach(ThreadId thread);
  [[nodiscard]] sim::Process<> attach(ThreadId thread);
  void detach(ThreadId thread);

  /// Whether an attached thread is to wait at its next check point.
  [[nodiscard]] bool must_stop(ThreadId thread) const;
  /// Waits there until the world goes on.
  [[nodiscard]] sim::Process<> stop(ThreadId thread);

  /// Runs `nominal_ns` of bytecode, `shared` of it on shared objects. Requires: attached.
  [[nodiscard]] sim::Process<> run(ThreadId thread, double nominal_ns, double shared);

  [[nodiscard]] const Pauses& pauses() const { return pauses_; }
  [[nodiscard]] sim::FramePool& frame_pool() const { return os_.frame_pool(); }

 private:
  struct Seat {
    double new_objects = 0.0;  // not yet in the interpreter's count
    double shared = 0.0;       // above 0: contends at present
    bool attached = false;
  };
  [[nodiscard]] Seat& seat(ThreadId thread);
  void contend(ThreadId thread, double shared);
  [[nodiscard]] double stretch(double shared) const;
  [[nodiscard]] double until_counted(ThreadId thread);
  [[nodiscard]] bool count_objects(ThreadId thread, double done_ns);
  [[nodiscard]] sim::Process<> collect(ThreadId thread);
  [[nodiscard]] sim::Process<> stop_world(ThreadId thread);
  [[nodiscard]] sim::Process<> start_world(ThreadId thread);
  void leave_attached(ThreadId thread);

  Dispatcher& os_;
  ProcessId process_;
  CollectorSpec collector_;
  double contended_;
  Costs costs_;
  std::vector<Seat> seats_;        // by thread
  std::vector<ThreadId> waiting_;  // for the world to go on
  std::uint32_t attached_ = 0;     // threads
  std::uint32_t contenders_ = 0;   // of them touch shared objects
  double shared_sum_ = 0.0;        // of the contenders
  double new_objects_ = 0.0;       // since the last collection
  std::uint32_t missing_ = 0;      // threads that have not stopped yet
  std::uint32_t stopper_;          // who stops the world, or nobody
  bool collecting_ = false;
  Pauses pauses_;
};

}  // namespace timeslice::models
