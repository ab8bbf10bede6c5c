// The simulated kernel's mechanism: which thread is on which CPU, and how far its work has got.
//
// Programs are coroutines that await `run`, `block`, `sleep`; the dispatcher resumes each when the
// scheduling policy has given it a CPU and its work is done. It charges context switches, wake-up
// latencies and migrations, replays each CPU's speed over time, keeps the accounts, and writes
// trace records with causes. It never resumes a program from inside another program's call.
// Cost: O(1) per event plus O(log CPUs), and what the policy and the balancer say of theirs; no
// allocation per event.
#pragma once

#include <coroutine>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "models/ids.hpp"
#include "models/machine/machine_spec.hpp"
#include "models/os/bandwidth.hpp"
#include "models/os/os_spec.hpp"
#include "models/os/policy.hpp"
#include "sim/engine.hpp"
#include "sim/process.hpp"
#include "sim/random.hpp"
#include "sim/trace.hpp"

namespace timeslice::models {

struct CharacterSpec;
class CpuStateLog;

/// What a thread executes. It finishes when the program returns.
using Program = sim::Process<>;

enum class WorkKind : std::uint8_t { python, native, memory, kernel };

/// CPU work: time on one undisturbed reference core. Kernel work is not preempted (the kernel's
/// preemption model "none"); a reschedule it asked for happens at its end.
struct Work {
  WorkKind kind = WorkKind::native;
  double nominal_ns = 0.0;
};

/// Why a thread waits; goes into the trace and the deadlock report.
enum class WaitFor : std::uint8_t {
  gil,
  gil_switch,
  lock,
  condition,
  pipe_read,
  pipe_write,
  io,
  sleep,
  join,
  child,
  idle,
  select  // an event of an event loop, with no time-out
};
struct WaitCause {
  WaitFor what = WaitFor::idle;
  std::uint32_t object = 0;  // which lock, pipe, process ...
};

/// Who caused a wake-up: a thread, or nobody (a timer).
struct WakeCause {
  std::uint32_t thread = 0xffffffffU;  // no thread: a timer or the world
  bool sync = false;                   // the waker is about to wait itself (pipes)
};

enum class WakeResult : std::uint8_t { woken, timed_out };

struct ThreadSpec {
  std::string name{};
  ProcessId process{};
  GroupId group{};
  std::optional<int> nice{};      // nothing: that of the thread whose program creates it, else 0
  std::vector<CpuId> affinity{};  // empty: every CPU
  ClassSpec sched{};              // needs a queue for each CPU, if it is not normal
  bool background = false;        // what it does is no progress for the engine's watchdog
};

/// Accounts of one thread. wall times of the simulated world.
struct ThreadAccounts {
  sim::Duration cpu_time{};    // on a CPU, kernel costs included
  sim::Duration ready_time{};  // able to run, waiting for a CPU
  sim::Duration blocked_time{};
  double nominal_done_ns = 0.0;  // work finished, in reference-core time
  std::uint64_t switches_voluntary = 0;
  std::uint64_t switches_involuntary = 0;
  std::uint64_t migrations = 0;
};

/// Accounts of one CPU; busy + idle = elapsed. What is left of busy after with_queue and
/// beside_sibling is a thread alone on its core.
struct CpuAccounts {
  sim::Duration busy{};
  sim::Duration switching{};       // part of busy: context switches
  sim::Duration interrupted{};     // part of busy: interruptions
  sim::Duration with_queue{};      // part of busy: others waited on this CPU's queue
  sim::Duration beside_sibling{};  // part of busy: nobody did, another CPU of the core was busy
};

class Dispatcher {
  struct State;  // the mechanism itself: models/os/dispatcher_state.hpp

 public:
  /// First of the event kinds that the dispatcher uses; the world must pass kinds in
  /// [first_kind, first_kind + kinds) on to `handle`.
  static constexpr std::uint8_t first_kind = 0;
  static constexpr std::uint8_t kinds = 8;

  Dispatcher(sim::Engine& engine, sim::Trace& trace, const sim::Random& random,
             const MachineSpec& machine, const OsSpec& os);
  ~Dispatcher();
  Dispatcher(const Dispatcher&) = delete;
  Dispatcher& operator=(const Dispatcher&) = delete;

  /// A new thread; it does nothing until `start`. Its id is dense, in order of creation.
  [[nodiscard]] ThreadId create_thread(const ThreadSpec& spec);

  /// Makes it ready; its program begins when a CPU first picks it.
  void start(ThreadId thread, Program program, WakeCause cause);

  // What a program awaits, for its own thread, while that thread runs. A run of no work and a
  // yield to nobody give the control back as well, by an event at the same instant: a program that
  // does so for ever meets the engine's limit of events at one instant, not the end of the stack.
  class RunAwaiter;
  class InterruptibleRunAwaiter;
  class PayCallAwaiter;
  class BlockAwaiter;
  class TimedBlockAwaiter;
  class ExecAwaiter;

  /// Consumes CPU until `work` is done. Requires: work.nominal_ns >= 0 and finite.
  [[nodiscard]] RunAwaiter run(ThreadId thread, Work work);

