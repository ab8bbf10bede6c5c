#include "models/machine/index_set.hpp"

#include <string>

#include <gtest/gtest.h>

namespace timeslice::models {
namespace {

TEST(IndexSet, reads_words_from_the_highest_to_the_lowest) {
  const auto set = IndexSet::parse("0x00000001,0x80000000");
  ASSERT_TRUE(set.has_value());
  EXPECT_EQ(set->count(), 2U);
  EXPECT_TRUE(set->contains(31));
  EXPECT_TRUE(set->contains(32));
  EXPECT_FALSE(set->contains(0));
  EXPECT_EQ(set->first(), 31U);
}

TEST(IndexSet, takes_an_empty_word_for_zero) {
  const auto set = IndexSet::parse("0x1,,0x2");
  ASSERT_TRUE(set.has_value());
  EXPECT_TRUE(set->contains(64));
  EXPECT_TRUE(set->contains(1));
  EXPECT_EQ(set->count(), 2U);
}

TEST(IndexSet, with_dots_holds_every_higher_number) {
  const auto set = IndexSet::parse("0xf...f,0x00000001");
  ASSERT_TRUE(set.has_value());
  EXPECT_TRUE(set->contains(0));
  EXPECT_FALSE(set->contains(1));
  EXPECT_TRUE(set->contains(5'000));
  EXPECT_FALSE(set->is_within(*IndexSet::parse("0xffffffff")));
}

TEST(IndexSet, equal_sets_are_equal_however_they_are_written) {
  EXPECT_EQ(IndexSet::parse("0x00000000,0x00000004"), IndexSet::of(2));
  EXPECT_TRUE(IndexSet::parse("0x0")->empty());
}

TEST(IndexSet, is_within_compares_word_by_word) {
  EXPECT_TRUE(IndexSet::parse("0x3")->is_within(*IndexSet::parse("0x1,0x7")));
  EXPECT_FALSE(IndexSet::parse("0x1,0x0")->is_within(*IndexSet::parse("0x7")));
  EXPECT_TRUE(IndexSet{}.is_within(IndexSet{}));
}

TEST(IndexSet, refuses_what_hwloc_does_not_write) {
  for (const char* text : {"", "zebra", "0x", "0x123456789", "-1", "0x1 0x2", "0xf...fx", "1,g"}) {
    EXPECT_FALSE(IndexSet::parse(text).has_value()) << text;
  }
}

TEST(IndexSet, refuses_numbers_beyond_the_limit_but_not_zeros) {
  std::string text = "0x1";
  for (std::uint32_t i = 0; i < IndexSet::limit / 32; ++i) {
    text += ",0x0";
  }
  EXPECT_FALSE(IndexSet::parse(text).has_value());
  text[2] = '0';
  EXPECT_TRUE(IndexSet::parse(text).has_value());
}

}  // namespace
}  // namespace timeslice::models
