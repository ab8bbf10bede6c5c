#include "validation/calibrate/derive_host.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <fstream>
#include <sstream>

#include <fmt/format.h>

#include "models/machine/quantity_text.hpp"
#include "validation/statistics.hpp"

namespace timeslice::validation {

namespace {

constexpr double pipe_kib = 64.0;  // of the large message, in and out

double low(const ProbeSamples& samples, const std::string& name) {
  const Samples* found = samples.find(name);
  return found == nullptr ? 0.0 : quantile(found->ns, cpu_quantile);
}

double middle(const ProbeSamples& samples, const std::string& name) {
  const Samples* found = samples.find(name);
  return found == nullptr ? 0.0 : quantile(found->ns, wall_quantile);
}

/// Adds derived samples where their source is there.
class HostDeriver {
 public:
  HostDeriver(const ProbeSamples& samples, Findings& into) : samples_{samples}, into_{into} {}

  /// `costs.NAME` is `source` times `factor` less `off`, by a low quantile.
  void cost(const char* name, const char* source, double off, double factor = 1.0) {
    if (const Samples* found = samples_.find(source)) {
      const Samples taken = adjusted(*found, off, factor);
      into_.add({"costs", name}, &taken, cpu_quantile, std::string{"probe "} + source);
    }
  }

