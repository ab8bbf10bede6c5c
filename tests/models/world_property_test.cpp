// Laws that hold in every world, tried on random ones. A failure prints the seed.
#include <array>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "models/trace_kinds.hpp"
#include "tests/dice.hpp"
#include "tests/models/world_fixture.hpp"
#include "tests/random_cases.hpp"

namespace timeslice::models {
namespace {

using cases::Dice;

sim::Duration some_time(Dice& dice) {
  return std::chrono::microseconds{50 + dice.roll(3000)};
}

Steps random_steps(Dice& dice, bool bytecode, std::uint32_t depth) {
  Steps steps;
  const std::uint32_t count = 1 + dice.roll(3);
  for (std::uint32_t i = 0; i < count; ++i) {
    switch (dice.roll(depth > 0 ? 8 : 6)) {
      case 0:
        steps.push_back(bytecode ? python(some_time(dice)) : native(some_time(dice)));
        break;
      case 1:
        steps.push_back(native(some_time(dice), bytecode && dice.roll(4) == 0));
        break;
      case 2:
        steps.push_back(io(some_time(dice)));
        break;
      case 3:
        steps.push_back(sleep_for(some_time(dice)));
        break;
      case 4:
        steps.push_back({.what = YieldStep{}});
        break;
      case 5:
        steps.push_back({.what = NiceStep{static_cast<std::int32_t>(dice.roll(40)) - 20}});
        break;
      case 6:
        steps.push_back(with_lock(dice.roll(2), random_steps(dice, bytecode, 0)));
        break;
      default:
        steps.push_back(repeat(1 + dice.roll(3), random_steps(dice, bytecode, depth - 1)));
    }
  }
  return steps;
}

/// CPU work and least time of one run of `steps`, in ns.
struct ItemDemand {
  double work = 0.0;
  double span = 0.0;
};

ItemDemand demand(const Steps& steps) {
  ItemDemand sum;
  for (const Step& step : steps) {
    if (const auto* one = std::get_if<PythonStep>(&step.what)) {
      sum.work += one->duration.first_ns;
      sum.span += one->duration.first_ns;
    } else if (const auto* c = std::get_if<NativeStep>(&step.what)) {
      sum.work += c->duration.first_ns;
      sum.span += c->duration.first_ns;
    } else if (const auto* away = std::get_if<IoStep>(&step.what)) {
      sum.span += away->duration.first_ns;
    } else if (const auto* nap = std::get_if<SleepStep>(&step.what)) {
      sum.span += nap->duration.first_ns;
    } else if (const auto* with = std::get_if<WithStep>(&step.what)) {
      const ItemDemand body = demand(with->body);
      sum.work += body.work;
      sum.span += body.span;
    } else if (const auto* again = std::get_if<RepeatStep>(&step.what)) {
      const ItemDemand body = demand(again->body);
      sum.work += static_cast<double>(again->times) * body.work;
      sum.span += static_cast<double>(again->times) * body.span;
    }
  }
  return sum;
}

struct RandomWorld {
  WorldSpec spec;
  std::uint64_t items = 0;
};

RandomWorld random_world(std::uint64_t seed) {
  constexpr std::array python_kinds{ExecutorKind::serial, ExecutorKind::threads,
                                    ExecutorKind::thread_per_task, ExecutorKind::processes,
                                    ExecutorKind::process_per_task};
  constexpr std::array cpp_kinds{ExecutorKind::cpp_threads, ExecutorKind::cpp_async};
  Dice dice{seed, 99};
  const bool bytecode = dice.roll(4) != 0;
  const std::uint32_t cpus = 1 + dice.roll(4);
  RandomWorld random{.spec = dice.roll(3) == 0 ? ideal_world(cpus) : linux_world(cpus)};
  WorldSpec& world = random.spec;
  world.runtime.language = bytecode ? Language::python : Language::none;
  world.runtime.version.minor = dice.roll(3) == 0 ? 9 : 11;  // 3.9 keeps the GIL while it yields
  world.locks = {{.name = "a"}, {.name = "b", .scope = LockScope::process}};
  Steps steps = random_steps(dice, bytecode, 2);
  steps.push_back(native(some_time(dice)));  // some time passes in any case
  add_task(world, "work", std::move(steps));
  const ExecutorKind kind = bytecode ? python_kinds[dice.roll(python_kinds.size())]
                                     : cpp_kinds[dice.roll(cpp_kinds.size())];
  add_executor(world, kind, 1 + dice.roll(6)).chunksize = 1 + dice.roll(3);
  random.items = 1 + dice.roll(20);
  world.futures = {"f"};
  const std::uint64_t extra = dice.roll(5);
  world.main = numbered({submit(extra), map_items(random.items), join()});
  random.items += extra;
  return random;
}

/// At no time do two threads hold the GIL of one process.
class GilWatch final : public sim::TraceSink {
 public:
  void write(const sim::TraceRecord& record) override {
    const auto kind = static_cast<TraceKind>(record.kind);
    if (kind == TraceKind::gil_take || kind == TraceKind::gil_drop) {
      if (record.object >= held_.size()) {
        held_.resize(record.object + 1, false);
      }
      broken_ = broken_ || held_[record.object] == (kind == TraceKind::gil_take);
      held_[record.object] = kind == TraceKind::gil_take;
    }
  }
  [[nodiscard]] bool broken() const { return broken_; }

 private:
  std::vector<bool> held_;
  bool broken_ = false;
};

TEST(WorldLaws, hold_in_random_worlds) {
  const std::uint64_t cases = timeslice::cases::random_cases(1000);
  for (std::uint64_t seed = 1; seed <= cases; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    const RandomWorld random = random_world(seed);
    GilWatch watch;
    WorldOptions options;
    options.sink = &watch;
    const Timings timings = run_world(random.spec, seed, options);
    ASSERT_EQ(timings.status, RunStatus::ok) << timings.error;
    EXPECT_EQ(metric(timings, "tasks_done"), static_cast<double>(random.items));
    EXPECT_FALSE(watch.broken()) << "two threads held one GIL";

    const ItemDemand item = demand(random.spec.tasks[0].steps);
    const double work = item.work * static_cast<double>(random.items);
    const auto makespan = static_cast<double>(timings.makespan.count());
    const auto cpus = static_cast<double>(random.spec.machine.cpus.size());
    EXPECT_GE(makespan + 1.0, item.span) << "no shorter than the critical path";
    EXPECT_GE(makespan + 1.0, work / cpus) << "no shorter than the work over the cores";
    EXPECT_GE(metric(timings, "cpu_time") + 1.0, work) << "all work was done";
    EXPECT_LE(metric(timings, "cpu_utilization"), 1.0 + 1e-9);
    EXPECT_EQ(timings.digest, simulate_world(random.spec, seed, {}).digest);
  }
}

}  // namespace
}  // namespace timeslice::models
