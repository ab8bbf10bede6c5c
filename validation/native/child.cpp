#include "validation/native/child.hpp"

#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <utility>

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

namespace timeslice::validation {

namespace {

using Clock = std::chrono::steady_clock;
constexpr std::size_t stderr_kept = 8192;  // bytes

/// An owned file descriptor.
class Fd {
 public:
  Fd() = default;
  explicit Fd(int fd) : fd_{fd} {}
  Fd(Fd&& other) noexcept : fd_{std::exchange(other.fd_, -1)} {}
  Fd& operator=(Fd&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  Fd(const Fd&) = delete;
  Fd& operator=(const Fd&) = delete;
  ~Fd() { close(); }

  [[nodiscard]] int get() const { return fd_; }
  void close() {
    if (fd_ >= 0) {
      ::close(std::exchange(fd_, -1));
    }
  }

 private:
  int fd_ = -1;
};

struct Pipe {
  Fd read;
  Fd write;
};

Pipe make_pipe() {
  std::array<int, 2> ends{-1, -1};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) {
    return {};
  }
  return {.read = Fd{ends[0]}, .write = Fd{ends[1]}};
}

/// Orphans of our children become our children while this lives, so that they can be waited for.
class Subreaper {
 public:
  Subreaper() {
    ::prctl(PR_GET_CHILD_SUBREAPER, &before_);
    ::prctl(PR_SET_CHILD_SUBREAPER, 1);
  }
  ~Subreaper() { ::prctl(PR_SET_CHILD_SUBREAPER, before_); }
  Subreaper(const Subreaper&) = delete;
  Subreaper& operator=(const Subreaper&) = delete;

 private:
  int before_ = 0;
};

struct Started {
  pid_t pid = -1;
  Fd out;
  Fd err;
};

void limit(pid_t pid, __rlimit_resource which, std::uint64_t value) {
  const rlimit both{.rlim_cur = value, .rlim_max = value};
  ::prlimit(pid, which, &both, nullptr);
}

void place_limits(pid_t pid, const ChildLimits& limits) {
  limit(pid, RLIMIT_AS, limits.address_space_bytes);
  limit(pid, RLIMIT_FSIZE, limits.file_bytes);
  limit(pid, RLIMIT_CPU, limits.cpu_seconds);
  limit(pid, RLIMIT_CORE, 0);
}

sim::Duration cpu_time_of(const rusage& usage) {
  const auto of = [](const timeval& time) {
    return std::chrono::seconds{time.tv_sec} + std::chrono::microseconds{time.tv_usec};
  };
  return of(usage.ru_utime) + of(usage.ru_stime);
}

/// Appends what can be read now; false at the end of the stream.
bool drain(const Fd& fd, std::string& into) {
  std::array<char, 65536> buffer;  // NOLINT(cppcoreguidelines-pro-type-member-init): read fills it
  const ssize_t got = ::read(fd.get(), buffer.data(), buffer.size());
  if (got > 0) {
    into.append(buffer.data(), static_cast<std::size_t>(got));
    return true;
  }
  return got < 0 && (errno == EAGAIN || errno == EINTR);
}

/// Watches over one started child until nobody of its group is left.
class Watch {
 public:
  Watch(Started started, const ChildLimits& limits)
      : child_{std::move(started)}, limits_{limits}, deadline_{Clock::now() + limits.wall} {
    outcome_.group = child_.pid;
  }

  ChildOutcome finish() {
    if (limits_.on_start) {
      limits_.on_start(child_.pid);
    }
    ::fcntl(child_.out.get(), F_SETFL, O_NONBLOCK);
    ::fcntl(child_.err.get(), F_SETFL, O_NONBLOCK);
    while (!leader_gone_ && keep_on()) {
      read_for_a_moment();
      reap();
    }
    ::kill(-child_.pid, SIGKILL);
    while (child_.out.get() >= 0 || child_.err.get() >= 0) {
      read_for_a_moment();  // the writers are dead: this ends
    }
    reap_all();
    return std::move(outcome_);
  }

