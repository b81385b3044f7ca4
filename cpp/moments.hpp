// Weighted mean and variance of columns, one read of memory.
#pragma once

#include <cstddef>

namespace priorfit {

struct Moments {
  double mean, variance, product;
};

// Of `count` columns of n numbers: mean = sum w x / sum w, variance = sum w (x - mean)^2 / sum w,
// product = sum r (x - mean); `total` is the sum of w, `level` that of r. Not finite where x is
// not, or where squares overflow. T: double, float.
template <class T>
void moments(const T* const* x, std::size_t count, const double* w, const double* r, std::size_t n,
             double total, double level, Moments* out);

}  // namespace priorfit
