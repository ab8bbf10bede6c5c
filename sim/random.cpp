#include "sim/random.hpp"

#include <Random123/philox.h>

#include "sim/expect.hpp"
#include "sim/math.hpp"
#include "sim/wide.hpp"

namespace timeslice::sim {

namespace {

constexpr double two_to_minus_53 = 1.0 / 9007199254740992.0;

/// Uniform in (0, 1): the middles of 2^53 equal parts, so that neither log(u) nor log(1-u) ends.
double open_uniform(std::uint64_t bits) {
  return (static_cast<double>(bits >> 11) + 0.5) * two_to_minus_53;
}

/// Bijective mix of 64 bits: the finaliser of SplitMix64 (Steele, Lea, Flood, OOPSLA 2014).
constexpr std::uint64_t mix(std::uint64_t x) {
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9U;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebU;
  return x ^ (x >> 31);
}

}  // namespace

std::array<std::uint32_t, 4> philox4x32_10(const std::array<std::uint32_t, 4>& counter,
                                           const std::array<std::uint32_t, 2>& key) {
  const r123::Philox4x32::ctr_type in{{counter[0], counter[1], counter[2], counter[3]}};
  const r123::Philox4x32::key_type secret{{key[0], key[1]}};
  const r123::Philox4x32::ctr_type out = r123::Philox4x32{}(in, secret);
  return {out[0], out[1], out[2], out[3]};
}

std::uint64_t Random::bits(const DrawKey& key) const {
  const auto words =
      philox4x32_10({key.task, key.item, key.step, key.count},
                    {static_cast<std::uint32_t>(seed_), static_cast<std::uint32_t>(seed_ >> 32)});
  return (std::uint64_t{words[1]} << 32) | words[0];
}

double Random::uniform(const DrawKey& key) const {
  return static_cast<double>(bits(key) >> 11) * two_to_minus_53;
}

double Random::normal(const DrawKey& key) const {
  return normal_quantile(open_uniform(bits(key)));
}

double Random::exponential(const DrawKey& key) const {
  return -log(open_uniform(bits(key)));
}

std::uint64_t Random::below(const DrawKey& key, std::uint64_t n) const {
  expect(n > 0, "a choice needs at least one alternative");
  return static_cast<std::uint64_t>((Uint128{bits(key)} * n) >> 64);
}

std::uint64_t hash_seed(std::uint64_t seed, std::uint64_t repetition) {
  constexpr std::uint64_t golden = 0x9e3779b97f4a7c15U;  // 2^64 over the golden ratio
  return mix(mix(seed + golden) + (repetition + 1) * golden);
}

std::uint64_t hash_name(std::string_view name) {
  std::uint64_t hash = 0xcbf29ce484222325U;
  for (const char letter : name) {
    hash = (hash ^ static_cast<unsigned char>(letter)) * 0x100000001b3U;
  }
  return mix(hash);
}

std::uint32_t hash_name32(std::string_view name) {
  return static_cast<std::uint32_t>(hash_name(name) >> 32);
}

}  // namespace timeslice::sim
