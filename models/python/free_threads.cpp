#include "models/python/free_threads.hpp"

#include <algorithm>
#include <utility>

#include "models/trace_kinds.hpp"
#include "sim/expect.hpp"

namespace timeslice::models {

namespace {

/// A thread counts its new objects by itself up to this many, and an interpreter collects from so
/// many on, or from a quarter of all objects. Source: gc_free_threading.c of CPython 3.13.
constexpr double counted_by_thread = 512.0;
constexpr double least_new_objects = 2000.0;
constexpr double share_of_objects = 0.25;

}  // namespace

Contention contention(std::uint32_t threads, double shared, double contended) {
  if (threads < 2 || shared <= 0.0 || contended <= 0.0) {
    return {};
  }
  const double alone = 1.0 - shared;
  const double demand = shared * contended;
  double waiting = 0.0;  // threads at the shared objects, on average
  double visit = demand;
  for (std::uint32_t thread = 1; thread <= threads; ++thread) {
    visit = demand * (1.0 + waiting);
    waiting = static_cast<double>(thread) * visit / (alone + visit);
  }
  return {.on_shared = visit / shared};
}

FreeThreads::FreeThreads(Dispatcher& os, ProcessId process, const GilSpec& spec, const Costs& costs)
    : os_{os},
      process_{process},
      collector_{spec.collector},
      contended_{spec.contended},
      costs_{costs},
      stopper_{no_subject} {
  sim::expect(costs_.poll > sim::Duration::zero(), "poll points lie apart");
}

FreeThreads::Seat& FreeThreads::seat(ThreadId thread) {
  if (index_of(thread) >= seats_.size()) {
    seats_.resize(index_of(thread) + 1);
  }
  return seats_[index_of(thread)];
}

bool FreeThreads::try_attach(ThreadId thread) {
  if (stopper_ != no_subject) {
    return false;
  }
  Seat& mine = seat(thread);
  sim::expect(!mine.attached, "a thread attaches once");
  mine.attached = true;
  ++attached_;
  return true;
}

sim::Process<> FreeThreads::attach(ThreadId thread) {
  const WaitCause cause{.what = WaitFor::gil, .object = static_cast<std::uint32_t>(process_)};
  while (!try_attach(thread)) {
    waiting_.push_back(thread);
    co_await os_.block(thread, cause);
  }
}

void FreeThreads::detach(ThreadId thread) {
  sim::expect(raw(thread) != stopper_, "who stops the world stays attached");
  leave_attached(thread);
}

/// The last one that was waited for wakes who stops the world.
void FreeThreads::leave_attached(ThreadId thread) {
  Seat& mine = seat(thread);
  sim::expect(mine.attached, "only an attached thread detaches");
  mine.attached = false;
  --attached_;
  if (stopper_ != no_subject) {
    --missing_;
    if (missing_ == 0) {
      os_.wake(ThreadId{stopper_}, WakeCause{.thread = raw(thread)});
    }
  }
}

bool FreeThreads::must_stop(ThreadId thread) const {
  return stopper_ != no_subject && stopper_ != raw(thread);
}

sim::Process<> FreeThreads::stop(ThreadId thread) {
  leave_attached(thread);
  co_await attach(thread);
}

/// Who begins or ends to touch shared objects changes the pace of all who do.
void FreeThreads::contend(ThreadId thread, double shared) {
  Seat& mine = seat(thread);
  if (mine.shared == shared) {
    return;
  }
  contenders_ -= mine.shared > 0.0 ? 1U : 0U;
  contenders_ += shared > 0.0 ? 1U : 0U;
  mine.shared = shared;
  shared_sum_ = 0.0;  // afresh, in a fixed order: no rounding is carried along
  for (std::uint32_t id = 0; id < seats_.size(); ++id) {
    shared_sum_ += seats_[id].shared;
    if (id != raw(thread) && seats_[id].shared > 0.0) {
      os_.interrupt(ThreadId{id});
    }
  }
}

/// No more threads than CPUs can touch anything at the same time.
double FreeThreads::stretch(double shared) const {
  const std::uint32_t at_once = std::min(contenders_, os_.cpus());
  if (shared <= 0.0 || at_once < 2) {
    return 1.0;
  }
  const double mean = shared_sum_ / static_cast<double>(contenders_);
  return contention(at_once, mean, contended_).stretch(shared);
}

/// Bytecode until the thread's own count of new objects is full; 0: nobody counts.
double FreeThreads::until_counted(ThreadId thread) {
  return (counted_by_thread - seat(thread).new_objects) * sim::as_ns(collector_.new_object_every);
}

/// Whether it is time to collect.
bool FreeThreads::count_objects(ThreadId thread, double done_ns) {
  if (collector_.new_object_every <= sim::Duration::zero()) {
    return false;
  }
  constexpr double rounding = 1e-6;  // of an object
  double& mine = seat(thread).new_objects;
  mine += done_ns / sim::as_ns(collector_.new_object_every);
  if (mine < counted_by_thread - rounding) {
    return false;
  }
  new_objects_ += std::exchange(mine, 0.0);
  const double enough =
      std::max(least_new_objects, share_of_objects * static_cast<double>(collector_.objects));
  return new_objects_ > enough && !collecting_;
}

sim::Process<> FreeThreads::run(ThreadId thread, double nominal_ns, double shared) {
  const bool counts = collector_.new_object_every > sim::Duration::zero();
  const double poll_ns = sim::as_ns(costs_.poll);
  double left = nominal_ns;
  contend(thread, shared);
  while (left > 0.0) {
    if (must_stop(thread)) {
      co_await stop(thread);
    }
    const double piece = counts ? std::min(left, until_counted(thread)) : left;
    const double slower = stretch(shared);
    const Work work{.kind = WorkKind::python, .nominal_ns = piece * slower};
    const double rest = co_await os_.run_interruptible(thread, work, poll_ns) / slower;
    left = rest > 0.0 ? left - piece + rest : left - piece;
    if (count_objects(thread, piece - rest)) {
      co_await collect(thread);
    }
  }
  contend(thread, 0.0);
}

/// Half of the work lies in each of the two pauses, which is a guess.
sim::Process<> FreeThreads::collect(ThreadId thread) {
  collecting_ = true;
  new_objects_ = 0.0;
  const double whole = sim::as_ns(collector_.per_object) * static_cast<double>(collector_.objects);
  for (int pause = 0; pause < 2; ++pause) {
    if (must_stop(thread)) {
      co_await stop(thread);
    }
    const sim::Instant begin = os_.engine().now();
    co_await stop_world(thread);
    const Work half{.kind = WorkKind::python, .nominal_ns = whole / 2.0};
    co_await os_.run(thread, half);
    co_await start_world(thread);
    ++pauses_.count;
    pauses_.stopped += os_.engine().now() - begin;
  }
  collecting_ = false;
}

sim::Process<> FreeThreads::stop_world(ThreadId thread) {
  sim::expect(stopper_ == no_subject, "one thread stops the world at a time");
  stopper_ = raw(thread);
  missing_ = attached_ - 1;
  for (std::uint32_t id = 0; id < seats_.size(); ++id) {
    if (seats_[id].attached && id != raw(thread)) {
      os_.interrupt(ThreadId{id});
    }
  }
  const WaitCause cause{.what = WaitFor::gil_switch,
                        .object = static_cast<std::uint32_t>(process_)};
  while (missing_ > 0) {
    co_await os_.block(thread, cause);
  }
}

sim::Process<> FreeThreads::start_world(ThreadId thread) {
  stopper_ = no_subject;
  const std::vector<ThreadId> waiting = std::exchange(waiting_, {});
  for (const ThreadId each : waiting) {
    os_.wake(each, WakeCause{.thread = raw(thread)});
  }
  const Work calls{
      .kind = WorkKind::kernel,
      .nominal_ns = sim::as_ns(costs_.wake_call) * static_cast<double>(waiting.size())};
  if (calls.nominal_ns > 0.0) {
    co_await os_.run(thread, calls);
  }
}

}  // namespace timeslice::models
