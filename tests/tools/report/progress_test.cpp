#include "tools/report/progress.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tools/report/trace_text.hpp"

namespace timeslice::tools {
namespace {

using testing::HasSubstr;
using namespace std::chrono_literals;

TEST(Progress, says_nothing_for_two_seconds_and_then_how_long_it_will_take) {
  std::string shown;
  Progress progress{"sweep", [&](std::string_view text) { shown += text; }};
  const auto now = Progress::Clock::now();
  progress.update(1, 10, now + 1s);
  EXPECT_EQ(shown, "");
  progress.update(2, 10, now + 4s);
  EXPECT_THAT(shown, HasSubstr("sweep: 2 of 10, 16 s left"));
}

TEST(Progress, is_redrawn_at_most_ten_times_a_second_and_wiped_at_the_end) {
  std::string shown;
  {
    Progress progress{"sweep", [&](std::string_view text) { shown += text; }};
    const auto now = Progress::Clock::now();
    progress.update(2, 10, now + 4s);
    const std::size_t length = shown.size();
    progress.update(3, 10, now + 4s + 50ms);
    EXPECT_EQ(shown.size(), length);
  }
  EXPECT_TRUE(shown.ends_with("\r\x1b[K"));
}

TEST(Progress, without_a_terminal_it_is_silent) {
  Progress progress{"sweep", nullptr};
  progress.update(2, 10, Progress::Clock::now() + 4s);
}

TEST(TraceText, shows_the_fields_that_say_something) {
  EXPECT_EQ(trace_line({.time_ns = 1250,
                        .kind = 4,
                        .cpu = 1,
                        .subject = 3,
                        .object = 0xffffffffU,
                        .cause = 2,
                        .value = 9}),
            "          1250 switch_in        cpu=1 subject=3 cause=2 value=9");
  EXPECT_THAT(trace_line({.time_ns = 0, .kind = 999}), HasSubstr("kind_999"));
}

}  // namespace
}  // namespace timeslice::tools
