// concurrent.futures.InterpreterPoolExecutor of CPython 3.14: a ThreadPoolExecutor whose threads
// run their items in an interpreter of their own, with a GIL of its own.
//
// A worker takes an item under the main interpreter's GIL, gives that up, enters its own
// interpreter with the pickled call, runs it, pickles the result, and comes back to set the future.
// Payload is copied within the process: no pipe. Source: CPython 3.14,
// Lib/concurrent/futures/interpreter.py; never run natively here, so every result carries a
// warning.
#include <memory>

#include "models/pool/kinds.hpp"
#include "models/pool/messages.hpp"
#include "models/pool/thread_pool.hpp"
#include "models/work/context.hpp"

namespace timeslice::models {

namespace {

class InterpreterPool final : public ThreadPool {
 public:
  using ThreadPool::ThreadPool;

 protected:
  sim::Process<> do_create(Actor& who) override;
  Program worker_main(Actor& worker) override;

 private:
  sim::Process<> run_inside(Actor& worker, Actor& inside, ItemId item);
  static sim::Process<> pass(Actor& from, Actor& to);
};

sim::Process<> InterpreterPool::do_create(Actor& /*who*/) {
  world_.warn("executor '" + spec_.name +
              "': InterpreterPoolExecutor was never run natively here; its costs are guesses");
  co_return;
}

/// The thread leaves one interpreter and enters another one.
sim::Process<> InterpreterPool::pass(Actor& from, Actor& to) {
  if (!quick_leave(from)) {
    co_await leave(from);
  }
  if (!quick_enter(to)) {
    co_await enter(to);
  }
}

Program InterpreterPool::worker_main(Actor& worker) {
  UserProcess& interpreter = world_.add_process(world_.os.name(worker.thread) + "-interpreter");
  Actor inside{.world = world_, .process = interpreter, .thread = worker.thread};
  co_await pass(worker, inside);
  co_await bytecode(inside, world_.costs().interpreter_create + spec_.import_cost);
  co_await pass(inside, worker);
  while (true) {
    const std::uint32_t entry = co_await next_entry(worker);
    if (entry == stop_sign) {
      break;
    }
    co_await run_inside(worker, inside, ItemId{entry});
  }
  co_await pass(worker, inside);
  co_await bytecode(inside, world_.costs().interpreter_close);
  co_await pass(inside, worker);
  interpreter.exited = true;
}

sim::Process<> InterpreterPool::run_inside(Actor& worker, Actor& inside, ItemId item) {
  const Load load{.spec = spec_.payload, .count = 1};
  const sim::Duration half = world_.costs().thread_item / 2;
  const sim::Duration half_call = world_.costs().interpreter_call / 2;
  co_await dump_arguments(worker, half, load);
  co_await pass(worker, inside);
  co_await load_arguments(inside, half_call, load);
  co_await run_item(inside, item);
  co_await dump_results(inside, half_call, load);
  co_await pass(inside, worker);
  co_await load_results(worker, half, load);
  co_await publish(worker, item);
}

}  // namespace

std::unique_ptr<Executor> make_interpreter_pool(Context& world, ExecutorIndex index) {
  return std::make_unique<InterpreterPool>(world, index);
}

}  // namespace timeslice::models
