// What a Python executable is: its version, and whether it was built without a GIL.
#pragma once

#include <functional>
#include <string>

#include "sim/result.hpp"

namespace timeslice::validation {

struct Interpreter {
  std::string path;
  std::string line;            // "3.11": what `runtime.python` takes
  std::string version;         // "3.11.2"
  bool free_threaded = false;  // sysconfig's Py_GIL_DISABLED
};

/// Starts it and asks. Errors: it cannot be started, is no CPython, or does not answer within 20 s.
[[nodiscard]] sim::Result<Interpreter> ask_interpreter(const std::string& path,
                                                       const std::function<bool()>& give_up = {});

}  // namespace timeslice::validation
