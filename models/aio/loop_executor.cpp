// asyncio as an executor: without `workers` one loop that runs in the thread that gathers in it
// (asyncio.run); with `workers: N` loops in N threads of their own, to which other threads hand
// coroutines in turn (run_coroutine_threadsafe).
//
// The end of a loop in a thread waits for all of its coroutines.
#include <utility>

#include "models/aio/event_loop.hpp"
#include "models/pool/executor.hpp"
#include "models/pool/kinds.hpp"
#include "sim/histogram.hpp"

namespace timeslice::models {

namespace {

class LoopExecutor final : public Executor, public LoopOwner {
 public:
  LoopExecutor(Context& world, ExecutorIndex executor)
      : Executor{world, executor},
        in_threads_{spec_.workers.kind != WorkerCount::Kind::runtime_default} {
    const std::uint32_t count = in_threads_ ? worker_count() : 1;
    for (std::uint32_t i = 0; i < count; ++i) {
      loops_.push_back(std::make_unique<EventLoop>(world, *this));
    }
  }

  using Executor::frame_pool;

  sim::Process<> wait(Actor& who, BatchId batch) override {
    if (in_threads_) {
      co_await Executor::wait(who, batch);
    } else {
      co_await loops_.front()->run(who, batch);
    }
  }
  [[nodiscard]] const sim::Histogram* lag() const override { return &lag_; }

  [[nodiscard]] std::optional<std::uint64_t> timeouts() const override { return timeouts_; }
  [[nodiscard]] ExecutorIndex index() const override { return index_; }
  void note(Actor& who, ItemId item) override { note_submitted(who, item); }
  sim::Process<> work(Actor& actor, ItemId item) override { return run_item(actor, item); }
  sim::Process<> deliver(Actor& actor, ItemId item) override { return publish(actor, item); }
  void note_lag(sim::Duration late) override { lag_.add(late); }
  void note_timeout() override { timeouts_ = timeouts_.value_or(0) + 1; }

 protected:
  sim::Process<> do_create(Actor& who) override;
  sim::Process<> do_submit(Actor& who, BatchId batch) override;
  sim::Process<> do_shut_down(Actor& who) override;

 private:
  Program thread_main(Actor& actor, EventLoop& loop);

  bool in_threads_;
  std::vector<std::unique_ptr<EventLoop>> loops_;
  std::vector<Actor*> threads_;
  std::size_t next_ = 0;  // the loop that gets the next coroutine
  sim::Histogram lag_;
  std::optional<std::uint64_t> timeouts_;  // nothing: none expired
};

sim::Process<> LoopExecutor::do_create(Actor& who) {
  if (!in_threads_) {
    co_await bytecode(who, loops_.front()->costs().loop_create);
    co_return;
  }
  for (std::uint32_t i = 0; i < loops_.size(); ++i) {
    const NewThread thread = worker_thread(i);
    Actor& actor = make_actor(world_, who.process, thread);
    threads_.push_back(&actor);
    Program body = thread_main(actor, *loops_[i]);
    co_await start_thread(who, actor, std::move(body));
    co_await loops_[i]->await_start(who);
  }
}

Program LoopExecutor::thread_main(Actor& actor, EventLoop& loop) {
  co_await bytecode(actor, loops_.front()->costs().loop_create);
  co_await loop.run_forever(actor);
  co_await bytecode(actor, loops_.front()->costs().loop_close);
}

sim::Process<> LoopExecutor::do_submit(Actor& who, BatchId batch) {
  if (!in_threads_) {
    co_return;  // the loop creates the tasks itself when it runs: wait()
  }
  world_.items.batch(batch).from_thread = true;
  const std::uint32_t count = world_.items.batch(batch).count;
  for (std::uint32_t offset = 0; offset < count; ++offset) {
    const ItemId item = item_of(world_.items.batch(batch), offset);
    note_submitted(who, item);
    EventLoop& loop = *loops_[next_++ % loops_.size()];
    const EventLoop::Callback spawn{.call = EventLoop::Call::spawn,
                                    .who = static_cast<std::uint32_t>(item)};
    co_await loop.call_from_thread(who, spawn, loop.costs().wrap_future);
  }
}

sim::Process<> LoopExecutor::do_shut_down(Actor& who) {
  for (std::size_t i = 0; i < threads_.size(); ++i) {
    const EventLoop::Callback stop{.call = EventLoop::Call::stop};
    co_await loops_[i]->call_from_thread(who, stop, loops_[i]->costs().callback);
    co_await join_thread(who, *threads_[i]);
  }
  if (!in_threads_) {
    co_await bytecode(who, loops_.front()->costs().loop_close);
  }
}

}  // namespace

std::unique_ptr<Executor> make_loop_executor(Context& world, ExecutorIndex index) {
  return std::make_unique<LoopExecutor>(world, index);
}

}  // namespace timeslice::models
