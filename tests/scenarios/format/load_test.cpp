#include "scenarios/format/load.hpp"

#include <set>
#include <string>
#include <thread>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/scenarios/format/loading.hpp"

namespace timeslice::scenarios {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;

const char* const crawler = R"(timeslice: 1
name: crawler
machine: ideal-8
os: {scheduler: linux-6.12}
runtime: {python: "3.11", gil: on, switch_interval: 5ms}
locks: {db_lock: {kind: mutex}}
tasks:
  page:
    - io: lognormal(40ms, cv=0.6)
    - python: 6ms
    - native: 3ms
    - with: db_lock
      do: [{python: 200us}, {io: 1ms}]
executors:
  crawlers: {kind: threads, workers: "${workers}"}
main:
  - map: {task: page, items: 400, executor: crawlers}
params: {workers: 8}
matrix:
  workers: [1, 2, 4, 8, 16, 32]
  runtime.gil: [on, off]
  skip: [{workers: [1, 2], runtime.gil: off}]
variants:
  spawned: {executors.crawlers: {kind: processes, start: spawn}}
repeat: 10
seed: 42
expect:
  - makespan < 20s at workers=16, runtime.gil=on
  - speedup(workers=8 / workers=1) > 3 at runtime.gil=on
)";

TEST(Load, replication_until_the_makespan_is_known) {
  const auto repeat = [](const std::string& text) {
    return point(plan(around("repeat: " + text + "\n"))).scenario.repeat;
  };
  EXPECT_EQ(repeat("{until: 2%, max: 80}"), (Repeat{.most = 80, .least = 5, .until = 0.02}));
  EXPECT_EQ(repeat("{until: 0.5%, min: 20}"), (Repeat{.most = 100, .least = 20, .until = 0.005}));
  EXPECT_FALSE(repeat("7").adapts());
  for (const char* wrong :
       {"{until: 0%}", "{until: 60%}", "{until: soon}", "{max: 10}", "{until: 1%, max: 3}",
        "{until: 1%, min: 200}", "{until: 1%, max: 1}"}) {
    EXPECT_NE(errors(around(std::string{"repeat: "} + wrong + "\n")), "") << wrong;
  }
  const Plan fixed = plan(around("repeat: {until: 2%}\n"), {.repeat = 3});
  EXPECT_EQ(point(fixed).scenario.repeat, Repeat{.most = 3}) << "--repeat says how many";
}

TEST(Load, the_example_of_the_contract_becomes_a_world) {
  const Scenario read = point(plan(crawler)).scenario;
  EXPECT_EQ(read.name, "crawler");
  EXPECT_EQ(read.repeat.most, 10U);
  EXPECT_EQ(read.seed, 42U);
  EXPECT_EQ(read.world.machine.cpus.size(), 8U);
  EXPECT_EQ(read.world.runtime.gil.switch_interval, 5ms);
  ASSERT_EQ(read.world.tasks.size(), 1U);
  const models::Steps& page = read.world.tasks[0].steps;
  ASSERT_EQ(page.size(), 4U);
  EXPECT_EQ(std::get<models::IoStep>(page[0].what).duration.second, 0.6);
  EXPECT_EQ(std::get<models::PythonStep>(page[1].what).duration.first_ns, 6e6);
  const auto& with = std::get<models::WithStep>(page[3].what);
  EXPECT_EQ(page[3].number, 3U);
  EXPECT_EQ(with.body[1].number, 5U) << "steps are numbered in reading order";
  EXPECT_EQ(std::get<models::MapStep>(read.world.main[0].what).items, 400U);
  EXPECT_EQ(read.world.executors[0].workers.number, 1U);
}

TEST(Load, the_matrix_is_a_product_with_the_last_axis_fastest) {
  const Plan read = plan(crawler);
  EXPECT_EQ(read.size(), 20U) << "12 combinations less 2, for the base and one variant";
  EXPECT_THAT(read.axes(), ElementsAre("workers", "runtime.gil"));
  EXPECT_THAT(read.params(0),
              ElementsAre(Param{"variant", ""}, Param{"workers", "1"}, Param{"runtime.gil", "on"}));
  EXPECT_THAT(read.params(3), ElementsAre(Param{"variant", ""}, Param{"workers", "4"},
                                          Param{"runtime.gil", "off"}));
  EXPECT_EQ(read.params(10)[0].value, "spawned");
  EXPECT_EQ(point(read, 3).params, read.params(3));
  EXPECT_FALSE(point(read, 3).scenario.world.runtime.gil.enabled);
  EXPECT_EQ(point(read, 10).scenario.world.executors[0].kind, models::ExecutorKind::processes);
}

