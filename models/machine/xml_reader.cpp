#include "models/machine/xml_reader.hpp"

#include <algorithm>
#include <charconv>

#include <fmt/format.h>

namespace timeslice::models {
namespace {

constexpr std::size_t max_printed = 60;
constexpr std::size_t max_attributes_an_element = 64;  // hwloc writes at most 16

bool is_name_byte(char c) {
  const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
  const bool digit = c >= '0' && c <= '9';
  return letter || digit || c == '_' || c == ':' || c == '-' || c == '.';
}

/// The DTDs that hwloc 1, 2 and 3 name in their files. They are never opened.
bool is_hwloc_doctype(std::string_view inside) {
  constexpr std::string_view head = "topology SYSTEM \"hwloc";
  constexpr std::string_view tail = ".dtd\"";
  if (!inside.starts_with(head) || !inside.ends_with(tail)) {
    return false;
  }
  inside.remove_prefix(head.size());
  inside.remove_suffix(tail.size());
  return inside.empty() || inside == "2" || inside == "3";
}

void append_utf8(std::uint32_t code, std::string& out) {
  const auto put = [&out](std::uint32_t byte) { out.push_back(static_cast<char>(byte)); };
  if (code < 0x80) {
    put(code);
  } else if (code < 0x800) {
    put(0xC0 | (code >> 6));
    put(0x80 | (code & 0x3F));
  } else if (code < 0x10000) {
    put(0xE0 | (code >> 12));
    put(0x80 | ((code >> 6) & 0x3F));
    put(0x80 | (code & 0x3F));
  } else {
    put(0xF0 | (code >> 18));
    put(0x80 | ((code >> 12) & 0x3F));
    put(0x80 | ((code >> 6) & 0x3F));
    put(0x80 | (code & 0x3F));
  }
}

/// Appends what the entity `name` (without & and ;) stands for; false when it stands for nothing.
bool append_entity(std::string_view name, std::string& out) {
  struct Named {
    std::string_view name;
    char value;
  };
  constexpr Named named[] = {{"lt", '<'}, {"gt", '>'}, {"amp", '&'}, {"apos", '\''}, {"quot", '"'}};
  for (const Named& one : named) {
    if (one.name == name) {
      out.push_back(one.value);
      return true;
    }
  }
  if (!name.starts_with('#')) {
    return false;
  }
  const bool hex = name.starts_with("#x");
  name.remove_prefix(hex ? 2 : 1);
  std::uint32_t code = 0;
  const auto [end, error] =
      std::from_chars(name.data(), name.data() + name.size(), code, hex ? 16 : 10);
  const bool surrogate = code >= 0xD800 && code <= 0xDFFF;
  if (error != std::errc{} || end != name.data() + name.size() || code == 0 || code > 0x10FFFF ||
      surrogate) {
    return false;
  }
  append_utf8(code, out);
  return true;
}

class Reader {
 public:
  Reader(std::string_view text, const std::string& name) : text_{text}, name_{name} {}

  sim::Result<XmlDocument> read() {
    while (!error_ && at_ < text_.size()) {
      if (text_[at_] == '<') {
        read_markup();
      } else {
        read_text();
      }
    }
    if (!error_) {
      check_end();
    }
    if (error_) {
      return std::move(*error_);
    }
    return std::move(document_);
  }

 private:
  void fail(std::size_t offset, std::string what, std::string advice) {
    if (!error_) {
      error_ = sim::Error{fmt::format("{}:{}", name_, line_of(text_, offset)), std::move(what),
                          std::move(advice)};
    }
  }

  void fail_syntax(std::size_t offset, std::string what) {
    fail(offset, std::move(what), "export the file again with lstopo: it is damaged");
  }

  void fail_cut_short(std::size_t opened) {
    fail(text_.size(),
         fmt::format("the file ends inside a tag or element that line {} opens",
                     line_of(text_, opened)),
         "the file is cut short: copy or export it again");
  }

  void check_end() {
    if (!open_.empty()) {
      fail_cut_short(document_.elements[open_.back()].offset);
    } else if (document_.elements.empty()) {
      fail_syntax(text_.size(), "there is no XML element in the file");
    }
  }

  [[nodiscard]] bool next_is(std::string_view token) const {
    return text_.substr(at_).starts_with(token);
  }

  /// Moves behind the next `token`; its offset, or nothing (and an error) when there is none.
  std::optional<std::size_t> skip_behind(std::string_view token, std::string_view what) {
    const std::size_t found = text_.find(token, at_);
    if (found == std::string_view::npos) {
      fail(at_, fmt::format("{} does not end", what),
           "the file is cut short: copy or export it again");
      return std::nullopt;
    }
    at_ = found + token.size();
    return found;
  }

