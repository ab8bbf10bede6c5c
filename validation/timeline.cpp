#include "validation/timeline.hpp"

#include <algorithm>
#include <map>
#include <set>
#include <tuple>

#include <fmt/format.h>

#include "models/trace_kinds.hpp"
#include "validation/statistics.hpp"

namespace timeslice::validation {

namespace {

using models::out_blocked;
using models::out_exited;
using models::TraceKind;

constexpr std::uint32_t named_most = 8;  // threads, and processes, with a role of their own
constexpr const char* foreign_role = "other programs";

/// Where a role stands in a list of roles.
std::size_t rank(const std::string& role) {
  if (role == "main") {
    return 0;
  }
  if (role.starts_with("thread ")) {
    return 1 + std::stoul(role.substr(7));
  }
  if (role == "other threads") {
    return 20;
  }
  if (role.starts_with("process ") && role != "process thread") {
    return 20 + std::stoul(role.substr(8));
  }
  return role == "other processes" ? 40 : role == "process thread" ? 41 : 42;
}

/// Hears the records in order and keeps each thread's current interval open.
class TimelineMaker {
 public:
  explicit TimelineMaker(std::int64_t span_ns) : span_ns_{span_ns} {}

  void hear(const sim::TraceRecord& record) {
    const std::uint32_t thread = record.subject;
    switch (static_cast<TraceKind>(record.kind)) {
      case TraceKind::ready:
        if (of(thread).open != Open::run) {
          change(thread, Open::wait, record.cpu, record.time_ns);
        }
        break;
      case TraceKind::switch_in:
        change(thread, Open::run, record.cpu, record.time_ns);
        break;
      case TraceKind::switch_out:
        leave(record);
        break;
      case TraceKind::migrated:
        ++of(thread).facts.migrations;
        break;
      default:
        break;
    }
  }

  Timeline finish(const std::vector<std::string>& roles) {
    Timeline timeline;
    timeline.span = sim::Duration{span_ns_};
    for (std::uint32_t thread = 0; thread < threads_.size(); ++thread) {
      close(thread, span_ns_);
      timeline.threads.push_back(threads_[thread].facts);
      timeline.threads.back().role = thread < roles.size() ? roles[thread] : "other threads";
    }
    std::ranges::sort(intervals_, [](const Interval& a, const Interval& b) {
      return std::tie(a.start_ns, a.thread) < std::tie(b.start_ns, b.thread);
    });
    timeline.intervals = std::move(intervals_);
    return timeline;
  }

 private:
  enum class Open : std::uint8_t { nothing, run, wait, sleep };
  struct Thread {
    Open open = Open::nothing;
    std::uint16_t cpu = models::no_cpu;
    std::int64_t since_ns = 0;
    ThreadFacts facts;
  };

  Thread& of(std::uint32_t thread) {
    if (thread >= threads_.size()) {
      threads_.resize(thread + 1);
    }
    return threads_[thread];
  }

  void leave(const sim::TraceRecord& record) {
    Thread& thread = of(record.subject);
    if (thread.open == Open::run) {
      thread.facts.voluntary += record.value == out_blocked ? 1 : 0;
      thread.facts.involuntary += record.value != out_blocked && record.value != out_exited ? 1 : 0;
    }
    const Open next = record.value == out_exited    ? Open::nothing
                      : record.value == out_blocked ? Open::sleep
                                                    : Open::wait;
    change(record.subject, next, next == Open::wait ? record.cpu : models::no_cpu, record.time_ns);
  }

  void change(std::uint32_t thread, Open to, std::uint16_t cpu, std::int64_t now_ns) {
    Thread& known = of(thread);
    if (known.open == to && known.cpu == cpu) {
      return;
    }
    close(thread, now_ns);
    known.open = to;
    known.cpu = cpu;
    known.since_ns = now_ns;
  }

  void close(std::uint32_t thread, std::int64_t now_ns) {
    Thread& known = of(thread);
    const std::int64_t length = now_ns - known.since_ns;
    if (known.open == Open::nothing || length <= 0) {
      return;
    }
    const Doing doing = known.open == Open::run    ? Doing::run
                        : known.open == Open::wait ? Doing::wait
                                                   : Doing::sleep;
    sim::Duration& sum = doing == Doing::run    ? known.facts.run
                         : doing == Doing::wait ? known.facts.wait
                                                : known.facts.sleep;
    sum += sim::Duration{length};
    intervals_.push_back({.thread = thread,
                          .cpu = known.cpu,
                          .doing = doing,
                          .start_ns = known.since_ns,
                          .end_ns = now_ns});
  }

