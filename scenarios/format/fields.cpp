#include "scenarios/format/fields.hpp"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "scenarios/format/distribution_text.hpp"
#include "scenarios/format/suggest.hpp"
#include "sim/expect.hpp"

namespace timeslice::scenarios {
namespace {

std::string number_text(double value) {
  return value >= 1e15 ? fmt::format("{:g}", value) : fmt::format("{}", value);
}

std::string bound_text(const Key& key, double bound) {
  if (key.type == Type::duration) {
    return bound >= 1000.0 ? fmt::format("{}us", bound / 1000.0) : fmt::format("{}ns", bound);
  }
  return key.type == Type::bytes ? number_text(bound) + "B" : number_text(bound);
}

}  // namespace

std::string with_key(std::string text, std::string_view key) {
  const std::size_t at = text.find("{}");
  return at == std::string::npos ? text : text.replace(at, 2, fmt::format("'{}'", key));
}

bool is_name(std::string_view text) {
  const auto letter = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
  };
  const auto inner = [&](char c) { return letter(c) || (c >= '0' && c <= '9') || c == '-'; };
  return !text.empty() && text.size() <= 100 && letter(text[0]) && std::ranges::all_of(text, inner);
}

std::string_view noun_of(const Node& node) {
  switch (node.kind) {
    case Node::Kind::null:
      return "nothing";
    case Node::Kind::scalar:
      return "a single value";
    case Node::Kind::sequence:
      return "a list";
    case Node::Kind::map:
      break;
  }
  return "a map";
}

Fields::Fields(const Reading& reading, const Node& map, const Section& section)
    : reading_{reading}, map_{map}, section_{section} {
  sim::expect(map.is_map(), "fields are read from a map");
  sim::expect(section.keys.size() <= 64, "a section has at most 64 keys");
  check_keys();
}

Fields::~Fields() {
  for (std::size_t i = 0; i < section_.keys.size(); ++i) {
    const bool asked = (read_ >> i & 1U) != 0;
    sim::expect(asked || !section_.keys[i].later.empty() || !reading_.reporter.clean(),
                "every key in the table is read by somebody");
  }
}

void Fields::check_keys() {
  for (std::size_t i = 0; i < map_.keys.size() && !reading_.reporter.full(); ++i) {
    const Node::Key& written = map_.keys[i];
    const Key* known = find_key(section_, written.text);
    if (known == nullptr && !is_ignored(written.text)) {
      reading_.reporter.error(written.mark, "E-key",
                              fmt::format("unknown key '{}' in {}", written.text, section_.name),
                              suggestion(written.text, key_names(section_), 24));
    } else if (known != nullptr && !known->later.empty()) {
      reading_.reporter.error(written.mark, "E-later",
                              fmt::format("'{}' is not in this version", written.text),
                              std::string{known->later});
    }
  }
  for (const Key& key : section_.keys) {
    if (key.required && map_.find(key.name) == nullptr) {
      reading_.reporter.error(map_.mark, "E-missing",
                              fmt::format("{} needs the key '{}'", section_.name, key.name),
                              fmt::format("{}: {}", key.name, key.doc));
    }
  }
}

const Node* Fields::find(std::string_view key) {
  const Key* known = find_key(section_, key);
  sim::expect(known != nullptr, "only keys of the table are read");
  read_ |= std::uint64_t{1} << static_cast<std::size_t>(known - section_.keys.data());
  const Node* node = map_.find(key);
  if (node != nullptr && node->is_null()) {
    reading_.reporter.error(node->mark, "E-missing", fmt::format("'{}' has no value", key),
                            "write one, or leave the key out");
    return nullptr;
  }
  if (node != nullptr && node->is_map() && !known->map_later.empty()) {
    reading_.reporter.error(node->mark, "E-later",
                            fmt::format("this form of '{}' is not in this version", key),
                            std::string{known->map_later});
    return nullptr;
  }
  return node;
}

const Key& Fields::key_of(std::string_view key, Type type) const {
  const Key* known = find_key(section_, key);
  sim::expect(known != nullptr && known->type == type, "a key is read as the table's type");
  return *known;
}

const Node* Fields::scalar(const Key& key) {
  const Node* node = find(key.name);
  if (node == nullptr || node->is_scalar()) {
    return node;
  }
  reading_.reporter.error(
      node->mark, "E-type",
      fmt::format("'{}' must be a single value, not {}", key.name, noun_of(*node)),
      std::string{key.doc});
  return nullptr;
}

void Fields::report(const Key& key, const Node& node, const Problem& problem) {
  reading_.reporter.error(node.mark, problem.code, with_key(problem.what, key.name),
                          with_key(problem.advice, key.name));
}

bool Fields::in_range(const Key& key, const Node& node, double value) {
  if (value >= key.low && value <= key.high) {
    return true;
  }
  const bool over = value > key.high;
  report(key, node,
         {over && key.limit ? "E-limit" : "E-range",
          fmt::format("{{}} must be {} {}, not {}", over ? "at most" : "at least",
                      bound_text(key, over ? key.high : key.low), node.text),
          std::string{key.doc}});
  return false;
}

