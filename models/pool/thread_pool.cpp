#include "models/pool/thread_pool.hpp"

#include <memory>
#include <utility>

#include "models/pool/kinds.hpp"
#include "models/work/context.hpp"

namespace timeslice::models {

ThreadPool::ThreadPool(Context& world, ExecutorIndex index)
    : Executor{world, index}, max_workers_{worker_count()}, tokens_{token_rule(world)} {}

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
    co_await bytecode(who, world_.costs().submit, Code::submit);
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

sim::Process<std::uint32_t> ThreadPool::next_entry(Actor& worker) {
  if (tokens_ == Tokens::when_empty && queue_.empty()) {
    ++idle_tokens_;
  }
  const std::uint32_t entry = co_await get(worker);
  if (entry == stop_sign) {
    co_await put(worker, stop_sign);
  }
  co_return entry;
}

Program ThreadPool::worker_main(Actor& worker) {
  while (true) {
    const std::uint32_t entry = co_await next_entry(worker);
    if (entry == stop_sign) {
      co_return;
    }
    const ItemId item{entry};
    // Half of an item's cost lies before the work (get, call), half after it (set the result).
    const sim::Duration half = world_.costs().thread_item / 2;
    co_await bytecode(worker, half, Code::item_get);
    if (!world_.items.item(item).is_readable()) {  // else its future was cancelled
      co_await run_item(worker, item);
      co_await bytecode(worker, half, Code::item_set);
      co_await publish(worker, item);
    }
    if (tokens_ == Tokens::after_item) {
      ++idle_tokens_;
    }
  }
}

sim::Process<> ThreadPool::do_shut_down(Actor& who) {
  co_await put(who, stop_sign);
  for (std::size_t i = 0; i < workers_.size(); ++i) {  // a submit under way may add one
    co_await join_thread(who, *workers_[i]);
  }
}

std::unique_ptr<Executor> make_thread_pool(Context& world, ExecutorIndex index) {
  return std::make_unique<ThreadPool>(world, index);
}

}  // namespace timeslice::models
