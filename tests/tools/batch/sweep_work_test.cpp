#include "tools/batch/sweep_work.hpp"

#include <atomic>
#include <chrono>
#include <mutex>
#include <set>
#include <span>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

namespace timeslice::tools {
namespace {

/// A stand-in for a simulation: its digest is a function of point and repetition alone.
models::Timings pretend(const scenarios::Scenario& scenario, std::uint64_t repetition) {
  models::Timings run;
  std::uint64_t state = scenario.seed * 0x9E3779B97F4A7C15U + repetition;
  for (std::uint64_t i = 0; i < 200 * (scenario.seed % 7); ++i) {
    state = state * 6364136223846793005U + 1442695040888963407U;
  }
  run.digest = state;
  run.metrics.push_back({"makespan", "", "ns", static_cast<double>(state % 1000)});
  return run;
}

SweepWork work_of(std::uint64_t points, std::uint64_t repeat) {
  return {.points = points,
          .resolve =
              [repeat](std::uint64_t ordinal) {
                scenarios::Point point;
                point.ordinal = ordinal;
                point.scenario.seed = ordinal + 1;
                point.scenario.repeat.most = repeat;
                return std::variant<scenarios::Point, std::string>{std::move(point)};
              },
          .run = [](const scenarios::Scenario& scenario, std::uint64_t repetition,
                    const scenarios::RunOptions&) { return pretend(scenario, repetition); }};
}

std::vector<std::vector<std::uint64_t>> digests(const SweepWork& work, unsigned jobs) {
  std::vector<std::vector<std::uint64_t>> all;
  const SweepEnd end = run_sweep(work, {.jobs = jobs}, [&](PointOutcome&& outcome) {
    EXPECT_EQ(outcome.point.ordinal, all.size()) << "outcomes come in order";
    all.emplace_back();
    for (const auto& run : outcome.runs) {
      all.back().push_back(run.digest);
    }
    EXPECT_EQ(outcome.wall_ns.size(), outcome.runs.size());
  });
  EXPECT_EQ(end, SweepEnd::complete);
  return all;
}

TEST(Sweep, outcomes_are_the_same_and_in_order_for_any_number_of_jobs) {
  for (const std::uint64_t repeat : {1U, 3U, 100U}) {
    const SweepWork work = work_of(120, repeat);
    const auto alone = digests(work, 1);
    ASSERT_EQ(alone.size(), 120U);
    ASSERT_EQ(alone[5].size(), repeat);
    EXPECT_EQ(alone, digests(work, 2));
    EXPECT_EQ(alone, digests(work, 8));
  }
}

TEST(Sweep, an_empty_plan_is_complete_at_once) {
  EXPECT_TRUE(digests(work_of(0, 1), 2).empty());
}

TEST(Sweep, only_wanted_points_are_run_and_counted) {
  std::vector<std::uint64_t> seen;
  std::uint64_t last_total = 0;
  const SweepOptions options{
      .jobs = 2,
      .wanted = [](std::uint64_t ordinal) { return ordinal % 3 == 1; },
      .progress = [&](std::uint64_t, std::uint64_t total) { last_total = total; }};
  const SweepEnd end = run_sweep(work_of(10, 2), options, [&](PointOutcome&& outcome) {
    seen.push_back(outcome.point.ordinal);
  });
  EXPECT_EQ(end, SweepEnd::complete);
  EXPECT_EQ(seen, (std::vector<std::uint64_t>{1, 4, 7}));
  EXPECT_EQ(last_total, 3U);
}

TEST(Sweep, a_point_that_cannot_be_resolved_is_an_outcome_with_its_error) {
  SweepWork work = work_of(3, 1);
  work.resolve = [resolve = work.resolve](std::uint64_t ordinal) {
    return ordinal == 1 ? std::variant<scenarios::Point, std::string>{"b.yaml:3:1: no such thing"}
                        : resolve(ordinal);
  };
  std::vector<std::string> errors;
  (void)run_sweep(work, {.jobs = 2}, [&](PointOutcome&& outcome) {
    EXPECT_EQ(outcome.point.ordinal, errors.size());
    errors.push_back(outcome.error);
  });
  EXPECT_EQ(errors, (std::vector<std::string>{"", "b.yaml:3:1: no such thing", ""}));
}

TEST(Sweep, a_run_that_throws_is_a_failed_run_and_not_the_end) {
  SweepWork work = work_of(2, 2);
  work.run = [](const scenarios::Scenario& scenario, std::uint64_t repetition,
                const scenarios::RunOptions&) {
    if (scenario.seed == 1 && repetition == 1) {
      throw std::runtime_error{"out of memory"};
    }
    return pretend(scenario, repetition);
  };
  std::vector<PointOutcome> outcomes;
  (void)run_sweep(work, {.jobs = 2},
                  [&](PointOutcome&& outcome) { outcomes.push_back(std::move(outcome)); });
  ASSERT_EQ(outcomes.size(), 2U);
  EXPECT_EQ(outcomes[0].runs[1].status, models::RunStatus::failed);
  EXPECT_EQ(outcomes[0].runs[1].error, "out of memory");
  EXPECT_EQ(outcomes[0].metrics.at(0).n, 1U);
  EXPECT_EQ(outcomes[1].metrics.at(0).n, 2U);
}

/// Makespans of point p: 1 s, spread over p x 10 % of it.
SweepWork spread_work(scenarios::Repeat repeat) {
  SweepWork work = work_of(4, 1);
  work.resolve = [repeat](std::uint64_t ordinal) {
    scenarios::Point point;
    point.ordinal = ordinal;
    point.scenario.seed = ordinal;
    point.scenario.repeat = repeat;
    return std::variant<scenarios::Point, std::string>{std::move(point)};
  };
  work.run = [](const scenarios::Scenario& scenario, std::uint64_t repetition,
                const scenarios::RunOptions&) {
    models::Timings run = pretend(scenario, repetition);
    const auto off = static_cast<std::int64_t>(repetition * 7 % 11) - 5;  // -5 to 5
    const auto spread = 10 * static_cast<std::int64_t>(scenario.seed);
    run.makespan = std::chrono::milliseconds{1000 + off * spread};
    return run;
  };
  return work;
}

TEST(Sweep, repeats_until_the_makespan_is_known_and_no_longer) {
  constexpr scenarios::Repeat repeat{.most = 60, .least = 5, .until = 0.02};
  const SweepWork work = spread_work(repeat);
  std::vector<std::vector<std::uint64_t>> counts;
  for (const unsigned jobs : {1U, 2U, 8U}) {
    counts.emplace_back();
    (void)run_sweep(work, {.jobs = jobs}, [&](PointOutcome&& outcome) {
      counts.back().push_back(outcome.runs.size());
      EXPECT_EQ(outcome.repetitions.size(), outcome.runs.size());
      EXPECT_EQ(outcome.point.scenario.repeat.most, outcome.runs.size());
      EXPECT_EQ(outcome.metrics.at(0).n, outcome.runs.size());
      const double precision = makespan_precision(outcome.runs).value();
      EXPECT_EQ(precision <= repeat.until, outcome.warnings.empty()) << precision;
    });
  }
  EXPECT_EQ(counts[0][0], 5U) << "no spread at all";
  EXPECT_LT(counts[0][1], counts[0][2]);
  EXPECT_LT(counts[0][2], counts[0][3]);
  EXPECT_EQ(counts[0], counts[1]);
  EXPECT_EQ(counts[0], counts[2]);
}

TEST(Sweep, what_cannot_be_known_well_enough_says_so) {
  (void)run_sweep(spread_work({.most = 6, .least = 5, .until = 0.001}), {.jobs = 2},
                  [](PointOutcome&& outcome) {
                    const bool spread = outcome.point.scenario.seed > 0;
                    EXPECT_EQ(outcome.runs.size(), spread ? 6U : 5U);
                    EXPECT_EQ(outcome.warnings.size(), spread ? 1U : 0U);
                  });
}

TEST(Sweep, warnings_of_scenario_and_runs_are_given_once) {
  SweepWork work = work_of(1, 3);
  work.resolve = [](std::uint64_t) {
    scenarios::Point point;
    point.scenario.repeat.most = 3;
    point.scenario.warnings = {"nobody measured this factor"};
    return std::variant<scenarios::Point, std::string>{std::move(point)};
  };
  work.run = [](const scenarios::Scenario&, std::uint64_t, const scenarios::RunOptions&) {
    models::Timings run;
    run.warnings = {"too short", "nobody measured this factor"};
    return run;
  };
  (void)run_sweep(work, {.jobs = 2}, [](PointOutcome&& outcome) {
    EXPECT_EQ(outcome.warnings,
              (std::vector<std::string>{"nobody measured this factor", "too short"}));
  });
}

TEST(Sweep, giving_up_reaches_running_simulations_and_marks_half_points) {
  SweepWork work = work_of(1000, 4);
  std::atomic<bool> endless = false;
  work.run = [&](const scenarios::Scenario& scenario, std::uint64_t repetition,
                 const scenarios::RunOptions& options) {
    while (scenario.seed > 5 && repetition > 0 && !options.give_up()) {
      endless = true;
      std::this_thread::yield();
    }
    return pretend(scenario, repetition);
  };
  std::uint64_t whole = 0;
  std::uint64_t last = 0;
  const SweepOptions options{.jobs = 3, .give_up = [&] { return endless.load(); }};
  const SweepEnd end = run_sweep(work, options, [&](PointOutcome&& outcome) {
    EXPECT_TRUE(whole == 0 || outcome.point.ordinal > last) << "still in order";
    last = outcome.point.ordinal;
    whole += outcome.complete ? 1U : 0U;
    EXPECT_EQ(outcome.complete, outcome.runs.size() == 4U);
    EXPECT_EQ(outcome.metrics.at(0).n, outcome.runs.size());
    for (std::size_t at = 0; at < outcome.runs.size(); ++at) {
      EXPECT_EQ(outcome.runs[at].digest,
                pretend(outcome.point.scenario, repetition_of(outcome, at)).digest);
    }
  });
  EXPECT_EQ(end, SweepEnd::interrupted);
  EXPECT_LE(whole, 5U) << "points from the sixth on never end";
}

TEST(Sweep, runs_of_a_long_point_are_told_while_it_goes_on) {
  SweepWork work = work_of(1, 50);
  std::atomic<std::uint64_t> told = 0;
  work.run = [&](const scenarios::Scenario& scenario, std::uint64_t repetition,
                 const scenarios::RunOptions&) {
    while (repetition == 49 && told < 10) {  // the point ends only when others were told
      std::this_thread::yield();
    }
    return pretend(scenario, repetition);
  };
  std::set<std::uint64_t> seen;
  const SweepOptions options{
      .jobs = 2,
      .on_runs =
          [&](const scenarios::Point& point, std::span<const FinishedRun> runs) {
            for (const FinishedRun& run : runs) {
              EXPECT_TRUE(seen.insert(run.repetition).second) << "told once";
              EXPECT_EQ(run.timings->digest, pretend(point.scenario, run.repetition).digest);
            }
            told = seen.size();
          },
      .runs_interval = std::chrono::milliseconds{1}};
  std::size_t runs = 0;
  EXPECT_EQ(run_sweep(work, options, [&](PointOutcome&& outcome) { runs += outcome.runs.size(); }),
            SweepEnd::complete);
  EXPECT_EQ(runs, 50U) << "the outcome has them all";
}

TEST(Sweep, repetitions_done_before_are_not_run_again) {
  std::vector<std::uint64_t> ran;
  const SweepOptions options{.jobs = 2,
                             .done_before = [](std::uint64_t ordinal, std::uint64_t repetition) {
                               return ordinal == 0 && repetition % 2 == 0;
                             }};
  (void)run_sweep(work_of(2, 4), options, [&](PointOutcome&& outcome) {
    EXPECT_TRUE(outcome.complete);
    for (std::size_t at = 0; at < outcome.runs.size(); ++at) {
      ran.push_back(outcome.point.ordinal * 10 + repetition_of(outcome, at));
    }
  });
  EXPECT_EQ(ran, (std::vector<std::uint64_t>{1, 3, 10, 11, 12, 13}));
}

TEST(Sweep, the_window_bounds_how_far_workers_run_ahead) {
  std::atomic<std::uint64_t> started = 0;
  SweepWork work = work_of(2000, 1);
  work.run = [&](const scenarios::Scenario& scenario, std::uint64_t repetition,
                 const scenarios::RunOptions&) {
    ++started;
    return pretend(scenario, repetition);
  };
  std::uint64_t delivered = 0;
  (void)run_sweep(work, {.jobs = 2}, [&](PointOutcome&&) {
    ++delivered;
    EXPECT_LE(started, delivered + 16);
  });
  EXPECT_EQ(delivered, 2000U);
}

TEST(Sweep, the_repetitions_of_one_point_run_side_by_side) {
  std::mutex mutex;
  std::set<std::thread::id> threads;
  SweepWork work = work_of(1, 8);
  std::atomic<int> together = 0;
  work.run = [&](const scenarios::Scenario& scenario, std::uint64_t repetition,
                 const scenarios::RunOptions&) {
    ++together;
    while (together < 2) {  // goes on only when a second worker has come
      std::this_thread::yield();
    }
    const std::lock_guard lock{mutex};
    threads.insert(std::this_thread::get_id());
    return pretend(scenario, repetition);
  };
  (void)run_sweep(work, {.jobs = 2}, [](PointOutcome&&) {});
  EXPECT_EQ(threads.size(), 2U);
}

}  // namespace
}  // namespace timeslice::tools
