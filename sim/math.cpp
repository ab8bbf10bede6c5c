#include "sim/math.hpp"

#include <array>
#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <span>

#include "sim/expect.hpp"

namespace timeslice::sim {

namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr double not_a_number = std::numeric_limits<double>::quiet_NaN();

constexpr double sqrt_2 = 0x1.6a09e667f3bcdp+0;
// ln 2 in two parts: the first has 21 zero bits at its end, so that k * ln2_high is exact for
// every exponent k of a double; the second is the rest.
constexpr double ln2_high = 0x1.62e42fee00000p-1;
constexpr double ln2_low = 0x1.a39ef35793c76p-33;
constexpr double log2_e = 0x1.71547652b82fep+0;

constexpr int mantissa_bits = 52;
constexpr int exponent_bias = 1023;

/// c[0] + c[1] x + c[2] x^2 + ..., by Horner's rule.
constexpr double polynomial(double x, std::span<const double> c) {
  double sum = 0.0;
  for (std::size_t i = c.size(); i > 0; --i) {
    sum = sum * x + c[i - 1];
  }
  return sum;
}

/// 2^k. Requires: -1022 <= k <= 1023.
double two_to(int k) {
  return std::bit_cast<double>(static_cast<std::uint64_t>(k + exponent_bias) << mantissa_bits);
}

/// A positive number as m * 2^k with sqrt(1/2) <= m < sqrt(2).
struct Split {
  double m;
  int k;
};

Split split(double x) {
  int k = 0;
  if (x < std::numeric_limits<double>::min()) {
    x *= 0x1p54;  // makes a subnormal number normal
    k = -54;
  }
  auto bits = std::bit_cast<std::uint64_t>(x);
  k += static_cast<int>(bits >> mantissa_bits) - exponent_bias;
  bits &= (std::uint64_t{1} << mantissa_bits) - 1;
  bits |= static_cast<std::uint64_t>(exponent_bias) << mantissa_bits;
  const auto m = std::bit_cast<double>(bits);
  return m >= sqrt_2 ? Split{.m = m / 2, .k = k + 1} : Split{.m = m, .k = k};
}

// log(1+f) = 2 atanh(s), s = f/(2+f), is 2s + s R with R = 2/3 z + 2/5 z^2 + ... and z = s^2 below
// 0.0295; the terms after the twelfth are below 1e-19.
constexpr std::array<double, 12> atanh_series{
    2.0 / 3,  2.0 / 5,  2.0 / 7,  2.0 / 9,  2.0 / 11, 2.0 / 13,
    2.0 / 15, 2.0 / 17, 2.0 / 19, 2.0 / 21, 2.0 / 23, 2.0 / 25};

// (e^r - 1 - r) / r^2 for |r| <= ln(2)/2; the terms after the thirteenth are below 1e-18.
constexpr std::array<double, 13> exp_series{
    1.0 / 2,        1.0 / 6,         1.0 / 24,         1.0 / 120,        1.0 / 720,
    1.0 / 5040,     1.0 / 40320,     1.0 / 362880,     1.0 / 3628800,    1.0 / 39916800,
    1.0 / 479001600, 1.0 / 6227020800, 1.0 / 87178291200};

}  // namespace

double log(double x) {
  if (!(x > 0.0)) {
    return x == 0.0 ? -infinity : not_a_number;
  }
  if (x == infinity) {
    return infinity;
  }
  const Split part = split(x);
  const double f = part.m - 1.0;  // exact
  const double s = f / (2.0 + f);
  const double z = s * s;
  const double r = z * polynomial(z, atanh_series);
  // 2s = f - f^2/2 + s f^2/2: the large part f stays exact until the last addition.
  const double half_square = 0.5 * f * f;
  const auto k = static_cast<double>(part.k);
  return k * ln2_high - ((half_square - (s * (half_square + r) + k * ln2_low)) - f);
}

double exp(double x) {
  if (x != x || x == infinity) {
    return x;
  }
  if (x > 709.8) {
    return infinity;
  }
  if (x < -745.2) {
    return 0.0;
  }
  const double scaled = x * log2_e;
  const int k = static_cast<int>(scaled + (scaled < 0 ? -0.5 : 0.5));
  const auto whole = static_cast<double>(k);
  const double high = x - whole * ln2_high;  // exact
  const double low = whole * ln2_low;
  const double r = high - low;
  const double value = 1.0 + (high + (r * r * polynomial(r, exp_series) - low));
  // In two factors, since 2^k alone may be out of range.
  return value * two_to(k / 2) * two_to(k - k / 2);
}

double pow(double x, double y) {
  if (y == 0.0 || x == 1.0) {
    return 1.0;
  }
  if (x < 0.0) {
    return not_a_number;
  }
  if (x == 0.0) {
    return y > 0.0 ? 0.0 : infinity;
  }
  return y == 1.0 ? x : exp(y * log(x));
}

