// The host a batch ran on: what somebody needs to judge, months later, where numbers came from.
//
// Cost: reads three small files and runs nothing, except `python_version`, which starts Python
// once.
#pragma once

#include <cstdint>
#include <string>

namespace timeslice::tools {

struct HostInfo {
  std::string name = {};   // the node's name
  std::string kernel;      // "Linux 6.1.0-18-amd64"
  std::string cpu_model;   // "AMD EPYC 7B13", or "unknown"
  std::uint32_t cpus = 0;  // CPUs that this process may use
  std::int64_t memory_bytes = 0;
  std::string python;  // "3.11.2", or "" where it was not asked for or is not there
};

/// This host, without Python.
[[nodiscard]] HostInfo host_info();

/// The version that `executable` reports ("3.11.2"), or "" if it cannot be run. Takes ~15 ms.
[[nodiscard]] std::string python_version(const std::string& executable);

/// Now, as UTC in ISO 8601 with seconds: "2025-01-31T09:30:00Z".
[[nodiscard]] std::string utc_now();

}  // namespace timeslice::tools
