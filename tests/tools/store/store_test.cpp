#include "tools/store/store.hpp"

#include <cmath>
#include <filesystem>
#include <fstream>
#include <limits>
#include <map>
#include <random>
#include <set>
#include <sstream>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include <SQLiteCpp/SQLiteCpp.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "tests/tools/store/sample_batch.hpp"
#include "tools/store/quantity.hpp"
#include "tools/store/query.hpp"
#include "tools/store/schema_text.hpp"
#include "tools/store/show.hpp"

namespace timeslice::tools {
namespace {

using testing::HasSubstr;
using testing::Not;

std::string file_text(const std::string& path) {
  std::ifstream file{path};
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

TEST(Schema, the_program_carries_what_the_sql_files_say) {
  const std::string folder = std::string{TIMESLICE_SOURCE_DIR} + "/tools/store/";
  EXPECT_EQ(schema_sql(), file_text(folder + "schema.sql")) << "run tools/store/embed.py";
  EXPECT_EQ(views_sql(), file_text(folder + "views.sql")) << "run tools/store/embed.py";
}

TEST(Quantity, units_make_numbers_comparable) {
  EXPECT_EQ(parse_quantity("5ms")->number, 5e6);
  EXPECT_LT(parse_quantity("900us")->number, parse_quantity("5ms")->number);
  EXPECT_EQ(parse_quantity("64KiB")->unit, "B");
  EXPECT_EQ(parse_quantity("8")->unit, "");
  EXPECT_FALSE(parse_quantity("on").has_value());
  EXPECT_FALSE(parse_quantity("nan").has_value());
  EXPECT_FALSE(parse_quantity("5 parsecs").has_value());
  EXPECT_FALSE(parse_quantity("").has_value());
}

TEST(Store, metrics_of_every_run_can_be_read_back_by_plain_sql) {
  const SampleFile file;
  fill(file.path, {.workers = {1, 2}, .repeat = 3});
  EXPECT_EQ(one(file.path, "SELECT count(*) FROM run"), "6");
  EXPECT_EQ(one(file.path, "SELECT count(*) FROM metric WHERE name = 'makespan'"), "6");
  EXPECT_EQ(one(file.path,
                "SELECT value FROM metric WHERE name = 'cpu_utilization' AND run = 1 "
                "AND entity = '0'"),
            "0.5");
  EXPECT_EQ(one(file.path, "SELECT unit FROM metric WHERE name = 'makespan' LIMIT 1"), "ns");
  EXPECT_EQ(one(file.path, "SELECT finished_utc IS NOT NULL FROM batch"), "1");
}

TEST(Store, one_plain_file_is_left_at_the_end) {
  const SampleFile file;
  fill(file.path, {.workers = {1}, .repeat = 1});
  EXPECT_FALSE(std::filesystem::exists(file.path + "-wal"));
  EXPECT_FALSE(std::filesystem::exists(file.path + "-journal"));
  EXPECT_EQ(file_text(file.path).substr(18, 1), "\x01") << "header: rollback journal, not WAL";
}

TEST(Store, v_run_has_a_column_for_each_parameter) {
  const SampleFile file;
  fill(file.path, {.workers = {1, 8}, .repeat = 1});
  EXPECT_EQ(one(file.path, "SELECT makespan_ns FROM v_run WHERE workers = 8"), "1250");
  EXPECT_EQ(one(file.path, "SELECT \"runtime.gil\" FROM v_run WHERE workers = 8"), "on");
  EXPECT_EQ(one(file.path, "SELECT json_extract(params, '$.workers') FROM v_run WHERE workers = 1"),
            "1");
}

TEST(Store, a_parameter_named_like_a_column_of_v_run_gets_a_prefix) {
  const SampleFile file;
  PointOutcome outcome = sample_outcome(0, 1, 1);
  outcome.point.params.push_back({"Seed", "77"});
  outcome.point.params.push_back({"a\"b'c", "x"});
  write_all(file.path, {outcome});
  EXPECT_EQ(one(file.path, "SELECT param_Seed FROM v_run"), "77");
  EXPECT_EQ(one(file.path, "SELECT \"a\"\"b'c\" FROM v_run"), "x");
}

TEST(Store, seeds_of_64_bits_are_shown_without_sign) {
  const SampleFile file;
  PointOutcome outcome = sample_outcome(0, 1, 1);
  outcome.runs[0].seed = std::numeric_limits<std::uint64_t>::max();
  write_all(file.path, {outcome});
  EXPECT_EQ(one(file.path, "SELECT seed FROM v_run"), "18446744073709551615");
}

TEST(Store, v_summary_gives_the_interval_that_summarise_gives) {
  const SampleFile file;
  PointOutcome outcome = sample_outcome(0, 1, 3);
  for (std::size_t rep = 0; rep < 3; ++rep) {
    outcome.runs[rep].metrics[0].value = 1e12 + 10.0 * static_cast<double>(rep);
  }
  outcome.metrics = summarise(outcome.runs);
  write_all(file.path, {outcome});
  const auto& expected = outcome.metrics[1];
  ASSERT_EQ(expected.name, "makespan");
  const std::string where = " FROM v_summary WHERE name = 'makespan'";
  EXPECT_NEAR(std::stod(one(file.path, "SELECT low" + where)), *expected.low, 1e-3);
  EXPECT_NEAR(std::stod(one(file.path, "SELECT high" + where)), *expected.high, 1e-3);
  EXPECT_EQ(one(file.path, "SELECT n" + where), "3");
}

TEST(Store, pooled_quantiles_in_v_summary_are_the_stored_ones) {
  const SampleFile file;
  PointOutcome outcome = sample_outcome(0, 1, 2);
  for (auto& run : outcome.runs) {
    run.metrics.push_back({"task_latency_p95", "page", "ns", 50.0});
    run.latencies.push_back({"page", {1, 2, 3, 40}});
  }
  outcome.metrics = summarise(outcome.runs);
  write_all(file.path, {outcome});
  EXPECT_EQ(one(file.path, "SELECT mean FROM v_summary WHERE name = 'task_latency_p95'"), "40");
}

TEST(Store, speedup_takes_the_smallest_value_of_the_axis_as_base) {
  const SampleFile file;
  fill(file.path, {.workers = {8, 1, 4}, .repeat = 2});
  const std::string where = " FROM v_speedup WHERE axis = 'workers' AND value = '8'";
  EXPECT_EQ(one(file.path, "SELECT base_value" + where), "1");
  EXPECT_EQ(one(file.path, "SELECT speedup" + where), "8");
  EXPECT_EQ(one(file.path, "SELECT n" + where), "2");
  EXPECT_EQ(one(file.path, "SELECT count(*) FROM v_speedup WHERE axis = 'runtime.gil'"), "0")
      << "a parameter with one value is no axis";
}

TEST(Store, intervals_of_a_speedup_do_not_cancel_where_it_is_large_and_even) {
  const SampleFile file;
  PointOutcome slow = sample_outcome(0, 1, 3);
  PointOutcome fast = sample_outcome(1, 2, 3);
  for (std::size_t rep = 0; rep < 3; ++rep) {
    slow.runs[rep].metrics[0].value = 1e12 + 1e3 * static_cast<double>(rep);
    fast.runs[rep].metrics[0].value = 1e3;
  }
  write_all(file.path, {slow, fast});
  const std::string where = " FROM v_speedup WHERE axis = 'workers' AND value = '2'";
  EXPECT_EQ(one(file.path, "SELECT n" + where), "3");
  // Speed-ups of 1e9, 1e9 + 1 and 1e9 + 2; t at 2 degrees is 4.3027: half a width of 2.4841.
  EXPECT_NEAR(std::stod(one(file.path, "SELECT high - speedup" + where)), 2.4841, 1e-3);
  EXPECT_NEAR(std::stod(one(file.path, "SELECT speedup - low" + where)), 2.4841, 1e-3);
}

TEST(Store, speedup_compares_only_points_that_agree_in_the_other_parameters) {
  const SampleFile file;
  std::vector<PointOutcome> outcomes;
  for (const char* gil : {"on", "off"}) {
    for (const std::uint64_t workers : {1U, 2U}) {
      outcomes.push_back(sample_outcome(outcomes.size(), workers, 2));
      outcomes.back().point.params[2].value = gil;
      if (std::string{gil} == "on") {
        for (auto& run : outcomes.back().runs) {
          run.metrics[0].value = 20'000.0;  // no faster with two workers
        }
      }
    }
  }
  write_all(file.path, outcomes);
  const std::string two = "SELECT speedup FROM v_speedup WHERE axis = 'workers' AND value = '2' ";
  EXPECT_EQ(one(file.path, two + "AND others = 'runtime.gil=on'"), "1");
  EXPECT_EQ(one(file.path, two + "AND others = 'runtime.gil=off'"), "2");
  EXPECT_EQ(one(file.path, "SELECT count(*) FROM v_speedup WHERE axis = 'runtime.gil'"), "4");
}

TEST(Store, a_point_that_could_not_be_resolved_is_a_failed_run_with_its_error) {
  const SampleFile file;
  PointOutcome outcome;
  outcome.point.ordinal = 4;
  outcome.error = "b.yaml:3:1: no such thing";
  write_all(file.path, {outcome});
  EXPECT_EQ(one(file.path, "SELECT status || ' ' || error FROM v_run WHERE ordinal = 4"),
            "failed b.yaml:3:1: no such thing");
}

TEST(Store, values_that_are_not_numbers_are_null) {
  const SampleFile file;
  PointOutcome outcome = sample_outcome(0, 1, 1);
  outcome.runs[0].metrics[0].value = std::nan("");
  write_all(file.path, {outcome});
  EXPECT_EQ(one(file.path, "SELECT value IS NULL FROM metric WHERE name = 'makespan'"), "1");
}

TEST(Store, runs_with_any_number_of_metrics_are_read_back_as_they_were_written) {
  const SampleFile file;
  std::mt19937_64 chance{7};
  std::map<std::tuple<std::int64_t, std::string, std::string>, double> written;
  std::vector<PointOutcome> outcomes;
  std::int64_t run_id = 0;
  for (std::uint64_t ordinal = 0; ordinal < 40; ++ordinal) {
    outcomes.push_back(sample_outcome(ordinal, 1, 3));
    for (models::Timings& run : outcomes.back().runs) {
      run.metrics.clear();
      ++run_id;
      const std::uint64_t count = chance() % 70;
      for (std::uint64_t at = 0; at < count; ++at) {  // some twice: the later one stays
        const std::string entity = std::to_string(chance() % 90);
        const double value = chance() % 9 == 0 ? static_cast<double>(chance() % 3)
                                               : static_cast<double>(chance()) / 3.0;
        run.metrics.push_back({"cpu_time", entity, "ns", value});
        written[{run_id, "cpu_time", entity}] = value;
      }
    }
  }
  write_all(file.path, outcomes);
  EXPECT_EQ(one(file.path, "SELECT count(*) FROM metric"), std::to_string(written.size()));
  SQLite::Database database{file.path, SQLite::OPEN_READONLY};
  SQLite::Statement find{database, "SELECT run, name, entity, value FROM metric"};
  while (find.executeStep()) {
    const auto known = written.find({find.getColumn(0).getInt64(), find.getColumn(1).getString(),
                                     find.getColumn(2).getString()});
    ASSERT_NE(known, written.end());
    EXPECT_EQ(find.getColumn(3).getDouble(), known->second);
  }
}

TEST(Store, runs_with_the_same_metrics_share_their_layout) {
  const SampleFile file;
  fill(file.path, {.workers = {1, 2, 4, 8}, .repeat = 5});
  EXPECT_EQ(one(file.path, "SELECT count(*) FROM layout"), "2");
  EXPECT_EQ(one(file.path, "SELECT count(*) FROM block"), "20");
}

TEST(Store, figures_of_single_threads_and_cpus_can_be_left_out) {
  const SampleFile file;
  PointOutcome outcome = sample_outcome(0, 1, 1);
  outcome.runs[0].metrics.push_back({"cpu_time", "worker-1", "ns", 7.0});
  outcome.runs[0].metrics.push_back({"cpu_time", "", "ns", 70.0});
  outcome.runs[0].metrics.push_back({"throughput", "page", "1/s", 3.0});
  write_all(file.path, {outcome}, {.threads = false});
  EXPECT_EQ(one(file.path,
                "SELECT group_concat(name || ' ' || entity, '; ') FROM (SELECT * FROM metric "
                "ORDER BY name)"),
            "cpu_time ; makespan ; throughput page");
}

TEST(Store, tasks_and_slices_are_kept_only_on_request) {
  PointOutcome outcome = sample_outcome(0, 1, 1);
  outcome.runs[0].tasks.push_back({.task = "page",
                                   .item = 3,
                                   .executor = "pool",
                                   .worker = "pool-0",
                                   .submitted = {},
                                   .started = {},
                                   .finished = {},
                                   .readable = {}});
  outcome.runs[0].slices.push_back(
      {.thread = "main", .cpu = -1, .start = {}, .end = {}, .state = models::SliceState::gil_wait});
  outcome.runs[0].latencies.push_back({"page", {100, 101, 5000}});
  outcome.runs[0].process_samples.push_back({.process = "main", .rss = 4096, .threads = 2});
  outcome.runs[0].cpu_samples.push_back({.cpu = 3, .percent = 12.5});
  const SampleFile without;
  write_all(without.path, {outcome});
  EXPECT_EQ(one(without.path, "SELECT (SELECT count(*) FROM task) + (SELECT count(*) FROM slice)"),
            "0");
  const SampleFile with;
  write_all(with.path, {outcome}, {.tasks = true, .timeline = true});
  EXPECT_EQ(one(with.path, "SELECT worker FROM task WHERE item = 3"), "pool-0");
  EXPECT_EQ(one(with.path, "SELECT state || coalesce(cpu, '-') FROM slice"), "gil_wait-");
  EXPECT_EQ(one(without.path, "SELECT count(*) FROM resource"), "0");
  EXPECT_EQ(one(with.path, "SELECT rss + num_threads FROM resource WHERE entity = 'main'"), "4098");
  EXPECT_EQ(one(with.path, "SELECT cpu_percent FROM resource WHERE entity = 'cpu 3'"), "12.5");
  EXPECT_EQ(
      one(with.path, "SELECT sum(count) FROM histogram WHERE low_ns <= 100 AND high_ns > 101"),
      "2");
}

TEST(Store, warnings_are_stored_once_and_shown_with_the_run) {
  const SampleFile file;
  std::vector outcomes{sample_outcome(0, 1, 1), sample_outcome(1, 2, 1)};
  for (auto& outcome : outcomes) {
    outcome.warnings = {"nobody measured this factor"};
  }
  write_all(file.path, outcomes);
  EXPECT_EQ(one(file.path, "SELECT count(*) FROM warning"), "1");
  const auto text = show_run(file.path, "2");
  ASSERT_TRUE(std::holds_alternative<std::string>(text));
  EXPECT_THAT(std::get<std::string>(text), HasSubstr("nobody measured this factor"));
  EXPECT_THAT(std::get<std::string>(text), HasSubstr("makespan"));
  EXPECT_THAT(std::get<std::string>(text), HasSubstr("workers"));
}

TEST(Store, a_run_is_found_by_number_by_key_and_by_key_with_repetition) {
  const SampleFile file;
  fill(file.path, {.workers = {1, 2}, .repeat = 2});
  for (const char* name : {"3", "00000000000000a1", "00000000000000a1:0"}) {
    const auto text = show_run(file.path, name);
    ASSERT_TRUE(std::holds_alternative<std::string>(text)) << name;
    EXPECT_THAT(std::get<std::string>(text), HasSubstr("run          3\n")) << name;
  }
  const auto missing = show_run(file.path, "99");
  ASSERT_TRUE(std::holds_alternative<StoreError>(missing));
  EXPECT_EQ(exit_code(std::get<StoreError>(missing).fault), 2);
}

TEST(Store, a_resumed_batch_goes_on_where_the_interrupted_one_stopped) {
  const SampleFile file;
  {
    auto store = opened(file.path);
    const BatchId batch = begun(store, sample_info());
    EXPECT_FALSE(store.write_point(batch, sample_outcome(0, 1, 2)));
    PointOutcome failed = sample_outcome(1, 2, 2);
    failed.runs[1].status = models::RunStatus::timeout;
    EXPECT_FALSE(store.write_point(batch, failed));
    EXPECT_FALSE(store.pause());
  }
  auto store = opened(file.path);
  BatchInfo info = sample_info();
  info.resume = true;
  const BatchId batch = begun(store, info);
  const auto stored = store.stored_points(batch);
  ASSERT_TRUE(std::holds_alternative<StoredPoints>(stored));
  ASSERT_EQ(std::get<StoredPoints>(stored).size(), 1U);
  EXPECT_EQ(std::get<StoredPoints>(stored).at(0).key, "00000000000000a0");
  EXPECT_EQ(std::get<StoredPoints>(stored).at(0).repetitions, (std::set<std::uint64_t>{0, 1}));
  EXPECT_FALSE(store.write_point(batch, sample_outcome(1, 2, 2)));
  EXPECT_FALSE(store.finish(batch));
  EXPECT_EQ(one(file.path, "SELECT count(*) FROM batch"), "1");
  EXPECT_EQ(one(file.path, "SELECT count(*) || ' ' || sum(status = 'ok') FROM run"), "4 4");
}

PointOutcome only(PointOutcome outcome, const std::vector<std::uint64_t>& repetitions) {
  PointOutcome some = outcome;
  some.runs.clear();
  some.wall_ns.clear();
  some.repetitions = repetitions;
  for (const std::uint64_t rep : repetitions) {
    some.runs.push_back(outcome.runs[rep]);
    some.wall_ns.push_back(outcome.wall_ns[rep]);
  }
  some.complete = false;
  return some;
}

TEST(Store, runs_are_kept_before_their_point_is_complete_and_joined_by_the_rest) {
  const SampleFile file;
  const PointOutcome whole = sample_outcome(0, 1, 4);
  {
    auto store = opened(file.path);
    const BatchId batch = begun(store, sample_info());
    const std::vector<FinishedRun> early{{.repetition = 2, .timings = &whole.runs[2]}};
    EXPECT_FALSE(store.write_runs(batch, whole.point, early));
    EXPECT_EQ(one(file.path, "SELECT count(*) FROM run"), "1") << "at once";
    EXPECT_FALSE(store.write_point(batch, only(whole, {0, 2})));
    EXPECT_FALSE(store.pause());
  }
  const std::string summary =
      "SELECT n || ' of ' || planned FROM v_summary WHERE "
      "name = 'makespan'";
  EXPECT_EQ(one(file.path, summary), "2 of 4");
  auto store = opened(file.path);
  BatchInfo info = sample_info();
  info.command = "run sample.yaml -q --resume";
  info.resume = true;
  const BatchId batch = begun(store, info);
  const auto stored = store.stored_points(batch);
  EXPECT_EQ(std::get<StoredPoints>(stored).at(0).repetitions, (std::set<std::uint64_t>{0, 2}));
  PointOutcome rest = only(whole, {1, 3});
  rest.complete = true;
  EXPECT_FALSE(store.write_point(batch, rest));
  EXPECT_FALSE(store.finish(batch));
  EXPECT_EQ(one(file.path, summary), "4 of 4");
  EXPECT_EQ(one(file.path, "SELECT group_concat(rep, '') FROM (SELECT rep FROM run ORDER BY rep)"),
            "0123");
  EXPECT_EQ(one(file.path, "SELECT count(*) FROM point"), "1");
}

TEST(Store, a_point_whose_content_has_changed_gets_a_new_row_on_resume) {
  const SampleFile file;
  PointOutcome outcome = sample_outcome(0, 1, 4);
  {
    auto store = opened(file.path);
    const BatchId batch = begun(store, sample_info());
    EXPECT_FALSE(store.write_point(batch, only(outcome, {0})));
    EXPECT_FALSE(store.pause());
  }
  auto store = opened(file.path);
  BatchInfo info = sample_info();
  info.resume = true;
  const BatchId batch = begun(store, info);
  (void)store.stored_points(batch);
  outcome.point.key = "00000000000000ff";
  EXPECT_FALSE(store.write_point(batch, outcome));
  EXPECT_FALSE(store.finish(batch));
  EXPECT_EQ(one(file.path,
                "SELECT count(*) FROM run JOIN point ON point.id = run.point WHERE "
                "key = '00000000000000ff'"),
            "4");
}

TEST(Store, another_sweep_is_not_resumed) {
  const SampleFile file;
  {
    auto store = opened(file.path);
    (void)begun(store, sample_info());
    EXPECT_FALSE(store.pause());
  }
  auto store = opened(file.path);
  BatchInfo info = sample_info();
  info.resume = true;
  info.sweep = "another";
  (void)begun(store, info);
  EXPECT_FALSE(store.pause());
  EXPECT_EQ(one(file.path, "SELECT count(*) FROM batch"), "2");
}

TEST(Store, speedup_is_left_out_where_the_work_is_not_the_same) {
  const SampleFile file;
  std::vector<PointOutcome> outcomes;
  for (const std::uint64_t workers : {1U, 2U, 4U}) {
    outcomes.push_back(sample_outcome(outcomes.size(), workers, 1));
    const sim::Duration work{workers == 4 ? 500 : 1000};
    outcomes.back().point.scenario.world.main = {
        models::Step{.what = models::NativeStep{.duration = models::constant(work)}}};
  }
  write_all(file.path, outcomes);
  EXPECT_EQ(one(file.path, "SELECT group_concat(value, '-') FROM v_speedup WHERE axis = 'workers'"),
            "1-2");
}

TEST(Store, a_finished_batch_is_not_resumed) {
  const SampleFile file;
  fill(file.path, {.workers = {1}, .repeat = 1});
  auto store = opened(file.path);
  BatchInfo info = sample_info();
  info.resume = true;
  const BatchId batch = begun(store, info);
  EXPECT_FALSE(store.finish(batch));
  EXPECT_EQ(one(file.path, "SELECT count(*) FROM batch"), "2");
  EXPECT_EQ(one(file.path, "SELECT count(*) FROM scenario"), "1");
  EXPECT_EQ(one(file.path, "SELECT count(*) FROM host"), "1");
}

TEST(Store, measured_runs_stand_beside_the_simulated_ones_of_their_point) {
  const SampleFile file;
  auto store = opened(file.path);
  const BatchId batch = begun(store, sample_info());
  const PointOutcome outcome = sample_outcome(0, 4, 2);
  EXPECT_FALSE(store.write_point(batch, outcome));
  EXPECT_FALSE(store.write_measured(batch, outcome.point, outcome.runs));
  ComparisonRow row{
      .name = "makespan", .entity = "", .unit = "ns", .predicted = 110.0, .measured = 100.0};
  row.error = 0.1;
  row.covered = true;
  EXPECT_FALSE(store.write_comparisons(batch, outcome.point, std::vector{row}));
  EXPECT_FALSE(store.finish(batch));
  EXPECT_EQ(one(file.path, "SELECT count(*) FROM point"), "1");
  EXPECT_EQ(one(file.path, "SELECT count(*) FROM run WHERE kind = 'measured' AND digest IS NULL"),
            "2");
  EXPECT_EQ(one(file.path, "SELECT error FROM v_error WHERE params LIKE '%workers=4%'"), "0.1");
  EXPECT_EQ(one(file.path, "SELECT covered || coalesce(error_raw, ' none') FROM v_error"),
            "1 none");
}

TEST(Store, a_file_that_is_no_database_is_refused_and_left_alone) {
  const SampleFile file;
  const std::string text(5000, 'x');
  std::ofstream{file.path} << text;
  const auto refused = Store::open(file.path);
  ASSERT_TRUE(std::holds_alternative<StoreError>(refused));
  EXPECT_EQ(exit_code(std::get<StoreError>(refused).fault), 3);
  EXPECT_EQ(file_text(file.path), text);
}

TEST(Store, a_folder_that_does_not_exist_is_an_error_with_advice) {
  const auto refused = Store::open("/nonexistent-folder/results.db");
  ASSERT_TRUE(std::holds_alternative<StoreError>(refused));
  EXPECT_EQ(std::get<StoreError>(refused).fault, StoreFault::read_only);
  EXPECT_FALSE(std::get<StoreError>(refused).error.advice.empty());
}

}  // namespace
}  // namespace timeslice::tools
