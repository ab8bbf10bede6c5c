#include "tools/batch/shard.hpp"

#include <map>

#include <gtest/gtest.h>

namespace timeslice::tools {
namespace {

Variables set_to(std::map<std::string, std::string> values) {
  return [values = std::move(values)](const std::string& name) -> std::optional<std::string> {
    const auto found = values.find(name);
    return found == values.end() ? std::nullopt : std::optional{found->second};
  };
}

TEST(Shard, parts_hold_every_point_once_and_differ_by_at_most_one) {
  for (const std::uint64_t points : {0U, 1U, 5U, 12U, 100U}) {
    for (std::uint64_t count = 1; count <= 13; ++count) {
      std::uint64_t all = 0;
      for (std::uint64_t index = 0; index < count; ++index) {
        const Shard shard{.index = index, .count = count};
        std::uint64_t here = 0;
        for (std::uint64_t ordinal = 0; ordinal < points; ++ordinal) {
          here += shard.has(ordinal) ? 1U : 0U;
        }
        EXPECT_EQ(here, shard.points_of(points));
        EXPECT_LE(points / count, here);
        EXPECT_LE(here, points / count + 1);
        all += here;
      }
      EXPECT_EQ(all, points);
    }
  }
}

TEST(Shard, is_written_as_it_is_read) {
  const auto shard = parse_shard("3/7", set_to({}));
  ASSERT_TRUE(shard);
  EXPECT_EQ(to_text(shard.value()), "3/7");
}

TEST(Shard, slurm_arrays_may_begin_anywhere_and_have_gaps) {
  const auto shard = parse_shard("slurm", set_to({{"SLURM_ARRAY_TASK_ID", "14"},
                                                  {"SLURM_ARRAY_TASK_MIN", "10"},
                                                  {"SLURM_ARRAY_TASK_STEP", "2"},
                                                  {"SLURM_ARRAY_TASK_COUNT", "4"}}));
  ASSERT_TRUE(shard);
  EXPECT_EQ(to_text(shard.value()), "2/4");
}

TEST(Shard, variables_that_contradict_each_other_are_refused) {
  EXPECT_FALSE(parse_shard(
      "slurm", set_to({{"SLURM_ARRAY_TASK_ID", "9"}, {"SLURM_ARRAY_TASK_COUNT", "4"}})));
  EXPECT_FALSE(parse_shard(
      "slurm", set_to({{"SLURM_ARRAY_TASK_ID", "one"}, {"SLURM_ARRAY_TASK_COUNT", "4"}})));
  EXPECT_FALSE(parse_shard("slurm", set_to({})));
}

}  // namespace
}  // namespace timeslice::tools
