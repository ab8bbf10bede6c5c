#include "sim/slot_tree.hpp"

#include <algorithm>
#include <cstdint>
#include <vector>

#include <gtest/gtest.h>

#include "sim/due_fifo.hpp"
#include "sim/random.hpp"

namespace timeslice::sim {
namespace {

TEST(SlotTree, its_first_is_the_least_of_all_slots_however_they_are_set) {
  for (const std::uint32_t count : {1U, 2U, 3U, 8U, 11U, 64U, 384U}) {
    SlotTree tree;
    std::vector<Event> oracle;
    EXPECT_EQ(tree.first(), no_event);
    const Random random{count};
    for (std::uint32_t step = 0; step < 5000; ++step) {
      if (oracle.size() < count && step % 3 == 0) {
        EXPECT_EQ(tree.add(), oracle.size());
        oracle.push_back(no_event);
      }
      const auto slot = static_cast<std::uint32_t>(random.below({.task = step}, oracle.size()));
      const std::uint64_t time = random.below({.item = step}, 1000);
      const Event event = time < 100 ? no_event : Event{.time = time, .key = step};
      tree.set(slot, event);
      oracle[slot] = event;
      ASSERT_EQ(tree.first(), *std::ranges::min_element(oracle, before)) << count << ' ' << step;
      ASSERT_EQ(tree.at(slot), event);
    }
  }
}

TEST(SlotTree, the_slot_that_was_taken_may_be_set_after_others) {
  SlotTree tree;
  for (std::uint32_t i = 0; i < 8; ++i) {
    tree.add();
    tree.set(i, {.time = 10 + i, .key = i});
  }
  tree.take_first(0);
  tree.set(5, {.time = 40, .key = 5});
  tree.set(1, {.time = 30, .key = 1});
  tree.set(0, {.time = 20, .key = 0});
  EXPECT_EQ(tree.first().time, 12U);
  tree.take_first(2);
  tree.set(2, no_event);
  EXPECT_EQ(tree.first().time, 13U);
}

TEST(DueFifo, entries_leave_by_class_and_within_a_class_in_the_order_of_arrival) {
  DueFifo fifo;
  std::vector<std::uint64_t> keys;
  const Random random{2};
  std::uint64_t sequence = 1;
  for (std::uint32_t step = 0; step < 20'000; ++step) {
    if (keys.empty() || random.below({.task = step}, 100) < (step % 2000 < 1000 ? 60U : 40U)) {
      const auto cls = static_cast<EventClass>(random.below({.item = step}, 16));
      keys.push_back(event_key(cls, sequence++, 0));
      fifo.push(cls, {.key = keys.back(), .argument = step, .kind = 0});
    } else {
      const auto least = std::ranges::min_element(keys);
      ASSERT_EQ(fifo.front().key, *least);
      keys.erase(least);
      fifo.pop();
    }
    ASSERT_EQ(fifo.empty(), keys.empty());
  }
}

}  // namespace
}  // namespace timeslice::sim
