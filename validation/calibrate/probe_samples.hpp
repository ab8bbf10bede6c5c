// Raw samples of what costs are measured by, and how they travel from a probing child.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "sim/result.hpp"

namespace timeslice::validation {

struct Samples {
  std::vector<double> ns;
  std::uint64_t rejected = 0;  // disturbed, so not among `ns`
};

struct ProbeSamples {
  std::map<std::string, Samples> by_name;
  std::map<std::string, std::string> missing;  // probes that could not be made, and why
  std::uint64_t disturbed = 0;  // samples that count although others were on the machine: no
                                // better ones came within the bound

  /// The samples of `name`, or null if there are none.
  [[nodiscard]] const Samples* find(const std::string& name) const;

  /// Adds what `other` has.
  void add(const ProbeSamples& other);
};

/// The JSON that C++ and Python probes print. Errors: text that is none.
[[nodiscard]] std::string to_json(const ProbeSamples& samples);
[[nodiscard]] sim::Result<ProbeSamples> probe_samples_from(const std::string& json);

}  // namespace timeslice::validation
