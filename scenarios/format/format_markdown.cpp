#include <string>
#include <string_view>

#include <fmt/format.h>

#include "scenarios/format/keys.hpp"
#include "scenarios/format/number.hpp"
#include "scenarios/format/rule.hpp"
#include "scenarios/format/schema.hpp"

namespace timeslice::scenarios {
namespace {

constexpr std::string_view introduction = R"(# The scenario format, version 1: full reference

Generated from the loader's table of keys (scenarios/format/keys_*.cpp), like the JSON Schema
that `timeslice schema` prints. Do not edit: run the tests with `TIMESLICE_UPDATE=1` to write it
anew.

## Values

- Durations, sizes, rates and frequencies carry their unit; only 0 needs none. {units}
- Numbers are decimal: `010`, `0x10` and `1_000` are refused. Booleans: on, off, true, false,
  yes, no.
- A quoted value is text: `"8"` is no number.
- A distribution is a duration, `exp(5ms)`, `uniform(2ms, 8ms)`, `normal(5ms, sd=1ms)`,
  `lognormal(5ms, cv=0.6)`, `pareto(5ms, a=2.5)` or `empirical(file.csv)`: one duration a line,
  or bare numbers below a first line that names their unit. Inside `{ }` it needs quotes, for
  its comma.
- `"${name}"` is the value of a parameter; alone in a value it keeps its type.
- Keys that start with `x-` are skipped. Every other unknown key is an error.
- The order of keys in maps decides nothing; names are numbered in alphabetical order.

## Sweeps

Each point is built in this order: `extends`, variant, `--set` and `--machine`, matrix, `${ }`.
`--set` of a key of the matrix replaces its list by that one value. Keys of the matrix and of
variants are parameters or dotted paths; a number in a path names an element of a list
(`tasks.page.0.io`). A path below a machine that is given by name (`machine.costs.switch`)
changes that machine. `add` appends single points: keys that they leave out have the scenario's
own value. A variant cannot change `timeslice`, `extends`, `matrix`, `variants`, `expect` and
`measured_on`.

## Machines

`machine` is the name of a preset, a path to a `.yaml` or hwloc `.xml` file, `ideal-N` (N cores
on which nothing costs anything), `host`, or a map. A map with `extends` changes another
machine. On an ideal machine every scheduler runs without tick and slack unless the scenario
asks for them.

## Limits

File 1 MiB; depth 64; 100 000 nodes after expansion of at most 1000 aliases; 1e6 points; 1e7
items in all; 65 536 CPUs and workers; tasks that start one another 100 deep; a parameter's
value 4 KiB.

)";

std::string unit_names(const UnitFamily& family) {
  std::string text;
  for (const Unit& unit : family.units) {
    text += fmt::format("{}`{}`", text.empty() ? "" : " ", unit.name);
  }
  return text;
}

std::string all_units() {
  return fmt::format("Durations: {}. Sizes: {}. Rates: {}. Frequencies: {}. Data rates: {}.",
                     unit_names(duration_units()), unit_names(byte_units()),
                     unit_names(rate_units()), unit_names(frequency_units()),
                     unit_names(bandwidth_units()));
}

std::string_view type_name(Type type) {
  switch (type) {
    case Type::text:
      return "text";
    case Type::boolean:
      return "on or off";
    case Type::count:
      return "whole number";
    case Type::number:
      return "number";
    case Type::duration:
      return "duration";
    case Type::distribution:
      return "distribution";
    case Type::bytes:
      return "size";
    case Type::frequency:
      return "frequency";
    case Type::bandwidth:
      return "data rate";
    case Type::choice:
      return "word";
    case Type::version:
      return "version";
    case Type::counts:
      return "list of whole numbers and ranges";
    case Type::cache:
      return "size and sharing";
    case Type::turbo:
      return "map of core counts to frequencies";
    case Type::curve:
      return "map of sizes to parts of 1";
    case Type::section:
      return "map";
    case Type::sections:
      return "list of maps";
    case Type::named:
      return "map of names to maps";
    case Type::steps:
      return "list of steps";
    case Type::tasks:
      return "map of names to lists of steps";
    case Type::machine:
      return "name, path or map";
    case Type::texts:
      return "list of texts";
    case Type::scalars:
      return "map of names to values";
    case Type::axes:
      return "map of keys to lists";
    case Type::changes:
      return "map of names to changes";
  }
  return "";
}

std::string word_list(const Key& key) {
  std::string words;
  for (const std::string& word : choice_words(key)) {
    words += fmt::format("{}`{}`", words.empty() ? "" : ", ", word);
  }
  return words;
}

std::string type_of(const Key& key) {
  std::string text{key.type == Type::choice ? std::string_view{} : type_name(key.type)};
  if (key.type == Type::count && !key.section.empty()) {
    text += fmt::format(", or map ({})", key.section);
  } else if (!key.section.empty()) {
    text += fmt::format(" ({})", key.section);
  }
  if (const std::string words = word_list(key); !words.empty()) {
    text += fmt::format("{}{}", text.empty() ? "" : ", or ", words);
  }
  return text;
}

std::string range_of(const Key& key) {
  const bool counted = key.type == Type::count || key.type == Type::number;
  if (!counted || (key.low == 0.0 && key.high > 1e300)) {
    return {};
  }
  return key.high > 1e300 ? fmt::format("{} or more", key.low)
                          : fmt::format("{} to {}", key.low, key.high);
}

std::string row(const Key& key) {
  const std::string_view doc = key.later.empty() ? key.doc : key.later;
  return fmt::format(
      "| `{}`{} | {} | {} | {} | {}{} |\n", key.name, key.required ? " (required)" : "",
      key.later.empty() ? type_of(key) : "not in this version", range_of(key), key.fallback, doc,
      key.map_later.empty() ? "" : fmt::format("; {}", key.map_later));
}

constexpr std::string_view table_head =
    "| key | value | range | default | meaning |\n|---|---|---|---|---|\n";

std::string word_line(const Key& key, const Choice& choice) {
  const std::string_view doc = choice.later.empty() ? choice.doc : choice.later;
  return doc.empty() ? std::string{}
                     : fmt::format("- `{}: {}`: {}{}\n", key.name, choice.word,
                                   choice.later.empty() ? "" : "not in this version; ", doc);
}

std::string words_table(const Section& section) {
  std::string text;
  for (const Key& key : section.keys) {
    for (const Choice& choice : key.choices) {
      text += word_line(key, choice);
    }
  }
  return text.empty() ? text : "\n" + text;
}

std::string section_text(const Section& section) {
  std::string text = fmt::format("## {}\n\n{}\n\n", section.name, section.doc);
  text += section.keys.empty() ? std::string_view{} : table_head;
  for (const Key& key : section.keys) {
    text += row(key);
  }
  return text + words_table(section) + "\n";
}

/// A row of the table of steps; arguments stand behind the name of their step.
std::string step_row(const Section& step, const Key& key) {
  std::string line = row(key);
  if (&key != step.keys.data()) {
    line.replace(0, 3, fmt::format("| {}: `", step.name));
  }
  return line;
}

std::string steps_text() {
  std::string text = fmt::format(
      "## steps\n\nA step is a map; its first key names it, the others are its arguments.\n\n{}",
      table_head);
  for (const Section& step : all_steps()) {
    for (const Key& key : step.keys) {
      text += step_row(step, key);
    }
  }
  return text + "\n";
}

std::string rules_text() {
  std::string text =
      "## expect\n\n`metric[entity] < quantity`, `metric within 5% of quantity`, or "
      "`speedup(workers=8 / workers=1) > 3`,\neach with `at key=value, ...` behind it; joined by "
      "` and `. Comparisons: < <= > >= == !=. A claim holds\nat every point that has the values "
      "named; `variant=base` is the scenario without a variant. "
      "Metrics:\n\n| metric | unit | in brackets |\n|---|---|---|\n";
  for (const MetricName& metric : metric_names()) {
    text += fmt::format("| `{}` | {} | {}{} |\n", metric.name, metric.unit, metric.entity,
                        metric.later ? " (not in this version)" : "");
  }
  return text + "\n";
}

std::string codes_text() {
  std::string text = "## Errors\n\n| code | meaning |\n|---|---|\n";
  for (const CodeDoc& code : all_codes()) {
    text += fmt::format("| {} | {} |\n", code.code, code.meaning);
  }
  return text;
}

}  // namespace

std::string format_markdown() {
  std::string text{introduction};
  const std::string_view slot = "{units}";
  text.replace(text.find(slot), slot.size(), all_units());
  for (const Section& section : all_sections()) {
    text += section_text(section);
    if (section.name == "scenario") {
      text += steps_text();
      text += rules_text();
    }
  }
  return text + codes_text();
}

}  // namespace timeslice::scenarios
