// Scheduling domains: the nested sets of CPUs between which Linux evens out load.
//
// From the machine's topology, bottom up: SMT siblings, the CPUs of a last-level cache, of a
// package, of several memory nodes. A domain is split into groups, the domains (or CPUs) below it.
// Levels that add nothing are left out, as the kernel does. Parameters: sd_init() and
// build_sched_domains() in kernel/sched/topology.c, 6.12. Built once, O(CPUs * levels).
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "models/machine/machine_spec.hpp"
#include "models/os/cpu_map.hpp"

namespace timeslice::models {

enum class DomainKind : std::uint8_t { smt, cache, package, numa };

struct Domain {
  DomainKind kind = DomainKind::cache;
  CpuRange span;                         // positions
  std::vector<CpuRange> groups;          // positions, ascending; together the span
  double imbalance_pct = 117.0;          // a group this much busier than another is worth relieving
  std::uint32_t cache_nice_tries = 1;    // failures before cache-hot threads move as well
  bool spreads_children = false;         // prefers one thread a group to several in one
  bool shares_cache = false;             // smt, cache
  bool far = false;                      // no placement and no newidle search over this distance
  std::uint32_t numa_imbalance_max = 0;  // running threads that may stay together; numa only

  [[nodiscard]] std::uint32_t weight() const { return span.size(); }
  [[nodiscard]] bool contains(std::uint32_t position) const {
    return position >= span.begin && position < span.end;
  }
};

class Domains {
 public:
  Domains(const CpuMap& map, const MachineSpec& machine);

  /// The domains that `position` is in, bottom up; indices for `at`.
  [[nodiscard]] std::span<const std::uint32_t> of(std::uint32_t position) const {
    return chains_[position];
  }
  [[nodiscard]] const Domain& at(std::uint32_t index) const { return domains_[index]; }
  [[nodiscard]] std::uint32_t count() const { return static_cast<std::uint32_t>(domains_.size()); }

 private:
  void append(const CpuMap& map, const MachineSpec& machine, std::uint32_t level, CpuRange span);

  std::vector<Domain> domains_;
  std::vector<std::vector<std::uint32_t>> chains_;  // by position
};

}  // namespace timeslice::models
