// A thread for every item: threading.Thread, started and joined in order, or std::async, whose
// threads start at once and whose results are asked for in order.
#include <utility>

#include "models/pool/executor.hpp"
#include "models/pool/kinds.hpp"
#include "models/work/context.hpp"

namespace timeslice::models {

namespace {

class ThreadPerTask final : public Executor {
 public:
  using Executor::Executor;

 protected:
  sim::Process<> do_submit(Actor& who, BatchId batch) override {
    const std::uint32_t count = world_.items.batch(batch).count;
    for (std::uint32_t offset = 0; offset < count; ++offset) {
      const ItemId item = item_of(world_.items.batch(batch), offset);
      note_submitted(who, item);
      const NewThread thread = worker_thread(static_cast<std::uint32_t>(children_.size()));
      Actor& child = make_actor(world_, who.process, thread);
      children_.push_back(&child);
      const sim::Instant begin = world_.now();
      Program body = child_main(child, item);
      co_await start_thread(who, child, std::move(body));
      add_startup(world_.now() - begin);
    }
  }

  /// What was never joined is waited for at the end, as an interpreter does, but for daemons.
  sim::Process<> do_shut_down(Actor& who) override {
    if (spec_.daemon && spec_.kind == ExecutorKind::thread_per_task) {
      co_return;
    }
    for (std::size_t i = 0; i < children_.size(); ++i) {  // those may start others
      co_await join_thread(who, *children_[i]);
    }
  }

 private:
  Program child_main(Actor& child, ItemId item) {
    co_await run_item(child, item);
    co_await publish(child, item);
  }

  std::vector<Actor*> children_;
};

}  // namespace

std::unique_ptr<Executor> make_thread_per_task(Context& world, ExecutorIndex index) {
  return std::make_unique<ThreadPerTask>(world, index);
}

}  // namespace timeslice::models
