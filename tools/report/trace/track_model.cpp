#include "tools/report/trace/track_model.hpp"

#include <algorithm>
#include <cstddef>
#include <functional>
#include <map>
#include <numeric>
#include <tuple>
#include <unordered_map>
#include <utility>

#include <fmt/format.h>

#include "tools/report/trace/lanes.hpp"

namespace timeslice::tools {
namespace {

using models::SliceState;

std::int64_t ns(sim::Instant time) {
  return time.time_since_epoch().count();
}

/// Something with a place in a group before it has a lane: sorted, it becomes a slice.
struct Stretch {
  std::uint32_t row = 0;  // CPU, thread, task or GIL
  TrackSlice slice;
};

class ModelBuilder {
 public:
  explicit ModelBuilder(const models::Timings& run) : run_{run} {}

  [[nodiscard]] TrackModel build();

 private:
  std::uint32_t name(const std::string& text);
  void find_origin();
  void add_cpus();
  void add_threads();
  void add_tasks();
  void add_gils();
  struct LaneTrack {
    std::uint32_t first = 0;  // track of the row's first lane
    std::uint32_t track = 0;
  };
  void add_lane(TrackGroup group, const std::string& name, LaneTrack lane);
  void add_group(TrackGroup group, std::vector<Stretch> stretches,
                 const std::function<std::string(std::uint32_t)>& row_name);
  void add_counter(const std::string& counter, std::vector<std::pair<std::int64_t, int>> steps);
  void count_state(const std::string& counter, SliceState state);
  void add_state_counters();
  void add_queue_counters();
  void add_arrows();
  [[nodiscard]] TrackSlice slice_of(const std::string& label, sim::Instant start,
                                    sim::Instant end) {
    return {.name = name(label),
            .start_ns = ns(start) - model_.origin_ns,
            .end_ns = ns(end) - model_.origin_ns};
  }

