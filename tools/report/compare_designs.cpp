#include "tools/report/compare_designs.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <map>
#include <numeric>
#include <utility>

#include <boost/math/distributions/students_t.hpp>
#include <fmt/format.h>

#include "sim/random.hpp"
#include "tools/report/humanize.hpp"

namespace timeslice::tools {
namespace {

constexpr std::size_t resamples = 2000;
constexpr std::uint64_t bootstrap_seed = 1;
using Values = std::vector<double>;

struct PairOfValues {
  Values a;
  Values b;
  bool paired = false;
};

double mean(const Values& values) {
  return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

double variance(const Values& values) {
  const double middle = mean(values);
  double sum = 0.0;
  for (const double value : values) {
    sum += (value - middle) * (value - middle);
  }
  return sum / static_cast<double>(values.size() - 1);
}

// Runs with the same seeds in both, where all have; else all runs.
PairOfValues paired_by_seed(const DesignPoint& a, const DesignPoint& b) {
  std::map<std::int64_t, double> of_a;
  for (const DesignSample& sample : a.samples) {
    of_a[sample.seed] = sample.value;
  }
  PairOfValues paired{.a = {}, .b = {}, .paired = true};
  for (const DesignSample& sample : b.samples) {
    if (const auto found = of_a.find(sample.seed); found != of_a.end()) {
      paired.a.push_back(found->second);
      paired.b.push_back(sample.value);
    }
  }
  if (paired.a.size() == a.samples.size() && paired.b.size() == b.samples.size()) {
    return paired;
  }
  PairOfValues all;
  for (const DesignSample& sample : a.samples) {
    all.a.push_back(sample.value);
  }
  for (const DesignSample& sample : b.samples) {
    all.b.push_back(sample.value);
  }
  return all;
}

double two_sided(double t, double degrees) {
  return 2.0 *
         boost::math::cdf(boost::math::complement(boost::math::students_t{degrees}, std::abs(t)));
}

struct Test {
  double p = 1.0;
  double effect = 0.0;
};

// Without any spread the difference is exact: it is there or it is not.
Test test_of(double difference, double squared_error, double degrees) {
  if (squared_error <= 0.0) {
    return {.p = difference == 0.0 ? 1.0 : 0.0, .effect = 0.0};
  }
  return {.p = two_sided(difference / std::sqrt(squared_error), degrees), .effect = 0.0};
}

Test paired_test(const PairOfValues& values) {
  Values differences(values.a.size());
  for (std::size_t at = 0; at < differences.size(); ++at) {
    differences[at] = values.b[at] - values.a[at];
  }
  const double spread = variance(differences);
  const auto n = static_cast<double>(differences.size());
  Test test = test_of(mean(differences), spread / n, n - 1.0);
  test.effect = spread > 0.0 ? mean(differences) / std::sqrt(spread) : 0.0;
  return test;
}

Test welch_test(const PairOfValues& values) {
  const auto n_a = static_cast<double>(values.a.size());
  const auto n_b = static_cast<double>(values.b.size());
  const double part_a = variance(values.a) / n_a;
  const double part_b = variance(values.b) / n_b;
  const double both = part_a + part_b;
  const double degrees =
      both > 0.0 ? both * both / (part_a * part_a / (n_a - 1.0) + part_b * part_b / (n_b - 1.0))
                 : 1.0;
  const double difference = mean(values.b) - mean(values.a);
  Test test = test_of(difference, both, degrees);
  const double pooled = std::sqrt((variance(values.a) + variance(values.b)) / 2.0);
  test.effect = pooled > 0.0 ? difference / pooled : 0.0;
  return test;
}

double resampled_mean(const Values& values, const std::vector<std::size_t>& which) {
  double sum = 0.0;
  for (const std::size_t at : which) {
    sum += values[at];
  }
  return sum / static_cast<double>(which.size());
}

struct Interval {
  double low = 0.0;
  double high = 0.0;
};

Interval bootstrap_change(const PairOfValues& values) {
  const sim::Random random{bootstrap_seed};
  std::uint32_t draw = 0;
  const auto choose = [&](std::size_t n) {
    std::vector<std::size_t> which(n);
    for (std::size_t& at : which) {
      at = random.below({.count = draw++}, n);
    }
    return which;
  };
  Values changes(resamples);
  for (double& change : changes) {
    const auto of_a = choose(values.a.size());
    const auto of_b = values.paired ? of_a : choose(values.b.size());
    change = resampled_mean(values.b, of_b) / resampled_mean(values.a, of_a) - 1.0;
  }
  std::ranges::sort(changes);
  return {.low = changes[resamples / 40], .high = changes[resamples - 1 - resamples / 40]};
}

DesignLine line_of(const DesignPoint& a, const DesignPoint& b) {
  const PairOfValues values = paired_by_seed(a, b);
  DesignLine line;
  line.n_a = values.a.size();
  line.n_b = values.b.size();
  line.paired = values.paired && line.n_a > 0;
  if (line.n_a == 0 || line.n_b == 0) {
    return line;
  }
  line.mean_a = mean(values.a);
  line.mean_b = mean(values.b);
  line.change = line.mean_b / line.mean_a - 1.0;
  if (line.n_a < 2 || line.n_b < 2) {
    return line;
  }
  const Test test = values.paired ? paired_test(values) : welch_test(values);
  line.p = test.p;
  line.effect = test.effect;
  if (line.mean_a != 0.0) {
    const Interval interval = bootstrap_change(values);
    line.low = interval.low;
    line.high = interval.high;
  }
  return line;
}

// Parameters by which points of both designs find each other.
std::string label_of(const DesignPoint& point, const std::vector<std::string>& chosen) {
  std::string label;
  for (const auto& [name, value] : point.params) {
    const bool told_apart = std::ranges::find(chosen, name) != chosen.end();
    if (!told_apart && !(name == "variant" && value.empty())) {
      label += fmt::format("{}{}={}", label.empty() ? "" : ", ", name, value);
    }
  }
  return label;
}

using ByLabel = std::map<std::string, const DesignPoint*>;

sim::Result<ByLabel> by_label(const Design& design, const std::vector<std::string>& chosen) {
  ByLabel points;
  for (const DesignPoint& point : design.points) {
    const std::string label = label_of(point, chosen);
    if (!points.emplace(label, &point).second) {
      return sim::Error{.where = {},
                        .what = "several points of " + design.title + " would stand in one line: " +
                                (label.empty() ? std::string{"all parameters are chosen"} : label),
                        .advice = "name a value of each parameter that has several"};
    }
  }
  return points;
}

bool more_is_better(const std::string& metric) {
  return metric.starts_with("throughput") || metric.starts_with("tasks_done") ||
         metric.starts_with("jobs_done");
}

}  // namespace

sim::Result<bool> add_lines(DesignComparison& comparison, const std::string& metric,
                            const Design& a, const Design& b,
                            const std::vector<std::string>& chosen) {
  const auto of_a = by_label(a, chosen);
  if (!of_a) {
    return of_a.error();
  }
  const auto of_b = by_label(b, chosen);
  if (!of_b) {
    return of_b.error();
  }
  std::uint64_t together = 0;
  for (const DesignPoint& point : a.points) {
    const std::string label = label_of(point, chosen);
    const auto partner = of_b.value().find(label);
    if (partner == of_b.value().end()) {
      continue;
    }
    ++together;
    DesignLine line = line_of(point, *partner->second);
    line.metric = metric;
    line.unit = a.unit;
    line.point = label;
    comparison.lines.push_back(std::move(line));
  }
  comparison.alone_a = a.points.size() - together;
  comparison.alone_b = b.points.size() - together;
  return true;
}

void correct_for_many(std::vector<DesignLine>& lines) {
  std::vector<std::pair<double, std::size_t>> tested;  // by p, then by place
  for (std::size_t at = 0; at < lines.size(); ++at) {
    if (lines[at].p) {
      tested.emplace_back(*lines[at].p, at);
    }
  }
  std::ranges::sort(tested);
  double highest = 0.0;
  for (std::size_t rank = 0; rank < tested.size(); ++rank) {
    const double corrected = tested[rank].first * static_cast<double>(tested.size() - rank);
    highest = std::max(highest, std::min(corrected, 1.0));
    lines[tested[rank].second].p_holm = highest;
  }
}

std::string verdict_of(const DesignLine& line) {
  if (line.n_a == 0 || line.n_b == 0) {
    return line.n_a == 0 ? "A has no good run" : "B has no good run";
  }
  if (line.mean_a == 0.0) {
    return line.mean_b == 0.0 ? "both are 0" : "A is 0";
  }
  if (line.p && !line.significant()) {
    return "no difference shown";
  }
  const bool time = line.unit == "ns" && line.mean_b > 0.0;
  std::string words;
  if (line.change == 0.0) {
    words = "equal";
  } else if (time) {
    const bool faster = line.change < 0.0;
    const double ratio = faster ? line.mean_a / line.mean_b : line.mean_b / line.mean_a;
    words = fmt::format("B {} {}", faster ? "is faster" : "is slower", human_ratio(ratio));
  } else {
    const bool better = (line.change > 0.0) == more_is_better(line.metric);
    words = fmt::format("B is {} by {} ({})", line.change > 0.0 ? "higher" : "lower",
                        human_share(std::abs(line.change)), better ? "better" : "worse");
  }
  return line.p ? words : words + ", one run: not tested";
}

bool ChangeRule::broken_by(const DesignLine& line) const {
  if (line.metric != metric || line.n_a == 0 || line.n_b == 0 || line.mean_a == 0.0) {
    return false;
  }
  const bool beyond = above ? line.change > change : line.change < change;
  return beyond && (!line.p || line.significant());
}

sim::Result<ChangeRule> parse_change_rule(std::string_view text) {
  const sim::Error wrong{.where = "--fail-if",
                         .what = fmt::format("'{}' is no rule", text),
                         .advice = "write METRIC > +P% or METRIC < -P%, such as 'makespan > +5%'"};
  const std::size_t sign = text.find_first_of("<>");
  if (sign == std::string_view::npos || !text.ends_with('%')) {
    return wrong;
  }
  const auto trimmed = [](std::string_view part) {
    while (part.starts_with(' ')) {
      part.remove_prefix(1);
    }
    while (part.ends_with(' ')) {
      part.remove_suffix(1);
    }
    return part;
  };
  ChangeRule rule{.metric = std::string{trimmed(text.substr(0, sign))}, .above = text[sign] == '>'};
  std::string_view number = trimmed(text.substr(sign + 1, text.size() - sign - 2));
  if (number.starts_with('+')) {
    number.remove_prefix(1);
  }
  const auto [end, problem] =
      std::from_chars(number.data(), number.data() + number.size(), rule.change);
  if (problem != std::errc{} || end != number.data() + number.size() || rule.metric.empty() ||
      !std::isfinite(rule.change)) {
    return wrong;
  }
  rule.change /= 100.0;
  return rule;
}

}  // namespace timeslice::tools
