#include "validation/compare.hpp"

#include <algorithm>
#include <cmath>
#include <optional>
#include <string>
#include <tuple>
#include <utility>

#include "sim/random.hpp"
#include "validation/native/native_run.hpp"
#include "validation/statistics.hpp"

namespace timeslice::validation {

namespace {

/// Which number of a run is compared.
struct Quantity {
  std::string name;
  std::string entity;
  std::string unit;
};

std::optional<double> metric(const models::Timings& run, const std::string& name,
                             const std::string& entity) {
  const auto found = std::ranges::find_if(run.metrics, [&](const models::Metric& candidate) {
    return candidate.name == name && candidate.entity == entity;
  });
  return found == run.metrics.end() ? std::nullopt : std::optional{found->value};
}

/// Processes that nobody waits for: a native run cannot count what they use.
bool is_helper(const std::string& thread) {
  return thread == "resource-tracker" || thread == "fork-server";
}

/// Whether a simulated thread is the one of a worker process: "pool-3".
bool in_worker(const std::string& thread, const std::vector<std::string>& process_executors) {
  const auto dash = thread.rfind('-');
  const auto digit = [](char c) { return c >= '0' && c <= '9'; };
  return dash != std::string::npos && dash + 1 < thread.size() &&
         std::ranges::all_of(thread.substr(dash + 1), digit) &&
         std::ranges::find(process_executors, thread.substr(0, dash)) != process_executors.end();
}

/// Sum over the threads of the main process, or of the workers; of a native run as it was counted.
std::optional<double> of_processes(const models::Timings& run, const Quantity& quantity,
                                   const CompareOptions& options) {
  if (const auto counted = metric(run, quantity.name, quantity.entity)) {
    return counted;
  }
  const bool workers = quantity.entity == worker_processes;
  std::optional<double> sum;
  for (const models::Metric& one : run.metrics) {
    const bool asked = one.name == quantity.name && !one.entity.empty() && !is_helper(one.entity);
    if (asked && in_worker(one.entity, options.process_executors) == workers) {
      sum = sum.value_or(0.0) + one.value;
    }
  }
  return sum;
}

/// Of the whole program without the helpers that a native run cannot see.
std::optional<double> of_program(const models::Timings& run, const std::string& name) {
  auto whole = metric(run, name, "");
  for (const char* helper : {"resource-tracker", "fork-server"}) {
    if (whole) {
      *whole -= metric(run, name, helper).value_or(0.0);
    }
  }
  return whole;
}

/// The largest sample of all processes together.
std::optional<double> sampled_memory(const models::Timings& run) {
  std::optional<double> peak;
  for (const models::ProcessSample& sample : run.process_samples) {
    if (sample.process.empty()) {
      peak = std::max(peak.value_or(0.0), static_cast<double>(sample.pss));
    }
  }
  return peak;
}

bool is_counted(const std::string& name) {
  return name == "cpu_time" || name.starts_with("switches_");
}

std::optional<double> value_of(const models::Timings& run, const Quantity& quantity,
                               const CompareOptions& options) {
  const auto makespan = static_cast<double>(run.makespan.count());
  if (quantity.name == "makespan") {
    return makespan;
  }
  if (quantity.name == "throughput") {
    const auto done = metric(run, "tasks_done", "");
    return done && makespan > 0.0 ? std::optional{*done * 1e9 / makespan} : std::nullopt;
  }
  if (quantity.name == "idle_time") {
    const auto busy = of_program(run, "cpu_time");
    const double capacity = makespan * static_cast<double>(options.cpus);
    return busy ? std::optional{std::max(0.0, capacity - *busy)} : std::nullopt;
  }
  if (quantity.name == "peak_memory") {
    return sampled_memory(run);
  }
  if (is_counted(quantity.name)) {
    return quantity.entity.empty() ? of_program(run, quantity.name)
                                   : of_processes(run, quantity, options);
  }
  return metric(run, quantity.name, quantity.entity);
}

std::vector<Quantity> quantities(const models::Timings& measured) {
  std::vector<Quantity> all{{"makespan", "", "ns"},
                            {"throughput", "", "1/s"},
                            {"cpu_time", "", "ns"},
                            {"idle_time", "", "ns"},
                            {"switches_voluntary", "", "count"},
                            {"switches_involuntary", "", "count"}};
  if (!measured.process_samples.empty()) {
    all.push_back({"peak_memory", "", "B"});
  }
  for (const models::Metric& known : measured.metrics) {
    // Executors that start nothing (serial, a thread a task) take no time to start.
    const bool of_executor = known.name == "startup" || known.name == "shutdown";
    if (of_executor && known.value >= 50'000.0) {
      all.push_back({known.name, known.entity, known.unit});
    }
    const bool of_process = known.entity == main_process || known.entity == worker_processes;
    const bool of_task = known.name.starts_with("task_latency_p");
    if (known.name.starts_with("loop_lag_") || of_process || of_task) {
      all.push_back({known.name, known.entity, known.unit});
    }
  }
  return all;
}

/// The samples of one quantity over all runs.
struct Samples {
  std::vector<double> measured;
  std::vector<double> predicted;
  std::vector<double> raw;
  std::vector<double> null;                  // empty: the null model says nothing
  std::vector<std::vector<double>> by_seed;  // by run: the prediction and its other seeds
};

std::optional<double> null_value(const NullPrediction& null, const Quantity& quantity) {
  const std::string& name = quantity.name;
  if (!quantity.entity.empty()) {
    return std::nullopt;
  }
  if (name == "makespan") {
    return null.makespan_ns;
  }
  if (name == "cpu_time") {
    return null.cpu_ns;
  }
  return std::nullopt;
}

/// Nothing when one side does not know the quantity.
std::optional<Samples> collect(std::span<const PairedRun> runs, const Quantity& quantity,
                               const CompareOptions& options) {
  Samples samples;
  for (const PairedRun& run : runs) {
    const auto measured = value_of(run.measured, quantity, options);
    const auto predicted = value_of(run.predicted, quantity, options);
    const auto raw = value_of(run.raw, quantity, options);
    if (!measured || !predicted || !raw) {
      return std::nullopt;
    }
    samples.measured.push_back(*measured);
    samples.predicted.push_back(*predicted);
    samples.raw.push_back(*raw);
    if (const auto null = null_value(run.null, quantity)) {
      samples.null.push_back(*null);
    }
    std::vector<double> seeds{*predicted};
    for (const models::Timings& other : run.spread) {
      seeds.push_back(value_of(other, quantity, options).value_or(*predicted));
    }
    samples.by_seed.push_back(std::move(seeds));
  }
  return samples;
}

/// Median of the paired ratios, less one; nothing when something measured is zero.
std::optional<double> paired_error(const std::vector<double>& predicted,
                                   const std::vector<double>& measured) {
  std::vector<double> ratios;
  for (std::size_t i = 0; i < predicted.size(); ++i) {
    if (measured[i] <= 0.0) {
      return std::nullopt;
    }
    ratios.push_back(predicted[i] / measured[i]);
  }
  if (ratios.empty()) {
    return std::nullopt;
  }
  return median(std::move(ratios)) - 1.0;
}

/// Draws of the bootstrap, in order.
class Bootstrap {
 public:
  explicit Bootstrap(std::uint64_t seed) : random_{seed} {}

