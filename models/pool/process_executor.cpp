#include "models/pool/process_executor.hpp"

#include <algorithm>
#include <string>
#include <utility>

#include "models/pool/kinds.hpp"
#include "models/python/start.hpp"
#include "models/work/context.hpp"

namespace timeslice::models {

namespace {

std::string nobody_left(const ExecutorSpec& executor) {
  return "executor '" + executor.name +
         "' has no worker left: the last one ended after maxtasksperchild calls, and none was "
         "started since a left-over idle token said that one is idle (gh-115634 of CPython, 3.11 "
         "to 3.15 betas), so who waits for the other items waits for ever";
}

}  // namespace

ProcessExecutor::ProcessExecutor(Context& world, ExecutorIndex index)
    : Executor{world, index},
      calls_{world.os, world.name_object(spec_.name + ": call queue"),
             world.name_object(spec_.name + ": call queue's read lock")},
      results_{world.os, world.name_object(spec_.name + ": result pipe"),
               world.name_object(spec_.name + ": result pipe's write lock")},
      wakeups_{world.os, world.name_object(spec_.name + ": wake-up pipe")},
      lock_{world.os, world.name_object(spec_.name + ": executor's lock")},
      room_{world.os, world.name_object(spec_.name + ": room in the call queue"),
            worker_count() + 1},
      most_workers_{worker_count()} {
  for (Pipe* pipe : {&results_.pipe, &wakeups_}) {
    pipe->watch([this](ThreadId writer) { wake_manager(writer); });
  }
}

const ExecutorCosts& ProcessExecutor::costs() const {
  return world_.costs().executor;
}

/// Without a context, max_tasks_per_child asks for spawn.
StartMethod ProcessExecutor::start_method() const {
  if (spec_.maxtasksperchild && spec_.start == StartMethod::platform_default) {
    return StartMethod::spawn;
  }
  return resolve_start(spec_.start, world_.spec.runtime);
}

sim::Process<> ProcessExecutor::do_create(Actor& who) {
  co_await bytecode(who, costs().create);
}

// The submitting thread.

sim::Process<> ProcessExecutor::do_submit(Actor& who, BatchId batch) {
  open_.push_back(batch);
  const std::uint32_t count = world_.items.batch(batch).count;
  const std::uint64_t size =
      world_.items.batch(batch).whole ? world_.items.batch(batch).chunksize : 1;
  for (std::uint32_t first = 0; first < count;) {
    const auto items = static_cast<std::uint32_t>(std::min<std::uint64_t>(size, count - first));
    for (std::uint32_t offset = first; offset < first + items; ++offset) {
      note_submitted(who, item_of(world_.items.batch(batch), offset));
    }
    const Call call{.batch = batch, .first = first, .count = items};
    co_await submit_call(who, call);
    first += items;
  }
}

sim::Process<> ProcessExecutor::submit_call(Actor& who, Call call) {
  co_await lock(who);
  if (broken_) {
    co_await raise_broken(who);
  }
  co_await bytecode(who, costs().submit, Code::call_submit);
  ids_.push_back(table_.size());
  table_.push_back(call);
  ++pending_;
  co_await write_byte(who);
  if (start_method() != StartMethod::fork) {
    co_await adjust_workers(who);
  }
  if (manager_ == nullptr) {
    co_await start_manager(who);
  }
  co_await unlock(who);
}

/// With fork all workers are launched now, before there is another thread.
sim::Process<> ProcessExecutor::start_manager(Actor& who) {
  const bool forks = start_method() == StartMethod::fork;
  while (forks && processes_.size() < most_workers_) {
    co_await start_worker(who);
  }
  const NewThread thread{
      .name = spec_.name + "-manager", .affinity = {}, .nice = 0, .group = spec_.group};
  manager_ = &make_actor(world_, who.process, thread);
  Program program = manager(*manager_);
  co_await start_thread(who, *manager_, std::move(program));
}

sim::Process<> ProcessExecutor::write_byte(Actor& who) {
  const Bytes empty{0};
  co_await write(who, wakeups_, empty, 0);
}

sim::Process<> ProcessExecutor::lock(Actor& who) {
  if (lock_.try_lock(who.thread)) {
    co_return;
  }
  if (!quick_leave(who)) {
    co_await leave(who);
  }
  co_await lock_.lock(who.thread);
  if (!quick_enter(who)) {
    co_await enter(who);
  }
}

sim::Process<> ProcessExecutor::unlock(Actor& who) {
  if (!lock_.try_unlock(who.thread)) {
    co_await lock_.unlock(who.thread);
  }
}

/// Results are asked for in order, future by future.
sim::Process<> ProcessExecutor::wait(Actor& who, BatchId batch) {
  const std::uint32_t count = world_.items.batch(batch).count;
  const std::uint64_t size =
      world_.items.batch(batch).whole ? world_.items.batch(batch).chunksize : 1;
  const WaitCause cause{.what = WaitFor::condition, .object = static_cast<std::uint32_t>(index_)};
  for (std::uint64_t first = 0; first < count; first += size) {
    const auto offset = static_cast<std::uint32_t>(first);
    const ItemId item = item_of(world_.items.batch(batch), offset);
    co_await bytecode(who, costs().result, Code::call_result);
    if (world_.items.item(item).is_readable()) {
      continue;
    }
    co_await bytecode(who, world_.costs().sync, Code::sync);
    if (!quick_leave(who)) {
      co_await leave(who);
    }
    while (!world_.items.item(item).is_readable() && !broken_) {
      world_.items.batch(batch).waits.push_back(
          {.thread = static_cast<std::uint32_t>(who.thread), .item = offset});
      co_await world_.os.block(who.thread, cause);
    }
    if (!world_.items.item(item).is_readable()) {
      co_await raise_broken(who);
    }
    if (!quick_enter(who)) {
      co_await enter(who);
    }
  }
}

sim::Process<> ProcessExecutor::raise_broken(Actor& who) {
  std::string death;
  for (const std::string& loss : world_.losses) {
    death += (death.empty() ? "" : "; ") + loss;
  }
  const std::string failure = "BrokenProcessPool: a worker of executor '" + spec_.name +
                              "' ended abruptly while its work was not done" +
                              (death.empty() ? "" : " (" + death + ")") +
                              "; the exception ends the program";
  co_await end_program(who, failure);
}

sim::Process<> ProcessExecutor::do_shut_down(Actor& who) {
  co_await lock(who);
  shutting_down_ = true;
  co_await write_byte(who);
  co_await unlock(who);
  if (manager_ != nullptr) {
    co_await join_thread(who, *manager_);
  }
}

// Starting and losing workers.

sim::Process<> ProcessExecutor::start_worker(Actor& who) {
  ChildPlan plan = child_plan(spec_, world_.spec.runtime);
  plan.method = start_method();
  const auto number = static_cast<std::uint32_t>(started_.size());
  const NewThread thread = worker_thread(number);
  Actor& worker = make_child(who, thread);
  worker.watch = this;
  started_.push_back(&worker);
  const sim::Instant begin = world_.now();
  Program body = worker_main(worker, number);
  co_await start_process(who, worker, std::move(body), plan);
  add_startup(world_.now() - begin);
  processes_.push_back(number);
}

/// One more worker, unless an idle one can be taken or all are there. A token may be left over from
/// a worker that has ended: then nobody does the calls, until a submit finds no token.
sim::Process<> ProcessExecutor::adjust_workers(Actor& who) {
  if (processes_.empty()) {
    std::erase(world_.losses, nobody_left(spec_));
  }
  if (idle_tokens_ > 0) {
    --idle_tokens_;
    if (processes_.empty() && pending_ > 0) {
      world_.losses.push_back(nobody_left(spec_));
    }
    co_return;
  }
  if (processes_.size() < most_workers_) {
    co_await start_worker(who);
  }
}

void ProcessExecutor::child_gone(Actor& child) {
  const bool known = std::ranges::any_of(
      processes_, [&](std::uint32_t number) { return started_[number] == &child; });
  if (known) {
    dead_worker_ = true;
    wake_manager(child.thread);
  }
}

bool ProcessExecutor::kill_worker(std::uint32_t place) {
  for (const std::uint32_t number : processes_) {
    Actor& worker = *started_[number];
    if (worker.finished || worker.killed) {
      continue;
    }
    if (place == 0) {
      world_.losses.push_back("worker '" + world_.os.name(worker.thread) + "' was killed");
      kill_process(worker);
      return true;
    }
    --place;
  }
  return false;
}

// Messages.

void ProcessExecutor::wake_manager(ThreadId writer) {
  if (manager_waits_) {
    manager_waits_ = false;
    world_.os.wake(manager_->thread,
                   WakeCause{.thread = static_cast<std::uint32_t>(writer), .sync = true});
  }
}

sim::Process<> ProcessExecutor::write(Actor& actor, Pipe& pipe, Bytes size, std::uint64_t value) {
  add_ipc(Bytes{size.count + length_bytes});
  const bool twice = size.count > one_write_limit;
  for (std::uint32_t part = twice ? 0 : 1; part < 2; ++part) {
    const Message length{.size = Bytes{length_bytes}, .value = length_only};
    const Message rest{.size = Bytes{size.count + (twice ? 0 : length_bytes)}, .value = value};
    const Message message = part == 0 ? length : rest;
    if (!quick_leave(actor)) {
      co_await leave(actor);
    }
    co_await pipe.write(actor.thread, message);
    co_await return_to_user(actor);
    if (!quick_enter(actor)) {
      co_await enter(actor);
    }
  }
}

std::unique_ptr<Executor> make_process_executor(Context& world, ExecutorIndex index) {
  return std::make_unique<ProcessExecutor>(world, index);
}

}  // namespace timeslice::models
