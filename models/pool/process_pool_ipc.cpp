// How multiprocessing.Pool's messages travel: pickled, through a pipe, under a lock.
#include "models/pool/process_pool.hpp"
#include "models/work/context.hpp"
#include "models/work/draws.hpp"
#include "sim/expect.hpp"

namespace timeslice::models {

namespace {

/// Pickled size of a chunk of small integers, and what each item adds: 84 + 2 n bytes for a task,
/// 24 + 3 n for a result. Measured with ForkingPickler on CPython 3.11.7, n = 1 to 100.
constexpr std::int64_t chunk_bytes = 84;
constexpr std::int64_t chunk_bytes_an_item = 2;
constexpr std::int64_t result_bytes_alone = 24;
constexpr std::int64_t result_bytes_an_item = 3;

}  // namespace

Bytes ProcessPool::task_size(const Chunk& chunk) const {
  return Bytes{chunk_bytes + chunk.count * chunk_bytes_an_item +
               argument_bytes(load_of(chunk)).count};
}

Bytes ProcessPool::result_size(const Chunk& chunk) const {
  return Bytes{result_bytes_alone + chunk.count * result_bytes_an_item +
               result_bytes(load_of(chunk)).count};
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
  co_await pipe.write(actor.thread, message);
  co_await return_to_user(actor);
  if (!quick_enter(actor)) {
    co_await enter(actor);
  }
}

void ProcessPool::wake_poller(ThreadId writer) {
  if (poller_waits_) {
    poller_waits_ = false;
    world_.os.wake(poller_, WakeCause{.thread = static_cast<std::uint32_t>(writer), .sync = true});
  }
}

sim::Process<> ProcessPool::send_stop_signs(Actor& actor) {
  const Bytes none{length_bytes};
  co_await acquire(actor, results_.lock);
  co_await write(actor, results_.pipe, none, stop_sign);
  co_await results_.lock.release(actor.thread);
  const std::size_t known = workers_.size();
  for (std::size_t i = 0; i < known; ++i) {
    co_await write(actor, tasks_.pipe, none, stop_sign);
  }
}

}  // namespace timeslice::models
