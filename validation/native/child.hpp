// Runs something in a process group of its own, within limits, and leaves nothing running.
//
// For programs by argument vector (never through a shell) and for functions in a forked copy of
// this process. The group is killed at the wall limit, on request, and in any case at the end, and
// every member is waited for: this process is their subreaper meanwhile. If this process dies, the
// kernel kills the child. Requires: the calling thread lives until the call returns, and no other
// thread of this process waits for children. Costs a fork or a posix_spawn.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "sim/result.hpp"
#include "sim/time.hpp"

namespace timeslice::validation {

struct ChildLimits {
  std::uint64_t address_space_bytes = 16ULL << 30;  // a process; 256 thread stacks are 2 GiB
  std::uint64_t file_bytes = 64ULL << 20;
  std::uint64_t cpu_seconds = 600;  // a process
  sim::Duration wall = std::chrono::seconds{120};
  std::uint64_t output_bytes = 256ULL << 20;           // more on stdout ends the child
  std::function<bool()> give_up;                       // polled every 20 ms
  std::function<void(std::int32_t group)> on_start{};  // once it runs
};

enum class ChildEnd { exited, signalled, out_of_time, given_up, too_much_output };

struct ChildOutcome {
  ChildEnd end = ChildEnd::exited;
  int code = 0;            // exit code, or the signal
  std::string out;         // what it wrote to stdout
  std::string err;         // to stderr: the last 8 KiB
  sim::Duration cpu{};     // of all members of the group together
  std::int32_t group = 0;  // id of the process group: nobody is left in it

  [[nodiscard]] bool succeeded() const { return end == ChildEnd::exited && code == 0; }
};

/// Starts `argv[0]` (a path, not looked up) with a minimal environment.
/// Requires: argv is not empty. The program asks the kernel itself to be killed with its parent.
[[nodiscard]] sim::Result<ChildOutcome> run_program(const std::vector<std::string>& argv,
                                                    const ChildLimits& limits);

/// Calls `body` in a forked copy of this process; what it returns becomes `out`.
[[nodiscard]] sim::Result<ChildOutcome> run_forked(const std::function<std::string()>& body,
                                                   const ChildLimits& limits);

/// One line why it did not succeed: "killed by signal 9", "exit code 1: ...".
[[nodiscard]] std::string describe(const ChildOutcome& outcome);

/// Number of live (not zombie) processes in `group`.
[[nodiscard]] std::uint64_t live_members(std::int32_t group);

}  // namespace timeslice::validation
