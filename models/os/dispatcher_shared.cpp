// Segments whose speed depends on what other CPUs do: timed by a clock that many of them share.
#include <algorithm>
#include <utility>

#include "models/machine/character.hpp"
#include "models/os/dispatcher_state.hpp"
#include "sim/expect.hpp"

namespace timeslice::models {

void Dispatcher::share_machine(const std::vector<CharacterSpec>& characters) {
  State& state = *state_;
  if (!SharedRates::needed(state.machine, characters)) {
    return;
  }
  std::vector<Character> known{Character{}};  // nothing special
  for (std::size_t i = 1; i < characters.size(); ++i) {
    // Of a task that never runs it may be one that this machine cannot have.
    const bool possible = !check_character(characters[i], state.machine);
    known.push_back(possible ? character_of(characters[i], state.machine) : Character{});
  }
  state.shared = std::make_unique<SharedRates>(state.engine, state.machine, state.rates,
                                               std::move(known), State::clock_event);
}

void Dispatcher::set_character(ThreadId thread, std::uint32_t character) {
  if (state_->shared) {
    const auto number = static_cast<std::uint32_t>(thread);
    state_->shared->set_character(number, state_->threads[number].cpu, character);
  }
}

double Dispatcher::unit_ns(std::uint32_t character) const {
  sim::expect(state_->shared != nullptr, "work with a character runs on a shared machine");
  return state_->shared->character(character).unit_ns;
}

void Dispatcher::State::begin_shared_segment(std::uint32_t cpu) {
  Cpu& it = cpus[cpu];
  const Thread& thread = threads[it.thread];
  const SharedTiming timing = shared->begin({.cpu = cpu,
                                             .thread = it.thread,
                                             .kind = thread.kind,
                                             .busy = busy_in_core[it.core],
                                             .remaining_ns = thread.remaining_ns});
  it.rate = timing.rate;
  it.clock = timing.clock;
  if (it.clock != no_clock) {
    it.clock_seen = shared->clock_at(it.clock, now());
    it.completes_at = never;
  } else {
    const std::int64_t length = wall_ns(thread.remaining_ns, it.rate);
    it.completes_at = length >= never - now() ? never : now() + length;
  }
  if (shared->take_core_use_changed(cpu)) {
    retime_siblings(cpu);
  }
}

/// The thread on `cpu` leaves them another part of the core than before.
void Dispatcher::State::retime_siblings(std::uint32_t cpu) {
  const std::uint32_t position = map.position(cpu);
  const CpuRange core = map.core(position);
  for (std::uint32_t other = core.begin; other < core.end; ++other) {
    const std::uint32_t sibling = map.cpu_at(other);
    if (other != position && cpus[sibling].phase == Phase::running &&
        cpus[sibling].completes_at > now()) {
      settle(sibling);
      begin_segment(sibling);
      arm(sibling);
    }
  }
}

void Dispatcher::State::leave_shared(std::uint32_t cpu) {
  shared->leave(cpu);
  cpus[cpu].clock = no_clock;
}

/// What others took from the thread's data in the caches of `cpu`, as far as the thread gets to
/// miss it in a turn of this length, and at most the work that it has left.
sim::Duration Dispatcher::State::cooled(std::uint32_t cpu, std::uint32_t thread,
                                        sim::Duration slice) {
  const double debt = shared->switch_in(thread, cpu);
  if (debt <= 0.0) {
    return sim::Duration::zero();
  }
  double paid = std::min(debt, threads[thread].remaining_ns);
  if (has_rivals(cpu)) {
    const double pass = shared->pass_ns(thread) + debt;
    paid = std::min(paid, debt * sim::as_ns(slice) / pass);
  }
  return sim::Duration{static_cast<std::int64_t>(paid)};
}

/// What the caches of `cpu` do not hold of the thread's data, at most the work that it has left.
sim::Duration Dispatcher::State::warm_up(std::uint32_t cpu, std::uint32_t thread) const {
  const Thread& it = threads[thread];
  const double debt = shared->warm_up_ns(thread, it.last_cpu, cpu);
  return sim::Duration{static_cast<std::int64_t>(std::min(debt, it.remaining_ns))};
}

/// The work of some CPU has ended by this clock; or it was asked too early, by rounding.
void Dispatcher::State::on_clock(std::uint32_t clock) {
  const std::uint32_t cpu = shared->take_ended(clock);
  if (cpu != DomainClock::none) {
    sim::expect(cpus[cpu].clock == clock && cpus[cpu].phase == Phase::running,
                "who counts on a clock works");
    cpus[cpu].completes_at = now();
    on_cpu_event(cpu);
  }
  shared->arm(clock);
}

}  // namespace timeslice::models
