#include "tools/report/html/summary_words.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <set>

#include <fmt/format.h>

#include "tools/report/humanize.hpp"

namespace timeslice::tools {
namespace {

constexpr const char* makespan = "makespan";

struct Setting {
  const ReportPoint* point = nullptr;
  double value = 0.0;
};

std::vector<Setting> settings_of(const ReportData& data, std::size_t batch) {
  std::vector<Setting> settings;
  for (const ReportPoint& point : data.points) {
    const auto found = point.metrics.find(makespan);
    if (point.batch == batch && found != point.metrics.end()) {
      settings.push_back({.point = &point, .value = found->second.mean});
    }
  }
  return settings;
}

std::string quoted(const std::string& name) {
  return "“" + name + "”";
}

/// Less than 0.1 % apart where it is known, as v_speedup sees it.
bool alike(const std::vector<Setting>& settings, std::optional<double> ReportPoint::* work) {
  constexpr double apart = 1e-3;
  std::vector<double> known;
  for (const Setting& setting : settings) {
    if (const auto& own = setting.point->*work) {
      known.push_back(*own);
    }
  }
  if (known.empty()) {
    return true;
  }
  const auto [least, most] = std::ranges::minmax(known);
  return most - least <= apart * most;
}

bool same_work(const std::vector<Setting>& settings) {
  return alike(settings, &ReportPoint::cpu_work_ns) && alike(settings, &ReportPoint::wait_work_ns);
}

/// Parameters with several values in a batch.
std::vector<std::string> varied(const std::vector<Setting>& settings) {
  std::map<std::string, std::set<std::string>> values;
  for (const Setting& setting : settings) {
    for (const auto& [name, value] : setting.point->params) {
      values[name].insert(value);
    }
  }
  std::vector<std::string> names;
  for (const auto& [name, own] : values) {
    if (own.size() > 1) {
      names.push_back(name);
    }
  }
  return names;
}

std::string params_of(const ReportPoint& point, const std::vector<std::string>& names) {
  std::string text;
  for (const std::string& name : names) {
    const auto found = point.params.find(name);
    if (found != point.params.end()) {
      const std::string value = found->second.empty() ? "base" : found->second;
      text += fmt::format("{}{} = {}", text.empty() ? "" : ", ", name, value);
    }
  }
  return text;
}

std::string interval_of(const ReportPoint& point) {
  const ReportValue& value = point.metrics.at(makespan);
  if (!value.low || !value.high || *value.high - *value.low < 1.0) {
    return "";
  }
  return fmt::format(" (95 % interval {} to {})", human_duration(std::max(*value.low, 0.0)),
                     human_duration(*value.high));
}

/// "12 settings of 'crawler' were simulated in 48 runs; 2 runs failed."
std::string extent(const ReportBatch& batch) {
  std::string text = fmt::format(
      "“{}”: {} simulated or measured in {}", batch.scenario,
      batch.points == 1 ? "one setting was" : fmt::format("{} settings were", batch.points),
      batch.runs == 1 ? "one run" : fmt::format("{} runs", batch.runs));
  if (batch.failed > 0) {
    text += fmt::format("; {} failed, and count in no mean",
                        counted(static_cast<std::uint64_t>(batch.failed), "run", "runs"));
  }
  return text + (batch.finished ? "." : "; the batch is not finished.");
}

/// How much the whole way along a numeric parameter brings, and where it stops to pay.
std::string along(const std::string& subject, const std::string& axis, std::vector<Setting> line) {
  std::ranges::sort(line, {},
                    [&axis](const Setting& setting) { return setting.point->numbers.at(axis); });
  const auto best = std::ranges::min_element(line, {}, &Setting::value);
  const auto label = [&axis](const Setting& setting) {
    return fmt::format("{} = {}", axis, setting.point->params.at(axis));
  };
  if (best == line.begin()) {
    return fmt::format("More than {} does not make {} faster.", label(line.front()), subject);
  }
  std::string text = fmt::format("From {} to {} {} gets {:.3g} times as fast", label(line.front()),
                                 label(*best), subject, line.front().value / best->value);
  // The first setting that is within 5 % of the best: what comes after it costs more than it
  // brings.
  constexpr double enough = 1.05;
  const auto good = std::ranges::find_if(
      line, [&](const Setting& setting) { return setting.value <= best->value * enough; });
  if (good != best) {
    text += fmt::format("; {} is already within 5 % of that", label(*good));
  }
  if (best + 1 != line.end()) {
    const double worse = line.back().value / best->value - 1.0;
    if (worse > enough - 1.0) {
      text += fmt::format("; beyond, it gets slower again (by {} at {})", human_share(worse),
                          label(line.back()));
    }
  }
  return text + ".";
}

/// The settings that differ from `best` at most in the numeric parameter `name`.
std::vector<Setting> line_through(const Setting& best, const std::string& name,
                                  const std::vector<Setting>& settings) {
  auto others = best.point->params;
  others.erase(name);
  std::vector<Setting> line;
  for (const Setting& setting : settings) {
    auto mine = setting.point->params;
    mine.erase(name);
    if (mine == others && setting.point->numbers.contains(name)) {
      line.push_back(setting);
    }
  }
  return line;
}

/// The numeric parameter with the most values, all others as in the fastest setting.
std::string scaling(const std::string& subject, const std::vector<Setting>& settings,
                    const Setting& best, const std::vector<std::string>& names) {
  std::string axis;
  std::vector<Setting> longest;
  for (const std::string& name : names) {
    std::vector<Setting> line = line_through(best, name, settings);
    if (line.size() > longest.size()) {
      axis = name;
      longest = std::move(line);
    }
  }
  return longest.size() < 2 ? "" : along(subject, axis, std::move(longest));
}

/// "Of its time the work alone is 61 %; on top come the GIL 21 % and switching 4 %."
std::string costs_of(const ReportPoint& point) {
  struct Cost {
    const char* metric;
    const char* words;
  };
  constexpr std::array costs{Cost{"cost_gil", "the GIL"},
                             Cost{"cost_start", "starting workers"},
                             Cost{"cost_ipc", "moving data"},
                             Cost{"cost_switch", "switching"},
                             Cost{"cost_contention", "shared hardware"},
                             Cost{"cost_rest", "the rest"}};
  const auto ideal = point.metrics.find("cost_ideal");
  const double total = point.metrics.at(makespan).mean;
  if (ideal == point.metrics.end() || total <= 0.0) {
    return "";
  }
  constexpr double worth_a_word = 0.01;
  std::string others;
  for (const auto& [metric, words] : costs) {
    const auto found = point.metrics.find(metric);
    if (found != point.metrics.end() && std::abs(found->second.mean) > worth_a_word * total) {
      others += fmt::format("{}{} {}", others.empty() ? "" : ", ", words,
                            human_share(found->second.mean / total));
    }
  }
  return fmt::format("Of its time the work alone is {}; {}.",
                     human_share(ideal->second.mean / total),
                     others.empty() ? "all else is below 1 %" : "to this add " + others);
}

void add_results(const ReportData& data, std::size_t index, std::vector<std::string>& words) {
  const ReportBatch& batch = data.batches[index];
  words.push_back((batch.about.empty() ? "" : batch.about + " ") + extent(batch));
  const std::vector<Setting> settings = settings_of(data, index);
  if (settings.empty()) {
    return;
  }
  const Setting best = *std::ranges::min_element(settings, {}, &Setting::value);
  const Setting worst = *std::ranges::max_element(settings, {}, &Setting::value);
  const std::vector<std::string> names = varied(settings);
  const std::string subject = data.batches.size() > 1 ? quoted(batch.scenario) : "it";
  if (names.empty() || settings.size() == 1) {
    words.push_back(fmt::format("{} takes {}{}.", data.batches.size() > 1 ? subject : "It",
                                human_duration(best.value), interval_of(*best.point)));
    return;
  }
  if (!same_work(settings)) {
    words.push_back(fmt::format(
        "The settings of {} do different amounts of work, so that a "
        "shorter time is not a better one: they take {} to {}.",
        quoted(batch.scenario), human_duration(best.value), human_duration(worst.value)));
    return;
  }
  words.push_back(fmt::format(
      "The fastest setting of {} is {}: it takes {}{}, {:.3g} times as fast as the slowest ({}).",
      quoted(batch.scenario), params_of(*best.point, names), human_duration(best.value),
      interval_of(*best.point), worst.value / best.value, params_of(*worst.point, names)));
  if (const std::string text = costs_of(*best.point); !text.empty()) {
    words.push_back(text);
  }
  if (const std::string text = scaling(subject, settings, best, names); !text.empty()) {
    words.push_back(text);
  }
}

double median(std::vector<double> values) {
  std::ranges::sort(values);
  const std::size_t half = values.size() / 2;
  return values.size() % 2 == 1 ? values[half] : (values[half - 1] + values[half]) / 2.0;
}

std::string trust(const ReportData& data) {
  std::vector<double> own;
  std::vector<double> null;
  std::size_t covered = 0;
  std::size_t judged = 0;
  for (const ReportError& error : data.errors) {
    if (error.name != makespan || !error.numbers[4]) {
      continue;
    }
    own.push_back(std::abs(*error.numbers[4]));
    if (error.numbers[6]) {
      null.push_back(std::abs(*error.numbers[6]));
    }
    judged += error.covered ? 1U : 0U;
    covered += error.covered.value_or(false) ? 1U : 0U;
  }
  if (own.empty()) {
    return "Nothing here was measured: these are predictions, unchecked for this program. "
           "`timeslice validate` runs it for real and says how far off they are.";
  }
  std::string text = fmt::format(
      "Checked against real runs, predictions of the makespan were off by {} in the median of {} "
      "and {} at worst",
      human_share(median(own)), counted(own.size(), "setting", "settings"),
      human_share(*std::ranges::max_element(own)));
  if (!null.empty()) {
    text +=
        fmt::format(" (work divided by CPUs alone would be off by {})", human_share(median(null)));
  }
  if (judged > 0) {
    text += fmt::format("; {} of {} measurements lie in the predicted interval", covered, judged);
  }
  return text + ".";
}

}  // namespace

std::vector<std::string> summary_words(const ReportData& data) {
  std::vector<std::string> words;
  if (data.batches.empty()) {
    return {"This database holds no results yet: `timeslice run FILE --db DB` stores some."};
  }
  std::vector<std::string> empty;
  for (std::size_t index = 0; index < data.batches.size(); ++index) {
    const ReportBatch& batch = data.batches[index];
    if (batch.runs > 0 || data.batches.size() == 1) {
      add_results(data, index, words);
    } else {
      empty.push_back(fmt::format("Of {} no run is stored.", quoted(batch.scenario)));
    }
  }
  words.insert(words.end(), empty.begin(), empty.end());
  words.push_back(trust(data));
  if (!data.warnings.empty()) {
    words.push_back(fmt::format("{} below: read them before you rely on a number.",
                                data.warnings.size() == 1
                                    ? std::string{"One doubt is listed"}
                                    : fmt::format("{} doubts are listed", data.warnings.size())));
  }
  words.insert(words.end(), data.left_out.begin(), data.left_out.end());
  return words;
}

}  // namespace timeslice::tools
