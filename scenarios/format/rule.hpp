// The grammar of `expect`: a rule as a value.
//
//   rule      = clause {" and " clause}
//   clause    = claim [" at " condition {", " condition}]
//   claim     = metric ["[" entity "]"] (op quantity | "within" P% "of" quantity)
//             | "speedup(" conditions " / " conditions ")" op number
//   condition = parameter "=" value
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "scenarios/format/scenario.hpp"
#include "sim/result.hpp"

namespace timeslice::scenarios {

/// Whether brackets with an entity follow a metric; where they may be left out, that is the total.
enum class Entity : std::uint8_t { none, optional, required };

/// A metric that rules can name, with its unit (ns, 1/s, 1, count, B) and what its entity is.
struct MetricName {
  std::string_view name;
  std::string_view unit;
  std::string_view entity = {};
  Entity brackets = Entity::none;
  bool later = false;  // known, but no run of this version has it
  bool gil = false;    // only runs with a GIL have it
};
[[nodiscard]] std::span<const MetricName> metric_names();

enum class Compare { less, at_most, more, at_least, equal, unequal, within };

struct Condition {
  std::string key;
  std::string value;
};
using Conditions = std::vector<Condition>;

struct Clause {
  const MetricName* metric = nullptr;  // null: speedup
  std::string entity;
  Conditions fast;  // speedup(fast / slow)
  Conditions slow;
  Compare compare = Compare::less;
  double bound = 0.0;      // in the metric's unit
  double tolerance = 0.0;  // of `within`, as a share
  Conditions at;
};

[[nodiscard]] sim::Result<std::vector<Clause>> parse_rule(std::string_view rule);

/// Whether a value of a parameter is meant: equal text, equal numbers, or both on or both off.
[[nodiscard]] bool same_setting(std::string_view a, std::string_view b);

/// Whether a point has all these values.
[[nodiscard]] bool matches(const Params& params, const Conditions& conditions);

/// The value with its unit, for people: "1.25s".
[[nodiscard]] std::string value_text(double value, std::string_view unit);

}  // namespace timeslice::scenarios
