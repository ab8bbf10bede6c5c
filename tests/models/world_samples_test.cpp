#include "models/world_samples.hpp"

#include <array>
#include <map>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "sim/random.hpp"
#include "tests/models/world_fixture.hpp"
#include "tests/random_cases.hpp"

namespace timeslice::models {
namespace {

using namespace std::chrono_literals;

Timings run_sampled(const WorldSpec& world, std::uint64_t seed, sim::Duration period) {
  WorldOptions options;
  options.keep_slices = true;
  options.sample_period = period;
  return run_world(world, seed, options);
}

TEST(Samples, stand_at_every_period_and_at_the_end) {
  WorldSpec world = ideal_world(2);
  add_task(world, "item", {python(10ms)});
  add_executor(world, ExecutorKind::serial);
  world.main = numbered({map_items(1), sleep_for(5ms)});
  const Timings timings = run_sampled(world, 1, 4ms);
  std::vector<std::pair<std::int64_t, double>> seen;
  for (const CpuSample& sample : timings.cpu_samples) {
    if (sample.cpu == 0) {
      seen.emplace_back(sample.at.time_since_epoch() / 1ms, sample.percent);
    }
  }
  using Row = std::pair<std::int64_t, double>;
  EXPECT_EQ(seen, (std::vector<Row>{{4, 100.0}, {8, 100.0}, {12, 50.0}, {15, 0.0}}));
  EXPECT_EQ(usual_sample_period(1s), 5ms);
  EXPECT_EQ(usual_sample_period(10ms), 1ms);
}

TEST(Samples, a_period_that_is_too_short_is_widened) {
  WorldSpec world = ideal_world(1);
  add_task(world, "item", {python(1s)});
  add_executor(world, ExecutorKind::serial);
  world.main = numbered({map_items(1)});
  const Timings timings = run_sampled(world, 1, 1us);
  EXPECT_LE(timings.cpu_samples.size(), 10'000U);
  EXPECT_THAT(timings.warnings, ::testing::Contains(::testing::HasSubstr("period is widened")));
}

TEST(Samples, other_programs_use_cpus_but_have_no_rows) {
  WorldSpec world = ideal_world(2);
  world.os = OsSpec{};
  add_task(world, "item", {native(20ms)});
  add_executor(world, ExecutorKind::serial);
  world.background.push_back({.task = TaskIndex{0}});
  world.main = numbered({sleep_for(20ms)});
  const Timings timings = run_sampled(world, 1, 10ms);
  std::map<std::int64_t, double> busy;
  for (const CpuSample& sample : timings.cpu_samples) {
    busy[sample.at.time_since_epoch().count()] += sample.percent;
  }
  for (const auto& [at, percent] : busy) {
    EXPECT_NEAR(percent, 100.0, 1.0) << "one CPU, up to " << at;
  }
  for (const ProcessSample& sample : timings.process_samples) {
    EXPECT_THAT(sample.process, ::testing::AnyOf("", "main"));
  }
}

WorldSpec random_family(std::uint64_t seed) {
  sim::Random random{seed};
  std::uint32_t count = 0;
  const auto roll = [&](std::uint32_t sides) {
    return static_cast<std::uint32_t>(random.below({.task = 41, .count = ++count}, sides));
  };
  constexpr std::array kinds{ExecutorKind::processes, ExecutorKind::process_per_task,
                             ExecutorKind::threads, ExecutorKind::thread_per_task};
  constexpr std::array methods{StartMethod::platform_default, StartMethod::fork, StartMethod::spawn,
                               StartMethod::forkserver};
  WorldSpec world = linux_world(1 + roll(4));
  world.runtime.version = {
      .major = 3, .minor = 12 + static_cast<int>(roll(3)), .patch = static_cast<int>(roll(10))};
  world.runtime.memory = Bytes{static_cast<std::int64_t>(5 + roll(200)) << 20};
  world.locks = {{.name = "shared", .scope = LockScope::process}};
  add_task(world, "item",
           {python(std::chrono::microseconds{100 + roll(4000)}),
            with_lock(0, {sleep_for(std::chrono::microseconds{roll(500)})})});
  const std::uint32_t executors = 1 + roll(3);
  Steps main;
  for (std::uint32_t index = 0; index < executors; ++index) {
    ExecutorSpec& executor = add_executor(world, kinds[roll(kinds.size())], 1 + roll(4));
    executor.start = methods[roll(methods.size())];
    executor.import_cost = std::chrono::milliseconds{roll(20)};
    executor.import_memory = Bytes{static_cast<std::int64_t>(roll(8)) << 20};
    executor.memory = Bytes{static_cast<std::int64_t>(roll(3)) << 20};
    executor.touches = Bytes{world.runtime.memory.count / (1 + roll(4))};
    main.push_back(submit(roll(4), 0, index));
    main.push_back(map_items(1 + roll(5), 0, index));
  }
  main.push_back(join());
  world.futures = {"f"};
  world.main = numbered(std::move(main));
  return world;
}

/// Sums of PSS and RSS over processes are those of the whole, and no peak is exceeded.
void check_memory(const Timings& timings) {
  std::map<std::int64_t, std::array<double, 4>> sums;  // pss, rss, threads, CPU of processes
  for (const ProcessSample& sample : timings.process_samples) {
    const std::string& name = sample.process;
    EXPECT_LE(static_cast<double>(sample.rss), metric(timings, "peak_rss", name) + 1.0) << name;
    EXPECT_LE(static_cast<double>(sample.pss), metric(timings, "peak_memory", name) + 1.0) << name;
    EXPECT_LE(sample.pss, sample.rss);
    EXPECT_GE(sample.pss, 0);
    EXPECT_GE(sample.cpu_percent, 0.0);
    auto& sum = sums[sample.at.time_since_epoch().count()];
    const double sign = name.empty() ? -1.0 : 1.0;
    sum[0] += sign * static_cast<double>(sample.pss);
    sum[1] += sign * static_cast<double>(sample.rss);
    sum[2] += sign * sample.threads;
  }
  for (const auto& [at, sum] : sums) {
    EXPECT_NEAR(sum[0], 0.0, 64.0) << "PSS at " << at;
    EXPECT_NEAR(sum[1], 0.0, 0.5) << "RSS at " << at;
    EXPECT_NEAR(sum[2], 0.0, 0.5) << "threads at " << at;
  }
}

void check_processor_time(const Timings& timings, double cpus) {
  double cpu_ns = 0.0;
  double all_ns = 0.0;
  double last_ns = 0.0;
  std::map<std::int64_t, double> busy;
  for (const CpuSample& sample : timings.cpu_samples) {
    EXPECT_LE(sample.percent, 100.0 + 1e-6);
    busy[sample.at.time_since_epoch().count()] += sample.percent;
  }
  const ProcessSample* last = nullptr;
  for (const ProcessSample& sample : timings.process_samples) {
    if (!sample.process.empty()) {
      continue;
    }
    const auto at = static_cast<double>(sample.at.time_since_epoch().count());
    EXPECT_LE(sample.cpu_percent, cpus * 100.0 + 1e-6);
    all_ns += sample.cpu_percent / 100.0 * (at - last_ns);
    cpu_ns += busy[sample.at.time_since_epoch().count()] / 100.0 * (at - last_ns);
    last_ns = at;
    last = &sample;
  }
  ASSERT_NE(last, nullptr);
  EXPECT_NEAR(all_ns, metric(timings, "cpu_time"), 1e4) << "main's start alone lies before 0";
  EXPECT_NEAR(cpu_ns, all_ns, 1.0) << "nobody else runs here";
  EXPECT_EQ(static_cast<double>(last->voluntary), metric(timings, "switches_voluntary"));
  EXPECT_EQ(static_cast<double>(last->involuntary), metric(timings, "switches_involuntary"));
}

TEST(SampleLaws, hold_for_random_families_of_processes) {
  const std::uint64_t cases = timeslice::cases::random_cases(150);
  for (std::uint64_t seed = 1; seed <= cases; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    const WorldSpec world = random_family(seed);
    const Timings timings = run_sampled(world, seed, {});
    ASSERT_EQ(timings.status, RunStatus::ok) << timings.error;
    check_memory(timings);
    check_processor_time(timings, static_cast<double>(world.machine.cpus.size()));
    EXPECT_EQ(timings.digest, simulate_world(world, seed, {}).digest) << "sampling changes nothing";
  }
}

}  // namespace
}  // namespace timeslice::models
