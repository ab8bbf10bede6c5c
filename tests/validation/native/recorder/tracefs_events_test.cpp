#include "validation/native/recorder/tracefs_events.hpp"

#include <random>

#include <gtest/gtest.h>

#include "tests/validation/native/recorder/sample_trace.hpp"
#include "tests/validation/native/recorder/timeline_rules.hpp"

namespace timeslice::validation {
namespace {

SchedFormats formats() {
  return read_formats(described).value();
}

TEST(TracefsFormat, names_each_field_with_its_place) {
  const auto format = parse_event_format(*described("sched/sched_switch/format"));
  ASSERT_TRUE(format.has_value());
  EXPECT_EQ(format->id, switch_id);
  EXPECT_EQ(format->field("prev_comm")->size, 16U);
  EXPECT_EQ(format->field("next_pid")->offset, 40U);
  EXPECT_FALSE(format->field("next_comm").has_value());
}

TEST(TracefsFormat, refuses_what_is_no_description) {
  for (const char* text :
       {"", "ID: x\nformat:\n", "ID: 70000\nformat:\n\tfield:int a;\toffset:0;\tsize:4;\n",
        "ID: 3\nformat:\n\tfield:int a;\toffset:none;\tsize:4;\n",
        "ID: 3\nformat:\n\tfield:int a;\toffset:0;\tsize:99999999999999999999;\n",
        "format:\nID: 3\n\tfield:int a;\toffset:0;\tsize:4;\n"}) {
    EXPECT_FALSE(parse_event_format(text).has_value()) << text;
  }
  EXPECT_FALSE(parse_page_format("\tfield: u64 timestamp;\toffset:0;\tsize:8;\n").has_value());
}

TEST(TracefsFormat, a_field_outside_of_the_event_has_no_number) {
  const std::vector<std::byte> bytes(8);
  EXPECT_TRUE(number_at(bytes, {.name = {}, .offset = 4, .size = 4}).has_value());
  EXPECT_FALSE(number_at(bytes, {.name = {}, .offset = 5, .size = 4}).has_value());
  EXPECT_FALSE(number_at(bytes, {.name = {}, .offset = SIZE_MAX, .size = 4}).has_value());
  EXPECT_FALSE(number_at(bytes, {.name = {}, .offset = 0, .size = 3}).has_value());
}

TEST(TracefsFormat, a_kernel_without_an_event_is_named) {
  const auto read = [](const std::string& file) {
    return file == "task/task_newtask/format" ? std::nullopt : described(file);
  };
  const auto result = read_formats(read);
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().where, "events/task/task_newtask/format");
}

TEST(TracefsEvents, times_add_up_over_long_and_short_gaps) {
  PageWriter page{1'000};
  page.switched(1'500, 0, 0, 7).unknown(1'600).discarded(12).switched(3'000'000'000, 7, 1, 0);
  DecodedPages decoded;
  decode_pages(formats(), page.page(), 2, decoded);
  ASSERT_EQ(decoded.events.size(), 2U);
  EXPECT_EQ(decoded.broken, 0U);
  EXPECT_EQ(decoded.events[0].time_ns, 1'500);
  EXPECT_EQ(decoded.events[0].other, 7);
  EXPECT_EQ(decoded.events[0].on_cpu, 2);
  EXPECT_EQ(decoded.events[1].time_ns, 3'000'000'000);
  EXPECT_EQ(decoded.events[1].thread, 7);
}

TEST(TracefsEvents, the_state_says_why_a_thread_left) {
  PageWriter page{0};
  page.switched(1, 7, 0, 8).switched(2, 8, 0x100, 9).switched(3, 9, 1, 7).switched(4, 7, 2, 8);
  page.switched(5, 8, 0x10, 9).switched(6, 9, 0x20, 0);
  DecodedPages decoded;
  decode_pages(formats(), page.page(), 0, decoded);
  using Why = RecordBuilder::Why;
  std::vector<Why> reasons;
  for (const SchedEvent& event : decoded.events) {
    reasons.push_back(static_cast<Why>(event.target));
  }
  EXPECT_EQ(reasons, (std::vector<Why>{Why::preempted, Why::preempted, Why::slept,
                                       Why::slept_for_io, Why::exited, Why::exited}));
}

TEST(TracefsEvents, an_interrupt_is_no_waker) {
  PageWriter page{0};
  page.waking(1, 7, 8).waking(2, 7, 8, 0x08).waking(3, 7, 8, 0x10).waking(4, 7, 8, 0x01);
  DecodedPages decoded;
  decode_pages(formats(), page.page(), 0, decoded);
  ASSERT_EQ(decoded.events.size(), 4U);
  EXPECT_EQ(decoded.events[0].other, 7);
  EXPECT_EQ(decoded.events[1].other, 0);
  EXPECT_EQ(decoded.events[2].other, 0);
  EXPECT_EQ(decoded.events[3].other, 7) << "interrupts being off is no interrupt";
}

TEST(TracefsEvents, a_page_that_lost_events_or_is_cut_counts_as_broken) {
  DecodedPages decoded;
  PageWriter whole{0};
  whole.switched(1, 7, 0, 8);
  decode_pages(formats(), whole.page(1ULL << 31U), 0, decoded);
  EXPECT_EQ(decoded.broken, 1U) << "events missed";
  PageWriter cut{0};
  cut.word(28U | (1U << 5U));  // 112 bytes follow, it says
  decode_pages(formats(), cut.page(), 0, decoded);
  EXPECT_EQ(decoded.broken, 2U);
  EXPECT_EQ(decoded.events.size(), 1U);
}

TEST(TracefsEvents, random_bytes_never_crash_the_reader) {
  const SchedFormats known = formats();
  std::mt19937_64 random{99};
  for (int round = 0; round < 2'000; ++round) {
    std::vector<std::byte> page(512);
    for (std::byte& byte : page) {
      byte = static_cast<std::byte>(random() & 0xffU);
    }
    DecodedPages decoded;
    decode_pages(known, page, 0, decoded);
    EXPECT_LE(decoded.events.size(), 128U);
    RecordBuilder builder{{.root = 1, .start_ns = 0, .end_ns = 1, .cpus = {0, 1}}};
    replay(decoded.events, builder);
    static_cast<void>(std::move(builder).finish());
  }
}

/// Shell 1 makes program 10 on CPU 0, whose thread 11 runs on CPU 1 beside a foreign thread 90.
Recording small_program() {
  const SchedFormats known = formats();
  PageWriter first{0};
  first.created(10, 1, 10, false).woken(11, 10, 0, new_id).switched(20, 1, 1, 10);
  first.created(110, 10, 11, true).woken(111, 11, 1, new_id).switched(200, 10, 1, 0);
  first.switched(431, 0, 0, 10);
  PageWriter second{0};
  second.switched(100, 0, 0, 90).switched(150, 90, 0, 11).switched(300, 11, 0, 90);
  second.switched(320, 90, 1, 11).waking(400, 11, 10).woken(402, 10, 0).exited(450, 11);
  second.switched(460, 11, 0x20, 0);
  DecodedPages decoded;
  decode_pages(known, first.page(), 4, decoded);
  decode_pages(known, second.page(), 5, decoded);
  RecordBuilder builder{{.root = 10, .start_ns = 100, .end_ns = 500, .cpus = {4, 5}}};
  std::vector<SchedEvent> events = decoded.events;
  for (SchedEvent& event : events) {  // the pages number them 0 and 1
    event.target += event.kind == SchedEventKind::woken ? 4 : 0;
  }
  replay(events, builder);
  return std::move(builder).finish();
}

TEST(TracefsEvents, a_small_program_becomes_its_timeline) {
  const Recording recording = small_program();
  EXPECT_EQ(recording.repaired, 0U);
  const Timeline timeline = timeline_of(recording.records, sim::Duration{400});
  EXPECT_EQ(broken_rule(slices_of(timeline)), "");
  const TimelineFacts facts = facts_of(timeline, 2, true);
  ASSERT_EQ(facts.roles.size(), 2U);
  const ThreadFacts& main = facts.roles[0];
  EXPECT_EQ(main.role, "main");
  EXPECT_EQ(main.run.count(), 100 + 69);
  EXPECT_EQ(main.sleep.count(), 200);
  EXPECT_EQ(main.wait.count(), 31) << "from the start of its waking";
  EXPECT_EQ(main.voluntary, 1U);
  const ThreadFacts& thread = facts.roles[1];
  EXPECT_EQ(thread.role, "thread 1");
  EXPECT_EQ(thread.run.count(), 150 + 140);
  EXPECT_EQ(thread.wait.count(), 39 + 20);
  EXPECT_EQ(thread.involuntary, 1U);
  EXPECT_EQ(facts.foreign_cpu->count(), 50 + 20);
  // CPU 0 idles from 100 on; the thread waits in CPU 1's queue from 200 to 220.
  EXPECT_EQ(facts.idle_while_runnable->count(), 20);
  EXPECT_EQ(facts.runs->count, 2U) << "the foreign program ended no run, the end cut off main's";
}

}  // namespace
}  // namespace timeslice::validation
