#include "models/work/items.hpp"

#include "sim/expect.hpp"

namespace timeslice::models {

BatchId ItemTable::add(const Batch& batch, std::uint32_t first_number) {
  sim::expect(items_.size() + batch.count < 0xffffffffU, "items are counted in 32 bits");
  const BatchId id{static_cast<std::uint32_t>(batches_.size())};
  Batch& added = batches_.emplace_back(batch);
  added.first = ItemId{static_cast<std::uint32_t>(items_.size())};
  added.unread = batch.count;
  added.unstored = batch.count;
  for (std::uint32_t offset = 0; offset < batch.count; ++offset) {
    Item& item = items_.emplace_back();
    item.number = first_number + offset;
    item.batch = id;
  }
  return id;
}

}  // namespace timeslice::models
