// Turns what the kernel reports about all threads of the host into the records of one run.
//
// Told events in order of time, from before the program's creation on; keeps the program's threads
// (descendants of the root) and one pseudo thread a CPU for everybody else, and only what lies
// between the run's start and end. Where a switch was not reported, the next one on that CPU
// repairs it. Memory: 32 bytes a record, and about 100 a thread.
#pragma once

#include <cstdint>
#include <map>
#include <vector>

#include "models/trace_kinds.hpp"
#include "validation/native/recorder/recording.hpp"

namespace timeslice::validation {

class RecordBuilder {
 public:
  explicit RecordBuilder(const RecordedRun& run);

  enum class Why : std::uint8_t { slept, slept_for_io, preempted, exited };
  struct Waking {
    std::int64_t time_ns = 0;
    std::int32_t thread = 0;
    std::int32_t waker = 0;  // 0: an interrupt
  };
  struct Leaving {
    std::int64_t time_ns = 0;
    std::int32_t thread = 0;
    std::int32_t cpu = 0;
    Why why = Why::slept;
    std::int32_t next = 0;  // who comes; 0: nobody or unknown
  };

  /// `parent` made `thread`; in the same process or in one of its own.
  void created(std::int64_t time_ns, std::int32_t thread, std::int32_t parent, bool same_process);
  void exited(std::int32_t thread);
  void waking(const Waking& waking);
  /// It is in the queue of `cpu` now; that it was to be woken has been told before, or happens now.
  void woken(std::int64_t time_ns, std::int32_t thread, std::int32_t cpu);
  /// `thread` has the CPU from now on; 0: nobody has.
  void runs(std::int64_t time_ns, std::int32_t thread, std::int32_t cpu);
  void stops(const Leaving& leaving);

  /// Whether the root was ever created.
  [[nodiscard]] bool saw_root() const { return next_process_ > 0; }
  [[nodiscard]] Recording finish() &&;

 private:
  enum class State : std::uint8_t { fresh, ready, running, sleeping };
  struct Thread {
    std::uint32_t id = models::no_subject;  // nothing: it has not been in the records yet
    std::uint32_t process = 0;
    std::int32_t parent = 0;
    std::uint64_t order = 0;  // of creation
    State state = State::fresh;
    bool exits = false;
    std::uint16_t cpu = models::no_cpu;       // of its queue, or where it runs
    std::uint16_t last_cpu = models::no_cpu;  // where it ran
    std::int64_t since_ns = 0;
    Waking wake{};  // announced; thread 0: none
  };
  struct Cpu {
    std::int32_t occupant = 0;  // 0: idle
    std::uint32_t last = models::no_subject;
    std::uint32_t foreign = models::no_subject;  // id of its pseudo thread
    bool foreign_in = false;
    std::int64_t since_ns = 0;
  };

  [[nodiscard]] std::uint16_t dense(std::int32_t cpu) const;
  [[nodiscard]] Thread* find(std::int32_t thread);
  [[nodiscard]] std::uint32_t id_of(std::int32_t thread) const;
  void reach(std::int64_t time_ns);
  void begin_run();
  void introduce(Thread& thread, std::int64_t time_ns);
  void show_state(const Thread& thread);
  void emit(models::TraceKind kind, std::int64_t time_ns, sim::TraceRecord record);
  void make_ready(Thread& thread, std::int64_t time_ns, std::uint16_t cpu);
  void enter(std::int64_t time_ns, std::int32_t thread, std::uint16_t cpu);
  void leave(const Leaving& leaving, std::uint16_t cpu);
  void foreign_enters(std::int64_t time_ns, std::uint16_t cpu);
  void foreign_leaves(std::int64_t time_ns, std::uint16_t cpu);
  void repair(std::int64_t time_ns, std::int32_t thread, std::uint16_t cpu);

  RecordedRun run_;
  std::vector<Cpu> cpus_;
  std::map<std::int32_t, Thread> threads_;  // alive, ours, by the kernel's number
  std::uint32_t next_id_ = 0;
  std::uint32_t next_process_ = 0;
  std::uint64_t next_order_ = 0;
  bool begun_ = false;
  Recording result_;
};

}  // namespace timeslice::validation
