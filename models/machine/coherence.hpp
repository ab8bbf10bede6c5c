// A cache line that several cores write: an atomic counter, or two variables that share a line.
//
// The line is at one core at a time and travels to the next one, so operations on it form one
// queue: with n threads at it, each one's operation takes n t / k, t the mean transfer between
// them and k the operations that a core gets done before the line leaves it.
// The mean is over pairs of threads, by what the pair shares (core, LLC, package, nothing).
// Cost: O(1) a thread that comes or goes (models/os/shared_rates.cpp keeps the counts of pairs).
// Sources, ranges and errors: docs/models/coherence.md.
#pragma once

#include <array>
#include <cstdint>

namespace timeslice::models {

/// What two cores share, nearest first.
enum class Relation : std::uint8_t { core, llc, package, machine };
inline constexpr std::size_t relations = 4;

/// One way of a line between two cores, by relation. [ns]
/// Defaults: pairwise tables of 37 machines (nviennot/core-to-core-latency): siblings 7-8 ns;
/// same LLC 44-51 on Intel servers, 16-25 on AMD; other LLC of the package 80-150 (AMD); other
/// package 110-150 (Intel), 180-290 (AMD).
struct LineTransfer {
  std::array<double, relations> ns{8.0, 45.0, 90.0, 140.0};
  /// Atomic operations a transfer. Guess between what n t / k needs to meet fetch-add on one line:
  /// 1.7 (Ice Lake), 2 (Skylake), 5 (Graviton2), 7 (reference guest).
  double atomics = 2.5;
  /// Plain stores a transfer: they wait in the store buffer and merge. Guess: two threads on the
  /// guest take 3.0-5.8 ns a store at 58 ns one way.
  double stores = 20.0;
  /// Transfers that a lock costs who takes it and was not on the CPU of its last holder; 0: nobody
  /// gave transfers of this machine, so locks cost none.
  double locks = 0.0;

  bool operator==(const LineTransfer&) const = default;

  [[nodiscard]] double of(Relation relation) const {
    return ns[static_cast<std::size_t>(relation)];
  }
};

/// `locks` of a machine whose transfers are known. A contended std::mutex, threads taking turns,
/// over the one-way transfer of the same kind of core: 62.6 over 23.3 ns (Skylake client), 124
/// over 46.5 ns (Graviton2): T. Downs, concurrency hierarchy; core-to-core-latency. On the
/// reference guest, where holders take it again before it leaves, 0.6 to 0.8.
inline constexpr double lock_transfers = 2.7;

/// An uncontended atomic operation. Measured on the reference guest: 5.4-6.3 ns.
inline constexpr double atomic_alone_ns = 5.9;
/// An ordinary store that hits its own L1 cache. Measured: 0.27-0.37 ns.
inline constexpr double store_alone_ns = 0.33;
/// How many pairs of threads have each relation.
using PairCounts = std::array<double, relations>;

/// Mean transfer over all pairs; that of the LLC if there are none.
[[nodiscard]] constexpr double mean_transfer_ns(const PairCounts& pairs, const LineTransfer& line) {
  double sum = 0.0;
  double count = 0.0;
  for (std::size_t i = 0; i < relations; ++i) {
    sum += pairs[i] * line.ns[i];
    count += pairs[i];
  }
  return count > 0.0 ? sum / count : line.of(Relation::llc);
}

/// One operation of one of `threads` threads. `alone`: without the others.
[[nodiscard]] constexpr double contended_ns(double threads, double transfer, double alone) {
  const double queue = threads * transfer;
  return threads < 2.0 || queue < alone ? alone : queue;
}

}  // namespace timeslice::models
