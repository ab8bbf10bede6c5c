// A thread that is killed: its program is replaced, and it goes on with the new one at once.
#include <utility>

#include "models/os/dispatcher_state.hpp"
#include "sim/expect.hpp"

namespace timeslice::models {

/// As the kernel does it: a waiting thread is woken, a running one is interrupted, and each dies
/// when it is next on a CPU. A system call that does not wait goes on to its end first.
void Dispatcher::State::kill(std::uint32_t thread, Program last) {
  sim::expect(thread != active_thread, "a thread does not kill itself");
  Thread& it = threads[thread];
  if (it.state == ThreadState::finished || infos[thread].killed) {
    return;
  }
  const bool on_cpu = it.state == ThreadState::running;
  if (on_cpu) {
    settle(it.cpu);
  }
  infos[thread].killed = true;
  infos[thread].last = std::move(last);
  const bool waits = it.state == ThreadState::blocked;
  if (!waits && it.kind == WorkKind::kernel && it.request == Request::run) {
    return;
  }
  begin_last(thread);
  if (waits) {
    wake(thread, WakeCause{}, WakeResult::woken);
  } else if (on_cpu && cpus[it.cpu].phase == Phase::running) {
    begin_segment(it.cpu);
    arm(it.cpu);
  }
}

/// Its program is destroyed; the last one starts when the thread is next on a CPU.
void Dispatcher::State::begin_last(std::uint32_t thread) {
  infos[thread].begun = false;
  infos[thread].program = std::move(infos[thread].last);
  infos[thread].last = Program{};
  Thread& it = threads[thread];
  it.kind = WorkKind::native;
  it.remaining_ns = 0.0;
  it.reserve_ns = 0.0;
  it.poll_ns = 0.0;
  it.stop_asked = 0;
  it.stopping = 0;
  it.starting = false;
  it.request = Request::run;
  if (shared) {
    shared->set_character(thread, it.cpu, no_character);  // its data are gone
  }
}

/// Whether a killed thread has come to the end of its system call.
bool Dispatcher::State::leaves_kernel(std::uint32_t thread) const {
  const Thread& it = threads[thread];
  const bool goes_on = it.request == Request::run && it.kind == WorkKind::kernel;
  return infos[thread].last.valid() && !goes_on && !infos[thread].program.done();
}

void Dispatcher::kill(ThreadId thread, Program last) {
  state_->kill(static_cast<std::uint32_t>(thread), std::move(last));
}

bool Dispatcher::gone(ThreadId thread) const {
  const auto index = static_cast<std::uint32_t>(thread);
  return state_->infos[index].killed || state_->threads[index].state == ThreadState::finished;
}

}  // namespace timeslice::models
