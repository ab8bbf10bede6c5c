// Laws that hold for the timeline of every run, tried on random worlds. A failure prints the seed.
#include <array>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "sim/random.hpp"
#include "tests/models/world_fixture.hpp"
#include "tests/random_cases.hpp"
#include "tools/report/trace/ftrace_text.hpp"
#include "tools/report/trace/track_model.hpp"

namespace timeslice::tools {
namespace {

using models::ExecutorKind;
using models::SliceState;
using models::SliceTiming;
using models::Timings;

class Dice {
 public:
  explicit Dice(std::uint64_t seed) : random_{seed} {}
  std::uint32_t roll(std::uint32_t sides) {
    return static_cast<std::uint32_t>(random_.below({.task = 77, .count = ++count_}, sides));
  }
  sim::Duration time() { return std::chrono::microseconds{20 + roll(4000)}; }

 private:
  sim::Random random_;
  std::uint32_t count_ = 0;
};

models::Steps some_steps(Dice& dice) {
  models::Steps steps;
  for (std::uint32_t left = 1 + dice.roll(4); left > 0; --left) {
    switch (dice.roll(5)) {
      case 0:
        steps.push_back(models::native(dice.time(), dice.roll(3) == 0));
        break;
      case 1:
        steps.push_back(models::io(dice.time()));
        break;
      case 2:
        steps.push_back(models::sleep_for(dice.time()));
        break;
      case 3:
        steps.push_back(models::with_lock(0, {models::python(dice.time())}));
        break;
      default:
        steps.push_back(models::python(dice.time()));
    }
  }
  return steps;
}

/// Two tasks on two executors of any kind, side by side; sometimes other programs run as well.
models::WorldSpec some_world(Dice& dice) {
  constexpr std::array kinds{ExecutorKind::serial, ExecutorKind::threads,
                             ExecutorKind::thread_per_task, ExecutorKind::processes,
                             ExecutorKind::process_per_task};
  models::WorldSpec world = dice.roll(4) == 0 ? models::ideal_world(1 + dice.roll(4))
                                              : models::linux_world(1 + dice.roll(6));
  world.locks = {{.name = "a"}};
  world.futures = {"f"};
  for (std::uint32_t number = 0; number < 2; ++number) {
    models::add_task(world, "task" + std::to_string(number), some_steps(dice));
    models::add_executor(world, kinds[dice.roll(kinds.size())], 1 + dice.roll(5));
  }
  if (dice.roll(3) == 0) {
    models::add_task(world, "other", {models::python(dice.time()), models::sleep_for(dice.time())});
    world.background.push_back({.task = models::TaskIndex{2}, .threads = 1 + dice.roll(2)});
  }
  world.main = models::numbered({models::submit(1 + dice.roll(10), 0, 0),
                                 models::map_items(1 + dice.roll(10), 1, 1), models::join()});
  return world;
}

/// A run may end in a deadlock, as when a process is forked while a lock is held: it has a timeline
/// all the same.
Timings timeline_of(const models::WorldSpec& world, std::uint64_t seed) {
  models::WorldOptions options;
  options.keep_slices = true;
  options.keep_tasks = true;
  EXPECT_TRUE(models::check_world(world).empty());
  return models::simulate_world(world, seed, options);
}

using Spans = std::map<std::string, std::vector<SliceTiming>>;

Spans by_thread(const Timings& run) {
  Spans spans;
  for (const SliceTiming& slice : run.slices) {
    spans[slice.thread].push_back(slice);  // a thread's slices come in order of time
  }
  return spans;
}

bool sleeps(SliceState state) {
  return state == SliceState::blocked || state == SliceState::gil_wait;
}

void expect_whole_timelines(const Timings& run) {
  std::set<std::pair<std::string, sim::Instant>> woken;
  for (const models::WakeTiming& wake : run.wakes) {
    woken.emplace(wake.thread, wake.at);
  }
  for (const auto& [thread, slices] : by_thread(run)) {
    for (std::size_t at = 1; at < slices.size(); ++at) {
      EXPECT_EQ(slices[at - 1].end, slices[at].start) << thread << " is always in one state";
      const bool woke = sleeps(slices[at - 1].state) && !sleeps(slices[at].state) &&
                        slices[at - 1].state == SliceState::blocked;
      EXPECT_TRUE(!woke || woken.contains({thread, slices[at].start}))
          << thread << " wakes up without a wake-up at "
          << slices[at].start.time_since_epoch().count();
    }
  }
}

void expect_gil_books(const Timings& run, const models::WorldSpec& world) {
  sim::Duration held{};
  std::map<std::string, sim::Instant> free_from;
  for (const models::GilHoldTiming& hold : run.gil_holds) {
    const auto [last, is_new] = free_from.emplace(hold.process, hold.start);
    EXPECT_LE(last->second, hold.start) << "two hold the GIL of " << hold.process;
    last->second = hold.end;
    const bool background = hold.thread.starts_with("background-");
    held += background ? sim::Duration{} : hold.end - hold.start;
  }
  if (world.runtime.gil.enabled) {
    EXPECT_EQ(static_cast<double>(held.count()), models::metric(run, "gil_held"));
  }
}

void expect_tracks_without_overlap(const Timings& run) {
  const TrackModel model = track_model(run);
  std::map<std::uint32_t, std::int64_t> free_from;
  for (const TrackSlice& slice : model.slices) {
    EXPECT_GE(slice.start_ns, 0);
    EXPECT_GE(slice.start_ns, free_from[slice.track]) << model.tracks[slice.track].name;
    free_from[slice.track] = slice.end_ns;
  }
  for (const Track& track : model.tracks) {
    const bool lane = track.group != TrackGroup::tasks && track.name.ends_with(")");
    EXPECT_FALSE(lane) << track.name << ": only items may overlap";
  }
  for (const WakeArrow& arrow : model.arrows) {
    EXPECT_LE(arrow.time_ns, model.slices[arrow.to_slice].start_ns);
  }
}

/// Whoever leaves a CPU in the ftrace text is who came last, and times never go back.
void expect_ftrace_to_follow(const Timings& run) {
  std::string text;
  write_ftrace(run, [&text](std::string_view bytes) { text += bytes; });
  std::map<std::string, std::string> on_cpu;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = text.find('\n', at);
    const std::string line = text.substr(at, end - at);
    at = end + 1;
    const std::size_t prev = line.find("prev_pid=");
    if (line.starts_with('#') || prev == std::string::npos) {
      continue;
    }
    const std::size_t next = line.find("next_pid=");
    const std::string cpu = line.substr(line.find('['), 5);
    const std::string leaves = line.substr(prev + 9, line.find(' ', prev) - prev - 9);
    const auto [was, is_new] = on_cpu.emplace(cpu, "0");
    EXPECT_EQ(was->second, leaves) << line;
    was->second = line.substr(next + 9, line.find(' ', next) - next - 9);
  }
  for (const auto& [cpu, pid] : on_cpu) {
    EXPECT_EQ(pid, "0") << cpu << " ends idle";
  }
}

TEST(TimelineLaws, hold_in_every_world) {
  for (std::uint64_t seed = 1; seed <= timeslice::cases::random_cases(150); ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Dice dice{seed};
    const models::WorldSpec world = some_world(dice);
    const Timings run = timeline_of(world, seed);
    expect_whole_timelines(run);
    expect_gil_books(run, world);
    expect_tracks_without_overlap(run);
    expect_ftrace_to_follow(run);
    if (HasFailure()) {
      break;
    }
  }
}

}  // namespace
}  // namespace timeslice::tools
