#include "moments.hpp"

#include "simd.hpp"

namespace priorfit {
namespace {

// Two passes over a column that is in cache after the first.
template <class T>
PRIORFIT_INLINE Moments two_passes(const T* x, const double* w, const double* r, std::size_t n,
                                   double total) {
  double sum = 0.0;
#pragma omp simd reduction(+ : sum)
  for (std::size_t i = 0; i < n; ++i) sum += w[i] * static_cast<double>(x[i]);
  const double guess = sum / total;
  double first = 0.0, second = 0.0, along = 0.0, level = 0.0;
#pragma omp simd reduction(+ : first, second, along, level)
  for (std::size_t i = 0; i < n; ++i) {
    const double away = static_cast<double>(x[i]) - guess;
    first += w[i] * away;
    second += w[i] * away * away;
    along += r[i] * away;
    level += r[i];
  }
  const double shift = first / total, variance = second / total - shift * shift;
  return {guess + shift, variance < 0.0 ? 0.0 : variance, along - shift * level};  // NaN stays
}

}  // namespace

PRIORFIT_CLONES Moments moments(const double* x, const double* w, const double* r, std::size_t n,
                                double total) {
  return two_passes(x, w, r, n, total);
}

PRIORFIT_CLONES Moments moments(const float* x, const double* w, const double* r, std::size_t n,
                                double total) {
  return two_passes(x, w, r, n, total);
}

}  // namespace priorfit