bool Fields::read(std::string_view key, std::string& into) {
  const Key& known =
      key_of(key, find_key(section_, key)->type == Type::version ? Type::version : Type::text);
  const Node* node = scalar(known);
  if (node != nullptr) {
    into = node->text;
  }
  return node != nullptr;
}

bool Fields::read(std::string_view key, bool& into) {
  const Key& known = key_of(key, Type::boolean);
  const Node* node = scalar(known);
  if (node == nullptr) {
    return false;
  }
  const Parsed<bool> parsed = parse_boolean(node->text);
  if (!parsed) {
    report(known, *node, parsed.problem);
    return false;
  }
  into = parsed.value;
  return true;
}

namespace {

/// A quoted number is a string: nearly always a slip, so it gets a word of its own.
std::optional<Problem> quoted_number(const Node& node) {
  if (node.quoted && parse_number(node.text).problem.empty()) {
    return Problem{"E-type",
                   fmt::format("{{}} must be a number; \"{}\" in quotes is text", node.text),
                   fmt::format("write {}", node.text)};
  }
  return std::nullopt;
}

}  // namespace

bool Fields::read(std::string_view key, double& into) {
  const Key& known = key_of(key, Type::number);
  const Node* node = scalar(known);
  if (node == nullptr) {
    return false;
  }
  Parsed<double> parsed = parse_number(node->text);
  parsed.problem = quoted_number(*node).value_or(parsed.problem);
  if (!parsed) {
    report(known, *node, parsed.problem);
    return false;
  }
  if (!in_range(known, *node, parsed.value)) {
    return false;
  }
  into = parsed.value;
  return true;
}

std::optional<std::uint64_t> Fields::count(std::string_view key) {
  const Key& known = key_of(key, Type::count);
  const Node* node = scalar(known);
  if (node == nullptr) {
    return std::nullopt;
  }
  Parsed<std::uint64_t> parsed = parse_count(node->text);
  parsed.problem = quoted_number(*node).value_or(parsed.problem);
  if (!parsed) {
    if (!known.choices.empty() && parsed.problem.code == "E-type") {
      parsed.problem.advice =
          fmt::format("write a number, or {}", fmt::join(choice_words(known), ", "));
    }
    report(known, *node, parsed.problem);
    return std::nullopt;
  }
  if (!in_range(known, *node, static_cast<double>(parsed.value))) {
    return std::nullopt;
  }
  return parsed.value;
}

bool Fields::read(std::string_view key, sim::Duration& into) {
  const Key& known = key_of(key, Type::duration);
  const Node* node = scalar(known);
  if (node == nullptr) {
    return false;
  }
  const Parsed<std::int64_t> parsed = parse_duration_ns(node->text);
  if (!parsed) {
    report(known, *node, parsed.problem);
    return false;
  }
  if (!in_range(known, *node, static_cast<double>(parsed.value))) {
    return false;
  }
  into = sim::Duration{parsed.value};
  return true;
}

bool Fields::read(std::string_view key, models::Bytes& into) {
  const Key& known = key_of(key, Type::bytes);
  const Node* node = scalar(known);
  if (node == nullptr) {
    return false;
  }
  const Parsed<std::int64_t> parsed = parse_bytes(node->text);
  if (!parsed) {
    report(known, *node, parsed.problem);
    return false;
  }
  if (!in_range(known, *node, static_cast<double>(parsed.value))) {
    return false;
  }
  into = models::Bytes{parsed.value};
  return true;
}

namespace {

/// A clock that stands still or memory that hands out nothing is a mistake. It must not be read as
/// "not known", which is what 0 means in the models.
Parsed<double> above_zero(Parsed<double> parsed) {
  if (parsed && parsed.value == 0.0) {
    parsed.problem = {"E-range", "{} must be above 0", "leave it out where it is not known"};
  }
  return parsed;
}

}  // namespace

bool Fields::read(std::string_view key, models::Hertz& into) {
  const Key& known = key_of(key, Type::frequency);
  const Node* node = scalar(known);
  if (node == nullptr) {
    return false;
  }
  const Parsed<double> parsed = above_zero(parse_quantity(node->text, frequency_units()));
  if (!parsed) {
    report(known, *node, parsed.problem);
    return false;
  }
  into = models::Hertz{parsed.value};
  return true;
}

bool Fields::read(std::string_view key, models::BytesPerSecond& into) {
  const Key& known = key_of(key, Type::bandwidth);
  const Node* node = scalar(known);
  if (node == nullptr) {
    return false;
  }
  std::string_view text = node->text;
  if (text.ends_with(" per node")) {
    text = trimmed(text.substr(0, text.size() - std::string_view{" per node"}.size()));
  }
  const Parsed<double> parsed = above_zero(parse_quantity(text, bandwidth_units()));
  if (!parsed) {
    report(known, *node, parsed.problem);
    return false;
  }
  into = models::BytesPerSecond{parsed.value};
  return true;
}

