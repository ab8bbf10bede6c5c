// Regular machines: a few counts, expanded into the lists of a MachineSpec.
//
// "2 packages of 16 cores with 2 threads, an L3 for every 8 cores" is how people and machine files
// describe hardware; the simulator works on lists. Expanding costs one pass over the CPUs.
//
// Numbering. Cores: package by package, in each package kind by kind, in the order of `core_kinds`.
// CPUs: as Linux numbers them on most x86 servers: first the first thread of every core of every
// package, then the second thread of every core that has one, and so on. (Intel's hybrid laptops
// number siblings side by side instead; an imported topology keeps the numbers that it has.)
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "models/machine/machine_spec.hpp"
#include "models/units.hpp"
#include "sim/result.hpp"

namespace timeslice::models {

inline constexpr std::uint32_t max_cpus = 65'536;       // the format's limit
inline constexpr std::uint32_t max_threads_a_core = 8;  // POWER9's SMT8 is the widest built

/// Cores of one kind in every package.
struct RegularCoreKind {
  std::string name = "core";
  std::uint32_t count = 1;  // a package
  std::uint32_t smt = 1;    // hardware threads a core
  double speed = 1.0;       // relative to the fastest kind, which has 1
};

enum class CacheSharing { core, package, cores };

/// One level of cache. Every cache of the level is alike.
struct RegularCache {
  std::uint32_t level = 1;
  CacheSpec::Type type = CacheSpec::Type::data;
  Bytes size;  // of one cache, not their sum
  Bytes line{64};
  CacheSharing sharing = CacheSharing::core;
  std::uint32_t cores =
      1;  // with CacheSharing::cores: neighbours that share one; divides a package
};

struct RegularMachine {
  std::uint32_t packages = 1;
  std::vector<RegularCoreKind> core_kinds{RegularCoreKind{}};  // of one package
  std::vector<RegularCache> caches;
  std::uint32_t nodes_per_package = 1;  // memory nodes; divides the cores of a package
  Bytes memory;                         // of the whole machine, spread evenly; 0: not known
};

/// Fills packages, core_kinds, cores, cpus, caches and nodes; every other field keeps its default.
/// Cores share their last-level cache (`llc`) as the highest level says, or by package without one.
/// An error's `where` is the key at fault as machine files name it ("caches.l3").
[[nodiscard]] sim::Result<MachineSpec> build_regular(const RegularMachine& regular);

/// "ideal-N": `cores` cores of one thread, on which the operating system costs nothing.
/// Requires: 1 <= cores <= max_cpus.
[[nodiscard]] MachineSpec ideal_machine(std::uint32_t cores);

}  // namespace timeslice::models
