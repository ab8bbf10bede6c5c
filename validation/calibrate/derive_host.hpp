// From the samples of the host's probes to the costs and OS settings of a machine file.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "models/os/os_spec.hpp"
#include "validation/calibrate/finding.hpp"

namespace timeslice::validation {

/// What the system says about itself; read by host_facts().
struct HostFacts {
  std::string kernel;             // "6.18.44-generic"
  std::optional<bool> autogroup;  // nothing: it has none, or does not say
  std::string preemption;         // none, voluntary, full, lazy; empty: not readable
  bool siblings = false;          // the first two CPUs are hardware threads of one core
  std::string relation = "llc";   // of the first two CPUs, as `transfer` calls it
};

/// Reads them below `root` ("" is the real one: /proc/..., /sys/...).
[[nodiscard]] HostFacts host_facts(const std::string& root);

/// "linux-6.12" for a kernel's release: the newest preset that is not newer. Empty: none fits.
[[nodiscard]] std::string scheduler_of(const std::string& kernel);

/// What stands as the source of a value that follows from the kernel's release.
[[nodiscard]] std::string kernel_note(const std::string& kernel);

/// The gate of `os.balance.newidle_gate` that a kernel's release has; empty: not known.
[[nodiscard]] std::string newidle_gate_of(const std::string& kernel);

struct HostFindings {
  Findings findings;
  std::vector<std::string> warnings;  // what contradicts the topology
};

/// Costs, OS settings and observations. What has no samples is left out.
[[nodiscard]] HostFindings derive_host(const ProbeSamples& samples, const HostFacts& facts,
                                       const std::string& date);

}  // namespace timeslice::validation
