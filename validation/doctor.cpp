#include "validation/doctor.hpp"

#include <algorithm>
#include <cstdint>
#include <fstream>
#include <sstream>

#include <fmt/format.h>
#include <unistd.h>

#include "validation/native/child.hpp"

namespace timeslice::validation {

namespace {

constexpr double gib = 1024.0 * 1024.0;  // in KiB, as /proc/meminfo counts

std::string trimmed(std::string text) {
  while (!text.empty() && (text.back() == '\n' || text.back() == ' ' || text.back() == '\t')) {
    text.pop_back();
  }
  const std::size_t begin = text.find_first_not_of(" \t");
  return begin == std::string::npos ? std::string{} : text.substr(begin);
}

/// The word in brackets, as in "always [madvise] never"; or in parentheses.
std::string marked(const std::string& line, char open, char close) {
  const std::size_t begin = line.find(open);
  const std::size_t end = line.find(close);
  return begin == std::string::npos || end == std::string::npos || end < begin
             ? std::string{}
             : line.substr(begin + 1, end - begin - 1);
}

/// What follows `label` on its line of a file with lines like "MemTotal:  12 kB".
std::string after(const std::string& text, const std::string& label) {
  std::istringstream lines{text};
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with(label)) {
      return trimmed(line.substr(label.size()));
    }
  }
  return {};
}

double number(const std::string& text) {
  std::istringstream stream{text};
  double value = 0.0;
  stream >> value;
  return value;
}

class Doctor {
 public:
  explicit Doctor(const DoctorOptions& options) : options_{options} {}

  std::vector<Check> run() {
    load();
    steal();
    frequency();
    smt();
    autogroup();
    cgroup();
    memory();
    limits();
    kernel();
    tracing();
    clock();
    huge_pages();
    temporary();
    pythons();
    return std::move(checks_);
  }

 private:
  [[nodiscard]] std::optional<std::string> file(const std::string& path) const {
    std::ifstream stream{options_.root + path};
    if (!stream) {
      return std::nullopt;
    }
    std::ostringstream text;
    text << stream.rdbuf();
    return trimmed(text.str());
  }

  [[nodiscard]] std::string text(const std::string& path) const {
    return file(path).value_or(std::string{});
  }

  void put(std::string name, Verdict verdict, std::string value, std::string mend = {}) {
    checks_.push_back({.name = std::move(name),
                       .verdict = verdict,
                       .value = std::move(value),
                       .mend = verdict == Verdict::ok ? std::string{} : std::move(mend)});
  }

  /// As put(), and native runs are not possible when it is bad.
  void put_needed(std::string name, bool there, std::string value, std::string mend) {
    put(std::move(name), there ? Verdict::ok : Verdict::bad, std::move(value), std::move(mend));
    checks_.back().prevents = !there;
  }

  /// Number of CPUs in "0-3,5".
  static int count_cpus(const std::string& list) {
    std::istringstream ranges{list};
    int count = 0;
    for (std::string range; std::getline(ranges, range, ',');) {
      const std::size_t dash = range.find('-');
      const double first = number(range);
      count += dash == std::string::npos
                   ? 1
                   : static_cast<int>(number(range.substr(dash + 1)) - first) + 1;
    }
    return count;
  }

  [[nodiscard]] int cpus() const {
    return std::max(1, count_cpus(text("/sys/devices/system/cpu/online")));
  }

  void load() {
    const std::string line = text("/proc/loadavg");
    const double each = number(line) / cpus();
    put("load of others",
        line.empty() || each < 0.1 ? Verdict::ok
        : each < 0.5               ? Verdict::doubt
                                   : Verdict::bad,
        line.empty() ? "not readable"
                     : fmt::format("{:.2f} runnable threads a CPU over the last minute", each),
        "stop other programs, or wait: runs in which others use a tenth of the CPU are rejected");
  }

  [[nodiscard]] bool is_guest() const {
    return text("/proc/cpuinfo").find(" hypervisor") != std::string::npos;
  }

  void steal() {
    std::istringstream line{after(text("/proc/stat"), "cpu ")};
    std::vector<double> ticks;
    for (double value = 0.0; line >> value;) {
      ticks.push_back(value);
    }
    double all = 0.0;
    for (std::size_t i = 0; i < ticks.size() && i < 8; ++i) {
      all += ticks[i];
    }
    const double share = ticks.size() > 7 && all > 0.0 ? ticks[7] / all : 0.0;
    put("stolen time",
        share < 0.001  ? Verdict::ok
        : share < 0.02 ? Verdict::doubt
                       : Verdict::bad,
        fmt::format("{:.2f} % since boot", share * 100.0),
        "runs from which the hypervisor took time are rejected: ask for CPUs of your own");
    if (is_guest()) {
      put("virtual machine", Verdict::doubt,
          share > 0.0 ? "yes; its steal is counted"
                      : "yes; steal was never counted: it may go unseen",
          "CPU speed may wander with other guests; `validate` measures it during each run");
    }
  }

