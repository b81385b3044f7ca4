// Inner products of many columns with many columns: the one kernel behind passes over X,
// Gram matrices and certificates.
#pragma once

#include <cstddef>
#include <cstdint>

namespace priorfit {

// What columns of T are multiplied with, and summed as within a chunk of rows.
template <class T>
struct Right {
  typedef double type;
};
template <>
struct Right<std::int16_t> {
  typedef float type;
};
constexpr std::size_t rows_of_a_chunk = 1024;  // chunks are summed in float64

// out[i * stride + k] = sum_r a_i[r] b_k[r], where a_i = a[i] and b_k = b + k * ldb.
// Products and sums are float64, but for columns of 16-bit integers. The order of summation of one entry does not
// depend on the other columns: results are the same bits however the columns are divided.
template <class T>
void cross(const T* const* a, std::size_t m, const typename Right<T>::type* b, std::size_t ldb,
           std::size_t k, std::size_t n, double* out, std::size_t stride);

// y += sum_k c_k x_k over columns x_k = x + which[k] * ld
void combine(const double* x, std::ptrdiff_t ld, const std::size_t* which, const double* c,
             std::size_t count, double* y, std::size_t n);

}  // namespace priorfit
