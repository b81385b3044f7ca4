// Loops over one column of a sparse matrix: its entries (row, value), or all its n numbers where
// most rows have one.
#pragma once

#include <cstddef>
#include <cstdint>

namespace priorfit {

struct Sums {
  double first, second, third;
};

struct ColumnMoments {
  double mean, variance, product, size;
};

// Overloads for float and double values; `rows` is null where x has all n numbers.
#define PRIORFIT_SPARSE_KERNELS(V)                                                                \
  /* sum x r */                                                                                   \
  double entries_dot(const std::uint32_t* rows, const V* x, std::size_t count, const double* r);  \
  /* sum x r, sum x h, sum x^2 h */                                                               \
  Sums entries_sums(const std::uint32_t* rows, const V* x, std::size_t count, const double* r,    \
                    const double* h);                                                             \
  /* y += c x */                                                                                  \
  void entries_add(const std::uint32_t* rows, const V* x, std::size_t count, double c,            \
                   double* y);                                                                    \
  /* r -= c h x; returns sum h x */                                                               \
  double entries_subtract(const std::uint32_t* rows, const V* x, std::size_t count, double c,     \
                          const double* h, double* r);

PRIORFIT_SPARSE_KERNELS(float)
PRIORFIT_SPARSE_KERNELS(double)
#undef PRIORFIT_SPARSE_KERNELS

// `entries_dots`: out[l] = sum_e x_e w[rows[e] lanes + l]; lanes is 1 or 8. `entries_moments` as in
// moments.hpp, of a column whose other numbers are 0, weighted by w (null: all 1); size: sum |x|.
#define PRIORFIT_DOTS(V, I)                                                                       \
  void entries_dots(const I* rows, const V* x, std::size_t count, const double* w,                \
                    std::size_t lanes, double* out);                                              \
  ColumnMoments entries_moments(const I* rows, const V* x, std::size_t count, const double* w,    \
                                const double* r, double total, double level);
PRIORFIT_DOTS(float, std::int32_t)
PRIORFIT_DOTS(float, std::int64_t)
PRIORFIT_DOTS(double, std::int32_t)
PRIORFIT_DOTS(double, std::int64_t)
#undef PRIORFIT_DOTS

}  // namespace priorfit
