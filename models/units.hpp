// Units of the simulated world besides time: bytes and frequencies as strong types.
#pragma once

#include <compare>
#include <cstdint>

namespace timeslice::models {

/// An amount of memory or data, in bytes.
struct Bytes {
  std::int64_t count = 0;

  auto operator<=>(const Bytes&) const = default;
};

/// A page of memory on every machine that is modelled.
inline constexpr std::int64_t page_bytes = 4096;

/// A frequency, in hertz.
struct Hertz {
  double per_second = 0.0;

  auto operator<=>(const Hertz&) const = default;
};

/// A data rate, in bytes a second.
struct BytesPerSecond {
  double per_second = 0.0;

  auto operator<=>(const BytesPerSecond&) const = default;
};

constexpr Bytes operator+(Bytes a, Bytes b) {
  return Bytes{a.count + b.count};
}

}  // namespace timeslice::models
