#include "validation/calibrate/calibrate_machine.hpp"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "models/machine/cost_names.hpp"
#include "models/machine/detect.hpp"
#include "models/machine/machine_yaml.hpp"
#include "scenarios/format/read_measured.hpp"
#include "validation/calibrate/cpp_kernel.hpp"
#include "validation/calibrate/derive_host.hpp"
#include "validation/calibrate/derive_runtime.hpp"
#include "validation/calibrate/host_probes.hpp"
#include "validation/calibrate/machine_text.hpp"
#include "validation/calibrate/python_probes.hpp"
#include "validation/calibrate/speed_findings.hpp"
#include "validation/native/cpp_threads_runner.hpp"

namespace timeslice::validation {

namespace {

constexpr sim::Duration hard_end = std::chrono::seconds{90};
constexpr sim::Duration to_finish = std::chrono::seconds{2};  // killing children, writing

/// How the first two CPUs of a machine are related, as `transfer` says it.
void relate(const models::MachineSpec& machine, HostFacts& facts) {
  if (machine.cpus.size() < 2) {
    return;
  }
  const auto& [first, second] = std::pair{machine.cpus[0], machine.cpus[1]};
  const models::CoreSpec& one = machine.cores[models::index_of(first.core)];
  const models::CoreSpec& other = machine.cores[models::index_of(second.core)];
  facts.siblings = first.core == second.core;
  facts.relation = facts.siblings                 ? "core"
                   : one.llc == other.llc         ? "llc"
                   : one.package == other.package ? "package"
                                                  : "machine";
}

class Calibrator {
 public:
  explicit Calibrator(const CalibrateOptions& options)
      : options_{options}, begin_ns_{wall_ns()}, found_{options.date} {
    if (options.existing) {
      known_ = *options.existing;
    }
  }

  sim::Result<CalibratedMachine> run() {
    auto machine = models::detect_host();
    if (!machine) {
      return machine.error();
    }
    auto base = base_text(machine.value());
    if (!base) {
      return base.error();
    }
    if (auto problem = find_pythons()) {
      return *problem;
    }
    if (auto problem = measure(machine.value())) {
      return *problem;
    }
    return finish(base.value());
  }

 private:
  [[nodiscard]] sim::Result<std::string> base_text(const models::MachineSpec& machine) const {
    if (!options_.existing) {
      return models::to_machine_yaml(machine);
    }
    const std::size_t cpus = options_.existing->machine.cpus.size();
    if (cpus != machine.cpus.size()) {
      return sim::Error{.where = "machine file",
                        .what = fmt::format("describes {} CPUs, but this program may use {} here",
                                            cpus, machine.cpus.size()),
                        .advice = "choose another file with -o"};
    }
    return options_.existing_text;
  }

  /// Who the Pythons are, before anything is measured: a wrong name should not cost a minute.
  std::optional<sim::Error> find_pythons() {
    for (const std::string& executable : options_.pythons) {
      const auto identity = identify_python(executable, options_.give_up);
      if (!identity) {
        return identity.error();
      }
      pythons_.push_back({.executable = executable,
                          .identity = identity.value(),
                          .name = name_of(identity.value())});
    }
    return std::nullopt;
  }

  struct Python {
    std::string executable;
    PythonIdentity identity;
    std::string name;  // under `runtimes`
  };

  /// "3.11", unless that name stands for another 3.11: then "3.11.2".
  [[nodiscard]] std::string name_of(const PythonIdentity& identity) const {
    const std::string from = "CPython " + identity.full();
    const auto same = known_.measured.find(fmt::format("runtimes.{}.lock", identity.line()));
    const bool taken = known_.runtimes.contains(identity.line()) &&
                       (same == known_.measured.end() || same->second.from != from);
    const bool twice = std::ranges::any_of(pythons_, [&](const Python& python) {
      return python.name == identity.line() && python.identity.full() != identity.full();
    });
    return taken || twice ? identity.full() : identity.line();
  }

