// Laws of the GIL and of doing without it, tried on random programs. A failure prints the seed.
#include <algorithm>
#include <array>
#include <map>
#include <string>
#include <utility>

#include <gtest/gtest.h>

#include "models/trace_kinds.hpp"
#include "tests/dice.hpp"
#include "tests/models/world_fixture.hpp"
#include "tests/random_cases.hpp"

namespace timeslice::models {
namespace {

using namespace std::chrono_literals;
using cases::Dice;

struct GilCase {
  WorldSpec world;
  std::uint64_t items = 0;
  double work_ns = 0.0;          // of all items, before any factor
  sim::Duration longest_call{};  // of C code that keeps the GIL
};

sim::Duration some_work(Dice& dice) {
  return std::chrono::microseconds{1 + (dice.roll(3) == 0 ? dice.roll(8000) : dice.roll(200))};
}

Step some_step(Dice& dice, GilCase& one) {
  const sim::Duration time = some_work(dice);
  const auto ns = static_cast<double>(time.count());
  switch (dice.roll(7)) {
    case 0:
      one.longest_call = std::max(one.longest_call, time);
      one.work_ns += ns;
      return native(time, true);
    case 1:
      one.work_ns += ns;
      return native(time);
    case 2:
      return io(time);
    case 3:
      one.work_ns += ns;
      return with_lock(dice.roll(3), {python(time)});
    default:
      one.work_ns += ns;
      return {.what = PythonStep{constant(time), dice.roll(2) == 0 ? 0.0 : 0.3}};
  }
}

GilCase random_gil_case(std::uint64_t seed) {
  constexpr std::array intervals{1us, 50us, 500us, 5000us, 20000us};
  constexpr std::array kinds{ExecutorKind::threads, ExecutorKind::thread_per_task,
                             ExecutorKind::processes};
  constexpr std::array heirs{GilHeir::condition, GilHeir::random, GilHeir::first};
  Dice dice{seed, 98};
  GilCase one{.world = linux_world(1 + dice.roll(4))};
  RuntimeSpec& runtime = one.world.runtime;
  runtime.version = {.major = 3, .minor = static_cast<int>(7 + dice.roll(8))};
  runtime.gil.enabled = dice.roll(3) != 0;
  runtime.gil.switch_interval = intervals[dice.roll(intervals.size())];
  runtime.gil.heir = heirs[dice.roll(heirs.size())];
  runtime.gil.collector = {.new_object_every = std::chrono::nanoseconds{dice.roll(3) * 300},
                           .objects = dice.roll(20'000)};
  one.world.locks = {{.name = "m"},
                     {.name = "s", .kind = LockKind::semaphore, .value = 1 + dice.roll(2)},
                     {.name = "w", .kind = LockKind::rwlock}};
  const ExecutorKind kind = kinds[dice.roll(kinds.size())];
  if (kind == ExecutorKind::processes) {
    one.world.locks[1].kind = LockKind::mutex;
    one.world.locks[2].kind = LockKind::mutex;
  }
  Steps steps;
  for (std::uint32_t count = 1 + dice.roll(5); count > 0; --count) {
    steps.push_back(some_step(dice, one));
  }
  const std::uint32_t turns = 1 + dice.roll(6);
  one.items = 1 + dice.roll(12);
  one.work_ns *= static_cast<double>(turns) * static_cast<double>(one.items);
  add_task(one.world, "work", {repeat(turns, steps)});
  add_executor(one.world, kind, 1 + dice.roll(8));
  one.world.main = numbered({map_items(one.items)});
  return one;
}

/// One holder at a time, and how long anybody waited for his turn while others switched.
class Watch final : public sim::TraceSink {
 public:
  void write(const sim::TraceRecord& record) override {
    const auto kind = static_cast<TraceKind>(record.kind);
    if (kind == TraceKind::gil_wait) {
      waits_[record.subject] = record.time_ns;
    } else if (kind == TraceKind::gil_take) {
      broken_ = broken_ || holder_.contains(record.object);
      holder_[record.object] = record.subject;
      if (const auto found = waits_.find(record.subject); found != waits_.end()) {
        longest_ = std::max(longest_, record.time_ns - found->second);
        waits_.erase(found);
      }
    } else if (kind == TraceKind::gil_drop) {
      broken_ =
          broken_ || !holder_.contains(record.object) || holder_[record.object] != record.subject;
      holder_.erase(record.object);
    }
  }
  [[nodiscard]] bool broken() const { return broken_; }
  [[nodiscard]] double longest_wait_ns() const { return static_cast<double>(longest_); }

 private:
  std::map<std::uint32_t, std::uint32_t> holder_;  // by process
  std::map<std::uint32_t, std::int64_t> waits_;    // by thread
  std::int64_t longest_ = 0;
  bool broken_ = false;
};

TEST(GilLaws, hold_in_random_programs) {
  const std::uint64_t cases = timeslice::cases::random_cases(150);
  for (std::uint64_t seed = 1; seed <= cases; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    const GilCase one = random_gil_case(seed);
    Watch watch;
    WorldOptions options;
    options.sink = &watch;
    const Timings timings = run_world(one.world, seed, options);
    ASSERT_EQ(timings.status, RunStatus::ok);
    EXPECT_FALSE(watch.broken()) << "one holder at a time, and only the holder drops";
    EXPECT_EQ(metric(timings, "tasks_done"), static_cast<double>(one.items));
    EXPECT_GE(metric(timings, "cpu_time") + 1.0, one.work_ns) << "all work was done";
    EXPECT_EQ(timings.digest, simulate_world(one.world, seed, {}).digest);
    const GilSpec& gil = one.world.runtime.gil;
    if (gil.enabled && gil.heir == GilHeir::first) {
      // Each of the others goes first at most once after the request, and holds it for an interval,
      // a C call, or while it waits for its CPU.
      const double turn = static_cast<double>((gil.switch_interval + one.longest_call).count()) +
                          static_cast<double>(one.items + 4) * 5e6;
      EXPECT_LE(watch.longest_wait_ns(), 2.0 * static_cast<double>(one.items + 4) * turn);
    }
  }
}

/// What the cost waterfall does: the program without its last effects, down to none of them.
TEST(GilLaws, random_programs_end_well_without_any_effects) {
  constexpr std::array effects{Effect::rest,     Effect::contention, Effect::switch_cost,
                               Effect::ipc_cost, Effect::start_cost, Effect::gil};
  const std::uint64_t cases = timeslice::cases::random_cases(40);
  WorldOptions options;
  options.limits.events_without_progress = 100'000;
  for (std::uint64_t seed = 1; seed <= cases; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    GilCase one = random_gil_case(seed);
    sim::Duration& interval = one.world.runtime.gil.switch_interval;
    interval = std::max<sim::Duration>(interval, 500us);  // a switch each 1us is slow to simulate
    for (const Effect effect : effects) {
      one.world = without(std::move(one.world), effect);
      const Timings timings = run_world(one.world, seed, options);
      EXPECT_EQ(metric(timings, "tasks_done"), static_cast<double>(one.items))
          << "without " << static_cast<int>(effect);
    }
  }
}

}  // namespace
}  // namespace timeslice::models
