// The numbers of a batch that are to be compared: one metric of each point, run by run.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "tools/store/store_error.hpp"

namespace timeslice::tools {

/// Which points are meant: of a batch, those with these parameters.
struct DesignChoice {
  std::string batch = "last";  // a number, last or prev
  std::map<std::string, std::string> params;
};

/// "3", "last", "prev", "kind=threads,workers=4", "3:workers=4".
[[nodiscard]] std::variant<DesignChoice, sim::Error> parse_design(std::string_view text);

struct MetricName {
  std::string name;
  std::string entity;
};

/// "makespan", "task_latency_p99[page]".
[[nodiscard]] std::variant<MetricName, sim::Error> parse_metric_name(std::string_view text);

struct DesignSample {
  std::int64_t rep = 0;
  std::int64_t seed = 0;
  double value = 0.0;
};

struct DesignPoint {
  std::map<std::string, std::string> params;  // all of them
  std::vector<DesignSample> samples;          // of good simulated runs, by repetition
};

struct Design {
  std::int64_t batch = 0;
  std::string title;  // "batch 3, pool, 0.1.0 abc1234"
  std::string unit;
  std::vector<DesignPoint> points;  // in the order of the sweep
};

[[nodiscard]] std::variant<Design, StoreError> read_design(const std::string& path,
                                                           const DesignChoice& choice,
                                                           const MetricName& metric);

}  // namespace timeslice::tools
