#include "tools/report/html/page.hpp"

#include <array>
#include <map>
#include <string_view>
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "scenarios/format/sha256.hpp"
#include "tools/report/html/assets.hpp"
#include "tools/report/html/summary_words.hpp"

namespace timeslice::tools {
namespace {

using Json = nlohmann::ordered_json;

std::string escaped(std::string_view text) {
  std::string result;
  for (const char c : text) {
    switch (c) {
      case '<':
        result += "&lt;";
        break;
      case '>':
        result += "&gt;";
        break;
      case '&':
        result += "&amp;";
        break;
      case '"':
        result += "&quot;";
        break;
      default:
        result += c;
    }
  }
  return result;
}

/// SHA-256 as a content security policy writes it: in base 64.
std::string policy_hash(std::string_view text) {
  constexpr std::string_view digits =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  const std::string hex = scenarios::sha256_hex(text);
  std::string result;
  // Three hex digits are two of base 64; 64 of them leave one, which fills up with zeros.
  for (std::size_t at = 0; at < hex.size(); at += 3) {
    std::string part = hex.substr(at, 3);
    const std::size_t real = part.size();
    part.resize(3, '0');
    const unsigned long bits = std::stoul(part, nullptr, 16);
    result += digits[bits >> 6U];
    result += real == 1 ? std::string{} : std::string(1, digits[bits & 63U]);
  }
  return "'sha256-" + result + "='";
}

/// Six digits are more than a report needs, and half as long.
Json rounded(double value) {
  const double six = std::stod(fmt::format("{:.6g}", value));
  constexpr double exact = 1e15;
  if (six ==
      static_cast<double>(static_cast<std::int64_t>(std::min(std::max(six, -exact), exact)))) {
    return static_cast<std::int64_t>(six);
  }
  return six;
}

Json rounded(const std::optional<double>& value) {
  return value ? rounded(*value) : Json{};
}

Json batches_json(const ReportData& data) {
  Json list = Json::array();
  for (const ReportBatch& batch : data.batches) {
    list.push_back({{"batch", batch.batch},
                    {"scenario", batch.scenario},
                    {"command", batch.command},
                    {"version", batch.version},
                    {"host", batch.host},
                    {"started", batch.started},
                    {"runs", batch.runs},
                    {"failed", batch.failed}});
  }
  return list;
}

Json metrics_json(const ReportPoint& point) {
  Json metrics = Json::object();
  for (const auto& [name, value] : point.metrics) {
    Json numbers = Json::array({rounded(value.mean)});
    if (value.low && value.high) {
      numbers.push_back(rounded(value.low));
      numbers.push_back(rounded(value.high));
    }
    metrics[name] = std::move(numbers);
  }
  return metrics;
}

Json points_json(const ReportData& data) {
  Json list = Json::array();
  for (const ReportPoint& point : data.points) {
    Json numbers = Json::object();
    for (const auto& [name, value] : point.numbers) {
      numbers[name] = rounded(value);
    }
    list.push_back({{"b", point.batch},
                    {"n", point.runs},
                    {"p", point.params},
                    {"x", std::move(numbers)},
                    {"m", metrics_json(point)}});
  }
  return list;
}

Json errors_json(const ReportData& data) {
  Json list = Json::array();
  for (const ReportError& error : data.errors) {
    Json row = Json::array({error.scenario, error.params, error.name, error.entity, error.unit});
    for (const auto& number : error.numbers) {
      row.push_back(rounded(number));
    }
    row.push_back(error.covered ? Json(*error.covered) : Json{});
    list.push_back(std::move(row));
  }
  return list;
}

/// Starts are written as distances from the slice before: short numbers.
Json timelines_json(const ReportData& data) {
  Json list = Json::array();
  for (const ReportTimeline& timeline : data.timelines) {
    const std::int64_t first = timeline.slices.empty() ? 0 : timeline.slices.front().start_ns;
    std::int64_t before = first;
    Json slices = Json::array();
    for (const ReportSlice& slice : timeline.slices) {
      slices.push_back({slice.thread, slice.cpu, slice.start_ns - before,
                        slice.end_ns - slice.start_ns, slice.state});
      before = slice.start_ns;
    }
    before = first;
    Json busy = Json::array();
    for (const ReportCpuState& stretch : timeline.cpu_states) {
      busy.push_back({stretch.cpu, stretch.start_ns - before, stretch.end_ns - stretch.start_ns,
                      stretch.state});
      before = stretch.start_ns;
    }
    list.push_back({{"title", timeline.title},
                    {"threads", timeline.threads},
                    {"first", first},
                    {"slices", std::move(slices)},
                    {"busy", std::move(busy)}});
  }
  return list;
}

/// As JSON that holds no "<": nothing in it can end the element that it stands in.
std::string data_json(const ReportData& data) {
  Json metrics = Json::array();
  for (const ReportMetric& metric : data.metrics) {
    metrics.push_back({{"name", metric.name}, {"unit", metric.unit}, {"main", metric.main}});
  }
  Json warnings = Json::array();
  for (const auto& [text, points] : data.warnings) {
    warnings.push_back({text, points});
  }
  const Json json{{"batches", batches_json(data)}, {"metrics", std::move(metrics)},
                  {"points", points_json(data)},   {"errors", errors_json(data)},
                  {"warnings", warnings},          {"timelines", timelines_json(data)}};
  std::string text;
  for (const char c : json.dump(-1, ' ', false, Json::error_handler_t::replace)) {
    text += c == '<' ? std::string{"\\u003c"} : std::string(1, c);
  }
  return text;
}

std::string summary_html(const ReportData& data) {
  const std::vector<std::string> words = summary_words(data);
  // With one scenario the answer stands beside the question.
  const std::size_t lead = data.batches.size() == 1 && words.size() > 1 ? 2 : 1;
  std::string html = "<p class=\"lead\">" + escaped(words.front());
  html += lead == 2 ? " " + escaped(words[1]) : std::string{};
  html += "</p>\n<ul>\n";
  for (std::size_t index = lead; index < words.size(); ++index) {
    html += "<li>" + escaped(words[index]) + "</li>\n";
  }
  return html + "</ul>";
}

std::string title_of(const ReportData& data) {
  std::string names;
  for (const ReportBatch& batch : data.batches) {
    constexpr std::size_t long_enough = 80;
    if (names.size() > long_enough) {
      return "Timeslice: " + names + ", …";
    }
    names += (names.empty() ? "" : ", ") + batch.scenario;
  }
  return "Timeslice: " + (names.empty() ? "no results" : names);
}

/// `page` with each {{name}} replaced; what is filled in is not looked at again.
std::string filled(std::string_view page, const std::map<std::string_view, std::string>& values) {
  std::string result;
  for (std::size_t at = 0; at < page.size();) {
    const std::size_t open = page.find("{{", at);
    const std::size_t close = open == std::string_view::npos ? open : page.find("}}", open);
    if (close == std::string_view::npos) {
      return result.append(page.substr(at));
    }
    result += page.substr(at, open - at);
    result += values.at(page.substr(open + 2, close - open - 2));
    at = close + 2;
  }
  return result;
}

}  // namespace

std::string report_html(const ReportData& data) {
  const std::string policy = fmt::format(
      "default-src 'none'; script-src {} {}; style-src {}; base-uri 'none'; form-action 'none'",
      policy_hash(report_library()), policy_hash(report_script()), policy_hash(report_style()));
  return filled(report_page(), {{"policy", policy},
                                {"title", escaped(title_of(data))},
                                {"style", std::string{report_style()}},
                                {"summary", summary_html(data)},
                                {"data", data_json(data)},
                                {"library", std::string{report_library()}},
                                {"script", std::string{report_script()}}});
}

}  // namespace timeslice::tools
