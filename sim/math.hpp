// Functions whose every bit is the same on every machine, compiler and optimisation level.
//
// libm is not: glibc picks variants by CPU, and they differ in the last bit. These use only
// + - * / and sqrt, which IEEE 754 fixes, and are compiled without fused multiply-add.
#pragma once

namespace timeslice::sim {

/// Natural logarithm; relative error below 5e-16. log(0) is -infinity, of a negative number NaN.
[[nodiscard]] double log(double x);

/// e to the x; relative error below 5e-16 where the result is a normal number. Overflows to
/// infinity, underflows to 0 through the subnormal numbers.
[[nodiscard]] double exp(double x);

/// x to the y for x >= 0; NaN for x < 0. Relative error below (3 + |y log x|) * 3e-16, exact for
/// y = 0, 1 and for x = 0, 1.
[[nodiscard]] double pow(double x, double y);

/// The z with P(standard normal < z) = p; relative error below 1e-14. Requires: 0 < p < 1.
[[nodiscard]] double normal_quantile(double p);

}  // namespace timeslice::sim
