#include "validation/native/child.hpp"

#include <thread>

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

namespace timeslice::validation {
namespace {

using namespace std::chrono_literals;

/// A forked process that starts two more of its group and sleeps.
std::string parent_and_child() {
  for (int i = 0; i < 2; ++i) {
    if (::fork() == 0) {
      ::sleep(60);
      ::_exit(0);
    }
  }
  ::sleep(60);
  return "never";
}

TEST(NativeChild, output_and_cpu_time_come_back) {
  const auto outcome = run_forked([] { return std::string(200'000, 'x'); }, {});
  ASSERT_TRUE(outcome);
  EXPECT_TRUE(outcome.value().succeeded());
  EXPECT_EQ(outcome.value().out.size(), 200'000U);
}

TEST(NativeChild, a_program_gets_its_arguments_as_they_are) {
  const auto outcome = run_program({"/bin/echo", "$(touch x)", "`id`", "a b\n"}, {});
  ASSERT_TRUE(outcome);
  EXPECT_EQ(outcome.value().out, "$(touch x) `id` a b\n\n");
}

TEST(NativeChild, a_program_that_is_not_there_is_an_error) {
  const auto outcome = run_program({"/nowhere/python3"}, {});
  ASSERT_FALSE(outcome);
  EXPECT_EQ(outcome.error().where, "/nowhere/python3");
}

TEST(NativeChild, a_failure_is_described_by_its_last_words) {
  const auto outcome = run_program({"/bin/sh", "-c", "echo first >&2; echo last >&2; exit 7"}, {});
  ASSERT_TRUE(outcome);
  EXPECT_FALSE(outcome.value().succeeded());
  EXPECT_NE(describe(outcome.value()).find("exit code 7"), std::string::npos);
  EXPECT_NE(describe(outcome.value()).find("last"), std::string::npos);
}

TEST(NativeChild, the_wall_limit_ends_the_whole_group) {
  ChildLimits limits;
  limits.wall = 200ms;
  const auto outcome = run_forked(parent_and_child, limits);
  ASSERT_TRUE(outcome);
  EXPECT_EQ(outcome.value().end, ChildEnd::out_of_time);
  EXPECT_EQ(live_members(outcome.value().group), 0U);
  EXPECT_EQ(::kill(-outcome.value().group, 0), -1) << "not even a zombie is left";
}

TEST(NativeChild, a_request_ends_the_whole_group) {
  ChildLimits limits;
  int polls = 0;
  limits.give_up = [&] { return ++polls > 3; };
  const auto outcome = run_forked(parent_and_child, limits);
  ASSERT_TRUE(outcome);
  EXPECT_EQ(outcome.value().end, ChildEnd::given_up);
  EXPECT_EQ(live_members(outcome.value().group), 0U);
}

TEST(NativeChild, those_who_ignore_every_signal_that_can_be_ignored_end_as_well) {
  const auto stubborn = [] {
    for (const int number : {SIGTERM, SIGINT, SIGHUP, SIGQUIT}) {
      ::signal(number, SIG_IGN);
    }
    return parent_and_child();
  };
  ChildLimits limits;
  limits.wall = std::chrono::milliseconds{300};
  const auto outcome = run_forked(stubborn, limits);
  ASSERT_TRUE(outcome);
  EXPECT_EQ(outcome.value().end, ChildEnd::out_of_time);
  EXPECT_EQ(live_members(outcome.value().group), 0U);
}

TEST(NativeChild, children_left_behind_by_a_program_that_ended_are_killed) {
  const auto leave_one = [] {
    if (::fork() == 0) {
      ::sleep(60);
      ::_exit(0);
    }
    return std::string{"done"};
  };
  const auto outcome = run_forked(leave_one, {});
  ASSERT_TRUE(outcome);
  EXPECT_EQ(outcome.value().out, "done");
  EXPECT_EQ(live_members(outcome.value().group), 0U);
}

TEST(NativeChild, limits_are_in_force) {
  ChildLimits limits;
  limits.cpu_seconds = 1;
  limits.file_bytes = 4096;
  const auto read_limits = [] {
    rlimit cpu{};
    rlimit file{};
    ::getrlimit(RLIMIT_CPU, &cpu);
    ::getrlimit(RLIMIT_FSIZE, &file);
    return std::to_string(cpu.rlim_cur) + " " + std::to_string(file.rlim_cur);
  };
  EXPECT_EQ(run_forked(read_limits, limits).value().out, "1 4096");
}

TEST(NativeChild, too_much_output_ends_it) {
  ChildLimits limits;
  limits.output_bytes = 10'000;
  const auto outcome =
      run_program({"/bin/sh", "-c", "while :; do echo yyyyyyyyyyyyyyyy; done"}, limits);
  ASSERT_TRUE(outcome);
  EXPECT_EQ(outcome.value().end, ChildEnd::too_much_output);
  EXPECT_EQ(live_members(outcome.value().group), 0U);
}

TEST(NativeChild, a_killed_parent_takes_its_child_with_it) {
  std::array<int, 2> ends{};
  ASSERT_EQ(::pipe(ends.data()), 0);
  const pid_t parent = ::fork();
  if (parent == 0) {
    const auto report_and_sleep = [&ends] {
      const std::int32_t group = ::getpid();
      static_cast<void>(::write(ends[1], &group, sizeof group));
      ::sleep(60);
      return std::string{};
    };
    static_cast<void>(run_forked(report_and_sleep, {}));
    ::_exit(0);
  }
  std::int32_t group = 0;
  ASSERT_EQ(::read(ends[0], &group, sizeof group), static_cast<ssize_t>(sizeof group));
  ASSERT_EQ(live_members(group), 1U);
  ::kill(parent, SIGKILL);
  ::waitpid(parent, nullptr, 0);
  for (int i = 0; i < 250 && live_members(group) > 0; ++i) {
    std::this_thread::sleep_for(20ms);
  }
  EXPECT_EQ(live_members(group), 0U);
  ::close(ends[0]);
  ::close(ends[1]);
}

}  // namespace
}  // namespace timeslice::validation
