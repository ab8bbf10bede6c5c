#include "tools/store/timeline.hpp"

#include <variant>

#include <gtest/gtest.h>

#include "tests/tools/store/sample_batch.hpp"

namespace timeslice::tools {
namespace {

sim::Instant at(std::int64_t ns) {
  return sim::Instant{sim::Duration{ns}};
}

TEST(StoredTimeline, says_how_each_cpu_was_busy) {
  PointOutcome outcome = sample_outcome(0, 1, 1);
  outcome.runs[0].slices.push_back({.thread = "main", .cpu = 1, .start = at(0), .end = at(9)});
  outcome.runs[0].cpu_states = {
      {.cpu = 1, .start = at(0), .end = at(4), .state = models::CpuState::alone},
      {.cpu = 1, .start = at(4), .end = at(6), .state = models::CpuState::beside_sibling},
      {.cpu = 1, .start = at(6), .end = at(9), .state = models::CpuState::time_shared}};
  const SampleFile file;
  write_all(file.path, {outcome}, {.timeline = true});
  EXPECT_EQ(one(file.path, "SELECT group_concat(state) FROM cpu_state"),
            "\"parallel,smt,timeshared\"");
  const auto read = read_timeline(file.path, "1");
  ASSERT_TRUE(std::holds_alternative<models::Timings>(read));
  const auto& states = std::get<models::Timings>(read).cpu_states;
  ASSERT_EQ(states.size(), 3U);
  EXPECT_EQ(states[1].state, models::CpuState::beside_sibling);
  EXPECT_EQ(states[2].start, at(6));
  EXPECT_EQ(states[2].state, models::CpuState::time_shared);
}

}  // namespace
}  // namespace timeslice::tools
