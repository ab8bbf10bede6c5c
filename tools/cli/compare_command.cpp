#include <string>
#include <utility>
#include <variant>
#include <vector>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "tools/cli/batch_writer.hpp"
#include "tools/cli/commands.hpp"
#include "tools/report/compare_designs.hpp"
#include "tools/report/humanize.hpp"
#include "tools/report/text_table.hpp"
#include "tools/store/design_samples.hpp"

namespace timeslice::tools {
namespace {

constexpr std::size_t comparison_rows_max = 200;

struct Asked {
  DesignChoice a;
  DesignChoice b;
  std::vector<std::pair<std::string, MetricName>> metrics;  // as written, and read
  std::vector<ChangeRule> rules;
  std::vector<std::string> rule_texts;
};

std::variant<Asked, sim::Error> read_arguments(const Arguments& arguments) {
  Asked asked;
  for (const auto& [choice, text] :
       {std::pair{&asked.a, &arguments.operands[1]}, std::pair{&asked.b, &arguments.operands[2]}}) {
    auto parsed = parse_design(*text);
    if (const auto* problem = std::get_if<sim::Error>(&parsed)) {
      return *problem;
    }
    *choice = std::get<DesignChoice>(std::move(parsed));
  }
  std::vector<std::string> metrics = arguments.texts("metric");
  for (const std::string& text : arguments.texts("fail-if")) {
    auto rule = parse_change_rule(text);
    if (!rule) {
      return rule.error();
    }
    const std::string& metric = rule.value().metric;
    if (std::ranges::find(metrics, metric) == metrics.end()) {
      metrics.push_back(metric);
    }
    asked.rules.push_back(std::move(rule).value());
    asked.rule_texts.push_back(text);
  }
  if (metrics.empty()) {
    metrics.emplace_back("makespan");
  }
  for (const std::string& text : metrics) {
    auto metric = parse_metric_name(text);
    if (const auto* problem = std::get_if<sim::Error>(&metric)) {
      return *problem;
    }
    asked.metrics.emplace_back(text, std::get<MetricName>(std::move(metric)));
  }
  return asked;
}

struct Compared {
  DesignComparison comparison;
  std::string title_a;
  std::string title_b;
};

// What stands beside the file in errors of the database becomes the exit code.
std::variant<Compared, StoreError> compare(const std::string& path, const Asked& asked) {
  std::vector<std::string> chosen;
  for (const DesignChoice* choice : {&asked.a, &asked.b}) {
    for (const auto& [name, value] : choice->params) {
      chosen.push_back(name);
    }
  }
  Compared compared;
  for (const auto& [text, metric] : asked.metrics) {
    auto a = read_design(path, asked.a, metric);
    if (const auto* problem = std::get_if<StoreError>(&a)) {
      return *problem;
    }
    auto b = read_design(path, asked.b, metric);
    if (const auto* problem = std::get_if<StoreError>(&b)) {
      return *problem;
    }
    const auto& of_a = std::get<Design>(a);
    const auto& of_b = std::get<Design>(b);
    compared.title_a = of_a.title;
    compared.title_b = of_b.title;
    const auto added = add_lines(compared.comparison, text, of_a, of_b, chosen);
    if (!added) {
      return StoreError{.fault = StoreFault::bad_query, .error = added.error()};
    }
  }
  correct_for_many(compared.comparison.lines);
  return compared;
}

std::string change_text(const DesignLine& line) {
  if (line.n_a == 0 || line.n_b == 0 || line.mean_a == 0.0) {
    return "-";
  }
  std::string text = fmt::format("{:+.1f} %", line.change * 100.0);
  if (line.low && line.high) {
    text += fmt::format(" ({:+.1f} to {:+.1f})", *line.low * 100.0, *line.high * 100.0);
  }
  return text;
}

std::string text_of(const Compared& compared, const Arguments& arguments) {
  std::string text = fmt::format("A: {} of {}\nB: {} of {}\n\n", safe_text(arguments.operands[1]),
                                 safe_text(compared.title_a), safe_text(arguments.operands[2]),
                                 safe_text(compared.title_b));
  TextTable table{{{"metric", Align::left},
                   {"point", Align::left},
                   {"A"},
                   {"B"},
                   {"B against A (95 %)"},
                   {"p"},
                   {"verdict", Align::left}}};
  for (const DesignLine& line : compared.comparison.lines) {
    table.add_row({safe_text(line.metric), safe_text(line.point),
                   human_value(line.mean_a, line.unit), human_value(line.mean_b, line.unit),
                   change_text(line), line.p_holm ? fmt::format("{:.3g}", *line.p_holm) : "-",
                   verdict_of(line)});
  }
  text += table.text(comparison_rows_max);
  text += fmt::format("  p: {}, Holm's correction for {}; interval: bootstrap over runs\n",
                      "paired t-test where runs share seeds, else Welch",
                      counted(compared.comparison.lines.size(), "line", "lines"));
  const auto& comparison = compared.comparison;
  if (comparison.alone_a + comparison.alone_b > 0) {
    text += fmt::format("  without a partner: {} of A, {} of B\n",
                        counted(comparison.alone_a, "point", "points"),
                        counted(comparison.alone_b, "point", "points"));
  }
  return text;
}

nlohmann::ordered_json json_of(const DesignLine& line) {
  const auto optional = [](const std::optional<double>& value) {
    return value ? nlohmann::ordered_json(*value) : nlohmann::ordered_json(nullptr);
  };
  return {{"metric", line.metric},
          {"point", line.point},
          {"unit", line.unit},
          {"n_a", line.n_a},
          {"n_b", line.n_b},
          {"mean_a", line.mean_a},
          {"mean_b", line.mean_b},
          {"change", line.change},
          {"low", optional(line.low)},
          {"high", optional(line.high)},
          {"paired", line.paired},
          {"p", optional(line.p)},
          {"p_holm", optional(line.p_holm)},
          {"effect", optional(line.effect)},
          {"significant", line.significant()},
          {"verdict", verdict_of(line)}};
}

// Says which lines break which rule.
ExitCode judge(const Compared& compared, const Asked& asked, Console& console) {
  ExitCode code = ExitCode::done;
  for (std::size_t at = 0; at < asked.rules.size(); ++at) {
    for (const DesignLine& line : compared.comparison.lines) {
      if (asked.rules[at].broken_by(line)) {
        console.complain({.where = line.point.empty() ? line.metric : line.point,
                          .what = fmt::format("'{}' fails the gate: {}", asked.rule_texts[at],
                                              change_text(line)),
                          .advice = {}});
        code = ExitCode::gate_failed;
      }
    }
  }
  return code;
}

}  // namespace

ExitCode compare_command(const Arguments& arguments, Console& console) {
  const auto asked = read_arguments(arguments);
  if (const auto* problem = std::get_if<sim::Error>(&asked)) {
    console.complain(*problem);
    return ExitCode::usage;
  }
  const auto result = compare(arguments.operands.front(), std::get<Asked>(asked));
  if (const auto* problem = std::get_if<StoreError>(&result)) {
    return report_store_error(*problem, console);
  }
  const auto& compared = std::get<Compared>(result);
  if (compared.comparison.lines.empty()) {
    console.complain({.where = {},
                      .what = "no point of A has a partner in B",
                      .advice = "choose both by the same parameters; `timeslice query DB "
                                "\"SELECT batch, params FROM v_point\"` lists them"});
    return ExitCode::usage;
  }
  if (arguments.has("json")) {
    nlohmann::ordered_json lines = nlohmann::ordered_json::array();
    for (const DesignLine& line : compared.comparison.lines) {
      lines.push_back(json_of(line));
    }
    const nlohmann::ordered_json json{{"schema", "timeslice.compare/1"},
                                      {"a", compared.title_a},
                                      {"b", compared.title_b},
                                      {"lines", std::move(lines)},
                                      {"alone_a", compared.comparison.alone_a},
                                      {"alone_b", compared.comparison.alone_b}};
    console.print(json.dump(2) + '\n');
  } else {
    console.print(text_of(compared, arguments));
  }
  return judge(compared, std::get<Asked>(asked), console);
}

}  // namespace timeslice::tools
