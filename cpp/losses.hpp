// Convex losses of rows: y against the linear predictor eta. The same formulas as the likelihoods
// in Python, to which a law ties them.
#pragma once

#include <cstddef>

namespace priorfit {

// Of `evaluate`: theta = -w loss', h = w loss'' and sum_i w_i loss_i; `largest` receives max h.
// Of `dual`: -offset't - sum_i w_i loss*(y_i, -t_i / w_i) for t = share * theta.
struct Bernoulli {
  static double evaluate(std::size_t n, const double* y, const double* w, const double* eta,
                         double* theta, double* h, double& largest);
  static double dual(std::size_t n, const double* y, const double* w, const double* offset,
                     const double* theta, double share);
};

struct Poisson {
  static double evaluate(std::size_t n, const double* y, const double* w, const double* eta,
                         double* theta, double* h, double& largest);
  static double dual(std::size_t n, const double* y, const double* w, const double* offset,
                     const double* theta, double share);
};

}  // namespace priorfit
