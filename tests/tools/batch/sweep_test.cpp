#include "tools/batch/sweep.hpp"

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include <gtest/gtest.h>

#include "scenarios/format/load.hpp"

namespace timeslice::tools {
namespace {

constexpr const char* scenario = R"(
timeslice: 1
name: sweep
machine: ideal-4
runtime: {python: "3.11"}
tasks:
  item:
    - python: exp(2ms)
    - io: exp(3ms)
executors:
  pool: {kind: threads, workers: "${workers}"}
main:
  - map: {task: item, items: 40, executor: pool}
params: {workers: 1}
matrix:
  workers: [1, 2, 3, 4, 8]
repeat: 4
seed: 7
)";

std::vector<std::uint64_t> digests(const scenarios::Plan& plan, unsigned jobs) {
  std::vector<std::uint64_t> all;
  const SweepEnd end = run_sweep(plan, {.jobs = jobs}, [&](PointOutcome&& outcome) {
    EXPECT_EQ(outcome.error, "");
    for (const models::Timings& run : outcome.runs) {
      EXPECT_EQ(run.status, models::RunStatus::ok) << run.error;
      all.push_back(run.digest);
    }
  });
  EXPECT_EQ(end, SweepEnd::complete);
  return all;
}

TEST(Sweep, simulations_have_equal_digests_for_any_number_of_jobs) {
  const auto loaded = scenarios::load_text(scenario, "sweep.yaml", ".", {}, {});
  ASSERT_TRUE(std::holds_alternative<scenarios::Plan>(loaded))
      << to_text(std::get<scenarios::Diagnostics>(loaded));
  const auto& plan = std::get<scenarios::Plan>(loaded);
  const auto alone = digests(plan, 1);
  EXPECT_EQ(alone.size(), 20U);
  EXPECT_EQ(alone, digests(plan, 2));
  EXPECT_EQ(alone, digests(plan, 8));
}

}  // namespace
}  // namespace timeslice::tools
