// Pool.imap and imap_unordered: results are read one after the other while others are on their way.
#include "models/pool/process_pool.hpp"
#include "models/work/context.hpp"

namespace timeslice::models {

/// A chunk's result came: read in order, it counts only when all before it have come.
sim::Process<> ProcessPool::store_lazy(Actor& actor, Chunk chunk) {
  const BatchId id = chunk.batch;
  LazyMap& map = lazy_[id];
  const std::uint64_t size = world_.items.batch(id).chunksize;
  const auto place = static_cast<std::uint32_t>(chunk.first / size);
  if (map.came.size() <= place) {
    map.came.resize(place + 1, false);
  }
  map.came[place] = true;
  world_.items.batch(id).unstored -= chunk.count;
  if (world_.items.batch(id).unstored == 0) {
    --open_batches_;
  }
  const bool in_order = world_.items.batch(id).in_order;
  std::uint32_t first = in_order ? map.next : place;
  std::uint32_t end = place + 1;
  while (in_order && map.next < map.came.size() && map.came[map.next]) {
    ++map.next;
  }
  end = in_order ? map.next : end;
  for (; first < end; ++first) {
    ++lazy_[id].there;
    const std::uint32_t count = world_.items.batch(id).count;
    for (std::uint64_t i = first * size; i < (first + 1) * size && i < count; ++i) {
      const ItemId item = item_of(world_.items.batch(id), static_cast<std::uint32_t>(i));
      co_await publish(actor, item);
    }
  }
  if (lazy_[id].there > 0 && lazy_[id].reader_waits) {
    lazy_[id].reader_waits = false;
    co_await wake(actor, lazy_[id].reader);
  }
}

/// A loop over the iterator.
sim::Process<> ProcessPool::read_lazily(Actor& who, BatchId batch) {
  const std::uint64_t size = world_.items.batch(batch).chunksize;
  const std::uint64_t chunks = (world_.items.batch(batch).count + size - 1) / size;
  const WaitCause cause{.what = WaitFor::condition, .object = static_cast<std::uint32_t>(index_)};
  for (std::uint64_t done = 0; done < chunks; ++done) {
    co_await bytecode(who, world_.costs().imap_next, Code::imap_next);
    if (lazy_[batch].there == 0) {
      co_await bytecode(who, world_.costs().sync, Code::sync);
      if (!quick_leave(who)) {
        co_await leave(who);
      }
      while (lazy_[batch].there == 0) {
        lazy_[batch].reader_waits = true;
        lazy_[batch].reader = who.thread;
        co_await world_.os.block(who.thread, cause);
      }
      if (!quick_enter(who)) {
        co_await enter(who);
      }
    }
    --lazy_[batch].there;
  }
  lazy_.erase(batch);
}

}  // namespace timeslice::models