TEST(Load, added_points_follow_and_take_what_they_leave_out_from_the_scenario) {
  const Plan read =
      plan(around("params: {a: 1, b: 2}\nabout: \"${a} ${b}\"\n"
                  "matrix: {a: [3, 4], b: [5], add: [{a: 9}]}\n"));
  ASSERT_EQ(read.size(), 3U);
  EXPECT_EQ(point(read, 2).scenario.about, "9 2");
  EXPECT_EQ(read.params(2)[2].value, "2");
}

TEST(Load, the_command_line_pins_axes_and_chooses_variants) {
  const Plan pinned = plan(crawler, {.set = {{"workers", "4"}}});
  EXPECT_EQ(pinned.size(), 4U);
  EXPECT_TRUE(pinned.narrowed());
  const Plan variant = plan(crawler, {.variant = "spawned"});
  EXPECT_EQ(variant.size(), 10U);
  EXPECT_EQ(plan(crawler, {.variant = "base"}).params(0)[0].value, "");
  EXPECT_THAT(errors(crawler, {.variant = "spwaned"}), HasSubstr("did you mean 'spawned'?"));
  const Plan set = plan(crawler, {.set = {{"tasks.page.1.python", "9ms"}}, .seed = 7, .repeat = 3});
  EXPECT_FALSE(set.narrowed());
  const Scenario read = point(set).scenario;
  EXPECT_EQ(std::get<models::PythonStep>(read.world.tasks[0].steps[1].what).duration.first_ns, 9e6);
  EXPECT_EQ(read.seed, 7U);
  EXPECT_EQ(read.repeat.most, 3U);
}

TEST(Load, errors_on_the_command_line_name_the_option) {
  EXPECT_THAT(errors(crawler, {.set = {{"seed", "soon"}}}),
              HasSubstr("--set seed:1:1: error[E-type]"));
  EXPECT_THAT(errors(crawler, {.set = {{"runtme.gil", "off"}}}), HasSubstr("unknown key 'runtme'"));
  EXPECT_THAT(errors(crawler, {.set = {{"tasks.page.7.io", "1ms"}}}),
              HasSubstr("there is nothing at"));
  EXPECT_THAT(errors(crawler, {.machine = "vm-2d"}), HasSubstr("--machine:1:1: error[E-name]"));
}

TEST(Load, a_reference_alone_keeps_its_type_and_inside_text_is_put_in) {
  const Scenario read = scenario(around(
      "params: {n: 3, ms: \"${n}ms\"}\nabout: \"n is ${n}\"\nmain: [{io: \"${ms}\"}, {repeat: "
      "\"${n}\", do: []}]\n"));
  EXPECT_EQ(read.about, "n is 3");
  EXPECT_EQ(std::get<models::IoStep>(read.world.main[0].what).duration.first_ns, 3e6);
  EXPECT_EQ(std::get<models::RepeatStep>(read.world.main[1].what).times, 3U);
  EXPECT_THAT(errors(around("about: \"${n}\"\n")), HasSubstr("define it under params"));
}

TEST(Load, a_quoted_number_is_text) {
  EXPECT_THAT(errors(around("seed: \"8\"\n")), HasSubstr("\"8\" in quotes is text"));
  EXPECT_THAT(errors(around("params: {n: \"8\"}\nseed: \"${n}\"\n")),
              HasSubstr("in quotes is text"));
}

TEST(Load, extends_merges_maps_and_replaces_lists) {
  const Folder folder{"extends"};
  folder.write("base.yaml", std::string{crawler});
  const std::string path = folder.write("top.yaml",
                                        "extends: base.yaml\nname: top\nruntime: {gil: off}\n"
                                        "matrix: {workers: [3], skip: []}\nexpect: []\n"
                                        "tasks: {page: [{io: 1ms}]}\n");
  const Loaded loaded = load_file(path, {}, test_machines());
  ASSERT_TRUE(std::holds_alternative<Plan>(loaded)) << to_text(std::get<Diagnostics>(loaded));
  const Scenario read = point(std::get<Plan>(loaded), 0).scenario;
  EXPECT_EQ(read.name, "top");
  EXPECT_EQ(read.world.tasks[0].steps.size(), 1U);
  EXPECT_EQ(read.world.executors[0].workers.number, 3U);
}

