// exp, log and log(1 + x) without branches, so that a loop over rows runs in the lanes of a
// register. Within 2 units in the last place of the true value; a law ties them to libm.
#pragma once

#include <cmath>
#include <cstdint>
#include <cstring>

#include "simd.hpp"

namespace priorfit {

PRIORFIT_INLINE std::uint64_t bits_of(double x) {
  std::uint64_t bits;
  std::memcpy(&bits, &x, sizeof bits);
  return bits;
}

PRIORFIT_INLINE double from_bits(std::uint64_t bits) {
  double x;
  std::memcpy(&x, &bits, sizeof x);
  return x;
}

// ln 2 in two parts; the first has so few digits that its product with an exponent is exact.
constexpr double ln2_high = 0x1.62e42feep-1, ln2_low = 0x1.a39ef35793c76p-33;

// 0 below -708 and infinite above 709, where the scale of a double ends.
PRIORFIT_INLINE double quick_exp(double x) {
  constexpr double low = -708.0, high = 709.0, log2e = 1.4426950408889634, whole = 0x1.8p52;
  const double inside = x < low ? low : (x > high ? high : x);
  const double shifted = inside * log2e + whole;  // its last bits are the nearest integer
  const double k = shifted - whole;
  const double r = (inside - k * ln2_high) - k * ln2_low;  // |r| <= ln 2 / 2
  double sum = 1.0 / 6227020800.0;                         // Taylor: 1 / 13!
  sum = sum * r + 1.0 / 479001600.0;
  sum = sum * r + 1.0 / 39916800.0;
  sum = sum * r + 1.0 / 3628800.0;
  sum = sum * r + 1.0 / 362880.0;
  sum = sum * r + 1.0 / 40320.0;
  sum = sum * r + 1.0 / 5040.0;
  sum = sum * r + 1.0 / 720.0;
  sum = sum * r + 1.0 / 120.0;
  sum = sum * r + 1.0 / 24.0;
  sum = sum * r + 1.0 / 6.0;
  sum = sum * r + 0.5;
  const double value = (r * r) * sum + r + 1.0;
  const double scaled = value * from_bits((bits_of(shifted) + 1023) << 52);
  return x < low ? 0.0 : (x > high ? HUGE_VAL : scaled);
}

// 2 atanh(s) = log((1 + s) / (1 - s)), |s| <= 0.2: its series.
PRIORFIT_INLINE double twice_atanh(double s) {
  const double z = s * s;
  double sum = 1.0 / 25.0;
  sum = sum * z + 1.0 / 23.0;
  sum = sum * z + 1.0 / 21.0;
  sum = sum * z + 1.0 / 19.0;
  sum = sum * z + 1.0 / 17.0;
  sum = sum * z + 1.0 / 15.0;
  sum = sum * z + 1.0 / 13.0;
  sum = sum * z + 1.0 / 11.0;
  sum = sum * z + 1.0 / 9.0;
  sum = sum * z + 1.0 / 7.0;
  sum = sum * z + 1.0 / 5.0;
  sum = sum * z + 1.0 / 3.0;
  return 2.0 * (s + s * (z * sum));
}

// log(1 + e) for e in [0, 1]: 1 + e, which would round, is never formed.
PRIORFIT_INLINE double quick_log1p(double e) {
  const bool upper = e > 0.5;  // then 1 + e = 2 (1 - (1 - e) / 2)
  const double s = (upper ? e - 1.0 : e) / (upper ? e + 3.0 : e + 2.0);
  return twice_atanh(s) + (upper ? 0.6931471805599453 : 0.0);
}

// log m for normal m > 0.
PRIORFIT_INLINE double quick_log(double m) {
  constexpr std::uint64_t one = 0x3ff0000000000000u, root_half = 0x3fe6a09e667f3bcdu;
  constexpr std::uint64_t whole = 0x4330000000000000u;  // 2^52
  const std::uint64_t bits = bits_of(m), exponent = (bits + (one - root_half)) >> 52;
  const double k = from_bits(whole | exponent) - (0x1p52 + 1023.0);
  const double f = from_bits(bits - (exponent << 52) + one) - 1.0;  // in [-0.3, 0.42)
  return k * ln2_high + (k * ln2_low + twice_atanh(f / (2.0 + f)));
}

}  // namespace priorfit