  void frequency() {
    const auto governor = file("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor");
    if (!governor) {
      put("frequency governor", Verdict::doubt, "not visible: hardware or a hypervisor decides",
          "nothing to do here; calibrate and validate close in time");
    } else {
      put("frequency governor", *governor == "performance" ? Verdict::ok : Verdict::doubt,
          *governor, "cpupower frequency-set -g performance");
    }
    const std::string boost = text("/sys/devices/system/cpu/cpufreq/boost");
    const std::string no_turbo = text("/sys/devices/system/cpu/intel_pstate/no_turbo");
    if (!boost.empty() || !no_turbo.empty()) {
      const bool on = boost == "1" || no_turbo == "0";
      put("turbo", on ? Verdict::doubt : Verdict::ok, on ? "on" : "off",
          "the clock depends on how many cores work: give the machine's turbo table, or switch it "
          "off");
    }
  }

  void smt() {
    const auto active = file("/sys/devices/system/cpu/smt/active");
    const bool known = active && (*active == "0" || *active == "1");
    put("hardware threads", known && *active == "0" ? Verdict::ok : Verdict::doubt,
        !known           ? "unknown: CPUs may share cores unseen"
        : *active == "1" ? "on: CPUs share cores"
                         : "off",
        known ? "calibrate measures smt_gain; pin: cores-first keeps threads apart"
              : "calibrate looks whether the first two CPUs slow each other");
  }

  void autogroup() {
    const std::string on = text("/proc/sys/kernel/sched_autogroup_enabled");
    put("autogroup", on == "1" ? Verdict::doubt : Verdict::ok,
        on == "1"   ? "on: nice counts within a session only"
        : on == "0" ? "off"
                    : "not there",
        "os.autogroup: on in the machine file models it; sysctl kernel.sched_autogroup_enabled=0");
  }

  void cgroup() {
    const std::string own = after(text("/proc/self/cgroup"), "0::");
    const std::string folder = "/sys/fs/cgroup" + (own == "/" ? std::string{} : own);
    const std::string quota = text(folder + "/cpu.max");
    const bool limited = !quota.empty() && !quota.starts_with("max");
    put("CPU quota", limited ? Verdict::bad : Verdict::ok,
        quota.empty() ? "none"
        : limited     ? quota + " us (quota, period)"
                      : "max",
        "run outside of this container, or write the quota as a group of the scenario's os");
    const std::string allowed = text(folder + "/cpuset.cpus.effective");
    const bool fewer = !allowed.empty() && count_cpus(allowed) < cpus();
    put("CPU set", fewer ? Verdict::doubt : Verdict::ok,
        allowed.empty() ? "all" : fmt::format("{} of {} CPUs", count_cpus(allowed), cpus()),
        "only these CPUs are measured and modelled; others of the machine may disturb them");
  }

  void memory() {
    const std::string info = text("/proc/meminfo");
    const double free_kib = number(after(info, "MemAvailable:"));
    put("free memory",
        info.empty() || free_kib > 2 * gib ? Verdict::ok
        : free_kib > gib / 2               ? Verdict::doubt
                                           : Verdict::bad,
        info.empty() ? "not readable" : fmt::format("{:.1f} GiB", free_kib / gib),
        "stop programs that hold memory: reclaim and swap would be measured");
    const double used = number(after(info, "SwapTotal:")) - number(after(info, "SwapFree:"));
    put("swap", used > 0.0 ? Verdict::doubt : Verdict::ok,
        used > 0.0 ? fmt::format("{:.1f} GiB in use", used / gib) : "not in use",
        "swapoff -a, or free memory first");
  }

  void limits() {
    const std::string all = text("/proc/self/limits");
    struct Limit {
      const char* label;
      const char* name;
      double least;
    };
    for (const Limit& limit :
         {Limit{"Max processes", "processes", 64}, Limit{"Max open files", "open files", 128},
          Limit{"Max address space", "address space", 2e9}}) {
      const std::string value = after(all, limit.label);
      const bool enough =
          value.empty() || value.starts_with("unlimited") || number(value) >= limit.least;
      put_needed(fmt::format("limit of {}", limit.name), enough,
                 value.empty() ? "not readable" : value.substr(0, value.find(' ')),
                 fmt::format("raise it with ulimit to {:.0f} or more", limit.least));
    }
  }