TEST(Load, extends_in_a_circle_is_refused) {
  const Folder folder{"circle"};
  folder.write("a.yaml", "extends: b.yaml\n");
  const std::string path = folder.write("b.yaml", "extends: a.yaml\n");
  const Loaded loaded = load_file(path, {}, {});
  ASSERT_TRUE(std::holds_alternative<Diagnostics>(loaded));
  EXPECT_THAT(to_text(std::get<Diagnostics>(loaded)), HasSubstr("error[E-cycle]"));
}

TEST(Load, keys_that_start_with_x_are_skipped) {
  EXPECT_EQ(errors(around("x-note: {any: [thing, 5]}\nexecutors: {x-old: 3}\n")), "");
}

TEST(Load, unused_things_are_warnings) {
  const Scenario read = scenario(
      around("params: {spare: 1}\ntasks: {t: []}\nexecutors: {e: {kind: serial}}\nlocks: {l: {}}\n"
             "os: {policy: {queue: per-cpu}, groups: {g: {}}}\n"));
  for (const char* name :
       {"parameter 'spare'", "task 't'", "executor 'e'", "lock 'l'", "group 'g'"}) {
    EXPECT_THAT(read.warnings, testing::Contains(HasSubstr(name)));
  }
}

TEST(Load, keys_that_a_kind_has_no_use_for_are_warnings) {
  const auto doubts = [](const std::string& crew, const Overrides& overrides = {}) {
    return scenario(
               "timeslice: 1\nmachine: ideal-4\nruntime: {python: \"3.11\"}\n"
               "executors: {crew: " +
                   crew + "}\nmain: []\n",
               overrides)
        .warnings;
  };
  const auto ignored = [](const std::string& key, const std::string& kind) {
    return testing::Contains("executor crew: " + key + " has no effect on kind " + kind);
  };
  const auto threads = doubts(
      "{kind: threads, workers: 2, start: spawn, chunksize: 4, import_cost: 5ms, "
      "payload: {argument: 1KiB}, shutdown: terminate}");
  for (const char* key : {"start", "chunksize", "import_cost", "payload", "shutdown"}) {
    EXPECT_THAT(threads, ignored(key, "threads")) << key;
  }
  EXPECT_THAT(threads, testing::Not(ignored("workers", "threads")));
  EXPECT_THAT(doubts("{kind: serial, workers: 4, pin: cores-first}"),
              testing::AllOf(ignored("workers", "serial"), ignored("pin", "serial")));
  const auto none = testing::Not(testing::Contains(HasSubstr("has no effect")));
  EXPECT_THAT(doubts("{kind: threads, start: default, chunksize: auto}"), none);
  EXPECT_THAT(doubts("{kind: processes, workers: 2, start: spawn, chunksize: 4, import_cost: 5ms, "
                     "payload: {argument: 1KiB}, shutdown: terminate}"),
              none);
}

TEST(Load, keys_of_a_machine_map_that_no_step_feels_are_one_warning) {
  const auto doubts = [](const std::string& machine, const std::string& step) {
    return scenario("timeslice: 1\nmachine: " + machine + "\nmain: [{" + step + "}]\n").warnings;
  };
  const std::string map =
      "{cores: 2, caches: {l2: 1MiB}, clock: {base: 2GHz, turbo: {1: 3GHz}}, "
      "memory: {local: 85ns}}";
  const auto told = testing::Contains(HasSubstr("so these have no effect"));
  EXPECT_THAT(doubts(map, "python: 1ms"),
              testing::Contains("no step says what it does to memory (`memory`, `uses`), so these "
                                "have no effect: machine.caches (its sizes; who shares a cache "
                                "does count), machine.memory.local"));
  EXPECT_THAT(doubts(map, "repeat: 2, do: [{native: 1ms}]"), told);
  EXPECT_THAT(doubts(map, "memory: {touch: 1MiB}"), testing::Not(told));
  EXPECT_THAT(doubts(map, "native: 1ms, uses: {traffic: 1GB/s}"), testing::Not(told));
  EXPECT_THAT(doubts(map, "io: 1ms"), testing::Not(told)) << "no step could feel them";
  EXPECT_THAT(doubts("{cores: 2, memory: {size: 8GiB}}", "python: 1ms"), testing::Not(told));
  EXPECT_THAT(doubts("laptop-4c8t", "python: 1ms"), testing::Not(told)) << "presets describe";
}

