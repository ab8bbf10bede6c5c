// The dispatcher's mechanism, split by what it does into files dispatcher_*.cpp: cpu (phases of a
// CPU, who runs), switch (what changing hands costs), thread (programs, waits and wake-ups), load
// (who waits where), balance (placement and balancing; Linux's balancer is linux_balance.hpp),
// classes (urgent threads), order (policies with an order over all CPUs), nice, quota (throttled
// groups), noise (interruptions, system calls, cold caches), shared (speeds that depend on what
// others do), accounts. Private to models/os.
//
// A CPU has one slot in the engine: the earliest of the end of its phase, completion of the running
// segment, end of the slice, change of speed and balancing tick. Whatever changes these settles
// the CPU first (accounts, progress, charge to the policy), then stores the slot anew. Programs are
// resumed only from the CPU's own event, never from another program's call.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "models/os/bandwidth.hpp"
#include "models/os/cpu_map.hpp"
#include "models/os/cpu_rates.hpp"
#include "models/os/cpu_states.hpp"
#include "models/os/cpu_table.hpp"
#include "models/os/dispatcher.hpp"
#include "models/os/idle_cpus.hpp"
#include "models/os/load_tree.hpp"
#include "models/os/run_queues.hpp"
#include "models/os/shared_rates.hpp"
#include "models/os/thread_table.hpp"
#include "models/trace_kinds.hpp"
#include "sim/trace.hpp"

namespace timeslice::models {

/// Draws of one purpose, numbered in order.
class DrawStream {
 public:
  explicit DrawStream(std::uint32_t purpose) : purpose_{purpose} {}

  /// Uniform in [0, 1).
  double next(const sim::Random& random) {
    const sim::DrawKey key{.task = purpose_,
                           .item = 0,
                           .step = static_cast<std::uint32_t>(drawn_ >> 32U),
                           .count = static_cast<std::uint32_t>(drawn_)};
    ++drawn_;
    return random.uniform(key);
  }

  /// True with this probability; draws nothing when the answer is certain.
  bool happens(const sim::Random& random, double probability) {
    return probability >= 1.0 || (probability > 0.0 && next(random) < probability);
  }

 private:
  std::uint32_t purpose_;
  std::uint64_t drawn_ = 0;
};

/// Why a thread left a CPU: the value of a switch_out record.
enum class SwitchOut : std::uint8_t {
  blocked,
  preempted,
  slice_used_up,
  yielded,
  exited,
  throttled
};

struct Dispatcher::State {
  static constexpr std::uint8_t cpu_event = first_kind;
  static constexpr std::uint8_t timer_event = first_kind + 1;
  static constexpr std::uint8_t release_event = first_kind + 2;
  static constexpr std::uint8_t clock_event = first_kind + 5;
  // At one instant timers come before CPUs: an interrupt's wake-up is seen by the slice that ends.
  static constexpr sim::EventClass timer_class = 2;
  static constexpr sim::EventClass cpu_class = 3;

  State(sim::Engine& its_engine, sim::Trace& its_trace, const sim::Random& its_random,
        const MachineSpec& its_machine, const OsSpec& its_os);
  ~State();
  State(const State&) = delete;
  State& operator=(const State&) = delete;

  [[nodiscard]] std::int64_t now() const { return engine.now().time_since_epoch().count(); }
  /// Writes the record with the present time.
  void note(TraceKind kind, sim::TraceRecord&& record) {
    record.time_ns = now();
    record.kind = static_cast<std::uint16_t>(kind);
    trace.record(record);  // inline: a record that is copied half-written stalls the CPU
  }
  [[nodiscard]] Seat seat(std::uint32_t thread) const {
    const Thread& it = threads[thread];
    return {.entity = it.entity, .cpu = it.cpu, .node = it.node};
  }

  /// What the calls of idle CPUs cost the running program; its next stretch of work pays.
  [[nodiscard]] double take_call_cost() { return std::exchange(call_cost_ns, 0.0); }

