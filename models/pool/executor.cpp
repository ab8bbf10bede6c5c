#include "models/pool/executor.hpp"

#include <algorithm>

#include "models/aio/async_wait.hpp"
#include "models/os/cpuset.hpp"
#include "models/pool/kinds.hpp"
#include "models/work/context.hpp"
#include "models/work/look_ahead.hpp"
#include "models/work/program.hpp"
#include "sim/expect.hpp"

namespace timeslice::models {

namespace {

/// The executors that are objects with a shutdown of their own: they take nothing once it began.
bool refuses_while_closing(ExecutorKind kind) {
  return kind == ExecutorKind::threads || kind == ExecutorKind::processes ||
         kind == ExecutorKind::process_executor || kind == ExecutorKind::interpreters ||
         kind == ExecutorKind::cpp_threads;
}

std::string used_after_shutdown(const ExecutorSpec& spec) {
  const bool cpp = spec.kind == ExecutorKind::cpp_threads;
  return "executor '" + spec.name + "' is handed work after its shutdown, which " +
         (cpp ? "is undefined behaviour in C++"
              : "Python refuses (RuntimeError: cannot schedule new futures after shutdown)") +
         ": main ended while a task that nobody joined goes on; `join` what main has submitted";
}

}  // namespace

Executor::Executor(Context& world, ExecutorIndex index)
    : world_{world}, spec_{world.spec.executors[index_of(index)]}, index_{index} {}

Executor::~Executor() = default;

sim::FramePool& Executor::frame_pool() const {
  return world_.os.frame_pool();
}

sim::Process<> Executor::submit(Actor& who, BatchId batch) {
  co_await create(who);
  co_await do_submit(who, batch);
}

sim::Process<> Executor::create(Actor& who) {
  if (state_ == State::usable) {
    co_return;
  }
  if (state_ == State::gone) {
    if (!is_bare()) {
      const std::string failure = used_after_shutdown(spec_);
      co_await end_program(who, failure);
    }
    state_ = State::usable;
    co_return;
  }
  if (state_ == State::creating) {
    co_await await_creation(who);
    co_return;
  }
  state_ = State::creating;
  const sim::Instant begin = world_.now();
  co_await do_create(who);
  add_startup(world_.now() - begin);
  state_ = State::usable;
  world_.record(TraceKind::executor_started, static_cast<std::uint32_t>(who.thread),
                static_cast<std::uint32_t>(index_), 0);
  for (const ThreadId waiting : creation_waits_) {
    co_await wake(who, waiting);
  }
}

sim::Process<> Executor::await_creation(Actor& who) {
  co_await leave(who);
  const WaitCause cause{.what = WaitFor::join, .object = static_cast<std::uint32_t>(index_)};
  while (state_ == State::creating) {
    creation_waits_.push_back(who.thread);
    co_await world_.os.block(who.thread, cause);
  }
  co_await enter(who);
}

/// Threads and processes that a task starts by itself: no object of main's stands between.
bool Executor::is_bare() const {
  return spec_.kind == ExecutorKind::thread_per_task ||
         spec_.kind == ExecutorKind::process_per_task || spec_.kind == ExecutorKind::cpp_async ||
         spec_.kind == ExecutorKind::serial;
}

sim::Process<> Executor::end_program(Actor& who, std::string failure) {
  world_.failure = std::move(failure);
  world_.engine.stop();
  const WaitCause cause{.what = WaitFor::condition, .object = static_cast<std::uint32_t>(index_)};
  while (true) {
    co_await world_.os.block(who.thread, cause);
  }
}

bool Executor::kill_worker(std::uint32_t /*place*/) {
  return false;
}

sim::Process<> Executor::do_create(Actor& /*who*/) {
  co_return;
}

sim::Process<> Executor::shut_down(Actor& who) {
  if (state_ != State::usable) {
    co_return;
  }
  if (refuses_while_closing(spec_.kind)) {
    state_ = State::gone;
  }
  const sim::Instant begin = world_.now();
  co_await do_shut_down(who);
  shutdown_ += world_.now() - begin;
  state_ = State::gone;
  world_.record(TraceKind::executor_stopped, static_cast<std::uint32_t>(who.thread),
                static_cast<std::uint32_t>(index_), 0);
}

sim::Process<> Executor::wait(Actor& who, BatchId batch) {
  // Results are asked for in order, as a loop over futures does: each that is not there yet is
  // waited for on its own.
  const std::uint32_t count = world_.items.batch(batch).count;
  const WaitCause cause{.what = WaitFor::condition, .object = static_cast<std::uint32_t>(index_)};
  for (std::uint32_t offset = 0; offset < count; ++offset) {
    const ItemId item = item_of(world_.items.batch(batch), offset);
    if (world_.items.item(item).is_readable()) {
      continue;
    }
    co_await bytecode(who, world_.costs().sync, Code::sync);
    if (!quick_leave(who)) {
      co_await leave(who);
    }
    while (!world_.items.item(item).is_readable()) {
      world_.items.batch(batch).waits.push_back(
          {.thread = static_cast<std::uint32_t>(who.thread), .item = offset});
      co_await world_.os.block(who.thread, cause);
    }
    if (!quick_enter(who)) {
      co_await enter(who);
    }
  }
}

sim::Process<> Executor::run_item(Actor& worker, ItemId id) {
  Item& begun = world_.items.item(id);
  const Batch& batch = world_.items.batch(begun.batch);
  begun.started = world_.now();
  begun.worker = static_cast<std::uint32_t>(worker.thread);
  world_.record(TraceKind::item_started, begun.worker, static_cast<std::uint32_t>(index_),
                static_cast<std::uint64_t>(id));
  const TaskSpec& task = world_.spec.tasks[index_of(batch.task)];
  const DrawScope scope{
      .task = world_.task_keys[index_of(batch.task)], .item = begun.number, .count = 0};
  announce_start(world_, worker.thread, task.steps, scope);
  co_await run_steps(worker, task.steps, scope);
  world_.engine.note_progress();
  if (worker.cancelled) {
    co_return;
  }
  world_.items.item(id).finished = world_.now();
  world_.record(TraceKind::item_finished, static_cast<std::uint32_t>(worker.thread),
                static_cast<std::uint32_t>(index_), static_cast<std::uint64_t>(id));
}

sim::Process<> Executor::cancel_waiting(Actor& who, BatchId batch) {
  const std::uint32_t count = world_.items.batch(batch).count;
  for (std::uint32_t offset = 0; offset < count; ++offset) {
    const ItemId item = item_of(world_.items.batch(batch), offset);
    const Item& it = world_.items.item(item);
    if (it.started == sim::Instant::min() && !it.is_readable()) {
      co_await publish(who, item);
    }
  }
}

sim::Process<> Executor::publish(Actor& finisher, ItemId id) {
  Item& item = world_.items.item(id);
  item.readable = world_.now();
  world_.engine.note_progress();
  const BatchId batch_id = item.batch;
  Batch& batch = world_.items.batch(batch_id);
  --batch.unread;
  world_.record(TraceKind::item_readable, static_cast<std::uint32_t>(finisher.thread),
                static_cast<std::uint32_t>(index_), static_cast<std::uint64_t>(id));
  const std::uint32_t offset =
      static_cast<std::uint32_t>(id) - static_cast<std::uint32_t>(batch.first);
  for (std::size_t i = 0; i < world_.items.batch(batch_id).waits.size();) {
    std::vector<BatchWait>& waits = world_.items.batch(batch_id).waits;
    const BatchWait wait = waits[i];
    const bool over = wait.item == offset ||
                      (wait.item == BatchWait::all && world_.items.batch(batch_id).unread == 0);
    if (!over) {
      ++i;
      continue;
    }
    waits.erase(waits.begin() + static_cast<std::ptrdiff_t>(i));
    co_await wake(finisher, ThreadId{wait.thread});
  }
  for (std::size_t i = 0; i < world_.items.batch(batch_id).awaits.size();) {
    std::vector<AsyncWait*>& awaits = world_.items.batch(batch_id).awaits;
    AsyncWait& wait = *awaits[i];
    if (wait.item != AsyncWait::all && wait.item != offset) {
      ++i;
      continue;
    }
    const bool stays = wait.item == AsyncWait::all && world_.items.batch(batch_id).unread > 0;
    if (!stays) {
      awaits.erase(awaits.begin() + static_cast<std::ptrdiff_t>(i));
    }
    i += stays ? 1 : 0;
    co_await tell(finisher, wait);
  }
}

void Executor::note_submitted(Actor& who, ItemId id) {
  world_.items.item(id).submitted = world_.now();
  world_.record(TraceKind::item_submitted, static_cast<std::uint32_t>(who.thread),
                static_cast<std::uint32_t>(index_), static_cast<std::uint64_t>(id));
}

NewThread Executor::worker_thread(std::uint32_t index) const {
  NewThread thread{.name = spec_.name + "-" + std::to_string(index),
                   .affinity = {},
                   .nice = spec_.nice,
                   .group = spec_.group,
                   .sched = spec_.sched};
  if (!spec_.pin.empty()) {
    thread.affinity.push_back(spec_.pin[index % spec_.pin.size()]);
  }
  return thread;
}

std::uint32_t Executor::worker_count() const {
  return resolve_workers(spec_, world_.spec);
}

namespace {

/// os.process_cpu_count() of Python 3.13 and later, os.cpu_count() before; for C++
/// std::thread::hardware_concurrency(), which counts all (libstdc++ with glibc 2.35 or later).
std::uint32_t cpus_seen(const WorldSpec& world) {
  const bool knows_affinity = world.runtime.language == Language::python &&
                              world.runtime.version >= PythonVersion{.major = 3, .minor = 13};
  const std::size_t cpus = knows_affinity
                               ? count_cpus(world.machine, world.os, world.os.program_group)
                               : world.machine.cpus.size();
  return std::max(static_cast<std::uint32_t>(cpus), 1U);
}

}  // namespace

std::uint32_t resolve_workers(const ExecutorSpec& spec, const WorldSpec& world) {
  const GroupId group = spec.group == GroupId{0} ? world.os.program_group : spec.group;
  switch (spec.workers.kind) {
    case WorkerCount::Kind::number:
      return spec.workers.number;
    case WorkerCount::Kind::cores:
      return std::max(static_cast<std::uint32_t>(count_cores(world.machine, world.os, group)), 1U);
    case WorkerCount::Kind::runtime_default:
      break;
  }
  if (spec.kind == ExecutorKind::asyncio) {
    return 1;
  }
  const std::uint32_t cpus = cpus_seen(world);
  if (spec.kind != ExecutorKind::threads && spec.kind != ExecutorKind::interpreters) {
    return cpus;
  }
  const bool old_rule = world.runtime.version < PythonVersion{.major = 3, .minor = 8};
  return old_rule ? 5 * cpus : std::min(32U, cpus + 4);
}

std::uint64_t pool_chunksize(std::uint64_t items, std::uint32_t workers) {
  const std::uint64_t parts = 4ULL * workers;
  return items / parts + (items % parts > 0 ? 1 : 0);
}

std::unique_ptr<Executor> make_executor(Context& world, ExecutorIndex index) {
  switch (world.spec.executors[index_of(index)].kind) {
    case ExecutorKind::serial:
      return make_serial(world, index);
    case ExecutorKind::threads:
      return make_thread_pool(world, index);
    case ExecutorKind::thread_per_task:
    case ExecutorKind::cpp_async:
      return make_thread_per_task(world, index);
    case ExecutorKind::processes:
      return make_process_pool(world, index);
    case ExecutorKind::process_per_task:
      return make_process_per_task(world, index);
    case ExecutorKind::process_executor:
      return make_process_executor(world, index);
    case ExecutorKind::interpreters:
      return make_interpreter_pool(world, index);
    case ExecutorKind::cpp_threads:
      return make_cpp_threads(world, index);
    case ExecutorKind::asyncio:
      return make_loop_executor(world, index);
  }
  return nullptr;
}

}  // namespace timeslice::models
