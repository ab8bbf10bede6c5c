#include "validation/session.hpp"

#include <algorithm>
#include <deque>

#include <gtest/gtest.h>

#include "tests/validation/small_world.hpp"
#include "validation/judge.hpp"
#include "validation/predict.hpp"

namespace timeslice::validation {
namespace {

using namespace std::chrono_literals;
using models::ExecutorKind;

models::Timings timings(sim::Duration makespan) {
  models::Timings result;
  result.makespan = makespan;
  result.metrics.push_back({.name = "cpu_time",
                            .entity = "",
                            .unit = "ns",
                            .value = static_cast<double>(makespan.count())});
  return result;
}

/// A host that takes `slowness` times the nominal length; what else happens is scripted.
class ScriptedHost final : public NativeRunner {
 public:
  NativeRun measure(const scenarios::Scenario& scenario, std::uint64_t repetition,
                    const scenarios::RunOptions& /*options*/) override {
    order.push_back(scenario.name);
    repetitions.push_back(repetition);
    NativeRun run;
    if (!script.empty()) {
      run = script.front();
      script.pop_front();
    }
    if (run.timings.status == models::RunStatus::ok) {
      run.timings = timings(sim::Duration{static_cast<std::int64_t>(100e6 * slowness)});
      const auto used = static_cast<std::int64_t>(100e6 * slowness);
      run.samples.push_back({.begin_ns = 0,
                             .end_ns = used,
                             .used_ns = used,
                             .nominal_ns = 100'000'000,
                             .cpu_first = 0,
                             .cpu_last = 0,
                             .kernel = kernel});
    }
    return run;
  }

  double slowness = 1.0;
  Kernel kernel = Kernel::python;
  std::deque<NativeRun> script;  // what happens in the first runs
  std::vector<std::string> order;
  std::vector<std::uint64_t> repetitions;
};

/// A simulator that knows only CPU 0's speed at the start.
class ScriptedSimulator final : public scenarios::Runner {
 public:
  models::Timings run(const scenarios::Scenario& scenario, std::uint64_t repetition,
                      const scenarios::RunOptions& /*options*/) override {
    repetitions.push_back(repetition);
    const auto& speeds = scenario.world.machine.speed_over_time;
    const double factor = speeds.empty() || speeds[0].empty() ? 1.0 : speeds[0][0].factor;
    forks.push_back(scenario.world.machine.costs.fork);
    speeds_of_python.push_back(scenario.world.machine.speed.python);
    return timings(sim::Duration{static_cast<std::int64_t>(bias * 100e6 / factor)});
  }

  std::vector<std::uint64_t> repetitions;
  std::vector<sim::Duration> forks;  // what each run's world charged for one
  std::vector<double> speeds_of_python;

  double bias = 1.0;
};

/// Records main sleeping for the whole run, or fails.
class ScriptedRecorder final : public TimelineProvider {
 public:
  std::optional<sim::Error> begin() override {
    ++begun;
    return std::nullopt;
  }
  sim::Result<Recording> end(const RecordedRun& /*run*/) override {
    if (ended++ < failures) {
      return sim::Error{.where = "recording", .what = "a page is broken", .advice = "try again"};
    }
    Recording recording;
    recording.totals.push_back({.role = "main", .wait = 7ms, .voluntary = 3});
    return recording;
  }
  [[nodiscard]] RecorderTier tier() const override { return RecorderTier::totals; }

  int begun = 0;
  int ended = 0;
  int failures = 0;
};

class SessionTest : public testing::Test {
 protected:
  SessionTest() {
    HostCalibration rough = rough_calibration();
    rough.cpus = {0, 1};
    calibration_ = std::make_shared<HostCalibration>(rough);
    add_point("one");
  }

  void add_point(const std::string& name) {
    scenarios::Point point;
    point.scenario = scenario_of(mapped({python(100ms)}, 1, ExecutorKind::threads, 1));
    point.scenario.name = name;
    points_.push_back(point);
  }

  Validation run() { return judge(points_, options_, measured(), simulator_); }

  NativeSide measured() {
    return run_session(points_, options_,
                       {.calibration = calibration_,
                        .python = &host_,
                        .recorder = recorder_,
                        .why_no_better_recorder = "no permission",
                        .measure_again = measure_again_});
  }

  static NativeRun disturbed(sim::Duration foreign, sim::Duration steal) {
    NativeRun run;
    run.foreign_cpu = foreign;
    run.steal = steal;
    return run;
  }

  static NativeRun failed(const std::string& why) {
    NativeRun run;
    run.timings.status = models::RunStatus::failed;
    run.timings.error = why;
    return run;
  }

