// Weighted mean and variance of columns, one read of memory each.
#pragma once

#include <cstddef>

namespace priorfit {

struct Moments {
  double mean, variance, product;
};

// mean = sum w x / sum w, variance = sum w (x - mean)^2 / sum w, corrected for the rounding of the
// mean, product = sum r (x - mean); `total` is the sum of w. Not finite where x is not, or where
// squares overflow.
Moments moments(const double* x, const double* w, const double* r, std::size_t n, double total);
Moments moments(const float* x, const double* w, const double* r, std::size_t n, double total);

}  // namespace priorfit
