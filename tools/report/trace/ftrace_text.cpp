#include "tools/report/trace/ftrace_text.hpp"

#include <algorithm>
#include <iterator>
#include <limits>
#include <optional>
#include <string>
#include <tuple>
#include <unordered_map>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "tools/report/trace/track_model.hpp"

namespace timeslice::tools {
namespace {

using models::SliceState;
using models::SliceTiming;

constexpr std::int64_t ns_per_s = 1'000'000'000;
constexpr std::uint32_t idle_task = 0;
constexpr int priority_normal = 120;  // of nice 0; what a thread has is not part of a timeline

/// The order of events at one time: who is woken is woken before the CPU switches to it.
enum class Kind : std::uint8_t { wake, migrate, switch_out_in };

struct FtraceEvent {
  std::int64_t time_ns = 0;
  Kind kind = Kind::wake;
  std::int32_t cpu = 0;      // where it happens
  std::uint32_t actor = 0;   // pid: who wakes, who leaves the CPU
  std::uint32_t target = 0;  // pid: who is woken, moved, switched in
  std::int32_t other = 0;    // CPU: where it will run, where it ran before
  char state = 'R';          // of who leaves
  bool is_new = false;       // woken for the first time

  [[nodiscard]] auto key() const { return std::tie(time_ns, kind, cpu, target, actor); }
};

struct Piece {
  std::int64_t start = 0;
  std::int64_t end = 0;
  std::uint32_t pid = 0;
  std::int32_t cpu = -1;
  SliceState state = SliceState::running;
};

class FtraceWriter {
 public:
  FtraceWriter(const models::Timings& run, const ByteSink& sink) : run_{run}, chunks_{sink} {}

  void write();

 private:
  std::uint32_t pid_of(const std::string& thread);
  void read_slices();
  void add_wakes();
  void add_migrations(const std::vector<Piece>& thread);
  void add_switches();
  void add_cpu_switches(const std::vector<Piece>& on_cpu);
  [[nodiscard]] char state_after(const Piece& piece) const;
  [[nodiscard]] std::optional<std::int32_t> cpu_at(std::uint32_t pid, std::int64_t time) const;
  [[nodiscard]] std::int32_t next_cpu(std::uint32_t pid, std::int64_t time) const;
  void write_head();
  void write_event(const FtraceEvent& event);
  [[nodiscard]] std::string task(std::uint32_t pid) const {
    return pid == idle_task ? "swapper" : names_[pid];
  }

