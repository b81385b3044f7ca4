#include "losses.hpp"

#include <cmath>

#include "elementary.hpp"
#include "simd.hpp"

namespace priorfit {
namespace {

PRIORFIT_INLINE double quick_xlogx(double m) {
  const double value = m * quick_log(m);
  return m > 1e-300 ? value : 0.0;
}

}  // namespace

// Small tails are computed as such, not as 1 - (1 - x).
PRIORFIT_CLONES double evaluate_rows(Bernoulli, std::size_t n, const double* y, const double* w,
                                     const double* eta, double* theta, double* h) {
  double sum = 0.0;
#pragma omp simd reduction(+ : sum)
  for (std::size_t i = 0; i < n; ++i) {
    const double e = quick_exp(-std::fabs(eta[i])), body = 1.0 / (1.0 + e), tail = e * body;
    const double mean = eta[i] >= 0.0 ? body : tail, rest = eta[i] >= 0.0 ? tail : body;
    const double above = eta[i] > 0.0 ? eta[i] : 0.0;
    theta[i] = w[i] * (y[i] == 1.0 ? rest : y[i] - mean);
    h[i] = w[i] * (tail * body);
    sum += w[i] * (above + quick_log1p(e) - y[i] * eta[i]);
  }
  return sum;
}

PRIORFIT_CLONES double evaluate_rows(Poisson, std::size_t n, const double* y, const double* w,
                                     const double* eta, double* theta, double* h) {
  double sum = 0.0;
#pragma omp simd reduction(+ : sum)
  for (std::size_t i = 0; i < n; ++i) {
    const double mean = quick_exp(eta[i]);
    theta[i] = w[i] * (y[i] - mean);
    h[i] = w[i] * mean;
    sum += w[i] * (mean - y[i] * eta[i]);
  }
  return sum;
}

PRIORFIT_CLONES double evaluate_rows(Gamma, std::size_t n, const double* y, const double* w,
                                     const double* eta, double* theta, double* h) {
  double sum = 0.0;
#pragma omp simd reduction(+ : sum)
  for (std::size_t i = 0; i < n; ++i) {
    const double ratio = y[i] * quick_exp(-eta[i]);
    theta[i] = w[i] * (ratio - 1.0);
    h[i] = w[i] * ratio;
    sum += w[i] * (eta[i] + ratio);
  }
  return sum;
}

PRIORFIT_CLONES double conjugate_rows(Bernoulli, std::size_t n, const double* y, const double* w,
                                      const double* theta, double share) {
  double sum = 0.0;
#pragma omp simd reduction(+ : sum)
  for (std::size_t i = 0; i < n; ++i) {
    const double slope = -share * theta[i] / w[i], m = y[i] + slope;
    const double rest = y[i] == 1.0 ? -slope : 1.0 - y[i] - slope;
    const double value = quick_xlogx(m) + quick_xlogx(rest);
    sum += w[i] * ((m < 0.0) | (rest < 0.0) ? HUGE_VAL : value);
  }
  return sum;
}

PRIORFIT_CLONES double conjugate_rows(Poisson, std::size_t n, const double* y, const double* w,
                                      const double* theta, double share) {
  double sum = 0.0;
#pragma omp simd reduction(+ : sum)
  for (std::size_t i = 0; i < n; ++i) {
    const double m = y[i] - share * theta[i] / w[i], value = quick_xlogx(m) - m;
    sum += w[i] * (m < 0.0 ? HUGE_VAL : value);
  }
  return sum;
}

PRIORFIT_CLONES void add_exponentials(std::size_t n, const double* eta, const double* top,
                                      double* terms, double* total) {
#pragma omp simd
  for (std::size_t i = 0; i < n; ++i) {
    const double term = quick_exp(eta[i] - top[i]);
    terms[i] = term;
    total[i] += term;
  }
}

PRIORFIT_CLONES void take_logarithms(std::size_t n, double* x) {
#pragma omp simd
  for (std::size_t i = 0; i < n; ++i) x[i] = quick_log(x[i]);
}

}  // namespace priorfit
