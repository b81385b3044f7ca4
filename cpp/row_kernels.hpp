// Kernels over many columns in float32, for systems among the rows.
#pragma once

#include <cstddef>

namespace priorfit {

// The lower triangle of out (n x n, row by row) = sum_k weight_k x_k x_k' over columns
// x_k = x + which[k] * ld, of which no more than float32 is kept.
void outer_products(const float* x, std::size_t ld, const std::size_t* which, const double* weight,
                    std::size_t count, std::size_t n, double* out);

// out_j = sum_i x_j[i] v[i] over `count` columns x_j = x + j * ld: summed in float64, or, of a rounded
// v, in float32 over chunks of rows.
void products(const float* x, std::size_t ld, std::size_t count, const double* v, std::size_t n,
              double* out);
void products(const float* x, std::size_t ld, std::size_t count, const float* v, std::size_t n,
              double* out);

// y += sum_k c_k x_k over columns x_k = x + which[k] * ld, in float32 sums over a few of them; `copy`,
// if there is one, receives y too.
void add_columns(const float* x, std::size_t ld, const std::size_t* which, const float* c,
                 std::size_t count, std::size_t n, double* y, float* copy);

}  // namespace priorfit