TEST(Load, a_sweep_over_kinds_may_share_keys) {
  const Plan swept = plan(
      "timeslice: 1\nmachine: ideal-4\nruntime: {python: \"3.11\"}\n"
      "executors: {crew: {kind: \"${kind}\", workers: 2, start: fork}}\nmain: []\n"
      "params: {kind: serial}\nmatrix: {kind: [serial, processes]}\n");
  EXPECT_THAT(point(swept, 0).scenario.warnings,
              testing::Contains("executor crew: start has no effect on kind serial"));
  for (std::uint64_t i = 0; i < swept.size(); ++i) {
    EXPECT_THAT(point(swept, i).scenario.warnings,
                testing::Not(testing::Contains(HasSubstr("workers has no effect"))));
  }
}

TEST(Load, memory_of_workers_is_read_and_without_effect_on_threads) {
  const Scenario read = scenario(around(
      "executors: {a: {kind: processes, memory: 3MiB}, b: {kind: threads, memory: 1MiB}}\n"));
  EXPECT_EQ(read.world.executors[0].memory, models::Bytes{3 << 20});
  EXPECT_THAT(read.warnings, testing::Contains("executor b: memory has no effect on kind threads"));
  EXPECT_THAT(read.warnings, testing::Not(testing::Contains(HasSubstr("executor a: memory"))));
}

TEST(Load, names_are_numbered_by_the_alphabet_so_order_decides_nothing) {
  const Plan one =
      plan(around("tasks: {b: [{io: 1ms}], a: [{io: 2ms}]}\nseed: 3 # a remark\n"
                  "main: [{call: a}, {call: b}]\n"));
  const Plan other = plan(
      "main: [{call: a}, {call: b}]\nseed: 3\nmachine: ideal-4\n"
      "tasks: {a: [{io: 2ms}], b: [{io: 1ms}]}\ntimeslice: 1\n");
  EXPECT_EQ(point(one).key, point(other).key);
  EXPECT_EQ(point(one).scenario.world.tasks[0].name, "a");
}

TEST(Load, the_key_of_a_point_follows_its_content) {
  std::set<std::string> keys;
  const Plan read = plan(crawler);
  for (std::uint64_t i = 0; i < read.size(); ++i) {
    EXPECT_THAT(point(read, i).key, testing::MatchesRegex("[0-9a-f]{16}"));
    keys.insert(point(read, i).key);
  }
  EXPECT_EQ(keys.size(), read.size());
  EXPECT_NE(point(plan(crawler, {.machine = "ideal-4"})).key, point(read).key);
  EXPECT_NE(point(plan(crawler, {.seed = 43})).key, point(read).key);
  EXPECT_EQ(point(plan(crawler, {.repeat = 99})).key, point(read).key) << "more of the same";
}

TEST(Load, measured_values_are_part_of_the_key) {
  const Folder folder{"empirical"};
  const auto key = [&](const std::string& values) {
    folder.write("v.csv", values);
    const std::string path = folder.write("s.yaml", around("main: [{io: empirical(v.csv)}]\n"));
    const Loaded loaded = load_file(path, {}, {});
    EXPECT_TRUE(std::holds_alternative<Plan>(loaded));
    return point(std::get<Plan>(loaded)).key;
  };
  EXPECT_NE(key("5ms\n"), key("6ms\n"));
}

TEST(Load, axes_must_lead_somewhere) {
  EXPECT_THAT(errors(around("matrix: {wrkers: [1]}\nparams: {workers: 1}\n")),
              HasSubstr("did you mean 'workers'?"));
  EXPECT_THAT(errors(around("matrix: {runtime.gill: [on]}\n")), HasSubstr("unknown key 'gill'"));
  EXPECT_THAT(errors(around("params: {a: 1}\nmatrix: {a: [1, 1]}\n")), HasSubstr("error[E-dup]"));
  EXPECT_THAT(errors(around("params: {a: 1}\nmatrix: {a: [1, 2], skip: [{a: 3}]}\n")),
              HasSubstr("'a' has no value 3"));
  EXPECT_THAT(errors(around("variants: {v: {matrix: {a: [1]}}}\n")),
              HasSubstr("a variant cannot change 'matrix'"));
}

TEST(Load, an_error_of_one_point_is_found_at_load) {
  EXPECT_THAT(errors(around("params: {w: 1}\nexecutors: {e: {kind: threads, workers: \"${w}\"}}\n"
                            "matrix: {w: [1, 2, 0]}\n")),
              HasSubstr("t.yaml:5:20: error[E-range]: 'workers' must be at least 1, not 0"));
}

