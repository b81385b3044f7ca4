// Polya-Gamma numbers: the precisions that make logistic rows gaussian.
#pragma once

#include <cmath>
#include <cstddef>

#include "slice.hpp"

namespace priorfit {

// PG(1, z) = J / 4 for the variable J of Devroye (2009) tilted by |z| / 2: proposals from the two
// pieces that meet at `cut`, accepted by the alternating series of the density (Polson, Scott &
// Windle 2013, JASA 108, supplement).
class PolyaGamma {
 public:
  explicit PolyaGamma(double z) : z_(0.5 * std::fabs(z)), rate_(0.125 * pi * pi + 0.5 * z_ * z_) {
    const double right = 0.5 * pi / rate_ * std::exp(-rate_ * cut);
    share_ = right / (right + 2.0 * left_mass());
  }

  double operator()(Uniforms& uniform) const {
    for (;;) {
      const double x = uniform() < share_ ? cut + exponential(uniform) / rate_ : left(uniform);
      double sum = term(0, x);
      const double level = uniform() * sum;
      for (int n = 1;; ++n) {
        if (n % 2) {
          sum -= term(n, x);
          if (level <= sum) return 0.25 * x;
        } else {
          sum += term(n, x);
          if (level > sum) break;
        }
      }
    }
  }

 private:
  static constexpr double pi = 3.14159265358979323846, cut = 0.64;

  static double below(double x) { return 0.5 * std::erfc(-x / std::sqrt(2.0)); }

  // e^-z P(inverse gaussian(1 / z, 1) < cut)
  double left_mass() const {
    const double root = std::sqrt(1.0 / cut);
    const double far = z_ < 50.0 ? std::exp(z_) * below(-root * (cut * z_ + 1.0)) : 0.0;
    return std::exp(-z_) * below(root * (cut * z_ - 1.0)) + far;
  }

  static double term(int n, double x) {
    const double k = n + 0.5;
    if (x > cut) return pi * k * std::exp(-0.5 * k * k * pi * pi * x);
    return pi * k * std::pow(2.0 / (pi * x), 1.5) * std::exp(-2.0 * k * k / x);
  }

  // An inverse gaussian(1 / z, 1) below the cut.
  double left(Uniforms& uniform) const {
    if (z_ * cut < 1.0) {
      for (;;) {
        double e, other;
        do {
          e = exponential(uniform);
          other = exponential(uniform);
        } while (e * e > 2.0 * other / cut);
        const double x = cut / ((1.0 + cut * e) * (1.0 + cut * e));
        if (uniform() <= std::exp(-0.5 * z_ * z_ * x)) return x;
      }
    }
    const double mean = 1.0 / z_;
    for (;;) {
      const double v = normal(uniform), y = v * v;
      const double q = mean * y;
      double x = mean * 2.0 / (2.0 + q + std::sqrt(q * (q + 4.0)));
      if (uniform() * (mean + x) > mean) x = mean * (mean / x);
      if (x <= cut) return x;
    }
  }

  double z_, rate_, share_;
};

// omega_i = PG(counts_i, z_i), counts_i a whole number.
inline void polya_gamma(const double* counts, const double* z, std::size_t n, std::uint64_t seed,
                        double* omega) {
  Uniforms uniform(seed);
  for (std::size_t i = 0; i < n; ++i) {
    const PolyaGamma one(z[i]);
    omega[i] = 0.0;
    for (long k = std::lround(counts[i]); k > 0; --k) omega[i] += one(uniform);
  }
}

}  // namespace priorfit
