#include "tests/tools/store/sample_batch.hpp"

#include <atomic>
#include <filesystem>
#include <utility>
#include <variant>

#include <fmt/core.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "tools/report/query_table.hpp"
#include "tools/store/query.hpp"

namespace timeslice::tools {

SampleFile::SampleFile() {
  static std::atomic<int> count = 0;
  path = (std::filesystem::temp_directory_path() /
          fmt::format("timeslice-test-{}-{}.db", getpid(), ++count))
             .string();
}

SampleFile::~SampleFile() {
  for (const char* suffix : {"", "-wal", "-shm", "-journal"}) {
    std::filesystem::remove(path + suffix);
  }
}

BatchInfo sample_info() {
  return {.command = "run sample.yaml",
          .version = "0.1.0",
          .git = "abc1234",
          .model_version = 1,
          .host = {.name = "here",
                   .kernel = "Linux 6.1",
                   .cpu_model = "some CPU",
                   .cpus = 4,
                   .memory_bytes = 1 << 30,
                   .python = "3.11.2"},
          .scenario = "sample",
          .about = "a sample",
          .yaml = "timeslice: 1\n",
          .sha256 = std::string(64, '0'),
          .resolved_json = "{}",
          .keep = {},
          .sweep = "the sample",
          .resume = false};
}

PointOutcome sample_outcome(std::uint64_t ordinal, std::uint64_t workers, std::uint64_t repeat) {
  PointOutcome outcome;
  outcome.point.ordinal = ordinal;
  outcome.point.key = fmt::format("00000000000000a{}", ordinal);
  outcome.point.params = {
      {"variant", ""}, {"workers", std::to_string(workers)}, {"runtime.gil", "on"}};
  outcome.point.scenario.repeat.most = repeat;
  for (std::uint64_t rep = 0; rep < repeat; ++rep) {
    models::Timings run;
    run.seed = 100 + rep;
    run.digest = 0xABCD + rep;
    run.events = 10;
    const double makespan = 10'000.0 / static_cast<double>(workers);
    run.metrics = {{"makespan", "", "ns", makespan}, {"cpu_utilization", "0", "1", 0.5}};
    outcome.runs.push_back(run);
    outcome.wall_ns.push_back(1000);
  }
  outcome.metrics = summarise(outcome.runs);
  return outcome;
}

Store opened(const std::string& path) {
  auto result = Store::open(path);
  if (auto* problem = std::get_if<StoreError>(&result)) {
    ADD_FAILURE() << problem->error.what;
  }
  return std::get<Store>(std::move(result));
}

BatchId begun(Store& store, const BatchInfo& info) {
  const auto result = store.begin_batch(info);
  if (const auto* problem = std::get_if<StoreError>(&result)) {
    ADD_FAILURE() << problem->error.what;
  }
  return std::get<BatchId>(result);
}

void write_all(const std::string& path, const std::vector<PointOutcome>& outcomes, Keep keep) {
  auto store = opened(path);
  BatchInfo info = sample_info();
  info.keep = keep;
  const BatchId batch = begun(store, info);
  for (const PointOutcome& outcome : outcomes) {
    const auto problem = store.write_point(batch, outcome);
    ASSERT_FALSE(problem) << problem->error.what;
  }
  const auto problem = store.finish(batch);
  ASSERT_FALSE(problem) << problem->error.what;
}

void fill(const std::string& path, const SampleSweep& sweep) {
  std::vector<PointOutcome> outcomes;
  for (const std::uint64_t workers : sweep.workers) {
    outcomes.push_back(sample_outcome(outcomes.size(), workers, sweep.repeat));
  }
  write_all(path, outcomes);
}

std::string one(const std::string& path, const std::string& sql) {
  const auto result = run_query(path, sql);
  if (const auto* problem = std::get_if<StoreError>(&result)) {
    return "error: " + problem->error.what;
  }
  const auto& table = std::get<QueryTable>(result);
  if (table.rows.empty()) {
    return "no rows";
  }
  QueryTable first{.columns = {"x"}, .rows = {{table.rows[0][0]}}, .cut = false};
  const std::string csv = to_csv(first);  // "x\r\nvalue\r\n"
  return csv.substr(3, csv.size() - 5);
}

}  // namespace timeslice::tools