TEST(Load, points_may_be_resolved_by_several_threads) {
  const Plan read = plan(crawler);
  std::vector<std::string> keys(read.size());
  {
    std::vector<std::jthread> threads;
    for (std::uint64_t first = 0; first < 4; ++first) {
      threads.emplace_back([&, first] {
        for (std::uint64_t i = first; i < read.size(); i += 4) {
          keys[i] = std::get<Point>(read.point(i)).key;
        }
      });
    }
  }
  for (std::uint64_t i = 0; i < read.size(); ++i) {
    EXPECT_EQ(keys[i], point(read, i).key);
  }
}

TEST(Load, futures_are_joined_only_where_something_is_submitted) {
  const std::string head = "tasks: {a: [{io: 1ms}]}\nexecutors: {e: {kind: threads}}\n";
  EXPECT_THAT(errors(around(head + "main: [{submit: {task: a, executor: e, as: f}}, {join: g}]\n")),
              HasSubstr("nothing is submitted as 'g'"));
  const Scenario read =
      scenario(around(head + "main: [{submit: {task: a, executor: e, as: f}}]\n"));
  EXPECT_THAT(read.warnings, testing::Contains(HasSubstr("never joined")));
  EXPECT_THAT(read.world.futures, ElementsAre("f"));
}

TEST(Load, a_periodic_step_has_all_it_says) {
  const Scenario read = scenario(
      around("tasks: {t: [{native: 1ms}], u: [{native: 1ms}]}\nmain:\n"
             "  - periodic: {task: t, every: 10ms, deadline: 8ms, offset: 3ms, priority: 7,"
             " for: 1s, pin: [0, 2]}\n"
             "  - periodic: {task: u, every: \"uniform(5ms, 9ms)\", for: 2s}\n"));
  const auto& full = std::get<models::PeriodicStep>(read.world.main[0].what);
  EXPECT_EQ(models::mean_ns(full.every), 10e6);
  EXPECT_EQ(full.deadline, 8ms);
  EXPECT_EQ(full.offset, 3ms);
  EXPECT_EQ(full.priority, 7);
  EXPECT_EQ(full.length, 1s);
  EXPECT_EQ(full.pin, (std::vector{models::CpuId{0}, models::CpuId{2}}));
  const auto& least = std::get<models::PeriodicStep>(read.world.main[1].what);
  EXPECT_EQ(models::least_ns(least.every), 5e6);
  EXPECT_FALSE(least.deadline.has_value());
  EXPECT_EQ(least.priority, 1);
}

TEST(Load, a_periodic_step_stands_in_main_itself) {
  const std::string step = "{periodic: {task: t, every: 10ms, for: 1s}}";
  const std::string tasks = "tasks: {t: [{native: 1ms}]}\n";
  EXPECT_EQ(errors(around(tasks + "main: [" + step + "]\n")), "");
  EXPECT_THAT(errors(around(tasks + "main: [{repeat: 2, do: [" + step + "]}]\n")),
              HasSubstr("is started by main itself"));
  EXPECT_THAT(errors(around("tasks: {t: [{native: 1ms}], u: [" + step + "]}\nmain: [{call: u}]\n")),
              HasSubstr("is started by main itself"));
  EXPECT_THAT(errors(around(tasks + "main: [{periodic: {task: t, every: 10ms}}]\n")),
              HasSubstr("E-missing"));
  EXPECT_THAT(
      errors(around(tasks + "main: [{periodic: {task: t, every: 1ms, for: 1s, pin: [9]}}]\n")),
      HasSubstr("there is no CPU 9"));
}

TEST(Load, textbook_policies_have_their_parameters) {
  const auto policy = [](const std::string& text) {
    return scenario(around("os: {policy: {" + text + "}}\n")).world.os.policy;
  };
  EXPECT_EQ(policy("kind: priority, age: 50ms").age, 50ms);
  EXPECT_EQ(policy("kind: mlfq, levels: 5, boost: 2s").levels, 5U);
  EXPECT_EQ(policy("kind: mlfq, levels: 5, boost: 2s").boost, 2s);
  EXPECT_EQ(policy("kind: stride").slice, 10ms);
  EXPECT_EQ(policy("kind: lottery").kind, models::PolicyKind::lottery);
  EXPECT_EQ(scenario(around("os: {scheduler: edf}\n")).world.os.policy.kind,
            models::PolicyKind::edf);
  EXPECT_THAT(errors(around("os: {policy: {kind: edf, queue: per-cpu}, groups: {g: {}}}\n")),
              HasSubstr("no place in the order"));
  EXPECT_THAT(errors(around("os: {policy: {kind: mlfq, slice: 1h, levels: 30}}\n")),
              HasSubstr("longer than 30 years"));
}

}  // namespace
}  // namespace timeslice::scenarios
