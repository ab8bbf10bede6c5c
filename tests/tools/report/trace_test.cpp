#include <algorithm>
#include <map>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tools/report/trace/ftrace_text.hpp"
#include "tools/report/trace/lanes.hpp"
#include "tools/report/trace/trace_file.hpp"
#include "tools/report/trace/track_model.hpp"
#include "tools/report/trace/wire.hpp"

namespace timeslice::tools {
namespace {

using models::SliceState;
using models::Timings;
using testing::HasSubstr;
using namespace std::chrono_literals;

sim::Instant at(sim::Duration time) {
  return sim::Instant{time};
}

void add(Timings& run, const std::string& thread, SliceState state, std::pair<int, int> span,
         int cpu = -1) {
  run.slices.push_back({.thread = thread,
                        .cpu = cpu,
                        .start = at(sim::Duration{span.first}),
                        .end = at(sim::Duration{span.second}),
                        .state = state});
}

/// main wakes worker at 10, waits for it, and goes on on CPU 1.
Timings hand_over() {
  Timings run;
  add(run, "main", SliceState::running, {-5, 10}, 0);
  add(run, "worker", SliceState::blocked, {0, 10});
  add(run, "worker", SliceState::running, {10, 30}, 0);
  add(run, "main", SliceState::blocked, {10, 30});
  add(run, "main", SliceState::running, {30, 40}, 1);
  run.wakes = {{.thread = "worker", .waker = "main", .at = at(10ns)},
               {.thread = "main", .waker = "", .at = at(30ns)}};
  return run;
}

std::string ftrace_of(const Timings& run) {
  std::string text;
  write_ftrace(run, [&text](std::string_view bytes) { text += bytes; });
  return text;
}

TEST(Lanes, the_lowest_lane_that_is_free_is_taken) {
  Lanes lanes;
  EXPECT_EQ(lanes.place(0, 10), 0U);
  EXPECT_EQ(lanes.place(5, 20), 1U);
  EXPECT_EQ(lanes.place(6, 8), 2U);
  EXPECT_EQ(lanes.place(10, 12), 0U) << "it was free from 10 on";
  EXPECT_EQ(lanes.place(11, 30), 2U);
}

TEST(Wire, varints_and_lengths_are_those_of_the_published_examples) {
  std::string message;
  Wire wire{message};
  wire.number(1, 150);
  wire.bytes(2, "testing");
  wire.fixed64(3, 1);
  EXPECT_EQ(message, std::string("\x08\x96\x01\x12\x07testing\x19\x01\0\0\0\0\0\0\0", 21));
}

TEST(TrackModel, items_of_one_task_that_overlap_get_lanes_of_their_own) {
  Timings run;
  for (int item = 0; item < 3; ++item) {
    const sim::Duration start{10 * item};
    run.tasks.push_back({.task = "crawl",
                         .item = static_cast<std::uint64_t>(item),
                         .executor = "loop",
                         .worker = "main",
                         .submitted = at(0ns),
                         .started = at(start),
                         .finished = at(start + 15ns),
                         .readable = at(start + 15ns)});
  }
  const TrackModel model = track_model(run);
  ASSERT_EQ(model.tracks.size(), 3U);
  EXPECT_EQ(model.tracks[0].name, "crawl");
  EXPECT_EQ(model.tracks[1].name, "crawl (2)");
  EXPECT_EQ(model.tracks[2].name, "items waiting for loop");
  std::map<std::uint32_t, std::int64_t> free_from;
  for (const TrackSlice& slice : model.slices) {
    EXPECT_GE(slice.start_ns, free_from[slice.track]);
    free_from[slice.track] = slice.end_ns;
  }
}

TEST(TrackModel, times_count_from_the_earliest_thing_and_arrows_end_where_the_woken_thread_begins) {
  const TrackModel model = track_model(hand_over());
  EXPECT_EQ(model.origin_ns, -5);
  ASSERT_EQ(model.arrows.size(), 1U) << "nobody known woke main";
  EXPECT_EQ(model.arrows[0].time_ns, 15);
  EXPECT_EQ(model.tracks[model.arrows[0].from_track].name, "main");
  const TrackSlice& to = model.slices[model.arrows[0].to_slice];
  EXPECT_EQ(model.tracks[to.track].name, "worker");
  EXPECT_EQ(model.names[to.name], "running");
  EXPECT_EQ(to.start_ns, 15);
}

TEST(TrackModel, without_known_wakers_wake_ups_are_found_from_the_slices) {
  Timings run = hand_over();
  run.wakes.clear();
  const auto wakes = wakes_of(run);
  ASSERT_EQ(wakes.size(), 3U);
  EXPECT_EQ(wakes[0].thread, "main");
  EXPECT_EQ(wakes[1].thread, "worker");
  EXPECT_EQ(wakes[1].at, at(10ns));
  EXPECT_EQ(wakes[2].at, at(30ns));
}

TEST(Ftrace, wakes_come_before_the_switch_that_they_lead_to) {
  const std::string text = ftrace_of(hand_over());
  EXPECT_THAT(text, HasSubstr("main-1       (-----) [000] d..2. 0.000000015: sched_waking: "
                              "comm=worker pid=2 prio=120 target_cpu=000\n"));
  EXPECT_THAT(text, HasSubstr("sched_switch: prev_comm=main prev_pid=1 prev_prio=120 "
                              "prev_state=S ==> next_comm=worker next_pid=2 next_prio=120\n"));
  EXPECT_LT(text.find("sched_waking: comm=worker"), text.find("next_comm=worker"));
}

TEST(Ftrace, a_thread_that_goes_on_elsewhere_migrates_and_one_that_ended_is_dead) {
  const std::string text = ftrace_of(hand_over());
  EXPECT_THAT(text, HasSubstr("[001] d..2. 0.000000035: sched_migrate_task: comm=main pid=1 "
                              "prio=120 orig_cpu=0 dest_cpu=1\n"));
  EXPECT_THAT(text, HasSubstr("prev_comm=main prev_pid=1 prev_prio=120 prev_state=X ==> "
                              "next_comm=swapper next_pid=0 next_prio=120\n"));
}

TEST(TraceFile, the_end_of_a_name_tells_the_format) {
  EXPECT_EQ(trace_format_of_file("a.pftrace"), TraceFormat::perfetto);
  EXPECT_EQ(trace_format_of_file("a.perfetto-trace"), TraceFormat::perfetto);
  EXPECT_EQ(trace_format_of_file("a.csv"), TraceFormat::csv);
  EXPECT_EQ(trace_format_of_file("a.txt"), std::nullopt);
  EXPECT_EQ(trace_format_named("table"), std::nullopt);
}

}  // namespace
}  // namespace timeslice::tools
