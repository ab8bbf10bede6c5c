// Two designs side by side: how much one differs from the other, how sure that is, in words.
//
// Where runs share seeds they draw the same work, so their differences are tested (paired t-test);
// else Welch's test. Intervals of the ratio of means: bootstrap, 2000 resamples, fixed seed. The
// tests of all lines together are corrected by Holm's method, so that one in twenty sets of lines
// without any difference shows one. Cost: 2000 passes over the runs of a line.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sim/result.hpp"
#include "tools/store/design_samples.hpp"

namespace timeslice::tools {

constexpr double significance_level = 0.05;

struct DesignLine {
  std::string metric;  // NAME or NAME[ENTITY]
  std::string unit;
  std::string point;  // parameters that both have; empty: there is only one
  std::uint64_t n_a = 0;
  std::uint64_t n_b = 0;
  double mean_a = 0.0;
  double mean_b = 0.0;
  double change = 0.0;        // mean_b / mean_a - 1
  std::optional<double> low;  // of the change, 95 %; nothing where there is one run
  std::optional<double> high;
  bool paired = false;
  std::optional<double> p;       // nothing where nothing can be tested
  std::optional<double> p_holm;  // corrected for the number of lines
  std::optional<double> effect;  // mean difference over its standard deviation (Cohen)

  [[nodiscard]] bool significant() const { return p_holm && *p_holm < significance_level; }
};

struct DesignComparison {
  std::vector<DesignLine> lines;
  std::uint64_t alone_a = 0;  // points without a partner
  std::uint64_t alone_b = 0;
};

/// Adds the lines of one metric. `chosen` names the parameters by which A and B were told apart.
/// An error where it is not clear which point of A belongs to which of B.
[[nodiscard]] sim::Result<bool> add_lines(DesignComparison& comparison, const std::string& metric,
                                          const Design& a, const Design& b,
                                          const std::vector<std::string>& chosen);

/// Corrects the tests of all lines for their number.
void correct_for_many(std::vector<DesignLine>& lines);

/// "B is faster: 1.94x (1.90x to 1.98x)", "no difference shown".
[[nodiscard]] std::string verdict_of(const DesignLine& line);

/// "makespan > +5%": broken by a significant change beyond it; without a test, by the change.
struct ChangeRule {
  std::string metric;
  bool above = true;
  double change = 0.0;

  [[nodiscard]] bool broken_by(const DesignLine& line) const;
};
[[nodiscard]] sim::Result<ChangeRule> parse_change_rule(std::string_view text);

}  // namespace timeslice::tools
