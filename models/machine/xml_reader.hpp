// A small reader of XML for text that nobody vouches for.
//
// It reads what hwloc writes and the XML around it: elements, attributes, text, comments, CDATA,
// the five named entities and character numbers, a document type that only names hwloc's own DTD.
// It opens nothing, expands nothing and recurses nowhere; depth and counts are limited, so time and
// memory are linear in the text. Anything else is refused with its line.
// Not here: namespaces, validation, other encodings than UTF-8.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "sim/result.hpp"

namespace timeslice::models {

/// What XML calls white space.
inline constexpr std::string_view xml_blanks = " \t\r\n";
/// Real topologies nest at most 15 deep (checked on 36 files of up to 384 CPUs).
inline constexpr std::size_t max_xml_depth = 64;
/// A 65 536-CPU machine needs about 10 elements a CPU.
inline constexpr std::size_t max_xml_elements = 1'000'000;

struct XmlAttribute {
  std::string_view name;
  std::string_view value;  // entities resolved
};

struct XmlElement {
  static constexpr std::uint32_t no_parent = UINT32_MAX;

  std::string_view name;
  std::size_t offset = 0;  // of its '<' in the text
  std::uint32_t parent = no_parent;
  std::uint32_t first_attribute = 0;
  std::uint32_t attribute_count = 0;
  std::string_view text;  // the first stretch of text inside, as written
};

/// Views into the text that it was read from, which must live longer.
class XmlDocument {
 public:
  /// In document order, the root first; a parent comes before its children.
  std::vector<XmlElement> elements;
  std::vector<XmlAttribute> attributes;
  std::deque<std::string> decoded;  // values that held entities

  [[nodiscard]] std::span<const XmlAttribute> attributes_of(const XmlElement& element) const;
  [[nodiscard]] std::optional<std::string_view> attribute(const XmlElement& element,
                                                          std::string_view name) const;
};

/// Line of `offset` in `text`, from 1. Linear: for error messages only.
[[nodiscard]] std::size_t line_of(std::string_view text, std::size_t offset);

/// Text of a file made safe to print: at most 60 bytes, anything but printable ASCII as '?'.
[[nodiscard]] std::string printable(std::string_view text);

/// Reads `text`, called `name` in errors. `where` of an error is "name:line".
[[nodiscard]] sim::Result<XmlDocument> read_xml(std::string_view text, const std::string& name);

}  // namespace timeslice::models
