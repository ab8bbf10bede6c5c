#include "tools/store/host_info.hpp"

#include <array>
#include <ctime>
#include <fstream>

#include <fcntl.h>
#include <sched.h>
#include <spawn.h>
#include <sys/sysinfo.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

namespace timeslice::tools {
namespace {

std::string cpu_model() {
  std::ifstream file{"/proc/cpuinfo"};
  for (std::string line; std::getline(file, line);) {
    const auto colon = line.find(':');
    if (line.starts_with("model name") && colon != std::string::npos && colon + 2 < line.size()) {
      return line.substr(colon + 2);
    }
  }
  return "unknown";
}

std::uint32_t usable_cpus() {
  cpu_set_t set;
  if (sched_getaffinity(0, sizeof set, &set) == 0) {
    return static_cast<std::uint32_t>(CPU_COUNT(&set));
  }
  return static_cast<std::uint32_t>(sysconf(_SC_NPROCESSORS_ONLN));  // over 1024 CPUs
}

std::string read_all(int file) {
  std::string text;
  std::array<char, 256> buffer{};
  while (text.size() < 4096) {
    const ssize_t got = ::read(file, buffer.data(), buffer.size());
    if (got <= 0) {
      break;
    }
    text.append(buffer.data(), static_cast<std::size_t>(got));
  }
  return text;
}

/// Starts `executable` with its output going to `output`; false if it cannot be started.
bool start(const std::string& executable, int output, pid_t& child) {
  std::string program = executable;
  std::string option = "-c";
  std::string code = "import platform; print(platform.python_version())";
  std::array<char*, 4> arguments{program.data(), option.data(), code.data(), nullptr};
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO);
  posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
  const int problem =
      posix_spawnp(&child, program.c_str(), &actions, nullptr, arguments.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  return problem == 0;
}

}  // namespace

HostInfo host_info() {
  HostInfo host;
  utsname names{};
  if (::uname(&names) == 0) {
    host.name = names.nodename;
    host.kernel = std::string{names.sysname} + " " + names.release;
  }
  host.cpu_model = cpu_model();
  host.cpus = usable_cpus();
  struct sysinfo memory{};
  if (sysinfo(&memory) == 0) {
    host.memory_bytes =
        static_cast<std::int64_t>(memory.totalram) * static_cast<std::int64_t>(memory.mem_unit);
  }
  return host;
}

std::string python_version(const std::string& executable) {
  std::array<int, 2> ends{};
  if (pipe2(ends.data(), O_CLOEXEC) != 0) {
    return "";
  }
  pid_t child = 0;
  const bool started = start(executable, ends[1], child);
  close(ends[1]);
  std::string text = started ? read_all(ends[0]) : "";
  close(ends[0]);
  int status = 0;
  if (!started || waitpid(child, &status, 0) != child || status != 0) {
    return "";
  }
  return text.substr(0, text.find('\n'));
}

std::string utc_now() {
  const std::time_t now = std::time(nullptr);
  std::tm parts{};
  gmtime_r(&now, &parts);
  std::array<char, 32> text{};
  const std::size_t length = std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%SZ", &parts);
  return {text.data(), length};
}

}  // namespace timeslice::tools
