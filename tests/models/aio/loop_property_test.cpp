// Laws that hold in every world with event loops, tried on random mixtures of coroutines, thread
// pools, blocking calls, locks and CPU-bound threads. A failure prints the seed.
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "models/trace_kinds.hpp"
#include "tests/dice.hpp"
#include "tests/models/aio/aio_fixture.hpp"
#include "tests/random_cases.hpp"

namespace timeslice::models {
namespace {

using cases::Dice;

constexpr std::uint32_t plain = 0;  // tasks
constexpr std::uint32_t leaf = 1;
constexpr std::uint32_t tree = 2;
constexpr std::uint32_t loop = 0;  // executors
constexpr std::uint32_t thread_pool = 1;

sim::Duration some_time(Dice& dice) {
  return std::chrono::microseconds{20 + dice.roll(2000)};
}

/// A step that keeps the thread.
Step keeping(Dice& dice) {
  switch (dice.roll(6)) {
    case 0:
      return native(some_time(dice), dice.roll(3) == 0);
    case 1:
      return io(some_time(dice));
    case 2:
      return sleep_for(some_time(dice));
    case 3:
      return with_lock(0, {python(some_time(dice)), native(some_time(dice))});
    default:
      return python(some_time(dice));
  }
}

/// A step that gives the loop to others.
Step yielding(Dice& dice) {
  switch (dice.roll(5)) {
    case 0:
      return await_io(some_time(dice));
    case 1:
      return await_sleep(std::chrono::nanoseconds{0});
    case 2:
      return await_task(plain, thread_pool);
    default:
      return await_sleep(some_time(dice));
  }
}

Steps leaf_steps(Dice& dice) {
  Steps steps;
  for (std::uint32_t i = 1 + dice.roll(4); i > 0; --i) {
    const Step one = dice.roll(2) == 0 ? keeping(dice) : yielding(dice);
    steps.push_back(dice.roll(4) == 0 ? repeat(1 + dice.roll(3), {one}) : one);
  }
  return steps;
}

Steps tree_steps(Dice& dice, bool one_loop) {
  Steps steps;
  for (std::uint32_t i = 1 + dice.roll(3); i > 0; --i) {
    switch (dice.roll(one_loop ? 7 : 5)) {
      case 0:
        steps.push_back(gather(dice.roll(4), leaf, {}));
        break;
      case 1:
        steps.push_back(gather(1 + dice.roll(5), plain, thread_pool));
        break;
      case 2:
        steps.push_back(await_task(leaf));
        break;
      case 3:
        steps.push_back(keeping(dice));
        break;
      case 4:
        steps.push_back(await_task(leaf, loop));
        break;
      default:
        steps.push_back(submit(1 + dice.roll(3), leaf, loop, 1));
        if (dice.roll(2) == 0) {
          steps.push_back(join(1));
        }
    }
  }
  return steps;
}

/// The same steps, some of them given up after a time.
Steps impatient(Dice& dice, Steps steps) {
  for (Step& step : steps) {
    if (dice.roll(3) == 0) {
      step = give_up_after(dice.roll(6) == 0 ? sim::Duration{} : some_time(dice), {step});
    }
  }
  return dice.roll(3) == 0 ? Steps{give_up_after(some_time(dice), std::move(steps))} : steps;
}

/// Items that running `steps` once hands over, and the longest that its work can take if nothing
/// ever overlaps: timers of a loop end at whole milliseconds.
struct Demand {
  double items = 0.0;
  double serial_ns = 0.0;

