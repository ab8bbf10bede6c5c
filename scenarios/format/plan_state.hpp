// What a plan holds: the trees of its variants, its matrix, and how a point comes out of them.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "scenarios/format/document.hpp"
#include "scenarios/format/files.hpp"
#include "scenarios/format/load.hpp"
#include "scenarios/format/matrix.hpp"
#include "scenarios/format/scaling.hpp"

namespace timeslice::scenarios {

struct Plan::State {
  std::shared_ptr<Files> files;
  std::string name;
  std::string about;
  std::string fallback_name;
  std::string yaml;
  std::string sha256;
  std::vector<Variant> variants;  // without matrix, variants and expect
  Matrix matrix;
  std::vector<std::string> axes;
  std::vector<std::string> rules;
  std::vector<Node> rule_nodes;  // beside `rules`
  bool narrowed = false;
  Origin origin;
};

/// Name, about and axes of a plan, from its base tree.
void name_plan(Plan::State& state, const Node& base);

/// Where the durations of the base come from: its own machine and runtime.
[[nodiscard]] Origin base_origin(const Plan::State& state, const Node& base);

/// The parameters of a point, cheaply.
[[nodiscard]] Params params_of(const Plan::State& state, std::uint64_t ordinal);

/// The tree of a point with all values in place, parameters put in and taken out.
[[nodiscard]] Node tree_of(const Plan::State& state, std::uint64_t ordinal, Reporter& reporter,
                           std::vector<std::string>& warnings);

/// The point; what is wrong with it is reported.
Point resolve_point(const Plan::State& state, std::uint64_t ordinal, Reporter& reporter);

}  // namespace timeslice::scenarios
