#include "scenarios/format/check_rules.hpp"

#include <algorithm>
#include <set>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "scenarios/format/rule.hpp"
#include "scenarios/format/suggest.hpp"

namespace timeslice::scenarios {
namespace {

constexpr std::uint64_t searched_points = 10'000;  // of larger sweeps, names alone are checked

class RuleCheck {
 public:
  RuleCheck(const Plan::State& state, Reporter& reporter) : reporter_{reporter} {
    const std::uint64_t points = state.variants.size() * state.matrix.size();
    for (const Param& param : params_of(state, 0)) {
      names_.push_back(param.name);
    }
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
      Conditions fast = clause.at;
      fast.insert(fast.end(), clause.fast.begin(), clause.fast.end());
      Conditions slow = clause.at;
      slow.insert(slow.end(), clause.slow.begin(), clause.slow.end());
      check(node, fast);
      check(node, slow);
    }
  }

 private:
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

  Reporter& reporter_;
  std::vector<std::string> names_;
  std::vector<Params> points_;
  bool searched_ = false;
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
