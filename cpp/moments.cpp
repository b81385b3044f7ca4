#include "moments.hpp"

#include "simd.hpp"

namespace priorfit {
namespace {

// Two passes over a column that is in cache after the first.
template <class T>
PRIORFIT_INLINE void two_passes(const T* x, const double* w, std::size_t n,
                                                      double total, double& mean,
                                                      double& variance) {
  double sum = 0.0;
#pragma omp simd reduction(+ : sum)
  for (std::size_t i = 0; i < n; ++i) sum += w[i] * static_cast<double>(x[i]);
  const double guess = sum / total;
  double first = 0.0, second = 0.0;
#pragma omp simd reduction(+ : first, second)
  for (std::size_t i = 0; i < n; ++i) {
    const double away = static_cast<double>(x[i]) - guess;
    first += w[i] * away;
    second += w[i] * away * away;
  }
  const double shift = first / total;
  mean = guess + shift;
  variance = second / total - shift * shift;
  if (variance < 0.0) variance = 0.0;  // NaN stays
}

}  // namespace

PRIORFIT_CLONES void moments(const double* x, const double* w, std::size_t n, double total,
                             double& mean, double& variance) {
  two_passes(x, w, n, total, mean, variance);
}

PRIORFIT_CLONES void moments(const float* x, const double* w, std::size_t n, double total,
                             double& mean, double& variance) {
  two_passes(x, w, n, total, mean, variance);
}

}  // namespace priorfit
