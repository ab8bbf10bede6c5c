#include "validation/native/recorder/perf_records.hpp"

#include <cstring>
#include <random>

#include <gtest/gtest.h>
#include <linux/perf_event.h>

#include "tests/validation/native/recorder/timeline_rules.hpp"

namespace timeslice::validation {
namespace {

constexpr std::uint16_t out = PERF_RECORD_MISC_SWITCH_OUT;
constexpr std::uint16_t preempted = PERF_RECORD_MISC_SWITCH_OUT_PREEMPT;

/// Records as the kernel writes them, with thread, time and CPU at their end.
class Records {
 public:
  Records& switched(std::uint64_t time, std::uint32_t thread, std::uint32_t cpu,
                    std::uint16_t flags) {
    return record(PERF_RECORD_SWITCH, flags, {}, {10, thread, time, cpu});
  }
  Records& created(std::uint64_t time, std::uint32_t process, std::uint32_t thread,
                   std::uint32_t parent_process, std::uint32_t parent) {
    return record(PERF_RECORD_FORK, 0, {process, parent_process, thread, parent, 0, 0},
                  {parent_process, parent, time, 0});
  }
  Records& exited(std::uint64_t time, std::uint32_t thread, std::uint32_t cpu) {
    return record(PERF_RECORD_EXIT, 0, {10, 10, thread, 10, 0, 0}, {10, thread, time, cpu});
  }
  Records& lost(std::uint32_t count) {
    return record(PERF_RECORD_LOST, 0, {0, 0, count, 0}, {10, 10, 0, 0});
  }
  Records& named() { return record(PERF_RECORD_COMM, 0, {1, 2, 3, 4}, {10, 10, 0, 0}); }
  [[nodiscard]] std::vector<std::byte>& bytes() { return bytes_; }

 private:
  struct Tail {
    std::uint32_t process;
    std::uint32_t thread;
    std::uint64_t time;
    std::uint32_t cpu;
    std::uint32_t unused = 0;
  };
  Records& record(std::uint32_t type, std::uint16_t misc, const std::vector<std::uint32_t>& body,
                  const Tail& tail) {
    const std::size_t size = sizeof(perf_event_header) + body.size() * 4 + sizeof tail;
    const perf_event_header header{
        .type = type, .misc = misc, .size = static_cast<std::uint16_t>(size)};
    add(&header, sizeof header);
    add(body.data(), body.size() * 4);
    add(&tail, sizeof tail);
    return *this;
  }
  void add(const void* from, std::size_t size) {
    const std::size_t at = bytes_.size();
    bytes_.resize(at + size);
    if (size > 0) {
      std::memcpy(bytes_.data() + at, from, size);
    }
  }

  std::vector<std::byte> bytes_;
};

TEST(PerfRecords, a_small_program_becomes_its_timeline) {
  Records records;
  records.switched(5, 1, 0, 0).created(10, 10, 10, 1, 1).switched(20, 10, 0, 0);
  records.created(30, 10, 11, 10, 10).named().switched(120, 11, 1, 0);
  records.switched(150, 10, 0, out).switched(200, 11, 1, out | preempted);
  records.switched(240, 11, 1, 0).exited(300, 11, 1).switched(310, 10, 0, 0);
  PerfRecords read;
  read_perf_records(records.bytes(), read);
  EXPECT_EQ(read.lost + read.broken, 0U);
  RecordBuilder builder{{.root = 10, .start_ns = 100, .end_ns = 400, .cpus = {0, 1}}};
  for (PerfEvent& event : read.events) {
    event.process = event.thread == 1 ? 1 : event.process;
  }
  replay(read.events, 1, builder);
  const Recording recording = std::move(builder).finish();
  EXPECT_EQ(recording.repaired, 0U);
  const Timeline timeline = timeline_of(recording.records, sim::Duration{300});
  EXPECT_EQ(broken_rule(slices_of(timeline)), "");
  const TimelineFacts facts = facts_of(timeline, 2, false);
  ASSERT_EQ(facts.roles.size(), 2U);
  EXPECT_EQ(facts.roles[0].run.count(), 50 + 90);
  EXPECT_EQ(facts.roles[0].sleep.count(), 160) << "what it waited after its wake-up is unseen";
  EXPECT_EQ(facts.roles[1].run.count(), 80 + 60);
  EXPECT_EQ(facts.roles[1].wait.count(), 40);
  EXPECT_FALSE(facts.idle_while_runnable.has_value()) << "rivals are unseen";
  EXPECT_FALSE(facts.waits.has_value());
}

TEST(PerfRecords, what_the_kernel_lost_is_counted) {
  Records records;
  records.lost(7).switched(1, 10, 0, 0).lost(5);
  PerfRecords read;
  read_perf_records(records.bytes(), read);
  EXPECT_EQ(read.lost, 12U);
  EXPECT_EQ(read.events.size(), 1U);
}

TEST(PerfRecords, a_cut_off_record_counts_as_broken) {
  Records records;
  records.switched(1, 10, 0, 0).switched(2, 10, 0, out);
  records.bytes().resize(records.bytes().size() - 8);
  PerfRecords read;
  read_perf_records(records.bytes(), read);
  EXPECT_EQ(read.events.size(), 1U);
  EXPECT_EQ(read.broken, 1U);
}

TEST(PerfRecords, random_bytes_never_crash_the_reader) {
  std::mt19937_64 random{5};
  for (int round = 0; round < 2'000; ++round) {
    std::vector<std::byte> bytes(200);
    for (std::byte& byte : bytes) {
      byte = static_cast<std::byte>(random() % 40);  // many look like records
    }
    PerfRecords read;
    read_perf_records(bytes, read);
    EXPECT_LE(read.events.size(), 200U / sizeof(perf_event_header));
  }
}

}  // namespace
}  // namespace timeslice::validation
