#include "models/world_samples.hpp"

#include <algorithm>
#include <string>
#include <utility>

#include "models/trace_kinds.hpp"

namespace timeslice::models {

namespace {

using What = ActivityRecorder::What;

constexpr std::uint32_t main_thread = 0;  // the first of a run

/// What is known of one process, or of all together, as of the last activity.
struct ProcessState {
  std::int64_t busy_ns = 0;  // since the last sample
  std::uint32_t threads = 0;
  std::uint64_t voluntary = 0;
  std::uint64_t involuntary = 0;

  void count(What what) {
    voluntary += what == What::waits ? 1U : 0U;
    involuntary += what == What::preempted ? 1U : 0U;
  }
};

struct ThreadState {
  bool alive = false;
  bool runs = false;
  std::uint16_t cpu = 0;
  std::int64_t since_ns = 0;  // runs: counted up to here
};

/// Replays a run and writes down what a sampler sees.
class Sampler {
 public:
  Sampler(const ActivityRecorder& recorder, const Context& world, sim::Instant begin,
          Timings& timings)
      : recorder_{recorder},
        world_{world},
        begin_{begin},
        timings_{timings},
        threads_(recorder.processes().size()),
        processes_(world.processes.processes().size()),
        cpu_busy_ns_(world.os.cpus(), 0),
        memory_{world.spec.runtime.memory_parts.files} {}

  /// Everything up to `at`, and a sample of the time since the last one.
  void sample(sim::Instant at);
  /// The same without a sample: what lies before main's first step.
  void skip(sim::Instant at);

 private:
  void play_to(std::int64_t at_ns);
  void play(const ActivityRecorder::Activity& activity);
  void settle(std::uint32_t thread, std::int64_t at_ns);
  void write_cpus(sim::Instant at, double period_ns);
  void write_process(sim::Instant at, double period_ns, std::size_t process);
  void write_all(sim::Instant at, double period_ns);
  [[nodiscard]] bool is_background(std::size_t process) const;

