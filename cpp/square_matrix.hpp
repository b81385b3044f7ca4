// A square matrix that grows with the working columns.
#pragma once

#include <algorithm>
#include <cstddef>
#include <utility>

#include "buffer.hpp"

namespace priorfit {

class SquareMatrix {
 public:
  double* data() { return data_.data(); }
  const double* data() const { return data_.data(); }
  std::size_t stride() const { return capacity_; }

  // Room for `size` rows and columns; what is there is kept.
  void fit(std::size_t size) {
    if (size > capacity_) grow(size);
    size_ = size;
  }

 private:
  void grow(std::size_t size) {
    const std::size_t capacity = size + size / 4;  // all of it is touched, row by row
    Buffer<double> grown(capacity * capacity);
    for (std::size_t i = 0; i < size_; ++i)
      std::copy_n(data_.data() + i * capacity_, size_, grown.data() + i * capacity);
    data_ = std::move(grown);
    capacity_ = capacity;
  }

  std::size_t size_ = 0, capacity_ = 0;
  Buffer<double> data_;
};

}  // namespace priorfit
