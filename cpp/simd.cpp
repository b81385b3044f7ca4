#include "simd.hpp"

#include <cmath>

namespace priorfit {

// Four independent accumulators of one AVX-512 register each: the loop is bound by loads, not by
// the latency of the addition. The order of summation is fixed, hence the bits are reproducible.
PRIORFIT_CLONES double dot(const double* a, const double* b, std::size_t n) {
  constexpr std::size_t lanes = 8, unroll = 4;
  double sums[unroll][lanes] = {};
  std::size_t i = 0;
  for (; i + lanes * unroll <= n; i += lanes * unroll)
    for (std::size_t u = 0; u < unroll; ++u)
      for (std::size_t k = 0; k < lanes; ++k)
        sums[u][k] += a[i + u * lanes + k] * b[i + u * lanes + k];
  double tail = 0.0;
  for (; i < n; ++i) tail += a[i] * b[i];
  double total = 0.0;
  for (std::size_t k = 0; k < lanes; ++k)
    total += (sums[0][k] + sums[1][k]) + (sums[2][k] + sums[3][k]);
  return total + tail;
}

PRIORFIT_CLONES void axpy(double c, const double* x, double* y, std::size_t n) {
#pragma omp simd
  for (std::size_t i = 0; i < n; ++i) y[i] += c * x[i];
}

PRIORFIT_CLONES double count_reaching(const double* now, const double* before, double f,
                                      double edge, const double* l1, const double* free,
                                      std::size_t p) {
  double count = 0.0;
#pragma omp simd reduction(+ : count)
  for (std::size_t j = 0; j < p; ++j) {
    const double there = std::fabs(now[j] + f * (now[j] - before[j]));
    count += there >= edge * l1[j] ? free[j] : 0.0;
  }
  return count;
}

PRIORFIT_CLONES double raise_excess(const double* const* x, const double* share, double rest,
                                    const double* norm, double size, const double* away, double s,
                                    const double* l1, std::size_t p, double* most) {
  const double *x0 = x[0], *x1 = x[1], *x2 = x[2];
  const double a = share[0], b = share[1], c = share[2];
  double count = 0.0;
#pragma omp simd reduction(+ : count)
  for (std::size_t j = 0; j < p; ++j) {
    const double estimate = a * x0[j] + b * x1[j] + c * x2[j];
    const double excess = std::fabs(estimate) + rest * norm[j] + size * away[j] - s * l1[j];
    count += excess > 0.0 ? 1.0 : 0.0;
    most[j] = excess > most[j] ? excess : most[j];
  }
  return count;
}

}  // namespace priorfit
