// What the processes of a run have in memory over time, and the most that each ever had.
//
// Python processes and their parents say what happens to them; background programs do not count.
// Peaks are kept for the first 64 processes and for all together. Cost: a change looks at the
// tracked processes that live, at most 64; 40 bytes a change if the history is kept.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <vector>

#include "models/ids.hpp"
#include "models/python/memory.hpp"
#include "models/python/runtime_spec.hpp"
#include "models/units.hpp"
#include "sim/time.hpp"

namespace timeslice::models {

/// One thing that happened to the memory of a process.
struct MemoryEvent {
  enum class Kind : std::uint8_t { begin, fork, allocate, write, end } kind = Kind::begin;
  sim::Instant at;
  ProcessId process{};
  ProcessId parent{};  // fork
  Bytes amount{};      // begin: own pages; allocate, write: how much
  Bytes files{};       // begin, fork: shared file pages that it maps
};

/// Plays `event`; yields what a write had to copy.
Bytes apply(const MemoryEvent& event, MemoryTable& table);

/// The most that one process, or all together, ever had.
struct MemoryPeak {
  ProcessId process{};
  double pss = 0.0;
  Bytes unshared{};
  Bytes resident{};
};

/// All processes together have more than there is.
struct MemoryShortage {
  ProcessId process{};  // whose wish was the last
  Bytes total{};
};

class ProcessMemory {
 public:
  ProcessMemory(const PythonMemory& parts, bool keep_history);

  /// Calls `tell` once, as soon as all processes together have more than `capacity`.
  void limit(Bytes capacity, std::function<void(const MemoryShortage&)> tell);

  /// A main program with `resident` bytes, shared file pages included.
  void begin_main(sim::Instant now, ProcessId process, Bytes resident);
  /// A fresh interpreter.
  void begin_interpreter(sim::Instant now, ProcessId process);
  /// `imports`: the child maps libraries for itself, so it comes to use all file pages.
  void fork(sim::Instant now, ProcessId parent, ProcessId child, bool imports);
  void allocate(sim::Instant now, ProcessId process, Bytes amount);
  /// `process` writes to inherited pages; returns what it had to copy.
  Bytes write_inherited(sim::Instant now, ProcessId process, Bytes amount);
  void end(sim::Instant now, ProcessId process);

  [[nodiscard]] const MemoryTable& now() const { return table_; }
  [[nodiscard]] Bytes resident(ProcessId process) const;  // 0: nobody said

  /// In order of the processes' beginning.
  [[nodiscard]] const std::vector<MemoryPeak>& peaks() const { return peaks_; }
  [[nodiscard]] Bytes peak_total() const { return peak_total_; }
  [[nodiscard]] Bytes peak_total_resident() const { return peak_total_resident_; }
  /// All events in order, if they are kept.
  [[nodiscard]] const std::vector<MemoryEvent>& history() const { return history_; }

  static constexpr std::size_t most_tracked = 64;

 private:
  Bytes note(const MemoryEvent& event);
  void track(const MemoryEvent& event);

  PythonMemory parts_;
  MemoryTable table_;
  bool keep_history_;
  std::vector<MemoryPeak> peaks_;
  std::vector<std::size_t> alive_;  // positions in peaks_
  Bytes capacity_;                  // of use while there is somebody to tell
  std::function<void(const MemoryShortage&)> tell_;
  Bytes peak_total_;
  Bytes peak_total_resident_;
  std::vector<MemoryEvent> history_;
};

}  // namespace timeslice::models
