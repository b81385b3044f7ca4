// A square matrix that grows with the working columns.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstring>

#include "buffer.hpp"

namespace priorfit {

// The upper triangle from the lower one, of rows `from`.. of m, a line of the cache at once.
inline void mirror(double* a, std::size_t stride, std::size_t from, std::size_t m) {
  constexpr std::size_t at_once = line / sizeof(double);
  for (std::size_t begin = from; begin < m; begin += at_once) {
    const std::size_t end = std::min(begin + at_once, m);
    for (std::size_t j = 0; j < end; ++j)
      for (std::size_t i = std::max(begin, j + 1); i < end; ++i) a[j * stride + i] = a[i * stride + j];
  }
}

class SquareMatrix {
 public:
  double* data() { return data_.data(); }
  const double* data() const { return data_.data(); }
  std::size_t stride() const { return stride_; }

  // Room for `size` rows and columns; what is there is kept.
  void fit(std::size_t size) {
    if (size > stride_) grow(size);
    size_ = size;
  }

 private:
  void grow(std::size_t size) {
    const std::size_t stride = leading_dimension<double>(size + size / 4);
    data_.resize(stride * stride);
    for (std::size_t i = size_; i-- > 1;)  // in place: little memory is touched that was not
      std::memmove(data() + i * stride, data() + i * stride_, size_ * sizeof(double));
    stride_ = stride;
  }

  std::size_t size_ = 0, stride_ = 0;
  Buffer<double> data_;
};

}  // namespace priorfit
