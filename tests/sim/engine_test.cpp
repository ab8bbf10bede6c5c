#include "sim/engine.hpp"

#include <algorithm>
#include <cstdint>
#include <functional>
#include <iterator>
#include <tuple>
#include <vector>

#include <gtest/gtest.h>

#include "sim/random.hpp"

namespace timeslice::sim {
namespace {

using namespace std::chrono_literals;

constexpr Instant start{};

/// Notes what comes and when; then does what the test wants.
struct Notebook {
  struct Line {
    Instant time;
    std::uint32_t argument;
    friend bool operator==(const Line&, const Line&) = default;
  };
  Engine& engine;
  std::function<void(Due)> then = [](Due) {};
  std::vector<Line> lines{};

  void handle(Due due) {
    lines.push_back({.time = engine.now(), .argument = due.argument});
    then(due);
  }
};

TEST(Engine, timers_fire_in_the_order_of_time_then_class_then_arming) {
  Engine engine;
  const TimerId late = engine.add_timer(0, 1, 0);
  const TimerId second_class = engine.add_timer(0, 2, 5);
  const TimerId first_class = engine.add_timer(0, 3, 4);
  const TimerId armed_last = engine.add_timer(0, 4, 4);
  engine.arm(late, start + 2ms);
  engine.arm(second_class, start + 1ms);
  engine.arm(first_class, start + 1ms);
  engine.arm(armed_last, start + 1ms);

  Notebook notebook{.engine = engine};
  EXPECT_EQ(engine.run(notebook, {}), StopReason::drained);
  EXPECT_EQ(notebook.lines,
            (std::vector<Notebook::Line>{
                {start + 1ms, 3}, {start + 1ms, 4}, {start + 1ms, 2}, {start + 2ms, 1}}));
  EXPECT_EQ(engine.events(), 4U);
}

TEST(Engine, the_three_sources_share_one_order) {
  Engine engine;
  const SlotId slot = engine.add_slot(0, 10, 2);
  const TimerId timer = engine.add_timer(0, 20, 2);
  const TimerId urgent = engine.add_timer(0, 21, 1);
  engine.post(0, 30, 2);
  engine.set_slot(slot, start);
  engine.arm(timer, start);
  engine.arm(urgent, start);
  engine.post(0, 31, 2);
  engine.post(0, 32, 0);

  Notebook notebook{.engine = engine};
  engine.run(notebook, {});
  std::vector<std::uint32_t> order;
  std::ranges::transform(notebook.lines, std::back_inserter(order), &Notebook::Line::argument);
  EXPECT_EQ(order, (std::vector<std::uint32_t>{32, 21, 30, 10, 20, 31}));
}

TEST(Engine, arming_again_replaces_and_cancelling_removes) {
  Engine engine;
  const TimerId moved = engine.add_timer(0, 1, 0);
  const TimerId cancelled = engine.add_timer(0, 2, 0);
  engine.arm(moved, start + 5ms);
  engine.arm(cancelled, start + 1ms);
  engine.arm(moved, start + 3ms);
  engine.cancel(cancelled);
  EXPECT_TRUE(engine.armed(moved));
  EXPECT_EQ(engine.due(moved), start + 3ms);
  EXPECT_FALSE(engine.armed(cancelled));

  Notebook notebook{.engine = engine};
  EXPECT_EQ(engine.run(notebook, {}), StopReason::drained);
  EXPECT_EQ(notebook.lines, (std::vector<Notebook::Line>{{start + 3ms, 1}}));
  EXPECT_FALSE(engine.armed(moved)) << "a timer fires once";
}

TEST(Engine, a_removed_timer_never_fires_and_its_id_is_used_again) {
  Engine engine;
  const TimerId removed = engine.add_timer(0, 1, 0);
  engine.arm(removed, start + 1ms);
  engine.remove_timer(removed);
  const TimerId reused = engine.add_timer(0, 2, 0);
  EXPECT_EQ(reused, removed);
  engine.arm(reused, start + 2ms);

  Notebook notebook{.engine = engine};
  engine.run(notebook, {});
  EXPECT_EQ(notebook.lines, (std::vector<Notebook::Line>{{start + 2ms, 2}}));
}

TEST(Engine, a_slot_may_be_set_again_or_cleared_while_it_fires) {
  Engine engine;
  std::vector<SlotId> slots;
  for (std::uint32_t i = 0; i < 5; ++i) {
    slots.push_back(engine.add_slot(0, i, 0));
    engine.set_slot(slots[i], start + Duration{i + 1});
  }
  Notebook notebook{.engine = engine};
  notebook.then = [&](Due due) {
    EXPECT_FALSE(engine.slot_set(slots[due.argument])) << "what fired is no longer set";
    if (due.argument == 0 && engine.now() < start + 20ns) {
      engine.set_slot(slots[0], engine.now() + 10ns);
    }
    if (due.argument == 2) {
      engine.clear_slot(slots[2]);
      engine.clear_slot(slots[4]);
    }
  };
  engine.run(notebook, {});
  EXPECT_EQ(notebook.lines, (std::vector<Notebook::Line>{{start + 1ns, 0},
                                                         {start + 2ns, 1},
                                                         {start + 3ns, 2},
                                                         {start + 4ns, 3},
                                                         {start + 11ns, 0},
                                                         {start + 21ns, 0}}));
}

TEST(Engine, at_the_time_limit_the_clock_stands_there_and_the_run_can_go_on) {
  Engine engine;
  const TimerId timer = engine.add_timer(0, 1, 0);
  Notebook notebook{.engine = engine};
  notebook.then = [&](Due) { engine.arm(timer, engine.now() + 10ms); };
  engine.arm(timer, start);
  EXPECT_EQ(engine.run(notebook, {.time = start + 25ms}), StopReason::time_limit);
  EXPECT_EQ(engine.now(), start + 25ms);
  EXPECT_EQ(notebook.lines.size(), 3U);
  EXPECT_EQ(engine.run(notebook, {.time = start + 30ms}), StopReason::time_limit);
  EXPECT_EQ(notebook.lines.size(), 4U) << "what is due at the limit itself still happens";
}

TEST(Engine, a_cancelled_event_beyond_the_limit_does_not_keep_the_run_alive) {
  Engine engine;
  const TimerId timer = engine.add_timer(0, 1, 0);
  engine.arm(timer, start + 10ms);
  engine.cancel(timer);
  Notebook notebook{.engine = engine};
  EXPECT_EQ(engine.run(notebook, {.time = start + 5ms}), StopReason::drained);
}

TEST(Engine, the_event_limit_is_exact) {
  Engine engine;
  const TimerId timer = engine.add_timer(0, 1, 0);
  Notebook notebook{.engine = engine};
  notebook.then = [&](Due) { engine.arm(timer, engine.now() + 1ns); };
  engine.arm(timer, start);
  EXPECT_EQ(engine.run(notebook, {.events = 1234}), StopReason::event_limit);
  EXPECT_EQ(engine.events(), 1234U);
  EXPECT_EQ(engine.run(notebook, {.events = 6}), StopReason::event_limit);
  EXPECT_EQ(engine.events(), 1240U) << "the limit counts from the start of its run";
}

TEST(Engine, the_watchdog_ends_a_run_that_makes_no_progress) {
  Engine engine;
  const TimerId timer = engine.add_timer(0, 1, 0);
  Notebook notebook{.engine = engine};
  notebook.then = [&](Due) {
    engine.arm(timer, engine.now() + 1ns);
    if (engine.events() <= 500) {
      engine.note_progress();
    }
  };
  engine.arm(timer, start);
  EXPECT_EQ(engine.run(notebook, {.events_without_progress = 100}), StopReason::no_progress);
  EXPECT_EQ(engine.events(), 600U);
}

TEST(Engine, an_endless_loop_within_one_instant_is_ended) {
  Engine engine;
  Notebook notebook{.engine = engine};
  notebook.then = [&](Due) { engine.post(0, 0, 3); };
  engine.post(0, 0, 3);
  EXPECT_EQ(engine.run(notebook, {.events_at_one_instant = 1000}), StopReason::no_progress);
  EXPECT_EQ(engine.events(), 1000U);
}

TEST(Engine, it_stops_when_told_from_inside_and_gives_up_when_told_from_outside) {
  Engine engine;
  const TimerId timer = engine.add_timer(0, 1, 0);
  Notebook notebook{.engine = engine};
  notebook.then = [&](Due) {
    engine.arm(timer, engine.now() + 1ns);
    if (engine.events() == 7) {
      engine.stop();
    }
  };
  engine.arm(timer, start);
  EXPECT_EQ(engine.run(notebook, {}), StopReason::stopped);
  EXPECT_EQ(engine.events(), 7U);
  EXPECT_EQ(engine.run(notebook, {.give_up = [] { return true; }}), StopReason::gave_up);
  EXPECT_EQ(engine.events(), 7U + 65536U);
}

/// Random arming, cancelling, slots and posts; the digest is the order in which things happen.
struct Chaos {
  Engine& engine;
  const Random random;
  std::vector<TimerId> timers;
  std::vector<SlotId> slots;
  std::vector<std::tuple<std::int64_t, std::uint8_t, std::uint32_t>> seen;
  std::uint32_t step = 0;

