// concurrent.futures.ThreadPoolExecutor: workers made lazily, one unbounded queue, results in
// order.
//
// submit puts the item on the queue and then starts one more worker unless an idle token can be
// taken or all workers exist. Who releases tokens depends on the version: up to 3.7 there are none,
// 3.8 to 3.11 a worker releases one after every item, from 3.12 on when it finds the queue empty.
// shutdown puts one None that each worker passes on, then joins all.
// Source: CPython, Lib/concurrent/futures/thread.py and _queue.SimpleQueue; see
// docs/models/pool.md.
#include <deque>
#include <utility>

#include "models/os/wait_queue.hpp"
#include "models/pool/executor.hpp"
#include "models/pool/kinds.hpp"
#include "models/work/context.hpp"

namespace timeslice::models {

namespace {

class ThreadPool final : public Executor {
 public:
  ThreadPool(Context& world, ExecutorIndex index)
      : Executor{world, index}, max_workers_{worker_count()}, tokens_{token_rule(world)} {}

 protected:
  sim::Process<> do_submit(Actor& who, BatchId batch) override;
  sim::Process<> do_shut_down(Actor& who) override;

 private:
  enum class Tokens { none, after_item, when_empty };
  static Tokens token_rule(const Context& world);
  static constexpr std::uint32_t stop_sign = 0xffffffffU;  // the None of shutdown

  sim::Process<> put(Actor& who, std::uint32_t entry);
  sim::Process<std::uint32_t> get(Actor& worker);
  sim::Process<> adjust_thread_count(Actor& who);
  Program worker_main(Actor& worker);

  std::deque<std::uint32_t> queue_;  // items by id
  WaitQueue getters_;
  std::vector<Actor*> workers_;
  std::uint32_t max_workers_;
  Tokens tokens_;
  std::uint64_t idle_tokens_ = 0;
};

ThreadPool::Tokens ThreadPool::token_rule(const Context& world) {
  const PythonVersion version = world.spec.runtime.version;
  if (version < PythonVersion{.major = 3, .minor = 8}) {
    return Tokens::none;
  }
  return version < PythonVersion{.major = 3, .minor = 12} ? Tokens::after_item : Tokens::when_empty;
}

sim::Process<> ThreadPool::do_submit(Actor& who, BatchId batch) {
  const std::uint32_t count = world_.items.batch(batch).count;
  for (std::uint32_t offset = 0; offset < count; ++offset) {
    const ItemId item = item_of(world_.items.batch(batch), offset);
    note_submitted(who, item);
    co_await bytecode(who, world_.costs().submit);
    co_await put(who, static_cast<std::uint32_t>(item));
    co_await adjust_thread_count(who);
  }
}

sim::Process<> ThreadPool::put(Actor& who, std::uint32_t entry) {
  queue_.push_back(entry);
  if (!getters_.empty()) {
    const ThreadId getter = getters_.pop();
    co_await wake(who, getter);
  }
}

sim::Process<std::uint32_t> ThreadPool::get(Actor& worker) {
  while (queue_.empty()) {
    if (!quick_leave(worker)) {
      co_await leave(worker);
    }
    const WaitCause cause{.what = WaitFor::idle, .object = static_cast<std::uint32_t>(index_)};
    while (queue_.empty()) {
      getters_.push(worker.thread);
      co_await world_.os.block(worker.thread, cause);
    }
    if (!quick_enter(worker)) {
      co_await enter(worker);
    }
  }
  const std::uint32_t entry = queue_.front();
  queue_.pop_front();
  co_return entry;
}

sim::Process<> ThreadPool::adjust_thread_count(Actor& who) {
  if (idle_tokens_ > 0) {
    --idle_tokens_;
    co_return;
  }
  if (workers_.size() >= max_workers_) {
    co_return;
  }
  const NewThread thread = worker_thread(static_cast<std::uint32_t>(workers_.size()));
  Actor& worker = make_actor(world_, who.process, thread);
  workers_.push_back(&worker);
  const sim::Instant begin = world_.now();
  Program body = worker_main(worker);
  co_await start_thread(who, worker, std::move(body));
  add_startup(world_.now() - begin);
}

Program ThreadPool::worker_main(Actor& worker) {
  while (true) {
    if (tokens_ == Tokens::when_empty && queue_.empty()) {
      ++idle_tokens_;
    }
    const std::uint32_t entry = co_await get(worker);
    if (entry == stop_sign) {
      co_await put(worker, stop_sign);
      co_return;
    }
    const ItemId item{entry};
    // Half of an item's cost lies before the work (get, call), half after it (set the result).
    const sim::Duration half = world_.costs().thread_item / 2;
    co_await bytecode(worker, half);
    co_await run_item(worker, item);
    co_await bytecode(worker, half);
    co_await publish(worker, item);
    if (tokens_ == Tokens::after_item) {
      ++idle_tokens_;
    }
  }
}

sim::Process<> ThreadPool::do_shut_down(Actor& who) {
  co_await put(who, stop_sign);
  for (Actor* worker : workers_) {
    co_await join_thread(who, *worker);
  }
}

}  // namespace

std::unique_ptr<Executor> make_thread_pool(Context& world, ExecutorIndex index) {
  return std::make_unique<ThreadPool>(world, index);
}

}  // namespace timeslice::models
