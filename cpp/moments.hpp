// Weighted mean and variance of columns, one read of memory each.
#pragma once

#include <cstddef>

namespace priorfit {

// mean = sum w x / sum w, variance = sum w (x - mean)^2 / sum w, corrected for the rounding of the
// mean; `total` is the sum of w. Not finite where x is not, or where squares overflow.
void moments(const double* x, const double* w, std::size_t n, double total, double& mean,
             double& variance);
void moments(const float* x, const double* w, std::size_t n, double total, double& mean,
             double& variance);

}  // namespace priorfit