  Chaos(Engine& on, std::uint64_t seed, std::uint32_t size) : engine{on}, random{seed} {
    for (std::uint32_t i = 0; i < size; ++i) {
      timers.push_back(engine.add_timer(0, i, static_cast<EventClass>(i % 16)));
      engine.arm(timers.back(), Instant{} + Duration{i % 50});
    }
    for (std::uint32_t i = 0; i < 7; ++i) {
      slots.push_back(engine.add_slot(1, i, static_cast<EventClass>(i)));
    }
  }

  void handle(Due due) {
    seen.emplace_back(engine.now().time_since_epoch().count(), due.kind, due.argument);
    if (due.kind == 0) {
      engine.arm(timers[due.argument], engine.now() + 1us);
    }
    for (int i = 0; i < 2; ++i) {
      ++step;
      const std::uint64_t draw = random.bits({.step = step});
      const TimerId timer = timers[(draw >> 8) % timers.size()];
      const Duration ahead{(draw >> 32) % 2000};
      switch (draw % 8) {
        case 0:
          if (timer != timers[0]) {  // which keeps the run alive
            engine.cancel(timer);
          }
          break;
        case 1:
          engine.set_slot(slots[(draw >> 8) % slots.size()], engine.now() + ahead);
          break;
        case 2:
          engine.post(2, step, static_cast<EventClass>((draw >> 8) % 16));
          break;
        case 3:
          engine.clear_slot(slots[(draw >> 8) % slots.size()]);
          break;
        default:
          engine.arm(timer, engine.now() + ahead);
      }
    }
  }
};

TEST(Engine, events_are_the_same_whichever_tier_the_queue_uses) {
  for (const std::uint32_t size : {4U, 200U, 3000U}) {
    std::vector<decltype(Chaos::seen)> runs;
    for (const auto tier :
         {EventQueue::Tier::adaptive, EventQueue::Tier::heap, EventQueue::Tier::ladder}) {
      Engine engine{tier};
      Chaos chaos{engine, 42, size};
      engine.run(chaos, {.events = 60'000});
      ASSERT_GT(chaos.seen.size(), 50'000U);
      EXPECT_TRUE(std::ranges::is_sorted(chaos.seen, {}, [](const auto& line) {
        return std::get<0>(line);
      })) << "time never goes back";
      runs.push_back(chaos.seen);
    }
    EXPECT_EQ(runs[0], runs[1]) << size << " timers";
    EXPECT_EQ(runs[0], runs[2]) << size << " timers";
  }
}

TEST(EngineDeathTest, an_event_in_the_past_is_refused) {
  Engine engine;
  const TimerId timer = engine.add_timer(0, 0, 0);
  Notebook notebook{.engine = engine};
  engine.arm(timer, start + 5ms);
  engine.run(notebook, {});
  EXPECT_DEATH(engine.arm(timer, start + 4ms), "not in the past");
  EXPECT_DEATH(std::ignore = engine.add_timer(0, 0, 16), "class is below 16");
  engine.remove_timer(timer);
  EXPECT_DEATH(engine.arm(timer, start + 6ms), "while it exists");
}

}  // namespace
}  // namespace timeslice::sim
