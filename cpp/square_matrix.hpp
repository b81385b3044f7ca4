// A square matrix that grows with the working columns.
#pragma once

#include <algorithm>
#include <cstddef>
#include <vector>

namespace priorfit {

class SquareMatrix {
 public:
  double* data() { return data_.data(); }
  const double* data() const { return data_.data(); }
  std::size_t stride() const { return capacity_; }

  // Room for `size` rows and columns; what is there is kept.
  void fit(std::size_t size) {
    if (size <= capacity_) return;
    const std::size_t capacity = 2 * size;
    std::vector<double> grown(capacity * capacity);
    for (std::size_t i = 0; i < capacity_; ++i)
      std::copy_n(data_.data() + i * capacity_, capacity_, grown.data() + i * capacity);
    data_.swap(grown);
    capacity_ = capacity;
  }

 private:
  std::size_t capacity_ = 0;
  std::vector<double> data_;
};

}  // namespace priorfit
