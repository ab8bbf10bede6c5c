#include <cmath>
#include <limits>

#include "models/os/dispatcher_state.hpp"
#include "models/os/linux_balance.hpp"
#include "sim/expect.hpp"

namespace timeslice::models {

namespace {

bool is_work(double nominal_ns) {
  return nominal_ns >= 0.0 && nominal_ns <= std::numeric_limits<double>::max();
}

}  // namespace

/// The thread whose program gives the control back with a request.
Thread& Dispatcher::State::requesting(ThreadId thread, std::coroutine_handle<> program,
                                      Request request) {
  sim::expect(static_cast<std::uint32_t>(thread) == active_thread,
              "a program awaits the dispatcher for its own thread, while that runs");
  Thread& it = threads[index_of(thread)];
  it.resume = program;
  it.request = request;
  it.poll_ns = 0.0;
  it.stop_asked = 0;
  it.stopping = 0;
  return it;
}

void Dispatcher::RunAwaiter::await_suspend(std::coroutine_handle<> program) const {
  sim::expect(is_work(work_.nominal_ns), "work is not negative and finite");
  Thread& thread = state_.requesting(thread_, program, Request::run);
  thread.kind = work_.kind;
  thread.remaining_ns = work_.nominal_ns + state_.take_call_cost();
}

void Dispatcher::InterruptibleRunAwaiter::await_suspend(std::coroutine_handle<> program) const {
  sim::expect(is_work(work_.nominal_ns), "work is not negative and finite");
  sim::expect(poll_ns_ > 0.0, "poll points lie apart");
  sim::expect(work_.kind != WorkKind::kernel, "kernel work does not poll");
  Thread& thread = state_.requesting(thread_, program, Request::run);
  thread.kind = work_.kind;
  thread.remaining_ns = work_.nominal_ns;
  thread.reserve_ns = work_.nominal_ns;
  thread.poll_ns = poll_ns_;
}

double Dispatcher::InterruptibleRunAwaiter::await_resume() const {
  return state_.threads[index_of(thread_)].reserve_ns;
}

void Dispatcher::BlockAwaiter::await_suspend(std::coroutine_handle<> program) const {
  state_.requesting(thread_, program, yields_ ? Request::yield : Request::block);
  state_.infos[index_of(thread_)].waits_for = cause_;
  state_.infos[index_of(thread_)].wake_after = sim::Duration{-1};
}

bool Dispatcher::ExecAwaiter::await_ready() const {
  const auto thread = static_cast<std::uint32_t>(thread_);
  return state_.cpu_for_exec(thread) == state_.threads[thread].cpu;
}

void Dispatcher::ExecAwaiter::await_suspend(std::coroutine_handle<> program) const {
  state_.requesting(thread_, program, Request::exec);
}

void Dispatcher::TimedBlockAwaiter::await_suspend(std::coroutine_handle<> program) const {
  sim::expect(timeout_ >= sim::Duration::zero(), "a wait is not negative");
  state_.requesting(thread_, program, Request::block);
  state_.infos[index_of(thread_)].waits_for = cause_;
  state_.infos[index_of(thread_)].wake_after = timeout_;
}

WakeResult Dispatcher::TimedBlockAwaiter::await_resume() const {
  return state_.infos[index_of(thread_)].woken_by;
}

/// The thread on `cpu` has done its work: its program says what comes next.
void Dispatcher::State::complete(std::uint32_t cpu) {
  const std::uint32_t thread = cpus[cpu].thread;
  {
    Thread& it = threads[thread];
    it.remaining_ns = 0.0;
    it.reserve_ns = it.stopping != 0 ? it.reserve_ns : 0.0;
    it.poll_ns = 0.0;
    it.request = Request::none;
  }
  active_thread = thread;
  active_cpu = cpu;
  if (infos[thread].begun) {
    threads[thread].resume.resume();
  } else {
    infos[thread].begun = true;
    // Moved out: the program may create threads, which moves the table.
    Program program = std::move(infos[thread].program);
    program.start();
    infos[thread].program = std::move(program);
  }
  active_thread = nobody;
  active_cpu = nobody;
  call_cost_ns = 0.0;
  if (infos[thread].killed && leaves_kernel(thread)) {
    begin_last(thread);
  }
  if (infos[thread].program.done()) {
    exit_thread(cpu);
    return;
  }
  switch (threads[thread].request) {
    case Request::run:
      begin_segment(cpu);
      course(cpu);
      break;
    case Request::block:
      block_thread(cpu);
      break;
    case Request::yield:
      give_way(cpu, SwitchOut::yielded);
      break;
    case Request::exec:
      move_at_exec(cpu);
      break;
    case Request::none:
      sim::expect(false, "a thread's program awaits nothing but its dispatcher");
  }
}

/// The running thread is no longer able to run.
void Dispatcher::State::leave(std::uint32_t cpu, SwitchOut why, DequeueReason reason) {
  const std::uint32_t thread = cpus[cpu].thread;
  const Seat left = seat(thread);
  queues.remove_running(left, reason);
  if (threads[thread].reclass) {
    take_class(thread);
  }
  threads[thread].left_cpu_at = now();
  if (linux_balance) {
    linux_balance->thread_changed(thread, false, false);
  }
  ledgers[thread].since = now();
  if (charges_refill()) {
    note_left(cpu, thread);
  }
  if (shared) {
    shared->switch_out(thread, cpu);
  }
  note(TraceKind::switch_out, {.cpu = static_cast<std::uint16_t>(cpu),
                               .subject = thread,
                               .cause = no_subject,
                               .value = static_cast<std::uint64_t>(why)});
  cpus[cpu].thread = nobody;
  throttle_spent(cpu, left);
}

void Dispatcher::State::block_thread(std::uint32_t cpu) {
  const std::uint32_t thread = cpus[cpu].thread;
  ThreadInfo& info = infos[thread];
  leave(cpu, SwitchOut::blocked, DequeueReason::blocked);
  threads[thread].state = ThreadState::blocked;
  ++ledgers[thread].so_far.switches_voluntary;
  note(TraceKind::blocked, {.cpu = static_cast<std::uint16_t>(cpu),
                            .subject = thread,
                            .object = info.waits_for.object,
                            .cause = no_subject,
                            .value = static_cast<std::uint64_t>(info.waits_for.what)});
  if (info.wake_after >= sim::Duration::zero()) {
    if (!info.timer) {
      info.timer = engine.add_timer(timer_event, thread, timer_class);
    }
    engine.arm(*info.timer, engine.now() + info.wake_after);
  }
  schedule(cpu, nobody, SwitchOut::blocked);
}

void Dispatcher::State::exit_thread(std::uint32_t cpu) {
  const std::uint32_t thread = cpus[cpu].thread;
  ThreadInfo& info = infos[thread];
  leave(cpu, SwitchOut::exited, DequeueReason::exited);
  threads[thread].state = ThreadState::finished;
  if (linux_balance) {
    linux_balance->thread_exited(thread);
  }
  pinned_threads -= threads[thread].pinned;
  note(TraceKind::thread_exited, {.cpu = static_cast<std::uint16_t>(cpu),
                                  .subject = thread,
                                  .object = static_cast<std::uint32_t>(info.process),
                                  .cause = no_subject});
  info.program = Program{};
  if (info.timer) {
    engine.remove_timer(*info.timer);
    info.timer.reset();
  }
  if (!threads[thread].background) {
    engine.note_progress();
  }
  schedule(cpu, nobody, SwitchOut::exited);
}

bool Dispatcher::State::wake(std::uint32_t thread, WakeCause cause, WakeResult result) {
  if (threads[thread].state != ThreadState::blocked) {
    return false;
  }
  ThreadInfo& info = infos[thread];
  info.woken_by = result;
  if (info.timer) {
    engine.cancel(*info.timer);
  }
  ThreadLedger& ledger = ledgers[thread];
  ledger.so_far.blocked_time += sim::Duration{now() - ledger.since};
  ledger.since = now();
  const std::uint32_t before = threads[thread].cpu;
  const std::uint32_t cpu = is_urgent(thread)      ? cpu_for_urgent(thread, before)
                            : stays_queued(thread) ? before
                                                   : cpu_for_woken(thread, cause);
  place(thread, cpu, cpu == before ? MoveReason::none : MoveReason::wake);
  const std::uint64_t called = cpus_called;
  make_ready(thread, EnqueueReason::woken, cause);
  const bool by_program = active_thread != nobody && cause.thread == active_thread;
  if (cpus_called != called && by_program) {
    call_cost_ns += sim::as_ns(machine.costs.idle_call);
  }
  if (is_urgent(thread)) {
    push_urgent(threads[thread].cpu);  // with the deadline that its wake-up gave it
  }
  return true;
}

/// A blocked thread that still owes its queue something is not placed anew when it wakes up. The
/// idealised balancer places everybody: no CPU shall idle beside a waiting thread.
bool Dispatcher::State::stays_queued(std::uint32_t thread) {
  if (!queues.stays_queued(seat(thread))) {
    return false;
  }
  settle(threads[thread].cpu);  // it may have been let go of meanwhile
  const bool places_all = os.balance.kind == BalanceKind::work_conserving;
  return !places_all && queues.stays_queued(seat(thread));
}

/// Puts a thread that has a place into its queue and sees to it that a CPU looks there.
void Dispatcher::State::make_ready(std::uint32_t thread, EnqueueReason reason, WakeCause cause) {
  const std::uint32_t cpu = threads[thread].cpu;
  settle(cpu);
  threads[thread].state = ThreadState::ready;
  const bool waits = queues.enqueue(seat(thread), reason);
  add_waiting(cpu, thread, waits);
  if (linux_balance) {
    linux_balance->thread_changed(thread, true, false);
  }
  if (reason != EnqueueReason::migrated) {
    note(TraceKind::ready, {.cpu = static_cast<std::uint16_t>(cpu),
                            .subject = thread,
                            .cause = cause.thread,
                            .value = static_cast<std::uint64_t>(reason)});
  }
  if (!waits) {
    note_load(cpu);
    return;  // its group's quota is used up there
  }
  if (per_cpu) {
    call_cpu(cpu, thread, cause);
  } else {
    call_any_cpu(thread, cause);
  }
}

void Dispatcher::State::call_cpu(std::uint32_t cpu, std::uint32_t thread, WakeCause cause) {
  Cpu& it = cpus[cpu];
  if (it.phase == Phase::idle) {
    begin_waking(cpu, cause);
  } else if (it.thread != nobody) {
    limit_slice(cpu, queues.slice_left(seat(it.thread)));
    check_preemption(cpu, thread, cause);
  }
  note_load(cpu);
  if (queues.has_classes()) {
    arm_release(cpu);
  }
}

/// With one queue for all: an idle CPU is called, else the one where the thread last ran, or where
/// the least urgent one runs if the policy has an order, gives way if the policy says so.
void Dispatcher::State::call_any_cpu(std::uint32_t thread, WakeCause cause) {
  const std::uint32_t free = nearest_idle(thread);
  if (free != IdleCpus::none) {
    begin_waking(free, cause);
  } else if (ordered) {
    call_least_urgent(thread, cause);
  } else if (cpus[threads[thread].cpu].thread != nobody) {
    check_preemption(threads[thread].cpu, thread, cause);
  }
}

/// With lazy preemption a fair thread's request is seen at the next return to user mode or tick:
/// the CPU of a program is not interrupted for it, its system call goes on. Source:
/// resched_curr_lazy and sched_tick of Linux 6.13.
bool Dispatcher::State::waits_for_tick(std::uint32_t cpu, std::uint32_t thread,
                                       WakeCause cause) const {
  if (os.preemption != KernelPreemption::lazy || os.tick == sim::Duration::zero() ||
      is_urgent(thread)) {
    return false;
  }
  return cause.thread != nobody && threads[cause.thread].cpu != cpu;
}

void Dispatcher::State::check_preemption(std::uint32_t cpu, std::uint32_t thread, WakeCause cause) {
  Cpu& it = cpus[cpu];
  if (queues.preempts(seat(thread), seat(it.thread))) {
    it.preempter = cause.thread == nobody ? thread : cause.thread;
    const bool lazy = os.preemption == KernelPreemption::lazy && os.tick > sim::Duration::zero();
    if (lazy && !is_urgent(thread)) {
      it.lazy_at = std::min(it.lazy_at, tick_at_or_after(it, now() + 1));
    }
    const bool at_once = !waits_for_tick(cpu, thread, cause);
    const bool elsewhere = cause.thread != nobody && threads[cause.thread].cpu != cpu;
    if (at_once && elsewhere && !it.must_reschedule) {
      ++cpus_called;
    }
    it.must_reschedule = it.must_reschedule || at_once;
  }
  if (cpu != active_cpu) {
    arm(cpu);
  }
}

void Dispatcher::State::interrupt(std::uint32_t thread) {
  Thread& it = threads[thread];
  const bool able = it.state == ThreadState::running || it.state == ThreadState::ready;
  if (!able || it.poll_ns == 0.0 || it.stopping != 0) {
    return;
  }
  if (it.state == ThreadState::ready || cpus[it.cpu].phase != Phase::running) {
    it.stop_asked = 1;
    return;
  }
  settle(it.cpu);
  if (cpus[it.cpu].completes_at <= now()) {
    return;  // it is done at this very instant
  }
  stop_at_next_poll(it);
  begin_segment(it.cpu);
  arm(it.cpu);
}

/// Splits what remains into the part up to the next poll point, and the rest.
void Dispatcher::State::stop_at_next_poll(Thread& thread) {
  thread.stop_asked = 0;
  const double whole = thread.reserve_ns;
  const double done = whole - thread.remaining_ns;
  const double polls_done = static_cast<double>(static_cast<std::int64_t>(done / thread.poll_ns));
  const double stop = (polls_done + 1.0) * thread.poll_ns;
  if (stop >= whole) {
    return;
  }
  thread.stopping = 1;
  thread.remaining_ns = stop - done;
  thread.reserve_ns = whole - stop;
}

}  // namespace timeslice::models