  std::int64_t span_ns_;
  std::vector<Thread> threads_;
  std::vector<Interval> intervals_;
};

Lengths lengths_of(const std::vector<double>& values) {
  Lengths lengths;
  if (values.empty()) {
    return lengths;
  }
  lengths.count = values.size();
  lengths.p5_ns = quantile(values, 0.05);
  lengths.p50_ns = quantile(values, 0.50);
  lengths.p95_ns = quantile(values, 0.95);
  lengths.mean_ns = mean(values);
  return lengths;
}

/// Measures stays on a CPU, the gaps between them and the waits after wake-ups.
class StayMeter {
 public:
  StayMeter(const Timeline& timeline, std::uint32_t cpus)
      : timeline_{timeline}, last_on_(cpus, models::no_subject), stays_(timeline.threads.size()) {}

  void fill(TimelineFacts& facts) {
    for (const Interval& interval : timeline_.intervals) {
      if (timeline_.threads[interval.thread].role != foreign_role) {
        hear(interval);
      }
    }
    for (const Stay& stay : stays_) {
      if (stay.open && stay.end_ns < timeline_.span.count()) {
        runs_.push_back(length(stay));  // one that the end of the run cut off says nothing
      }
    }
    facts.runs = lengths_of(runs_);
    facts.gaps = lengths_of(gaps_);
    facts.waits = lengths_of(waits_);
  }

 private:
  struct Stay {
    bool open = false;
    std::uint16_t cpu = 0;
    std::int64_t start_ns = 0;
    std::int64_t end_ns = 0;
    std::int64_t waits_since_ns = -1;  // woken, and not running yet
  };

  static double length(const Stay& stay) {
    return static_cast<double>(stay.end_ns - stay.start_ns);
  }

  void hear(const Interval& interval) {
    Stay& stay = stays_[interval.thread];
    if (interval.doing == Doing::run) {
      runs(interval, stay);
    } else if (interval.doing == Doing::sleep) {
      close(stay);
    } else if (!stay.open && stay.waits_since_ns < 0) {
      stay.waits_since_ns = interval.start_ns;
    }
  }

  void runs(const Interval& interval, Stay& stay) {
    if (stay.waits_since_ns >= 0) {
      waits_.push_back(static_cast<double>(interval.start_ns - stay.waits_since_ns));
      stay.waits_since_ns = -1;
    }
    const bool known = interval.cpu < last_on_.size();
    const bool alone = known && last_on_[interval.cpu] == interval.thread;
    if (stay.open && stay.cpu == interval.cpu && alone) {
      stay.end_ns = interval.end_ns;
      return;
    }
    if (stay.open) {
      gaps_.push_back(static_cast<double>(interval.start_ns - stay.end_ns));
    }
    close(stay);
    stay = {.open = true,
            .cpu = interval.cpu,
            .start_ns = interval.start_ns,
            .end_ns = interval.end_ns};
    if (known) {
      last_on_[interval.cpu] = interval.thread;
    }
  }

  void close(Stay& stay) {
    if (stay.open) {
      runs_.push_back(length(stay));
    }
    stay.open = false;
  }

  const Timeline& timeline_;
  std::vector<std::uint32_t> last_on_;  // by CPU
  std::vector<Stay> stays_;             // by thread
  std::vector<double> runs_;
  std::vector<double> gaps_;
  std::vector<double> waits_;
};

/// A change in what a CPU does: threads running on it and waiting for it.
struct Change {
  std::int64_t time_ns = 0;
  std::uint16_t cpu = 0;
  std::int32_t running = 0;
  std::int32_t waiting = 0;
};

std::vector<Change> changes_of(const Timeline& timeline, std::uint32_t cpus) {
  std::vector<Change> changes;
  for (const Interval& interval : timeline.intervals) {
    if (interval.doing == Doing::sleep || interval.cpu >= cpus) {
      continue;
    }
    const bool run = interval.doing == Doing::run;
    const bool foreign = timeline.threads[interval.thread].role == foreign_role;
    if (!run && foreign) {
      continue;
    }
    Change change{.time_ns = interval.start_ns,
                  .cpu = interval.cpu,
                  .running = run ? 1 : 0,
                  .waiting = run ? 0 : 1};
    changes.push_back(change);
    change = {.time_ns = interval.end_ns,
              .cpu = interval.cpu,
              .running = -change.running,
              .waiting = -change.waiting};
    changes.push_back(change);
  }
  std::ranges::sort(changes, {}, &Change::time_ns);
  return changes;
}

/// An idle CPU with a thread in its own queue is being woken: that is latency, not neglect.
std::int64_t neglect(const std::vector<Change>& cpus) {
  std::int64_t idle = 0;
  std::int64_t queued = 0;
  for (const Change& cpu : cpus) {
    idle += cpu.running == 0 && cpu.waiting == 0 ? 1 : 0;
    queued += cpu.running > 0 ? cpu.waiting : 0;
  }
  return std::min(idle, queued);
}

sim::Duration idle_while_runnable(const Timeline& timeline, std::uint32_t cpus) {
  std::vector<Change> now(cpus);
  std::int64_t total_ns = 0;
  std::int64_t last_ns = 0;
  for (const Change& change : changes_of(timeline, cpus)) {
    if (change.time_ns > last_ns) {
      total_ns += (change.time_ns - last_ns) * neglect(now);
      last_ns = change.time_ns;
    }
    now[change.cpu].running += change.running;
    now[change.cpu].waiting += change.waiting;
  }
  return sim::Duration{total_ns};
}

void add(ThreadFacts& sum, const ThreadFacts& one) {
  sum.run += one.run;
  sum.wait += one.wait;
  sum.sleep += one.sleep;
  sum.voluntary += one.voluntary;
  sum.involuntary += one.involuntary;
  sum.migrations += one.migrations;
}

/// Names threads by their processes and the order of their creation.
class RoleBook {
 public:
  std::string name(std::uint32_t process) {
    if (process == foreign_process) {
      return foreign_role;
    }
    if (known_.empty()) {
      main_ = process;
      known_.insert(process);
      return "main";
    }
    if (process == main_) {
      return ++threads_ <= named_most ? fmt::format("thread {}", threads_) : "other threads";
    }
    if (!known_.insert(process).second) {
      return "process thread";
    }
    return ++processes_ <= named_most ? fmt::format("process {}", processes_) : "other processes";
  }

