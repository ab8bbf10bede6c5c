// Turns trace records into what each thread did when: running, ready, blocked, waiting for a GIL.
//
// A sink that hands every record on to another one, if there is one. Memory: 32 bytes a slice.
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
  /// Slices in order of their end; those still open end at `now`.
  [[nodiscard]] std::vector<Slice> finish(sim::Instant now);

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

  sim::TraceSink* next_;
  std::vector<ThreadState> threads_;
  std::vector<Slice> slices_;
};

}  // namespace timeslice::models
