// A C++ pool: std::thread workers on one queue under a mutex and a condition variable.
//
// Handing over an item takes the mutex, pushes and signals; a worker that finds the queue empty
// waits on the condition. The last finished item of a batch wakes its submitter. Shutdown sets a
// flag, wakes all and joins.
#include <deque>
#include <utility>

#include "models/os/condition.hpp"
#include "models/os/mutex.hpp"
#include "models/pool/executor.hpp"
#include "models/pool/kinds.hpp"
#include "models/work/context.hpp"

namespace timeslice::models {

namespace {

class CppThreads final : public Executor {
 public:
  CppThreads(Context& world, ExecutorIndex index)
      : Executor{world, index},
        mutex_{world.os, world.name_object(spec_.name + ": queue mutex")},
        filled_{world.os, world.name_object(spec_.name + ": work condition")} {}
  sim::Process<> wait(Actor& who, BatchId batch) override;

 protected:
  sim::Process<> do_create(Actor& who) override;
  sim::Process<> do_submit(Actor& who, BatchId batch) override;
  sim::Process<> do_shut_down(Actor& who) override;

 private:
  sim::Process<> lock(Actor& actor);
  sim::Process<> unlock(Actor& actor);
  Program worker_main(Actor& worker);

  Mutex mutex_;
  Condition filled_;
  std::deque<ItemId> queue_;
  std::vector<Actor*> workers_;
  bool stopping_ = false;
};

sim::Process<> CppThreads::lock(Actor& actor) {
  if (!mutex_.try_lock(actor.thread)) {
    co_await mutex_.lock(actor.thread);
  }
}

sim::Process<> CppThreads::unlock(Actor& actor) {
  if (!mutex_.try_unlock(actor.thread)) {
    co_await mutex_.unlock(actor.thread);
  }
}

sim::Process<> CppThreads::do_create(Actor& who) {
  const std::uint32_t count = worker_count();
  for (std::uint32_t index = 0; index < count; ++index) {
    const NewThread thread = worker_thread(index);
    Actor& worker = make_actor(world_, who.process, thread);
    workers_.push_back(&worker);
    Program body = worker_main(worker);
    co_await start_thread(who, worker, std::move(body));
  }
}

sim::Process<> CppThreads::do_submit(Actor& who, BatchId batch) {
  const std::uint32_t count = world_.items.batch(batch).count;
  for (std::uint32_t offset = 0; offset < count; ++offset) {
    const ItemId item = item_of(world_.items.batch(batch), offset);
    note_submitted(who, item);
    co_await bytecode(who, world_.costs().cpp_task / 2);
    co_await lock(who);
    queue_.push_back(item);
    co_await unlock(who);
    co_await filled_.signal(who.thread);
  }
}

/// For all items at once: no future is asked for on its own.
sim::Process<> CppThreads::wait(Actor& who, BatchId batch) {
  const WaitCause cause{.what = WaitFor::condition, .object = static_cast<std::uint32_t>(index_)};
  while (world_.items.batch(batch).unread > 0) {
    world_.items.batch(batch).waits.push_back(
        {.thread = static_cast<std::uint32_t>(who.thread), .item = BatchWait::all});
    co_await world_.os.block(who.thread, cause);
  }
}

Program CppThreads::worker_main(Actor& worker) {
  while (true) {
    co_await lock(worker);
    while (queue_.empty() && !stopping_) {
      co_await filled_.wait(worker.thread, mutex_);
    }
    if (queue_.empty()) {
      co_await unlock(worker);
      co_return;
    }
    const ItemId item = queue_.front();
    queue_.pop_front();
    co_await unlock(worker);
    co_await bytecode(worker, world_.costs().cpp_task / 2);
    co_await run_item(worker, item);
    co_await publish(worker, item);
  }
}

sim::Process<> CppThreads::do_shut_down(Actor& who) {
  co_await lock(who);
  stopping_ = true;
  co_await unlock(who);
  co_await filled_.broadcast(who.thread);
  for (Actor* worker : workers_) {
    co_await join_thread(who, *worker);
  }
}

}  // namespace

std::unique_ptr<Executor> make_cpp_threads(Context& world, ExecutorIndex index) {
  return std::make_unique<CppThreads>(world, index);
}

}  // namespace timeslice::models
