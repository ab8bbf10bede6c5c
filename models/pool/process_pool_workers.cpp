// The worker processes of multiprocessing.Pool: what they do, and how they come and go.
#include <algorithm>
#include <utility>

#include "models/pool/process_pool.hpp"
#include "models/python/start.hpp"
#include "models/work/context.hpp"

namespace timeslice::models {

sim::Process<> ProcessPool::start_worker(Actor& who) {
  const ChildPlan plan = child_plan(spec_, world_.spec.runtime);
  const auto number = static_cast<std::uint32_t>(started_.size());
  const NewThread thread = worker_thread(number);
  Actor& worker = make_child(who, thread);
  worker.watch = this;
  started_.push_back({.actor = &worker});
  Program body = worker_main(worker, number);
  co_await start_process(who, worker, std::move(body), plan);
  workers_.push_back(number);
}

Program ProcessPool::worker_main(Actor& worker, std::uint32_t number) {
  for (std::uint64_t done = 0; !spec_.maxtasksperchild || done < *spec_.maxtasksperchild; ++done) {
    const std::uint64_t chunk = co_await get_task(worker, number);
    if (chunk == stop_sign) {
      co_return;
    }
    started_[number].chunk = chunk;
    co_await run_chunk(worker, chunk);
    co_await put_result(worker, number);
    started_[number].chunk = no_chunk;
  }
}

sim::Process<std::uint64_t> ProcessPool::get_task(Actor& worker, std::uint32_t number) {
  started_[number].task_lock = TaskLock::passing;
  co_await acquire(worker, tasks_.lock);
  started_[number].task_lock = TaskLock::held;
  const std::uint64_t chunk = co_await receive(worker, tasks_.pipe, argument_read_faults);
  started_[number].chunk = chunk == stop_sign ? no_chunk : chunk;
  started_[number].task_lock = TaskLock::away;
  co_await tasks_.lock.release(worker.thread);
  if (chunk != stop_sign) {
    const Load load = load_of(chunks_[chunk]);
    co_await load_arguments(worker, library_time(worker, world_.costs().pool_get, Code::chunk_get),
                            load);
  }
  co_return chunk;
}

sim::Process<> ProcessPool::run_chunk(Actor& worker, std::uint64_t number) {
  const Chunk chunk = chunks_[number];
  for (std::uint32_t offset = 0; offset < chunk.count; ++offset) {
    const ItemId item = item_of(world_.items.batch(chunk.batch), chunk.first + offset);
    co_await bytecode(worker, world_.costs().item, Code::chunk_item);
    co_await run_item(worker, item);
  }
}

sim::Process<> ProcessPool::put_result(Actor& worker, std::uint32_t number) {
  const std::uint64_t chunk = started_[number].chunk;
  const Bytes size = result_size(chunks_[chunk]);
  const Load load = load_of(chunks_[chunk]);
  co_await dump_results(worker,
                        library_time(worker, world_.costs().pool_result, Code::chunk_result), load);
  co_await acquire(worker, results_.lock);
  started_[number].holds_result_lock = true;
  co_await write(worker, results_.pipe, size, chunk);
  started_[number].holds_result_lock = false;
  co_await results_.lock.release(worker.thread);
}

/// The worker handler: takes out workers that have ended and starts others in their place.
sim::Process<> ProcessPool::maintain(Actor& actor) {
  bool cleaned = false;
  for (std::size_t i = workers_.size(); gone_workers_ > 0 && i > 0; --i) {
    Actor& worker = *started_[workers_[i - 1]].actor;
    if (worker.finished) {
      co_await join_process(actor, worker);
      workers_.erase(workers_.begin() + static_cast<std::ptrdiff_t>(i - 1));
      --gone_workers_;
      cleaned = true;
    }
  }
  while (cleaned && workers_.size() < worker_total_) {
    co_await start_worker(actor);
  }
}

void ProcessPool::child_gone(Actor& child) {
  ++gone_workers_;
  change_ = true;
  if (poller_waits_) {
    poller_waits_ = false;
    world_.os.wake(poller_, WakeCause{.thread = static_cast<std::uint32_t>(child.thread)});
  }
}

/// Whether it was called to take the task lock and has not run since: a semaphore's wake-up is for
/// one, and is lost with it.
bool ProcessPool::loses_wake_up(const Actor& worker) const {
  const Semaphore& lock = tasks_.lock;
  return lock.value() > 0 && lock.waiters() > 0 && !lock.waits(worker.thread);
}

/// What nobody will do, now that this worker is dead; nothing: it had neither work nor a lock.
std::string ProcessPool::loss_of(const Worker& worker) const {
  const std::string name = "worker '" + world_.os.name(worker.actor->thread) + "' was killed ";
  if (worker.task_lock == TaskLock::held) {
    return name + "while it waited for work and held the task queue's lock: no other worker of '" +
           spec_.name + "' can take a task any more";
  }
  if (worker.task_lock == TaskLock::passing && loses_wake_up(*worker.actor)) {
    return name + "at the moment in which the task queue's lock passed on: it is free, but the " +
           "workers of '" + spec_.name + "' that wait for it are not woken";
  }
  if (worker.chunk == no_chunk) {
    return {};
  }
  const std::uint32_t count = chunks_[worker.chunk].count;
  const std::string what = count == 1 ? "an item" : std::to_string(count) + " items";
  if (worker.holds_result_lock) {
    return name + "while it sent the result of " + what +
           ": the result queue's lock is never free again";
  }
  return name + "while it had " + what +
         ": multiprocessing.Pool starts another process but never does them again, so who waits "
         "for "
         "them waits for ever";
}

bool ProcessPool::kill_worker(std::uint32_t place) {
  for (const std::uint32_t number : workers_) {
    const Worker& worker = started_[number];
    if (worker.actor->finished || worker.actor->killed) {
      continue;
    }
    if (place == 0) {
      const std::string loss = loss_of(worker);
      if (!loss.empty()) {
        world_.losses.push_back(loss);
      }
      kill_process(*worker.actor);
      return true;
    }
    --place;
  }
  return false;
}

/// Pool.terminate(): queued work is dropped, then the workers get a signal, wherever they are.
sim::Process<> ProcessPool::terminate(Actor& who) {
  terminated_ = true;
  jobs_.clear();
  if (open_batches_ > 0) {
    world_.warn("executor '" + spec_.name +
                "' is terminated while items are unfinished: they are lost");
  }
  co_await notify_change(who);
  co_await drop_queued_tasks(who);
  co_await join_thread(who, *handlers_[0]);
  co_await join_thread(who, *handlers_[1]);
  for (const std::uint32_t number : workers_) {
    const sim::Duration call = world_.os_costs().syscall;
    co_await kernel(who, call);
    kill_process(*started_[number].actor);
  }
}

/// So that a task handler that waits for room in the pipe can end.
sim::Process<> ProcessPool::drop_queued_tasks(Actor& who) {
  co_await acquire(who, tasks_.lock);
  while (!handlers_[1]->finished && tasks_.pipe.readable()) {
    static_cast<void>(co_await receive(who, tasks_.pipe, argument_read_faults));
  }
}

}  // namespace timeslice::models