 private:
  bool keep_on() {
    if (limits_.give_up && limits_.give_up()) {
      return stop(ChildEnd::given_up);
    }
    if (Clock::now() >= deadline_) {
      return stop(ChildEnd::out_of_time);
    }
    return outcome_.out.size() <= limits_.output_bytes || stop(ChildEnd::too_much_output);
  }

  bool stop(ChildEnd why) {
    forced_ = true;
    outcome_.end = why;
    return false;
  }

  void read_for_a_moment() {
    std::array<pollfd, 2> fds{{{.fd = child_.out.get(), .events = POLLIN, .revents = 0},
                               {.fd = child_.err.get(), .events = POLLIN, .revents = 0}}};
    if (::poll(fds.data(), fds.size(), 20) <= 0) {
      return;
    }
    if (fds[0].revents != 0 && !drain(child_.out, outcome_.out)) {
      child_.out.close();
    }
    if (fds[1].revents != 0 && !drain(child_.err, outcome_.err)) {
      child_.err.close();
    }
    if (outcome_.err.size() > stderr_kept) {
      outcome_.err.erase(0, outcome_.err.size() - stderr_kept);
    }
  }

  /// Waits for whoever of the group has ended; true if somebody had.
  bool reap(int flags = WNOHANG) {
    int status = 0;
    rusage usage{};
    const pid_t pid = ::wait4(-child_.pid, &status, flags, &usage);
    if (pid <= 0) {
      return pid < 0 && errno == EINTR;
    }
    outcome_.cpu += cpu_time_of(usage);
    if (pid == child_.pid) {
      leader_gone_ = true;
      note_end(status);
    }
    return true;
  }

  void note_end(int status) {
    if (forced_) {
      return;
    }
    outcome_.end = WIFSIGNALED(status) ? ChildEnd::signalled : ChildEnd::exited;
    outcome_.code = WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status);
  }

  void reap_all() {
    while (reap(0)) {
    }
  }

  Started child_;
  const ChildLimits& limits_;
  Clock::time_point deadline_;
  ChildOutcome outcome_;
  bool leader_gone_ = false;
  bool forced_ = false;  // we end it, whatever its exit status says
};

sim::Error cannot_start(const std::string& what, int code) {
  return {.where = what,
          .what = fmt::format("cannot be started: {}", std::strerror(code)),
          .advice = "name an executable file"};
}

/// Ours, minus everything that changes how a Python behaves.
std::array<const char*, 4> environment() {
  return {"PATH=/usr/local/bin:/usr/bin:/bin", "LANG=C.UTF-8", "PYTHONDONTWRITEBYTECODE=1",
          nullptr};
}

/// posix_spawn with the group, the standard streams and default signals; an errno, 0 if it worked.
int spawn(const std::vector<std::string>& argv, int out, int err, pid_t& pid) {
  posix_spawnattr_t attributes;
  posix_spawn_file_actions_t actions;
  ::posix_spawnattr_init(&attributes);
  ::posix_spawn_file_actions_init(&actions);
  sigset_t all;
  ::sigfillset(&all);
  sigset_t none;
  ::sigemptyset(&none);
  ::posix_spawnattr_setsigdefault(&attributes, &all);
  ::posix_spawnattr_setsigmask(&attributes, &none);
  ::posix_spawnattr_setpgroup(&attributes, 0);
  ::posix_spawnattr_setflags(
      &attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK);
  ::posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  ::posix_spawn_file_actions_adddup2(&actions, out, STDOUT_FILENO);
  ::posix_spawn_file_actions_adddup2(&actions, err, STDERR_FILENO);
  std::vector<char*> arguments;
  arguments.reserve(argv.size() + 1);
  for (const std::string& argument : argv) {
    arguments.push_back(const_cast<char*>(argument.c_str()));  // NOLINT: POSIX's signature
  }
  arguments.push_back(nullptr);
  auto variables = environment();
  const int code = ::posix_spawn(&pid, argv.front().c_str(), &actions, &attributes,
                                 arguments.data(), const_cast<char**>(variables.data()));  // NOLINT
  ::posix_spawn_file_actions_destroy(&actions);
  ::posix_spawnattr_destroy(&attributes);
  return code;
}

void write_all(int fd, const std::string& text) {
  std::size_t done = 0;
  while (done < text.size()) {
    const ssize_t wrote = ::write(fd, text.data() + done, text.size() - done);
    if (wrote <= 0 && errno != EINTR) {
      return;
    }
    done += wrote > 0 ? static_cast<std::size_t>(wrote) : 0;
  }
}

[[noreturn]] void be_the_child(const std::function<std::string()>& body, pid_t parent, int out,
                               const ChildLimits& limits) {
  ::setpgid(0, 0);
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != parent) {
    ::_exit(3);
  }
  place_limits(0, limits);
  write_all(out, body());
  ::_exit(0);
}

}  // namespace

