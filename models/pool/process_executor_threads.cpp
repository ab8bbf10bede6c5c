// What the threads of ProcessPoolExecutor's parent do, and its workers.
#include <algorithm>
#include <utility>

#include "models/pool/process_executor.hpp"
#include "models/python/start.hpp"
#include "models/work/context.hpp"

namespace timeslice::models {

namespace {

/// What a worker sends when it ends for good: its process id.
constexpr std::uint64_t goodbye = UINT64_MAX - 2;
/// A result of a worker that ends after it: the number of the worker is added.
constexpr std::uint64_t last_result = 1ULL << 40U;

/// Pickled size of a call and of a result with small integers, and what each item adds: 183 + 4 n
/// and 119 + n bytes (n = 1 to 101). Measured with ForkingPickler on CPython 3.11.2.
constexpr std::int64_t call_bytes = 183;
constexpr std::int64_t call_bytes_an_item = 4;
constexpr std::int64_t result_message_bytes = 119;
constexpr std::int64_t result_message_bytes_an_item = 1;

}  // namespace

// The manager.

Program ProcessExecutor::manager(Actor& actor) {
  while (true) {
    co_await add_calls(actor);
    const Seen seen = co_await wait_for_news(actor);
    if (seen == Seen::dead_worker) {
      co_await break_down(actor);
      co_return;
    }
    if (seen == Seen::result) {
      co_await take_result(actor);
    } else {
      co_await clear_bytes(actor);
    }
    if (shutting_down_ && pending_ == 0) {
      co_await join_internals(actor);
      co_return;
    }
  }
}

sim::Process<> ProcessExecutor::add_calls(Actor& actor) {
  while (!ids_.empty() && room_.try_acquire()) {
    co_await bytecode(actor, costs().add, Code::call_add);
    const std::uint64_t id = ids_.front();
    ids_.pop_front();
    co_await put_call(actor, id);
  }
}

/// Queue.put: into the buffer; the first one starts the feeder.
sim::Process<> ProcessExecutor::put_call(Actor& actor, std::uint64_t entry) {
  buffer_.push_back(entry);
  if (feeder_ == nullptr) {
    const NewThread thread{
        .name = spec_.name + "-feeder", .affinity = {}, .nice = 0, .group = spec_.group};
    feeder_ = &make_actor(world_, actor.process, thread);
    Program program = feeder(*feeder_);
    co_await start_thread(actor, *feeder_, std::move(program));
  } else if (feeder_waits_) {
    feeder_waits_ = false;
    co_await wake(actor, feeder_->thread);
  }
}

/// wait() on the result pipe, the wake-up pipe and every worker's sentinel.
sim::Process<ProcessExecutor::Seen> ProcessExecutor::wait_for_news(Actor& actor) {
  const sim::Duration turn =
      costs().wait + costs().wait_each * (2 + static_cast<std::int64_t>(processes_.size()));
  co_await bytecode(actor, turn, Code::call_wait);
  if (!quick_leave(actor)) {
    co_await leave(actor);
  }
  const sim::Duration call = world_.os_costs().syscall;
  co_await kernel(actor, call);
  const WaitCause cause{.what = WaitFor::idle, .object = static_cast<std::uint32_t>(index_)};
  while (!results_.pipe.readable() && !wakeups_.readable() && !dead_worker_) {
    manager_waits_ = true;
    co_await world_.os.block(actor.thread, cause);
  }
  manager_waits_ = false;
  const Seen seen = results_.pipe.readable() ? Seen::result
                    : wakeups_.readable()    ? Seen::byte
                                             : Seen::dead_worker;
  co_await return_to_user(actor);
  if (!quick_enter(actor)) {
    co_await enter(actor);
  }
  co_return seen;
}

sim::Process<> ProcessExecutor::take_result(Actor& actor) {
  const std::uint64_t message = co_await receive(actor, results_.pipe, result_read_faults);
  const bool ends = message != goodbye && message >= last_result;
  const Call call = message == goodbye ? Call{} : table_[message % last_result];
  const Load load = load_of(call);
  const sim::Duration unpickle =
      costs().receive + world_.costs().pool_store_item * std::int64_t{call.count};
  co_await load_results(actor, library_time(actor, unpickle, Code::call_receive), load);
  co_await clear_bytes(actor);
  if (message == goodbye) {
    co_return;
  }
  co_await set_future(actor, call);
  if (ends) {
    const auto number = static_cast<std::uint32_t>(message / last_result - 1);
    co_await replace_worker(actor, number);
  } else {
    ++idle_tokens_;
  }
}

/// Reads what submit wrote, a byte a submit; the last poll finds nothing. Up to 3.10 under the
/// executor's lock, which submit holds while it writes: with 16 384 bytes unread both wait for ever
/// (gh-105829).
sim::Process<> ProcessExecutor::clear_bytes(Actor& actor) {
  const bool locks = world_.spec.runtime.version < PythonVersion{.major = 3, .minor = 11};
  if (locks) {
    co_await lock(actor);
  }
  while (true) {
    co_await bytecode(actor, costs().poll, Code::call_poll);
    co_await quick_syscall(actor);
    if (!wakeups_.readable()) {
      break;
    }
    co_await receive(actor, wakeups_, result_read_faults);
    co_await bytecode(actor, costs().take_byte, Code::call_take_byte);
  }
  if (locks) {
    co_await unlock(actor);
  }
}

sim::Process<> ProcessExecutor::set_future(Actor& actor, Call call) {
  co_await bytecode(actor, costs().store, Code::call_store);
  --pending_;
  for (std::uint32_t offset = call.first; offset < call.first + call.count; ++offset) {
    const ItemId item = item_of(world_.items.batch(call.batch), offset);
    co_await publish(actor, item);
  }
}

/// A worker has done its number of calls: it is joined, and another one started.
sim::Process<> ProcessExecutor::replace_worker(Actor& actor, std::uint32_t number) {
  std::erase(processes_, number);
  co_await join_process(actor, *started_[number]);
  dead_worker_ = std::ranges::any_of(
      processes_, [this](std::uint32_t other) { return started_[other]->finished; });
  co_await lock(actor);
  co_await adjust_workers(actor);
  co_await unlock(actor);
}

/// A worker died: every future gets the exception, the others are terminated.
sim::Process<> ProcessExecutor::break_down(Actor& actor) {
  broken_ = true;
  const std::uint64_t futures = pending_;
  pending_ = 0;
  const sim::Duration set = costs().store * static_cast<std::int64_t>(futures);
  co_await bytecode(actor, set);
  for (std::size_t i = 0; i < open_.size(); ++i) {  // a submit under way may add to both lists
    const BatchId batch = open_[i];
    while (!world_.items.batch(batch).waits.empty()) {
      const BatchWait wait = world_.items.batch(batch).waits.back();
      world_.items.batch(batch).waits.pop_back();
      co_await wake(actor, ThreadId{wait.thread});
    }
  }
  const std::size_t known = processes_.size();  // a submit under way may add one: not terminated
  for (std::size_t i = 0; i < known; ++i) {
    kill_process(*started_[processes_[i]]);
    const sim::Duration call = world_.os_costs().syscall;
    co_await kernel(actor, call);
  }
  co_await join_internals(actor);
}

/// Stop signs for the workers that live, then the feeder and the workers are joined. A broken
/// executor's may be one that a submit under way has added; one that is added while the others are
/// joined ends the manager by an exception (a dict that grew in a loop), and nobody joins it.
sim::Process<> ProcessExecutor::join_internals(Actor& actor) {
  const auto alive = std::ranges::count_if(processes_, [this](std::uint32_t number) {
    return !started_[number]->finished && !started_[number]->killed;
  });
  for (std::ptrdiff_t i = 0; i < alive; ++i) {
    co_await bytecode(actor, costs().add, Code::call_add);
    static_cast<void>(room_.try_acquire());
    co_await put_call(actor, stop_sign);
  }
  if (feeder_ != nullptr && !broken_) {
    co_await put_call(actor, goodbye);
    co_await join_thread(actor, *feeder_);
  }
  const std::size_t known = processes_.size();
  for (std::size_t i = 0; i < known && processes_.size() == known; ++i) {
    co_await join_process(actor, *started_[processes_[i]]);
  }
}

// The feeder.

Program ProcessExecutor::feeder(Actor& actor) {
  while (true) {
    const std::uint64_t entry = co_await next_entry(actor);
    if (entry == goodbye) {
      co_return;
    }
    co_await send(actor, entry);
  }
}

sim::Process<std::uint64_t> ProcessExecutor::next_entry(Actor& actor) {
  if (buffer_.empty()) {
    if (!quick_leave(actor)) {
      co_await leave(actor);
    }
    const WaitCause cause{.what = WaitFor::idle, .object = static_cast<std::uint32_t>(index_)};
    while (buffer_.empty()) {
      feeder_waits_ = true;
      co_await world_.os.block(actor.thread, cause);
    }
    feeder_waits_ = false;
    if (!quick_enter(actor)) {
      co_await enter(actor);
    }
  }
  const std::uint64_t entry = buffer_.front();
  buffer_.pop_front();
  co_return entry;
}

sim::Process<> ProcessExecutor::send(Actor& actor, std::uint64_t entry) {
  const Call call = entry == stop_sign ? Call{} : table_[entry];
  const Load load = load_of(call);
  const sim::Duration pickle =
      costs().feed + world_.costs().pool_put_item * std::int64_t{call.count};
  co_await dump_arguments(actor, library_time(actor, pickle, Code::call_feed), load);
  co_await bytecode(actor, costs().send, Code::call_send);
  const Bytes size{entry == stop_sign
                       ? 0
                       : call_bytes + call.count * call_bytes_an_item + argument_bytes(load).count};
  co_await write(actor, calls_.pipe, size, entry);
}

// The workers.

Program ProcessExecutor::worker_main(Actor& worker, std::uint32_t number) {
  std::uint64_t done = 0;
  while (true) {
    const std::uint64_t entry = co_await get_call(worker);
    if (entry == stop_sign) {
      co_await put_result(worker, goodbye);
      co_return;
    }
    ++done;
    const bool last = spec_.maxtasksperchild && done >= *spec_.maxtasksperchild;
    const Call call = table_[entry];
    co_await run_call(worker, call);
    const std::uint64_t message = last ? entry + (number + 1) * last_result : entry;
    co_await put_result(worker, message);
    if (last) {
      co_return;
    }
  }
}

sim::Process<std::uint64_t> ProcessExecutor::get_call(Actor& worker) {
  co_await acquire(worker, calls_.lock);
  const std::uint64_t entry = co_await receive(worker, calls_.pipe, argument_read_faults);
  co_await room_.release(worker.thread);
  co_await calls_.lock.release(worker.thread);
  const Call call = entry == stop_sign ? Call{} : table_[entry];
  const Load load = load_of(call);
  co_await load_arguments(worker, library_time(worker, costs().get, Code::call_get), load);
  co_return entry;
}

sim::Process<> ProcessExecutor::run_call(Actor& worker, Call call) {
  for (std::uint32_t offset = call.first; offset < call.first + call.count; ++offset) {
    const ItemId item = item_of(world_.items.batch(call.batch), offset);
    co_await bytecode(worker, world_.costs().item, Code::chunk_item);
    co_await run_item(worker, item);
  }
}

sim::Process<> ProcessExecutor::put_result(Actor& worker, std::uint64_t message) {
  const Call call = message == goodbye ? Call{} : table_[message % last_result];
  const Load load = load_of(call);
  co_await dump_results(worker, library_time(worker, costs().put, Code::call_put), load);
  const Bytes size{message == goodbye
                       ? length_bytes
                       : result_message_bytes + call.count * result_message_bytes_an_item +
                             result_bytes(load).count};
  co_await acquire(worker, results_.lock);
  co_await write(worker, results_.pipe, size, message);
  co_await results_.lock.release(worker.thread);
}

}  // namespace timeslice::models