  /// The same, but gives up at the next poll point after `interrupt(thread)`: poll points lie every
  /// `poll_ns` of nominal work, the next one strictly ahead. Yields the nominal work left [ns];
  /// 0: all done. Requires: poll_ns > 0; not kernel work.
  [[nodiscard]] InterruptibleRunAwaiter run_interruptible(ThreadId thread, Work work,
                                                          double poll_ns);

  /// Pays for the other CPU that the program called with its last wake-up. Any work that it awaits
  /// next pays as well; this is for who may block first. Nothing to pay: goes on at once.
  [[nodiscard]] PayCallAwaiter pay_call(ThreadId thread);

  /// `thread` fetches `lines` cache lines that were last written on `from`: its next stretch of
  /// work pays for them. Requires: its own program says so.
  void fetch_lines(ThreadId thread, CpuId from, double lines);

  /// Leaves the CPU until `wake(thread)`. A wake-up is never lost: check and block in one go,
  /// without an await between them.
  [[nodiscard]] BlockAwaiter block(ThreadId thread, WaitCause cause);

  /// The same with a time-out after `timeout` plus the OS's timer slack and latency.
  [[nodiscard]] TimedBlockAwaiter block_for(ThreadId thread, sim::Duration timeout,
                                            WaitCause cause);

  /// Leaves the CPU for `duration` plus timer slack and latency.
  [[nodiscard]] TimedBlockAwaiter sleep(ThreadId thread, sim::Duration duration);

  /// Leaves the CPU for exactly `duration` plus the interrupt latency: a device, not a timer.
  [[nodiscard]] TimedBlockAwaiter wait_for_device(ThreadId thread, sim::Duration duration);

  /// Gives way to whoever the policy prefers.
  [[nodiscard]] BlockAwaiter yield(ThreadId thread);

  /// The process of `thread` is replaced by another program (execve): Linux's balancer looks for
  /// the idlest CPU, as for a new thread, and takes it there. It goes on at once if it stays.
  [[nodiscard]] ExecAwaiter exec(ThreadId thread);

  /// Tells the policy which piece of work `thread` does next. Requires: it is not ready: the
  /// program of a running thread says so before it waits or works, or another's before it starts.
  void begin_job(ThreadId thread, const Job& job);

  /// Gives `thread` another nice level. Requires: its own program says so while it runs; -20..19.
  void set_nice(ThreadId thread, int level);

  /// Ends the wait of a blocked thread; false if it is not blocked. Costs nothing by itself: the
  /// waker pays for the call with kernel work.
  bool wake(ThreadId thread, WakeCause cause);

  /// Whether a thread asked for another scheduling class than normal; else all urgencies are 0.
  [[nodiscard]] bool has_classes() const;

  /// How urgent a thread is: 0 fair, 1..99 real-time, beyond: the earlier its deadline, the more.
  [[nodiscard]] std::int64_t urgency(ThreadId thread) const;

  /// Lets `thread` be at least as urgent as `urgency` from now on, instead of what it was lent
  /// before; 0: nothing. False if it was lent as much already. What a lock with priority
  /// inheritance does to its holder.
  bool lend_urgency(ThreadId thread, std::int64_t urgency);

  /// Asks for `thread`'s interruptible run to end at its next poll point. Seen at once by a running
  /// thread, at switch-in by a queued one; forgotten if it is not in an interruptible run.
  void interrupt(ThreadId thread);

  /// Ends what `thread` does, wherever it is, as SIGKILL does: its program is destroyed and it runs
  /// `last` instead, then it is finished. Nothing happens if it is finished. Requires: it is not
  /// the thread whose program is being resumed.
  void kill(ThreadId thread, Program last);

  /// Whether it was killed or has finished: no wake-up reaches what it waited for.
  [[nodiscard]] bool gone(ThreadId thread) const;

  /// Turns on what the machine makes of shared caches, memory and clocks, for work of these
  /// characters (number 0: nothing special). To be called before the first thread starts.
  void share_machine(const std::vector<CharacterSpec>& characters);

  /// What the CPU work of `thread` does to the machine from now on; 0: nothing special. Requires:
  /// it is not in the middle of a run.
  void set_character(ThreadId thread, std::uint32_t character);

  /// Whether `thread` is starting an interpreter from now on: returns to a CPU cost it more.
  void set_starting(ThreadId thread, bool starting);

  /// What a unit of work of this character takes alone. [ns] Requires: `share_machine`.
  [[nodiscard]] double unit_ns(std::uint32_t character) const;

  /// Event from the engine with a kind in our range.
  void handle(sim::Due due);

  [[nodiscard]] bool running(ThreadId thread) const;
  [[nodiscard]] bool finished(ThreadId thread) const;
  /// What the kernel takes to set a timer that comes after `duration`; nothing if the next tick
  /// comes first, on average over its phases.
  [[nodiscard]] sim::Duration timer_cost(sim::Duration duration) const;
  /// Linux brings the run time of a thread up to date when somebody reads its CPU clock, and from
  /// EEVDF on ends a used-up slice there instead of at the next tick.
  void update_run_time(ThreadId thread);
  [[nodiscard]] CpuId cpu_of(ThreadId thread) const;      // where it runs or last ran
  [[nodiscard]] sim::Instant left_idle(CpuId cpu) const;  // when it last stopped being idle
  [[nodiscard]] std::uint32_t threads() const;
  [[nodiscard]] const std::string& name(ThreadId thread) const;
  [[nodiscard]] GroupId group_of(ThreadId thread) const;
  [[nodiscard]] WaitCause waiting_for(ThreadId thread) const;  // of a blocked thread
  [[nodiscard]] bool blocked(ThreadId thread) const;

