#include "losses.hpp"

#include <cmath>

#include "elementary.hpp"
#include "simd.hpp"

namespace priorfit {
namespace {

PRIORFIT_INLINE double xlogx(double m) {
  const double value = m * quick_log(m);
  return m > 1e-300 ? value : 0.0;
}

}  // namespace

// Small tails are computed as such, not as 1 - (1 - x).
PRIORFIT_CLONES double Bernoulli::evaluate(std::size_t n, const double* y, const double* w,
                                           const double* eta, double* theta, double* h,
                                           double& largest) {
  double sum = 0.0, most = 0.0;
#pragma omp simd reduction(+ : sum) reduction(max : most)
  for (std::size_t i = 0; i < n; ++i) {
    const double e = quick_exp(-std::fabs(eta[i])), body = 1.0 / (1.0 + e), tail = e * body;
    const double mean = eta[i] >= 0.0 ? body : tail, rest = eta[i] >= 0.0 ? tail : body;
    const double above = eta[i] > 0.0 ? eta[i] : 0.0;
    theta[i] = w[i] * (y[i] == 1.0 ? rest : y[i] - mean);
    h[i] = w[i] * (tail * body);
    most = h[i] > most ? h[i] : most;
    sum += w[i] * (above + quick_log1p(e) - y[i] * eta[i]);
  }
  largest = most;
  return sum;
}

PRIORFIT_CLONES double Bernoulli::dual(std::size_t n, const double* y, const double* w,
                                       const double* offset, const double* theta, double share) {
  double sum = 0.0;
#pragma omp simd reduction(+ : sum)
  for (std::size_t i = 0; i < n; ++i) {
    const double t = share * theta[i], slope = -t / w[i], m = y[i] + slope;
    const double rest = y[i] == 1.0 ? -slope : 1.0 - y[i] - slope;
    const double value = xlogx(m) + xlogx(rest);
    sum -= offset[i] * t + w[i] * ((m < 0.0) | (rest < 0.0) ? HUGE_VAL : value);
  }
  return sum;
}

PRIORFIT_CLONES double Poisson::evaluate(std::size_t n, const double* y, const double* w,
                                         const double* eta, double* theta, double* h,
                                         double& largest) {
  double sum = 0.0, most = 0.0;
#pragma omp simd reduction(+ : sum) reduction(max : most)
  for (std::size_t i = 0; i < n; ++i) {
    const double mean = quick_exp(eta[i]);
    theta[i] = w[i] * (y[i] - mean);
    h[i] = w[i] * mean;
    most = h[i] > most ? h[i] : most;
    sum += w[i] * (mean - y[i] * eta[i]);
  }
  largest = most;
  return sum;
}

PRIORFIT_CLONES double Poisson::dual(std::size_t n, const double* y, const double* w,
                                     const double* offset, const double* theta, double share) {
  double sum = 0.0;
#pragma omp simd reduction(+ : sum)
  for (std::size_t i = 0; i < n; ++i) {
    const double t = share * theta[i], m = y[i] - t / w[i];
    const double value = xlogx(m) - m;
    sum -= offset[i] * t + w[i] * (m < 0.0 ? HUGE_VAL : value);
  }
  return sum;
}

}  // namespace priorfit
