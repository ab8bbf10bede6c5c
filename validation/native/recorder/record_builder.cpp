#include "validation/native/recorder/record_builder.hpp"

#include <algorithm>
#include <utility>

#include "models/os/dispatcher.hpp"
#include "models/os/policy.hpp"
#include "validation/native/recorder/by_time.hpp"

namespace timeslice::validation {

namespace {

using models::out_blocked;
using models::out_exited;
using models::out_preempted;
using models::TraceKind;

}  // namespace

RecordBuilder::RecordBuilder(const RecordedRun& run) : run_{run}, cpus_(run.cpus.size()) {}

std::uint16_t RecordBuilder::dense(std::int32_t cpu) const {
  const auto found = std::ranges::find(run_.cpus, cpu);
  return found == run_.cpus.end() ? models::no_cpu
                                  : static_cast<std::uint16_t>(found - run_.cpus.begin());
}

RecordBuilder::Thread* RecordBuilder::find(std::int32_t thread) {
  const auto found = threads_.find(thread);
  return found == threads_.end() ? nullptr : &found->second;
}

std::uint32_t RecordBuilder::id_of(std::int32_t thread) const {
  const auto found = threads_.find(thread);
  return found == threads_.end() ? models::no_subject : found->second.id;
}

void RecordBuilder::emit(TraceKind kind, std::int64_t time_ns, sim::TraceRecord record) {
  if (begun_ && time_ns <= run_.end_ns) {
    record.time_ns = std::max<std::int64_t>(0, time_ns - run_.start_ns);
    record.kind = static_cast<std::uint16_t>(kind);
    result_.records.push_back(record);
  }
}

void RecordBuilder::reach(std::int64_t time_ns) {
  if (!begun_ && time_ns >= run_.start_ns) {
    begin_run();
  }
}

/// Everybody who lives when the run starts, in the order of creation: so main is 0.
void RecordBuilder::begin_run() {
  begun_ = true;
  std::vector<Thread*> alive;
  for (auto& [number, thread] : threads_) {
    alive.push_back(&thread);
  }
  std::ranges::sort(alive, {}, &Thread::order);
  for (Thread* thread : alive) {
    introduce(*thread, run_.start_ns);
    show_state(*thread);
  }
  for (std::size_t cpu = 0; cpu < cpus_.size(); ++cpu) {
    if (std::exchange(cpus_[cpu].foreign_in, false)) {
      foreign_enters(run_.start_ns, static_cast<std::uint16_t>(cpu));
    }
  }
}

void RecordBuilder::introduce(Thread& thread, std::int64_t time_ns) {
  thread.id = next_id_++;
  emit(TraceKind::thread_created, time_ns,
       {.cpu = models::no_cpu,
        .subject = thread.id,
        .object = thread.process,
        .cause = id_of(thread.parent)});
}

void RecordBuilder::show_state(const Thread& thread) {
  const std::int64_t now = run_.start_ns;
  if (thread.state != State::fresh) {
    emit(TraceKind::ready, now,
         {.cpu = thread.cpu, .subject = thread.id, .cause = models::no_subject});
  }
  if (thread.state == State::running) {
    cpus_[thread.cpu].last = thread.id;
    emit(TraceKind::switch_in, now,
         {.cpu = thread.cpu,
          .subject = thread.id,
          .object = models::no_subject,
          .cause = models::no_subject,
          .value = thread.last_cpu});
  } else if (thread.state == State::sleeping) {
    emit(TraceKind::switch_out, now,
         {.cpu = thread.cpu, .subject = thread.id, .cause = models::no_subject});
  }
}

void RecordBuilder::created(std::int64_t time_ns, std::int32_t thread, std::int32_t parent,
                            bool same_process) {
  reach(time_ns);
  const Thread* maker = find(parent);
  if (thread != run_.root && maker == nullptr) {
    return;
  }
  Thread fresh;
  fresh.process = same_process && maker != nullptr ? maker->process : next_process_++;
  fresh.parent = parent;
  fresh.order = next_order_++;
  fresh.since_ns = time_ns;
  Thread& kept = threads_[thread] = fresh;
  if (begun_) {
    introduce(kept, time_ns);
  }
}

void RecordBuilder::exited(std::int32_t thread) {
  if (Thread* known = find(thread)) {
    known->exits = true;  // it leaves its CPU for ever a little later
  }
}

void RecordBuilder::waking(const Waking& waking) {
  if (Thread* known = find(waking.thread)) {
    known->wake = waking;
  }
}

void RecordBuilder::woken(std::int64_t time_ns, std::int32_t thread, std::int32_t cpu) {
  reach(time_ns);
  Thread* known = find(thread);
  if (known == nullptr) {
    return;
  }
  if (known->state == State::sleeping || known->state == State::fresh) {
    make_ready(*known, time_ns, dense(cpu));
  }
  known->wake = {};
}

/// From the moment when somebody began to wake it: what the kernel needs to queue it is waiting.
void RecordBuilder::make_ready(Thread& thread, std::int64_t time_ns, std::uint16_t cpu) {
  const bool announced = thread.wake.thread != 0 && thread.wake.time_ns >= thread.since_ns;
  const std::int64_t since = announced ? thread.wake.time_ns : time_ns;
  const bool fresh = thread.state == State::fresh;
  const std::int32_t waker = fresh ? thread.parent : announced ? thread.wake.waker : 0;
  thread.state = State::ready;
  thread.cpu = cpu;
  thread.since_ns = since;
  emit(TraceKind::ready, since,
       {.cpu = cpu,
        .subject = thread.id,
        .cause = id_of(waker),
        .value = static_cast<std::uint64_t>(fresh ? models::EnqueueReason::created
                                                  : models::EnqueueReason::woken)});
}

void RecordBuilder::runs(std::int64_t time_ns, std::int32_t thread, std::int32_t cpu) {
  reach(time_ns);
  const std::uint16_t place = dense(cpu);
  if (place != models::no_cpu) {
    if (cpus_[place].occupant != 0) {
      repair(time_ns, 0, place);
    }
    enter(time_ns, thread, place);
  }
}

void RecordBuilder::stops(const Leaving& leaving) {
  reach(leaving.time_ns);
  const std::uint16_t place = dense(leaving.cpu);
  if (place == models::no_cpu) {
    return;
  }
  if (cpus_[place].occupant != leaving.thread) {
    repair(leaving.time_ns, leaving.thread, place);
  }
  leave(leaving, place);
}

/// The kernel did not say that `thread` got the CPU: it has had it since it was ready or, if that
/// is unknown, since the last switch there. Whoever was thought to run there has slept meanwhile.
void RecordBuilder::repair(std::int64_t time_ns, std::int32_t thread, std::uint16_t cpu) {
  ++result_.repaired;
  const std::int64_t last = cpus_[cpu].since_ns;
  const Thread* known = find(thread);
  const std::int64_t ready = known != nullptr ? known->since_ns : last;
  const std::int64_t since = std::clamp(ready, last, time_ns);
  if (cpus_[cpu].occupant != 0) {
    leave({.time_ns = since, .thread = cpus_[cpu].occupant, .why = Why::slept, .next = thread},
          cpu);
  }
  enter(since, thread, cpu);
}

void RecordBuilder::enter(std::int64_t time_ns, std::int32_t thread, std::uint16_t cpu) {
  cpus_[cpu].occupant = thread;
  cpus_[cpu].since_ns = time_ns;
  Thread* known = find(thread);
  if (known == nullptr) {
    if (thread != 0) {
      foreign_enters(time_ns, cpu);
    }
    return;
  }
  if (known->state != State::ready) {
    make_ready(*known, time_ns, cpu);  // its wake-up was not reported: it comes with the switch
    known->wake = {};
  }
  if (known->last_cpu != models::no_cpu && known->last_cpu != cpu) {
    emit(TraceKind::migrated, time_ns,
         {.cpu = cpu, .subject = known->id, .cause = 0, .value = known->last_cpu});
  }
  emit(TraceKind::switch_in, time_ns,
       {.cpu = cpu,
        .subject = known->id,
        .object = cpus_[cpu].last,
        .cause = models::no_subject,
        .value = known->last_cpu == models::no_cpu ? cpu : known->last_cpu});
  cpus_[cpu].last = known->id;
  known->state = State::running;
  known->cpu = cpu;
  known->last_cpu = cpu;
  known->since_ns = time_ns;
}

void RecordBuilder::leave(const Leaving& leaving, std::uint16_t cpu) {
  cpus_[cpu].occupant = 0;
  cpus_[cpu].since_ns = leaving.time_ns;
  Thread* known = find(leaving.thread);
  if (known == nullptr) {
    foreign_leaves(leaving.time_ns, cpu);
    return;
  }
  const bool gone = known->exits || leaving.why == Why::exited;
  const bool preempted = leaving.why == Why::preempted;
  emit(TraceKind::switch_out, leaving.time_ns,
       {.cpu = cpu,
        .subject = known->id,
        .cause = preempted ? id_of(leaving.next) : models::no_subject,
        .value = gone        ? out_exited
                 : preempted ? out_preempted
                             : out_blocked});
  if (gone) {
    emit(TraceKind::thread_exited, leaving.time_ns,
         {.cpu = cpu, .subject = known->id, .object = known->process, .cause = models::no_subject});
    threads_.erase(leaving.thread);
    return;
  }
  if (!preempted) {
    const bool io = leaving.why == Why::slept_for_io;
    emit(TraceKind::blocked, leaving.time_ns,
         {.cpu = cpu,
          .subject = known->id,
          .object = models::no_subject,
          .cause = models::no_subject,
          .value = static_cast<std::uint64_t>(io ? models::WaitFor::io : models::WaitFor::idle)});
  }
  known->state = preempted ? State::ready : State::sleeping;
  known->since_ns = leaving.time_ns;
}

void RecordBuilder::foreign_enters(std::int64_t time_ns, std::uint16_t cpu) {
  Cpu& place = cpus_[cpu];
  place.foreign_in = true;
  if (!begun_) {
    return;
  }
  if (place.foreign == models::no_subject) {
    place.foreign = next_id_++;
    emit(TraceKind::thread_created, time_ns,
         {.cpu = cpu,
          .subject = place.foreign,
          .object = foreign_process,
          .cause = models::no_subject});
  }
  emit(TraceKind::switch_in, time_ns,
       {.cpu = cpu,
        .subject = place.foreign,
        .object = place.last,
        .cause = models::no_subject,
        .value = cpu});
  place.last = place.foreign;
}

void RecordBuilder::foreign_leaves(std::int64_t time_ns, std::uint16_t cpu) {
  if (std::exchange(cpus_[cpu].foreign_in, false)) {
    emit(TraceKind::switch_out, time_ns,
         {.cpu = cpu, .subject = cpus_[cpu].foreign, .cause = models::no_subject});
  }
}

Recording RecordBuilder::finish() && {
  reach(run_.start_ns);
  result_.records = sorted_by_time(result_.records);
  return std::move(result_);
}

}  // namespace timeslice::validation
