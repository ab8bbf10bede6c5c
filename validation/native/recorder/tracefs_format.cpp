#include "validation/native/recorder/tracefs_format.hpp"

#include <algorithm>
#include <charconv>
#include <cstring>

namespace timeslice::validation {

namespace {

constexpr std::size_t largest_field = 1 << 20;  // bytes; more is no description of an event

/// The text between `before` and the next ';' or the end of the line.
std::optional<std::string_view> after(std::string_view line, std::string_view before) {
  const auto at = line.find(before);
  if (at == std::string_view::npos) {
    return std::nullopt;
  }
  const std::string_view rest = line.substr(at + before.size());
  return rest.substr(0, rest.find(';'));
}

std::optional<std::size_t> count_after(std::string_view line, std::string_view before) {
  const auto text = after(line, before);
  std::size_t value = 0;
  if (!text ||
      std::from_chars(text->data(), text->data() + text->size(), value).ec != std::errc{} ||
      value > largest_field) {
    return std::nullopt;
  }
  return value;
}

/// "field:char prev_comm[16]" is named prev_comm.
std::string name_in(std::string_view declaration) {
  declaration = declaration.substr(0, declaration.find('['));
  const auto space = declaration.find_last_of(" \t*");
  return std::string{space == std::string_view::npos ? declaration : declaration.substr(space + 1)};
}

/// Fields of a description; nothing if one of them is broken.
std::optional<std::vector<EventField>> fields_of(std::string_view text) {
  text = text.substr(0, text.find("\nprint fmt:"));  // what follows is code, not fields
  std::vector<EventField> fields;
  while (!text.empty()) {
    const std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(text.size(), line.size() + 1));
    const auto declaration = after(line, "field:");
    if (!declaration) {
      continue;
    }
    const auto offset = count_after(line, "offset:");
    const auto size = count_after(line, "size:");
    if (!offset || !size) {
      return std::nullopt;
    }
    fields.push_back({.name = name_in(*declaration), .offset = *offset, .size = *size});
  }
  return fields;
}

template <typename T>
std::int64_t read_as(const std::byte* from) {
  T value{};
  std::memcpy(&value, from, sizeof value);
  return static_cast<std::int64_t>(value);
}

}  // namespace

std::optional<EventField> EventFormat::field(std::string_view name) const {
  const auto found = std::ranges::find(fields, name, &EventField::name);
  return found == fields.end() ? std::nullopt : std::optional{*found};
}

std::optional<EventFormat> parse_event_format(std::string_view text) {
  const auto id = count_after(text.substr(0, text.find("format:")), "ID: ");
  auto fields = fields_of(text);
  if (!id || *id > UINT16_MAX || !fields || fields->empty()) {
    return std::nullopt;
  }
  return EventFormat{.id = static_cast<std::uint16_t>(*id), .fields = std::move(*fields)};
}

std::optional<PageFormat> parse_page_format(std::string_view text) {
  const auto fields = fields_of(text);
  if (!fields) {
    return std::nullopt;
  }
  const EventFormat all{.id = 0, .fields = *fields};
  const auto timestamp = all.field("timestamp");
  const auto commit = all.field("commit");
  const auto data = all.field("data");
  if (!timestamp || !commit || !data || data->size == 0) {
    return std::nullopt;
  }
  return PageFormat{.timestamp = *timestamp, .commit = *commit, .data = *data};
}

std::optional<std::int64_t> number_at(std::span<const std::byte> bytes, const EventField& field) {
  if (field.offset > bytes.size() || bytes.size() - field.offset < field.size) {
    return std::nullopt;
  }
  const std::byte* from = bytes.data() + field.offset;
  switch (field.size) {
    case 1:
      return read_as<std::int8_t>(from);
    case 2:
      return read_as<std::int16_t>(from);
    case 4:
      return read_as<std::int32_t>(from);
    case 8:
      return read_as<std::int64_t>(from);
    default:
      return std::nullopt;
  }
}

}  // namespace timeslice::validation
