#include "scenarios/format/read_character.hpp"

#include <algorithm>
#include <array>
#include <limits>
#include <optional>
#include <utility>

#include <fmt/format.h>

namespace timeslice::scenarios {
namespace {

using models::CharacterSpec;

constexpr double reference_clock_hz = 3.5e9;  // of the reference guest

template <typename Value, std::size_t N>
using Words = std::array<std::pair<std::string_view, Value>, N>;

template <typename Value, std::size_t N>
void read_word(Fields& fields, std::string_view key, const Words<Value, N>& words, Value& into) {
  if (const std::optional<std::string> word = fields.choice(key)) {
    const auto* at = std::ranges::find(words, *word, &std::pair<std::string_view, Value>::first);
    into = at == words.end() ? into : at->second;
  }
}

void read_place(Fields& fields, CharacterSpec& spec) {
  using models::DataHome;
  constexpr Words<DataHome, 6> places{{{"first-touch", DataHome::first_touch},
                                       {"home", DataHome::home},
                                       {"main", DataHome::main},
                                       {"interleave", DataHome::interleave},
                                       {"remote", DataHome::remote},
                                       {"preferred", DataHome::preferred}}};
  read_word(fields, "place", places, spec.place);
  const bool named = fields.read("node", spec.node);
  if (spec.place == DataHome::preferred) {
    if (!named) {
      fields.error("place", "E-missing", "'preferred' says no node", "add node: 0, or another one");
    }
  } else if (named) {
    if (fields.has("place")) {
      fields.error("node", "E-key", "'node' stands beside 'place'",
                   "write one of them, or place: preferred");
    }
    spec.place = DataHome::node;
  }
}

/// `{1MiB: 0.9, 4MiB: 0.4, 16MiB: 0.1}`.
models::MissCurve read_curve(const Reading& reading, const Node& node) {
  std::vector<models::MissPoint> points;
  for (std::size_t i = 0; i < node.keys.size(); ++i) {
    const auto size = parse_bytes(node.keys[i].text);
    const auto ratio = parse_number(node.items[i].text);
    if (!size || !ratio || ratio.value < 0.0 || ratio.value > 1.0) {
      reading.reporter.error(node.keys[i].mark, "E-type",
                             "'misses' maps sizes to parts of 1 that miss",
                             "write it as {1MiB: 0.9, 4MiB: 0.4, 16MiB: 0.1}");
      return {};
    }
    points.push_back({.size = models::Bytes{size.value}, .ratio = ratio.value});
  }
  std::ranges::sort(points, {}, &models::MissPoint::size);
  const auto same = std::ranges::adjacent_find(points, {}, &models::MissPoint::size);
  const bool rises = std::ranges::adjacent_find(points, [](const auto& a, const auto& b) {
                       return a.ratio < b.ratio;
                     }) != points.end();
  if (points.size() < 3 || same != points.end() || rises) {
    reading.reporter.error(node.mark, "E-range",
                           "a miss curve needs three sizes or more, and misses that never rise",
                           "two points miss the knee: give a small, a middle and a large share");
    return {};
  }
  return models::MissCurve{std::move(points)};
}

CharacterSpec read_uses_map(const Reading& reading, const Node& node) {
  Fields fields{reading, node, section_named("uses")};
  CharacterSpec spec;
  fields.read("traffic", spec.traffic);
  fields.read("set", spec.set);
  fields.read("stall", spec.stall);
  fields.read("write", spec.write);
  double gain = 0.0;
  if (fields.read("smt_gain", gain)) {
    spec.smt_gain = gain;
  }
  constexpr Words<models::VectorClass, 2> vectors{
      {{"avx2", models::VectorClass::avx2}, {"avx512", models::VectorClass::avx512}}};
  read_word(fields, "vector", vectors, spec.vector);
  read_place(fields, spec);
  if (const Node* misses = fields.map("misses"); misses != nullptr) {
    spec.misses = read_curve(reading, *misses);
    if (fields.has("set")) {
      fields.error("misses", "E-key", "'misses' stands beside 'set'", "write one of them");
    }
  }
  const bool cached = fields.has("set") || fields.has("misses") || fields.has("stall") ||
                      fields.has("write") || fields.has("place") || fields.has("node");
  if (cached && spec.traffic.per_second <= 0.0) {
    reading.reporter.error(node.mark, "E-missing", "'uses' says what misses but not how much",
                           "add traffic: 2GB/s, or what it is");
  }
  return spec;
}

}  // namespace

std::uint32_t Characters::number_of(const CharacterSpec& spec) {
  const auto at = std::ranges::find(specs, spec);
  const auto number = static_cast<std::uint32_t>(at - specs.begin());
  if (at == specs.end()) {
    specs.push_back(spec);
  }
  return number;
}

std::uint32_t Characters::line_of(const std::string& name) {
  const auto at = std::ranges::find(lines, name);
  const auto number = static_cast<std::uint32_t>(at - lines.begin());
  if (at == lines.end()) {
    lines.push_back(name);
  }
  return number;
}

models::MemoryStep read_touch(Fields& step, Characters& characters) {
  using models::Pattern;
  using models::Where;
  models::MemoryStep read;
  const Node* node = step.map("memory");
  if (node == nullptr) {
    return read;
  }
  Fields fields{step.reading(), *node, section_named("touch")};
  CharacterSpec spec;
  spec.pattern = Pattern::stream;
  constexpr Words<Pattern, 3> patterns{
      {{"stream", Pattern::stream}, {"random", Pattern::random}, {"chase", Pattern::chase}}};
  constexpr Words<Where, 6> levels{{{"auto", Where::automatic},
                                    {"l1", Where::l1},
                                    {"l2", Where::l2},
                                    {"l3", Where::l3},
                                    {"memory", Where::memory},
                                    {"ram", Where::memory}}};
  models::Bytes touch{};
  fields.read("touch", touch);
  spec.set = touch;
  fields.read("set", spec.set);
  fields.read("write", spec.write);
  read_word(fields, "pattern", patterns, spec.pattern);
  read_word(fields, "where", levels, spec.where);
  read_place(fields, spec);
  constexpr double line = 64.0;
  read.units = static_cast<double>(touch.count) / line;
  read.character = characters.number_of(spec);
  return read;
}

models::MemoryStep read_atomic(Fields& step, Characters& characters) {
  using models::Pattern;
  CharacterSpec spec;
  spec.pattern = Pattern::atomic;
  constexpr Words<Pattern, 2> kinds{{{"add", Pattern::atomic}, {"store", Pattern::store}}};
  std::uint64_t count = 0;
  step.read("atomic", count);
  read_word(step, "kind", kinds, spec.pattern);
  std::string line;
  if (step.read("line", line)) {
    if (!is_name(line)) {
      step.error("line", "E-name", fmt::format("'{}' cannot be a name", line),
                 "a name is a letter, then letters, digits, _ or -");
    }
    spec.line = characters.line_of(line);
  }
  return {.units = static_cast<double>(count), .character = characters.number_of(spec)};
}

models::NativeStep read_work(Fields& step, Characters& characters) {
  models::NativeStep read;
  read.duration = models::constant(sim::Duration::zero());
  const Node* node = step.map("work");
  if (node == nullptr) {
    return read;
  }
  Fields fields{step.reading(), *node, section_named("work")};
  double instructions = 0.0;
  double cpi = 0.0;
  fields.read("instructions", instructions);
  fields.read("cpi", cpi);
  read.holds_gil = fields.choice("gil").value_or("released") == "held";
  read.character = read_uses(fields, characters);
  const double said = characters.clock.per_second;
  characters.clock_missing = characters.clock_missing || said <= 0.0;
  const double hertz = said > 0.0 ? said : reference_clock_hz;
  const double ns = instructions * cpi / hertz * 1e9;
  constexpr double longest_ns = 4e18;
  if (ns >= longest_ns) {
    fields.error("instructions", "E-limit", "this work would take over 127 years",
                 "use fewer instructions");
    return read;
  }
  read.duration = models::constant(sim::Duration{static_cast<std::int64_t>(ns + 0.5)});
  return read;
}

std::uint32_t read_uses(Fields& fields, Characters& characters) {
  const Node* node = fields.map("uses");
  return node == nullptr ? models::no_character
                         : characters.number_of(read_uses_map(fields.reading(), *node));
}

std::vector<CharacterSpec> characters_of_world(const Characters& read) {
  return read.specs.size() > 1 ? read.specs : std::vector<CharacterSpec>{};
}

}  // namespace timeslice::scenarios
