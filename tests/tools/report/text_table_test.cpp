#include "tools/report/text_table.hpp"

#include <algorithm>

#include <gtest/gtest.h>

namespace timeslice::tools {
namespace {

TEST(TextTable, numbers_stand_to_the_right_and_words_to_the_left) {
  TextTable table{{{"name", Align::left}, {"value"}}};
  table.add_row({"a", "1"});
  table.add_row({"longer", "1000"});
  EXPECT_EQ(table.text(10),
            "  name    value\n"
            "  a           1\n"
            "  longer   1000\n");
}

TEST(TextTable, columns_line_up_although_characters_have_several_bytes) {
  TextTable table{{{"a"}, {"b"}}};
  table.add_row({"± 3", "1"});
  table.add_row({"100", "2"});
  EXPECT_EQ(table.text(10), "    a  b\n  ± 3  1\n  100  2\n");
}

TEST(TextTable, a_long_table_loses_its_middle_and_says_so) {
  TextTable table{{{"n"}}};
  for (int row = 0; row < 100; ++row) {
    table.add_row({std::to_string(row)});
  }
  const std::string text = table.text(4);
  EXPECT_EQ(text, "   n\n   0\n   1\n  ... 96 more rows ...\n  98\n  99\n");
}

TEST(TextTable, columns_without_content_are_dropped) {
  TextTable table{{{"a"}, {"b"}, {"c"}}};
  table.add_row({"1", "-", "0"});
  table.add_row({"2", "", "3"});
  table.drop_empty_columns();
  EXPECT_EQ(table.text(10), "  a  c\n  1  0\n  2  3\n");
}

TEST(SafeText, a_name_cannot_steer_the_terminal) {
  EXPECT_EQ(safe_text("a\x1b[31mb"), "a?[31mb");
  EXPECT_EQ(safe_text("a\x7f\x01"), "a??");
  EXPECT_EQ(safe_text("\xc2\x9b"), "?") << "a C1 control character";
  EXPECT_EQ(safe_text("line\nend\ttab"), "line end tab");
  EXPECT_EQ(safe_text("straße"), "straße");
}

TEST(SafeText, broken_utf8_becomes_question_marks) {
  EXPECT_EQ(safe_text("\xff"), "?");
  EXPECT_EQ(safe_text("a\xc3"), "a?");
  EXPECT_EQ(safe_text("\xc0\xaf"), "??") << "an overlong slash";
  EXPECT_EQ(safe_lines("a\xff\nb\x1b"), "a?\nb?");
}

TEST(Shortened, a_cut_is_marked_and_never_splits_a_character) {
  EXPECT_EQ(shortened("abcdef", 4), "ab..");
  EXPECT_EQ(shortened("ßßßßß", 4), "ßß..");
  EXPECT_EQ(shortened("abc", 4), "abc");
}

}  // namespace
}  // namespace timeslice::tools