  const ActivityRecorder& recorder_;
  const Context& world_;
  sim::Instant begin_;
  Timings& timings_;
  std::vector<ThreadState> threads_;
  std::vector<ProcessState> processes_;
  ProcessState all_;  // background programs left out
  std::vector<std::int64_t> cpu_busy_ns_;
  MemoryTable memory_;
  std::size_t next_activity_ = 0;
  std::size_t next_memory_ = 0;
  std::int64_t last_ns_ = 0;
};

bool Sampler::is_background(std::size_t process) const {
  return world_.processes.processes()[process].background;
}

void Sampler::settle(std::uint32_t thread, std::int64_t at_ns) {
  ThreadState& state = threads_[thread];
  if (!state.runs) {
    return;
  }
  const std::int64_t ran = at_ns - state.since_ns;
  const std::size_t process = recorder_.processes()[thread];
  state.since_ns = at_ns;
  cpu_busy_ns_[state.cpu] += ran;
  processes_[process].busy_ns += ran;
  all_.busy_ns += is_background(process) ? 0 : ran;
}

void Sampler::play(const ActivityRecorder::Activity& activity) {
  ThreadState& state = threads_[activity.thread];
  const std::size_t process = recorder_.processes()[activity.thread];
  settle(activity.thread, activity.at_ns);
  state.runs = activity.what == What::runs;
  state.cpu = activity.cpu;
  state.since_ns = activity.at_ns;
  // Main's thread ends with the run; its process, which is what a sampler watches, does not.
  const bool alive = activity.what != What::ends || activity.thread == main_thread;
  for (ProcessState* one : {&processes_[process], is_background(process) ? nullptr : &all_}) {
    if (one != nullptr) {
      one->count(activity.what);
      one->threads += alive && !state.alive ? 1U : 0U;
      one->threads -= !alive && state.alive ? 1U : 0U;
    }
  }
  state.alive = alive;
}

void Sampler::play_to(std::int64_t at_ns) {
  const auto& activities = recorder_.all();
  for (; next_activity_ < activities.size() && activities[next_activity_].at_ns <= at_ns;
       ++next_activity_) {
    play(activities[next_activity_]);
  }
  for (std::uint32_t thread = 0; thread < threads_.size(); ++thread) {
    settle(thread, at_ns);
  }
  const auto& history = world_.memory.history();
  const sim::Instant at{sim::Duration{at_ns}};
  for (; next_memory_ < history.size() && history[next_memory_].at <= at; ++next_memory_) {
    apply(history[next_memory_], memory_);
  }
}

void Sampler::skip(sim::Instant at) {
  last_ns_ = at.time_since_epoch().count();
  play_to(last_ns_);
  all_.busy_ns = 0;
  std::ranges::fill(cpu_busy_ns_, 0);
  for (ProcessState& process : processes_) {
    process.busy_ns = 0;
  }
}

void Sampler::sample(sim::Instant at) {
  const std::int64_t at_ns = at.time_since_epoch().count();
  play_to(at_ns);
  const auto period_ns = static_cast<double>(at_ns - last_ns_);
  write_cpus(at, period_ns);
  write_all(at, period_ns);
  std::size_t written = 0;
  for (std::size_t process = 0; process < processes_.size(); ++process) {
    const bool shown = !is_background(process) && written < max_entities;
    written += shown ? 1U : 0U;
    if (shown && processes_[process].threads > 0) {
      write_process(at, period_ns, process);
    }
  }
  skip(at);
}

void Sampler::write_cpus(sim::Instant at, double period_ns) {
  for (std::size_t cpu = 0; cpu < std::min(cpu_busy_ns_.size(), max_entities); ++cpu) {
    timings_.cpu_samples.push_back(
        {.at = at - begin_.time_since_epoch(),
         .cpu = static_cast<std::int32_t>(cpu),
         .percent = 100.0 * static_cast<double>(cpu_busy_ns_[cpu]) / period_ns});
  }
}

ProcessSample sample_of(const ProcessState& state, double period_ns) {
  return {.cpu_percent = 100.0 * static_cast<double>(state.busy_ns) / period_ns,
          .threads = state.threads,
          .voluntary = state.voluntary,
          .involuntary = state.involuntary};
}

void Sampler::write_process(sim::Instant at, double period_ns, std::size_t process) {
  const UserProcess& of = world_.processes.processes()[process];
  ProcessSample sample = sample_of(processes_[process], period_ns);
  sample.at = at - begin_.time_since_epoch();
  sample.process = of.name;
  if (memory_.knows(of.id)) {
    const MemoryUse use = memory_.use(of.id);
    sample.rss = use.resident.count;
    sample.pss = static_cast<std::int64_t>(use.pss);
  }
  timings_.process_samples.push_back(std::move(sample));
}

void Sampler::write_all(sim::Instant at, double period_ns) {
  ProcessSample sample = sample_of(all_, period_ns);
  sample.at = at - begin_.time_since_epoch();
  sample.rss = memory_.total_resident().count;
  sample.pss = memory_.total().count;
  timings_.process_samples.push_back(std::move(sample));
}

}  // namespace

void ActivityRecorder::write(const sim::TraceRecord& record) {
  const auto note = [&](What what) {
    activities_.push_back(
        {.at_ns = record.time_ns, .thread = record.subject, .cpu = record.cpu, .what = what});
  };
  switch (static_cast<TraceKind>(record.kind)) {
    case TraceKind::thread_created:
      if (record.subject >= processes_.size()) {
        processes_.resize(record.subject + 1);
      }
      processes_[record.subject] = record.object;
      break;
    case TraceKind::ready:
      note(What::ready);
      break;
    case TraceKind::switch_in:
      note(What::runs);
      break;
    case TraceKind::switch_out:
      note(record.value == out_blocked  ? What::waits
           : record.value == out_exited ? What::ends
                                        : What::preempted);
      break;
    default:
      break;
  }
  if (next_ != nullptr) {
    next_->write(record);
  }
}

sim::Duration usual_sample_period(sim::Duration makespan) {
  return std::max<sim::Duration>(makespan / 200, std::chrono::milliseconds{1});
}

void add_resource_samples(const ActivityRecorder& recorder, const Context& world,
                          const MainSpan& span, sim::Duration period, Timings& timings) {
  const sim::Duration length = span.end - span.begin;
  if (period <= sim::Duration::zero()) {
    period = usual_sample_period(length);
  }
  if (length / most_samples >= period) {
    period = length / most_samples + sim::Duration{1};
    timings.warnings.emplace_back(
        "the time line would have more than 10 000 samples: its period is widened");
  }
  timings.sample_period = period;
  Sampler sampler{recorder, world, span.begin, timings};
  sampler.skip(span.begin);
  for (sim::Instant at = span.begin + period; at < span.end; at += period) {
    sampler.sample(at);
  }
  if (length > sim::Duration::zero()) {
    sampler.sample(span.end);
  }
}

}  // namespace timeslice::models
