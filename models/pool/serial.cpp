// The serial executor: a loop in the thread that submits. No cost of its own.
#include "models/pool/executor.hpp"
#include "models/pool/kinds.hpp"
#include "models/work/context.hpp"

namespace timeslice::models {

namespace {

class Serial final : public Executor {
 public:
  using Executor::Executor;

 protected:
  sim::Process<> do_submit(Actor& who, BatchId batch) override {
    const std::uint32_t count = world_.items.batch(batch).count;
    for (std::uint32_t offset = 0; offset < count; ++offset) {
      const ItemId item = item_of(world_.items.batch(batch), offset);
      note_submitted(who, item);
      co_await run_item(who, item);
      co_await publish(who, item);
    }
  }

  sim::Process<> do_shut_down(Actor& /*who*/) override { co_return; }
};

}  // namespace

std::unique_ptr<Executor> make_serial(Context& world, ExecutorIndex index) {
  return std::make_unique<Serial>(world, index);
}

}  // namespace timeslice::models
