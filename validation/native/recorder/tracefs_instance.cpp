#include "validation/native/recorder/tracefs_instance.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <filesystem>
#include <memory>
#include <string_view>
#include <utility>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include "validation/native/recorder/proc_files.hpp"

namespace timeslice::validation {

namespace {

constexpr std::string_view name_start = "timeslice-";
constexpr unsigned instances_most = 8;  // of one process
constexpr std::size_t mask_group = 32;  // CPUs in a group of a CPU mask

/// "timeslice-PID-STARTTIME-N": a process number that was given out again does not fool us.
std::string name_of(std::int32_t process, unsigned number) {
  return fmt::format("{}{}-{}-{}", name_start, process, start_time_of(process).value_or(0), number);
}

/// Whether the process that made the instance is gone.
bool is_stale(std::string_view name) {
  name.remove_prefix(name_start.size());
  std::int32_t process = 0;
  std::uint64_t start = 0;
  const char* const begin = std::to_address(name.begin());
  const char* const end = std::to_address(name.end());
  const auto first = std::from_chars(begin, end, process);
  if (first.ec != std::errc{} || first.ptr == end) {
    return false;  // somebody else's
  }
  if (std::from_chars(first.ptr + 1, end, start).ec != std::errc{}) {
    return false;
  }
  return start_time_of(process) != start;
}

sim::Error failure(const std::string& file, int code) {
  return {.where = file,
          .what = std::strerror(code),
          .advice = "the recorder needs root, and tracing that is not locked down"};
}

/// A mask as tracefs takes it: groups of 32 CPUs in hexadecimal, the highest first.
std::string mask_of(const std::vector<std::int32_t>& cpus) {
  const auto highest = static_cast<std::size_t>(*std::ranges::max_element(cpus));
  std::vector<std::uint32_t> groups(highest / mask_group + 1);
  for (const std::int32_t cpu : cpus) {
    const auto place = static_cast<std::size_t>(cpu);
    groups[place / mask_group] |= 1U << (place % mask_group);
  }
  std::string text;
  for (auto group = groups.rbegin(); group != groups.rend(); ++group) {
    text += fmt::format("{}{:08x}", text.empty() ? "" : ",", *group);
  }
  return text;
}

}  // namespace

sim::Result<std::string> tracefs_root() {
  constexpr std::array<const char*, 2> places{"/sys/kernel/tracing", "/sys/kernel/debug/tracing"};
  for (const char* place : places) {
    const std::string instances = std::string{place} + "/instances";
    if (::access(instances.c_str(), W_OK) == 0) {
      return std::string{place};
    }
    if (errno == EACCES || errno == EPERM || errno == EROFS) {
      return sim::Error{.where = place, .what = "may not be written", .advice = "run it as root"};
    }
  }
  return sim::Error{.where = places[0],
                    .what = "tracefs is not mounted",
                    .advice = "as root: mount -t tracefs tracefs /sys/kernel/tracing"};
}

std::vector<std::string> own_instances(const std::string& root) {
  std::vector<std::string> names;
  std::error_code ignored;
  for (const auto& entry : std::filesystem::directory_iterator{root + "/instances", ignored}) {
    std::string name = entry.path().filename();
    if (name.starts_with(name_start)) {
      names.push_back(std::move(name));
    }
  }
  return names;
}

std::uint64_t remove_stale_instances(const std::string& root) {
  std::uint64_t removed = 0;
  for (const std::string& name : own_instances(root)) {
    // The kernel refuses while anybody has one of its files open, whatever we believe.
    const std::string folder = fmt::format("{}/instances/{}", root, name);
    if (is_stale(name) && ::rmdir(folder.c_str()) == 0) {
      ++removed;
    }
  }
  return removed;
}

sim::Result<std::unique_ptr<TracefsInstance>> TracefsInstance::create(
    const std::string& root, const std::vector<std::int32_t>& cpus,
    const std::vector<std::string>& events) {
  sim::expect(!cpus.empty(), "a recorder watches a CPU");
  remove_stale_instances(root);
  int code = EEXIST;
  std::string folder;
  for (unsigned number = 0; number < instances_most && code == EEXIST; ++number) {
    folder = root + "/instances/" + name_of(::getpid(), number);
    code = ::mkdir(folder.c_str(), 0700) == 0 ? 0 : errno;
  }
  if (code != 0) {
    return failure(folder, code);
  }
  std::unique_ptr<TracefsInstance> instance{new TracefsInstance{folder}};
  if (auto problem = instance->set_up(cpus, events)) {
    return std::move(*problem);
  }
  return instance;
}

std::optional<sim::Error> TracefsInstance::set_up(const std::vector<std::int32_t>& cpus,
                                                  const std::vector<std::string>& events) {
  cpus_ = cpus;
  const std::uint64_t kib = std::min(tracefs_cpu_bytes, tracefs_bytes / cpus.size()) / 1024;
  std::vector<std::pair<std::string, std::string>> settings{
      {"tracing_on", "0"},
      {"trace_clock", "mono"},     // so that its times are CLOCK_MONOTONIC's
      {"options/overwrite", "0"},  // when full, what comes later is dropped, and counted
      {"tracing_cpumask", mask_of(cpus)}};
  for (const std::int32_t cpu : cpus) {
    settings.emplace_back(fmt::format("per_cpu/cpu{}/buffer_size_kb", cpu), std::to_string(kib));
  }
  for (const std::string& event : events) {
    settings.emplace_back("events/" + event + "/enable", "1");
  }
  for (const auto& [file, value] : settings) {
    if (auto problem = set(file, value)) {
      return problem;
    }
  }
  for (const std::int32_t cpu : cpus) {
    const std::string file = fmt::format("{}/per_cpu/cpu{}/trace_pipe_raw", folder_, cpu);
    const int pipe = ::open(file.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    if (pipe < 0) {
      return failure(file, errno);
    }
    pipes_.push_back(pipe);
  }
  return std::nullopt;
}

TracefsInstance::~TracefsInstance() {
  stop();
  for (const int pipe : pipes_) {
    ::close(pipe);
  }
  ::rmdir(folder_.c_str());
}

std::optional<sim::Error> TracefsInstance::set(const std::string& file, const std::string& value) {
  const std::string path = folder_ + "/" + file;
  const int code = write_file(path, value);
  return code == 0 ? std::nullopt : std::optional{failure(path, code)};
}

std::optional<std::string> TracefsInstance::read(const std::string& file) const {
  return read_file(folder_ + "/" + file);
}

std::optional<sim::Error> TracefsInstance::start() {
  if (auto problem = set("trace", "")) {  // opening it for writing empties all buffers
    return problem;
  }
  return set("tracing_on", "1");
}

void TracefsInstance::stop() {
  static_cast<void>(set("tracing_on", "0"));
}

std::vector<std::byte> TracefsInstance::take_pages(std::int32_t cpu, std::size_t page_bytes) {
  std::vector<std::byte> pages;
  const auto place = static_cast<std::size_t>(std::ranges::find(cpus_, cpu) - cpus_.begin());
  sim::expect(place < pipes_.size(), "pages are taken from a watched CPU");
  // With their heads the pages are a little more than what they hold; twice as much is a mistake.
  while (pages.size() < 2 * tracefs_cpu_bytes) {
    const std::size_t before = pages.size();
    pages.resize(before + page_bytes);
    const ssize_t got = ::read(pipes_[place], pages.data() + before, page_bytes);
    if (got != static_cast<ssize_t>(page_bytes)) {
      pages.resize(before);
      break;
    }
  }
  return pages;
}

std::uint64_t TracefsInstance::lost() const {
  std::uint64_t lost = 0;
  for (const std::int32_t cpu : cpus_) {
    const auto stats = read(fmt::format("per_cpu/cpu{}/stats", cpu));
    for (const std::string_view line : {"\noverrun: ", "commit overrun: ", "dropped events: "}) {
      const auto at = stats ? stats->find(line) : std::string::npos;
      std::uint64_t count = 0;
      if (at != std::string::npos) {
        const char* const from = stats->data() + at + line.size();
        std::from_chars(from, stats->data() + stats->size(), count);
      }
      lost += count;
    }
  }
  return lost;
}

}  // namespace timeslice::validation