  const models::Timings& run_;
  Chunks chunks_;
  std::unordered_map<std::string, std::uint32_t> pids_;  // for look-up
  std::vector<std::string> names_{"<idle>"};             // by pid
  std::vector<std::vector<Piece>> threads_{{}};          // by pid, by start
  std::vector<FtraceEvent> events_;
  std::int64_t origin_ns_ = 0;
};

/// Task names must not hold blanks or the signs that lines are taken apart at.
std::string task_name(const std::string& thread) {
  std::string name = thread;
  std::ranges::replace_if(
      name, [](unsigned char c) { return c <= ' ' || c == '=' || c == '[' || c == ':'; }, '_');
  return name.empty() ? "_" : name;
}

std::uint32_t FtraceWriter::pid_of(const std::string& thread) {
  const auto [at, is_new] = pids_.emplace(thread, static_cast<std::uint32_t>(names_.size()));
  if (is_new) {
    names_.push_back(task_name(thread));
    threads_.emplace_back();
  }
  return at->second;
}

void FtraceWriter::read_slices() {
  for (const SliceTiming& slice : run_.slices) {
    origin_ns_ = std::min(origin_ns_, slice.start.time_since_epoch().count());
  }
  for (const models::WakeTiming& wake : run_.wakes) {
    origin_ns_ = std::min(origin_ns_, wake.at.time_since_epoch().count());
  }
  for (const SliceTiming& slice : run_.slices) {
    const std::uint32_t pid = pid_of(slice.thread);
    threads_[pid].push_back({.start = slice.start.time_since_epoch().count() - origin_ns_,
                             .end = slice.end.time_since_epoch().count() - origin_ns_,
                             .pid = pid,
                             .cpu = slice.cpu,
                             .state = slice.state});
  }
  for (std::vector<Piece>& pieces : threads_) {
    std::ranges::sort(pieces, {}, [](const Piece& it) { return std::pair{it.start, it.end}; });
  }
}

/// Where `pid` runs at `time`, its end included.
std::optional<std::int32_t> FtraceWriter::cpu_at(std::uint32_t pid, std::int64_t time) const {
  const std::vector<Piece>& pieces = threads_[pid];
  auto at = std::ranges::upper_bound(pieces, time, {}, &Piece::start);
  while (at != pieces.begin()) {
    --at;
    if (at->end < time) {
      break;
    }
    if (at->state == SliceState::running) {
      return at->cpu;
    }
  }
  return std::nullopt;
}

/// Where `pid` runs next from `time` on; 0 if it never does.
std::int32_t FtraceWriter::next_cpu(std::uint32_t pid, std::int64_t time) const {
  const std::vector<Piece>& pieces = threads_[pid];
  auto at = std::ranges::lower_bound(pieces, time, {}, &Piece::start);
  while (at != pieces.end() && at->state != SliceState::running) {
    ++at;
  }
  return at == pieces.end() ? 0 : at->cpu;
}

void FtraceWriter::add_wakes() {
  std::vector<bool> known(names_.size(), false);
  for (const models::WakeTiming& wake : wakes_of(run_)) {
    const auto woken = pids_.find(wake.thread);
    if (woken == pids_.end()) {
      continue;  // it never did anything
    }
    const auto waker = pids_.find(wake.waker);
    const std::int64_t time = wake.at.time_since_epoch().count() - origin_ns_;
    const std::int32_t target = next_cpu(woken->second, time);
    const auto from = waker == pids_.end() ? std::nullopt : cpu_at(waker->second, time);
    events_.push_back({.time_ns = time,
                       .kind = Kind::wake,
                       .cpu = from.value_or(target),
                       .actor = from ? waker->second : idle_task,
                       .target = woken->second,
                       .other = target,
                       .is_new = !known[woken->second]});
    known[woken->second] = true;
  }
}

void FtraceWriter::add_migrations(const std::vector<Piece>& thread) {
  std::int32_t cpu = -1;
  for (const Piece& piece : thread) {
    if (piece.state != SliceState::running) {
      continue;
    }
    if (cpu >= 0 && cpu != piece.cpu) {
      events_.push_back({.time_ns = piece.start,
                         .kind = Kind::migrate,
                         .cpu = piece.cpu,
                         .target = piece.pid,
                         .other = cpu});
    }
    cpu = piece.cpu;
  }
}

/// R: it goes on or could; S: it waits; X: nothing follows.
char FtraceWriter::state_after(const Piece& piece) const {
  const std::vector<Piece>& pieces = threads_[piece.pid];
  const auto at = std::ranges::lower_bound(pieces, piece.end, {}, &Piece::start);
  if (at == pieces.end()) {
    return 'X';
  }
  const bool waits = at->state == SliceState::blocked || at->state == SliceState::gil_wait;
  return waits || at->start > piece.end ? 'S' : 'R';
}

void FtraceWriter::add_switches() {
  std::vector<Piece> running;
  for (const std::vector<Piece>& pieces : threads_) {
    std::ranges::copy_if(pieces, std::back_inserter(running), [](const Piece& piece) {
      return piece.state == SliceState::running && piece.cpu >= 0;
    });
  }
  std::ranges::sort(running, {}, [](const Piece& it) { return std::pair{it.cpu, it.start}; });
  for (auto begin = running.begin(); begin != running.end();) {
    const auto end = std::find_if(begin, running.end(),
                                  [begin](const Piece& it) { return it.cpu != begin->cpu; });
    add_cpu_switches({begin, end});
    begin = end;
  }
}

void FtraceWriter::add_cpu_switches(const std::vector<Piece>& on_cpu) {
  const Piece* before = nullptr;
  const auto add = [this, &before](const Piece& where, std::int64_t time, std::uint32_t next) {
    events_.push_back({.time_ns = time,
                       .kind = Kind::switch_out_in,
                       .cpu = where.cpu,
                       .actor = before == nullptr ? idle_task : before->pid,
                       .target = next,
                       .state = before == nullptr ? 'R' : state_after(*before)});
  };
  for (const Piece& piece : on_cpu) {
    if (before != nullptr && before->end < piece.start) {
      add(piece, before->end, idle_task);
      before = nullptr;
    }
    add(piece, piece.start, piece.pid);
    before = &piece;
  }
  if (before != nullptr) {
    add(*before, before->end, idle_task);
  }
}

void FtraceWriter::write_head() {
  chunks_.text() +=
      "# tracer: nop\n"
      "#\n"
      "#           TASK-PID       TGID   CPU#  |||||  TIMESTAMP  FUNCTION\n"
      "#              | |           |      |   |||||     |         |\n";
}

void FtraceWriter::write_event(const FtraceEvent& event) {
  const auto out = std::back_inserter(chunks_.text());
  const std::string& actor = names_[event.kind == Kind::migrate ? event.target : event.actor];
  const std::uint32_t actor_pid = event.kind == Kind::migrate ? event.target : event.actor;
  const auto line = [&](std::string_view name) {
    fmt::format_to(out, "{:>16}-{:<7} (-----) [{:03}] d..2. {}.{:09}: {}: ", actor, actor_pid,
                   event.cpu, event.time_ns / ns_per_s, event.time_ns % ns_per_s, name);
  };
  switch (event.kind) {
    case Kind::wake:
      for (const char* name :
           {"sched_waking", event.is_new ? "sched_wakeup_new" : "sched_wakeup"}) {
        line(name);
        fmt::format_to(out, "comm={} pid={} prio={} target_cpu={:03}\n", task(event.target),
                       event.target, priority_normal, event.other);
      }
      break;
    case Kind::migrate:
      line("sched_migrate_task");
      fmt::format_to(out, "comm={} pid={} prio={} orig_cpu={} dest_cpu={}\n", task(event.target),
                     event.target, priority_normal, event.other, event.cpu);
      break;
    case Kind::switch_out_in:
      line("sched_switch");
      fmt::format_to(out,
                     "prev_comm={} prev_pid={} prev_prio={} prev_state={} ==> next_comm={} "
                     "next_pid={} next_prio={}\n",
                     task(event.actor), event.actor, priority_normal, event.state,
                     task(event.target), event.target, priority_normal);
      break;
  }
  chunks_.flush_if_full();
}

void FtraceWriter::write() {
  read_slices();
  add_wakes();
  for (const std::vector<Piece>& thread : threads_) {
    add_migrations(thread);
  }
  add_switches();
  std::ranges::sort(events_, {}, &FtraceEvent::key);
  write_head();
  for (const FtraceEvent& event : events_) {
    write_event(event);
  }
  chunks_.end();
}

}  // namespace

void write_ftrace(const models::Timings& run, const ByteSink& sink) {
  FtraceWriter{run, sink}.write();
}

}  // namespace timeslice::tools
