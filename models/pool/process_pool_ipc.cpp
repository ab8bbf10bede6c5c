// How multiprocessing.Pool's messages travel: pickled, through a pipe, under a lock.
#include "models/pool/process_pool.hpp"
#include "models/work/context.hpp"
#include "models/work/draws.hpp"
#include "sim/expect.hpp"

namespace timeslice::models {

namespace {

/// Connection._send_bytes: up to this size length and payload go out in one write, else in two.
/// Source: CPython, Lib/multiprocessing/connection.py.
constexpr std::int64_t one_write_limit = 16 * 1024;
constexpr std::int64_t length_bytes = 4;

/// Pickled size of a chunk of small integers, and what each item adds: 84 + 2 n bytes for a task,
/// 24 + 3 n for a result. Measured with ForkingPickler on CPython 3.11.7, n = 1 to 100.
constexpr std::int64_t chunk_bytes = 84;
constexpr std::int64_t chunk_item_bytes = 2;
constexpr std::int64_t result_bytes = 24;
constexpr std::int64_t result_item_bytes = 3;

/// From here on malloc asks the kernel for fresh pages (mallopt(3), M_MMAP_THRESHOLD), and the
/// first touch of each costs a page fault.
constexpr std::int64_t fresh_pages_from = 128 * 1024;
constexpr std::int64_t page_bytes = 4096;

}  // namespace

Bytes ProcessPool::task_size(const Chunk& chunk) const {
  return Bytes{chunk_bytes + chunk.count * (chunk_item_bytes + spec_.payload.argument.count)};
}

Bytes ProcessPool::result_size(const Chunk& chunk) const {
  return Bytes{result_bytes + chunk.count * (result_item_bytes + spec_.payload.result.count)};
}

sim::Process<> ProcessPool::convert(Actor& actor, sim::Duration base, Bytes size) {
  const double copy_ns = world_.costs().pickle_ns_per_byte * static_cast<double>(size.count);
  const sim::Duration cost = base + sim::Duration{static_cast<std::int64_t>(copy_ns)};
  co_await bytecode(actor, cost);
  if (size.count >= fresh_pages_from) {
    const std::int64_t pages = size.count / page_bytes;
    const sim::Duration faults = pages * world_.os_costs().page_fault;
    co_await kernel(actor, faults);
  }
}

sim::Process<> ProcessPool::acquire(Actor& actor, Semaphore& lock) {
  if (lock.try_acquire()) {
    co_return;
  }
  if (!quick_leave(actor)) {
    co_await leave(actor);
  }
  co_await lock.acquire(actor.thread);
  if (!quick_enter(actor)) {
    co_await enter(actor);
  }
}

sim::Process<> ProcessPool::write(Actor& actor, Pipe& pipe, Bytes size, std::uint64_t value) {
  add_ipc(Bytes{size.count + length_bytes});
  if (size.count <= one_write_limit) {
    const Bytes whole{size.count + length_bytes};
    co_await write_once(actor, pipe, whole, value);
    co_return;
  }
  const Bytes length{length_bytes};
  co_await write_once(actor, pipe, length, length_only);
  co_await write_once(actor, pipe, size, value);
}

sim::Process<> ProcessPool::write_once(Actor& actor, Pipe& pipe, Bytes size, std::uint64_t value) {
  if (!quick_leave(actor)) {
    co_await leave(actor);
  }
  const Message message{.size = size, .value = value};
  const bool reader_waits = reading_results_ && !results_.pipe.readable();
  co_await pipe.write(actor.thread, message);
  if (&pipe == &results_.pipe) {
    wake_poller(actor, reader_waits);
  }
  co_await return_to_user(actor);
  if (!quick_enter(actor)) {
    co_await enter(actor);
  }
}

void ProcessPool::wake_poller(Actor& writer, bool reader_waits) {
  if (!poller_waits_) {
    return;
  }
  constexpr std::uint32_t stream = task_key("(pool wake order)");
  const sim::DrawKey key{.task = stream,
                         .item = static_cast<std::uint32_t>(index_),
                         .step = 0,
                         .count = ++wake_draws_};
  if (reader_waits && world_.random.uniform(key) < pool_spec().reader_first) {
    poller_deferred_ = true;
    return;
  }
  poller_waits_ = false;
  world_.os.wake(poller_,
                 WakeCause{.thread = static_cast<std::uint32_t>(writer.thread), .sync = true});
}

void ProcessPool::wake_deferred_poller(Actor& reader) {
  if (!poller_deferred_) {
    return;
  }
  poller_deferred_ = false;
  change_ = true;
  if (poller_waits_) {
    poller_waits_ = false;
    world_.os.wake(poller_,
                   WakeCause{.thread = static_cast<std::uint32_t>(reader.thread), .sync = true});
  }
}

sim::Process<std::uint64_t> ProcessPool::read(Actor& actor, Pipe& pipe) {
  while (true) {
    if (!quick_leave(actor)) {
      co_await leave(actor);
    }
    const bool results = &pipe == &results_.pipe;
    reading_results_ = results || reading_results_;
    const std::optional<Message> message = co_await pipe.read(actor.thread);
    if (results) {
      reading_results_ = false;
      wake_deferred_poller(actor);
    }
    co_await return_to_user(actor);
    if (!quick_enter(actor)) {
      co_await enter(actor);
    }
    sim::expect(message.has_value(), "a pool's pipes stay open");
    if (message->value != length_only) {
      co_return message->value;
    }
  }
}

sim::Process<> ProcessPool::send_stop_signs(Actor& actor) {
  const Bytes none{length_bytes};
  co_await acquire(actor, results_.lock);
  co_await write(actor, results_.pipe, none, stop_sign);
  co_await results_.lock.release(actor.thread);
  for (std::uint32_t i = 0; i < worker_total_; ++i) {
    co_await write(actor, tasks_.pipe, none, stop_sign);
  }
}

}  // namespace timeslice::models