  std::size_t below(std::size_t n) { return random_.below(next(), n); }
  double normal() { return random_.normal(next()); }

 private:
  sim::DrawKey next() {
    return {.task = sim::hash_name32("bootstrap"), .item = count_++, .step = 0, .count = 0};
  }

  sim::Random random_;
  std::uint32_t count_ = 0;
};

/// Central 95 % of medians of as many runs as there are: a run's index and a seed at random, and
/// the doubt about the nominal speed common to all.
std::pair<double, double> interval(const Samples& samples, const CompareOptions& options) {
  constexpr int resamples = 1000;
  Bootstrap bootstrap{options.seed};
  std::vector<double> medians;
  medians.reserve(resamples);
  for (int i = 0; i < resamples; ++i) {
    std::vector<double> drawn;
    for (std::size_t run = 0; run < samples.by_seed.size(); ++run) {
      const std::vector<double>& seeds = samples.by_seed[bootstrap.below(samples.by_seed.size())];
      drawn.push_back(seeds[bootstrap.below(seeds.size())]);
    }
    const double doubt = 1.0 + options.calibration_doubt * bootstrap.normal();
    medians.push_back(median(std::move(drawn)) * doubt);
  }
  return {quantile(medians, 0.025), quantile(medians, 0.975)};
}

Comparison compare_one(const Quantity& quantity, const Samples& samples,
                       const CompareOptions& options) {
  Comparison result;
  result.name = quantity.name;
  result.entity = quantity.entity;
  result.unit = quantity.unit;
  result.predicted = median(samples.predicted);
  result.measured = median(samples.measured);
  result.measured_cv = coefficient_of_variation(samples.measured);
  std::tie(result.predicted_low, result.predicted_high) = interval(samples, options);
  result.error = paired_error(samples.predicted, samples.measured);
  result.error_raw = paired_error(samples.raw, samples.measured);
  result.error_null = paired_error(samples.null, samples.measured);
  result.covered =
      result.predicted_low <= result.measured && result.measured <= result.predicted_high;
  return result;
}

/// Mean of the interval's width plus 2 / 0.05 times what it misses by, relative to the measured
/// value (Gneiting and Raftery, JASA 2007, for 95 %).
double interval_score(const Comparison& one) {
  const double below = std::max(0.0, one.predicted_low - one.measured);
  const double above = std::max(0.0, one.measured - one.predicted_high);
  const double width = one.predicted_high - one.predicted_low;
  return (width + 40.0 * (below + above)) / one.measured;
}

}  // namespace

std::vector<Comparison> compare(std::span<const PairedRun> runs, const CompareOptions& options) {
  std::vector<Comparison> comparisons;
  if (runs.empty()) {
    return comparisons;
  }
  for (const Quantity& quantity : quantities(runs.front().measured)) {
    if (const auto samples = collect(runs, quantity, options)) {
      comparisons.push_back(compare_one(quantity, *samples, options));
    }
  }
  return comparisons;
}

ValidationSummary summarise(std::span<const Comparison> makespans) {
  std::vector<double> errors;
  std::vector<double> raw;
  std::vector<double> null;
  std::vector<double> scores;
  double covered = 0.0;
  for (const Comparison& one : makespans) {
    if (!one.error) {
      continue;
    }
    errors.push_back(std::abs(*one.error));
    raw.push_back(std::abs(one.error_raw.value_or(0.0)));
    null.push_back(std::abs(one.error_null.value_or(0.0)));
    scores.push_back(interval_score(one));
    covered += one.covered ? 1.0 : 0.0;
  }
  ValidationSummary summary;
  summary.points = errors.size();
  if (errors.empty()) {
    return summary;
  }
  summary.mape = mean(errors);
  summary.median = median(errors);
  summary.p90 = quantile(errors, 0.9);
  summary.max = std::ranges::max(errors);
  summary.raw_median = median(raw);
  summary.null_median = median(null);
  summary.skill = mean(null) > 0.0 ? 1.0 - mean(errors) / mean(null) : 0.0;
  summary.coverage = covered / static_cast<double>(errors.size());
  summary.interval_score = mean(scores);
  return summary;
}

}  // namespace timeslice::validation
