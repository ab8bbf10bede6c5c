#include "tools/batch/sweep_work.hpp"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <exception>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <span>
#include <utility>

#include <fmt/format.h>
#include <tbb/global_control.h>
#include <tbb/info.h>
#include <tbb/task_arena.h>

namespace timeslice::tools {
namespace {

constexpr std::chrono::milliseconds poll_interval{50};  // how soon Ctrl-C is seen

unsigned worker_count(const SweepOptions& options) {
  const int usable = tbb::info::default_concurrency();
  return options.jobs > 0 ? options.jobs : static_cast<unsigned>(std::max(usable, 1));
}

/// One point on its way through the workers.
struct Job {
  std::uint64_t sequence = 0;  // counts the wanted points
  std::uint64_t ordinal = 0;
  PointOutcome outcome;
  std::unique_ptr<std::atomic<bool>[]> ended;  // by position in outcome.runs
  std::atomic<bool> laid_out = false;          // the runs and `ended` have their final size
  std::vector<bool> told;                      // on_runs knows it; of the sweep's own thread
  std::uint64_t begun = 0;                     // repetitions handed to the workers, from the first
  std::atomic<std::uint64_t> chunks_left = 1;  // of those
  std::atomic<bool> cut = false;               // a repetition is missing
};
using JobPtr = std::shared_ptr<Job>;

void add_once(std::vector<std::string>& all, const std::vector<std::string>& more) {
  for (const std::string& text : more) {
    if (std::ranges::find(all, text) == all.end()) {
      all.push_back(text);
    }
  }
}

/// How many repetitions to have before the next look at their spread.
std::uint64_t next_look(const scenarios::Repeat& repeat, std::uint64_t have, std::uint64_t all) {
  if (!repeat.adapts()) {
    return all;
  }
  return std::min(all, std::max({repeat.least, have + 1, have * 5 / 4}));
}

bool is_enough(const scenarios::Repeat& repeat, std::span<const models::Timings> runs) {
  const auto precision = makespan_precision(runs);
  return !precision || *precision <= repeat.until;
}

void warn_of_width(PointOutcome& outcome, std::span<const models::Timings> runs) {
  const scenarios::Repeat& repeat = outcome.point.scenario.repeat;
  const auto precision = makespan_precision(runs);
  if (repeat.adapts() && runs.size() == repeat.most && precision && *precision > repeat.until) {
    add_once(outcome.warnings,
             {fmt::format("the makespan is known to {:.2g} % after {} repetitions, not to {:.2g} %",
                          100.0 * *precision, runs.size(), 100.0 * repeat.until)});
  }
}

void condense(PointOutcome& outcome, std::span<const models::Timings> runs) {
  outcome.metrics = summarise(runs);
  add_once(outcome.warnings, outcome.point.scenario.warnings);
  for (const models::Timings& run : runs) {
    add_once(outcome.warnings, run.warnings);
  }
  const scenarios::Repeat& repeat = outcome.point.scenario.repeat;
  warn_of_width(outcome, runs);
  const bool resumed = outcome.complete && !repeat.adapts() && runs.size() < repeat.most;
  if (resumed && std::ranges::any_of(outcome.metrics, is_pooled)) {
    add_once(outcome.warnings,
             {"latency quantiles of a resumed point are means over its repetitions"});
  }
}

/// Leaves the runs that have ended.
void keep_ended(Job& job) {
  PointOutcome& all = job.outcome;
  PointOutcome kept;
  for (std::size_t at = 0; at < all.runs.size(); ++at) {
    if (job.ended[at]) {
      kept.runs.push_back(std::move(all.runs[at]));
      kept.wall_ns.push_back(all.wall_ns[at]);
      kept.repetitions.push_back(all.repetitions[at]);
    }
  }
  all.runs = std::move(kept.runs);
  all.wall_ns = std::move(kept.wall_ns);
  all.repetitions = std::move(kept.repetitions);
  all.complete = false;
}

/// Drops the places of repetitions that were not needed. Of the thread that delivers.
void drop_unused(Job& job) {
  PointOutcome& outcome = job.outcome;
  if (outcome.point.scenario.repeat.adapts() && !job.cut && job.laid_out) {
    outcome.runs.resize(job.begun);
    outcome.wall_ns.resize(job.begun);
    outcome.repetitions.resize(job.begun);
    outcome.point.scenario.repeat.most = job.begun;
  }
}

class Sweep {
 public:
  Sweep(const SweepWork& work, const SweepOptions& options,
        const std::function<void(PointOutcome&&)>& on_outcome)
      : work_{work},
        options_{options},
        on_outcome_{on_outcome},
        workers_{worker_count(options)},
        window_{std::max<std::uint64_t>(16, 4 * std::uint64_t{workers_})},
        threads_{tbb::global_control::max_allowed_parallelism, workers_ + std::size_t{1}},
        arena_{static_cast<int>(workers_), 0} {}