  void add(const Demand& other, double times) {
    items += times * other.items;
    serial_ns += times * other.serial_ns;
  }
};

Demand demand(const WorldSpec& world, const Steps& steps);

Demand demand_of(const WorldSpec& world, TaskIndex task) {
  return demand(world, world.tasks[index_of(task)].steps);
}

Demand handed(const WorldSpec& world, TaskIndex task, double items) {
  Demand sum{.items = items};
  sum.add(demand_of(world, task), items);
  return sum;
}

Demand demand(const WorldSpec& world, const Step& step) {
  constexpr double rounding = 1e6;
  if (const auto* one = std::get_if<PythonStep>(&step.what)) {
    return {.serial_ns = one->duration.first_ns};
  }
  if (const auto* c = std::get_if<NativeStep>(&step.what)) {
    return {.serial_ns = c->duration.first_ns};
  }
  if (const auto* away = std::get_if<IoStep>(&step.what)) {
    return {.serial_ns = away->duration.first_ns};
  }
  if (const auto* nap = std::get_if<SleepStep>(&step.what)) {
    return {.serial_ns = nap->duration.first_ns};
  }
  if (const auto* with = std::get_if<WithStep>(&step.what)) {
    return demand(world, with->body);
  }
  if (const auto* timeout = std::get_if<TimeoutStep>(&step.what)) {
    return demand(world, timeout->body);
  }
  Demand sum;
  if (const auto* again = std::get_if<RepeatStep>(&step.what)) {
    sum.add(demand(world, again->body), static_cast<double>(again->times));
  } else if (const auto* await = std::get_if<AwaitStep>(&step.what)) {
    if (await->what != AwaitStep::What::task) {
      return {.serial_ns = await->duration.first_ns + rounding};
    }
    sum = await->executor ? handed(world, await->task, 1.0) : demand_of(world, await->task);
  } else if (const auto* all = std::get_if<GatherStep>(&step.what)) {
    sum = handed(world, all->task, static_cast<double>(all->items));
  } else if (const auto* given = std::get_if<SubmitStep>(&step.what)) {
    sum = handed(world, given->task, static_cast<double>(given->items));
  }
  return sum;
}

Demand demand(const WorldSpec& world, const Steps& steps) {
  Demand sum;
  for (const Step& step : steps) {
    sum.add(demand(world, step), 1.0);
  }
  return sum;
}

WorldSpec random_world(std::uint64_t seed, bool timeouts = false) {
  Dice dice{seed, 77};
  const std::uint32_t cpus = 1 + dice.roll(3);
  WorldSpec world = dice.roll(3) == 0 ? ideal_world(cpus) : linux_world(cpus);
  if (dice.roll(8) == 0) {
    world.runtime.gil.enabled = false;
  }
  world.locks = {{.name = "a"}};
  world.futures = {"f", "g"};
  const std::uint32_t loops = dice.roll(4);  // 0: in main
  add_executor(world, ExecutorKind::asyncio, loops);
  add_executor(world, ExecutorKind::threads, 1 + dice.roll(5));
  Steps some;
  for (std::uint32_t i = 1 + dice.roll(3); i > 0; --i) {
    some.push_back(keeping(dice));
  }
  add_task(world, "plain", std::move(some));
  Steps leaves = leaf_steps(dice);
  Steps trees = tree_steps(dice, loops < 2);
  add_task(world, "leaf", timeouts ? impatient(dice, std::move(leaves)) : std::move(leaves));
  add_task(world, "tree", timeouts ? impatient(dice, std::move(trees)) : std::move(trees));
  Steps main{submit(dice.roll(4), plain, thread_pool, 0), gather(1 + dice.roll(6), leaf),
             gather(1 + dice.roll(3), tree), join(0)};
  if (loops > 0) {
    main.insert(main.begin(), submit(dice.roll(4), leaf, loop, 0));
  }
  world.main = numbered(std::move(main));
  return world;
}

/// Coroutines are resumed by turns of their loop, one at a time in a thread, and all end.
class LoopWatch final : public sim::TraceSink {
 public:
  void write(const sim::TraceRecord& record) override {
    const auto kind = static_cast<TraceKind>(record.kind);
    if (kind == TraceKind::coroutine_resumed || kind == TraceKind::coroutine_left) {
      if (record.subject >= inside_.size()) {
        inside_.resize(record.subject + 1, false);
      }
      const bool resumed = kind == TraceKind::coroutine_resumed;
      broken_ = broken_ || inside_[record.subject] == resumed;
      inside_[record.subject] = resumed;
      ended_ += !resumed && record.cause == 1 ? 1 : 0;
    }
  }
  [[nodiscard]] bool broken() const { return broken_; }
  [[nodiscard]] std::uint64_t ended() const { return ended_; }

 private:
  std::vector<bool> inside_;
  bool broken_ = false;
  std::uint64_t ended_ = 0;
};

TEST(LoopLaws, hold_in_random_worlds) {
  const std::uint64_t cases = timeslice::cases::random_cases(500);
  for (std::uint64_t seed = 1; seed <= cases; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    const WorldSpec world = random_world(seed);
    LoopWatch watch;
    WorldOptions options;
    options.sink = &watch;
    const Timings timings = run_world(world, seed, options);
    ASSERT_EQ(timings.status, RunStatus::ok) << timings.error;
    const Demand most = demand(world, world.main);
    EXPECT_EQ(metric(timings, "tasks_done"), most.items) << "all tasks end";
    EXPECT_FALSE(watch.broken()) << "two coroutines ran in one thread";
    if (world.machine.costs.context_switch == sim::Duration::zero() && world.runtime.gil.enabled) {
      EXPECT_LE(static_cast<double>(timings.makespan.count()), most.serial_ns + 1.0)
          << "a loop was idle although something was ready";
    }
    EXPECT_EQ(timings.digest, simulate_world(world, seed, {}).digest);
  }
}

TEST(LoopLaws, hold_where_work_is_given_up) {
  const std::uint64_t cases = timeslice::cases::random_cases(500);
  double expired = 0.0;
  for (std::uint64_t seed = 1; seed <= cases; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    const WorldSpec world = random_world(seed, true);
    LoopWatch watch;
    WorldOptions options;
    options.sink = &watch;
    const Timings timings = run_world(world, seed, options);
    ASSERT_EQ(timings.status, RunStatus::ok) << timings.error;
    const Demand most = demand(world, world.main);
    EXPECT_LE(metric(timings, "tasks_done"), most.items);
    EXPECT_FALSE(watch.broken()) << "two coroutines ran in one thread";
    if (world.machine.costs.context_switch == sim::Duration::zero() && world.runtime.gil.enabled) {
      EXPECT_LE(static_cast<double>(timings.makespan.count()), most.serial_ns + 1.0)
          << "giving work up made it longer";
    }
    for (const Metric& one : timings.metrics) {
      expired += one.name == "timeouts" ? one.value : 0.0;
    }
  }
  EXPECT_GT(expired, static_cast<double>(cases)) << "the cases give nothing up";
}

}  // namespace
}  // namespace timeslice::models