  // dispatcher_cpu.cpp
  void on_cpu_event(std::uint32_t cpu);
  void settle(std::uint32_t cpu);
  [[nodiscard]] std::int64_t next_while_running(std::uint32_t cpu);
  void arm(std::uint32_t cpu);
  /// Whether the thread on the CPU works in the kernel and may not be preempted there.
  [[nodiscard]] bool holds_on(const Cpu& cpu) const {
    return threads[cpu.thread].kind == WorkKind::kernel && stays_in_kernel(cpu);
  }
  [[nodiscard]] bool stays_in_kernel(const Cpu& cpu) const;
  void begin_interruption(std::uint32_t cpu);
  void plan_interruption(std::uint32_t cpu, std::int64_t from);
  [[nodiscard]] bool charges_refill() const {
    return machine.costs.cold_refill > sim::Duration::zero();
  }
  [[nodiscard]] sim::Duration refill_cost(std::uint32_t cpu, std::uint32_t thread) const;
  [[nodiscard]] sim::Duration cold_cost(std::uint32_t cpu, std::uint32_t thread) const;
  void note_left(std::uint32_t cpu, std::uint32_t thread);
  void note_load(std::uint32_t cpu);
  /// `thread` comes to the queue of `cpu`, or leaves it; `waits`: no group of it is throttled
  /// there.
  void add_waiting(std::uint32_t cpu, std::uint32_t thread, bool waits = true) {
    if (waits) {
      resume_waiting(cpu, {.all = 1, .bound = threads[thread].pinned});
    }
  }
  void remove_waiting(std::uint32_t cpu, std::uint32_t thread, bool waits = true) {
    if (waits) {
      stop_waiting(cpu, {.all = 1, .bound = threads[thread].pinned});
    }
  }
  /// These threads of the queue may run again, or may not: their group was throttled.
  void resume_waiting(std::uint32_t cpu, const Crowd& count);
  void stop_waiting(std::uint32_t cpu, const Crowd& count);
  [[nodiscard]] bool has_rivals(std::uint32_t cpu) const;
  void limit_slice(std::uint32_t cpu, sim::Duration left);
  void limit_by_quota(std::uint32_t cpu);
  [[nodiscard]] std::int64_t tick_at_or_after(const Cpu& cpu, std::int64_t when) const;
  void begin_waking(std::uint32_t cpu, WakeCause cause);
  void begin_segment(std::uint32_t cpu);
  void start_running(std::uint32_t cpu);
  void on_running(std::uint32_t cpu);
  void advance_speed(std::uint32_t cpu);
  /// The thread on `cpu` goes on, unless its slice or quota is over or it is preempted.
  void course(std::uint32_t cpu);
  [[nodiscard]] bool slice_is_over(std::uint32_t cpu) const;
  [[nodiscard]] std::optional<SwitchOut> reason_to_stop(std::uint32_t cpu);
  void give_way(std::uint32_t cpu, SwitchOut why);
  /// Throttles groups of the seat that was just left on `cpu` that have no CPU time left there.
  void throttle_spent(std::uint32_t cpu, const Seat& left);
  /// These nodes of groups have CPU time again.
  void unthrottle(std::span<const std::uint32_t> nodes);
  /// Picks who runs next on `cpu`; `before` was put back for the reason `why` and is not switched
  /// out if it is picked again; nobody if the thread has left.
  void schedule(std::uint32_t cpu, std::uint32_t before, SwitchOut why);
  [[nodiscard]] std::optional<Pick> pick(std::uint32_t cpu);
  [[nodiscard]] std::optional<Pick> pick_allowed(std::uint32_t cpu);

  // dispatcher_switch.cpp
  void switch_out(std::uint32_t cpu, std::uint32_t thread, SwitchOut why);
  void switch_in(std::uint32_t cpu, const Pick& pick);
  [[nodiscard]] sim::Duration note_migration(std::uint32_t cpu, std::uint32_t thread);
  void go_idle(std::uint32_t cpu);
  void set_busy(std::uint32_t cpu, bool busy);
  void count_busy(std::uint32_t core, bool busy);

