#include "models/python/gil_waiters.hpp"

#include <initializer_list>
#include <vector>

#include <gtest/gtest.h>

namespace timeslice::models {
namespace {

GilWaiters waiting(std::initializer_list<std::uint32_t> threads) {
  GilWaiters waiters;
  for (const std::uint32_t thread : threads) {
    waiters.add(ThreadId{thread});
  }
  return waiters;
}

std::vector<std::uint32_t> drain(GilWaiters& waiters) {
  std::vector<std::uint32_t> order;
  while (!waiters.empty()) {
    order.push_back(static_cast<std::uint32_t>(waiters.take_next()));
  }
  return order;
}

TEST(GilWaiters, are_served_first_come_first_served) {
  GilWaiters waiters = waiting({3, 1, 2});
  EXPECT_EQ(drain(waiters), (std::vector<std::uint32_t>{3, 1, 2}));
}

TEST(GilWaiters, who_comes_after_the_first_signal_waits_for_the_whole_older_group) {
  GilWaiters waiters = waiting({1, 2, 3});
  EXPECT_EQ(waiters.take_next(), ThreadId{1});
  waiters.add(ThreadId{1});
  EXPECT_FALSE(waiters.could_overtake(ThreadId{1})) << "it is in the younger group";
  EXPECT_EQ(drain(waiters), (std::vector<std::uint32_t>{2, 3, 1}));
}

TEST(GilWaiters, an_overtaken_one_goes_to_the_back_of_its_group_only) {
  GilWaiters waiters = waiting({1, 2, 3});
  EXPECT_TRUE(waiters.could_overtake(ThreadId{3}));
  waiters.overtake(ThreadId{3});
  waiters.add(ThreadId{4});
  EXPECT_EQ(drain(waiters), (std::vector<std::uint32_t>{2, 1, 4}));
}

TEST(GilWaiters, whose_turn_it_is_overtakes_nobody) {
  GilWaiters waiters = waiting({1, 2});
  EXPECT_FALSE(waiters.could_overtake(ThreadId{1}));
}

TEST(GilWaiters, who_leaves_early_leaves_its_group_smaller) {
  GilWaiters waiters = waiting({1, 2, 3});
  EXPECT_EQ(waiters.take_next(), ThreadId{1});
  waiters.add(ThreadId{4});
  waiters.remove(ThreadId{2});
  waiters.remove(ThreadId{9});
  EXPECT_FALSE(waiters.could_overtake(ThreadId{4})) << "3 is all that is left of the older group";
  EXPECT_EQ(drain(waiters), (std::vector<std::uint32_t>{3, 4}));
}

TEST(GilWaiters, a_group_that_has_gone_makes_room_for_the_next) {
  GilWaiters waiters = waiting({1, 2});
  EXPECT_EQ(waiters.take_next(), ThreadId{1});
  waiters.add(ThreadId{3});
  waiters.add(ThreadId{4});
  waiters.remove(ThreadId{2});
  EXPECT_TRUE(waiters.could_overtake(ThreadId{4}));
}

}  // namespace
}  // namespace timeslice::models