  [[nodiscard]] bool has_host() const { return known_.measured.contains("costs.syscall"); }
  [[nodiscard]] bool has_python(const std::string& name) const {
    return known_.measured.contains(fmt::format("runtimes.{}.lock", name));
  }

  [[nodiscard]] sim::Duration passed() const { return sim::Duration{wall_ns() - begin_ns_}; }
  [[nodiscard]] sim::Duration left() const {
    return std::max(sim::Duration::zero(),
                    std::max(options_.budget, hard_end) - to_finish - passed());
  }

  /// Polled while a child runs, so it moves the progress as well.
  [[nodiscard]] std::function<bool()> watch() const {
    return [this] {
      if (options_.progress) {
        const auto ms = [](sim::Duration time) {
          return static_cast<std::uint64_t>(time.count() / 1'000'000);
        };
        options_.progress(std::min(ms(passed()), ms(options_.budget)), ms(options_.budget));
      }
      return options_.give_up && options_.give_up();
    };
  }

  std::optional<sim::Error> measure(const models::MachineSpec& machine) {
    std::vector<const Python*> wanted;
    for (const Python& python : pythons_) {
      if (options_.refresh || !has_python(python.name)) {
        wanted.push_back(&python);
      } else {
        note("CPython {}: the file has it; --refresh measures it again", python.identity.full());
      }
    }
    if (options_.refresh || !has_host()) {
      measure_host(machine, wanted.empty() ? 0.9 : 0.3);
    } else {
      note("this host: the file has it; --refresh measures it again");
    }
    for (std::size_t i = 0; i < wanted.size() && !interrupted(); ++i) {
      const auto time = (options_.budget - passed()) / static_cast<int>(wanted.size() - i);
      if (auto problem = measure_python(*wanted[i], time)) {
        return problem;
      }
    }
    return std::nullopt;
  }

  bool interrupted() {
    result_.interrupted = result_.interrupted || (options_.give_up && options_.give_up());
    return result_.interrupted;
  }

  void measure_host(const models::MachineSpec& machine, double share) {
    const sim::Duration time{
        static_cast<std::int64_t>(static_cast<double>(options_.budget.count()) * share)};
    const std::vector<std::int32_t> cpus = allowed_cpus();
    const ProbeSamples samples = probe_host(cpus, time * 3 / 4, watch());
    if (const Samples* task = samples.find("cpp_task")) {
      cpp_task_ = *task;
    }
    HostFacts facts = host_facts("");
    relate(machine, facts);
    const HostFindings derived = derive_host(samples, facts, options_.date);
    found_.append(derived.findings);
    add_warnings(derived.warnings);
    note_samples("this host", samples);
    warn_of_missing("this host", samples);
    if (const auto kernel = sample_cpp_in_child(cpus, time / 8, watch())) {
      add_native_speed(kernel.value().kernel, found_);
    }
  }

  std::optional<sim::Error> measure_python(const Python& python, sim::Duration time) {
    const auto folder = ScriptFolder::create();
    if (!folder) {
      return folder.error();
    }
    ProbeSamples samples = probe_python({.executable = python.executable,
                                         .time = std::max(time, sim::Duration::zero()),
                                         .left = [this] { return left(); },
                                         .give_up = watch()},
                                        folder.value());
    if (!cpp_task_.ns.empty() && samples.find("lock") != nullptr) {
      samples.by_name["cpp_task"] = cpp_task_;
    }
    const RuntimeGround ground{.os = costs_so_far(),
                               .name = python.name,
                               .from = "CPython " + python.identity.full(),
                               .date = options_.date};
    found_.append(derive_runtime(samples, ground));
    if (found_.find("cold_code.factor") == nullptr) {
      found_.append(derive_cold_code(samples, ground));
    }
    add_python_speed(samples, {.ground = ground, .known = known_}, found_);
    note_samples(ground.from, samples);
    warn_of_missing(ground.from, samples);
    return std::nullopt;
  }

