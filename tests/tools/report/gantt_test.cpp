#include "tools/report/gantt.hpp"

#include <algorithm>
#include <sstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tools/report/text_table.hpp"

namespace timeslice::tools {
namespace {

using models::SliceState;
using testing::HasSubstr;
using testing::Not;
using namespace std::chrono_literals;

sim::Instant at(sim::Duration time) {
  return sim::Instant{time};
}

// main runs on CPU 0 for the first half and on CPU 1 for the second; worker waits for the GIL.
models::Timings half_and_half() {
  models::Timings run;
  run.makespan = 100ms;
  run.slices = {
      {.thread = "main", .cpu = 0, .start = at(0ms), .end = at(50ms)},
      {.thread = "worker",
       .cpu = -1,
       .start = at(0ms),
       .end = at(50ms),
       .state = SliceState::gil_wait},
      {.thread = "main",
       .cpu = -1,
       .start = at(50ms),
       .end = at(100ms),
       .state = SliceState::blocked},
      {.thread = "worker", .cpu = 1, .start = at(50ms), .end = at(100ms)},
  };
  return run;
}

std::string line_with(const std::string& text, const std::string& start) {
  std::istringstream lines{text};
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with(start)) {
      return line;
    }
  }
  return {};
}

std::string ascii_gantt(const models::Timings& run, std::size_t width = 60) {
  return gantt(run, {.width = width, .unicode = false});
}

TEST(Gantt, each_cpu_shows_the_thread_that_ran_and_each_thread_its_state) {
  const std::string text = ascii_gantt(half_and_half());
  const std::string cpu0 = line_with(text, "  cpu 0");
  EXPECT_EQ(std::ranges::count(cpu0, 'A'), 24) << text;
  EXPECT_THAT(cpu0, Not(HasSubstr("B")));
  const std::string worker = line_with(text, "  B worker");
  EXPECT_EQ(std::ranges::count(worker, 'g'), 24) << text;
  EXPECT_EQ(std::ranges::count(worker, '#'), 24) << text;
}

TEST(Gantt, ascii_has_no_other_bytes_and_unicode_has_blocks) {
  const std::string ascii = ascii_gantt(half_and_half());
  EXPECT_TRUE(std::ranges::all_of(ascii, [](char c) { return static_cast<signed char>(c) >= 0; }));
  EXPECT_THAT(gantt(half_and_half(), {.width = 60}), HasSubstr("█"));
}

TEST(Gantt, no_line_is_wider_than_the_terminal) {
  for (const std::size_t width : {60U, 80U, 133U}) {
    std::istringstream lines{gantt(half_and_half(), {.width = width})};
    for (std::string line; std::getline(lines, line);) {
      const bool is_legend = line.find("running") != std::string::npos;
      EXPECT_TRUE(is_legend || display_width(line) <= width) << line;
    }
  }
}

TEST(Gantt, the_axis_begins_at_zero_and_shows_times) {
  EXPECT_THAT(ascii_gantt(half_and_half(), 100), HasSubstr("20 ms"));
}

// CPU 0 is alone, then beside its sibling; CPU 1 is time-shared and idle before.
models::Timings shared_core() {
  models::Timings run = half_and_half();
  run.cpu_states = {
      {.cpu = 0, .start = at(0ms), .end = at(50ms), .state = models::CpuState::alone},
      {.cpu = 0, .start = at(50ms), .end = at(100ms), .state = models::CpuState::beside_sibling},
      {.cpu = 1, .start = at(50ms), .end = at(100ms), .state = models::CpuState::time_shared},
  };
  return run;
}

TEST(Gantt, each_cpu_shows_whether_it_was_alone_beside_a_sibling_or_time_shared) {
  const std::string text = ascii_gantt(shared_core());
  const std::string states = text.substr(text.find("how they were busy"));
  const std::string cpu0 = line_with(states, "  cpu 0");
  EXPECT_EQ(std::ranges::count(cpu0, '#'), 24) << text;
  EXPECT_EQ(std::ranges::count(cpu0, 's'), 24) << text;
  const std::string cpu1 = line_with(states, "  cpu 1");
  EXPECT_EQ(std::ranges::count(cpu1, '.'), 24) << text;
  EXPECT_EQ(std::ranges::count(cpu1, 'q'), 24) << text;
  EXPECT_THAT(text, HasSubstr("s beside a busy sibling"));
}

TEST(Gantt, where_nothing_was_shared_one_line_says_so) {
  models::Timings run = half_and_half();
  run.cpu_states = {{.cpu = 0, .start = at(0ms), .end = at(50ms)}};
  const std::string text = ascii_gantt(run);
  EXPECT_THAT(text, HasSubstr("every busy CPU was alone on its core"));
  EXPECT_THAT(text, Not(HasSubstr("how they were busy")));
  EXPECT_THAT(ascii_gantt(half_and_half()), Not(HasSubstr("alone")));
}

TEST(Gantt, a_run_without_timeline_says_so) {
  EXPECT_THAT(gantt(models::Timings{}, {}), HasSubstr("no timeline"));
}

TEST(Gantt, a_short_burst_is_not_drawn_as_a_busy_cell) {
  models::Timings run;
  run.makespan = 1s;
  run.slices = {{.thread = "main", .cpu = 0, .start = at(0ms), .end = at(1us)},
                {.thread = "main", .cpu = 0, .start = at(500ms), .end = at(1000ms)}};
  const std::string cpu = line_with(ascii_gantt(run), "  cpu 0");
  EXPECT_EQ(cpu.find("A"), cpu.find(".") + 25) << cpu;
}

TEST(Gantt, many_threads_are_cut_with_a_word) {
  models::Timings run;
  run.makespan = 1s;
  for (int thread = 0; thread < 200; ++thread) {
    run.slices.push_back(
        {.thread = "t" + std::to_string(thread), .cpu = thread, .start = at(0s), .end = at(1s)});
  }
  const std::string text = ascii_gantt(run);
  EXPECT_THAT(text, HasSubstr("... 152 more threads ..."));
  EXPECT_THAT(text, HasSubstr("... 152 more CPUs ..."));
}

TEST(ItemTable, names_the_worker_of_each_item) {
  const std::vector<models::TaskTiming> tasks{{.task = "square",
                                               .item = 0,
                                               .executor = "pool",
                                               .worker = "pool-1",
                                               .submitted = at(0ms),
                                               .started = at(1ms),
                                               .finished = at(2ms),
                                               .readable = at(3ms)}};
  const std::string text = item_table(tasks, 40);
  EXPECT_THAT(text, HasSubstr("square     0  pool-1     1 ms"));
}

}  // namespace
}  // namespace timeslice::tools
