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
constexpr std::array<double, 12> atanh_series{2.0 / 3,  2.0 / 5,  2.0 / 7,  2.0 / 9,
                                              2.0 / 11, 2.0 / 13, 2.0 / 15, 2.0 / 17,
                                              2.0 / 19, 2.0 / 21, 2.0 / 23, 2.0 / 25};

// (e^r - 1 - r) / r^2 for |r| <= ln(2)/2; the terms after the thirteenth are below 1e-18.
constexpr std::array<double, 13> exp_series{
    1.0 / 2,         1.0 / 6,          1.0 / 24,         1.0 / 120,     1.0 / 720,
    1.0 / 5040,      1.0 / 40320,      1.0 / 362880,     1.0 / 3628800, 1.0 / 39916800,
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

namespace {

// Rational approximations of the normal quantile: M. J. Wichura, "Algorithm AS 241: the percentage
// points of the normal distribution", Applied Statistics 37(3), 1988, routine PPND16. The first is
// for |p - 1/2| <= 0.425, the second for p down to e^-25, the third below that.
constexpr std::array<double, 8> centre_above{3.3871328727963666080e+0, 1.3314166789178437745e+2,
                                             1.9715909503065514427e+3, 1.3731693765509461125e+4,
                                             4.5921953931549871457e+4, 6.7265770927008700853e+4,
                                             3.3430575583588128105e+4, 2.5090809287301226727e+3};
constexpr std::array<double, 8> centre_below{1.0,
                                             4.2313330701600911252e+1,
                                             6.8718700749205790830e+2,
                                             5.3941960214247511077e+3,
                                             2.1213794301586595867e+4,
                                             3.9307895800092710610e+4,
                                             2.8729085735721942674e+4,
                                             5.2264952788528545610e+3};
constexpr std::array<double, 8> tail_above{1.42343711074968357734e+0, 4.63033784615654529590e+0,
                                           5.76949722146069140550e+0, 3.64784832476320460504e+0,
                                           1.27045825245236838258e+0, 2.41780725177450611770e-1,
                                           2.27238449892691845833e-2, 7.74545014278341407640e-4};
constexpr std::array<double, 8> tail_below{1.0,
                                           2.05319162663775882187e+0,
                                           1.67638483018380384940e+0,
                                           6.89767334985100004550e-1,
                                           1.48103976427480074590e-1,
                                           1.51986665636164571966e-2,
                                           5.47593808499534494600e-4,
                                           1.05075007164441684324e-9};
constexpr std::array<double, 8> far_above{6.65790464350110377720e+0, 5.46378491116411436990e+0,
                                          1.78482653991729133580e+0, 2.96560571828504891230e-1,
                                          2.65321895265761230930e-2, 1.24266094738807843860e-3,
                                          2.71155556874348757815e-5, 2.01033439929228813265e-7};
constexpr std::array<double, 8> far_below{1.0,
                                          5.99832206555887937690e-1,
                                          1.36929880922735805310e-1,
                                          1.48753612908506148525e-2,
                                          7.86869131145613259100e-4,
                                          1.84631831751005468180e-5,
                                          1.42151175831644588870e-7,
                                          2.04426310338993978564e-15};

double ratio(double x, std::span<const double> above, std::span<const double> below) {
  return polynomial(x, above) / polynomial(x, below);
}

}  // namespace

double normal_quantile(double p) {
  expect(p > 0.0 && p < 1.0, "a quantile belongs to a probability between 0 and 1");
  const double q = p - 0.5;
  if (q >= -0.425 && q <= 0.425) {
    return q * ratio(0.180625 - q * q, centre_above, centre_below);
  }
  const double r = std::sqrt(-log(q < 0 ? p : 1.0 - p));
  const double z =
      r <= 5.0 ? ratio(r - 1.6, tail_above, tail_below) : ratio(r - 5.0, far_above, far_below);
  return q < 0 ? -z : z;
}

}  // namespace timeslice::sim
