#include "simd.hpp"

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

}  // namespace priorfit
