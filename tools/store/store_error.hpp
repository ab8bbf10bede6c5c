// Why a database could not be used, and which exit code that is.
#pragma once

#include <string>
#include <utility>

#include "sim/result.hpp"

namespace timeslice::tools {

enum class StoreFault {
  unusable,   // not a database, another program's, newer than this program, damaged: exit 3
  bad_query,  // SQL that is wrong or not allowed, an unknown run: exit 2
  too_long,   // a query ran into its time limit: exit 1
  stopped,    // a query was interrupted (Ctrl-C): exit 130
  busy,       // another process writes and does not finish: exit 7
  no_room,    // the disk is full: exit 1
  read_only,  // no permission to write or read: exit 1
  failed,     // anything else: exit 1
};

struct StoreError {
  StoreFault fault = StoreFault::failed;
  sim::Error error;
};

[[nodiscard]] inline StoreError store_error(StoreFault fault, std::string where, std::string what,
                                            std::string advice) {
  return {
      .fault = fault,
      .error = {.where = std::move(where), .what = std::move(what), .advice = std::move(advice)}};
}

/// The exit code of the command-line contract.
[[nodiscard]] int exit_code(StoreFault fault);

}  // namespace timeslice::tools
