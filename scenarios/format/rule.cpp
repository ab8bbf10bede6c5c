#include "scenarios/format/rule.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include <fmt/format.h>

#include "scenarios/format/number.hpp"
#include "scenarios/format/suggest.hpp"

namespace timeslice::scenarios {
namespace {

constexpr std::array<MetricName, 54> metrics{{
    {"makespan", "ns"},
    {"throughput", "1/s", "task", Entity::required},
    {"task_latency_mean", "ns", "task", Entity::required},
    {"task_latency_p50", "ns", "task", Entity::required},
    {"task_latency_p90", "ns", "task", Entity::required},
    {"task_latency_p95", "ns", "task", Entity::required},
    {"task_latency_p99", "ns", "task", Entity::required},
    {"queue_wait_mean", "ns", "executor", Entity::required},
    {"queue_wait_p95", "ns", "executor", Entity::required},
    {"cpu_time", "ns", "thread", Entity::optional},
    {"cpu_utilization", "1", "cpu", Entity::optional},
    {"core_busy", "1", "core", Entity::required},
    {"idle_while_runnable", "ns"},
    {"switches_voluntary", "count", "thread", Entity::optional},
    {"switches_involuntary", "count", "thread", Entity::optional},
    {"migrations", "count", "thread", Entity::optional},
    {"gil_held", "ns", "thread", Entity::optional, false, true},
    {"gil_wait", "ns", "thread", Entity::optional, false, true},
    {"gil_switches", "count", {}, Entity::none, false, true},
    {"gc_pauses", "count"},
    {"gc_paused", "ns"},
    {"state_parallel", "1"},
    {"state_smt", "1"},
    {"state_timeshared", "1"},
    {"startup", "ns", "executor", Entity::required},
    {"shutdown", "ns", "executor", Entity::required},
    {"ipc_bytes", "B", "executor", Entity::required},
    {"peak_memory", "B", "process", Entity::optional},
    {"peak_private", "B", "process", Entity::optional},
    {"peak_rss", "B", "process", Entity::optional},
    {"loop_lag_p50", "ns", "executor", Entity::required},
    {"loop_lag_p99", "ns", "executor", Entity::required},
    {"loop_lag_max", "ns", "executor", Entity::required},
    {"timeouts", "count", "executor", Entity::required},
    {"jobs_done", "count", "task", Entity::required},
    {"deadline_misses", "count", "task", Entity::required},
    {"response_mean", "ns", "task", Entity::required},
    {"response_p50", "ns", "task", Entity::required},
    {"response_p95", "ns", "task", Entity::required},
    {"response_p99", "ns", "task", Entity::required},
    {"response_max", "ns", "task", Entity::required},
    {"tasks_done", "count"},
    {"group_cpu_time", "ns", "group", Entity::required},
    {"quota_periods", "count", "group", Entity::required},
    {"quota_throttled", "count", "group", Entity::required},
    {"throttled_time", "ns", "group", Entity::required},
    {"cost_ideal", "ns"},
    {"cost_gil", "ns"},
    {"cost_start", "ns"},
    {"cost_ipc", "ns"},
    {"cost_switch", "ns"},
    {"cost_contention", "ns"},
    {"cost_rest", "ns"},
    {"speedup_serial", "1", "", Entity::none, true},
}};

}  // namespace

std::span<const MetricName> metric_names() {
  return metrics;
}

namespace {

sim::Error wrong(std::string what, std::string advice) {
  return {.where = {}, .what = std::move(what), .advice = std::move(advice)};
}

/// `text` cut at `separator`; brackets hold together what is inside.
std::vector<std::string_view> split(std::string_view text, std::string_view separator) {
  std::vector<std::string_view> parts;
  int open = 0;
  std::size_t from = 0;
  for (std::size_t at = 0; at < text.size(); ++at) {
    open += text[at] == '(' || text[at] == '[' ? 1 : 0;
    open -= text[at] == ')' || text[at] == ']' ? 1 : 0;
    if (open == 0 && text.substr(at).starts_with(separator)) {
      parts.push_back(trimmed(text.substr(from, at - from)));
      from = at + separator.size();
      at = from - 1;
    }
  }
  parts.push_back(trimmed(text.substr(from)));
  return parts;
}

sim::Result<Conditions> parse_conditions(std::string_view text) {
  Conditions conditions;
  for (const std::string_view part : split(text, ",")) {
    const std::size_t equals = part.find('=');
    if (equals == std::string_view::npos || equals == 0 || equals + 1 == part.size()) {
      return wrong(fmt::format("'{}' is not a condition", part), "write workers=8, runtime.gil=on");
    }
    const std::string_view key = trimmed(part.substr(0, equals));
    const std::string_view value = trimmed(part.substr(equals + 1));
    const bool base = key == "variant" && value == "base";  // a reserved name; its column is empty
    conditions.push_back({std::string{key}, base ? std::string{} : std::string{value}});
  }
  return conditions;
}

struct Operator {
  std::string_view text;
  Compare compare;
};
constexpr std::array<Operator, 7> operators{{{"<=", Compare::at_most},
                                             {">=", Compare::at_least},
                                             {"==", Compare::equal},
                                             {"!=", Compare::unequal},
                                             {"<", Compare::less},
                                             {">", Compare::more},
                                             {"=", Compare::equal}}};

Parsed<double> parse_bound(std::string_view text, std::string_view unit) {
  if (unit == "ns") {
    return parse_quantity(text, duration_units());
  }
  if (unit == "B") {
    return parse_quantity(text, byte_units());
  }
  return unit == "1/s" ? parse_quantity(text, rate_units()) : parse_ratio(text);
}

sim::Error bad_bound(const Problem& problem, std::string_view text) {
  std::string what = problem.what;
  const std::size_t at = what.find("{}");
  return wrong(at == std::string::npos ? what : what.replace(at, 2, fmt::format("'{}'", text)),
               problem.advice);
}

/// What follows the metric: `< 20s`, or `within 5% of 120ms`.
sim::Result<Clause> parse_comparison(std::string_view text, std::string_view unit, Clause clause) {
  std::string_view bound;
  if (text.starts_with("within ")) {
    const std::size_t of = text.find(" of ");
    const std::string_view share =
        of == std::string_view::npos ? "" : trimmed(text.substr(7, of - 7));
    const auto tolerance = parse_ratio(share);
    if (!share.ends_with('%') || !tolerance || tolerance.value < 0.0) {
      return wrong(fmt::format("'{}' is not a tolerance", text), "write within 5% of 120ms");
    }
    clause.compare = Compare::within;
    clause.tolerance = tolerance.value;
    bound = trimmed(text.substr(of + 4));
  } else {
    const auto* found = std::ranges::find_if(
        operators, [&](const Operator& each) { return text.starts_with(each.text); });
    if (found == operators.end()) {
      return wrong(fmt::format("'{}' is not a comparison", text),
                   "write < 20s, >= 3, or within 5% of 120ms");
    }
    clause.compare = found->compare;
    bound = trimmed(text.substr(found->text.size()));
  }
  const auto value = parse_bound(bound, unit);
  if (!value) {
    return bad_bound(value.problem, bound);
  }
  clause.bound = value.value;
  return clause;
}

sim::Result<Clause> parse_speedup(std::string_view text, Clause clause) {
  const std::size_t close = text.find(')');
  const std::string_view inside = close == std::string_view::npos ? "" : text.substr(8, close - 8);
  const std::size_t slash = inside.find(" / ");
  if (slash == std::string_view::npos) {
    return wrong("'speedup' compares two settings", "write speedup(workers=8 / workers=1) > 3");
  }
  auto fast = parse_conditions(inside.substr(0, slash));
  auto slow = parse_conditions(inside.substr(slash + 3));
  if (!fast || !slow) {
    return fast ? slow.error() : fast.error();
  }
  clause.fast = std::move(fast).value();
  clause.slow = std::move(slow).value();
  return parse_comparison(trimmed(text.substr(close + 1)), "1", std::move(clause));
}

std::string known_metric(std::string_view name) {
  std::vector<std::string> names{"speedup"};
  for (const MetricName& metric : metric_names()) {
    if (!metric.later) {
      names.emplace_back(metric.name);
    }
  }
  return suggestion(name, names, 8);
}

sim::Result<Clause> parse_metric(std::string_view text, Clause clause) {
  const std::size_t end = std::min(text.find_first_of(" [<>=!"), text.size());
  const std::string_view name = text.substr(0, end);
  const auto known = metric_names();
  const auto found = std::ranges::find(known, name, &MetricName::name);
  if (found == known.end()) {
    return wrong(fmt::format("there is no metric '{}'", name), known_metric(name));
  }
  clause.metric = &*found;
  std::string_view rest = text.substr(end);
  if (rest.starts_with('[')) {
    const std::size_t close = rest.find(']');
    if (close == std::string_view::npos) {
      return wrong("'[' has no closing ']'", "write task_latency_p99[page] < 5ms");
    }
    clause.entity = std::string{trimmed(rest.substr(1, close - 1))};
    rest.remove_prefix(close + 1);
  }
  const std::string_view unit = clause.metric->unit;
  return parse_comparison(trimmed(rest), unit, std::move(clause));
}

sim::Result<Clause> parse_clause(std::string_view text) {
  Clause clause;
  const std::vector<std::string_view> halves = split(text, " at ");
  if (halves.size() > 2) {
    return wrong("a claim has one 'at'", "join the conditions by commas: at workers=8, gil=on");
  }
  if (halves.size() == 2) {
    auto at = parse_conditions(halves[1]);
    if (!at) {
      return at.error();
    }
    clause.at = std::move(at).value();
  }
  return halves[0].starts_with("speedup(") ? parse_speedup(halves[0], std::move(clause))
                                           : parse_metric(halves[0], std::move(clause));
}

}  // namespace

sim::Result<std::vector<Clause>> parse_rule(std::string_view rule) {
  std::vector<Clause> clauses;
  for (const std::string_view part : split(trimmed(rule), " and ")) {
    auto clause = parse_clause(part);
    if (!clause) {
      return clause.error();
    }
    clauses.push_back(std::move(clause).value());
  }
  return clauses;
}

bool same_setting(std::string_view a, std::string_view b) {
  if (a == b) {
    return true;
  }
  const auto first = parse_number(a);
  const auto second = parse_number(b);
  if (first && second) {
    return first.value == second.value;
  }
  const auto one = parse_boolean(a);
  const auto other = parse_boolean(b);
  return one && other && one.value == other.value;
}

bool matches(const Params& params, const Conditions& conditions) {
  return std::ranges::all_of(conditions, [&](const Condition& condition) {
    const auto found = std::ranges::find(params, condition.key, &Param::name);
    return found != params.end() && same_setting(found->value, condition.value);
  });
}

std::string value_text(double value, std::string_view unit) {
  const auto scaled = [value](std::span<const Unit> units) {
    const Unit* best = &units.front();
    for (const Unit& each : units) {
      best = (value < 0 ? -value : value) >= each.factor ? &each : best;
    }
    return fmt::format("{:.4g}{}", value / best->factor, best->name);
  };
  if (unit == "ns") {
    return scaled(duration_units().units.first(4));  // up to seconds
  }
  if (unit == "B") {
    constexpr std::array<Unit, 4> binary{
        {{"B", 1.0}, {"KiB", 1024.0}, {"MiB", 1048576.0}, {"GiB", 1073741824.0}}};
    return scaled(binary);
  }
  return fmt::format("{:.4g}{}", value, unit == "1/s" ? "/s" : "");
}

}  // namespace timeslice::scenarios