  Sweep(const Sweep&) = delete;
  Sweep& operator=(const Sweep&) = delete;
  ~Sweep() {
    stop_ = true;  // only where a callback threw is anything left to stop
    wait_for_all();
  }

  SweepEnd run();

 private:
  [[nodiscard]] bool wanted(std::uint64_t ordinal) const {
    return !options_.wanted || options_.wanted(ordinal);
  }
  void count_wanted();
  void fill_window();
  [[nodiscard]] JobPtr wait_for_next();
  void wait_for_all();
  void tell_runs();
  void tell_runs_of(Job& job) const;
  void deliver_interrupted();

  // On the workers.
  void start(const JobPtr& job);
  void begin_repetitions(const JobPtr& job);
  void begin_round(const JobPtr& job);
  [[nodiscard]] std::vector<std::uint64_t> repetitions_left(const Job& job) const;
  void run_chunk(const JobPtr& job, std::uint64_t begin, std::uint64_t end);
  void run_at(Job& job, std::uint64_t position);
  void complete(Job& job);

  const SweepWork& work_;
  const SweepOptions& options_;
  const std::function<void(PointOutcome&&)>& on_outcome_;
  const unsigned workers_;
  const std::uint64_t window_;
  tbb::global_control threads_;
  tbb::task_arena arena_;

  std::uint64_t total_ = 0;         // wanted points
  std::uint64_t next_ordinal_ = 0;  // to be looked at
  std::uint64_t submitted_ = 0;
  std::uint64_t delivered_ = 0;
  std::map<std::uint64_t, JobPtr> open_;  // by sequence: submitted, not delivered
  std::chrono::steady_clock::time_point last_told_ = std::chrono::steady_clock::now();
  std::atomic<bool> stop_ = false;

