// What calibration found out, as places in a machine file, and how samples become such a finding.
//
// Pure functions of canned samples: no clock, no file. docs/models/calibration.md says which probe
// stands behind which cost.
#pragma once

#include <string>
#include <vector>

#include "scenarios/format/machine_file.hpp"
#include "validation/calibrate/probe_samples.hpp"

namespace timeslice::validation {

/// One value for a machine file.
struct Finding {
  std::vector<std::string> path;    // {"costs", "switch"}; empty: only an observation
  std::vector<std::string> values;  // one scalar, or the elements of a list
  bool list = false;
  std::string name;  // of its entry under `measured`: the path with dots, or an observation's name
  scenarios::MeasuredCost measured;
};

/// Quantiles that stand for a cost.
constexpr double cpu_quantile = 0.2;  // near the undisturbed core, not the luckiest sample
constexpr double wake_quantile = 0.1;
constexpr double wall_quantile = 0.5;  // what the model takes as usual

/// `samples` times `factor`, less `off` each, never below zero.
[[nodiscard]] Samples adjusted(const Samples& samples, double off, double factor = 1.0);

/// Number and quantiles. Requires: there are samples.
[[nodiscard]] scenarios::MeasuredCost condense(const Samples& samples, const std::string& from);

/// A quantile as a duration in whole ns. Requires: there are samples.
[[nodiscard]] sim::Duration at(const Samples& samples, double p);

/// Collects findings; `date` goes into each.
class Findings {
 public:
  explicit Findings(std::string date) : date_{std::move(date)} {}

  /// `samples` stand for the duration at `path` by their quantile `p`. Null or empty: nothing.
  void add(std::vector<std::string> path, const Samples* samples, double p,
           const std::string& from);
  /// A value that is no quantile of its samples: a word, a rate, a table.
  void add_value(Finding finding);
  /// Samples that no cost of the model takes, kept for people as `observed.NAME`.
  void observe(const std::string& name, const Samples* samples, const std::string& from);

  [[nodiscard]] const std::vector<Finding>& all() const { return all_; }
  /// The finding at a dotted path, or null.
  [[nodiscard]] const Finding* find(const std::string& name) const;
  void append(const Findings& other);

 private:
  std::string date_;
  std::vector<Finding> all_;
};

/// The path with dots between.
[[nodiscard]] std::string dotted(const std::vector<std::string>& path);

}  // namespace timeslice::validation
