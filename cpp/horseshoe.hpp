// A horseshoe's weights one by one, each together with its local scale.
#pragma once

#include <cmath>
#include <cstddef>

#include "simd.hpp"
#include "slice.hpp"

namespace priorfit {

// log r for b ~ normal(0, (scale r)^2) times exp(-still b^2 / 2), r half-Cauchy, with b integrated
// out of exp(pull b - curve b^2 / 2).
struct LocalScaleDensity {
  double scale, still, pull, curve;

  // The variance of b given r and the rows.
  double variance(double log_r) const {
    const double s = scale * std::exp(log_r), wide = s * s;
    return std::isinf(wide) ? 1.0 / (still + curve) : wide / (1.0 + wide * (still + curve));
  }

  double operator()(double log_r) const {
    const double r = std::exp(log_r), s = scale * r;
    return log_r - std::log1p(r * r) - 0.5 * std::log1p(s * s * (still + curve)) +
           0.5 * pull * pull * variance(log_r);
  }
};

// b (size) and precision = r^-2 (size - first) move, given rows of which G (size x size) and the
// pulls `along` are known: log density along'b - b'G b / 2.
inline void horseshoe_sweep(const double* gram, const double* along, std::size_t size,
                            std::size_t first, const double* scale, const double* still,
                            std::uint64_t seed, double* b, double* precision) {
  Uniforms uniform(seed);
  std::vector<double> rest(along, along + size);
  for (std::size_t k = 0; k < size; ++k) axpy(-b[k], gram + k * size, rest.data(), size);
  for (std::size_t k = first; k < size; ++k) {
    const std::size_t j = k - first;
    const double curve = gram[k * size + k], pull = rest[k] + curve * b[k];
    const LocalScaleDensity density{scale[j], still[j], pull, curve};
    const double before = -0.5 * std::log(precision[j]);
    const double log_r = Slice<LocalScaleDensity>(density, before, 3.0, uniform).draw(uniform);
    const double variance = density.variance(log_r);
    const double now = variance * pull + std::sqrt(variance) * normal(uniform);
    precision[j] = std::exp(-2.0 * log_r);
    axpy(b[k] - now, gram + k * size, rest.data(), size);
    b[k] = now;
  }
}

}  // namespace priorfit