  void kernel() {
    const std::string release = text("/proc/sys/kernel/osrelease");
    const bool modelled = number(release) >= 5.0;
    put("kernel", modelled ? Verdict::ok : Verdict::doubt,
        release.empty() ? "not readable" : release,
        "schedulers of Linux 6.1 and later are modelled");
    const std::string mode = marked(text("/sys/kernel/debug/sched/preempt"), '(', ')');
    const std::string version = text("/proc/sys/kernel/version");
    const bool dynamic = version.find("PREEMPT_DYNAMIC") != std::string::npos;
    put("preemption",
        !mode.empty() || (!dynamic && !version.empty()) ? Verdict::ok : Verdict::doubt,
        !mode.empty()                                     ? mode
        : dynamic                                         ? "chosen at boot, not readable"
        : version.find("PREEMPT_RT") != std::string::npos ? "real time"
        : version.find("PREEMPT") != std::string::npos    ? "full"
                                                          : "none or voluntary",
        "as root: mount -t debugfs none /sys/kernel/debug; else write os.preemption by hand");
  }

  void tracing() {
    const bool there = file("/sys/kernel/tracing/available_events").has_value() ||
                       file("/sys/kernel/debug/tracing/available_events").has_value();
    put("tracefs", there ? Verdict::ok : Verdict::doubt, there ? "readable" : "not readable",
        "as root: mount -t tracefs none /sys/kernel/tracing; without it `validate --timeline` "
        "sees less");
    const auto level = file("/proc/sys/kernel/perf_event_paranoid");
    const bool open = level && number(*level) <= 2.0;
    put("perf events", open ? Verdict::ok : Verdict::doubt,
        level ? "perf_event_paranoid " + *level : "not in this kernel",
        "sysctl kernel.perf_event_paranoid=2");
  }

  void clock() {
    const std::string source =
        text("/sys/devices/system/clocksource/clocksource0/current_clocksource");
    const bool fast = source == "tsc" || source == "kvm-clock" || source == "arch_sys_counter" ||
                      source.starts_with("hyperv");
    put("clock source",
        fast             ? Verdict::ok
        : source.empty() ? Verdict::doubt
                         : Verdict::bad,
        source.empty() ? "not readable" : source,
        "reading such a clock takes a microsecond or more: boot with clocksource=tsc if you can");
  }

  void huge_pages() {
    const std::string mode = marked(text("/sys/kernel/mm/transparent_hugepage/enabled"), '[', ']');
    put("huge pages", mode == "always" ? Verdict::doubt : Verdict::ok,
        mode.empty() ? "not readable" : mode,
        "forks and first touches then cost by 2 MiB, which is not modelled: echo madvise > "
        "/sys/kernel/mm/transparent_hugepage/enabled");
  }

  void temporary() {
    const bool writable = ::access(options_.temporary.c_str(), W_OK | X_OK) == 0;
    put_needed("temporary folder", writable, options_.temporary,
               "set TMPDIR to a folder with space that you may write to");
  }

  void pythons() {
    bool any = false;
    for (const std::string& python : options_.pythons) {
      const auto answer = options_.ask(python, "import sys; print(sys.version.split()[0])");
      any = any || answer.has_value();
      put("Python", answer ? Verdict::ok : Verdict::bad,
          answer ? fmt::format("{} ({})", trimmed(*answer), python) : python + " does not run",
          "name another with --python EXE");
    }
    if (!any) {
      put_needed("Python found", false, "none runs", "install python3, or name one with --python");
      return;
    }
    const auto plots =
        options_.ask(options_.pythons.front(), "import matplotlib; print(matplotlib.__version__)");
    put("matplotlib", plots ? Verdict::ok : Verdict::doubt,
        plots ? trimmed(*plots) : "not there: no plots with " + options_.pythons.front(),
        "install python3-matplotlib; only `plot` needs it");
  }

  const DoctorOptions& options_;
  std::vector<Check> checks_;
};

}  // namespace

std::vector<Check> examine(const DoctorOptions& options) {
  return Doctor{options}.run();
}

bool runs_are_possible(const std::vector<Check>& checks) {
  return std::ranges::none_of(checks, &Check::prevents);
}

const char* word_of(Verdict verdict) {
  return verdict == Verdict::ok ? "ok" : verdict == Verdict::doubt ? "doubt" : "bad";
}

std::optional<std::string> ask_python(const std::string& python, const std::string& text) {
  if (::access(python.c_str(), X_OK) != 0) {
    return std::nullopt;
  }
  ChildLimits limits;
  limits.wall = std::chrono::seconds{30};
  const auto outcome = run_program({python, "-I", "-B", "-c", text}, limits);
  return outcome && outcome.value().succeeded() ? std::optional{outcome.value().out} : std::nullopt;
}

}  // namespace timeslice::validation
