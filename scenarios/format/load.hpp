// Reads a scenario file into a plan: the points of its sweep, each resolved on demand.
//
// Everything wrong with the file is reported at once. Hostile input (alias bombs, cycles, deep
// nesting, huge counts) ends in a diagnostic. Cost: one parse; `point(i)` re-resolves one point.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "scenarios/format/diagnostic.hpp"
#include "scenarios/format/machine_file.hpp"
#include "scenarios/format/scenario.hpp"

namespace timeslice::scenarios {

/// What the command line lays over the file.
struct Overrides {
  std::vector<std::pair<std::string, std::string>> set{};  // --set path=value (YAML scalar)
  std::optional<std::string> variant{};                    // only this one; "" or "base": the base
  std::optional<std::string> machine{};  // name, path to .yaml or hwloc .xml, host
  std::optional<std::uint64_t> seed{};
  std::optional<std::uint64_t> repeat{};
};

/// Where machine presets are looked for, in order: directories that hold NAME.yaml.
struct SearchPath {
  std::vector<std::string> machines;
};

/// One point of the sweep.
struct Point {
  std::uint64_t ordinal = 0;
  std::string key;  // 16 hex digits: hash of the fully resolved content
  Params params;
  Scenario scenario;
};

class Plan {
 public:
  struct State;  // the parsed document; defined in load.cpp
  explicit Plan(std::shared_ptr<const State> state);

  [[nodiscard]] std::uint64_t size() const;  // number of points
  /// Resolves point `ordinal`. Errors that only this point has are diagnostics.
  [[nodiscard]] std::variant<Point, Diagnostics> point(std::uint64_t ordinal) const;
  /// Its parameters alone, cheaply.
  [[nodiscard]] Params params(std::uint64_t ordinal) const;

  [[nodiscard]] const std::string& name() const;
  [[nodiscard]] const std::string& about() const;
  [[nodiscard]] const std::string& yaml() const;                       // the file's text
  [[nodiscard]] const std::string& sha256() const;                     // of that text
  [[nodiscard]] std::string resolved_json() const;                     // base point, canonical
  [[nodiscard]] const std::vector<std::string>& axes() const;          // matrix keys, in file order
  [[nodiscard]] const std::vector<std::string>& expectations() const;  // `expect:` rules, as text
  [[nodiscard]] bool narrowed() const;  // --set, --variant left points out: rules may not apply

 private:
  std::shared_ptr<const State> state_;
};

using Loaded = std::variant<Plan, Diagnostics>;

/// Loads `path` ("-" is not read here: pass text with load_text). Checks every point of sweeps of
/// up to 10 000 points; of larger ones the corners.
[[nodiscard]] Loaded load_file(const std::string& path, const Overrides& overrides,
                               const SearchPath& search);

/// The same from text; `name` stands for the file in messages, `directory` for relative paths.
[[nodiscard]] Loaded load_text(std::string_view text, const std::string& name,
                               const std::string& directory, const Overrides& overrides,
                               const SearchPath& search);

/// A machine by name, path (.yaml, .xml) or `host`, as the `machine:` key takes it.
[[nodiscard]] std::variant<MachineFile, Diagnostics> load_machine(const std::string& name_or_path,
                                                                  const SearchPath& search);

}  // namespace timeslice::scenarios
