// The items of work that were handed over in a run: when each was submitted, begun, done, readable.
//
// Items of one map or submit lie side by side and form a batch. Cost: 56 bytes an item, no
// allocation but the table's own growth.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "models/ids.hpp"
#include "sim/time.hpp"

namespace timeslice::models {

/// Position of a batch and of an item in the table.
enum class BatchId : std::uint32_t {};
enum class ItemId : std::uint32_t {};

/// One item. Times before they are reached are Instant::min().
struct Item {
  sim::Instant submitted = sim::Instant::min();
  sim::Instant started = sim::Instant::min();
  sim::Instant finished = sim::Instant::min();
  sim::Instant readable = sim::Instant::min();
  std::uint32_t number = 0;               // keys its draws: DrawScope::item
  std::uint32_t worker = 0;               // ThreadId of who ran it
  std::uint32_t coroutine = 0xffffffffU;  // CoroutineId of who runs it in an event loop
  BatchId batch{};

  [[nodiscard]] bool is_readable() const { return readable != sim::Instant::min(); }
  /// Over, but it was not done: cancelled.
  [[nodiscard]] bool is_given_up() const {
    return is_readable() && finished == sim::Instant::min();
  }
};

/// A thread that waits for one item of a batch, or for all of them.
struct BatchWait {
  static constexpr std::uint32_t all = 0xffffffffU;
  std::uint32_t thread = 0;
  std::uint32_t item = all;
};

struct AsyncWait;

struct Batch {
  TaskIndex task{};
  ExecutorIndex executor{};
  ItemId first{};
  std::uint32_t count = 0;
  std::uint32_t unread = 0;     // items that the submitter cannot read yet
  std::uint64_t chunksize = 1;  // items in one message of a process pool
  std::uint32_t unstored = 0;   // items whose results have not come back to a process pool
  bool whole = false;           // a map: handed over in one call
  bool from_thread = false;     // handed to an event loop by another thread
  bool lazy = false;            // an imap: handed over in one call, read one after the other
  bool in_order = true;         // of a lazy one: read in order, not as they come
  std::vector<BatchWait> waits;
  std::vector<AsyncWait*> awaits{};  // coroutines that wait for items (models/aio), not owned
};

class ItemTable {
 public:
  /// A new batch of `count` items with numbers `first_number`, `first_number` + 1, ...
  [[nodiscard]] BatchId add(const Batch& batch, std::uint32_t first_number);

  [[nodiscard]] Item& item(ItemId id) { return items_[index_of(id)]; }
  [[nodiscard]] Batch& batch(BatchId id) { return batches_[index_of(id)]; }
  [[nodiscard]] Batch& batch_of(ItemId id) { return batch(item(id).batch); }
  [[nodiscard]] std::span<const Item> items() const { return items_; }
  [[nodiscard]] std::span<const Batch> batches() const { return batches_; }

 private:
  std::vector<Item> items_;
  std::vector<Batch> batches_;
};

/// The `offset`-th item of `batch`.
[[nodiscard]] constexpr ItemId item_of(const Batch& batch, std::uint32_t offset) {
  return ItemId{static_cast<std::uint32_t>(batch.first) + offset};
}

}  // namespace timeslice::models
