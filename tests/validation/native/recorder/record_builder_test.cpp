#include "validation/native/recorder/record_builder.hpp"

#include <random>

#include <gtest/gtest.h>

#include "tests/validation/native/recorder/timeline_rules.hpp"

namespace timeslice::validation {
namespace {

using models::TraceKind;
using Why = RecordBuilder::Why;

RecordedRun run_between(std::int64_t start_ns, std::int64_t end_ns) {
  return {.root = 10, .start_ns = start_ns, .end_ns = end_ns, .cpus = {0, 1}};
}

/// A program of one thread that got CPU 0 at once.
RecordBuilder started(std::int64_t start_ns, std::int64_t end_ns) {
  RecordBuilder builder{run_between(start_ns, end_ns)};
  builder.created(0, 10, 1, false);
  builder.woken(1, 10, 0);
  builder.runs(2, 10, 0);
  return builder;
}

std::vector<TraceKind> kinds(const Recording& recording) {
  std::vector<TraceKind> kinds;
  for (const sim::TraceRecord& record : recording.records) {
    kinds.push_back(static_cast<TraceKind>(record.kind));
  }
  return kinds;
}

TEST(RecordBuilder, a_run_begins_with_who_lives_and_what_they_do) {
  RecordBuilder builder = started(100, 200);
  builder.created(50, 11, 10, true);
  builder.woken(51, 11, 1);
  builder.runs(52, 11, 1);
  builder.stops({.time_ns = 60, .thread = 11, .cpu = 1, .why = Why::slept});
  const Recording recording = std::move(builder).finish();
  EXPECT_EQ(
      kinds(recording),
      (std::vector<TraceKind>{TraceKind::thread_created, TraceKind::ready, TraceKind::switch_in,
                              TraceKind::thread_created, TraceKind::ready, TraceKind::switch_out}));
  for (const sim::TraceRecord& record : recording.records) {
    EXPECT_EQ(record.time_ns, 0);
  }
}

TEST(RecordBuilder, names_who_woke_a_thread_and_who_took_its_cpu) {
  RecordBuilder builder = started(0, 1'000);
  builder.created(10, 11, 10, true);
  builder.woken(11, 11, 0);
  builder.stops({.time_ns = 20, .thread = 10, .cpu = 0, .why = Why::preempted, .next = 11});
  builder.runs(20, 11, 0);
  builder.stops({.time_ns = 30, .thread = 11, .cpu = 0, .why = Why::slept_for_io, .next = 10});
  builder.runs(30, 10, 0);
  builder.waking({.time_ns = 40, .thread = 11, .waker = 10});
  builder.woken(45, 11, 1);
  const Recording recording = std::move(builder).finish();
  std::vector<sim::TraceRecord> of_interest;
  for (const sim::TraceRecord& record : recording.records) {
    const auto kind = static_cast<TraceKind>(record.kind);
    if (kind == TraceKind::switch_out || (kind == TraceKind::ready && record.time_ns > 30)) {
      of_interest.push_back(record);
    }
  }
  ASSERT_EQ(of_interest.size(), 3U);
  EXPECT_EQ(of_interest[0].cause, 1U) << "thread 1 preempted main";
  EXPECT_EQ(of_interest[0].value, 1U);
  EXPECT_EQ(of_interest[1].value, 0U) << "blocked";
  EXPECT_EQ(of_interest[2].time_ns, 40) << "when its waking began";
  EXPECT_EQ(of_interest[2].cause, 0U) << "main woke it";
  EXPECT_EQ(of_interest[2].cpu, 1U);
}

TEST(RecordBuilder, a_switch_that_was_not_reported_is_rebuilt_from_the_wake_up) {
  RecordBuilder builder = started(0, 1'000);
  builder.stops({.time_ns = 100, .thread = 10, .cpu = 0, .why = Why::slept});
  builder.runs(100, 0, 0);
  builder.waking({.time_ns = 300, .thread = 10, .waker = 0});
  builder.woken(301, 10, 0);
  builder.stops({.time_ns = 500, .thread = 10, .cpu = 0, .why = Why::slept});
  const Recording recording = std::move(builder).finish();
  EXPECT_EQ(recording.repaired, 1U);
  const Timeline timeline = timeline_of(recording.records, sim::Duration{1'000});
  EXPECT_EQ(timeline.threads[0].run.count(), 98 + 200);
}

TEST(RecordBuilder, what_lies_outside_of_the_run_leaves_no_record) {
  RecordBuilder builder = started(1'000, 2'000);
  builder.created(100, 11, 10, false);
  builder.woken(101, 11, 1);
  builder.runs(102, 11, 1);
  builder.exited(11);
  builder.stops({.time_ns = 200, .thread = 11, .cpu = 1, .why = Why::exited});
  builder.created(2'500, 12, 10, true);
  const Recording recording = std::move(builder).finish();
  EXPECT_EQ(kinds(recording), (std::vector<TraceKind>{TraceKind::thread_created, TraceKind::ready,
                                                      TraceKind::switch_in}));
}

TEST(RecordBuilder, a_thread_number_given_out_again_is_another_thread) {
  RecordBuilder builder = started(0, 1'000);
  for (const std::int64_t time : {100, 200}) {
    builder.created(time, 11, 10, true);
    builder.woken(time + 1, 11, 1);
    builder.runs(time + 2, 11, 1);
    builder.stops({.time_ns = time + 50, .thread = 11, .cpu = 1, .why = Why::exited});
  }
  const Recording recording = std::move(builder).finish();
  EXPECT_EQ(roles_of(recording.records),
            (std::vector<std::string>{"main", "thread 1", "thread 2"}));
}

TEST(RecordBuilder, only_descendants_of_the_root_are_the_program) {
  RecordBuilder builder = started(0, 1'000);
  builder.created(10, 20, 1, false);   // a sibling
  builder.created(11, 21, 20, false);  // and its child
  builder.created(12, 11, 10, false);
  builder.created(13, 12, 11, false);
  const Recording recording = std::move(builder).finish();
  EXPECT_EQ(roles_of(recording.records),
            (std::vector<std::string>{"main", "process 1", "process 2"}));
}

/// A kernel with 2 CPUs, some threads of the program and foreign ones, acting at random. Keeps its
/// own account of who ran how long.
class RandomKernel {
 public:
  explicit RandomKernel(std::uint64_t seed) : random_{seed}, builder_{run_between(start, end)} {
    builder_.created(0, 10, 1, false);
    ready_.push_back(10);
    builder_.woken(0, 10, 0);
  }

  Recording run(int steps, bool forgetful) {
    for (int i = 0; i < steps; ++i) {
      now_ += static_cast<std::int64_t>(random_() % 50);
      step(forgetful);
    }
    return std::move(builder_).finish();
  }

  [[nodiscard]] std::int64_t used() const {
    std::int64_t sum = used_;
    for (const std::size_t cpu : {0U, 1U}) {
      sum += ours(on_[cpu]) ? inside(since_[cpu], end) : 0;
    }
    return sum;
  }

  static constexpr std::int64_t start = 2'000;
  static constexpr std::int64_t end = 9'000;

 private:
  static bool ours(std::int32_t thread) { return thread >= 10 && thread < 80; }
  static std::int64_t inside(std::int64_t from, std::int64_t to) {
    return std::max<std::int64_t>(0, std::min(to, end) - std::max(from, start));
  }

  void step(bool forgetful) {
    const auto what = random_() % 4;
    if (what == 0 && next_ < 19) {
      builder_.created(now_, next_, 10, true);
      builder_.woken(now_, next_, static_cast<std::int32_t>(random_() % 2));
      ready_.push_back(next_++);
    } else if (what == 1 && !asleep_.empty()) {
      const std::int32_t thread = take(asleep_);
      builder_.waking({.time_ns = now_, .thread = thread, .waker = 0});
      builder_.woken(++now_, thread, static_cast<std::int32_t>(random_() % 2));
      ready_.push_back(thread);
    } else {
      switch_on(static_cast<std::size_t>(random_() % 2), forgetful);
    }
  }

  void switch_on(std::size_t cpu, bool forgetful) {
    const auto place = static_cast<std::int32_t>(cpu);
    const std::int32_t leaves = on_[cpu];
    const std::int32_t comes = ready_.empty() || random_() % 4 == 0
                                   ? static_cast<std::int32_t>(random_() % 2 * 90)
                                   : take(ready_);
    if (leaves != 0) {
      const bool sleeps = random_() % 2 == 0;
      builder_.stops({.time_ns = now_,
                      .thread = leaves,
                      .cpu = place,
                      .why = sleeps ? Why::slept : Why::preempted,
                      .next = comes});
      if (ours(leaves)) {
        used_ += inside(since_[cpu], now_);
        (sleeps ? asleep_ : ready_).push_back(leaves);
      }
    }
    if (!forgetful || leaves != 0 || random_() % 3 != 0) {
      builder_.runs(now_, comes, place);
    }
    on_[cpu] = comes;
    since_[cpu] = now_;
  }

  std::int32_t take(std::vector<std::int32_t>& from) {
    const std::size_t at = random_() % from.size();
    const std::int32_t thread = from[at];
    from.erase(from.begin() + static_cast<std::ptrdiff_t>(at));
    return thread;
  }

  std::mt19937_64 random_;
  RecordBuilder builder_;
  std::int64_t now_ = 1;
  std::int64_t used_ = 0;
  std::int32_t next_ = 11;
  std::array<std::int32_t, 2> on_{};
  std::array<std::int64_t, 2> since_{};
  std::vector<std::int32_t> ready_;
  std::vector<std::int32_t> asleep_;
};

TEST(RecordBuilder, whatever_a_kernel_does_the_timeline_keeps_its_rules) {
  for (std::uint64_t seed = 0; seed < 500; ++seed) {
    RandomKernel kernel{seed};
    const Recording recording = kernel.run(600, false);
    EXPECT_EQ(recording.repaired, 0U);
    const Timeline timeline =
        timeline_of(recording.records, sim::Duration{RandomKernel::end - RandomKernel::start});
    ASSERT_EQ(broken_rule(slices_of(timeline)), "") << "seed " << seed;
    const TimelineFacts facts = facts_of(timeline, 2, true);
    ASSERT_EQ(facts.total().run.count(), kernel.used()) << "seed " << seed;
    const ThreadFacts& main = facts.roles.front();
    ASSERT_EQ((main.run + main.wait + main.sleep).count(), timeline.span.count()) << seed;
    const std::int64_t cpu_time = 2 * timeline.span.count();
    ASSERT_LE(
        facts.idle_while_runnable->count() + facts.total().run.count() + facts.foreign_cpu->count(),
        cpu_time)
        << "seed " << seed;
  }
}

TEST(RecordBuilder, a_kernel_that_forgets_switches_still_gives_a_timeline) {
  std::uint64_t repaired = 0;
  for (std::uint64_t seed = 0; seed < 500; ++seed) {
    const Recording recording = RandomKernel{seed}.run(600, true);
    repaired += recording.repaired;
    const Timeline timeline =
        timeline_of(recording.records, sim::Duration{RandomKernel::end - RandomKernel::start});
    ASSERT_EQ(broken_rule(slices_of(timeline)), "") << "seed " << seed;
  }
  EXPECT_GT(repaired, 500U);
}

}  // namespace
}  // namespace timeslice::validation
