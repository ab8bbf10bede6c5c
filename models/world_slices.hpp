// Turns trace records into what each thread did when: running, ready, blocked, waiting for a GIL;
// who woke whom, and who held which GIL.
//
// A sink that hands every record on to another one, if there is one. Memory: 32 bytes a slice or
// stretch of holding, 16 a wake-up.
#pragma once

#include <cstdint>
#include <vector>

#include "models/ids.hpp"
#include "models/work/timings.hpp"
#include "sim/time.hpp"
#include "sim/trace.hpp"

namespace timeslice::models {

class SliceRecorder final : public sim::TraceSink {
 public:
  /// `next` is not owned; may be null.
  explicit SliceRecorder(sim::TraceSink* next) : next_{next} {}

  void write(const sim::TraceRecord& record) override;

  struct Slice {
    ThreadId thread{};
    std::int32_t cpu = -1;
    sim::Instant start;
    sim::Instant end;
    SliceState state = SliceState::running;
  };
  struct Wake {
    ThreadId thread{};
    std::uint32_t waker = 0;  // no_subject: nobody known
    sim::Instant at;
  };
  struct Hold {
    std::uint32_t process = 0;
    ThreadId thread{};
    sim::Instant start;
    sim::Instant end;
  };
  /// Slices in order of their end; those still open end at `now`, and so do the holds.
  [[nodiscard]] std::vector<Slice> finish(sim::Instant now);
  /// Requires: finish() was called.
  [[nodiscard]] const std::vector<Wake>& wakes() const { return wakes_; }
  [[nodiscard]] const std::vector<Hold>& holds() const { return holds_; }

 private:
  struct ThreadState {
    bool exists = false;
    bool wants_gil = false;
    SliceState state = SliceState::blocked;
    std::int32_t cpu = -1;
    sim::Instant since;
  };
  ThreadState& of(std::uint32_t thread);
  void change(std::uint32_t thread, SliceState state, std::int32_t cpu, sim::Instant now);
  void close(std::uint32_t thread, sim::Instant now);
  void hear(const sim::TraceRecord& record);
  void hear_gil(const sim::TraceRecord& record);
  void end_hold(std::uint32_t thread, sim::Instant now);

  sim::TraceSink* next_;
  std::vector<ThreadState> threads_;
  struct OpenHold {
    bool exists = false;
    std::uint32_t process = 0;
    sim::Instant since;
  };

  std::vector<Slice> slices_;
  std::vector<Wake> wakes_;
  std::vector<Hold> holds_;
  std::vector<OpenHold> open_holds_;  // by thread: a process may have several GILs
};

}  // namespace timeslice::models