  void skip_blanks() {
    const std::size_t next = text_.find_first_not_of(xml_blanks, at_);
    at_ = next == std::string_view::npos ? text_.size() : next;
  }

  void read_markup() {
    if (next_is("<!--")) {
      at_ += 4;
      skip_behind("-->", "a comment");
    } else if (next_is("<?")) {
      read_instruction();
    } else if (next_is("<![CDATA[")) {
      read_cdata();
    } else if (next_is("<!")) {
      read_doctype();
    } else if (next_is("</")) {
      read_end_tag();
    } else {
      read_start_tag();
    }
  }

  void read_instruction() {
    const std::size_t start = at_;
    const auto end = skip_behind("?>", "a processing instruction");
    if (!end || !text_.substr(start).starts_with("<?xml")) {
      return;
    }
    std::string inside{text_.substr(start, *end - start)};
    std::ranges::transform(inside, inside.begin(), [](char c) {
      return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    });
    const bool other = inside.find("encoding") != std::string::npos &&
                       inside.find("utf-8") == std::string::npos &&
                       inside.find("us-ascii") == std::string::npos;
    if (other) {
      fail(start, "the file declares another encoding than UTF-8",
           "convert it to UTF-8 and change its first line");
    }
  }

  void read_cdata() {
    const std::size_t start = at_ + 9;
    const auto end = skip_behind("]]>", "a CDATA section");
    if (end && open_.empty()) {
      fail_syntax(start, "text outside the root element");
    }
  }

  void read_doctype() {
    const std::size_t start = at_;
    const auto end = skip_behind(">", "the document type");
    if (!end) {
      return;
    }
    constexpr std::string_view head = "<!DOCTYPE ";
    const std::string_view inside = text_.substr(start, *end - start);
    if (inside.starts_with(head) && is_hwloc_doctype(inside.substr(head.size()))) {
      return;
    }
    const bool entity = inside.find("<!ENTITY") != std::string_view::npos;
    const std::size_t declaration = entity ? inside.find("<!ENTITY") : 0;
    if (entity && (inside.find("SYSTEM", declaration) != std::string_view::npos ||
                   inside.find("PUBLIC", declaration) != std::string_view::npos)) {
      fail(start, "the document type declares an external entity, which would read another file",
           "remove the document type; hwloc files need none");
    } else if (entity) {
      fail(start, "the document type declares entities, which can expand without end",
           "remove the document type; hwloc files need none");
    } else {
      fail(start, "the document type is not hwloc's", "remove the line; hwloc files need none");
    }
  }

  std::string_view read_name() {
    const std::size_t start = at_;
    while (at_ < text_.size() && is_name_byte(text_[at_])) {
      ++at_;
    }
    return text_.substr(start, at_ - start);
  }

  void read_end_tag() {
    const std::size_t start = at_;
    at_ += 2;
    const std::string_view name = read_name();
    skip_blanks();
    if (at_ >= text_.size() || text_[at_] != '>') {
      fail_syntax(start, "an end tag is not closed by '>'");
      return;
    }
    ++at_;
    if (open_.empty()) {
      fail_syntax(start, fmt::format("</{}> closes nothing", printable(name)));
      return;
    }
    const XmlElement& element = document_.elements[open_.back()];
    if (element.name != name) {
      fail_syntax(start,
                  fmt::format("</{}> stands where </{}> should close line {}", printable(name),
                              printable(element.name), line_of(text_, element.offset)));
      return;
    }
    open_.pop_back();
  }

  void read_start_tag() {
    const std::size_t start = at_++;
    const std::string_view name = read_name();
    if (name.empty()) {
      fail_syntax(start, "'<' is not followed by a name");
    } else if (open_.empty() && !document_.elements.empty()) {
      fail_syntax(start, fmt::format("<{}> stands after the end of the root", printable(name)));
    } else if (open_.size() >= max_xml_depth) {
      fail(start, fmt::format("elements are nested more than {} deep", max_xml_depth),
           "no real topology is: check where the file comes from");
    } else if (document_.elements.size() >= max_xml_elements) {
      fail(start, fmt::format("more than {} elements", max_xml_elements),
           "export without I/O devices: lstopo --no-io F.xml");
    }
    if (error_) {
      return;
    }
    document_.elements.push_back(
        {.name = name,
         .offset = start,
         .parent = open_.empty() ? XmlElement::no_parent : open_.back(),
         .first_attribute = static_cast<std::uint32_t>(document_.attributes.size()),
         .attribute_count = 0,
         .text = {}});
    read_attributes(start);
  }