sim::Result<ChildOutcome> run_program(const std::vector<std::string>& argv,
                                      const ChildLimits& limits) {
  sim::expect(!argv.empty(), "a program has a name");
  const Subreaper subreaper;
  Pipe out = make_pipe();
  Pipe err = make_pipe();
  pid_t pid = -1;
  const int code = spawn(argv, out.write.get(), err.write.get(), pid);
  if (code != 0) {
    return cannot_start(argv.front(), code);
  }
  place_limits(pid, limits);
  out.write.close();
  err.write.close();
  Watch watch{{.pid = pid, .out = std::move(out.read), .err = std::move(err.read)}, limits};
  return watch.finish();
}

sim::Result<ChildOutcome> run_forked(const std::function<std::string()>& body,
                                     const ChildLimits& limits) {
  const Subreaper subreaper;
  Pipe out = make_pipe();
  Pipe err = make_pipe();
  const pid_t parent = ::getpid();
  const pid_t pid = ::fork();
  if (pid < 0) {
    return cannot_start("a copy of this program", errno);
  }
  if (pid == 0) {
    be_the_child(body, parent, out.write.get(), limits);
  }
  ::setpgid(pid, pid);  // both sides do it: whoever comes first
  out.write.close();
  err.write.close();
  Watch watch{{.pid = pid, .out = std::move(out.read), .err = std::move(err.read)}, limits};
  return watch.finish();
}

std::string describe(const ChildOutcome& outcome) {
  switch (outcome.end) {
    case ChildEnd::out_of_time:
      return "took longer than its wall limit";
    case ChildEnd::given_up:
      return "given up on request";
    case ChildEnd::too_much_output:
      return "wrote too much output";
    case ChildEnd::signalled:
      return fmt::format("killed by signal {}", outcome.code);
    case ChildEnd::exited:
      break;
  }
  const std::string::size_type end = outcome.err.find_last_not_of('\n');
  const std::string::size_type line = end == std::string::npos ? 0 : outcome.err.rfind('\n', end);
  const std::string last =
      outcome.err.substr(line == std::string::npos ? 0 : line, end == std::string::npos ? 0 : 400);
  return fmt::format("exit code {}: {}", outcome.code, last);
}

std::uint64_t live_members(std::int32_t group) {
  std::uint64_t live = 0;
  std::error_code ignored;
  for (const auto& entry : std::filesystem::directory_iterator{"/proc", ignored}) {
    std::ifstream file{entry.path() / "stat"};
    std::string text;
    std::getline(file, text, '\0');  // to the end; a process that has just gone gives nothing
    const auto after_name = text.rfind(')');  // the name itself may hold anything
    if (after_name == std::string::npos) {
      continue;
    }
    std::istringstream fields{text.substr(after_name + 1)};
    char state = 'Z';
    std::int32_t parent = 0;
    std::int32_t process_group = 0;
    fields >> state >> parent >> process_group;
    live += (process_group == group && state != 'Z' && state != 'X') ? 1 : 0;
  }
  return live;
}

}  // namespace timeslice::validation
