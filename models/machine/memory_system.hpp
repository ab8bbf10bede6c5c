// What a machine's caches and memory do when they are shared: the numbers beyond sizes.
//
// Zeros mean "nobody said": models/machine/memory_paths.hpp then takes the defaults that it names.
#pragma once

#include <array>
#include <cstdint>

#include "models/machine/coherence.hpp"
#include "models/units.hpp"
#include "sim/time.hpp"

namespace timeslice::models {

/// Classes of instructions that lower the clock.
enum class VectorClass : std::uint8_t { none, avx2, avx512 };

struct MemorySystem {
  sim::Duration saturated{};          // latency of the own node at its highest bandwidth
  sim::Duration near{};               // idle latency to another node of the same package
  BytesPerSecond bandwidth_near{};    // from one node to another's memory, same package
  BytesPerSecond bandwidth_remote{};  // the same, other package
  Bytes llc_usable{};                 // of each last-level cache; less than its size in a VM
  LineTransfer transfer{};
  std::array<double, 2> vector_clock{};  // clock under avx2 and avx512, relative; 0: not known

  // Effects, each with its switch.
  bool shares_bandwidth = true;
  bool shares_cache = true;
  bool contends_lines = true;
  bool cools_caches = true;  // data of threads that were moved or waited
};

}  // namespace timeslice::models
