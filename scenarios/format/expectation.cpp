#include "scenarios/format/expectation.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include <fmt/format.h>

#include "scenarios/format/rule.hpp"

namespace timeslice::scenarios {
namespace {

bool holds(const Clause& clause, double value) {
  switch (clause.compare) {
    case Compare::less:
      return value < clause.bound;
    case Compare::at_most:
      return value <= clause.bound;
    case Compare::more:
      return value > clause.bound;
    case Compare::at_least:
      return value >= clause.bound;
    case Compare::equal:
      return value == clause.bound;
    case Compare::unequal:
      return value != clause.bound;
    case Compare::within:
      break;
  }
  return std::abs(value - clause.bound) <= clause.tolerance * std::abs(clause.bound);
}

const MetricSamples* find_metric(const PointMetrics& point, std::string_view name,
                                 std::string_view entity) {
  const auto found = std::ranges::find_if(point.metrics, [&](const MetricSamples& each) {
    return each.name == name && each.entity == entity;
  });
  return found == point.metrics.end() || (found->values.empty() && !found->pooled.has_value())
             ? nullptr
             : &*found;
}

double mean(const std::vector<double>& values) {
  double sum = 0.0;
  for (const double value : values) {
    sum += value;
  }
  return sum / static_cast<double>(values.size());
}

/// What one clause found: a value a matching point, and whether any failed.
struct Found {
  std::vector<double> values;
  bool all_hold = true;
  double worst = 0.0;  // the first that fails
};

void note(const Clause& clause, double value, Found& found) {
  found.values.push_back(value);
  if (found.all_hold && !holds(clause, value)) {
    found.all_hold = false;
    found.worst = value;
  }
}

sim::Error no_metric(const Clause& clause) {
  const std::string entity = clause.entity.empty() ? "" : fmt::format("[{}]", clause.entity);
  return {.where = {},
          .what = fmt::format("the runs have no '{}{}'", clause.metric->name, entity),
          .advice = clause.metric->entity.empty()
                        ? "it may need an option of `run`"
                        : fmt::format("in brackets stands a {}", clause.metric->entity)};
}

sim::Result<Found> find_values(const Clause& clause, const std::vector<PointMetrics>& points) {
  Found found;
  for (const PointMetrics& point : points) {
    if (!matches(point.params, clause.at)) {
      continue;
    }
    const MetricSamples* samples = find_metric(point, clause.metric->name, clause.entity);
    if (samples == nullptr) {
      return no_metric(clause);
    }
    note(clause, samples->pooled.has_value() ? *samples->pooled : mean(samples->values), found);
  }
  return found;
}

/// `params` with the values of `conditions` in place: where the partner of a point is.
Params with(Params params, const Conditions& conditions) {
  for (const Condition& condition : conditions) {
    const auto at = std::ranges::find(params, condition.key, &Param::name);
    if (at != params.end()) {
      at->value = condition.value;
    }
  }
  return params;
}

bool same_point(const Params& a, const Params& b) {
  return std::ranges::equal(a, b, [](const Param& x, const Param& y) {
    return x.name == y.name && same_setting(x.value, y.value);
  });
}

std::optional<double> speedup(const PointMetrics& fast, const PointMetrics& slow) {
  const MetricSamples* numerator = find_metric(slow, "makespan", "");
  const MetricSamples* denominator = find_metric(fast, "makespan", "");
  if (numerator == nullptr || denominator == nullptr) {
    return std::nullopt;
  }
  const std::size_t pairs = std::min(numerator->values.size(), denominator->values.size());
  std::vector<double> ratios;
  ratios.reserve(pairs);
  for (std::size_t i = 0; i < pairs; ++i) {
    ratios.push_back(numerator->values[i] / denominator->values[i]);
  }
  return ratios.empty() ? std::nullopt : std::optional{mean(ratios)};
}

Found find_speedups(const Clause& clause, const std::vector<PointMetrics>& points) {
  Found found;
  for (const PointMetrics& fast : points) {
    if (!matches(fast.params, clause.fast) || !matches(fast.params, clause.at)) {
      continue;
    }
    const Params partner = with(fast.params, clause.slow);
    const auto slow = std::ranges::find_if(
        points, [&](const PointMetrics& each) { return same_point(each.params, partner); });
    if (slow == points.end()) {
      continue;  // the sweep leaves the partner out (`skip`)
    }
    if (const auto ratio = speedup(fast, *slow)) {
      note(clause, *ratio, found);
    }
  }
  return found;
}

sim::Result<Found> find(const Clause& clause, const std::vector<PointMetrics>& points) {
  if (clause.metric == nullptr) {
    return find_speedups(clause, points);
  }
  return find_values(clause, points);
}

bool names(const Conditions& conditions, const std::string& key) {
  return std::ranges::find(conditions, key, &Condition::key) != conditions.end();
}

/// Whether the clause is about single points, so that points left out cannot belong to it.
bool pins_everything(const Clause& clause, const Params& params) {
  return std::ranges::all_of(params, [&](const Param& param) {
    return names(clause.at, param.name) ||
           (names(clause.fast, param.name) && names(clause.slow, param.name)) ||
           (param.name == "variant" && param.value.empty());
  });
}

std::string text_of(const Clause& clause, const Found& found) {
  const std::string_view unit = clause.metric == nullptr ? "1" : clause.metric->unit;
  if (!found.all_hold || found.values.size() == 1) {
    return value_text(found.all_hold ? found.values[0] : found.worst, unit);
  }
  const auto [low, high] = std::ranges::minmax(found.values);
  return low == high ? value_text(low, unit)
                     : fmt::format("{} .. {}", value_text(low, unit), value_text(high, unit));
}

Verdict not_evaluated(std::string_view rule) {
  return {.rule = std::string{rule},
          .holds = std::nullopt,
          .actual = "not evaluated: not all of its points are in this run"};
}

sim::Error no_point(std::string_view rule) {
  return {.where = {},
          .what = fmt::format("no point matches the rule '{}'", rule),
          .advice = "name parameters and values that the sweep has"};
}

}  // namespace

sim::Result<bool> check_expectation(std::string_view rule) {
  const auto clauses = parse_rule(rule);
  if (!clauses) {
    return clauses.error();
  }
  return true;
}

sim::Result<Verdict> evaluate_expectation(std::string_view rule,
                                          const std::vector<PointMetrics>& points, bool complete) {
  const auto clauses = parse_rule(rule);
  if (!clauses) {
    return clauses.error();
  }
  Verdict verdict{.rule = std::string{rule}, .holds = true, .actual = {}};
  for (const Clause& clause : clauses.value()) {
    if (!complete && !points.empty() && !pins_everything(clause, points[0].params)) {
      return not_evaluated(rule);
    }
    const sim::Result<Found> found = find(clause, points);
    if (!found) {
      return found.error();
    }
    if (found.value().values.empty()) {
      return complete ? sim::Result<Verdict>{no_point(rule)} : not_evaluated(rule);
    }
    verdict.holds = *verdict.holds && found.value().all_hold;
    verdict.actual += (verdict.actual.empty() ? "" : ", ") + text_of(clause, found.value());
  }
  return verdict;
}

}  // namespace timeslice::scenarios
