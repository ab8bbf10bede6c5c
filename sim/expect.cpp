#include "sim/expect.hpp"

#include <cstdlib>
#include <iostream>

namespace timeslice::sim {

void fail_expectation(std::string_view rule, const std::source_location& where) {
  std::cerr << "timeslice: broken rule: " << rule << " (" << where.file_name() << ':'
            << where.line() << ", " << where.function_name() << ")\n";
  std::abort();
}

}  // namespace timeslice::sim
