// Validation: every point of a plan natively and simulated, and how far the prediction was off.
//
// Calibrates kernels and a few costs of this host first, then runs the points round-robin (never
// one point's repetitions in a row), rejects disturbed runs and counts them, replays the speed of
// each CPU during each accepted run into the simulation, and compares. Three errors always stand
// together: with that speed index, without anything from the run, and the null model's.
// Costs wall time: about 10 s of calibration, then the runs themselves. Call it from a thread that
// lives until it returns: the kernel kills the measured programs when their starting thread ends.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "models/work/timings.hpp"
#include "scenarios/format/load.hpp"
#include "sim/result.hpp"
#include "sim/time.hpp"
#include "validation/ablation.hpp"
#include "validation/comparison.hpp"
#include "validation/timeline_compare.hpp"

namespace timeslice::validation {

struct HostCalibration;  // validation/calibrate/host_calibration.hpp
struct NativeSide;       // validation/native_side.hpp

/// When a native run does not count.
struct RejectionLimits {
  double foreign_share = 0.10;  // CPU time of other programs and stolen time, of the makespan
  bool steal = true;            // the hypervisor took time away (a 10 ms tick or more)
};

/// Who accepts this share of foreign CPU time accepts stolen time as a part of it.
constexpr double steal_accepted_from = 0.5;

/// The limits at a share of foreign CPU time that the user names.
[[nodiscard]] RejectionLimits limits_at(double foreign_share);

struct ValidateOptions {
  std::string python = "/usr/bin/python3";
  bool free_threaded = false;  // that one was built without a GIL
  bool replay = false;         // nothing will run: the runs are those of a record
  std::uint64_t repeat = 5;    // accepted runs wanted at each point, at least 1
  double until = 0.0;          // > 0: fewer, where their median is known to this share (is_tight)
  double tolerance = 0.0;      // > 0: a larger |error| of a makespan fails the gate
  RejectionLimits limits;
  sim::Duration budget = std::chrono::seconds{300};  // wall time for all native runs together
  std::uint64_t seeds = 5;  // simulations a run index, for the predicted interval
  std::function<void(std::uint64_t done, std::uint64_t total)> progress;  // native runs
  std::function<bool()> give_up;  // Ctrl-C; polled, also while a native run is under way
  /// The machine's costs were calibrated on this very host: what drifts is measured again.
  bool own_machine_file = false;
  std::shared_ptr<const HostCalibration> calibration;  // of an earlier call; nothing: measured now
  bool ablation = false;                               // simulate also without each effect
  bool latencies = false;                              // note them natively, and compare
  bool timelines = false;  // record what each thread did natively, and compare that too
  /// Period of samples of what psutil would show, kept with measured and predicted runs; nothing:
  /// none are taken. Sampling costs the native run some CPU time.
  std::optional<sim::Duration> samples;
};

/// What became of the native runs of a point.
struct NativeSummary {
  struct Rejected {
    std::string reason;  // "steal", "foreign CPU time", "failed: ..."
    std::uint64_t count = 0;
  };
  std::uint64_t runs = 0;  // accepted
  std::vector<Rejected> rejected;
  /// Mean over the accepted runs, by CPU: CPU time that kernels took over their nominal time; 1 is
  /// the undisturbed core, 1.7 a slow one. 0: no kernel ever ran on that CPU.
  std::vector<double> speed_index;

  [[nodiscard]] std::uint64_t rejected_total() const;
};

struct PointValidation {
  scenarios::Point point;
  std::string group;  // the class of scenario that its error counts to: "threads", "pool-fork", ...
  std::vector<Comparison> comparisons;  // makespan first; empty when no run was accepted
  NativeSummary native;
  std::vector<models::Timings> measured;        // accepted runs, in the order they ran
  std::vector<models::Timings> predicted;       // each simulated with that run's speed index
  std::optional<TimelineComparison> timelines;  // when they were asked for and recorded
  std::vector<AblationRow> ablation;            // when it was asked for
  std::vector<std::string> warnings;
  bool within_tolerance = true;
};

struct Validation {
  std::vector<PointValidation> points;
  ValidationSummary all;
  struct Group {
    std::string name;
    ValidationSummary summary;
  };
  std::vector<Group> groups;          // by name
  std::vector<std::string> notes;     // what was calibrated: nominal speeds, spread, costs
  std::vector<std::string> warnings;  // about this host
  bool interrupted = false;           // give_up said so; what was measured until then is here
  std::shared_ptr<const HostCalibration> calibration;  // to hand on to the next call
};

/// Errors: a scenario that cannot run natively, a Python that does not start, a point that cannot
/// be resolved. A host too noisy for any accepted run is no error: the points say so.
[[nodiscard]] sim::Result<Validation> validate(const scenarios::Plan& plan,
                                               const ValidateOptions& options);

/// The points of a plan, resolved. Errors: one that cannot be, or that cannot run natively (in a
/// replay: that could on no host).
[[nodiscard]] sim::Result<std::vector<scenarios::Point>> native_points(
    const scenarios::Plan& plan, const ValidateOptions& options);

/// The native half for points already resolved; those of several plans take turns, too. `judge` is
/// the other half. Errors: as above.
[[nodiscard]] sim::Result<NativeSide> measure_natively(const std::vector<scenarios::Point>& points,
                                                       const ValidateOptions& options);

}  // namespace timeslice::validation
