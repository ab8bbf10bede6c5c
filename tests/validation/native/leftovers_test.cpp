#include "validation/native/leftovers.hpp"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

namespace timeslice::validation {
namespace {

TEST(Leftovers, are_known_by_their_prefix_and_a_number_before_a_dash) {
  EXPECT_EQ(maker_of("ours-123-abc", "ours-"), 123);
  for (const char* name :
       {"ours-123", "ours-", "ours-x-1", "ours--1-a", "ours-0-a", "theirs-123-abc", "ours-12x-a"}) {
    EXPECT_EQ(maker_of(name, "ours-"), 0) << name;
  }
}

TEST(Leftovers, of_a_process_that_ended_are_abandoned) {
  const pid_t child = ::fork();
  if (child == 0) {
    ::_exit(0);
  }
  ASSERT_GT(child, 0);
  EXPECT_FALSE(is_dead(child)) << "not waited for, so its number is still its own";
  ASSERT_EQ(::waitpid(child, nullptr, 0), child);
  EXPECT_TRUE(is_dead(child));
  EXPECT_FALSE(is_dead(::getpid()));
}

}  // namespace
}  // namespace timeslice::validation
