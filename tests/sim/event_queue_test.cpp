#include "sim/event_queue.hpp"

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "sim/random.hpp"

namespace timeslice::sim {
namespace {

// The oracle: a list that is sorted whenever it is asked, stable by the order of insertion.
class SortedList {
 public:
  void push(const Event& event) {
    const auto place = std::ranges::upper_bound(events_, event, [](const Event& a, const Event& b) {
      return a.time != b.time ? a.time < b.time : a.key < b.key;
    });
    events_.insert(place, event);
  }
  [[nodiscard]] Event top() const { return events_.empty() ? no_event : events_.front(); }
  void pop() { events_.erase(events_.begin()); }
  template <typename Keep>
  void sweep(Keep keep) {
    std::erase_if(events_, [&](const Event& event) { return !keep(event); });
  }
  [[nodiscard]] std::size_t size() const { return events_.size(); }

 private:
  std::vector<Event> events_;
};

/// How far ahead of the last popped event a new one lies.
enum class Ahead : std::uint8_t {
  uniform,
  equal_times,
  bimodal,
  powers_of_two,
  mostly_now,
  far_outliers,
  shrinking
};

constexpr Ahead all_aheads[]{Ahead::uniform,       Ahead::equal_times, Ahead::bimodal,
                             Ahead::powers_of_two, Ahead::mostly_now,  Ahead::far_outliers,
                             Ahead::shrinking};

std::uint64_t ahead_by(Ahead ahead, const Random& random, std::uint32_t step) {
  const DrawKey key{.task = 1, .step = step};
  const std::uint64_t draw = random.bits(key);
  switch (ahead) {
    case Ahead::uniform:
      return draw % 1'000'000;
    case Ahead::equal_times:
      return draw % 3;
    case Ahead::bimodal:
      return draw % 16 == 0 ? 1'000'000'000 + draw % 1000 : draw % 1000;
    case Ahead::powers_of_two:
      return std::uint64_t{1} << (draw % 50);
    case Ahead::mostly_now:
      return draw % 10 == 0 ? draw % 10'000 : 0;
    case Ahead::far_outliers:
      return draw % 500 == 0 ? (std::uint64_t{1} << 61) + draw % 1000 : draw % 100;
    case Ahead::shrinking:
      return 1'000'000'000 / (step / 16 + 1);
  }
  return 0;
}

struct Mix {
  Ahead ahead;
  std::size_t target;  // the queue grows to this size, swings around it and drains in the end
  EventQueue::Tier tier;
};

/// One random step on both; false when they disagree.
bool agree_on_step(EventQueue& queue, SortedList& oracle, const Mix& mix, const Random& random,
                   std::uint32_t step) {
  const std::uint64_t choice = random.below({.task = 2, .step = step}, 1000);
  const Event top = queue.top();
  if (top != oracle.top()) {
    return false;
  }
  const std::uint64_t push_below = oracle.size() < mix.target ? 700 : 300;
  if (choice < push_below || top == no_event) {
    const std::uint64_t now = top == no_event ? 0 : top.time;
    const auto cls = static_cast<EventClass>(random.below({.task = 3, .step = step}, 16));
    const Event event{.time = now + ahead_by(mix.ahead, random, step),
                      .key = event_key(cls, step + 1, step % event_id_limit)};
    queue.push(event);
    oracle.push(event);
  } else if (choice < 998) {
    queue.pop();
    oracle.pop();
  } else {  // a sweep of cancelled events
    const auto keep = [&](const Event& event) { return event_id(event) % 7 != choice % 7; };
    queue.sweep(keep);
    oracle.sweep(keep);
  }
  return queue.size() == oracle.size();
}

class EventQueueTiers : public testing::TestWithParam<Mix> {};

TEST_P(EventQueueTiers, pop_in_the_order_of_a_sorted_list_on_random_mixes_with_cancels) {
  const Mix mix = GetParam();
  for (std::uint64_t seed = 1; seed <= 2; ++seed) {
    const Random random{seed};
    EventQueue queue{mix.tier};
    SortedList oracle;
    const auto steps = static_cast<std::uint32_t>(8 * mix.target);
    for (std::uint32_t step = 0; step < steps; ++step) {
      ASSERT_TRUE(agree_on_step(queue, oracle, mix, random, step))
          << "seed " << seed << " step " << step << " size " << oracle.size();
    }
    while (oracle.size() > 0) {
      ASSERT_EQ(queue.top(), oracle.top()) << "seed " << seed << " while draining";
      queue.pop();
      oracle.pop();
    }
    EXPECT_TRUE(queue.empty());
    EXPECT_EQ(queue.top(), no_event);
  }
}

std::vector<Mix> all_mixes() {
  std::vector<Mix> mixes;
  for (const Ahead ahead : all_aheads) {
    for (const std::size_t target : {3U, 40U, 700U, 2000U}) {
      for (const auto tier :
           {EventQueue::Tier::adaptive, EventQueue::Tier::heap, EventQueue::Tier::ladder}) {
        mixes.push_back({.ahead = ahead, .target = target, .tier = tier});
      }
    }
  }
  return mixes;
}

INSTANTIATE_TEST_SUITE_P(Mixes, EventQueueTiers, testing::ValuesIn(all_mixes()));

TEST(EventQueue, a_hundred_thousand_events_of_one_instant_come_out_by_class_and_sequence) {
  EventQueue queue;
  constexpr std::uint64_t count = 100'000;
  for (std::uint64_t i = 0; i < count; ++i) {
    queue.push({.time = 77, .key = event_key(static_cast<EventClass>(i % 16), i + 1, 0)});
  }
  Event last{};
  for (std::uint64_t i = 0; i < count; ++i) {
    const Event top = queue.top();
    ASSERT_TRUE(before(last, top));
    last = top;
    queue.pop();
  }
  EXPECT_TRUE(queue.empty());
}

TEST(EventQueue, what_comes_in_below_a_bucket_that_is_being_served_is_dealt_into_a_rung) {
  // 300 events far ahead are served first; then thousands arrive before them.
  EventQueue queue{EventQueue::Tier::ladder};
  SortedList oracle;
  std::uint64_t sequence = 1;
  const auto push = [&](std::uint64_t time) {
    const Event event{.time = time, .key = event_key(0, sequence++, 0)};
    queue.push(event);
    oracle.push(event);
  };
  push(1'000'000'000);
  push(1'000'000'001);
  ASSERT_EQ(queue.top().time, 1'000'000'000U);
  const Random random{4};
  for (std::uint32_t i = 0; i < 5000; ++i) {
    push(random.below({.task = i}, i % 2 == 0 ? 1'000'000'000 : 50));
  }
  while (oracle.size() > 0) {
    ASSERT_EQ(queue.top(), oracle.top());
    queue.pop();
    oracle.pop();
  }
}

TEST(EventQueue, it_grows_while_a_crowded_bucket_is_dealt_into_a_finer_rung) {
  // Nearly all events in one bucket of the first rung, so that dealing it needs new chunks.
  for (const std::uint64_t count : {1'000U, 5'000U, 20'000U, 60'000U}) {
    EventQueue queue{EventQueue::Tier::ladder};
    const Random random{count};
    queue.push({.time = std::uint64_t{1} << 50, .key = event_key(0, 1, 0)});
    for (std::uint32_t i = 0; i < count; ++i) {
      queue.push({.time = random.below({.task = i}, std::uint64_t{1} << 30),
                  .key = event_key(0, i + 2, 0)});
    }
    Event last{};
    for (std::uint64_t i = 0; i <= count; ++i) {
      const Event top = queue.top();
      ASSERT_TRUE(before(last, top)) << "event " << i << " of " << count;
      ASSERT_NE(top, no_event);
      last = top;
      queue.pop();
    }
    EXPECT_TRUE(queue.empty());
  }
}

TEST(Event, its_key_keeps_class_sequence_and_id_apart) {
  const Event event{.time = 5, .key = event_key(15, event_sequence_limit - 1, event_id_limit - 1)};
  EXPECT_EQ(event.key, UINT64_MAX);
  EXPECT_EQ(event_id({.time = 0, .key = event_key(3, 9, 1234)}), 1234U);
  EXPECT_LT(event_key(1, event_sequence_limit - 1, 7), event_key(2, 0, 0)) << "class goes first";
  EXPECT_LT(event_key(1, 4, event_id_limit - 1), event_key(1, 5, 0)) << "then the sequence";
  EXPECT_TRUE(before({.time = 1, .key = UINT64_MAX}, {.time = 2, .key = 0})) << "time above all";
}

}  // namespace
}  // namespace timeslice::sim
