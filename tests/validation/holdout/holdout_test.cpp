#include "validation/holdout/holdout.hpp"

#include <map>
#include <set>
#include <string>
#include <variant>

#include <gtest/gtest.h>

#include "scenarios/format/load.hpp"
#include "scenarios/simulate.hpp"
#include "tests/random_cases.hpp"
#include "validation/holdout/grammar.hpp"
#include "validation/native/program.hpp"
#include "validation/native/support.hpp"
#include "validation/predict.hpp"

namespace timeslice::validation {
namespace {

std::string all_text(const Holdout& holdout) {
  std::string text;
  for (const DrawnScenario& drawn : holdout.scenarios) {
    text += drawn.file + '\n' + drawn.yaml;
  }
  return text;
}

/// Every point of a drawn file, as it stands but for its machine: this host has its own CPUs.
std::vector<scenarios::Point> points_of(const DrawnScenario& drawn, std::uint32_t cpus) {
  const std::string host = "\nmachine: host\n";
  std::string yaml = drawn.yaml;
  const auto at = yaml.find(host);
  EXPECT_NE(at, std::string::npos);
  yaml.replace(at, host.size(), "\nmachine: ideal-" + std::to_string(cpus) + '\n');
  const auto loaded = scenarios::load_text(yaml, drawn.file, ".", {}, {});
  const auto* plan = std::get_if<scenarios::Plan>(&loaded);
  std::vector<scenarios::Point> points;
  if (plan == nullptr) {
    ADD_FAILURE() << scenarios::to_text(std::get<scenarios::Diagnostics>(loaded)) << drawn.yaml;
    return points;
  }
  for (std::uint64_t i = 0; i < plan->size(); ++i) {
    points.push_back(std::get<scenarios::Point>(plan->point(i)));
  }
  return points;
}

/// How many sets of `size` scenarios make up the random cases: at least one.
std::uint64_t random_sets(std::uint64_t usual, std::uint64_t size) {
  return (cases::random_cases(usual * size) + size - 1) / size;
}

/// Sets for hosts of 2 and 4 CPUs, drawn once for all tests that look at many.
struct Set {
  std::uint32_t cpus = 0;
  Holdout drawn;
};
const std::vector<Set>& sets() {
  static const std::vector<Set> all = [] {
    std::vector<Set> made;
    for (std::uint64_t seed = 1; seed <= random_sets(50, 20); ++seed) {
      const std::uint32_t cpus = seed % 3 == 0 ? 4 : 2;
      made.push_back({cpus, draw_holdout({seed, 20, cpus, false})});
    }
    return made;
  }();
  return all;
}

TEST(Holdout, the_same_seed_gives_the_same_bytes_and_another_one_others) {
  const HoldoutOptions options{.seed = 7, .count = 11, .cpus = 2};
  EXPECT_EQ(all_text(draw_holdout(options)), all_text(draw_holdout(options)));
  HoldoutOptions other = options;
  other.seed = 8;
  EXPECT_NE(all_text(draw_holdout(options)), all_text(draw_holdout(other)));
}

TEST(Holdout, a_smaller_set_is_the_beginning_of_a_larger_one) {
  const Holdout large = draw_holdout({.seed = 3, .count = 12, .cpus = 2});
  const Holdout small = draw_holdout({.seed = 3, .count = 5, .cpus = 2});
  for (std::size_t i = 0; i < small.scenarios.size(); ++i) {
    EXPECT_EQ(small.scenarios[i].yaml, large.scenarios[i].yaml);
  }
}

TEST(Holdout, every_drawn_file_is_valid_runs_natively_and_is_of_its_class) {
  for (const auto& [cpus, set] : sets()) {
    for (const DrawnScenario& drawn : set.scenarios) {
      const auto points = points_of(drawn, cpus);
      ASSERT_EQ(points.size(), 1U) << drawn.name;
      NativeBounds bounds;
      bounds.cpus = cpus;
      const auto obstacle = native_obstacle(points[0].scenario.world, bounds);
      EXPECT_FALSE(obstacle) << drawn.name << ": " << obstacle->what;
      EXPECT_EQ(group_of(points[0].scenario.world), drawn.group);
      EXPECT_EQ(points[0].scenario.name, drawn.name);
    }
  }
}

TEST(Holdout, every_class_gets_its_share) {
  for (const Set& set : sets()) {
    std::map<std::string, int> by_class;
    for (const DrawnScenario& drawn : set.drawn.scenarios) {
      ++by_class[drawn.group];
    }
    EXPECT_EQ(by_class.size(), holdout_classes().size());
    for (const auto& [name, count] : by_class) {
      EXPECT_TRUE(count == 1 || count == 2) << count << " of " << name << ", of 20 in 11 classes";
    }
  }
}

TEST(Holdout, drawn_programs_end_and_take_about_what_is_asked_for) {
  for (std::uint64_t seed = 1; seed <= random_sets(4, 20); ++seed) {
    const Set& set = sets()[seed - 1];
    for (const DrawnScenario& drawn : set.drawn.scenarios) {
      for (const scenarios::Point& point : points_of(drawn, set.cpus)) {
        const models::Timings run = scenarios::simulate(point.scenario, 0, {});
        ASSERT_EQ(run.status, models::RunStatus::ok) << run.error << '\n' << drawn.yaml;
        // Chance, and fewer items than workers, move it; costs there are none.
        EXPECT_GT(run.makespan, std::chrono::milliseconds{25}) << drawn.yaml;
        EXPECT_LT(run.makespan, std::chrono::milliseconds{1500}) << drawn.yaml;
      }
    }
  }
}

TEST(Holdout, many_sets_have_every_kind_every_call_and_every_start_method) {
  std::string text;
  for (const Set& set : sets()) {
    text += all_text(set.drawn);
  }
  for (const char* word : {"kind: threads",
                           "kind: thread-per-task",
                           "kind: processes",
                           "kind: process-per-task",
                           "kind: process-executor",
                           "kind: asyncio",
                           "kind: cpp-threads",
                           "kind: cpp-async",
                           "kind: serial",
                           "start: fork",
                           "start: spawn",
                           "start: forkserver",
                           "- starmap:",
                           "- imap:",
                           "- imap_unordered:",
                           "- submit:",
                           "- gather:",
                           "maxtasksperchild:",
                           "holds_gil: true",
                           "{io:",
                           "{sleep:",
                           "kind: mutex",
                           "kind: semaphore",
                           "kind: queue",
                           "kind: event",
                           "kind: barrier",
                           "chunksize: auto",
                           "argument:",
                           "result:",
                           "exp(",
                           "uniform(",
                           "lognormal(",
                           "await: {task: block",
                           "repeat:",
                           "shutdown: terminate"}) {
    EXPECT_NE(text.find(word), std::string::npos) << word;
  }
}

TEST(Holdout, a_pair_is_two_designs_for_the_same_work) {
  for (std::uint64_t seed = 1; seed <= random_sets(4, 9); ++seed) {
    for (const DrawnScenario& drawn : draw_holdout({seed, 9, 2, true}).scenarios) {
      const auto points = points_of(drawn, 2);
      ASSERT_EQ(points.size(), 2U) << drawn.yaml;
      EXPECT_NE(points[0].key, points[1].key) << drawn.yaml;
      const std::uint64_t seed_of_run = scenarios::run_seed(points[0].scenario, 0);
      EXPECT_EQ(seed_of_run, scenarios::run_seed(points[1].scenario, 0));
      EXPECT_EQ(totals(expand(points[0].scenario.world, seed_of_run)).all(),
                totals(expand(points[1].scenario.world, seed_of_run)).all());
    }
  }
}

}  // namespace
}  // namespace timeslice::validation
