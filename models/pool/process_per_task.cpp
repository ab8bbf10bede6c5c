// multiprocessing.Process for every item, started and joined in order.
//
// A child has an interpreter and a GIL of its own. Its item counts as readable when its work is
// done; waiting for a batch means join(), so until each child's process is gone. Results do not
// travel: a Process returns none.
#include <algorithm>
#include <utility>

#include "models/pool/executor.hpp"
#include "models/pool/kinds.hpp"
#include "models/python/start.hpp"
#include "models/work/context.hpp"

namespace timeslice::models {

namespace {

class ProcessPerTask final : public Executor {
 public:
  using Executor::Executor;

  sim::Process<> wait(Actor& who, BatchId batch) override {
    const std::uint32_t count = world_.items.batch(batch).count;
    for (std::uint32_t offset = 0; offset < count; ++offset) {
      const ItemId item = item_of(world_.items.batch(batch), offset);
      Actor* child = child_of(item);
      if (child != nullptr) {
        co_await join_process(who, *child);
      }
    }
  }

 protected:
  sim::Process<> do_submit(Actor& who, BatchId batch) override {
    const ChildPlan plan = child_plan(spec_, world_.spec.runtime);
    const std::uint32_t count = world_.items.batch(batch).count;
    for (std::uint32_t offset = 0; offset < count; ++offset) {
      const ItemId item = item_of(world_.items.batch(batch), offset);
      note_submitted(who, item);
      const NewThread thread = worker_thread(static_cast<std::uint32_t>(children_.size()));
      Actor& child = make_child(who, thread);
      keep(item, child);
      const sim::Instant begin = world_.now();
      Program body = child_body(child, item);
      co_await start_process(who, child, std::move(body), plan);
      add_startup(world_.now() - begin);
    }
  }

  /// What was never joined is waited for at the end, as an interpreter does.
  sim::Process<> do_shut_down(Actor& who) override {
    const auto runs = [](const Child& child) { return !child.actor->finished; };
    while (std::ranges::any_of(children_, runs)) {
      for (std::size_t i = 0; i < children_.size(); ++i) {  // meanwhile others may be started
        if (runs(children_[i])) {
          co_await join_process(who, *children_[i].actor);
        }
      }
    }
  }

 private:
  struct Child {
    ItemId item;
    Actor* actor;
  };

  /// Sorted by item: several threads may be handing over at once.
  void keep(ItemId item, Actor& child) {
    const auto after = std::ranges::upper_bound(children_, item, {}, &Child::item);
    children_.insert(after, Child{item, &child});
  }

  [[nodiscard]] Actor* child_of(ItemId item) const {
    const auto found = std::ranges::lower_bound(children_, item, {}, &Child::item);
    return found != children_.end() && found->item == item ? found->actor : nullptr;
  }

  Program child_body(Actor& child, ItemId item) {
    co_await run_item(child, item);
    co_await publish(child, item);
  }

  std::vector<Child> children_;
};

}  // namespace

std::unique_ptr<Executor> make_process_per_task(Context& world, ExecutorIndex index) {
  return std::make_unique<ProcessPerTask>(world, index);
}

}  // namespace timeslice::models