bool Fields::read(std::string_view key, models::Distribution& into) {
  const Key& known = key_of(key, Type::distribution);
  const Node* node = scalar(known);
  if (node == nullptr) {
    return false;
  }
  Parsed<DistributionText> parsed = parse_distribution(node->text);
  if (!parsed) {
    report(known, *node, parsed.problem);
    return false;
  }
  if (!parsed.value.file.empty()) {
    const std::string& from = node->mark.source == nullptr ? "" : node->mark.source->directory();
    const auto samples = reading_.files.samples(join_path(from, parsed.value.file));
    if (!samples->code.empty()) {
      report(known, *node, {samples->code, samples->problem, samples->advice});
      return false;
    }
    parsed.value.distribution.values_ns = samples->values_ns;
    reading_.contents.push_back(samples->sha256);
  }
  into = std::move(parsed.value.distribution);
  return true;
}

std::optional<std::string> Fields::choice(std::string_view key) {
  const Key* known = find_key(section_, key);
  sim::expect(known != nullptr && !known->choices.empty(), "a word is asked of a key with words");
  const Node* node = find(key);
  if (node == nullptr || (known->type != Type::choice && !node->is_scalar())) {
    return std::nullopt;
  }
  if (!node->is_scalar()) {
    error(key, "E-type", fmt::format("'{}' must be a word, not {}", key, noun_of(*node)),
          fmt::format("one of: {}", fmt::join(choice_words(*known), ", ")));
    return std::nullopt;
  }
  const auto found = std::ranges::find(known->choices, node->text, &Choice::word);
  if (found != known->choices.end() && found->later.empty()) {
    return node->text;
  }
  if (found != known->choices.end()) {
    report(*known, *node,
           {"E-later", fmt::format("'{}' is not in this version", node->text),
            std::string{found->later}});
  } else if (known->type == Type::choice) {
    report(*known, *node,
           {"E-type", fmt::format("{{}} cannot be '{}'", node->text),
            suggestion(node->text, choice_words(*known), 16)});
  }
  return std::nullopt;
}

const Node* Fields::map(std::string_view key) {
  const Node* node = find(key);
  if (node == nullptr || node->is_map()) {
    return node;
  }
  error(key, "E-type", fmt::format("'{}' must be a map, not {}", key, noun_of(*node)),
        "write it as {key: value}");
  return nullptr;
}

const Node* Fields::list(std::string_view key) {
  const Node* node = find(key);
  if (node == nullptr || node->is_sequence()) {
    return node;
  }
  error(key, "E-type", fmt::format("'{}' must be a list, not {}", key, noun_of(*node)),
        "write its elements as lines that start with '- '");
  return nullptr;
}

const Node* Fields::names(std::string_view key) {
  const Node* node = map(key);
  for (std::size_t i = 0; node != nullptr && i < node->keys.size(); ++i) {
    if (!is_name(node->keys[i].text) && !is_ignored(node->keys[i].text)) {
      reading_.reporter.error(node->keys[i].mark, "E-name",
                              fmt::format("'{}' cannot be a name", node->keys[i].text),
                              "a name is a letter, then letters, digits, _ or -");
    }
  }
  return node;
}

std::vector<std::string> Fields::texts(std::string_view key) {
  std::vector<std::string> result;
  const Node* node = list(key);
  for (std::size_t i = 0; node != nullptr && i < node->items.size(); ++i) {
    if (!node->items[i].is_scalar()) {
      reading_.reporter.error(
          node->items[i].mark, "E-type",
          fmt::format("'{}' lists single values, not {}", key, noun_of(node->items[i])),
          "write each element as text");
      continue;
    }
    result.push_back(node->items[i].text);
  }
  return result;
}

std::vector<std::uint64_t> Fields::counts(std::string_view key) {
  const Key& known = key_of(key, Type::counts);
  std::vector<std::uint64_t> result;
  const Node* node = list(key);
  for (std::size_t i = 0; node != nullptr && i < node->items.size(); ++i) {
    const Node& item = node->items[i];
    const std::string text = item.is_scalar() ? item.text : std::string{noun_of(item)};
    const std::size_t dash = item.is_scalar() ? text.find('-', 1) : std::string::npos;
    const auto first = parse_count(text.substr(0, dash));
    const auto last = dash == std::string::npos ? first : parse_count(text.substr(dash + 1));
    if (!first || !last) {
      report(known, item, first ? last.problem : first.problem);
    } else if (first.value > last.value) {
      reading_.reporter.error(item.mark, "E-range", fmt::format("'{}' counts down", text),
                              "write the lower number first");
    } else if (in_range(known, item, static_cast<double>(last.value))) {
      for (std::uint64_t one = first.value; one <= last.value; ++one) {
        result.push_back(one);
      }
    }
  }
  return result;
}

void Fields::error(std::string_view key, std::string code, std::string what, std::string advice) {
  const Node* node = map_.find(key);
  reading_.reporter.error(node == nullptr ? map_.mark : node->mark, std::move(code),
                          std::move(what), std::move(advice));
}

}  // namespace timeslice::scenarios
