#include "models/os/dispatcher.hpp"

#include <utility>

#include "models/os/cpuset.hpp"
#include "models/os/dispatcher_state.hpp"
#include "models/os/linux_balance.hpp"
#include "sim/expect.hpp"

namespace timeslice::models {

namespace {

template <typename Id>
std::uint32_t number(Id id) {
  return static_cast<std::uint32_t>(id);
}

EntityParameters parameters_of(const ThreadSpec& spec, int nice) {
  const bool idle = spec.sched.kind == SchedulingClass::idle;
  return {.weight = idle ? weight_of_idle : weight_of_nice(nice),
          .scheduling_class = spec.sched.kind,
          .priority = spec.sched.priority,
          .slice = spec.sched.slice,
          .runtime = spec.sched.runtime,
          .deadline = spec.sched.deadline,
          .period = spec.sched.period};
}

/// Each CPU's ticks start at a phase of their own: kernel ticks are not aligned between CPUs.
std::int64_t tick_phase(const OsSpec& os, const sim::Random& random, std::uint32_t cpu) {
  if (os.tick == sim::Duration::zero() || !os.random_tick_phase) {
    return 0;
  }
  const sim::DrawKey key{.task = sim::hash_name32("os/tick-phase"), .count = cpu};
  return static_cast<std::int64_t>(random.below(key, static_cast<std::uint64_t>(os.tick.count())));
}

}  // namespace

Dispatcher::State::State(sim::Engine& its_engine, sim::Trace& its_trace,
                         const sim::Random& its_random, const MachineSpec& its_machine,
                         const OsSpec& its_os)
    : engine{its_engine},
      trace{its_trace},
      random{its_random},
      machine{its_machine},
      os{its_os},
      map{machine},
      bandwidth{engine, trace, random, os},
      queues{os, map.cpus(), bandwidth, random},
      idle{map},
      loads{map.cpus()},
      rates{machine, os.tick, map.core_size_max()},
      cpus(map.cpus()),
      busy_in_core(map.cpus()),
      core_times(map.cpus()),
      per_cpu{!queues.shared()},
      ordered{queues.has_order()},
      balances{per_cpu && map.cpus() > 1},
      jitter_draws{sim::hash_name32("os/wake-jitter")},
      wake_draws{sim::hash_name32("os/move-on-wake")},
      pull_draws{sim::hash_name32("os/pull-when-idle")},
      tick_draws{sim::hash_name32("os/pull-at-tick")},
      rotation_draws{sim::hash_name32("os/rotation")} {
  const BalanceSpec& balance = os.balance;
  const bool never_idle_beside_queue = balance.move_on_wake >= 1.0 &&
                                       balance.pull_when_idle >= 1.0 &&
                                       balance.pull_when_idle_hot >= 1.0;
  watches_ticks = balances && os.tick > sim::Duration::zero() && balance.pull_at_tick > 0.0 &&
                  !never_idle_beside_queue;
  watches_siblings = balances && os.tick > sim::Duration::zero() && balance.pull_at_tick > 0.0;
  const bool mechanism = balances && balance.kind == BalanceKind::linux_domains;
  if (balances && !mechanism && balance.rotate_every > sim::Duration::zero()) {
    next_rotation = balance.rotate_every.count();
  }
  for (std::uint32_t cpu = 0; cpu < map.cpus(); ++cpu) {
    cpus[cpu].slot = engine.add_slot(cpu_event, cpu, cpu_class);
    cpus[cpu].core = map.core(map.position(cpu)).begin;
    cpus[cpu].tick_phase = tick_phase(os, random, cpu);
    cpus[cpu].settled = now();
    queues.set_ticks(
        cpu, {.period = os.tick, .first = sim::Instant{sim::Duration{cpus[cpu].tick_phase}}});
  }
  if (mechanism) {
    linux_balance = std::make_unique<LinuxBalance>(*this);
  }
}

Dispatcher::State::~State() = default;

Dispatcher::Dispatcher(sim::Engine& engine, sim::Trace& trace, const sim::Random& random,
                       const MachineSpec& machine, const OsSpec& os)
    : state_{std::make_unique<State>(engine, trace, random, machine, os)} {}

Dispatcher::~Dispatcher() = default;

ThreadId Dispatcher::create_thread(const ThreadSpec& spec) {
  State& state = *state_;
  const auto thread = static_cast<std::uint32_t>(state.threads.size());
  const auto of_group = allowed_cpus(state.os, spec.group);
  sim::expect(of_group.has_value(), "a group may use some CPU");
  std::vector<CpuId> affinity = common_cpus(spec.affinity, *of_group);
  sim::expect(spec.affinity.empty() || !affinity.empty(), "a thread is bound to CPUs of its group");
  for (const CpuId cpu : affinity) {
    sim::expect(index_of(cpu) < state.cpus.size(), "a thread is bound to CPUs that exist");
  }
  if (affinity.size() == state.cpus.size()) {
    affinity.clear();  // every CPU: not bound
  }
  const std::uint32_t creator = state.active_thread;
  const int nice = spec.nice.value_or(creator == nobody ? 0 : state.infos[creator].nice);
  const EntityParameters parameters = parameters_of(spec, nice);
  Thread& hot = state.threads.emplace_back();
  hot.entity = state.queues.add_thread(thread, parameters, !affinity.empty());
  hot.pinned = affinity.empty() ? 0 : 1;
  hot.background = spec.background;
  state.pinned_threads += hot.pinned;
  if (state.linux_balance) {
    state.linux_balance->thread_created(parameters.weight);
  }
  hot.cpu = affinity.empty() ? 0 : static_cast<std::uint32_t>(affinity.front());
  state.ledgers.emplace_back();
  ThreadInfo& info = state.infos.emplace_back();
  info.name = spec.name;
  info.affinity = std::move(affinity);
  info.process = spec.process;
  info.group = spec.group;
  info.sched = spec.sched;
  info.nice = nice;
  state.note(TraceKind::thread_created, {.cpu = no_cpu,
                                         .subject = thread,
                                         .object = static_cast<std::uint32_t>(spec.process),
                                         .cause = state.active_thread});
  return ThreadId{thread};
}

void Dispatcher::start(ThreadId thread, Program program, WakeCause cause) {
  State& state = *state_;
  sim::expect(program.valid(), "a thread has a program");
  sim::expect(state.threads[number(thread)].state == ThreadState::created, "a thread starts once");
  state.infos[number(thread)].program = std::move(program);
  state.ledgers[number(thread)].since = state.now();
  std::uint32_t cpu = state.cpu_for_new(number(thread), cause);
  if (state.is_urgent(number(thread))) {
    cpu = state.cpu_for_urgent(number(thread), cpu);
  }
  state.place(number(thread), cpu, MoveReason::none);
  state.make_ready(number(thread), EnqueueReason::created, cause);
}

void Dispatcher::handle(sim::Due due) {
  switch (due.kind) {
    case State::cpu_event:
      state_->on_cpu_event(due.argument);
      break;
    case State::timer_event:
      state_->wake(due.argument, WakeCause{}, WakeResult::timed_out);
      break;
    case State::release_event:
      state_->on_release(due.argument);
      break;
    case State::clock_event:
      state_->on_clock(due.argument);
      break;
    case Bandwidth::refill_event:
      state_->unthrottle(state_->bandwidth.refill(due.argument));
      break;
    case Bandwidth::slack_event:
      state_->unthrottle(state_->bandwidth.share_slack(due.argument));
      break;
    default:
      sim::expect(false, "the dispatcher gets its own events only");
  }
}

void Dispatcher::begin_job(ThreadId thread, const Job& job) {
  state_->begin_job(number(thread), job);
}

void Dispatcher::set_nice(ThreadId thread, int level) {
  state_->set_nice(number(thread), level);
}

bool Dispatcher::wake(ThreadId thread, WakeCause cause) {
  return state_->wake(number(thread), cause, WakeResult::woken);
}

void Dispatcher::interrupt(ThreadId thread) {
  state_->interrupt(number(thread));
}

Dispatcher::RunAwaiter Dispatcher::run(ThreadId thread, Work work) {
  return RunAwaiter{*state_, thread, work};
}

Dispatcher::InterruptibleRunAwaiter Dispatcher::run_interruptible(ThreadId thread, Work work,
                                                                  double poll_ns) {
  return InterruptibleRunAwaiter{*state_, thread, work, poll_ns};
}

Dispatcher::PayCallAwaiter Dispatcher::pay_call(ThreadId thread) {
  return PayCallAwaiter{*state_, thread, state_->call_cost_ns > 0.0};
}

void Dispatcher::fetch_lines(ThreadId thread, CpuId from, double lines) {
  const CpuId to = cpu_of(thread);
  if (to == from || state_->active_thread != number(thread)) {
    return;
  }
  const MachineSpec& machine = state_->machine;
  const Relation relation = relation_of(machine, from, to);
  state_->call_cost_ns += lines * machine.memory_system.transfer.of(relation);
}

Dispatcher::BlockAwaiter Dispatcher::block(ThreadId thread, WaitCause cause) {
  return BlockAwaiter{*state_, thread, cause};
}

Dispatcher::BlockAwaiter Dispatcher::yield(ThreadId thread) {
  return BlockAwaiter{*state_, thread};
}

Dispatcher::ExecAwaiter Dispatcher::exec(ThreadId thread) {
  return ExecAwaiter{*state_, thread};
}

Dispatcher::TimedBlockAwaiter Dispatcher::block_for(ThreadId thread, sim::Duration timeout,
                                                    WaitCause cause) {
  // Real-time and deadline threads have no slack: hrtimer_nanosleep and select_estimate_accuracy
  // of Linux 6.12.
  const sim::Duration slack =
      state_->is_urgent(number(thread)) ? sim::Duration::zero() : state_->os.timer_slack;
  const sim::Duration late = slack + state_->os.timer_latency;
  return TimedBlockAwaiter{*state_, thread, timeout + late, cause};
}

Dispatcher::TimedBlockAwaiter Dispatcher::sleep(ThreadId thread, sim::Duration duration) {
  return block_for(thread, duration, WaitCause{.what = WaitFor::sleep, .object = 0});
}

Dispatcher::TimedBlockAwaiter Dispatcher::wait_for_device(ThreadId thread, sim::Duration duration) {
  return TimedBlockAwaiter{*state_, thread, duration + state_->os.timer_latency,
                           WaitCause{.what = WaitFor::io, .object = 0}};
}

sim::Duration Dispatcher::timer_cost(sim::Duration duration) const {
  const sim::Duration whole = state_->machine.costs.timer_set;
  const sim::Duration tick = state_->os.tick;
  if (tick == sim::Duration::zero()) {
    return whole;
  }
  const double left = 1.0 - sim::as_ns(duration) / sim::as_ns(tick);
  return sim::Duration{static_cast<std::int64_t>(sim::as_ns(whole) * std::max(left, 0.0))};
}

std::int64_t Dispatcher::urgency(ThreadId thread) const {
  return state_->urgency_to_be(number(thread));
}

bool Dispatcher::has_classes() const {
  return state_->queues.has_classes();
}

bool Dispatcher::lend_urgency(ThreadId thread, std::int64_t urgency) {
  return state_->lend_urgency(number(thread), urgency);
}

bool Dispatcher::running(ThreadId thread) const {
  return state_->threads[number(thread)].state == ThreadState::running;
}

bool Dispatcher::finished(ThreadId thread) const {
  return state_->threads[number(thread)].state == ThreadState::finished;
}

bool Dispatcher::blocked(ThreadId thread) const {
  return state_->threads[number(thread)].state == ThreadState::blocked;
}

CpuId Dispatcher::cpu_of(ThreadId thread) const {
  const Thread& hot = state_->threads[number(thread)];
  const bool elsewhere = hot.state != ThreadState::running && hot.last_cpu != nobody;
  return CpuId{elsewhere ? hot.last_cpu : hot.cpu};
}

void Dispatcher::update_run_time(ThreadId thread) {
  const Thread& hot = state_->threads[number(thread)];
  const bool ends_slices = state_->os.policy.kind == PolicyKind::eevdf;
  if (ends_slices && hot.state == ThreadState::running && state_->has_rivals(hot.cpu)) {
    state_->settle(hot.cpu);
    Cpu& cpu = state_->cpus[hot.cpu];
    cpu.slice_end = std::min(cpu.slice_end, state_->now());  // course() asks whether it is over
    state_->arm(hot.cpu);
  }
}

sim::Instant Dispatcher::left_idle(CpuId cpu) const {
  return sim::Instant{sim::Duration{state_->cpus[index_of(cpu)].left_idle}};
}

std::uint32_t Dispatcher::threads() const {
  return static_cast<std::uint32_t>(state_->threads.size());
}

const std::string& Dispatcher::name(ThreadId thread) const {
  return state_->infos[number(thread)].name;
}

GroupId Dispatcher::group_of(ThreadId thread) const {
  return state_->infos[number(thread)].group;
}

WaitCause Dispatcher::waiting_for(ThreadId thread) const {
  return state_->infos[number(thread)].waits_for;
}

ThreadAccounts Dispatcher::accounts(ThreadId thread) const {
  return state_->thread_accounts(number(thread));
}

CpuAccounts Dispatcher::accounts(CpuId cpu) const {
  return state_->cpu_accounts(static_cast<std::uint32_t>(cpu));
}

std::optional<QuotaAccounts> Dispatcher::accounts(GroupId group) const {
  return group == GroupId{0} ? std::nullopt : state_->bandwidth.accounts(number(group) - 1);
}

sim::Duration Dispatcher::core_busy(CpuId cpu) const {
  return state_->core_busy(static_cast<std::uint32_t>(cpu));
}

sim::Duration Dispatcher::idle_while_runnable() const {
  return sim::Duration{state_->idle_beside_waiting()};
}

void Dispatcher::log_cpu_states(CpuStateLog& log) {
  state_->states = &log;
}

void Dispatcher::settle_cpus() {
  for (std::uint32_t cpu = 0; cpu < cpus(); ++cpu) {
    state_->settle(cpu);
  }
}

std::uint32_t Dispatcher::cpus() const {
  return static_cast<std::uint32_t>(state_->cpus.size());
}

const Policy& Dispatcher::policy() const {
  return state_->queues.policy();
}

sim::Engine& Dispatcher::engine() {
  return state_->engine;
}
sim::Trace& Dispatcher::trace() {
  return state_->trace;
}
const OsCosts& Dispatcher::costs() const {
  return state_->machine.costs;
}
sim::FramePool& Dispatcher::frame_pool() {
  return state_->engine.frame_pool();
}

}  // namespace timeslice::models