  /// Accounts, settled up to now.
  [[nodiscard]] ThreadAccounts accounts(ThreadId thread) const;
  [[nodiscard]] CpuAccounts accounts(CpuId cpu) const;
  /// Of the group's quota; nothing if it has none.
  [[nodiscard]] std::optional<QuotaAccounts> accounts(GroupId group) const;
  /// Tells `log` from now on how CPUs are busy; `settle_cpus` brings it up to now.
  void log_cpu_states(CpuStateLog& log);
  void settle_cpus();
  /// Time in which any CPU of the core of `cpu` was busy, up to now.
  [[nodiscard]] sim::Duration core_busy(CpuId cpu) const;
  [[nodiscard]] std::uint32_t cpus() const;
  /// Summed over CPUs: idle although a thread that is bound to no CPU waited for another CPU.
  [[nodiscard]] sim::Duration idle_while_runnable() const;

  /// The scheduling policy as it stands, for tests and explanations.
  [[nodiscard]] const Policy& policy() const;

  [[nodiscard]] sim::Engine& engine();
  [[nodiscard]] sim::Trace& trace();
  [[nodiscard]] const OsCosts& costs() const;
  [[nodiscard]] sim::FramePool& frame_pool();

 private:
  std::unique_ptr<State> state_;
};

/// `co_await dispatcher.run(...)`: nothing comes back.
class Dispatcher::RunAwaiter {
 public:
  RunAwaiter(State& state, ThreadId thread, const Work& work)
      : state_{state}, thread_{thread}, work_{work} {}
  [[nodiscard]] bool await_ready() const noexcept { return false; }
  void await_suspend(std::coroutine_handle<> program) const;
  void await_resume() const noexcept {}

 private:
  State& state_;
  ThreadId thread_;
  Work work_;
};

/// A run of no work of its own, unless there is nothing to pay.
class Dispatcher::PayCallAwaiter : public RunAwaiter {
 public:
  PayCallAwaiter(State& state, ThreadId thread, bool owes)
      : RunAwaiter{state, thread, Work{.kind = WorkKind::kernel, .nominal_ns = 0.0}}, owes_{owes} {}
  [[nodiscard]] bool await_ready() const noexcept { return !owes_; }

 private:
  bool owes_;
};

/// Yields the nominal work left [ns].
class Dispatcher::InterruptibleRunAwaiter {
 public:
  InterruptibleRunAwaiter(State& state, ThreadId thread, const Work& work, double poll_ns)
      : state_{state}, thread_{thread}, work_{work}, poll_ns_{poll_ns} {}
  [[nodiscard]] bool await_ready() const noexcept { return false; }
  void await_suspend(std::coroutine_handle<> program) const;
  [[nodiscard]] double await_resume() const;

 private:
  State& state_;
  ThreadId thread_;
  Work work_;
  double poll_ns_;
};

/// Of `block` and `yield`: nothing comes back.
class Dispatcher::BlockAwaiter {
 public:
  /// A block.
  BlockAwaiter(State& state, ThreadId thread, WaitCause cause)
      : state_{state}, thread_{thread}, cause_{cause} {}
  /// A yield.
  BlockAwaiter(State& state, ThreadId thread) : state_{state}, thread_{thread}, yields_{true} {}
  [[nodiscard]] bool await_ready() const noexcept { return false; }
  void await_suspend(std::coroutine_handle<> program) const;
  void await_resume() const noexcept {}

 private:
  State& state_;
  ThreadId thread_;
  WaitCause cause_;
  bool yields_ = false;
};

/// Suspends only if the thread moves.
class Dispatcher::ExecAwaiter {
 public:
  ExecAwaiter(State& state, ThreadId thread) : state_{state}, thread_{thread} {}
  [[nodiscard]] bool await_ready() const;
  void await_suspend(std::coroutine_handle<> program) const;
  void await_resume() const noexcept {}

 private:
  State& state_;
  ThreadId thread_;
};

/// Yields what ended the wait.
class Dispatcher::TimedBlockAwaiter {
 public:
  TimedBlockAwaiter(State& state, ThreadId thread, sim::Duration timeout, WaitCause cause)
      : state_{state}, thread_{thread}, timeout_{timeout}, cause_{cause} {}
  [[nodiscard]] bool await_ready() const noexcept { return false; }
  void await_suspend(std::coroutine_handle<> program) const;
  [[nodiscard]] WakeResult await_resume() const;

 private:
  State& state_;
  ThreadId thread_;
  sim::Duration timeout_;  // slack and latency included
  WaitCause cause_;
};

}  // namespace timeslice::models
