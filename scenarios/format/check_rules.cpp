#include "scenarios/format/check_rules.hpp"

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "scenarios/format/rule.hpp"
#include "scenarios/format/suggest.hpp"

namespace timeslice::scenarios {
namespace {

constexpr std::uint64_t searched_points = 10'000;  // of larger sweeps, names alone are checked

void add_names(const Node* map, std::set<std::string>& names) {
  for (std::size_t i = 0; map != nullptr && i < map->keys.size(); ++i) {
    if (!is_ignored(map->keys[i].text)) {
      names.insert(map->keys[i].text);
    }
  }
}

bool has_gil(const Plan::State& state, std::uint64_t ordinal) {
  Reporter unheard;
  const models::RuntimeSpec runtime = resolve_point(state, ordinal, unheard).scenario.world.runtime;
  return runtime.language == models::Language::python && runtime.gil.enabled;
}

class RuleCheck {
 public:
  RuleCheck(const Plan::State& state, Reporter& reporter) : state_{state}, reporter_{reporter} {
    const std::uint64_t points = state.variants.size() * state.matrix.size();
    for (const Param& param : params_of(state, 0)) {
      names_.push_back(param.name);
    }
    find_entities(state);
    searched_ = points <= searched_points && !state.narrowed;
    for (std::uint64_t i = 0; searched_ && i < points; ++i) {
      points_.push_back(params_of(state, i));
    }
  }

  void check(const Node& node) {
    if (!node.is_scalar()) {
      reporter_.error(node.mark, "E-expect", "a rule is one line of text",
                      "write - makespan < 20s; quote it where YAML needs that");
      return;
    }
    const auto clauses = parse_rule(node.text);
    if (!clauses) {
      reporter_.error(node.mark, "E-expect", clauses.error().what, clauses.error().advice);
      return;
    }
    for (const Clause& clause : clauses.value()) {
      check_metric(node, clause);
      check_gil(node, clause);
      Conditions fast = clause.at;
      fast.insert(fast.end(), clause.fast.begin(), clause.fast.end());
      Conditions slow = clause.at;
      slow.insert(slow.end(), clause.slow.begin(), clause.slow.end());
      check(node, fast);
      check(node, slow);
    }
  }

 private:
  /// Names of tasks and executors, of all variants together.
  void find_entities(const Plan::State& state) {
    for (const Variant& variant : state.variants) {
      add_names(variant.tree.find("tasks"), entities_["task"]);
      add_names(variant.tree.find("executors"), entities_["executor"]);
    }
    all_variants_ = !state.narrowed;
  }

  void check_metric(const Node& node, const Clause& clause) {
    if (clause.metric == nullptr) {
      return;
    }
    const MetricName& metric = *clause.metric;
    if (metric.later) {
      reporter_.error(node.mark, "E-later",
                      fmt::format("no run of this version has the metric '{}'", metric.name),
                      "leave the rule out for now");
    } else if (clause.entity.empty() && metric.brackets == Entity::required) {
      reporter_.error(node.mark, "E-expect",
                      fmt::format("'{}' is about one {}", metric.name, metric.entity),
                      fmt::format("name it: {}[...]", metric.name));
    } else if (!clause.entity.empty() && metric.brackets == Entity::none) {
      reporter_.error(node.mark, "E-expect",
                      fmt::format("'{}' is about the whole run", metric.name),
                      "leave the brackets out");
    } else if (!clause.entity.empty()) {
      check_entity(node, clause);
    }
  }

  /// Threads are named as they start, CPUs by the machine of a point: known to the run only.
  void check_entity(const Node& node, const Clause& clause) {
    const std::string noun{clause.metric->entity};
    if (!all_variants_ || (noun != "task" && noun != "executor")) {
      return;
    }
    const std::set<std::string>& known = entities_[noun];
    if (!known.contains(clause.entity)) {
      reporter_.error(node.mark, "E-name", fmt::format("no {} is called '{}'", noun, clause.entity),
                      suggestion(clause.entity, {known.begin(), known.end()}));
    }
  }

  /// A rule about the GIL is about points that have one. Only such rules resolve points again.
  void check_gil(const Node& node, const Clause& clause) {
    const std::uint64_t points = state_.variants.size() * state_.matrix.size();
    if (clause.metric == nullptr || !clause.metric->gil || points > searched_points) {
      return;
    }
    for (std::uint64_t i = 0; i < points; ++i) {
      if (matches(params_of(state_, i), clause.at) && !has_gil(state_, i)) {
        reporter_.error(node.mark, "E-expect",
                        fmt::format("'{}' needs a GIL, and a point that the rule is about has none",
                                    clause.metric->name),
                        "name points that have one: `at runtime.gil=on`, or leave the rule out");
        return;
      }
    }
  }

  void check(const Node& node, const Conditions& conditions) {
    for (const Condition& condition : conditions) {
      if (std::ranges::find(names_, condition.key) == names_.end()) {
        reporter_.error(node.mark, "E-expect",
                        fmt::format("no parameter is called '{}'", condition.key),
                        suggestion(condition.key, names_));
        return;
      }
    }
    const auto fits = [&](const Params& params) { return matches(params, conditions); };
    if (searched_ && std::ranges::none_of(points_, fits)) {
      reporter_.error(node.mark, "E-expect", "no point of the sweep matches this rule",
                      "name values that the matrix has");
    }
  }

  const Plan::State& state_;
  Reporter& reporter_;
  std::vector<std::string> names_;
  std::map<std::string, std::set<std::string>> entities_;  // by noun
  std::vector<Params> points_;
  bool searched_ = false;
  bool all_variants_ = false;
};

}  // namespace

void check_rules(const Plan::State& state, Reporter& reporter) {
  if (state.rule_nodes.empty()) {
    return;
  }
  RuleCheck check{state, reporter};
  for (const Node& rule : state.rule_nodes) {
    check.check(rule);
  }
}

}  // namespace timeslice::scenarios
