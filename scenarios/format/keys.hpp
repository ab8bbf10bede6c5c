// The one table of keys: every section of the format, its keys, types, limits, defaults and words.
//
// Reading, error messages, the JSON Schema and FORMAT.md all come from here, so they cannot
// disagree. Defaults are text for people; the values themselves live in the models' *Spec structs.
#pragma once

#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace timeslice::scenarios {

enum class Type : std::uint8_t {
  text,          // any scalar
  boolean,       // on, off, true, false, yes, no
  count,         // a whole number from 0
  number,        // a decimal number
  duration,      // 5ms
  distribution,  // 5ms or exp(5ms)
  bytes,         // 64KiB
  frequency,     // 2.6GHz
  bandwidth,     // 40GiB/s
  choice,        // one of `choices`
  version,       // 3.11
  counts,        // a list of whole numbers and ranges: [0, 4-7]
  cache,         // 32MiB shared by package
  turbo,         // a map from active cores to a frequency
  curve,         // a map from sizes to parts of 1
  section,       // a map with the keys of `section`
  sections,      // a list of such maps
  named,         // a map from names to such maps
  steps,         // a list of steps
  tasks,         // a map from names to lists of steps
  machine,       // a name, a path, or a map with the keys of `machine`
  texts,         // a list of scalars
  scalars,       // a map from names to scalars
  axes,          // a matrix: a map from names or dotted paths to lists
  changes        // variants: a map from names to maps laid over the scenario
};

/// One word that a key takes. `later` not empty: known, but not modelled by this version, and why.
struct Choice {
  std::string_view word;
  std::string_view doc = {};
  std::string_view later = {};
};

struct Key {
  std::string_view name;
  Type type = Type::text;
  std::string_view section = {};         // for the types that hold maps; of a count: or such a map
  std::span<const Choice> choices = {};  // words; beside another type, words taken as well
  double low = 0.0;                      // smallest value, in base units (ns, B, Hz, 1)
  double high = std::numeric_limits<double>::infinity();
  bool limit = false;  // `high` is a limit of the format (E-limit), not of the thing (E-range)
  bool required = false;
  std::string_view fallback = {};  // the default, as text; empty: none
  std::string_view doc = {};
  std::string_view later = {};      // not empty: refused (E-later), and why
  std::string_view map_later = {};  // not empty: a map here is refused (E-later), and why
};

struct Section {
  std::string_view name;
  std::string_view doc;
  std::span<const Key> keys;
};

/// All sections but steps, the scenario itself first.
[[nodiscard]] std::span<const Section> all_sections();

/// Steps: the section's name is the step, and its first key as well.
[[nodiscard]] std::span<const Section> all_steps();

/// Requires: there is one of that name.
[[nodiscard]] const Section& section_named(std::string_view name);

/// The step's section, or null.
[[nodiscard]] const Section* find_step(std::string_view name);

/// The key in `section`, or null.
[[nodiscard]] const Key* find_key(const Section& section, std::string_view name);

[[nodiscard]] std::vector<std::string> key_names(const Section& section);
[[nodiscard]] std::vector<std::string> step_names();
[[nodiscard]] std::vector<std::string> choice_words(const Key& key);  // those of this version

/// Error codes and what they mean.
struct CodeDoc {
  std::string_view code;
  std::string_view meaning;
};
[[nodiscard]] std::span<const CodeDoc> all_codes();

/// The parts of the table, one file each.
[[nodiscard]] std::span<const Section> scenario_sections();
[[nodiscard]] std::span<const Section> machine_sections();
[[nodiscard]] std::span<const Section> os_sections();
[[nodiscard]] std::span<const Section> runtime_sections();
[[nodiscard]] std::span<const Section> step_argument_sections();
[[nodiscard]] std::span<const Section> character_sections();

}  // namespace timeslice::scenarios
