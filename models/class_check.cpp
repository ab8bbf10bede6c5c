#include "models/class_check.hpp"

#include <string>
#include <utility>

#include "models/os/cpuset.hpp"
#include "models/pool/executor.hpp"

namespace timeslice::models {

namespace {

/// Bounds of a deadline period: sysctl sched_deadline_period_min_us and _max_us of Linux 6.12.
constexpr sim::Duration shortest_period = std::chrono::microseconds{100};
constexpr sim::Duration longest_period = std::chrono::microseconds{1 << 22};
/// DL_SCALE of Linux 6.12: budgets below 2^10 ns are refused.
constexpr sim::Duration smallest_runtime = std::chrono::nanoseconds{1024};

double part(sim::Duration of, sim::Duration whole) {
  return static_cast<double>(of.count()) / static_cast<double>(whole.count());
}

/// Two digits after the point, cut off.
std::string text_of(double number) {
  const auto hundredths = static_cast<std::int64_t>(number * 100.0 + 1e-6);
  const std::string digits = std::to_string(hundredths % 100);
  return std::to_string(hundredths / 100) + "." + (digits.size() == 1 ? "0" : "") + digits;
}

class ClassChecker {
 public:
  explicit ClassChecker(const WorldSpec& spec) : spec_{spec} {}

  std::vector<sim::Error> check() {
    for (const ExecutorSpec& executor : spec_.executors) {
      const std::string where = "executors." + executor.name + ".class";
      check_one(where, executor.sched);
      if (executor.sched.kind == SchedulingClass::deadline) {
        const auto of_group = allowed_cpus(spec_.os, executor.group);
        if (!executor.pin.empty() || (of_group && !of_group->empty())) {
          complain(where, "Linux refuses deadline threads that are bound to some of the CPUs",
                   "drop `pin`, or the `cpus` of its group");
        }
        reserve(executor.sched, resolve_workers(executor, spec_));
      }
    }
    for (const BackgroundSpec& program : spec_.background) {
      const std::string where = "background." + spec_.tasks[index_of(program.task)].name + ".class";
      check_one(where, program.sched);
      if (program.sched.kind == SchedulingClass::deadline) {
        reserve(program.sched, program.threads);
      }
    }
    check_admission();
    return std::move(errors_);
  }

 private:
  void complain(std::string where, std::string what, std::string advice) {
    errors_.push_back({std::move(where), std::move(what), std::move(advice)});
  }

  void check_one(const std::string& where, const ClassSpec& sched) {
    if (sched.slice > sim::Duration::zero() &&
        (sched.urgent() || spec_.os.policy.kind != PolicyKind::eevdf)) {
      complain(where, "only fair threads under EEVDF have slices of their own",
               "use `scheduler: linux-6.12` and kind normal, batch or idle, or drop the slice");
    }
    if (sched.kind == SchedulingClass::normal && sched.priority == 0 &&
        sched.period == sim::Duration::zero()) {
      return;
    }
    const PolicyKind policy = spec_.os.policy.kind;
    const bool fair = policy == PolicyKind::eevdf || policy == PolicyKind::cfs;
    if (!fair || spec_.os.policy.scope != QueueScope::per_cpu) {
      complain(where, "only Linux's schedulers have classes",
               "use `scheduler: linux-6.12`, or drop the class");
    }
    const bool real_time =
        sched.kind == SchedulingClass::fifo || sched.kind == SchedulingClass::round_robin;
    if (!real_time && sched.priority != 0) {
      complain(where, "only fifo and rr have priorities", "drop the `priority`");
    }
    if (sched.kind != SchedulingClass::deadline && sched.period > sim::Duration::zero()) {
      complain(where, "only deadline has a period", "drop `runtime`, `deadline` and `period`");
    }
    if (real_time && sched.priority == 0) {
      complain(where, "a real-time class needs a priority", "give it a `priority` from 1 to 99");
    }
    if (sched.kind == SchedulingClass::deadline) {
      check_deadline(where, sched);
    }
  }

  void check_deadline(const std::string& where, const ClassSpec& sched) {
    if (sched.runtime < smallest_runtime || sched.runtime > sched.deadline ||
        sched.deadline > sched.period) {
      complain(where, "a deadline class needs runtime <= deadline <= period, and 1024ns or more",
               "write {kind: deadline, runtime: 2ms, deadline: 10ms, period: 10ms}");
    } else if (sched.period < shortest_period || sched.period > longest_period) {
      complain(where, "Linux takes deadline periods from 100us to 4.19s",
               "use a period in this range");
    }
  }

  void reserve(const ClassSpec& sched, std::uint32_t threads) {
    if (sched.period > sim::Duration::zero()) {
      reserved_ += part(sched.runtime, sched.period) * threads;
    }
  }

  /// The test of the kernel: the sum over all threads against that over all CPUs.
  void check_admission() {
    constexpr double rounding = 1e-9;
    const RealTimeSpec& rt = spec_.os.real_time;
    const double limit =
        part(rt.runtime, rt.period) * static_cast<double>(spec_.machine.cpus.size());
    if (reserved_ > limit + rounding) {
      complain("executors",
               "deadline threads reserve " + text_of(reserved_) + " CPUs, and Linux admits " +
                   text_of(limit) + " on this machine",
               "reserve less, or raise os.rt.runtime");
    }
  }

  const WorldSpec& spec_;
  double reserved_ = 0.0;  // CPUs
  std::vector<sim::Error> errors_;
};

}  // namespace

std::vector<sim::Error> check_classes(const WorldSpec& spec) {
  return ClassChecker{spec}.check();
}

}  // namespace timeslice::models
