#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "scenarios/format/load.hpp"
#include "scenarios/format/plan_state.hpp"
#include "scenarios/format/read_world.hpp"
#include "scenarios/format/sha256.hpp"
#include "scenarios/format/substitute.hpp"
#include "sim/expect.hpp"

namespace timeslice::scenarios {
namespace {

struct PlacedPoint {
  const Variant& variant;
  Combination combination;
};

PlacedPoint place_of(const Plan::State& state, std::uint64_t ordinal) {
  const std::uint64_t each = state.matrix.size();
  sim::expect(each > 0 && ordinal / each < state.variants.size(),
              "a point of the plan is asked for");
  return {state.variants[ordinal / each], state.matrix.at(ordinal % each)};
}

/// What decides results: not names, not how often, not where the values were written.
std::string content_of(const Node& tree) {
  Node content = tree;
  for (const char* key : {"timeslice", "name", "about", "repeat", "machine", "measured_on"}) {
    content.erase(key);
  }
  return canonical_json(content);
}

std::string key_of(const Node& tree, const std::string& machine,
                   const std::vector<std::string>& contents) {
  const std::string text =
      fmt::format("{}\n{}\n{}", content_of(tree), machine, fmt::join(contents, "\n"));
  return sha256_hex(text).substr(0, 16);
}

void warn_unused_params(const Node* params, const ParamValues& values,
                        std::vector<std::string>& warnings) {
  for (std::size_t i = 0; params != nullptr && i < params->keys.size(); ++i) {
    const std::string& name = params->keys[i].text;
    if (!is_ignored(name) && !values.used(name)) {
      warnings.push_back(fmt::format("the parameter '{}' is never used", name));
    }
  }
}

}  // namespace

void name_plan(Plan::State& state, const Node& base) {
  const Node* name = base.find("name");
  const Node* about = base.find("about");
  state.name = name != nullptr && name->is_scalar() ? name->text : state.fallback_name;
  state.about = about != nullptr && about->is_scalar() ? about->text : "";
  for (const Axis& axis : state.matrix.axes()) {
    state.axes.push_back(axis.key);
  }
}

Origin base_origin(const Plan::State& state, const Node& base) {
  Node tree = base;
  Reporter unheard;
  ParamValues values{tree.find("params"), unheard};
  for (const char* key : {"machine", "runtime"}) {
    if (Node* node = tree.find(key); node != nullptr) {
      values.substitute(*node);
    }
  }
  return origin_of(*state.files, tree);
}

Params params_of(const Plan::State& state, std::uint64_t ordinal) {
  const auto [variant, combination] = place_of(state, ordinal);
  const std::vector<Axis>& axes = state.matrix.axes();
  Params params{{.name = "variant", .value = variant.name}};
  const auto swept = [&](const std::string& key) -> const Node* {
    const auto at = std::ranges::find(axes, key, &Axis::key);
    return at == axes.end() ? nullptr : combination[static_cast<std::size_t>(at - axes.begin())];
  };
  const Node* own = variant.tree.find("params");
  for (std::size_t i = 0; own != nullptr && i < own->keys.size(); ++i) {
    const std::string& key = own->keys[i].text;
    if (!is_ignored(key)) {
      const Node* value = swept(key);
      params.push_back(
          {.name = key, .value = flow_text(value == nullptr ? own->items[i] : *value)});
    }
  }
  for (std::size_t a = 0; a < axes.size(); ++a) {
    if (own != nullptr && own->find(axes[a].key) != nullptr) {
      continue;
    }
    const Node* value = combination[a] != nullptr
                            ? combination[a]
                            : find_path(variant.tree, split_path(axes[a].key));
    params.push_back({.name = axes[a].key, .value = value == nullptr ? "" : flow_text(*value)});
  }
  return params;
}

Node tree_of(const Plan::State& state, std::uint64_t ordinal, Reporter& reporter,
             std::vector<std::string>& warnings) {
  const auto [variant, combination] = place_of(state, ordinal);
  const std::vector<Axis>& axes = state.matrix.axes();
  Node tree = variant.tree;
  for (std::size_t a = 0; a < axes.size(); ++a) {
    if (combination[a] != nullptr &&
        !assign(tree, locate(tree, axes[a].key), *combination[a], axes[a].mark)) {
      reporter.error(axes[a].mark, "E-key", fmt::format("there is nothing at '{}'", axes[a].key),
                     "the path must lead through maps, or to an element of a list");
    }
  }
  Node params;
  if (const Node* own = tree.find("params"); own != nullptr) {
    params = *own;
    if (!own->is_map()) {
      reporter.error(own->mark, "E-type", "'params' must be a map", "write it as {workers: 8}");
    }
    tree.erase("params");
  }
  ParamValues values{&params, reporter};
  values.substitute(tree);
  warn_unused_params(&params, values, warnings);
  return tree;
}

Point resolve_point(const Plan::State& state, std::uint64_t ordinal, Reporter& reporter) {
  std::vector<std::string> warnings;
  std::vector<std::string> contents;
  const Node tree = tree_of(state, ordinal, reporter, warnings);
  const Reading reading{reporter, *state.files, warnings, contents};
  ReadWorld read = read_world({reading, state.fallback_name, state.origin}, tree);
  return {.ordinal = ordinal,
          .key = key_of(tree, read.canonical_machine, contents),
          .params = params_of(state, ordinal),
          .scenario = std::move(read.scenario)};
}

Plan::Plan(std::shared_ptr<const State> state) : state_{std::move(state)} {}

std::uint64_t Plan::size() const {
  return state_->variants.size() * state_->matrix.size();
}

std::variant<Point, Diagnostics> Plan::point(std::uint64_t ordinal) const {
  Reporter reporter;
  Point point = resolve_point(*state_, ordinal, reporter);
  if (!reporter.clean()) {
    return reporter.take();
  }
  return point;
}

Params Plan::params(std::uint64_t ordinal) const {
  return params_of(*state_, ordinal);
}
const std::string& Plan::name() const {
  return state_->name;
}
const std::string& Plan::about() const {
  return state_->about;
}
const std::string& Plan::yaml() const {
  return state_->yaml;
}
const std::string& Plan::sha256() const {
  return state_->sha256;
}
const std::vector<std::string>& Plan::axes() const {
  return state_->axes;
}
const std::vector<std::string>& Plan::expectations() const {
  return state_->rules;
}
bool Plan::narrowed() const {
  return state_->narrowed;
}

std::string Plan::resolved_json() const {
  Reporter unheard;
  std::vector<std::string> warnings;
  return canonical_json(tree_of(*state_, 0, unheard, warnings));
}

}  // namespace timeslice::scenarios