 private:
  const ProbeSamples& samples_;
  Findings& into_;
};

void derive_calls(const ProbeSamples& samples, Findings& into) {
  HostDeriver derive{samples, into};
  const double clock = low(samples, "clock");
  derive.cost("syscall", "syscall", 0.0);
  derive.cost("switch", "switch", 0.0);
  derive.cost("pipe_message", "pipe_cold", clock, 0.5);
  derive.cost("wake_syscall", "write_waking", low(samples, "write_alone"));
  derive.cost("pipe_copy_per_kib", "pipe_64k", low(samples, "pipe_warm") / (2 * pipe_kib),
              1.0 / (2 * pipe_kib));
  derive.cost("page_fault", "page_fault", 0.0);
  derive.cost("thread_start", "thread_start", clock);
  derive.cost("thread_exit", "thread_exit", 2.0 * clock);  // its last reading, and its maker's
  derive.cost("tick", "tick", 0.0);
}

void derive_processes(const ProbeSamples& samples, Findings& into) {
  constexpr double ballast_mib = 64.0;
  HostDeriver derive{samples, into};
  const double fork = low(samples, "fork");
  const double larger = low(samples, "fork_64_mib_more");
  const double per_mib = larger > fork ? (larger - fork) / ballast_mib : 0.0;
  const double own_mib = low(samples, "own_memory") / (1 << 20);
  derive.cost("fork_per_mib", "fork_64_mib_more", fork / ballast_mib, 1.0 / ballast_mib);
  derive.cost("fork", "fork", per_mib * own_mib);
  derive.cost("process_exit", "process_exit", per_mib * own_mib);
}

/// Without wake-ups that took several times as long as fast ones: their CPU was not idle, so they
/// measured another program's turn. 5 is more than latencies drift by on a guest (13 to 60 us).
Samples of_idle_cpus(const Samples& wakes) {
  constexpr double most = 5.0;
  const double limit = most * quantile(wakes.ns, wake_quantile);
  Samples idle{.ns = {}, .rejected = wakes.rejected};
  for (const double wake : wakes.ns) {
    if (wake <= limit) {
      idle.ns.push_back(wake);
    } else {
      ++idle.rejected;
    }
  }
  return idle;
}

/// Calls of idle CPUs, returns from them and short timers, each less what a busy CPU takes. Returns
/// what a woken thread pays itself on an idle CPU after 2 ms, in ns.
double derive_paths(const ProbeSamples& samples, Findings& into) {
  const auto add = [&](std::vector<std::string> path, const char* source, double off) {
    const Samples* found = samples.find(source);
    if (found == nullptr) {
      return 0.0;
    }
    const Samples taken = adjusted(*found, off);
    into.add(std::move(path), &taken, wall_quantile, std::string{"probe "} + source);
    return quantile(taken.ns, wall_quantile);
  };
  const double busy = middle(samples, "read_busy_cpu");
  const double later = add({"cold_code", "resume"}, "read_busy_cpu_later", busy);
  const double wake = low(samples, "write_waking");  // on the writer's own CPU
  add({"costs", "idle_call"}, "write_idle_cpu", wake);
  const double leave = add({"costs", "idle_exit"}, "read_idle_cpu", busy);
  if (samples.find("read_idle_cpu") != nullptr) {
    add({"costs", "timer_set"}, "sleep_short", middle(samples, "read_idle_cpu"));
  }
  return leave == 0.0 ? 0.0 : leave + low(samples, "switch") + later / 2.0;
}

/// How late a sleep on an idle CPU ends: slack, then the timer's CPU leaves its idleness, to which
/// no other one calls it, then what the thread pays. So nothing is left for the timer alone.
void derive_timer(const ProbeSamples& samples, double paid, Findings& into) {
  const Samples* slack = samples.find("timer_slack");
  if (slack == nullptr || slack->ns.front() <= 0.0) {
    return;
  }
  into.add({"os", "timer_slack"}, slack, wall_quantile, "prctl");
  if (const Samples* late = samples.find("sleep_1ms")) {
    const Samples wake = adjusted(*late, slack->ns.front() + paid);
    const std::string from = "lateness of a sleep of 1 ms less slack and what the thread pays";
    into.add({"costs", "wake_by_timer"}, &wake, wall_quantile, from);
    const Samples nothing = adjusted(*late, 0.0, 0.0);
    into.add({"os", "timer_latency"}, &nothing, wall_quantile, "all of it is in wake_by_timer");
  }
}

void derive_wakes(const ProbeSamples& samples, Findings& into) {
  const double paid = derive_paths(samples, into);
  if (const Samples* raw = samples.find("wake_idle_cpu")) {
    const Samples wake = adjusted(of_idle_cpus(*raw), middle(samples, "pipe_warm") + paid);
    const double low_wake = quantile(wake.ns, wake_quantile);
    into.add({"costs", "wake_idle_cpu"}, &wake, wake_quantile,
             "pipe to another CPU, idle for 2 ms");
    const Samples above = adjusted(wake, 2.0 * low_wake, 2.0);  // uniform: its mean is half
    into.add({"costs", "wake_idle_cpu_jitter"}, &above, wall_quantile,
             "twice what is above the 10 % quantile");
  }
  derive_timer(samples, paid, into);
}

void add_word(Findings& into, std::vector<std::string> path, std::string word, std::string from) {
  Finding finding{.path = std::move(path),
                  .values = {std::move(word)},
                  .list = false,
                  .name = {},
                  .measured = {}};
  finding.measured.samples = 1;
  finding.measured.from = std::move(from);
  into.add_value(std::move(finding));
}

void derive_settings(const ProbeSamples& samples, const HostFacts& facts, Findings& into) {
  const Samples* tick = samples.find("tick_period");
  if (tick != nullptr && tick->ns.front() > 0.0) {
    into.add({"os", "tick"}, tick, wall_quantile, "resolution of the kernel's coarse clock");
  }
  if (const std::string preset = scheduler_of(facts.kernel); !preset.empty()) {
    add_word(into, {"os", "scheduler"}, preset, kernel_note(facts.kernel));
  }
  if (const std::string gate = newidle_gate_of(facts.kernel); !gate.empty()) {
    add_word(into, {"os", "balance", "newidle_gate"}, gate, kernel_note(facts.kernel));
  }
  if (facts.autogroup) {
    add_word(into, {"os", "autogroup"}, *facts.autogroup ? "on" : "off", "sched_autogroup_enabled");
  }
  if (!facts.preemption.empty()) {
    add_word(into, {"os", "preemption"}, facts.preemption, "the kernel's word");
  }
}

void derive_memory(const ProbeSamples& samples, const HostFacts& facts, Findings& into) {
  into.add({"memory", "local"}, samples.find("memory_latency"), cpu_quantile,
           "chase through 64 MiB");
  if (const Samples* pass = samples.find("memory_pass_64_mib")) {
    Finding finding{.path = {"memory", "one_core"},
                    .values = {},
                    .list = false,
                    .name = {},
                    .measured = condense(*pass, "reads of 64 MiB in order")};
    const double bytes = 64.0 * (1 << 20);
    const double megabytes = bytes / quantile(pass->ns, cpu_quantile) * 1e3;  // MB/s
    finding.values = {fmt::format("{:.0f}MB/s", megabytes)};
    into.add_value(std::move(finding));
  }
  into.add({"transfer", facts.relation}, samples.find("line_transfer"), cpu_quantile,
           "a line that two CPUs write in turn, one way");
}

/// Whether the first two CPUs slow each other down, and what that says about the topology.
void derive_neighbours(const ProbeSamples& samples, const HostFacts& facts, HostFindings& into) {
  constexpr double noticeable = 1.15;  // quantiles of such windows agree within a few per cent
  const Samples* idle = samples.find("beside_idle");
  const Samples* busy = samples.find("beside_busy");
  if (idle == nullptr || busy == nullptr) {
    return;
  }
  const double slower = quantile(busy->ns, cpu_quantile) / quantile(idle->ns, cpu_quantile);
  into.findings.observe("kernel_beside_idle_cpu", idle, "C++ kernel, the neighbour idle");
  into.findings.observe("kernel_beside_busy_cpu", busy, "C++ kernel, the neighbour computing");
  if (facts.siblings) {
    Finding finding{.path = {"smt_gain"},
                    .values = {fmt::format("{:.3f}", std::clamp(2.0 / slower, 1.0, 2.0))},
                    .list = false,
                    .name = {},
                    .measured = condense(*busy, "two kernels on one core")};
    into.findings.add_value(std::move(finding));
  } else if (slower > noticeable) {
    into.warnings.push_back(
        fmt::format("the first two CPUs slow each other {:.2f} times although they are said to be "
                    "two cores: they may share one (write smt: 2 and half the cores if so)",
                    slower));
  }
}

std::string first_line(const std::string& path) {
  std::ifstream file{path};
  std::string line;
  std::getline(file, line);
  return line;
}

/// The number that `text` begins with at `at`, which then stands behind it and a point.
int part_of(const char*& at, const char* end) {
  int value = 0;
  const auto [behind, problem] = std::from_chars(at, end, value);
  at = behind != end && *behind == '.' ? behind + 1 : end;
  return problem == std::errc{} ? value : 0;
}

using Release = std::array<int, 3>;

Release release_of(const std::string& kernel) {
  const char* at = kernel.data();
  const char* const end = at + kernel.size();
  Release release{};
  for (int& part : release) {
    part = part_of(at, end);
  }
  return release;
}

/// "none voluntary (full) lazy", as /sys/kernel/debug/sched/preempt marks the one in force.
std::string marked(const std::string& line) {
  const std::size_t open = line.find('(');
  const std::size_t close = line.find(')');
  return open == std::string::npos || close == std::string::npos || close < open
             ? std::string{}
             : line.substr(open + 1, close - open - 1);
}

}  // namespace

HostFacts host_facts(const std::string& root) {
  HostFacts facts;
  facts.kernel = first_line(root + "/proc/sys/kernel/osrelease");
  const std::string group = first_line(root + "/proc/sys/kernel/sched_autogroup_enabled");
  if (!group.empty()) {
    facts.autogroup = group != "0";
  }
  facts.preemption = marked(first_line(root + "/sys/kernel/debug/sched/preempt"));
  return facts;
}

std::string scheduler_of(const std::string& kernel) {
  const Release release = release_of(kernel);
  if (release < Release{2, 6, 23}) {
    return {};
  }
  return release >= Release{6, 17, 0}   ? "linux-6.17"
         : release >= Release{6, 12, 0} ? "linux-6.12"
         : release >= Release{6, 6, 0}  ? "linux-6.6"
                                        : "linux-6.1";
}

std::string newidle_gate_of(const std::string& kernel) {
  const Release release = release_of(kernel);
  const bool line_6_12 = release[0] == 6 && release[1] == 12;
  if (release == Release{} || release < Release{3, 0, 0}) {
    return {};
  }
  if (release >= Release{6, 18, 5} || (line_6_12 && release[2] >= 65)) {
    return "proportional";
  }
  return release >= Release{6, 16, 0} ? "rising-cost" : "cost";
}

std::string kernel_note(const std::string& kernel) {
  return "kernel " + kernel;
}

HostFindings derive_host(const ProbeSamples& samples, const HostFacts& facts,
                         const std::string& date) {
  HostFindings result{.findings = Findings{date}, .warnings = {}};
  Findings& into = result.findings;
  derive_calls(samples, into);
  derive_processes(samples, into);
  derive_wakes(samples, into);
  derive_settings(samples, facts, into);
  derive_memory(samples, facts, into);
  derive_neighbours(samples, facts, result);
  into.observe("pipe_warm", samples.find("pipe_warm"), "write and read by one thread, warm");
  into.observe("wake_same_cpu", samples.find("wake_same_cpu"), "pipe to a thread of the same CPU");
  into.observe("turn", samples.find("turn"), "turns of the other of two burners on one CPU");
  into.observe("sleep_1ms", samples.find("sleep_1ms"), "lateness");
  into.observe("sleep_5ms", samples.find("sleep_5ms"), "lateness");
  into.observe("sleep_20ms", samples.find("sleep_20ms"), "lateness");
  return result;
}

}  // namespace timeslice::validation
