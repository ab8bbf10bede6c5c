#include "validation/native/leftovers.hpp"

#include <cerrno>
#include <charconv>
#include <system_error>

#include <signal.h>  // NOLINT(modernize-deprecated-headers): kill is POSIX

namespace timeslice::validation {

pid_t maker_of(std::string_view name, std::string_view prefix) {
  if (!name.starts_with(prefix)) {
    return 0;
  }
  name.remove_prefix(prefix.size());
  pid_t maker = 0;
  const auto [end, problem] = std::from_chars(name.begin(), name.end(), maker);
  const bool ours = problem == std::errc{} && end != name.end() && *end == '-' && maker > 0;
  return ours ? maker : 0;
}

bool is_dead(pid_t process) {
  return ::kill(process, 0) != 0 && errno == ESRCH;
}

}  // namespace timeslice::validation
