// Whose a folder or a block of shared memory is, by its name, and whether that process is gone:
// what killed runs leave behind can be found and removed. Cost: a system call.
#pragma once

#include <string_view>

#include <sys/types.h>

namespace timeslice::validation {

/// The process that made a thing called "PREFIX<process>-..."; 0: it is none of ours.
[[nodiscard]] pid_t maker_of(std::string_view name, std::string_view prefix);

/// Whether no process has that number.
[[nodiscard]] bool is_dead(pid_t process);

}  // namespace timeslice::validation
