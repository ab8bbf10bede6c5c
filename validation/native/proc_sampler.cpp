#include "validation/native/proc_sampler.hpp"

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <utility>

#include <unistd.h>

namespace timeslice::validation {

namespace {

namespace fs = std::filesystem;

std::int64_t steady_ns() {
  return std::chrono::steady_clock::now().time_since_epoch() / std::chrono::nanoseconds{1};
}

std::string slurp(const fs::path& path) {
  std::ifstream file{path, std::ios::binary};
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

/// The number behind `label`, for files of lines such as "Pss:  123 kB"; 0: not there.
std::int64_t labelled(const std::string& text, const std::string& label) {
  const auto at = text.find(label);
  if (at == std::string::npos) {
    return 0;
  }
  std::istringstream rest{text.substr(at + label.size(), 40)};
  std::int64_t value = 0;
  rest >> value;
  return value;
}

std::int32_t number_of(const fs::path& path) {
  const std::string name = path.filename();
  const bool digits = !name.empty() && std::ranges::all_of(name, [](char letter) {
    return letter >= '0' && letter <= '9';
  });
  return digits && name.size() < 10 ? std::stoi(name) : 0;
}

/// Live processes of a group, by id.
std::vector<std::int32_t> members(std::int32_t group) {
  std::vector<std::int32_t> found;
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator{"/proc", ignored}) {
    const std::int32_t id = number_of(entry.path());
    if (id != 0 && ::getpgid(id) == group) {
      found.push_back(id);
    }
  }
  std::ranges::sort(found);
  return found;
}

}  // namespace

ProcSampler::ProcSampler(std::int32_t group, sim::Duration period)
    : group_{group}, period_{period}, thread_{[this] { run(); }} {}

ProcSampler::~ProcSampler() {
  stop();
}

void ProcSampler::stop() {
  stopping_ = true;
  if (!thread_.joinable()) {
    return;
  }
  thread_.join();
  for (const auto& [id, looks] : looks_) {
    if (!names_.contains(id)) {  // seen once
      names_.emplace(id, id == group_ ? "main" : "process " + std::to_string(++children_));
    }
  }
}

void ProcSampler::run() {
  auto next = std::chrono::steady_clock::now();
  while (!stopping_) {
    Sample sample = look();
    if (sample.processes.empty()) {
      return;
    }
    samples_.push_back(std::move(sample));
    next = std::max(next + period_, std::chrono::steady_clock::now());
    std::this_thread::sleep_until(next);
  }
}

ProcSampler::Sample ProcSampler::look() {
  Sample sample{.at_ns = steady_ns(), .processes = {}, .cpu_busy_ns = read_cpus()};
  for (const std::int32_t id : members(group_)) {
    Process process;
    if (read_process(id, process)) {
      sample.processes.push_back(process);
      // Not at the first look: between fork and exec a child still looks like its parent.
      if (++looks_[id] == 2) {
        names_.emplace(id, role(id));
      }
    }
  }
  return sample;
}

/// By what it was started as; a child of the fork server looks like the server, which comes first.
std::string ProcSampler::role(std::int32_t id) {
  if (id == group_) {
    return "main";
  }
  const std::string command = slurp(fs::path{"/proc"} / std::to_string(id) / "cmdline");
  const bool server_known =
      std::ranges::any_of(names_, [](const auto& known) { return known.second == "fork-server"; });
  if (command.find("resource_tracker") != std::string::npos) {
    return "resource-tracker";
  }
  if (!server_known && command.find("multiprocessing.forkserver") != std::string::npos) {
    return "fork-server";
  }
  return "process " + std::to_string(++children_);
}

bool ProcSampler::read_process(std::int32_t id, Process& into) {
  const fs::path home = fs::path{"/proc"} / std::to_string(id);
  std::error_code ignored;
  into.id = id;
  for (const auto& thread : fs::directory_iterator{home / "task", ignored}) {
    const std::string status = slurp(thread.path() / "status");
    if (status.empty() || status.find("State:\tZ") != std::string::npos) {
      continue;
    }
    std::istringstream schedule{slurp(thread.path() / "schedstat")};
    std::int64_t ran = 0;
    schedule >> ran;
    into.run_ns += ran;
    ++into.threads;
    into.voluntary += static_cast<std::uint64_t>(labelled(status, "\nvoluntary_ctxt_switches:"));
    into.involuntary += static_cast<std::uint64_t>(labelled(status, "nonvoluntary_ctxt_switches:"));
  }
  // Both sizes from one file: statm counts what a process is just getting a little later.
  const std::string sizes = slurp(home / "smaps_rollup");
  into.rss = labelled(sizes, "\nRss:") * 1024;
  into.pss = labelled(sizes, "\nPss:") * 1024;
  return into.threads > 0 && into.rss > 0;
}

/// Columns of a line: user nice system idle iowait irq softirq steal (proc(5)), in clock ticks.
std::vector<std::int64_t> ProcSampler::read_cpus() {
  const std::int64_t tick_ns = 1'000'000'000 / std::max(1L, ::sysconf(_SC_CLK_TCK));
  std::vector<std::int64_t> busy;
  std::istringstream file{slurp("/proc/stat")};
  for (std::string line; std::getline(file, line) && line.starts_with("cpu");) {
    std::istringstream fields{line};
    std::string label;
    std::int64_t user = 0;
    std::int64_t nice = 0;
    std::int64_t system = 0;
    fields >> label >> user >> nice >> system;
    if (label != "cpu") {
      busy.push_back((user + nice + system) * tick_ns);
    }
  }
  return busy;
}

void ProcSampler::add_processes(const Sample& before, const Sample& now, models::ProcessSample& all,
                                const std::map<std::int32_t, std::string>& names,
                                models::Timings& timings) {
  const auto period_ns = static_cast<double>(now.at_ns - before.at_ns);
  for (const Process& process : now.processes) {
    const auto earlier = std::ranges::find(before.processes, process.id, &Process::id);
    const std::int64_t ran =
        process.run_ns - (earlier == before.processes.end() ? 0 : earlier->run_ns);
    models::ProcessSample sample{
        .at = all.at,
        .process = names.at(process.id),
        .cpu_percent = 100.0 * static_cast<double>(std::max<std::int64_t>(ran, 0)) / period_ns,
        .rss = process.rss,
        .pss = process.pss,
        .threads = process.threads,
        .voluntary = process.voluntary,
        .involuntary = process.involuntary};
    all.cpu_percent += sample.cpu_percent;
    all.rss += sample.rss;
    all.pss += sample.pss;
    all.threads += sample.threads;
    all.voluntary += sample.voluntary;
    all.involuntary += sample.involuntary;
    timings.process_samples.push_back(std::move(sample));
  }
}

void ProcSampler::add_to(models::Timings& timings, std::int64_t start_ns,
                         std::int64_t end_ns) const {
  timings.sample_period = period_;
  for (std::size_t i = 1; i < samples_.size(); ++i) {
    const Sample& before = samples_[i - 1];
    const Sample& now = samples_[i];
    if (now.at_ns <= start_ns || now.at_ns > end_ns || now.at_ns <= before.at_ns) {
      continue;
    }
    const sim::Instant at{sim::Duration{now.at_ns - start_ns}};
    models::ProcessSample all{.at = at};
    add_processes(before, now, all, names_, timings);
    timings.process_samples.push_back(all);
    const auto period_ns = static_cast<double>(now.at_ns - before.at_ns);
    for (std::size_t cpu = 0; cpu < std::min(now.cpu_busy_ns.size(), before.cpu_busy_ns.size());
         ++cpu) {
      const std::int64_t busy = now.cpu_busy_ns[cpu] - before.cpu_busy_ns[cpu];
      timings.cpu_samples.push_back(
          {.at = at,
           .cpu = static_cast<std::int32_t>(cpu),
           .percent = std::min(100.0, 100.0 * static_cast<double>(busy) / period_ns)});
    }
  }
}

}  // namespace timeslice::validation
