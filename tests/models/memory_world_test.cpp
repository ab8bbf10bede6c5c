// Worlds whose threads share caches, memory, lines and clocks, against closed forms and an oracle.
#include <algorithm>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "models/machine/character.hpp"
#include "models/machine/saturation.hpp"
#include "models/machine/turbo.hpp"
#include "sim/random.hpp"
#include "tests/models/world_fixture.hpp"
#include "tests/random_cases.hpp"

namespace timeslice::models {
namespace {

using namespace std::chrono_literals;

constexpr std::int64_t mib = 1 << 20;
constexpr double one_core = 12.0;  // B/ns
constexpr double node = 48.0;

/// `packages` x `cores`, 8 MiB of LLC and a memory node a package; nothing costs anything.
WorldSpec server(std::uint32_t packages, std::uint32_t cores, std::uint32_t smt = 1) {
  RegularMachine regular;
  regular.packages = packages;
  regular.core_kinds = {{.count = cores, .smt = smt}};
  regular.caches = {{.level = 1, .size = Bytes{32 << 10}},
                    {.level = 2, .type = CacheSpec::Type::unified, .size = Bytes{mib}},
                    {.level = 3,
                     .type = CacheSpec::Type::unified,
                     .size = Bytes{8 * mib},
                     .sharing = CacheSharing::package}};
  WorldSpec world = cpp_world(packages * cores * smt);
  const OsCosts free = world.machine.costs;
  world.machine = build_regular(regular).value();
  world.machine.costs = free;
  world.machine.memory_bandwidth_node = {node * 1e9};
  world.machine.memory_bandwidth_one_core = {one_core * 1e9};
  world.machine.memory_local = 80ns;
  world.machine.memory_remote = 132ns;
  world.characters = {CharacterSpec{}};
  return world;
}

Step memory(WorldSpec& world, const CharacterSpec& spec, double units) {
  world.characters.push_back(spec);
  return {.what = MemoryStep{.units = units,
                             .character = static_cast<std::uint32_t>(world.characters.size() - 1)}};
}

CharacterSpec stream(Where where = Where::memory) {
  CharacterSpec spec;
  spec.pattern = Pattern::stream;
  spec.where = where;
  spec.set = Bytes{64 * mib};
  return spec;
}

constexpr double a_million_lines = 1e6;  // 64 MB: 5.333 ms alone

/// Each worker does the steps once, pinned cores-first when asked.
double run_each(WorldSpec world, Steps steps, std::uint32_t workers,
                const std::vector<std::uint32_t>& cpus = {}) {
  add_task(world, "work", std::move(steps));
  ExecutorSpec& executor = add_executor(world, ExecutorKind::cpp_threads, workers);
  for (const std::uint32_t cpu : cpus) {
    executor.pin.push_back(CpuId{cpu});
  }
  world.main = numbered({map_items(workers)});
  return static_cast<double>(run_world(world).makespan.count());
}

double streams(std::uint32_t packages, std::uint32_t cores, std::uint32_t workers,
               const std::vector<std::uint32_t>& cpus = {}) {
  WorldSpec world = server(packages, cores);
  Steps steps{memory(world, stream(), a_million_lines)};
  return run_each(std::move(world), std::move(steps), workers, cpus);
}

TEST(MemoryWorld, a_lone_stream_has_one_cores_bandwidth) {
  EXPECT_NEAR(streams(1, 8, 1), 64e6 / one_core, 2.0);
}

TEST(MemoryWorld, streams_on_one_node_follow_the_closed_form) {
  for (const std::uint32_t n : {2U, 3U, 5U, 8U}) {
    const double together = delivered_to_equals(n, one_core, node);
    EXPECT_NEAR(streams(1, 8, n), n * 64e6 / together, 3.0) << n;
  }
}

TEST(MemoryWorld, two_memory_nodes_carry_twice_as_much_where_one_is_full) {
  const double one = streams(1, 8, 8);
  const double two = streams(2, 4, 8);
  const double halves = delivered_to_equals(4, one_core, node);
  EXPECT_NEAR(two, 4 * 64e6 / halves, 3.0);
  EXPECT_GT(one / two, 1.6);
}

TEST(MemoryWorld, remote_memory_costs_the_ratio_of_latencies) {
  WorldSpec world = server(2, 4);
  CharacterSpec far = stream();
  far.place = DataHome::remote;
  Steps steps{memory(world, far, a_million_lines)};
  EXPECT_NEAR(run_each(world, steps, 1) / (64e6 / one_core), 132.0 / 80.0, 1e-6);
}

TEST(MemoryWorld, four_remote_streams_are_limited_by_the_link) {
  WorldSpec world = server(2, 4);
  CharacterSpec far = stream();
  far.place = DataHome::node;
  far.node = 1;
  Steps steps{memory(world, far, a_million_lines)};
  const double each = one_core * 80.0 / 132.0;
  const double link = delivered_to_equals(4, each, 0.4 * node);
  EXPECT_NEAR(run_each(world, steps, 4, {0, 1, 2, 3}), 4 * 64e6 / link, 40.0);
}

TEST(MemoryWorld, interleaved_data_uses_all_nodes) {
  WorldSpec world = server(2, 4);
  CharacterSpec spread = stream();
  spread.place = DataHome::interleave;
  Steps steps{memory(world, spread, a_million_lines)};
  const double lone = run_each(world, steps, 1);
  EXPECT_NEAR(lone / (64e6 / one_core), (1.0 + 132.0 / 80.0) / 2.0, 1e-6);
}

/// A stream over 1 GiB preferred on node 1, by a thread there; each node has `gib` GiB.
double preferred_stream(std::int64_t gib, std::uint32_t workers,
                        DataHome place = DataHome::preferred) {
  WorldSpec world = server(2, 4);
  for (NodeSpec& each : world.machine.nodes) {
    each.memory = Bytes{gib * 1024 * mib};
  }
  CharacterSpec spec = stream();
  spec.set = Bytes{1024 * mib};
  spec.place = place;
  spec.node = 1;
  Steps steps{memory(world, spec, a_million_lines)};
  std::vector<std::uint32_t> cpus{4, 5, 6, 7};
  cpus.resize(workers);
  return run_each(std::move(world), std::move(steps), workers, cpus);
}

TEST(MemoryWorld, preferred_is_the_node_itself_while_it_has_room) {
  EXPECT_EQ(preferred_stream(1, 1), preferred_stream(1, 1, DataHome::node));
  EXPECT_EQ(preferred_stream(0, 4), preferred_stream(0, 4, DataHome::node)) << "size not known";
}

TEST(MemoryWorld, what_a_preferred_node_has_no_room_for_goes_to_the_nearest_other) {
  const double own = preferred_stream(4, 4);
  const double spilled = preferred_stream(2, 4);
  EXPECT_GT(spilled, 1.05 * own) << "two of four sets are on the other node";
  // Those two are the last to end: alone on the way there, each at the latency's ratio.
  EXPECT_LT(spilled, 64e6 / one_core * 2.0);
}

TEST(MemoryWorld, room_on_a_preferred_node_is_given_back) {
  WorldSpec world = server(2, 4);
  for (NodeSpec& each : world.machine.nodes) {
    each.memory = Bytes{1024 * mib};
  }
  CharacterSpec spec = stream();
  spec.set = Bytes{1024 * mib};
  spec.place = DataHome::preferred;
  const Step once = memory(world, spec, a_million_lines);
  EXPECT_NEAR(run_each(world, {once, once, once}, 1, {0}), 3.0 * 64e6 / one_core, 6.0);
}

TEST(MemoryWorld, a_set_that_half_fits_a_preferred_node_is_split) {
  WorldSpec world = server(2, 4);
  for (NodeSpec& each : world.machine.nodes) {
    each.memory = Bytes{768 * mib};
  }
  CharacterSpec spec = stream();
  spec.set = Bytes{1024 * mib};
  spec.place = DataHome::preferred;
  Steps steps{memory(world, spec, a_million_lines)};
  // Three quarters here, a quarter at 132 instead of 80 ns.
  const double split = 0.75 + 0.25 * 132.0 / 80.0;
  EXPECT_NEAR(run_each(world, steps, 1, {0}), split * 64e6 / one_core, 4.0);
}

TEST(MemoryWorld, data_bound_to_a_node_that_cannot_hold_them_are_refused) {
  WorldSpec world = server(2, 4);
  for (NodeSpec& each : world.machine.nodes) {
    each.memory = Bytes{768 * mib};
  }
  CharacterSpec spec = stream();
  spec.set = Bytes{1024 * mib};
  spec.place = DataHome::node;
  const auto refused = check_character(spec, world.machine);
  ASSERT_TRUE(refused.has_value());
  EXPECT_NE(refused->advice.find("preferred"), std::string::npos);
  spec.place = DataHome::preferred;
  EXPECT_FALSE(check_character(spec, world.machine).has_value());
  spec.set = Bytes{2048 * mib};
  EXPECT_TRUE(check_character(spec, world.machine).has_value()) << "more than the machine has";
}

TEST(MemoryWorld, what_fits_its_own_cache_disturbs_nobody) {
  WorldSpec world = server(1, 8);
  CharacterSpec spec;
  spec.pattern = Pattern::chase;
  spec.set = Bytes{512 << 10};
  Steps steps{memory(world, spec, a_million_lines)};
  EXPECT_NEAR(run_each(world, steps, 8), run_each(world, steps, 1), 1.0);
}

TEST(MemoryWorld, sets_that_fit_the_shared_cache_one_by_one_do_not_fit_together) {
  WorldSpec world = server(1, 4);
  CharacterSpec spec;
  spec.pattern = Pattern::chase;
  spec.set = Bytes{6 * mib};
  Steps steps{memory(world, spec, a_million_lines)};
  const double lone = run_each(world, steps, 1);
  const double four = run_each(world, steps, 4);
  // 2 MiB of 6 each: two thirds of the accesses go to memory.
  EXPECT_NEAR(lone, 14.0 * a_million_lines, 2.0);
  EXPECT_GT(four, (14.0 / 3.0 + 80.0 * 2.0 / 3.0) * a_million_lines * 0.999);
  EXPECT_LT(four, (14.0 / 3.0 + 80.0 * 2.0 / 3.0) * a_million_lines * 1.05);
}

TEST(MemoryWorld, operations_on_one_line_queue_up) {
  CharacterSpec spec;
  spec.pattern = Pattern::atomic;
  WorldSpec world = server(1, 8);
  Steps steps{memory(world, spec, 1e5)};
  EXPECT_NEAR(run_each(world, steps, 1), 5.9e5, 2.0);
  EXPECT_NEAR(run_each(world, steps, 4), 4 * 45.0 / 2.5 * 1e5, 4.0);
  WorldSpec apart = server(2, 4);
  Steps same{memory(apart, spec, 1e5)};
  EXPECT_NEAR(run_each(apart, same, 2, {0, 4}), 2 * 140.0 / 2.5 * 1e5, 4.0);
}

TEST(MemoryWorld, false_sharing_is_far_cheaper_than_atomics_and_far_dearer_than_none) {
  CharacterSpec spec;
  spec.pattern = Pattern::store;
  WorldSpec world = server(1, 8);
  Steps steps{memory(world, spec, 1e6)};
  const double lone = run_each(world, steps, 1);
  const double two = run_each(world, steps, 2);
  EXPECT_GT(two / lone, 8.0);
  EXPECT_LT(two / lone, 20.0);
}

TEST(MemoryWorld, all_cores_at_work_run_at_the_all_core_clock) {
  WorldSpec world = server(1, 4);
  world.machine.turbo = {{1, {4.0e9}}, {4, {3.0e9}}};
  const double lone = run_each(world, {native(12ms)}, 1);
  const double all = run_each(world, {native(12ms)}, 4);
  EXPECT_NEAR(lone, 12e6, 1.0);
  EXPECT_NEAR(all, 16e6, 2.0);
}

TEST(MemoryWorld, the_clock_rises_again_when_the_others_are_done) {
  WorldSpec world = server(1, 4);
  world.machine.turbo = {{1, {4.0e9}}, {4, {2.0e9}}};
  add_task(world, "short", {native(3ms)});
  add_task(world, "long", {native(9ms)});
  add_executor(world, ExecutorKind::cpp_threads, 2);
  world.futures = {"f"};
  world.main = numbered({submit(1, 1), submit(1, 0), join()});
  // 6 ms together at half the clock do 3 ms of work each; then the other 6 ms at the full one.
  EXPECT_NEAR(static_cast<double>(run_world(world).makespan.count()), 12e6, 20.0);
}

TEST(MemoryWorld, siblings_that_chase_hinder_each_other_less_than_siblings_that_compute) {
  const auto pair = [](bool chases) {
    WorldSpec world = server(1, 2, 2);
    CharacterSpec spec;
    spec.pattern = Pattern::chase;
    spec.set = Bytes{512 << 10};
    Steps steps;
    steps.push_back(chases ? memory(world, spec, 1e6) : native(4ms));
    const double lone = run_each(world, steps, 1);
    return run_each(world, steps, 2, {0, 2}) / lone;
  };
  EXPECT_NEAR(pair(false), 2.0 / 1.25, 1e-5) << "the machine's smt_gain";
  EXPECT_NEAR(pair(true), 2.0 / 1.78, 1e-5);
}

TEST(MemoryWorld, code_with_misses_is_slowed_by_streams_beside_it) {
  WorldSpec world = server(1, 8);
  CharacterSpec code;
  code.traffic = {1.6e9};  // 25 lines a us
  code.set = Bytes{6 * mib};
  world.characters.push_back(code);
  const Step beside{.what = NativeStep{constant(10ms), false, 1}};
  EXPECT_NEAR(run_each(world, {beside}, 1), 10e6, 1.0) << "alone it takes its duration";
  add_task(world, "victim", {beside});
  add_task(world, "stream", {memory(world, stream(), 20e6)});
  add_executor(world, ExecutorKind::serial);
  world.background = {
      {.task = TaskIndex{1}, .threads = 4, .nice = 0, .sched = {}, .group = {}, .start = {}}};
  world.main = numbered({map_items(1, 0, 0)});
  const double slowed = static_cast<double>(run_world(world).makespan.count());
  EXPECT_GT(slowed, 11e6);
  EXPECT_LT(slowed, 20e6);
}

TEST(MemoryWorld, bytecode_with_misses_holds_the_gil_longer_beside_streams) {
  const auto held = [](std::uint32_t streams) {
    WorldSpec world = server(1, 8);
    world.runtime.language = Language::python;
    CharacterSpec code;
    code.traffic = {1.6e9};
    code.set = Bytes{6 * mib};
    world.characters.push_back(code);
    Step bytecode = python(12ms);  // over two switch intervals: others ask for the GIL in between
    std::get<PythonStep>(bytecode.what).character = 1;
    add_task(world, "python", {bytecode, native(1ms), memory(world, stream(), 1000.0)});
    add_task(world, "streams", {memory(world, stream(), 20e6)});
    add_executor(world, ExecutorKind::threads, 3);
    if (streams > 0) {
      world.background = {{.task = TaskIndex{1},
                           .threads = streams,
                           .nice = 0,
                           .sched = {},
                           .group = {},
                           .start = {}}};
    }
    world.main = numbered({map_items(9)});
    return metric(run_world(world), "gil_held");
  };
  const double alone = held(0);
  EXPECT_NEAR(alone, 9 * 12e6, 9 * 12e6 * 1e-3);
  EXPECT_GT(held(4), 1.1 * alone);
}

/// Threads with one stream each, started at once on their own cores: what is left of each, advanced
/// from one end to the next at the speed that all have.
double oracle_end(std::vector<double> bytes) {
  std::ranges::sort(bytes);
  double now = 0.0;
  double done = 0.0;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    const double users = static_cast<double>(bytes.size() - i);
    const double each = delivered_to_equals(users, one_core, node) / users;
    now += (bytes[i] - done) / each;
    done = bytes[i];
  }
  return now;
}

TEST(MemoryWorld, random_streams_end_when_the_oracle_says) {
  for (std::uint64_t seed = 0; seed < cases::random_cases(50); ++seed) {
    const sim::Random random{seed};
    const auto threads = 1 + static_cast<std::uint32_t>(random.below({.task = 1}, 8));
    WorldSpec world = server(1, 8);
    std::vector<double> bytes;
    Steps main;
    const Step shared = memory(world, stream(), 0.0);
    world.futures = {"f"};
    for (std::uint32_t i = 0; i < threads; ++i) {
      const double lines =
          1000.0 + static_cast<double>(random.below({.task = 2, .item = i}, 90'000));
      bytes.push_back(lines * 64.0);
      Step step = shared;
      std::get<MemoryStep>(step.what).units = lines;
      add_task(world, "t" + std::to_string(i), {step});
      main.push_back(submit(1, i));
    }
    main.push_back(join());
    add_executor(world, ExecutorKind::cpp_threads, threads);
    world.main = numbered(std::move(main));
    const double end = static_cast<double>(run_world(world).makespan.count());
    EXPECT_NEAR(end, oracle_end(bytes), 2.0 * threads + 1.0) << "seed " << seed;
  }
}

Step some_step(const sim::Random& random, std::uint32_t item, std::uint32_t step) {
  const sim::DrawKey key{.task = 7, .item = item, .step = step};
  const std::uint64_t pick = random.below(key, 7);
  const auto character = static_cast<std::uint32_t>(pick);
  if (pick == 0) {
    return native(500us);
  }
  if (pick >= 5) {
    return {.what = NativeStep{constant(700us), false, character}};
  }
  return {.what = MemoryStep{.units = 20'000.0, .character = character}};
}

/// Streams, chases, atomics and code with misses, more threads than CPUs, hardware threads, turbo,
/// two nodes, Linux with its costs: everything at once.
WorldSpec mixture(std::uint64_t seed) {
  const sim::Random random{seed};
  WorldSpec world = server(2, 2, 2);
  world.machine.costs = OsCosts{};
  world.os = OsSpec{};
  world.machine.turbo = {{1, {3.5e9}}};
  CharacterSpec chase;
  chase.pattern = Pattern::chase;
  chase.set = Bytes{6 * mib};
  chase.place = DataHome::home;
  CharacterSpec line;
  line.pattern = Pattern::atomic;
  CharacterSpec spread = stream();
  spread.place = DataHome::interleave;
  CharacterSpec code;
  code.traffic = {2e9};
  code.set = Bytes{5 * mib};
  CharacterSpec wide;
  wide.vector = VectorClass::avx512;
  wide.smt_gain = 1.05;
  world.machine.memory_system.vector_clock = {0.9, 0.8};
  world.characters = {CharacterSpec{}, stream(), chase, line, spread, code, wide};
  for (std::uint32_t item = 0; item < 6; ++item) {
    Steps steps;
    for (std::uint32_t step = 0; step < 4; ++step) {
      steps.push_back(some_step(random, item, step));
    }
    add_task(world, "t" + std::to_string(item), steps);
  }
  add_executor(world, ExecutorKind::cpp_threads,
               1 + static_cast<std::uint32_t>(random.below({.task = 3}, 12)));
  world.futures = {"f"};
  Steps main;
  for (std::uint32_t item = 0; item < 6; ++item) {
    main.push_back(submit(3, item));
  }
  main.push_back(join());
  world.main = numbered(std::move(main));
  return world;
}

TEST(MemoryWorld, mixtures_end_repeat_and_lie_between_the_bounds) {
  for (std::uint64_t seed = 0; seed < cases::random_cases(40); ++seed) {
    const WorldSpec world = mixture(seed);
    const Timings once = run_world(world, seed);
    const Timings again = run_world(world, seed);
    EXPECT_EQ(once.digest, again.digest) << "seed " << seed;
    EXPECT_EQ(once.makespan, again.makespan) << "seed " << seed;
    const double cpu = metric(once, "cpu_time");
    const double span = static_cast<double>(once.makespan.count());
    EXPECT_LE(cpu, 8.0 * span * 1.0001) << "seed " << seed;
    WorldSpec free = world;
    free.machine.smt_gain = 2.0;
    free.machine.turbo.clear();
    free.machine.memory_system.shares_bandwidth = false;
    free.machine.memory_system.shares_cache = false;
    free.machine.memory_system.contends_lines = false;
    for (CharacterSpec& spec : free.characters) {
      spec.place = DataHome::first_touch;
      spec.vector = VectorClass::none;
    }
    EXPECT_GE(cpu, metric(run_world(free, seed), "cpu_time") * 0.9) << "seed " << seed;
  }
}

}  // namespace
}  // namespace timeslice::models
