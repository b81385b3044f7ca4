// Working columns as systems among the rows ask for them: products with all of them at every step, of
// which float32 tells enough until the end.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <vector>

#include "buffer.hpp"
#include "columns.hpp"
#include "cross.hpp"
#include "row_kernels.hpp"

namespace priorfit {

template <class Columns>
class RowColumns {
 public:
  using Working = typename Columns::Working;

  RowColumns(Working& z, std::size_t n) : z_(z), n_(n) {}

  // There are `size` columns now.
  void grow(std::size_t) {}

  // Entries `from`.. of Z'v; float32 is enough unless `exact`.
  void project(std::size_t from, const double* v, double* out, bool) const {
    z_.project(from, v, out);
  }

  // v = Z'theta where `theta` is not null, then r -= Z b; `weigh(first, end)` sets b on the blocks
  // whose v is there.
  template <class Weigh>
  void pass(const double* theta, const std::vector<std::size_t>& start, double* v, const double* b,
            double* r, bool, Weigh&& weigh) {
    if (theta) z_.project(0, theta, v);
    weigh(0, start.size() - 1);
    std::vector<std::size_t> which;
    std::vector<double> minus;
    for (std::size_t j = 0; j < start.back(); ++j)
      if (b[j] != 0.0) which.push_back(j), minus.push_back(-b[j]);
    z_.combine_into(which, minus, r);
  }

  // The lower triangle of out (n x n) = sum_k weight_k z_k z_k' over the columns `which`.
  void squares(const std::vector<std::size_t>& which, std::vector<double> weight, double* out) {
    const std::size_t count = which.size();
    for (double& w : weight) w = std::sqrt(w);
    rows_.resize(n_ * count);
    z_.rows(which, weight, rows_.data());
    inner_products(rows_.data(), count, 0, n_, count, out, n_);
  }

 private:
  Working& z_;
  const std::size_t n_;
  std::vector<float> rows_;
};

// A copy in float32, and blocks of columns that stay in cache from one product to the next.
template <class T>
class RowColumns<DenseColumns<T>> {
 public:
  using Working = typename DenseColumns<T>::Working;

  RowColumns(Working& z, std::size_t n) : z_(z), n_(n), ld_(leading_dimension<float>(n)) {}

  void grow(std::size_t size) {
    const std::size_t known = rounded_.size() / ld_;
    rounded_.resize(size * ld_);
    for (std::size_t j = known; j < size; ++j) {
      const double* z = z_.column(j);
      float* rounded = rounded_.data() + j * ld_;
      for (std::size_t i = 0; i < n_; ++i) rounded[i] = static_cast<float>(z[i]);
    }
  }

  void project(std::size_t from, const double* v, double* out, bool exact) const {
    if (exact) return z_.project(from, v, out);
    project(rounded_.data() + from * ld_, ld_, rounded_.size() / ld_ - from, v, out + from);
  }

  template <class Weigh>
  void pass(const double* theta, const std::vector<std::size_t>& start, double* v, const double* b,
            double* r, bool exact, Weigh&& weigh) {
    exact ? pass_over(z_.column(0), z_.ld(), theta, start, v, b, r, weigh)
          : pass_over(rounded_.data(), ld_, theta, start, v, b, r, weigh);
  }

  void squares(const std::vector<std::size_t>& which, const std::vector<double>& weight,
               double* out) const {
    outer_products(rounded_.data(), ld_, which.data(), weight.data(), which.size(), n_, out);
  }

 private:
  static constexpr std::size_t at_once = 1 << 15;  // numbers

  void project(const float* z, std::size_t ld, std::size_t count, const double* v,
               double* out) const {
    products(z, ld, count, v, n_, out);
  }

  void project(const double* z, std::size_t ld, std::size_t count, const double* v,
               double* out) const {
    std::vector<const double*> wanted;
    for (std::size_t j = 0; j < count; ++j) wanted.push_back(z + j * ld);
    cross(wanted.data(), count, v, n_, 1, n_, out, 1);
  }

  template <class R, class Weigh>
  void pass_over(const R* z, std::size_t ld, const double* theta,
                 const std::vector<std::size_t>& start, double* v, const double* b, double* r,
                 Weigh&& weigh) const {
    std::vector<std::size_t> which;
    std::vector<double> minus;
    for (std::size_t g = 0; g + 1 < start.size();) {
      const std::size_t first = g;
      while (g + 1 < start.size() && (start[g] - start[first]) * n_ < at_once) ++g;
      if (theta)
        project(z + start[first] * ld, ld, start[g] - start[first], theta, v + start[first]);
      weigh(first, g);
      which.clear(), minus.clear();
      for (std::size_t j = start[first]; j < start[g]; ++j)
        if (b[j] != 0.0) which.push_back(j), minus.push_back(-b[j]);
      combine(z, static_cast<std::ptrdiff_t>(ld), which.data(), minus.data(), which.size(), r, n_);
    }
  }

  Working& z_;
  const std::size_t n_, ld_;  // ld_: from one column of the copy to the next
  Buffer<float> rounded_;
};

}  // namespace priorfit