  // dispatcher_shared.cpp; only with `shared`
  void begin_shared_segment(std::uint32_t cpu);
  void retime_siblings(std::uint32_t cpu);
  void leave_shared(std::uint32_t cpu);
  void on_clock(std::uint32_t clock);
  [[nodiscard]] sim::Duration cooled(std::uint32_t cpu, std::uint32_t thread, sim::Duration slice);
  [[nodiscard]] sim::Duration warm_up(std::uint32_t cpu, std::uint32_t thread) const;

  // dispatcher_thread.cpp
  Thread& requesting(ThreadId thread, std::coroutine_handle<> program, Request request);
  void complete(std::uint32_t cpu);
  void block_thread(std::uint32_t cpu);
  void exit_thread(std::uint32_t cpu);
  void leave(std::uint32_t cpu, SwitchOut why, DequeueReason reason);
  bool wake(std::uint32_t thread, WakeCause cause, WakeResult result);
  [[nodiscard]] bool stays_queued(std::uint32_t thread);
  void make_ready(std::uint32_t thread, EnqueueReason reason, WakeCause cause);
  void call_cpu(std::uint32_t cpu, std::uint32_t thread, WakeCause cause);
  void call_any_cpu(std::uint32_t thread, WakeCause cause);
  [[nodiscard]] bool waits_for_tick(std::uint32_t cpu, std::uint32_t thread, WakeCause cause) const;
  void check_preemption(std::uint32_t cpu, std::uint32_t thread, WakeCause cause);
  void interrupt(std::uint32_t thread);
  static void stop_at_next_poll(Thread& thread);

  // dispatcher_kill.cpp
  void kill(std::uint32_t thread, Program last);
  void begin_last(std::uint32_t thread);
  [[nodiscard]] bool leaves_kernel(std::uint32_t thread) const;

  // dispatcher_order.cpp
  void begin_job(std::uint32_t thread, const Job& job);
  void preempt(std::uint32_t cpu, std::uint32_t preempter);
  [[nodiscard]] std::uint32_t least_urgent_for(std::uint32_t thread);
  void watch_least_urgent(std::uint32_t preempter);
  void call_least_urgent(std::uint32_t thread, WakeCause cause);

  // dispatcher_nice.cpp
  [[nodiscard]] bool is_wanted(std::uint32_t cpu) const;
  void set_nice(std::uint32_t thread, int level);

  // dispatcher_balance.cpp
  [[nodiscard]] bool allowed(std::uint32_t thread, std::uint32_t cpu) const;
  [[nodiscard]] std::uint32_t nearest_idle(std::uint32_t thread) const;
  struct LinuxBalance;
  [[nodiscard]] std::uint32_t cpu_for_woken(std::uint32_t thread, WakeCause cause);
  [[nodiscard]] std::uint32_t cpu_for_new(std::uint32_t thread, WakeCause cause);
  void place(std::uint32_t thread, std::uint32_t cpu, MoveReason why);
  /// A waiting thread of `from` that may run on `to`; `cold`: only if it ran long enough ago.
  [[nodiscard]] std::optional<std::uint32_t> candidate(std::uint32_t from, std::uint32_t to,
                                                       bool cold) const;
  void move(std::uint32_t thread, std::uint32_t to, MoveReason why);
  /// Takes a waiting thread of another CPU to `cpu`, which has run dry.
  bool pull(std::uint32_t cpu);
  [[nodiscard]] bool pull_from(std::uint32_t from, std::uint32_t to);
  void balance_at_tick(std::uint32_t cpu);
  /// Takes the running thread from beside a busy sibling to an idle core; false: it stays.
  bool moves_to_idle_core(std::uint32_t cpu);
  /// Where a thread goes on whose program is replaced; where it is, if it does not move.
  [[nodiscard]] std::uint32_t cpu_for_exec(std::uint32_t thread);
  void move_at_exec(std::uint32_t cpu);
  void send_away(std::uint32_t cpu, std::uint32_t to, MoveReason why);
  void rotate_if_due();
  void collect_unequal();