  void read_attributes(std::size_t start) {
    while (!error_) {
      skip_blanks();
      if (next_is("/>")) {
        at_ += 2;
        return;
      }
      if (next_is(">")) {
        ++at_;
        open_.push_back(static_cast<std::uint32_t>(document_.elements.size() - 1));
        return;
      }
      read_attribute(start);
    }
  }

  void read_attribute(std::size_t start) {
    const std::string_view name = read_name();
    skip_blanks();
    if (at_ < text_.size() && (name.empty() || !next_is("="))) {
      fail_syntax(at_, "a tag is neither closed nor goes on");
      return;
    }
    at_ = std::min(at_ + 1, text_.size());
    skip_blanks();
    if (at_ == text_.size()) {
      fail_cut_short(start);
      return;
    }
    const char quote = text_[at_];
    if (quote != '"' && quote != '\'') {
      fail_syntax(start, fmt::format("attribute '{}' has no quoted value", printable(name)));
      return;
    }
    const std::size_t value_start = ++at_;
    const auto value_end = skip_behind(std::string_view{&quote, 1}, "an attribute's value");
    if (!value_end) {
      return;
    }
    add_attribute(name, text_.substr(value_start, *value_end - value_start));
  }

  void add_attribute(std::string_view name, std::string_view raw) {
    XmlElement& element = document_.elements.back();
    if (raw.find('<') != std::string_view::npos) {
      fail_syntax(element.offset, fmt::format("'<' in the value of '{}'", printable(name)));
    } else if (document_.attribute(element, name)) {
      fail_syntax(element.offset, fmt::format("attribute '{}' stands twice", printable(name)));
    } else if (element.attribute_count >= max_attributes_an_element) {
      fail_syntax(element.offset,
                  fmt::format("more than {} attributes", max_attributes_an_element));
    } else {
      document_.attributes.push_back({name, resolve(raw, element.offset)});
      ++element.attribute_count;
    }
  }

  std::string_view resolve(std::string_view raw, std::size_t offset) {
    std::size_t entity = raw.find('&');
    if (entity == std::string_view::npos) {
      return raw;
    }
    std::string& out = document_.decoded.emplace_back();
    std::size_t done = 0;
    while (entity != std::string_view::npos) {
      out.append(raw.substr(done, entity - done));
      const std::size_t end = raw.find(';', entity);
      const bool known = end != std::string_view::npos &&
                         append_entity(raw.substr(entity + 1, end - entity - 1), out);
      if (!known) {
        fail_syntax(offset, fmt::format("unknown entity '{}'", printable(raw.substr(entity))));
        return {};
      }
      done = end + 1;
      entity = raw.find('&', done);
    }
    out.append(raw.substr(done));
    return out;
  }

  void read_text() {
    const std::size_t start = at_;
    const std::size_t next = text_.find('<', at_);
    at_ = next == std::string_view::npos ? text_.size() : next;
    const std::string_view piece = text_.substr(start, at_ - start);
    if (piece.find_first_not_of(xml_blanks) == std::string_view::npos) {
      return;
    }
    if (open_.empty()) {
      fail_syntax(start, document_.elements.empty() ? "the file does not begin with '<': not XML"
                                                    : "text outside the root element");
      return;
    }
    XmlElement& element = document_.elements[open_.back()];
    if (element.text.empty()) {
      element.text = piece;
    }
  }

  std::string_view text_;
  const std::string& name_;
  std::size_t at_ = 0;
  XmlDocument document_;
  std::vector<std::uint32_t> open_;  // elements that wait for their end tag
  std::optional<sim::Error> error_;
};

}  // namespace

std::span<const XmlAttribute> XmlDocument::attributes_of(const XmlElement& element) const {
  return std::span{attributes}.subspan(element.first_attribute, element.attribute_count);
}

std::optional<std::string_view> XmlDocument::attribute(const XmlElement& element,
                                                       std::string_view name) const {
  for (const XmlAttribute& attribute : attributes_of(element)) {
    if (attribute.name == name) {
      return attribute.value;
    }
  }
  return std::nullopt;
}

std::size_t line_of(std::string_view text, std::size_t offset) {
  const auto before = text.substr(0, offset);
  return static_cast<std::size_t>(std::ranges::count(before, '\n')) + 1;
}

std::string printable(std::string_view text) {
  std::string safe{text.substr(0, max_printed)};
  std::ranges::replace_if(safe, [](char c) { return c < ' ' || c > '~'; }, '?');
  return text.size() > max_printed ? safe + "..." : safe;
}

sim::Result<XmlDocument> read_xml(std::string_view text, const std::string& name) {
  return Reader{text, name}.read();
}

}  // namespace timeslice::models