  /// One line a reason.
  void warn_of_missing(const std::string& what, const ProbeSamples& samples) {
    std::map<std::string, std::vector<std::string>> by_reason;
    for (const auto& [name, why] : samples.missing) {
      by_reason[why].push_back(name);
    }
    for (const auto& [why, names] : by_reason) {
      result_.warnings.push_back(fmt::format("{}: no {}: {}", what, fmt::join(names, ", "), why));
    }
  }

  /// What the host's operations take: found now, else what the file says.
  [[nodiscard]] models::OsCosts costs_so_far() const {
    models::OsCosts costs = known_.machine.costs;
    for (const models::CostName& name : models::cost_names) {
      if (const Finding* found = found_.find(fmt::format("costs.{}", name.name))) {
        costs.*name.cost = found->measured.p20;
      }
    }
    return costs;
  }

  void note_samples(const std::string& what, const ProbeSamples& samples) {
    std::uint64_t count = 0;
    std::uint64_t rejected = 0;
    for (const auto& [name, of] : samples.by_name) {
      count += of.ns.size();
      rejected += of.rejected;
    }
    note("{}: {} samples count, {} were rejected as disturbed", what, count, rejected);
    if (samples.disturbed > 0) {
      result_.warnings.push_back(
          fmt::format("{}: {} of the samples that count were disturbed by other programs; "
                      "calibrate again on a quieter machine",
                      what, samples.disturbed));
    }
  }

  template <typename... Values>
  void note(fmt::format_string<Values...> format, Values&&... values) {
    result_.notes.push_back(fmt::format(format, std::forward<Values>(values)...));
  }

  void add_warnings(const std::vector<std::string>& warnings) {
    result_.warnings.insert(result_.warnings.end(), warnings.begin(), warnings.end());
  }

  /// Costs that stay defaults, one line for the host and for each Python.
  [[nodiscard]] std::vector<std::string> unmeasured() const {
    scenarios::MachineFile file = known_;
    std::set<std::string> names;
    for (const auto& [name, costs] : known_.runtimes) {
      names.insert(name);
    }
    for (const Finding& finding : found_.all()) {
      file.measured[finding.name] = finding.measured;
      if (finding.path.size() > 2 && finding.path.front() == "runtimes") {
        names.insert(finding.path[1]);
      }
    }
    std::vector<std::string> lines;
    const auto add = [&lines](const std::string& what, const std::vector<std::string>& missing) {
      if (!missing.empty()) {
        lines.push_back(
            fmt::format("{}: not measured, so defaults: {}", what, fmt::join(missing, ", ")));
      }
    };
    add("this host", scenarios::default_costs(file));
    for (const std::string& name : names) {
      add("CPython " + name, scenarios::default_runtime_costs(file, name));
    }
    return lines;
  }

  sim::Result<CalibratedMachine> finish(const std::string& base) {
    std::vector<std::string> remarks{
        fmt::format("Written by `timeslice calibrate` on {}.", options_.date),
        "What stands behind each value: `measured`, and docs/models/calibration.md."};
    const std::vector<std::string> missing = unmeasured();
    remarks.insert(remarks.end(), missing.begin(), missing.end());
    auto text = machine_text(base, found_.all(), remarks);
    if (!text) {
      return text.error();
    }
    result_.yaml = std::move(text).value();
    add_warnings(missing);
    interrupted();
    return std::move(result_);
  }

  const CalibrateOptions& options_;
  std::int64_t begin_ns_;
  scenarios::MachineFile known_;  // of the existing file
  std::vector<Python> pythons_;
  Samples cpp_task_;
  Findings found_;
  CalibratedMachine result_;
};

}  // namespace

sim::Result<CalibratedMachine> calibrate_machine(const CalibrateOptions& options) {
  return Calibrator{options}.run();
}

}  // namespace timeslice::validation
