// Real runs under each tier of the recorder. They look at what must hold however busy this machine
// is; where a tier is not permitted its test is skipped and says why.
#include <array>

#include <fcntl.h>
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/validation/native/recorder/timeline_rules.hpp"
#include "tests/validation/small_world.hpp"
#include "validation/native/cpp_threads_runner.hpp"
#include "validation/native/recorder/measure_recorded.hpp"
#include "validation/native/recorder/proc_files.hpp"
#include "validation/native/recorder/tracefs_instance.hpp"
#include "validation/native/support.hpp"

namespace timeslice::validation {
namespace {

using namespace std::chrono_literals;
using models::ExecutorKind;

class NativeRecorder : public testing::TestWithParam<RecorderTier> {
 protected:
  void SetUp() override {
    auto made = make_provider(GetParam(), cpus_);
    if (!made) {
      GTEST_SKIP() << made.error().where << ": " << made.error().what;
    }
    provider_ = std::move(made).value();
  }

  RecordedNativeRun run(Steps task, std::uint64_t items, std::uint32_t workers) {
    models::WorldSpec world = mapped(std::move(task), items, ExecutorKind::cpp_threads, workers);
    world.machine.cpus.resize(std::min(world.machine.cpus.size(), cpus_.size()));
    scenarios::RunOptions options;
    options.keep_slices = true;
    CppThreadsRunner runner{std::make_shared<HostCalibration>(rough_calibration()), ChildLimits{}};
    return measure_recorded({.runner = runner, .provider = *provider_, .cpus = cpus_},
                            scenario_of(world), 0, options);
  }

  std::vector<std::int32_t> cpus_ = allowed_cpus();
  std::unique_ptr<TimelineProvider> provider_;
};

TEST_P(NativeRecorder, sees_every_thread_of_a_run_and_about_the_cpu_time_it_used) {
  for (int repetition = 0; repetition < 2; ++repetition) {
    const RecordedNativeRun recorded = run({native(10ms), sleep(5ms)}, 20, 2);
    ASSERT_EQ(recorded.run.timings.status, models::RunStatus::ok);
    ASSERT_EQ(recorded.problem, "");
    std::vector<std::string> roles;
    for (const ThreadFacts& role : recorded.facts.roles) {
      roles.push_back(role.role);
    }
    EXPECT_EQ(roles, (std::vector<std::string>{"main", "thread 1", "thread 2"}));
    double used = 0.0;
    for (const KernelSample& sample : recorded.run.samples) {
      used += static_cast<double>(sample.used_ns);
    }
    const auto seen = static_cast<double>(recorded.facts.total().run.count());
    // Totals miss what happened after the last look, 20 ms and more on a busy machine.
    EXPECT_GT(seen, GetParam() == RecorderTier::totals ? 0.1 * used : 0.9 * used);
    EXPECT_GT(recorded.facts.total().sleep, 0ms);
    EXPECT_GT(recorded.facts.total().voluntary, 5U) << "each item sleeps";
  }
}

TEST_P(NativeRecorder, keeps_the_rules_of_a_timeline) {
  if (GetParam() == RecorderTier::totals) {
    GTEST_SKIP() << "totals have no timeline";
  }
  const RecordedNativeRun recorded = run({native(3ms), sleep(1ms)}, 40, 4);
  ASSERT_EQ(recorded.problem, "");
  EXPECT_EQ(broken_rule(recorded.run.timings.slices), "");
  EXPECT_FALSE(recorded.run.timings.slices.empty());
  ASSERT_TRUE(recorded.facts.runs.has_value());
  EXPECT_GT(recorded.facts.runs->count, 20U);
}

INSTANTIATE_TEST_SUITE_P(Tiers, NativeRecorder,
                         testing::Values(RecorderTier::tracefs, RecorderTier::perf,
                                         RecorderTier::totals),
                         [](const auto& tier) { return std::string{name_of(tier.param)}; });

TEST(NativeRecorderChoice, names_a_tier_and_why_no_better_one) {
  const ChosenProvider chosen = best_provider(allowed_cpus());
  ASSERT_NE(chosen.provider, nullptr);
  EXPECT_EQ(chosen.why_not_better.empty(), chosen.provider->tier() == RecorderTier::tracefs);
}

class NativeTracefs : public testing::Test {
 protected:
  void SetUp() override {
    const auto root = tracefs_root();
    if (!root) {
      GTEST_SKIP() << root.error().where << ": " << root.error().what;
    }
    root_ = root.value();
  }

