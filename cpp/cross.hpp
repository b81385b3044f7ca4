// Inner products of many columns with many columns: the one kernel behind passes over X,
// Gram matrices and certificates.
#pragma once

#include <cstddef>
#include <cstdint>

namespace priorfit {

constexpr std::size_t rows_of_a_chunk = 1024;  // chunks are summed in float64

// out[i * stride + k] = sum_r a_i[r] b_k[r], where a_i = a[i] and b_k = b + k * ldb; or, where
// `add`, so much more.
// Products, and their sums within a chunk of rows, are of type R. The order of summation of one entry
// does not depend on the other columns: results are the same bits however the columns are divided.
template <class T, class R>
void cross(const T* const* a, std::size_t m, const R* b, std::size_t ldb, std::size_t k,
           std::size_t n, double* out, std::size_t stride, bool add = false);

// Rows `from` .. `count` of the lower triangle of A'A for the columns a_i = a + i * ld.
template <class R>
void inner_products(const R* a, std::size_t ld, std::size_t from, std::size_t count, std::size_t n,
                    double* out, std::size_t stride, bool add = false);

// y += sum_k c_k x_k over columns x_k = x + which[k] * ld
template <class T>
void combine(const T* x, std::ptrdiff_t ld, const std::size_t* which, const double* c,
             std::size_t count, double* y, std::size_t n);

}  // namespace priorfit
