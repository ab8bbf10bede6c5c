// The exit codes of the program: a contract with scripts. 4 wins over 5 when both hold.
#pragma once

namespace timeslice::tools {

enum class ExitCode {
  done = 0,
  unexpected = 1,      // full disk, a bug
  usage = 2,           // the command line is wrong
  invalid_input = 3,   // a scenario, machine, settings file or database is invalid
  program_failed = 4,  // the simulated or measured program: deadlock, timeout
  gate_failed = 5,     // a claim is false, a tolerance exceeded
  cannot = 6,          // this machine cannot do that: no Python, no permission, too noisy
  busy = 7,            // locked by another process
  interrupted = 130    // Ctrl-C; can be resumed
};

/// The worse of two outcomes of one command over several files.
[[nodiscard]] constexpr ExitCode worse(ExitCode a, ExitCode b) {
  const auto rank = [](ExitCode code) {
    switch (code) {
      case ExitCode::done:
        return 0;
      case ExitCode::gate_failed:
        return 1;
      case ExitCode::program_failed:
        return 2;
      case ExitCode::cannot:
        return 3;
      case ExitCode::invalid_input:
        return 4;
      case ExitCode::usage:
        return 5;
      case ExitCode::busy:
        return 6;
      case ExitCode::unexpected:
        return 7;
      case ExitCode::interrupted:
        return 8;
    }
    return 7;
  };
  return rank(a) >= rank(b) ? a : b;
}

}  // namespace timeslice::tools
