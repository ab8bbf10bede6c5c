#include "models/machine/xml_reader.hpp"

#include <random>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "models/machine/utf8.hpp"

namespace timeslice::models {
namespace {

using testing::HasSubstr;

std::string refusal(std::string_view text) {
  const auto result = read_xml(text, "f.xml");
  return result ? "accepted" : result.error().where + ": " + result.error().what;
}

TEST(XmlReader, reads_elements_in_document_order_with_their_parents) {
  const auto document =
      read_xml("<?xml version='1.0'?>\n<a x='1'><b/><c y=\"&lt;&#65;&#x42;\">t<d/></c></a>", "f")
          .value();
  ASSERT_EQ(document.elements.size(), 4U);
  EXPECT_EQ(document.elements[2].name, "c");
  EXPECT_EQ(document.elements[2].parent, 0U);
  EXPECT_EQ(document.elements[3].parent, 2U);
  EXPECT_EQ(document.elements[2].text, "t");
  EXPECT_EQ(document.attribute(document.elements[2], "y"), "<AB");
  EXPECT_EQ(document.attribute(document.elements[2], "z"), std::nullopt);
}

TEST(XmlReader, skips_comments_cdata_and_hwlocs_own_document_type) {
  const auto document =
      read_xml("<!DOCTYPE topology SYSTEM \"hwloc2.dtd\"><!-- <x> --><a><![CDATA[<y>]]></a>", "f");
  ASSERT_TRUE(document);
  EXPECT_EQ(document.value().elements.size(), 1U);
}

TEST(XmlReader, says_where_and_what_is_wrong) {
  EXPECT_EQ(refusal("hello"), "f.xml:1: the file does not begin with '<': not XML");
  EXPECT_EQ(refusal("<a>\n<b>\n</a>"), "f.xml:3: </a> stands where </b> should close line 2");
  EXPECT_EQ(refusal("<a>\n<b"), "f.xml:2: the file ends inside a tag or element that line 2 opens");
  EXPECT_EQ(refusal("<a/>\n<b/>"), "f.xml:2: <b> stands after the end of the root");
  EXPECT_EQ(refusal("<a x=1/>"), "f.xml:1: attribute 'x' has no quoted value");
  EXPECT_EQ(refusal("<a x='1' x='2'/>"), "f.xml:1: attribute 'x' stands twice");
  EXPECT_EQ(refusal("<a x='&nosuch;'/>"), "f.xml:1: unknown entity '&nosuch;'");
  EXPECT_EQ(refusal("<a x='&#0;'/>"), "f.xml:1: unknown entity '&#0;'");
  EXPECT_EQ(refusal("</a>"), "f.xml:1: </a> closes nothing");
  EXPECT_EQ(refusal("<a/>x"), "f.xml:1: text outside the root element");
  EXPECT_EQ(refusal("<!-- x"), "f.xml:1: a comment does not end");
  EXPECT_EQ(refusal(" "), "f.xml:1: there is no XML element in the file");
  EXPECT_THAT(refusal("<?xml version='1.0' encoding='ISO-8859-1'?><a/>"),
              HasSubstr("another encoding"));
}

TEST(XmlReader, opens_no_entity_of_a_document_type) {
  EXPECT_THAT(refusal("<!DOCTYPE a [<!ENTITY x SYSTEM 'file:///etc/passwd'>]><a>&x;</a>"),
              HasSubstr("external entity"));
  EXPECT_THAT(refusal("<!DOCTYPE a [<!ENTITY x 'y'>]><a/>"), HasSubstr("expand without end"));
  EXPECT_THAT(refusal("<!DOCTYPE a SYSTEM 'http://x/y.dtd'><a/>"), HasSubstr("is not hwloc's"));
  EXPECT_THAT(refusal("<!DOCTYPE topology SYSTEM \"hwloc2.dtd\" [<!ENTITY x 'y'>]><a/>"),
              HasSubstr("declares entities"));
}

TEST(XmlReader, refuses_deep_nesting_before_it_costs_anything) {
  std::string text;
  for (int i = 0; i < 100'000; ++i) {
    text += "<a>";
  }
  EXPECT_THAT(refusal(text), HasSubstr("nested more than 64 deep"));
}

TEST(XmlReader, survives_every_cut_and_random_change_of_a_file) {
  const std::string whole =
      "<?xml version=\"1.0\"?><!DOCTYPE topology SYSTEM \"hwloc.dtd\"><topology version=\"2.0\">"
      "<!-- c --><object type='PU' os_index=\"0\"><info name=\"a&amp;b\"/>text</object></topology>";
  ASSERT_TRUE(read_xml(whole, "f"));
  for (std::size_t length = 0; length < whole.size(); ++length) {
    EXPECT_FALSE(read_xml(whole.substr(0, length), "f")) << length;
  }
  constexpr unsigned seed = 7;
  std::mt19937 random{seed};
  for (int i = 0; i < 5'000; ++i) {
    std::string changed = whole;
    changed[random() % changed.size()] = static_cast<char>(random() % 256);
    changed[random() % changed.size()] = "<>&;'\"/!?="[random() % 10];
    const auto result = read_xml(changed, "f");
    EXPECT_TRUE(result || !result.error().where.empty()) << "seed " << seed << ", round " << i;
  }
}

TEST(PrintableText, shows_no_control_bytes_and_stays_short) {
  EXPECT_EQ(printable("a\x1b[2Jb\n"), "a?[2Jb?");
  EXPECT_EQ(printable(std::string(200, 'x')), std::string(60, 'x') + "...");
}

TEST(Utf8, tells_well_formed_text_from_the_rest) {
  EXPECT_EQ(first_bad_utf8("a\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80"), std::nullopt);
  EXPECT_EQ(first_bad_utf8("ab\xFF"), 2U);
  EXPECT_EQ(first_bad_utf8("\xC0\x80"), 0U) << "an overlong NUL";
  EXPECT_EQ(first_bad_utf8("\xED\xA0\x80"), 0U) << "a surrogate";
  EXPECT_EQ(first_bad_utf8("x\xE2\x82"), 1U) << "cut short";
  EXPECT_EQ(first_bad_utf8("\xF5\x80\x80\x80"), 0U) << "above U+10FFFF";
}

}  // namespace
}  // namespace timeslice::models
