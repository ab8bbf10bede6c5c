// Chance as a pure function: a draw depends on the seed of the run and on who draws, nothing else.
//
// There is no stream and no state: two designs that are compared see identical draws for the same
// task, item, step and count, whatever else happens in between, in any order, on any thread.
// Philox4x32-10 (Salmon, Moraes, Dror, Shaw: "Parallel random numbers: as easy as 1, 2, 3",
// SC 2011). A draw of bits costs about 12 ns, an exponential or normal one about 30 ns.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace timeslice::sim {

/// Who draws: the 128-bit counter of the generator. Equal keys give equal draws.
struct DrawKey {
  std::uint32_t task = 0;
  std::uint32_t item = 0;
  std::uint32_t step = 0;
  std::uint32_t count = 0;
};

class Random {
 public:
  explicit Random(std::uint64_t run_seed) : seed_{run_seed} {}

  /// 64 random bits.
  [[nodiscard]] std::uint64_t bits(const DrawKey& key) const;
  /// Uniform in [0, 1), a multiple of 2^-53.
  [[nodiscard]] double uniform(const DrawKey& key) const;
  /// Mean 0, standard deviation 1.
  [[nodiscard]] double normal(const DrawKey& key) const;
  /// Mean 1; never 0, at most about 37.4 (53 bits).
  [[nodiscard]] double exponential(const DrawKey& key) const;
  /// Uniform in 0 .. n-1; the bias is below n / 2^64. Requires: n > 0.
  [[nodiscard]] std::uint64_t below(const DrawKey& key, std::uint64_t n) const;

  [[nodiscard]] std::uint64_t seed() const { return seed_; }

 private:
  std::uint64_t seed_;
};

/// The generator itself: four words from a counter and a key. For tests against known answers.
[[nodiscard]] std::array<std::uint32_t, 4> philox4x32_10(
    const std::array<std::uint32_t, 4>& counter, const std::array<std::uint32_t, 2>& key);

/// The seed of one repetition of a run, unrelated to those of the others.
[[nodiscard]] std::uint64_t hash_seed(std::uint64_t seed, std::uint64_t repetition);

/// A fingerprint of a name (FNV-1a, then mixed): equal on all machines, for keys and seeds.
[[nodiscard]] std::uint64_t hash_name(std::string_view name);
/// The upper half of hash_name(), for a field of a DrawKey.
[[nodiscard]] std::uint32_t hash_name32(std::string_view name);

}  // namespace timeslice::sim