  // dispatcher_classes.cpp
  [[nodiscard]] std::int64_t urgency(std::uint32_t thread) const;
  [[nodiscard]] std::int64_t urgency_to_be(std::uint32_t thread) const;
  [[nodiscard]] bool is_urgent(std::uint32_t thread) const { return urgency(thread) > 0; }
  [[nodiscard]] std::int64_t urgency_on(std::uint32_t cpu) const;
  [[nodiscard]] std::uint32_t cpu_for_urgent(std::uint32_t thread, std::uint32_t preferred) const;
  void pull_urgent(std::uint32_t cpu);
  void push_urgent(std::uint32_t cpu);
  void arm_release(std::uint32_t cpu);
  void on_release(std::uint32_t cpu);
  bool lend_urgency(std::uint32_t thread, std::int64_t urgency);
  void take_class(std::uint32_t thread);
  bool put_back(std::uint32_t thread, EnqueueReason reason);

  // dispatcher_accounts.cpp
  [[nodiscard]] ThreadAccounts thread_accounts(std::uint32_t thread) const;
  [[nodiscard]] CpuAccounts cpu_accounts(std::uint32_t cpu) const;
  [[nodiscard]] sim::Duration core_busy(std::uint32_t cpu) const;
  [[nodiscard]] std::int64_t shared_waited(std::int64_t until) const;
  /// CPU time lost up to now because some CPUs idle while threads wait for others. [ns]
  [[nodiscard]] std::int64_t idle_beside_waiting() const;
  void settle_idle_account();
  void charge_cpu(const Cpu& cpu, std::int64_t elapsed, CpuAccounts& accounts) const;
  void log_state(std::uint32_t cpu, std::int64_t elapsed) const;
  [[nodiscard]] double work_done(const Cpu& cpu, std::int64_t elapsed, std::int64_t until) const;

  sim::Engine& engine;
  sim::Trace& trace;
  const sim::Random& random;
  const MachineSpec& machine;
  const OsSpec& os;

  CpuMap map;
  Bandwidth bandwidth;
  RunQueues queues;
  IdleCpus idle;
  LoadTree loads;
  CpuRates rates;
  std::unique_ptr<SharedRates> shared;  // only where what one thread does slows others
  std::vector<Cpu> cpus;
  std::vector<std::uint32_t> busy_in_core;  // by the core's first position
  std::vector<CoreTime> core_times;         // the same

  std::vector<Thread> threads;
  std::vector<ThreadLedger> ledgers;
  std::vector<ThreadInfo> infos;
  std::uint32_t pinned_threads = 0;

  std::uint32_t active_thread = nobody;  // whose program is being resumed at this moment
  std::uint32_t active_cpu = nobody;
  double call_cost_ns = 0.0;      // of idle CPUs that the active thread called, and of lines
  std::uint64_t cpus_called = 0;  // out of idleness or out of a thread's hands, so far

  CpuStateLog* states = nullptr;  // not owned; only where somebody asked for it

  // With one queue for all CPUs.
  std::uint32_t shared_waiting = 0;
  std::int64_t shared_waited_ns = 0;  // while somebody waited, up to shared_since
  std::int64_t shared_since = 0;
  std::vector<std::uint32_t> skipped;  // not allowed on the CPU that picks

  std::uint32_t interruptions = 0;           // drawn so far
  std::vector<sim::Duration> busy_at_leave;  // of the CPU, by thread; only with refill costs

  bool per_cpu = true;
  bool ordered = false;           // the policy's: some threads are more urgent than others
  bool balances = false;          // more than one CPU, each with its own queue
  bool watches_ticks = false;     // an idle CPU beside a queue is possible
  bool watches_siblings = false;  // a running thread may move to an idle core at a tick
  std::unique_ptr<LinuxBalance> linux_balance;  // only if os.balance asks for the mechanism
  std::uint32_t movable_threads = 0;            // that wait for a busy CPU and are bound to none
  std::int64_t idle_beside_ns = 0;  // see idle_beside_waiting(), up to idle_beside_since
  std::int64_t idle_beside_since = 0;
  std::int64_t next_rotation = never;
  std::uint32_t rotations = 0;
  std::vector<std::uint32_t> crowded;
  std::vector<std::uint32_t> roomy;

  DrawStream jitter_draws;
  DrawStream wake_draws;
  DrawStream pull_draws;
  DrawStream tick_draws;
  DrawStream rotation_draws;
};

}  // namespace timeslice::models
