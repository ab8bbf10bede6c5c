#include "validation/native/interpreter.hpp"

#include <sstream>

#include "validation/native/child.hpp"

namespace timeslice::validation {

namespace {

constexpr const char* question =
    "import platform, sys, sysconfig\n"
    "print(platform.python_implementation(), '%d.%d' % sys.version_info[:2],\n"
    "      '%d.%d.%d' % sys.version_info[:3],\n"
    "      int(bool(sysconfig.get_config_var('Py_GIL_DISABLED'))))\n";

}  // namespace

sim::Result<Interpreter> ask_interpreter(const std::string& path,
                                         const std::function<bool()>& give_up) {
  ChildLimits limits;
  limits.wall = std::chrono::seconds{20};
  limits.output_bytes = 4096;
  limits.give_up = give_up;
  const auto outcome = run_program({path, "-I", "-B", "-c", question}, limits);
  if (!outcome) {
    return outcome.error();
  }
  const sim::Error none{.where = path,
                        .what = "is no CPython that answers",
                        .advice = "name a Python with --python EXE"};
  if (!outcome.value().succeeded()) {
    return none;
  }
  std::istringstream answer{outcome.value().out};
  std::string implementation;
  Interpreter found{.path = path, .line = {}, .version = {}};
  int free_threaded = 0;
  answer >> implementation >> found.line >> found.version >> free_threaded;
  found.free_threaded = free_threaded != 0;
  if (!answer || implementation != "CPython") {
    return none;
  }
  return found;
}

}  // namespace timeslice::validation