  std::mutex mutex_;
  std::condition_variable changed_;
  std::uint64_t completed_ = 0;    // guarded by mutex_
  std::set<std::uint64_t> ready_;  // sequences of whole outcomes; guarded by mutex_
};

void Sweep::count_wanted() {
  total_ = 0;
  for (std::uint64_t ordinal = 0; ordinal < work_.points; ++ordinal) {
    total_ += wanted(ordinal) ? 1U : 0U;
  }
}

void Sweep::fill_window() {
  while (next_ordinal_ < work_.points && submitted_ - delivered_ < window_) {
    const std::uint64_t ordinal = next_ordinal_++;
    if (!wanted(ordinal)) {
      continue;
    }
    auto job = std::make_shared<Job>();
    job->sequence = submitted_++;
    job->ordinal = ordinal;
    open_.emplace(job->sequence, job);
    arena_.enqueue([this, job] { start(job); });
  }
}

void Sweep::start(const JobPtr& job) {
  if (stop_) {
    job->cut = true;
    complete(*job);
    return;
  }
  try {
    auto resolved = work_.resolve(job->ordinal);
    if (auto* point = std::get_if<scenarios::Point>(&resolved)) {
      job->outcome.point = std::move(*point);
      begin_repetitions(job);
      return;
    }
    job->outcome.error = std::get<std::string>(std::move(resolved));
  } catch (const std::exception& problem) {
    job->outcome.error = problem.what();
  }
  job->outcome.point.ordinal = job->ordinal;
  complete(*job);
}

std::vector<std::uint64_t> Sweep::repetitions_left(const Job& job) const {
  // Who decides by what was drawn before needs all of it again.
  const scenarios::Repeat& repeat = job.outcome.point.scenario.repeat;
  std::vector<std::uint64_t> left;
  for (std::uint64_t rep = 0; rep < repeat.most; ++rep) {
    if (!options_.done_before || repeat.adapts() || !options_.done_before(job.ordinal, rep)) {
      left.push_back(rep);
    }
  }
  return left;
}

void Sweep::begin_repetitions(const JobPtr& job) {
  job->outcome.repetitions = repetitions_left(*job);
  const std::uint64_t runs = job->outcome.repetitions.size();
  job->outcome.runs.resize(runs);
  job->outcome.wall_ns.resize(runs);
  job->ended = std::make_unique<std::atomic<bool>[]>(runs);
  job->laid_out = true;
  begin_round(job);
}

/// Splits the repetitions so that a point with many keeps all workers busy.
void Sweep::begin_round(const JobPtr& job) {
  const std::uint64_t first = job->begun;
  const std::uint64_t last =
      next_look(job->outcome.point.scenario.repeat, first, job->outcome.runs.size());
  const std::uint64_t runs = last - first;
  const std::uint64_t chunk = std::max<std::uint64_t>(1, runs / (8 * std::uint64_t{workers_}));
  job->begun = last;
  job->chunks_left = std::max<std::uint64_t>(1, (runs + chunk - 1) / chunk);
  for (std::uint64_t begin = first + chunk; begin < last; begin += chunk) {
    const std::uint64_t end = std::min(begin + chunk, last);
    arena_.enqueue([this, job, begin, end] { run_chunk(job, begin, end); });
  }
  run_chunk(job, first, std::min(first + chunk, last));
}

void Sweep::run_chunk(const JobPtr& job, std::uint64_t begin, std::uint64_t end) {
  for (std::uint64_t position = begin; position < end; ++position) {
    if (stop_) {
      job->cut = true;
      break;
    }
    run_at(*job, position);
  }
  if (--job->chunks_left > 0) {
    return;
  }
  const std::span<const models::Timings> all = job->outcome.runs;
  if (job->cut || job->begun == all.size() ||
      is_enough(job->outcome.point.scenario.repeat, all.first(job->begun))) {
    complete(*job);
  } else {
    begin_round(job);
  }
}

void Sweep::run_at(Job& job, std::uint64_t position) {
  const scenarios::RunOptions run_options{.keep_tasks = options_.keep_tasks,
                                          .keep_slices = options_.keep_slices,
                                          .sample_period = options_.sample_period,
                                          .costs = options_.costs,
                                          .sink = nullptr,
                                          .give_up = [this] { return stop_.load(); }};
  models::Timings& run = job.outcome.runs[position];
  const auto begin = std::chrono::steady_clock::now();
  try {
    run = work_.run(job.outcome.point.scenario, job.outcome.repetitions[position], run_options);
  } catch (const std::exception& problem) {
    run.status = models::RunStatus::failed;
    run.error = problem.what();
  }
  job.outcome.wall_ns[position] =
      std::chrono::nanoseconds{std::chrono::steady_clock::now() - begin}.count();
  if (stop_) {
    job.cut = true;  // the run may have given up half-way
  } else {
    job.ended[position] = true;
  }
}

void Sweep::complete(Job& job) {
  if (!job.cut) {
    condense(job.outcome, std::span{job.outcome.runs}.first(job.begun));
  }
  const std::lock_guard lock{mutex_};
  ++completed_;
  if (!job.cut) {
    ready_.insert(job.sequence);
  }
  changed_.notify_all();
}

/// Null: the sweep stops.
JobPtr Sweep::wait_for_next() {
  while (!stop_) {
    tell_runs();
    if (options_.give_up && options_.give_up()) {
      stop_ = true;
      break;
    }
    std::unique_lock lock{mutex_};
    if (ready_.erase(delivered_) > 0) {
      return open_.extract(delivered_).mapped();
    }
    changed_.wait_for(lock, poll_interval);
  }
  return nullptr;
}

void Sweep::tell_runs() {
  const auto now = std::chrono::steady_clock::now();
  if (!options_.on_runs || now - last_told_ < options_.runs_interval) {
    return;
  }
  for (const auto& [sequence, job] : open_) {
    if (job->laid_out) {
      tell_runs_of(*job);
    }
  }
  last_told_ = std::chrono::steady_clock::now();
}

void Sweep::tell_runs_of(Job& job) const {
  const PointOutcome& outcome = job.outcome;
  job.told.resize(outcome.runs.size());
  std::vector<FinishedRun> runs;
  for (std::size_t at = 0; at < outcome.runs.size(); ++at) {
    if (!job.told[at] && job.ended[at]) {
      job.told[at] = true;
      runs.push_back({.repetition = outcome.repetitions[at],
                      .timings = &outcome.runs[at],
                      .wall_ns = outcome.wall_ns[at]});
    }
  }
  if (!runs.empty()) {
    options_.on_runs(outcome.point, runs);
  }
}

/// What the workers had begun when the sweep was stopped. Requires: they have all come back.
void Sweep::deliver_interrupted() {
  for (auto& [sequence, job] : open_) {
    if (job->cut && job->laid_out) {
      keep_ended(*job);
      condense(job->outcome, job->outcome.runs);
    }
    drop_unused(*job);
    if (job->cut && job->outcome.runs.empty()) {
      continue;
    }
    delivered_ += job->cut ? 0U : 1U;
    on_outcome_(std::move(job->outcome));
  }
  open_.clear();
}

void Sweep::wait_for_all() {
  std::unique_lock lock{mutex_};
  changed_.wait(lock, [this] { return completed_ == submitted_; });
}

SweepEnd Sweep::run() {
  count_wanted();
  fill_window();
  while (delivered_ < total_) {
    const JobPtr job = wait_for_next();
    if (job == nullptr) {
      break;
    }
    ++delivered_;
    drop_unused(*job);
    on_outcome_(std::move(job->outcome));
    if (options_.progress) {
      options_.progress(delivered_, total_);
    }
    fill_window();
  }
  wait_for_all();
  deliver_interrupted();
  return delivered_ == total_ ? SweepEnd::complete : SweepEnd::interrupted;
}

}  // namespace

SweepEnd run_sweep(const SweepWork& work, const SweepOptions& options,
                   const std::function<void(PointOutcome&&)>& on_outcome) {
  Sweep sweep{work, options, on_outcome};
  return sweep.run();
}

}  // namespace timeslice::tools
