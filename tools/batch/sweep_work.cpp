#include "tools/batch/sweep_work.hpp"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <exception>
#include <map>
#include <memory>
#include <mutex>
#include <utility>

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
  std::atomic<std::uint64_t> chunks_left = 1;
  std::atomic<bool> cut = false;  // a repetition is missing
};
using JobPtr = std::shared_ptr<Job>;

void add_once(std::vector<std::string>& all, const std::vector<std::string>& more) {
  for (const std::string& text : more) {
    if (std::ranges::find(all, text) == all.end()) {
      all.push_back(text);
    }
  }
}

void condense(PointOutcome& outcome) {
  outcome.metrics = summarise(outcome.runs);
  add_once(outcome.warnings, outcome.point.scenario.warnings);
  for (const models::Timings& run : outcome.runs) {
    add_once(outcome.warnings, run.warnings);
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
  [[nodiscard]] std::unique_ptr<PointOutcome> wait_for_next();
  void wait_for_all();

  // On the workers.
  void start(const JobPtr& job);
  void begin_repetitions(const JobPtr& job);
  void run_chunk(const JobPtr& job, std::uint64_t begin, std::uint64_t end);
  void run_repetition(Job& job, std::uint64_t repetition);
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
  std::atomic<bool> stop_ = false;

  std::mutex mutex_;
  std::condition_variable changed_;
  std::uint64_t completed_ = 0;                                   // guarded by mutex_
  std::map<std::uint64_t, std::unique_ptr<PointOutcome>> ready_;  // by sequence; guarded
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

/// Splits the repetitions so that a point with many keeps all workers busy.
void Sweep::begin_repetitions(const JobPtr& job) {
  const std::uint64_t repeat = job->outcome.point.scenario.repeat;
  job->outcome.runs.resize(repeat);
  job->outcome.wall_ns.resize(repeat);
  const std::uint64_t chunk = std::max<std::uint64_t>(1, repeat / (8 * std::uint64_t{workers_}));
  job->chunks_left = std::max<std::uint64_t>(1, (repeat + chunk - 1) / chunk);
  for (std::uint64_t begin = chunk; begin < repeat; begin += chunk) {
    const std::uint64_t end = std::min(begin + chunk, repeat);
    arena_.enqueue([this, job, begin, end] { run_chunk(job, begin, end); });
  }
  run_chunk(job, 0, std::min(chunk, repeat));
}

void Sweep::run_chunk(const JobPtr& job, std::uint64_t begin, std::uint64_t end) {
  for (std::uint64_t repetition = begin; repetition < end; ++repetition) {
    if (stop_) {
      job->cut = true;
      break;
    }
    run_repetition(*job, repetition);
  }
  if (--job->chunks_left == 0) {
    complete(*job);
  }
}

void Sweep::run_repetition(Job& job, std::uint64_t repetition) {
  const scenarios::RunOptions run_options{.keep_tasks = options_.keep_tasks,
                                          .keep_slices = options_.keep_slices,
                                          .sink = nullptr,
                                          .give_up = [this] { return stop_.load(); }};
  models::Timings& run = job.outcome.runs[repetition];
  const auto begin = std::chrono::steady_clock::now();
  try {
    run = work_.run(job.outcome.point.scenario, repetition, run_options);
  } catch (const std::exception& problem) {
    run.status = models::RunStatus::failed;
    run.error = problem.what();
  }
  job.outcome.wall_ns[repetition] =
      std::chrono::nanoseconds{std::chrono::steady_clock::now() - begin}.count();
  if (stop_) {
    job.cut = true;  // the run may have given up half-way
  }
}

void Sweep::complete(Job& job) {
  std::unique_ptr<PointOutcome> outcome;
  if (!job.cut) {
    outcome = std::make_unique<PointOutcome>(std::move(job.outcome));
    condense(*outcome);
  }
  const std::lock_guard lock{mutex_};
  ++completed_;
  if (outcome) {
    ready_.emplace(job.sequence, std::move(outcome));
  }
  changed_.notify_all();
}

std::unique_ptr<PointOutcome> Sweep::wait_for_next() {
  std::unique_lock lock{mutex_};
  while (!stop_) {
    if (options_.give_up && options_.give_up()) {
      stop_ = true;
      break;
    }
    if (const auto next = ready_.find(delivered_); next != ready_.end()) {
      auto outcome = std::move(next->second);
      ready_.erase(next);
      return outcome;
    }
    changed_.wait_for(lock, poll_interval);
  }
  return nullptr;
}

void Sweep::wait_for_all() {
  std::unique_lock lock{mutex_};
  changed_.wait(lock, [this] { return completed_ == submitted_; });
}

SweepEnd Sweep::run() {
  count_wanted();
  fill_window();
  while (delivered_ < total_) {
    auto outcome = wait_for_next();
    if (!outcome) {
      break;
    }
    ++delivered_;
    on_outcome_(std::move(*outcome));
    if (options_.progress) {
      options_.progress(delivered_, total_);
    }
    fill_window();
  }
  wait_for_all();
  return delivered_ == total_ ? SweepEnd::complete : SweepEnd::interrupted;
}

}  // namespace

SweepEnd run_sweep(const SweepWork& work, const SweepOptions& options,
                   const std::function<void(PointOutcome&&)>& on_outcome) {
  Sweep sweep{work, options, on_outcome};
  return sweep.run();
}

}  // namespace timeslice::tools
