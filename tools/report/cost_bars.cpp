#include "tools/report/cost_bars.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <string_view>

#include <fmt/format.h>

#include "tools/report/humanize.hpp"

namespace timeslice::tools {
namespace {

constexpr double bar_width = 40.0;  // columns of the longest bar

struct Part {
  std::string_view metric;
  std::string_view title;
};
constexpr std::array<Part, 7> parts{{{"cost_ideal", "work alone"},
                                     {"cost_gil", "GIL"},
                                     {"cost_start", "starting"},
                                     {"cost_ipc", "handing over"},
                                     {"cost_switch", "switching"},
                                     {"cost_contention", "sharing hardware"},
                                     {"cost_rest", "rest"}}};

// Columns [from, to) filled, whichever is larger; a part that is not zero has one at least.
std::string bar(double from, double to, double scale, double value) {
  const auto column = [scale](double at) {
    return static_cast<std::size_t>(std::lround(std::max(at, 0.0) * scale));
  };
  const std::size_t first = column(std::min(from, to));
  std::size_t last = column(std::max(from, to));
  last += last == first && value != 0.0 ? 1 : 0;
  return std::string(first, ' ') + std::string(last - first, value < 0.0 ? '-' : '#');
}

}  // namespace

std::string cost_bars(const PointReport& point) {
  const SummaryMetric* makespan = find_metric(point, "makespan");
  if (makespan == nullptr || find_metric(point, "cost_ideal") == nullptr) {
    return {};
  }
  double longest = makespan->mean;
  double reached = 0.0;
  for (const Part& part : parts) {
    const SummaryMetric* cost = find_metric(point, std::string{part.metric});
    reached += cost == nullptr ? 0.0 : cost->mean;
    longest = std::max(longest, reached);
  }
  const double scale = longest > 0.0 ? bar_width / longest : 0.0;
  std::string text;
  reached = 0.0;
  for (const Part& part : parts) {
    const SummaryMetric* cost = find_metric(point, std::string{part.metric});
    const double value = cost == nullptr ? 0.0 : cost->mean;
    text += fmt::format("    {:<13} {:>10}  {}\n", part.title, human_value(value, "ns"),
                        bar(reached, reached + value, scale, value));
    reached += value;
  }
  return text + fmt::format("    {:<13} {:>10}  {}\n", "makespan",
                            human_value(makespan->mean, "ns"), bar(0, reached, scale, reached));
}

}  // namespace timeslice::tools