  ScriptedHost host_;
  ScriptedSimulator simulator_;
  TimelineProvider* recorder_ = nullptr;
  References::Measure measure_again_;
  std::shared_ptr<HostCalibration> calibration_;
  std::vector<scenarios::Point> points_;
  ValidateOptions options_;
};

TEST_F(SessionTest, runs_are_predicted_with_the_costs_before_and_after_them) {
  calibration_->quick.resident_bytes = 1;
  calibration_->quick.fork = 300us;
  measure_again_ = [this] {
    QuickCosts later = calibration_->quick;
    later.fork = 500us;
    return std::optional{later};
  };
  options_.repeat = 1;
  options_.seeds = 1;
  const Validation result = run();
  EXPECT_EQ(simulator_.forks, (std::vector<sim::Duration>{400us, 300us}))
      << "half-way; what is predicted from the calibration alone knows the first only";
  EXPECT_TRUE(std::ranges::any_of(result.notes, [](const std::string& note) {
    return note.find("measured 1 times more") != std::string::npos;
  }));
}

TEST_F(SessionTest, library_code_is_as_slow_as_bytecode_beside_a_run_that_has_none) {
  calibration_->quick.resident_bytes = 1;
  calibration_->quick.slowness = 1.4;
  host_.kernel = Kernel::native;
  options_.repeat = 1;
  options_.seeds = 1;
  run();
  ASSERT_EQ(simulator_.speeds_of_python.size(), 2U);
  EXPECT_NEAR(simulator_.speeds_of_python[0], 1.0 / 1.4, 1e-9);
  EXPECT_NEAR(simulator_.speeds_of_python[1], 1.0, 1e-9) << "raw knows nothing of that run";
}

TEST_F(SessionTest, a_reference_that_fails_leaves_the_costs_as_they_were) {
  calibration_->quick.resident_bytes = 1;
  calibration_->quick.fork = 300us;
  measure_again_ = [] { return std::optional<QuickCosts>{}; };
  options_.repeat = 1;
  options_.seeds = 1;
  run();
  EXPECT_EQ(simulator_.forks, (std::vector<sim::Duration>{300us, 300us}));
}

TEST_F(SessionTest, a_slow_host_is_no_error_when_its_index_is_replayed) {
  host_.slowness = 1.7;
  simulator_.bias = 1.02;
  const Validation result = run();
  const Comparison& makespan = result.points.at(0).comparisons.at(0);
  EXPECT_NEAR(*makespan.error, 0.02, 1e-6);
  EXPECT_NEAR(*makespan.error_raw, 1.02 / 1.7 - 1.0, 1e-6) << "without the index it is one";
  EXPECT_NEAR(*makespan.error_null, 0.0, 1e-6);
  EXPECT_NEAR(result.points[0].native.speed_index.at(0), 1.7, 1e-6);
  EXPECT_EQ(result.points[0].native.runs, 5U);
  EXPECT_EQ(result.points[0].measured.size(), 5U);
  EXPECT_EQ(result.points[0].predicted.size(), 5U);
  EXPECT_NEAR(result.all.median, 0.02, 1e-6);
  ASSERT_EQ(result.groups.size(), 1U);
  EXPECT_EQ(result.groups[0].name, "gil-threads");
}

TEST_F(SessionTest, on_request_each_run_is_predicted_without_each_effect) {
  host_.slowness = 1.7;
  EXPECT_TRUE(run().points.at(0).ablation.empty());
  options_.ablation = true;
  const Validation result = run();
  const auto& rows = result.points.at(0).ablation;
  const auto error_without = [&](const std::string& effect) {
    const auto found = std::ranges::find(rows, effect, &AblationRow::effect);
    return found == rows.end() ? -99.0 : found->error.value_or(-99.0);
  };
  EXPECT_NEAR(error_without("gil"), 0.0, 1e-6);
  EXPECT_NEAR(error_without("rest"), 1.0 / 1.7 - 1.0, 1e-6) << "the speed of CPUs is lost";
}

TEST_F(SessionTest, a_point_stops_early_when_its_median_is_known_well_enough) {
  options_.repeat = 30;
  options_.until = 0.02;
  host_.slowness = 1.3;  // of every run alike
  const Validation result = run();
  EXPECT_EQ(result.points.at(0).native.runs, 5U);
  for (const std::string& warning : result.points[0].warnings) {
    EXPECT_EQ(warning.find("were accepted"), std::string::npos) << warning;
  }
}

TEST_F(SessionTest, worlds_without_an_effect_have_the_costs_and_speeds_of_their_run) {
  calibration_->quick.resident_bytes = 1;
  calibration_->quick.fork = 300us;
  calibration_->quick.slowness = 1.4;
  host_.kernel = Kernel::native;
  measure_again_ = [this] {
    QuickCosts later = calibration_->quick;
    later.fork = 500us;
    return std::optional{later};
  };
  options_.repeat = 1;
  options_.seeds = 1;
  options_.ablation = true;
  run();
  ASSERT_GT(simulator_.forks.size(), 3U);
  EXPECT_EQ(simulator_.forks.back(), 400us) << "half-way between two measurements";
  EXPECT_NEAR(simulator_.speeds_of_python.back(), 1.0 / 1.4, 1e-9);
}

TEST_F(SessionTest, the_spread_of_a_prediction_meets_no_run_s_draws_again) {
  options_.repeat = 5;
  options_.seeds = 3;
  run();
  std::ranges::sort(simulator_.repetitions);
  EXPECT_EQ(simulator_.repetitions.size(), 20U);
  for (std::uint64_t native = 0; native < 5; ++native) {
    EXPECT_EQ(std::ranges::count(simulator_.repetitions, native), 2)
        << "with what was seen in run " << native << " and without";
  }
}

TEST_F(SessionTest, points_take_turns) {
  add_point("two");
  options_.repeat = 2;
  run();
  EXPECT_EQ(host_.order, (std::vector<std::string>{"one", "two", "one", "two"}));
}

TEST_F(SessionTest, disturbed_runs_are_rejected_counted_and_replaced) {
  host_.script = {disturbed(30ms, 0ms), disturbed(0ms, 10ms), disturbed(20ms, 0ms)};
  const Validation result = run();
  EXPECT_EQ(result.points[0].native.runs, 5U);
  EXPECT_EQ(result.points[0].native.rejected_total(), 3U);
  ASSERT_EQ(result.points[0].native.rejected.size(), 2U);
  EXPECT_EQ(result.points[0].native.rejected[0].reason, "foreign CPU time");
  EXPECT_EQ(result.points[0].native.rejected[0].count, 2U);
  EXPECT_EQ(host_.repetitions, (std::vector<std::uint64_t>{0, 1, 2, 3, 4, 5, 6, 7}))
      << "a rejected run's draws are not used again";
}

TEST_F(SessionTest, lifted_limits_accept_what_is_disturbed) {
  host_.script = {disturbed(30ms, 10ms)};
  options_.limits = {.foreign_share = 1.0, .steal = false};
  EXPECT_EQ(run().points[0].native.rejected_total(), 0U);
}

TEST_F(SessionTest, any_steal_rejects_unless_half_of_the_makespan_may_be_foreign) {
  const auto reason = [](NativeRun run, double limit) {
    run.timings = timings(100ms);
    return rejection_reason(run, limits_at(limit));
  };
  EXPECT_EQ(reason(disturbed(0ms, 10ms), 0.49), "steal");
  EXPECT_EQ(reason(disturbed(0ms, 10ms), 0.5), std::nullopt);
  EXPECT_EQ(reason(disturbed(40ms, 10ms), 0.5), std::nullopt);
  EXPECT_EQ(reason(disturbed(40ms, 20ms), 0.5), "foreign CPU time") << "steal is a part of it";
}

TEST_F(SessionTest, a_single_tick_of_others_proves_nothing) {
  host_.script = {disturbed(10ms, 0ms)};
  options_.limits.foreign_share = 0.01;
  EXPECT_EQ(run().points[0].native.rejected_total(), 0U);
}

TEST_F(SessionTest, a_point_that_keeps_failing_is_given_up_and_says_why) {
  host_.script = {failed("exit code 1: boom"), failed("exit code 1: boom"),
                  failed("exit code 1: boom")};
  const Validation result = run();
  EXPECT_EQ(host_.order.size(), 3U);
  EXPECT_EQ(result.points[0].native.runs, 0U);
  EXPECT_EQ(result.points[0].native.rejected.at(0).reason, "failed: exit code 1: boom");
  EXPECT_TRUE(result.points[0].comparisons.empty());
  EXPECT_FALSE(result.points[0].warnings.empty());
  EXPECT_EQ(result.all.points, 0U);
}

TEST_F(SessionTest, a_host_that_is_never_quiet_ends_the_attempts) {
  for (int i = 0; i < 100; ++i) {
    host_.script.push_back(disturbed(90ms, 0ms));
  }
  const Validation result = run();
  EXPECT_EQ(result.points[0].native.runs, 0U);
  EXPECT_EQ(result.points[0].native.rejected_total(), 24U);
}

TEST_F(SessionTest, a_tolerance_judges_the_makespan) {
  simulator_.bias = 0.88;
  options_.tolerance = 0.10;
  EXPECT_FALSE(run().points[0].within_tolerance);
  options_.tolerance = 0.15;
  EXPECT_TRUE(run().points[0].within_tolerance);
}

TEST_F(SessionTest, a_request_to_stop_ends_it) {
  options_.give_up = [] { return true; };
  const Validation result = run();
  EXPECT_TRUE(result.interrupted);
  EXPECT_TRUE(host_.order.empty());
}

TEST_F(SessionTest, another_python_than_predicted_is_a_warning) {
  calibration_->version = {.major = 3, .minor = 13};
  const std::vector<std::string> warnings = run().points[0].warnings;
  EXPECT_TRUE(std::ranges::any_of(warnings, [](const std::string& warning) {
    return warning.find("measured on 3.13") != std::string::npos;
  }));
}

scenarios::Scenario measured_on(const HostCalibration& calibration,
                                const models::WorldSpec& world) {
  return as_measured(scenario_of(world), calibration, calibration.quick);
}

TEST(AsMeasured, the_harness_is_a_term_and_io_is_the_sleep_that_stands_for_it) {
  HostCalibration calibration = rough_calibration();
  calibration.harness_python = 2us;
  models::WorldSpec world = mapped({python(5ms), {.what = models::IoStep{models::constant(1ms)}}},
                                   1, ExecutorKind::threads, 1);
  world.machine.speed.python = 0.5;
  const scenarios::Scenario measured = measured_on(calibration, world);
  const models::Steps& steps = measured.world.tasks[0].steps;
  ASSERT_EQ(steps.size(), 4U);
  for (const std::size_t around : {0U, 2U}) {
    const auto& half = std::get<models::PythonStep>(steps[around].what);
    EXPECT_DOUBLE_EQ(half.duration.first_ns, 3000.0) << "5 ms are three parts";
    EXPECT_TRUE(half.surrounds) << "it gets cold";
    EXPECT_EQ(half.timed_part, 0us);
  }
  EXPECT_EQ(std::get<models::PythonStep>(steps[1].what).timed_part, fine_part)
      << "the harness reads the clock around each part";
  EXPECT_FALSE(std::get<models::PythonStep>(steps[1].what).surrounds);
  EXPECT_EQ(steps[1].number, 0U);
  EXPECT_EQ(steps[3].number, 1U) << "draws stay those of the scenario";
  EXPECT_TRUE(std::holds_alternative<models::SleepStep>(steps[3].what));
  EXPECT_DOUBLE_EQ(measured.world.machine.speed.python, 1.0);
}

TEST(AsMeasured, a_call_into_c_of_python_is_one_part_and_cpp_work_is_cut) {
  models::WorldSpec world = mapped({native(50ms)}, 1, ExecutorKind::threads, 1);
  const auto part = [&world] {
    const models::Steps steps = measured_on(rough_calibration(), world).world.tasks[0].steps;
    return std::get<models::NativeStep>(steps.back().what).timed_part;
  };
  EXPECT_GT(part(), 1min);
  world.runtime.language = models::Language::none;
  EXPECT_EQ(part(), fine_part);
}

TEST(AsMeasured, measured_costs_stay_and_unmeasured_ones_come_from_this_host) {
  HostCalibration calibration = rough_calibration();
  calibration.quick.resident_bytes = 20 << 20;
  calibration.quick.fork = 300us;
  calibration.quick.fork_per_mib = 10us;
  calibration.quick.wake = 15us;
  calibration.quick.wake_median = 20us;
  calibration.quick.sleep_overshoot = 100us;
  models::WorldSpec world = mapped({python(5ms)}, 1, ExecutorKind::threads, 1);
  const models::OsCosts defaults = world.machine.costs;
  models::WorldSpec fresh = measured_on(calibration, world).world;
  EXPECT_EQ(fresh.machine.costs.wake_idle_cpu, 13'500ns) << "less the switch";
  EXPECT_EQ(fresh.machine.costs.wake_idle_cpu_jitter, 10us);
  EXPECT_EQ(fresh.machine.costs.wake_by_timer, 48'500ns) << "100 - 50 slack - the switch";
  EXPECT_EQ(fresh.os.timer_latency, 0us);
  EXPECT_EQ(fresh.machine.costs.idle_call, 0ns) << "not measured";
  EXPECT_EQ(fresh.machine.costs.fork, 100us) << "of 20 MiB, less what they add";
  EXPECT_EQ(fresh.machine.costs.fork_per_mib, 10us);
  world.machine.costs_known = true;
  fresh = measured_on(calibration, world).world;
  EXPECT_EQ(fresh.machine.costs.wake_idle_cpu, defaults.wake_idle_cpu);
}

TEST(AsMeasured, a_file_of_this_host_keeps_what_is_not_measured_again) {
  HostCalibration calibration = rough_calibration();
  calibration.quick.resident_bytes = 20 << 20;
  calibration.quick.fork = 300us;
  calibration.quick.process_start = 500us;
  calibration.quick.spawn_child = 40ms;
  calibration.quick.loop_switch = 9us;
  calibration.quick.cold_code.factor = 14.0;
  models::WorldSpec world = mapped({python(5ms)}, 1, ExecutorKind::threads, 1);
  world.machine.costs_known = true;
  world.machine.costs.pipe_message = 777ns;
  world.runtime.costs_known = true;
  world.runtime.costs.interpreter_start = 20ms;
  world.runtime.costs.loop.step = 5us;
  EXPECT_EQ(measured_on(calibration, world).world.runtime.costs.interpreter_start, 20ms);
  calibration.quick.newer_than_file = true;
  const models::WorldSpec fresh = measured_on(calibration, world).world;
  EXPECT_EQ(fresh.runtime.costs.interpreter_start, 40ms);
  EXPECT_EQ(fresh.runtime.costs.process_object, 200us);
  EXPECT_EQ(fresh.machine.costs.fork, 300us);
  EXPECT_DOUBLE_EQ(fresh.machine.cold_code.factor, 14.0);
  EXPECT_EQ(fresh.machine.costs.pipe_message, 777ns);
  EXPECT_EQ(fresh.runtime.costs.loop.step, 5us) << "by parts in the file";
}

TEST(AsMeasured, page_faults_and_copies_are_this_host_s_now) {
  HostCalibration calibration = rough_calibration();
  calibration.quick.resident_bytes = 20 << 20;
  calibration.quick.page_fault = 3us;
  calibration.quick.pipe_copy = 450ns;
  const models::WorldSpec fresh =
      measured_on(calibration, mapped({python(5ms)}, 1, ExecutorKind::processes, 1)).world;
  EXPECT_EQ(fresh.machine.costs.page_fault, 3us);
  EXPECT_EQ(fresh.runtime.costs.payload.fault, 3us);
  EXPECT_EQ(fresh.machine.costs.pipe_copy_per_kib, 450ns);
}

TEST(AsMeasured, an_idle_cpu_is_latency_only_as_far_as_nobody_pays) {
  HostCalibration calibration = rough_calibration();
  calibration.quick.resident_bytes = 20 << 20;
  calibration.quick.wake = 40us;
  calibration.quick.wake_median = 40us;
  calibration.quick.idle_call = 10us;
  calibration.quick.idle_exit = 8us;
  calibration.quick.cold_code = {.factor = 14.0, .resume = 20us, .after = 4ms};
  const models::WorldSpec world = mapped({python(5ms)}, 1, ExecutorKind::threads, 1);
  const models::WorldSpec fresh = measured_on(calibration, world).world;
  const models::OsCosts& costs = fresh.machine.costs;
  EXPECT_EQ(costs.idle_call, 10us - costs.wake_syscall);
  EXPECT_EQ(costs.wake_idle_cpu, 40us - 8us - costs.context_switch - 10us)
      << "after 2 ms half of the caches are gone";
  EXPECT_DOUBLE_EQ(fresh.machine.cold_code.factor, 14.0);
}

TEST_F(SessionTest, recorded_runs_are_compared_and_unrecorded_ones_explained) {
  ScriptedRecorder recorder;
  recorder.failures = 2;
  recorder_ = &recorder;
  const Validation result = run();
  EXPECT_EQ(recorder.begun, 5);
  const PointValidation& point = result.points.at(0);
  ASSERT_TRUE(point.timelines.has_value());
  EXPECT_EQ(point.timelines->recorder, "totals");
  EXPECT_EQ(point.timelines->why_not_better, "no permission");
  EXPECT_EQ(point.timelines->runs, 3U);
  const auto wait = std::ranges::find(point.timelines->rows, "wait", &TimelineRow::name);
  ASSERT_NE(wait, point.timelines->rows.end());
  EXPECT_EQ(wait->measured, 7e6);
  EXPECT_NE(std::ranges::find(point.warnings,
                              "a run was not recorded: recording: a page is broken (try again)"),
            point.warnings.end());
}

TEST_F(SessionTest, without_a_recorder_there_is_no_timeline) {
  EXPECT_FALSE(run().points.at(0).timelines.has_value());
}

}  // namespace
}  // namespace timeslice::validation