  [[nodiscard]] std::uint64_t instances_of(std::int32_t process) const {
    std::uint64_t count = 0;
    for (const std::string& name : own_instances(root_)) {
      count += name.starts_with(fmt::format("timeslice-{}-", process)) ? 1U : 0U;
    }
    return count;
  }

  std::string root_;
};

TEST_F(NativeTracefs, an_instance_goes_with_its_object) {
  {
    const auto made = TracefsInstance::create(root_, allowed_cpus(), {"sched/sched_switch"});
    ASSERT_TRUE(made) << made.error().where << ": " << made.error().what;
    EXPECT_EQ(instances_of(::getpid()), 1U);
  }
  EXPECT_EQ(instances_of(::getpid()), 0U);
}

TEST_F(NativeTracefs, an_instance_that_cannot_be_set_up_is_removed_again) {
  EXPECT_FALSE(TracefsInstance::create(root_, allowed_cpus(), {"sched/no_such_event"}));
  EXPECT_EQ(instances_of(::getpid()), 0U);
}

TEST_F(NativeTracefs, what_a_killed_process_left_behind_goes_with_the_next_start) {
  std::array<int, 2> ready{};
  ASSERT_EQ(::pipe(ready.data()), 0);
  const pid_t child = ::fork();
  if (child == 0) {
    const auto made = TracefsInstance::create(root_, allowed_cpus(), {"sched/sched_switch"});
    const char done = made ? 'y' : 'n';
    static_cast<void>(::write(ready[1], &done, 1));
    ::pause();
    ::_exit(0);
  }
  char done = 0;
  ASSERT_EQ(::read(ready[0], &done, 1), 1);
  ASSERT_EQ(done, 'y');
  EXPECT_EQ(remove_stale_instances(root_), 0U) << "its process lives";
  EXPECT_EQ(instances_of(child), 1U);
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
  EXPECT_EQ(instances_of(child), 1U) << "nobody could remove it";
  EXPECT_GE(remove_stale_instances(root_), 1U);
  EXPECT_EQ(instances_of(child), 0U);
}

TEST_F(NativeTracefs, a_full_buffer_never_grows_and_says_how_much_it_lost) {
  const std::int32_t cpu = allowed_cpus().front();
  const auto made = TracefsInstance::create(root_, {cpu}, {"sched/sched_switch"});
  ASSERT_TRUE(made) << made.error().where << ": " << made.error().what;
  TracefsInstance& instance = *made.value();
  const std::string marker = fmt::format("{}/instances/timeslice-{}-{}-0/trace_marker", root_,
                                         ::getpid(), start_time_of(::getpid()).value_or(0));
  const int file = ::open(marker.c_str(), O_WRONLY | O_CLOEXEC);
  ASSERT_GE(file, 0) << marker;
  cpu_set_t before;
  cpu_set_t only;
  CPU_ZERO(&only);
  CPU_SET(static_cast<std::size_t>(cpu), &only);
  ::sched_getaffinity(0, sizeof before, &before);
  ::sched_setaffinity(0, sizeof only, &only);
  ASSERT_FALSE(instance.start().has_value());
  const std::string mark(1'000, 'x');
  for (std::uint64_t bytes = 0; bytes < tracefs_cpu_bytes * 5 / 4; bytes += mark.size()) {
    static_cast<void>(::write(file, mark.data(), mark.size()));
  }
  instance.stop();
  ::sched_setaffinity(0, sizeof before, &before);
  ::close(file);
  EXPECT_GT(instance.lost(), 100U);
  constexpr std::size_t page = 4096;
  const std::size_t kept = instance.take_pages(cpu, page).size();
  EXPECT_GT(kept, tracefs_cpu_bytes / 2);
  EXPECT_LE(kept, tracefs_cpu_bytes * 102 / 100) << "pages have heads";
  EXPECT_TRUE(instance.take_pages(cpu, page).empty()) << "they were taken away";
  ASSERT_FALSE(instance.start().has_value());
  EXPECT_EQ(instance.lost(), 0U) << "a new start counts anew";
}

}  // namespace
}  // namespace timeslice::validation