  const models::Timings& run_;
  TrackModel model_;
  std::unordered_map<std::string, std::uint32_t> known_;        // names, for look-up
  std::unordered_map<std::string, std::uint32_t> thread_rows_;  // for look-up
  std::vector<std::string> threads_;                            // by row, in order of appearance
  std::map<std::uint32_t, std::uint32_t> thread_tracks_;        // first track by row
  std::size_t thread_slices_begin_ = 0;
  std::size_t thread_slices_end_ = 0;
};

std::uint32_t ModelBuilder::name(const std::string& text) {
  const auto next = static_cast<std::uint32_t>(model_.names.size());
  const auto [at, is_new] = known_.emplace(text, next);
  if (is_new) {
    model_.names.push_back(text);
  }
  return at->second;
}

void ModelBuilder::find_origin() {
  std::int64_t first = 0;
  for (const models::SliceTiming& slice : run_.slices) {
    first = std::min(first, ns(slice.start));
  }
  for (const models::TaskTiming& task : run_.tasks) {
    first = std::min(first, ns(task.submitted));
  }
  for (const models::WakeTiming& wake : run_.wakes) {
    first = std::min(first, ns(wake.at));
  }
  for (const models::GilHoldTiming& hold : run_.gil_holds) {
    first = std::min(first, ns(hold.start));
  }
  model_.origin_ns = first;
}

/// Adds the track of a lane unless it is there. Requires: lanes come one after the other.
void ModelBuilder::add_lane(TrackGroup group, const std::string& name, LaneTrack lane) {
  if (lane.track == model_.tracks.size()) {
    const std::uint32_t number = lane.track - lane.first + 1;
    const std::string suffix = number == 1 ? "" : fmt::format(" ({})", number);
    model_.tracks.push_back({.group = group, .name = name + suffix});
  }
}

/// Turns stretches into tracks: a row's lanes follow each other, and slices follow their track.
void ModelBuilder::add_group(TrackGroup group, std::vector<Stretch> stretches,
                             const std::function<std::string(std::uint32_t)>& row_name) {
  std::ranges::sort(stretches, {}, [](const Stretch& it) {
    return std::tie(it.row, it.slice.start_ns, it.slice.end_ns, it.slice.item, it.slice.name);
  });
  for (std::size_t begin = 0; begin < stretches.size();) {
    const std::uint32_t row = stretches[begin].row;
    const auto first_track = static_cast<std::uint32_t>(model_.tracks.size());
    Lanes lanes;
    std::size_t end = begin;
    for (; end < stretches.size() && stretches[end].row == row; ++end) {
      TrackSlice& slice = stretches[end].slice;
      slice.track = first_track + lanes.place(slice.start_ns, slice.end_ns);
      add_lane(group, row_name(row), {first_track, slice.track});
      model_.slices.push_back(slice);
    }
    if (group == TrackGroup::threads) {
      thread_tracks_.emplace(row, first_track);
    }
    begin = end;
  }
}

void ModelBuilder::add_cpus() {
  std::vector<Stretch> stretches;
  for (const models::SliceTiming& slice : run_.slices) {
    if (slice.cpu >= 0 && slice.state == SliceState::running) {
      stretches.push_back({.row = static_cast<std::uint32_t>(slice.cpu),
                           .slice = slice_of(slice.thread, slice.start, slice.end)});
    }
  }
  add_group(TrackGroup::cpus, std::move(stretches),
            [](std::uint32_t row) { return fmt::format("CPU {}", row); });
}

void ModelBuilder::add_threads() {
  std::vector<Stretch> stretches;
  for (const models::SliceTiming& slice : run_.slices) {
    const auto next = static_cast<std::uint32_t>(threads_.size());
    const auto [at, is_new] = thread_rows_.emplace(slice.thread, next);
    if (is_new) {
      threads_.push_back(slice.thread);
    }
    stretches.push_back(
        {.row = at->second,
         .slice = slice_of(std::string{state_label(slice.state)}, slice.start, slice.end)});
  }
  thread_slices_begin_ = model_.slices.size();
  add_group(TrackGroup::threads, std::move(stretches),
            [this](std::uint32_t row) { return threads_[row]; });
  thread_slices_end_ = model_.slices.size();
}

void ModelBuilder::add_tasks() {
  std::map<std::string, std::uint32_t> rows;
  std::vector<std::string> tasks;
  std::vector<Stretch> stretches;
  for (const models::TaskTiming& task : run_.tasks) {
    const auto [at, is_new] = rows.emplace(task.task, static_cast<std::uint32_t>(tasks.size()));
    if (is_new) {
      tasks.push_back(task.task);
    }
    Stretch stretch{.row = at->second, .slice = slice_of(task.task, task.started, task.finished)};
    stretch.slice.item = static_cast<std::int64_t>(task.item);
    stretch.slice.worker = name(task.worker);
    stretches.push_back(stretch);
  }
  add_group(TrackGroup::tasks, std::move(stretches),
            [&tasks](std::uint32_t row) { return tasks[row]; });
}

void ModelBuilder::add_gils() {
  std::map<std::string, std::uint32_t> rows;
  std::vector<std::string> processes;
  std::vector<Stretch> stretches;
  for (const models::GilHoldTiming& hold : run_.gil_holds) {
    const auto [at, is_new] =
        rows.emplace(hold.process, static_cast<std::uint32_t>(processes.size()));
    if (is_new) {
      processes.push_back(hold.process);
    }
    stretches.push_back({.row = at->second, .slice = slice_of(hold.thread, hold.start, hold.end)});
  }
  add_group(TrackGroup::gils, std::move(stretches),
            [&processes](std::uint32_t row) { return "GIL of " + processes[row]; });
}

/// A counter that changes by each step; steps at one time become one.
void ModelBuilder::add_counter(const std::string& counter,
                               std::vector<std::pair<std::int64_t, int>> steps) {
  if (steps.empty()) {
    return;
  }
  std::ranges::sort(steps);
  const auto track = static_cast<std::uint32_t>(model_.tracks.size());
  model_.tracks.push_back({.group = TrackGroup::counters, .name = counter});
  std::int64_t value = 0;
  for (std::size_t begin = 0; begin < steps.size();) {
    const std::int64_t before = value;
    const std::int64_t time = steps[begin].first;
    for (; begin < steps.size() && steps[begin].first == time; ++begin) {
      value += steps[begin].second;
    }
    if (value != before) {
      model_.counters.push_back({.track = track, .time_ns = time, .value = value});
    }
  }
}

void ModelBuilder::count_state(const std::string& counter, SliceState state) {
  std::vector<std::pair<std::int64_t, int>> steps;
  for (const models::SliceTiming& slice : run_.slices) {
    if (slice.state == state) {
      steps.emplace_back(ns(slice.start) - model_.origin_ns, 1);
      steps.emplace_back(ns(slice.end) - model_.origin_ns, -1);
    }
  }
  add_counter(counter, std::move(steps));
}

void ModelBuilder::add_state_counters() {
  count_state("running threads", SliceState::running);
  count_state("runnable threads without a CPU", SliceState::ready);
  count_state("threads waiting for a GIL", SliceState::gil_wait);
}

void ModelBuilder::add_queue_counters() {
  std::map<std::string, std::vector<std::pair<std::int64_t, int>>> waiting;
  for (const models::TaskTiming& task : run_.tasks) {
    auto& steps = waiting[task.executor];
    steps.emplace_back(ns(task.submitted) - model_.origin_ns, 1);
    steps.emplace_back(ns(task.started) - model_.origin_ns, -1);
  }
  for (auto& [executor, steps] : waiting) {
    add_counter("items waiting for " + executor, std::move(steps));
  }
}

/// An arrow ends at the first slice that the woken thread begins after it was woken.
void ModelBuilder::add_arrows() {
  const auto begin = model_.slices.begin() + static_cast<std::ptrdiff_t>(thread_slices_begin_);
  const auto end = model_.slices.begin() + static_cast<std::ptrdiff_t>(thread_slices_end_);
  for (const models::WakeTiming& wake : run_.wakes) {
    const auto from = thread_rows_.find(wake.waker);
    const auto to = thread_rows_.find(wake.thread);
    if (from == thread_rows_.end() || to == thread_rows_.end()) {
      continue;  // nobody known woke it
    }
    const std::int64_t time = ns(wake.at) - model_.origin_ns;
    const std::uint32_t track = thread_tracks_.at(to->second);
    const auto slice = std::ranges::lower_bound(
        begin, end, std::pair{track, time}, {},
        [](const TrackSlice& it) { return std::pair{it.track, it.start_ns}; });
    if (slice != end && slice->track == track) {
      model_.arrows.push_back(
          {.from_track = thread_tracks_.at(from->second),
           .to_slice = static_cast<std::uint32_t>(slice - model_.slices.begin()),
           .time_ns = time});
    }
  }
}

TrackModel ModelBuilder::build() {
  find_origin();
  add_cpus();
  add_threads();
  add_tasks();
  add_gils();
  add_state_counters();
  add_queue_counters();
  add_arrows();
  return std::move(model_);
}

}  // namespace

std::string_view state_label(SliceState state) {
  switch (state) {
    case SliceState::running:
      return "running";
    case SliceState::ready:
      return "ready";
    case SliceState::blocked:
      return "blocked";
    case SliceState::gil_wait:
      break;
  }
  return "waits for the GIL";
}

TrackModel track_model(const models::Timings& run) {
  return ModelBuilder{run}.build();
}

std::vector<models::WakeTiming> wakes_of(const models::Timings& run) {
  if (!run.wakes.empty()) {
    return run.wakes;
  }
  std::vector<std::size_t> order(run.slices.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::sort(order, {},
                    [&run](std::size_t at) { return std::pair{run.slices[at].start, at}; });
  const auto waits = [](SliceState state) {
    return state == SliceState::blocked || state == SliceState::gil_wait;
  };
  std::unordered_map<std::string, SliceState> last;  // for look-up
  std::vector<models::WakeTiming> wakes;
  for (const std::size_t at : order) {
    const models::SliceTiming& slice = run.slices[at];
    const auto before = last.find(slice.thread);
    const bool slept = before == last.end() || waits(before->second);
    if (slept && !waits(slice.state)) {
      wakes.push_back({.thread = slice.thread, .waker = {}, .at = slice.start});
    }
    last[slice.thread] = slice.state;
  }
  return wakes;
}

}  // namespace timeslice::tools
