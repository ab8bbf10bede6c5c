// concurrent.futures.InterpreterPoolExecutor of CPython 3.14: a ThreadPoolExecutor whose threads
// run their items in an interpreter of their own, with a GIL of its own.
//
// A worker takes an item under the main interpreter's GIL, gives that up, enters its own
// interpreter with the pickled call, runs it, pickles the result, and comes back to set the future.
// Payload is copied within the process: no pipe. Source: CPython 3.14,
// Lib/concurrent/futures/interpreter.py; never run natively here, so every result carries a
// warning.
#include <deque>
#include <memory>
#include <utility>

#include "models/os/wait_queue.hpp"
#include "models/pool/executor.hpp"
#include "models/pool/kinds.hpp"
#include "models/pool/messages.hpp"
#include "models/work/context.hpp"

namespace timeslice::models {

namespace {

class InterpreterPool final : public Executor {
 public:
  InterpreterPool(Context& world, ExecutorIndex index)
      : Executor{world, index}, max_workers_{worker_count()} {}

 protected:
  sim::Process<> do_create(Actor& who) override;
  sim::Process<> do_submit(Actor& who, BatchId batch) override;
  sim::Process<> do_shut_down(Actor& who) override;

 private:
  static constexpr std::uint32_t none_sign = 0xffffffffU;  // the None of shutdown

  sim::Process<> put(Actor& who, std::uint32_t entry);
  sim::Process<std::uint32_t> get(Actor& worker);
  sim::Process<> adjust_thread_count(Actor& who);
  Program worker_main(Actor& worker);
  sim::Process<> run_inside(Actor& worker, Actor& inside, ItemId item);
  sim::Process<> pass(Actor& from, Actor& to);

  std::deque<std::uint32_t> queue_;  // items by id
  WaitQueue getters_;
  std::vector<Actor*> workers_;
  std::uint32_t max_workers_;
  std::uint64_t idle_tokens_ = 0;
};

sim::Process<> InterpreterPool::do_create(Actor& /*who*/) {
  world_.warn("executor '" + spec_.name +
              "': InterpreterPoolExecutor was never run natively here; its costs are guesses");
  co_return;
}

sim::Process<> InterpreterPool::do_submit(Actor& who, BatchId batch) {
  const std::uint32_t count = world_.items.batch(batch).count;
  for (std::uint32_t offset = 0; offset < count; ++offset) {
    const ItemId item = item_of(world_.items.batch(batch), offset);
    note_submitted(who, item);
    co_await bytecode(who, world_.costs().submit);
    co_await put(who, static_cast<std::uint32_t>(item));
    co_await adjust_thread_count(who);
  }
}

sim::Process<> InterpreterPool::put(Actor& who, std::uint32_t entry) {
  queue_.push_back(entry);
  if (!getters_.empty()) {
    const ThreadId getter = getters_.pop();
    co_await wake(who, getter);
  }
}

sim::Process<std::uint32_t> InterpreterPool::get(Actor& worker) {
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

/// As ThreadPoolExecutor from 3.12 on: a token is there if a worker found the queue empty.
sim::Process<> InterpreterPool::adjust_thread_count(Actor& who) {
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
    if (queue_.empty()) {
      ++idle_tokens_;
    }
    const std::uint32_t entry = co_await get(worker);
    if (entry == none_sign) {
      co_await put(worker, none_sign);
      break;
    }
    const ItemId item{entry};
    co_await run_inside(worker, inside, item);
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

sim::Process<> InterpreterPool::do_shut_down(Actor& who) {
  co_await put(who, none_sign);
  for (Actor* worker : workers_) {
    co_await join_thread(who, *worker);
  }
}

}  // namespace

std::unique_ptr<Executor> make_interpreter_pool(Context& world, ExecutorIndex index) {
  return std::make_unique<InterpreterPool>(world, index);
}

}  // namespace timeslice::models
