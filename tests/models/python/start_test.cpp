#include "models/python/start.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/models/world_fixture.hpp"

namespace timeslice::models {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::Not;

constexpr Bytes kib(std::int64_t count) {
  return Bytes{count << 10};
}

WorldSpec started(StartMethod method, std::uint64_t children, std::uint32_t cpus = 4) {
  WorldSpec world = linux_world(cpus);
  add_task(world, "item", {python(1ms)});
  add_executor(world, ExecutorKind::process_per_task).start = method;
  world.main = numbered({map_items(children)});
  return world;
}

std::string warnings_of(const Timings& timings) {
  std::string all;
  for (const std::string& warning : timings.warnings) {
    all += warning + "\n";
  }
  return all;
}

/// A Pool of 4 spawned workers of `each`, on a machine with 1 GiB.
Timings crowded(Bytes each) {
  WorldSpec world = linux_world(4);
  world.machine.nodes = {{.os_index = 0, .memory = Bytes{std::int64_t{1} << 30}}};
  add_task(world, "item", {python(1ms)});
  ExecutorSpec& pool = add_executor(world, ExecutorKind::processes, 4);
  pool.start = StartMethod::spawn;
  pool.memory = each;
  world.main = numbered({map_items(8)});
  return simulate_world(world, 1, {});
}

TEST(Start, more_memory_than_the_machine_has_ends_the_program_in_words) {
  const Timings room = crowded(kib(100 << 10));
  EXPECT_EQ(room.status, RunStatus::ok) << room.error;
  EXPECT_THAT(warnings_of(room), Not(HasSubstr("of the machine's memory")));
  const Timings tight = crowded(kib(225 << 10));
  EXPECT_EQ(tight.status, RunStatus::ok) << tight.error;
  EXPECT_THAT(warnings_of(tight), HasSubstr("of the machine's memory"));
  const Timings none = crowded(kib(300 << 10));
  EXPECT_EQ(none.status, RunStatus::failed);
  EXPECT_THAT(none.error, HasSubstr("out of memory: when "));
  EXPECT_THAT(none.error, HasSubstr("has 1024 MiB"));
}

TEST(Start, a_main_program_larger_than_the_machine_does_not_run) {
  WorldSpec world = linux_world(1);
  world.machine.nodes = {{.os_index = 0, .memory = Bytes{std::int64_t{1} << 30}}};
  world.runtime.memory = Bytes{std::int64_t{2} << 30};
  EXPECT_EQ(simulate_world(world, 1, {}).status, RunStatus::failed);
}

bool has_thread(const Timings& timings, const std::string& name) {
  return std::ranges::any_of(timings.metrics, [&](const Metric& one) {
    return one.name == "cpu_time" && one.entity == name;
  });
}

double makespan_ms(const WorldSpec& world) {
  return in_ms(run_world(world).makespan);
}

TEST(StartFacts, the_fork_server_imports_main_once_from_3_13_8_and_3_14_1_on) {
  EXPECT_FALSE(forkserver_preloads_main({.major = 3, .minor = 11, .patch = 12}));
  EXPECT_FALSE(forkserver_preloads_main({.major = 3, .minor = 13, .patch = 7}));
  EXPECT_TRUE(forkserver_preloads_main({.major = 3, .minor = 13, .patch = 8}));
  EXPECT_FALSE(forkserver_preloads_main({.major = 3, .minor = 14, .patch = 0}));
  EXPECT_TRUE(forkserver_preloads_main({.major = 3, .minor = 14, .patch = 1}));
  EXPECT_TRUE(forkserver_preloads_main({.major = 3, .minor = 15, .patch = 0}));
}

TEST(Start, a_forked_child_works_at_once_a_spawned_one_starts_an_interpreter) {
  const double forked = makespan_ms(started(StartMethod::fork, 1));
  const double spawned = makespan_ms(started(StartMethod::spawn, 1));
  EXPECT_NEAR(forked, 1.0 + 0.3 + 0.9 + 1.1 + 0.2 + 1.0, 0.3);
  EXPECT_NEAR(spawned, 1.0 + 1.1 + 39.0 + 10.0 + 0.7, 0.5);
}

TEST(Start, tracker_and_server_are_started_by_the_first_child_only) {
  for (const StartMethod method : {StartMethod::spawn, StartMethod::forkserver}) {
    const Timings three = run_world(started(method, 3));
    EXPECT_NEAR(metric(three, "cpu_time", "resource-tracker"), 27e6, 0.1e6);
    EXPECT_EQ(has_thread(three, "fork-server"), method == StartMethod::forkserver);
  }
  EXPECT_FALSE(has_thread(run_world(started(StartMethod::fork, 3)), "resource-tracker"));
  WorldSpec twice = started(StartMethod::forkserver, 1);
  twice.main = numbered({map_items(1), map_items(1)});
  const double first = makespan_ms(started(StartMethod::forkserver, 1));
  const double later = makespan_ms(twice) - first;
  EXPECT_NEAR(first - later, 32.0, 0.5) << "the server's start";
}

/// By vfork: for the tracker and for each child once.
TEST(Start, from_3_10_on_the_parent_waits_until_a_spawned_child_has_become_its_program) {
  WorldSpec world = started(StartMethod::spawn, 2);
  world.runtime.version = {.major = 3, .minor = 9};
  const double before = metric(simulate_world(world, 1, {}), "switches_voluntary", "main");
  world.runtime.version = {.major = 3, .minor = 10};
  const Timings waits = simulate_world(world, 1, {});
  EXPECT_EQ(waits.status, RunStatus::ok) << waits.error;
  EXPECT_EQ(metric(waits, "switches_voluntary", "main"), before + 3.0);
}

TEST(Start, who_starts_an_interpreter_beside_others_pays_for_each_return_to_the_cpu) {
  const auto added = [](StartMethod method, const std::string& who) {
    WorldSpec world = started(method, 4, 1);
    world.runtime.costs.fork_child = 20ms;  // long enough to take turns
    const double warm = metric(run_world(world), "cpu_time", who);
    world.machine.cold_code.start = 1ms;
    return metric(run_world(world), "cpu_time", who) - warm;
  };
  EXPECT_GT(added(StartMethod::spawn, "pool0-3"), 1e6);
  EXPECT_GT(added(StartMethod::spawn, "resource-tracker"), 0.5e6);
  EXPECT_GT(added(StartMethod::forkserver, "fork-server"), 0.5e6);
  EXPECT_EQ(added(StartMethod::fork, "pool0-3"), 0.0) << "it uses what is there";
}

TEST(Start, windows_has_no_resource_tracker) {
  WorldSpec world = started(StartMethod::spawn, 1);
  world.runtime.platform = Platform::windows;
  const Timings timings = run_world(world);
  EXPECT_FALSE(has_thread(timings, "resource-tracker"));
  EXPECT_THAT(warnings_of(timings), HasSubstr("never measured on macOS or Windows"));
}

TEST(Start, forking_a_large_parent_is_paid_at_both_ends) {
  WorldSpec world = started(StartMethod::fork, 1);
  const double small = makespan_ms(world);
  world.runtime.memory = Bytes{1030LL << 20};
  // The child maps few file pages, so what differs is the parent's own memory.
  EXPECT_NEAR(makespan_ms(world) - small, 2 * 28.0, 0.2);
  world.executors[0].start = StartMethod::spawn;
  const double spawned = makespan_ms(world);
  world.runtime.memory = Bytes{30LL << 20};
  EXPECT_NEAR(makespan_ms(world), spawned, 0.001) << "a spawned child copies nothing";
}

TEST(Start, children_of_an_old_fork_server_import_main_each_for_itself) {
  WorldSpec world = started(StartMethod::forkserver, 4, 1);
  world.executors[0].import_cost = 55ms;
  world.runtime.version = {.major = 3, .minor = 13, .patch = 7};
  const double each = makespan_ms(world);
  world.runtime.version = {.major = 3, .minor = 13, .patch = 8};
  EXPECT_NEAR(each - makespan_ms(world), 3 * 55.0, 1.0)
      << "4 times in children, once in the server";
}

TEST(Start, a_line_of_python_whose_patches_differ_is_doubted) {
  WorldSpec world = started(StartMethod::forkserver, 1);
  world.executors[0].import_cost = 5ms;
  world.executors[0].import_memory = kib(500);
  world.runtime.version = {.major = 3, .minor = 14, .patch = PythonVersion::newest_patch};
  EXPECT_THAT(warnings_of(run_world(world)), HasSubstr("imports the main module once"));
  world.runtime.version.patch = 0;
  EXPECT_THAT(warnings_of(run_world(world)), Not(HasSubstr("imports the main module once")));
}

/// When the first result of Pool(2) is there, with tracker and fork server running already [ms].
double first_result_ms(StartMethod method) {
  WorldSpec world = linux_world(2);
  world.runtime.costs.pool_import = {};
  add_task(world, "nothing", {python(1us)});
  for (const ExecutorKind kind : {ExecutorKind::processes, ExecutorKind::process_per_task}) {
    ExecutorSpec& executor = add_executor(world, kind, 2);
    executor.start = method;
    executor.import_cost = 55ms;
  }
  world.main = numbered({map_items(1, 0, 1), sleep_for(200ms)});
  const double before = makespan_ms(world);
  world.main = numbered({map_items(1, 0, 1), sleep_for(200ms), map_items(1)});
  WorldOptions options;
  options.keep_tasks = true;
  const Timings timings = run_world(world, 1, options);
  EXPECT_EQ(timings.tasks.back().executor, "pool0");
  return in_ms(timings.tasks.back().readable.time_since_epoch()) - before;
}

/// Measured with CPython 3.11.7, whose main imported for 55 ms; docs/models/start-methods.md tells
/// what became of fork (7 ms).
TEST(Start, first_result_of_a_pool) {
  EXPECT_NEAR(first_result_ms(StartMethod::forkserver), 76.0, 7.6);
  EXPECT_NEAR(first_result_ms(StartMethod::spawn), 99.0, 9.9);
}

/// A pool of threads with one that is busy for long, then a fork.
WorldSpec forked_beside_threads(std::string lock) {
  WorldSpec world = linux_world(4);
  world.locks = {{.name = std::move(lock)}};
  add_task(world, "holds", {with_lock(0, {io(20ms)})});
  add_task(world, "plain", {python(1ms)});
  add_executor(world, ExecutorKind::threads, 1);
  add_executor(world, ExecutorKind::process_per_task).start = StartMethod::fork;
  world.futures = {"f"};
  world.main = numbered({submit(1, 0, 0), sleep_for(5ms), map_items(1, 1, 1), join()});
  return world;
}

TEST(ForkHazards, threads_left_behind_and_held_locks_are_named) {
  WorldSpec world = forked_beside_threads("ledger");
  world.runtime.version = {.major = 3, .minor = 11, .patch = 2};
  const std::string old = warnings_of(run_world(world));
  EXPECT_THAT(old, HasSubstr("process 'main' is forked while other threads of it run (pool0-0)"));
  EXPECT_THAT(old, HasSubstr(" ms while thread 'pool0-0' held lock 'ledger'"));
  EXPECT_THAT(old, HasSubstr("process 'pool1-0' was forked at 5."));
  EXPECT_THAT(old, Not(HasSubstr("DeprecationWarning")));
  world.runtime.version = {.major = 3, .minor = 12, .patch = 1};
  EXPECT_THAT(warnings_of(run_world(world)), HasSubstr("prints a DeprecationWarning"));
  world.executors[1].start = StartMethod::spawn;
  EXPECT_THAT(warnings_of(run_world(world)), Not(HasSubstr("is forked while")));
}

TEST(ForkHazards, the_handlers_of_a_first_pool_are_threads_too) {
  WorldSpec world = linux_world(4);
  add_task(world, "item", {python(1ms)});
  add_executor(world, ExecutorKind::processes, 2);
  const std::string one_pool = [&] {
    world.main = numbered({map_items(2)});
    return warnings_of(run_world(world));
  }();
  EXPECT_THAT(one_pool, Not(HasSubstr("is forked while")));
  add_executor(world, ExecutorKind::processes, 2);
  world.main = numbered({map_items(2), map_items(2, 0, 1)});
  EXPECT_THAT(warnings_of(run_world(world)),
              HasSubstr("(pool0-workers, pool0-tasks, pool0-results)"));
}

/// A child that is alone with its parent (and tracker and server): PSS and private size [MiB].
std::pair<double, double> sizes_of_child(const WorldSpec& world) {
  constexpr double mib = 1024.0 * 1024.0;
  const Timings timings = run_world(world);
  return {metric(timings, "peak_private", "pool0-0") / mib,
          metric(timings, "peak_memory", "pool0-0") / mib};
}

/// CPython 3.11.7 built -O3: parts measured on other processes than those that are judged here
/// (docs/models/memory.md); main modules with few and with many imports.
PythonMemory parts_of_3_11_7(bool many_imports) {
  return {.interpreter = kib(8460),
          .files = kib(many_imports ? 11'056 : 7'108),
          .forked_files = kib(3'728),
          .fork_writes = kib(1'550),
          .forkserver_writes = kib(3'660),
          .gc_writes = kib(1'816)};
}

TEST(StartMemory, private_sizes_of_workers_are_within_a_tenth_of_measured_ones) {
  struct Row {
    StartMethod method;
    double few_kib;   // measured private, Pool(2) with few imports
    double many_kib;  // a child, many imports
  };
  for (const Row& row :
       {Row{StartMethod::fork, 1714, 1600}, Row{StartMethod::forkserver, 4774, 10'784},
        Row{StartMethod::spawn, 8956, 13'620}}) {
    for (const bool many : {false, true}) {
      WorldSpec world = started(row.method, 1);
      world.runtime.memory_parts = parts_of_3_11_7(many);
      world.runtime.memory = kib(many ? 24'720 : 16'200);
      world.executors[0].import_cost = many ? 30ms : 1ms;
      // What its imports add to a main process: 13 708 - 8 520, and 9 180 - 8 520 KiB.
      world.executors[0].import_memory = kib(many ? 5'188 : 660);
      const double expected = (many ? row.many_kib : row.few_kib) / 1024.0;
      EXPECT_NEAR(sizes_of_child(world).first, expected, 0.10 * expected)
          << static_cast<int>(row.method) << (many ? " many imports" : " few imports");
    }
  }
}

/// One child beside a parent of 30 MiB. How much its main had imported follows from the spawned
/// one.
TEST(StartMemory, proportional_sizes_are_within_a_tenth_of_measured_ones) {
  struct Row {
    StartMethod method;
    double own_mib;
    double share_mib;
  };
  for (const Row& row :
       {Row{StartMethod::fork, 1.6, 10.9}, Row{StartMethod::forkserver, 11.6, 15.9},
        Row{StartMethod::spawn, 14.2, 17.6}}) {
    WorldSpec world = started(row.method, 1);
    world.runtime.memory_parts = parts_of_3_11_7(true);
    world.runtime.memory = Bytes{30'000'000};
    world.executors[0].import_memory = kib(14'541 - 8'460);
    const auto [own, share] = sizes_of_child(world);
    EXPECT_NEAR(own, row.own_mib, 0.1 * row.own_mib) << static_cast<int>(row.method);
    EXPECT_NEAR(share, row.share_mib, 0.1 * row.share_mib) << static_cast<int>(row.method);
  }
}

TEST(StartMemory, looking_at_inherited_objects_copies_their_pages) {
  WorldSpec world = started(StartMethod::fork, 1);
  world.runtime.memory = Bytes{140LL << 20};
  const double without = makespan_ms(world);
  const auto [own, share] = sizes_of_child(world);
  world.executors[0].touches = Bytes{110LL << 20};
  const auto [own_after, share_after] = sizes_of_child(world);
  EXPECT_NEAR(own_after - own, 0.85 * 110.0, 0.1);
  EXPECT_GT(share_after, share + 40.0);
  const double faults = 0.85 * 110.0 * 256.0 * 2.06e-3;  // ms
  EXPECT_NEAR(makespan_ms(world) - without, faults, 0.1);
}

TEST(StartMemory, more_cannot_be_looked_at_than_there_is) {
  WorldSpec world = started(StartMethod::fork, 1);
  world.executors[0].touches = Bytes{31LL << 20};
  const std::vector<sim::Error> errors = check_world(world);
  ASSERT_EQ(errors.size(), 1U);
  EXPECT_THAT(errors[0].what, HasSubstr("more than the main process has"));
}

TEST(StartMemory, a_cpp_program_says_nothing_of_memory) {
  WorldSpec world = cpp_world(2);
  add_task(world, "item", {native(1ms)});
  add_executor(world, ExecutorKind::cpp_threads, 2);
  world.main = numbered({map_items(4)});
  const Timings timings = run_world(world);
  EXPECT_TRUE(std::ranges::none_of(
      timings.metrics, [](const Metric& one) { return one.name.starts_with("peak_"); }));
}

}  // namespace
}  // namespace timeslice::models
