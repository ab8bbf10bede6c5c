#include "validation/references.hpp"

#include <gtest/gtest.h>

namespace timeslice::validation {
namespace {

using namespace std::chrono_literals;

/// A host whose forks take 100 us more each time that they are measured.
class ReferencesTest : public testing::Test {
 protected:
  ReferencesTest() { first_.fork = 100us; }

  References make() {
    return {first_, [this] {
              QuickCosts now = first_;
              now.fork += 100us * ++measured_;
              return std::optional{now};
            }};
  }

  QuickCosts first_;
  int measured_ = 0;
};

TEST_F(ReferencesTest, are_not_measured_again_before_every_run) {
  References references = make();
  for (int run = 0; run < 10; ++run) {
    references.keep_up();
  }
  EXPECT_EQ(measured_, 0) << "it costs more than a second";
}

TEST_F(ReferencesTest, are_measured_at_the_end_if_there_were_runs_since) {
  References references = make();
  references.close();
  EXPECT_EQ(measured_, 0);
  references.keep_up();
  references.close();
  references.close();
  EXPECT_EQ(measured_, 1);
}

TEST_F(ReferencesTest, a_run_has_the_costs_half_way_between_those_around_it) {
  References references = make();
  for (int stretch = 0; stretch < 3; ++stretch) {
    EXPECT_EQ(references.stretch(), static_cast<std::size_t>(stretch));
    references.keep_up();
    references.close();
  }
  EXPECT_EQ(references.costs(0).fork, 150us);
  EXPECT_EQ(references.costs(1).fork, 250us);
  EXPECT_EQ(references.costs(3).fork, 400us) << "nothing was measured behind it";
}

}  // namespace
}  // namespace timeslice::validation
