#include "models/pool/process_pool.hpp"

#include <algorithm>
#include <utility>

#include "models/pool/kinds.hpp"
#include "models/python/start.hpp"
#include "models/work/context.hpp"

namespace timeslice::models {

namespace {

sim::Duration share_of(sim::Duration whole, double share) {
  return sim::Duration{static_cast<std::int64_t>(static_cast<double>(whole.count()) * share)};
}

/// Without a tick: Linux's at HZ=250.
constexpr sim::Duration usual_tick = std::chrono::milliseconds{4};

}  // namespace

ProcessPool::ProcessPool(Context& world, ExecutorIndex index)
    : Executor{world, index},
      tasks_{world.os, world.name_object(spec_.name + ": task pipe"),
             world.name_object(spec_.name + ": task pipe's read lock")},
      results_{world.os, world.name_object(spec_.name + ": result pipe"),
               world.name_object(spec_.name + ": result pipe's write lock")},
      worker_total_{worker_count()} {
  results_.pipe.watch([this](ThreadId writer) { wake_poller(writer); });
}

sim::Process<> ProcessPool::do_create(Actor& who) {
  if (!who.process.has_pool_module) {
    who.process.has_pool_module = true;
    co_await bytecode(who, world_.costs().pool_import);
  }
  co_await bytecode(who, world_.costs().pool_create);
  while (workers_.size() < worker_total_) {
    co_await start_worker(who);
  }
  const NewThread plain{.name = {}, .affinity = {}, .nice = {}, .group = spec_.group};
  for (const char* role : {"-workers", "-tasks", "-results"}) {
    NewThread thread = plain;
    thread.name = spec_.name + role;
    thread.serves = true;
    handlers_.push_back(&make_actor(world_, who.process, thread));
  }
  Program workers = worker_handler(*handlers_[0]);
  co_await start_thread(who, *handlers_[0], std::move(workers));
  Program tasks = task_handler(*handlers_[1]);
  co_await start_thread(who, *handlers_[1], std::move(tasks));
  Program results = result_handler(*handlers_[2]);
  co_await start_thread(who, *handlers_[2], std::move(results));
}

// The submitting thread.

/// A map is one job, every item of a submit is one. The items of an imap come into being when the
/// task handler asks for them.
sim::Process<> ProcessPool::do_submit(Actor& who, BatchId batch) {
  const std::uint32_t count = world_.items.batch(batch).count;
  const bool lazy = world_.items.batch(batch).lazy;
  const bool whole = world_.items.batch(batch).whole;
  for (std::uint32_t offset = 0; !lazy && offset < count; ++offset) {
    const ItemId item = item_of(world_.items.batch(batch), offset);
    note_submitted(who, item);
    if (!whole) {
      co_await bytecode(who, world_.costs().submit, Code::submit);
      ++open_batches_;
      const Job one{.batch = batch, .first = offset, .count = 1, .stop = false};
      co_await put_job(who, one);
    }
  }
  if (whole || lazy) {
    co_await bytecode(who, world_.costs().submit, Code::submit);
    ++open_batches_;
    const Job all{.batch = batch, .first = 0, .count = count, .stop = false};
    co_await put_job(who, all);
  }
}

sim::Process<> ProcessPool::put_job(Actor& who, Job job) {
  jobs_.push_back(job);
  if (job_waiter_waits_) {
    job_waiter_waits_ = false;
    co_await wake(who, job_waiter_);
  }
}

sim::Process<> ProcessPool::wait(Actor& who, BatchId batch) {
  if (world_.items.batch(batch).lazy) {
    co_await read_lazily(who, batch);
    co_return;
  }
  if (!world_.items.batch(batch).whole) {
    co_await Executor::wait(who, batch);
    co_return;
  }
  co_await bytecode(who, world_.costs().sync, Code::sync);
  if (!quick_leave(who)) {
    co_await leave(who);
  }
  const WaitCause cause{.what = WaitFor::condition, .object = static_cast<std::uint32_t>(index_)};
  while (world_.items.batch(batch).unread > 0) {
    world_.items.batch(batch).waits.push_back(
        {.thread = static_cast<std::uint32_t>(who.thread), .item = BatchWait::all});
    co_await world_.os.block(who.thread, cause);
  }
  if (!quick_enter(who)) {
    co_await enter(who);
  }
}

sim::Process<> ProcessPool::do_shut_down(Actor& who) {
  closing_ = true;
  if (spec_.shutdown == ExecutorSpec::Shutdown::terminate) {
    co_await terminate(who);
  } else {
    co_await notify_change(who);
  }
  for (Actor* handler : handlers_) {
    co_await join_thread(who, *handler);
  }
  for (const std::uint32_t number : workers_) {
    co_await join_process(who, *started_[number].actor);
  }
}

// The parent's handler threads.

Program ProcessPool::task_handler(Actor& actor) {
  while (true) {
    Job job;
    co_await next_job(actor, job);
    if (job.stop) {
      break;
    }
    co_await send_job(actor, job);
  }
  co_await send_stop_signs(actor);
}

sim::Process<> ProcessPool::next_job(Actor& actor, Job& job) {
  const WaitCause cause{.what = WaitFor::idle, .object = static_cast<std::uint32_t>(index_)};
  while (jobs_.empty()) {  // again: terminate() may drop all while this thread gets the GIL back
    if (!quick_leave(actor)) {
      co_await leave(actor);
    }
    while (jobs_.empty()) {
      job_waiter_ = actor.thread;
      job_waiter_waits_ = true;
      co_await world_.os.block(actor.thread, cause);
    }
    if (!quick_enter(actor)) {
      co_await enter(actor);
    }
  }
  job = jobs_.front();
  jobs_.pop_front();
}

sim::Process<> ProcessPool::send_job(Actor& actor, Job job) {
  const std::uint64_t size = world_.items.batch(job.batch).chunksize;
  for (std::uint32_t done = 0; done < job.count && !terminated_;) {
    const auto count = static_cast<std::uint32_t>(std::min<std::uint64_t>(size, job.count - done));
    const Chunk chunk{.batch = job.batch, .first = job.first + done, .count = count};
    co_await send_chunk(actor, chunk);
    done += count;
  }
}

sim::Process<> ProcessPool::send_chunk(Actor& actor, Chunk chunk) {
  const std::uint64_t number = chunks_.size();
  chunks_.push_back(chunk);
  for (std::uint32_t i = 0; world_.items.batch(chunk.batch).lazy && i < chunk.count; ++i) {
    note_submitted(actor, item_of(world_.items.batch(chunk.batch), chunk.first + i));
  }
  const Bytes size = task_size(chunk);
  const Load load = load_of(chunk);
  const sim::Duration pickle =
      world_.costs().pool_put + world_.costs().pool_put_item * std::int64_t{chunk.count};
  co_await dump_arguments(actor, library_time(actor, pickle, Code::chunk_put), load);
  co_await write(actor, tasks_.pipe, size, number);
}

Program ProcessPool::result_handler(Actor& actor) {
  bool stopped = false;
  while (!stopped || (open_batches_ > 0 && !terminated_)) {
    const std::uint64_t number = co_await receive(actor, results_.pipe, result_read_faults);
    if (number == stop_sign) {
      stopped = true;
      continue;
    }
    co_await store(actor, number);
  }
}

sim::Process<> ProcessPool::store(Actor& actor, std::uint64_t number) {
  const Chunk chunk = chunks_[number];
  const Load load = load_of(chunk);
  const sim::Duration unpickle =
      world_.costs().pool_store + world_.costs().pool_store_item * std::int64_t{chunk.count};
  co_await load_results(actor, library_time(actor, unpickle, Code::chunk_store), load);
  Batch& batch = world_.items.batch(chunk.batch);
  if (batch.lazy) {
    co_await store_lazy(actor, chunk);
  } else if (batch.whole) {
    batch.unstored -= chunk.count;
    if (batch.unstored == 0) {
      co_await store_map(actor, chunk.batch);
    }
  } else {
    const ItemId item = item_of(batch, chunk.first);
    --open_batches_;
    co_await bytecode(actor, world_.costs().sync, Code::sync);  // ApplyResult sets its event
    co_await publish(actor, item);
  }
  if (open_batches_ == 0) {
    co_await notify_change(actor);  // the pool's cache tells when it runs empty
  }
}

sim::Process<> ProcessPool::store_map(Actor& actor, BatchId batch) {
  --open_batches_;
  const std::uint32_t count = world_.items.batch(batch).count;
  for (std::uint32_t offset = 0; offset < count; ++offset) {
    const ItemId item = item_of(world_.items.batch(batch), offset);
    co_await publish(actor, item);
  }
}

Program ProcessPool::worker_handler(Actor& actor) {
  while (!closing_ || (open_batches_ > 0 && !terminated_)) {
    co_await maintain(actor);
    co_await look_around(actor);
    const sim::Duration turn = turn_cost();
    co_await bytecode(actor, turn - share_of(turn, pool_spec().poll_share), Code::handler_turn);
  }
  const Job end{.batch = {}, .first = 0, .count = 0, .stop = true};
  co_await put_job(actor, end);
}

/// It waits on every worker's sentinel, so a turn grows with them.
sim::Duration ProcessPool::turn_cost() const {
  const double share = pool_spec().turn_base + pool_spec().turn_per_worker * worker_total_;
  return share_of(world_.costs().worker_handler_turn, share);
}

const PoolSpec& ProcessPool::pool_spec() const {
  return world_.spec.runtime.pool;
}

/// The worker handler and the result handler can fall into step: each drop of the GIL wakes the
/// result handler, which finds it taken again, for ever where wake-ups take equal times. A real
/// machine breaks the step, at the latest with a tick of the poller's CPU.
sim::Process<> ProcessPool::end_of_spin(Actor& actor, bool in_vain) {
  const sim::Instant now = world_.os.engine().now();
  if (!in_vain) {
    spins_since_ = now;
    co_return;
  }
  const sim::Duration tick = world_.spec.os.tick;
  const sim::Duration longest =
      pool_spec().longest_spin.value_or(tick > sim::Duration::zero() ? tick : usual_tick);
  if (now - spins_since_ >= longest) {
    spins_since_ = now;
    static_cast<void>(co_await world_.os.wait_for_device(actor.thread, pool_spec().spin_break));
  }
}

/// One wait() of the worker handler: returns at once while a result lies in the pipe.
sim::Process<> ProcessPool::look_around(Actor& actor) {
  if (!quick_leave(actor)) {
    co_await leave(actor);
  }
  const sim::Duration poll =
      world_.os_costs().syscall + share_of(turn_cost(), pool_spec().poll_share);
  co_await kernel(actor, poll);
  const WaitCause cause{.what = WaitFor::idle, .object = static_cast<std::uint32_t>(index_)};
  // Where turns take no time nothing would end the polling: then results do not wake it at all.
  const bool polls = turn_cost() > sim::Duration::zero();
  const bool asked = polls && results_.pipe.readable();
  while (!(polls && results_.pipe.readable()) && !change_) {
    poller_ = actor.thread;
    poller_waits_ = true;
    co_await world_.os.block(actor.thread, cause);
  }
  poller_waits_ = false;
  change_ = false;
  co_await end_of_spin(actor, asked);
  co_await return_to_user(actor);
  // A thread that polls ends its slice at some time; where there are none it would keep the result
  // handler off the CPU for ever.
  const bool endless = polls && world_.spec.os.policy.kind == PolicyKind::fifo;
  if (endless && results_.pipe.readable()) {
    co_await world_.os.yield(actor.thread);
  }
  if (!quick_enter(actor)) {
    co_await enter(actor);
  }
}

sim::Process<> ProcessPool::notify_change(Actor& actor) {
  change_ = true;
  if (poller_waits_) {
    poller_waits_ = false;
    co_await wake(actor, poller_);
  }
}

std::unique_ptr<Executor> make_process_pool(Context& world, ExecutorIndex index) {
  return std::make_unique<ProcessPool>(world, index);
}

}  // namespace timeslice::models