 private:
  std::uint32_t main_ = 0;
  std::uint32_t threads_ = 0;
  std::uint32_t processes_ = 0;
  std::set<std::uint32_t> known_;
};

}  // namespace

ThreadFacts TimelineFacts::total() const {
  ThreadFacts sum;
  for (const ThreadFacts& role : roles) {
    add(sum, role);
  }
  sum.role = "all";
  return sum;
}

std::vector<std::string> roles_of(std::span<const sim::TraceRecord> records) {
  std::vector<std::string> roles;
  RoleBook book;
  for (const sim::TraceRecord& record : records) {
    if (static_cast<TraceKind>(record.kind) == TraceKind::thread_created) {
      roles.resize(std::max<std::size_t>(roles.size(), record.subject + 1));
      roles[record.subject] = book.name(record.object);
    }
  }
  return roles;
}

Timeline timeline_of(std::span<const sim::TraceRecord> records, sim::Duration span) {
  TimelineMaker maker{span.count()};
  for (const sim::TraceRecord& record : records) {
    if (record.time_ns <= span.count()) {
      maker.hear(record);
    }
  }
  return maker.finish(roles_of(records));
}

std::vector<ThreadFacts> by_role(std::span<const ThreadFacts> threads) {
  std::map<std::pair<std::size_t, std::string>, ThreadFacts> sums;
  for (const ThreadFacts& thread : threads) {
    ThreadFacts& sum = sums[{rank(thread.role), thread.role}];
    add(sum, thread);
    sum.role = thread.role;
  }
  std::vector<ThreadFacts> roles;
  roles.reserve(sums.size());
  for (auto& [key, facts] : sums) {
    roles.push_back(std::move(facts));
  }
  return roles;
}

TimelineFacts facts_of(const Timeline& timeline, std::uint32_t cpus, bool sees_all) {
  TimelineFacts facts;
  facts.span = timeline.span;
  facts.roles = by_role(timeline.threads);
  StayMeter{timeline, cpus}.fill(facts);
  const auto foreign = std::ranges::find(facts.roles, foreign_role, &ThreadFacts::role);
  const sim::Duration foreign_cpu =
      foreign == facts.roles.end() ? sim::Duration::zero() : foreign->run;
  std::erase_if(facts.roles, [](const ThreadFacts& role) { return role.role == foreign_role; });
  if (sees_all) {
    facts.foreign_cpu = foreign_cpu;
    facts.idle_while_runnable = idle_while_runnable(timeline, cpus);
  } else {
    facts.waits.reset();  // without wake-ups there is no telling sleep from waiting after it
  }
  return facts;
}

std::vector<models::SliceTiming> slices_of(const Timeline& timeline) {
  std::vector<models::SliceTiming> slices;
  slices.reserve(timeline.intervals.size());
  for (const Interval& interval : timeline.intervals) {
    const bool run = interval.doing == Doing::run;
    slices.push_back({.thread = timeline.threads[interval.thread].role,
                      .cpu = run ? static_cast<std::int32_t>(interval.cpu) : -1,
                      .start = sim::Instant{sim::Duration{interval.start_ns}},
                      .end = sim::Instant{sim::Duration{interval.end_ns}},
                      .state = run                             ? models::SliceState::running
                               : interval.doing == Doing::wait ? models::SliceState::ready
                                                               : models::SliceState::blocked});
  }
  return slices;
}

}  // namespace timeslice::validation
