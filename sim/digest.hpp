// One 64-bit fingerprint of a sequence: equal for equal sequences, different for all others but
// one in 2^64. Order matters. About 2 ns for four words. Not cryptographic.
//
// Works on integers, not on bytes in memory, so it is the same on big-endian machines.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "sim/wide.hpp"

namespace timeslice::sim {

class Digest {
 public:
  void add(std::uint64_t word) { state_ = fold(state_ ^ word, factor_a) + std::rotl(word, 32); }

  /// Four words at once: not the same as adding them one by one, and three times as fast.
  void add4(std::uint64_t a, std::uint64_t b, std::uint64_t c, std::uint64_t d) {
    const std::uint64_t left = fold(a ^ factor_b, b ^ factor_c) + a;
    const std::uint64_t right = fold(c ^ factor_d, d ^ factor_e) + std::rotl(c, 23);
    state_ = fold(state_ ^ left, factor_a) + right;
  }

  /// The text and its length.
  void add_text(std::string_view text) {
    add(text.size());
    for (std::size_t i = 0; i < text.size(); i += 8) {
      std::uint64_t word = 0;
      for (const char letter : text.substr(i, 8)) {
        word = (word << 8) | static_cast<unsigned char>(letter);
      }
      add(word);
    }
  }

  [[nodiscard]] std::uint64_t value() const { return fold(state_ ^ factor_e, factor_d) ^ state_; }

 private:
  // Odd, half of their bits set, without pattern: the first bits of the fractions of sqrt 2, 3, 5,
  // 7 and 11, made odd.
  static constexpr std::uint64_t factor_a = 0x6a09e667f3bcc909U;
  static constexpr std::uint64_t factor_b = 0xbb67ae8584caa73bU;
  static constexpr std::uint64_t factor_c = 0x3c6ef372fe94f82bU;
  static constexpr std::uint64_t factor_d = 0xa54ff53a5f1d36f1U;
  static constexpr std::uint64_t factor_e = 0x510e527fade682d1U;

  /// The product's two halves, folded: every bit of the result hangs on every bit of a and b.
  static std::uint64_t fold(std::uint64_t a, std::uint64_t b) {
    const Uint128 product = Uint128{a} * b;
    return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64);
  }

  std::uint64_t state_ = factor_c;
};

}  // namespace timeslice::sim
