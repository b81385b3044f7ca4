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

constexpr double float32_tells = 1e-7;  // of |y|^2: a gap that rounded columns can tell

template <class Columns>
class RowColumns {
 public:
  using Working = typename Columns::Working;

  static constexpr bool by_blocks = false;  // whether a few columns alone cost what they should

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
    subtract_block(0, start.back(), b, r, true);
  }

  // r_k -= Z b_k for `count` vectors, one after the other.
  void subtract_all(const std::vector<double>* b, std::size_t count, double* r) const {
    for (std::size_t k = 0; k < count; ++k)
      subtract_block(0, b[k].size(), b[k].data(), r + k * n_, true);
  }

  // The lower triangle of out (n x n) = sum_k weight_k z_k z_k' over the columns `which`.
  void squares(const std::vector<std::size_t>& which, std::vector<double> weight, double* out) {
    const std::size_t count = which.size();
    for (double& w : weight) w = std::sqrt(w);
    rows_.resize(n_ * count);
    z_.rows(which, weight, rows_.data());
    inner_products(rows_.data(), count, 0, n_, count, out, n_);
  }

  // r -= Z b over `count` columns from `first` on.
  void subtract_block(std::size_t first, std::size_t count, const double* b, double* r,
                      bool) const {
    std::vector<std::size_t> which;
    std::vector<double> minus;
    for (std::size_t j = 0; j < count; ++j)
      if (b[j] != 0.0) which.push_back(first + j), minus.push_back(-b[j]);
    z_.combine_into(which, minus, r);
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

  static constexpr bool by_blocks = true;

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

  void subtract_all(const std::vector<double>* b, std::size_t count, double* r) const {
    const std::size_t some = std::max<std::size_t>(1, at_once / n_);
    std::size_t size = 0;
    for (std::size_t k = 0; k < count; ++k) size = std::max(size, b[k].size());
    for (std::size_t j = 0; j < size; j += some)
      for (std::size_t k = 0; k < count; ++k)
        if (j < b[k].size())
          subtract(z_.column(j), z_.ld(), std::min(some, b[k].size() - j), b[k].data() + j,
                   r + k * n_);
  }

  // Z'v, r -= Z b, and Z'Z, for `count` columns from `first` on.
  void project_block(std::size_t first, std::size_t count, const double* v, double* out,
                     bool exact) const {
    exact ? project(z_.column(first), z_.ld(), count, v, out)
          : project(rounded_.data() + first * ld_, ld_, count, v, out);
  }

  void subtract_block(std::size_t first, std::size_t count, const double* b, double* r,
                      bool exact) const {
    exact ? subtract(z_.column(first), z_.ld(), count, b, r)
          : subtract(rounded_.data() + first * ld_, ld_, count, b, r);
  }

  void gram_of(std::size_t first, std::size_t count, double* out) const {
    std::vector<const double*> wanted;
    for (std::size_t j = 0; j < count; ++j) wanted.push_back(z_.column(first + j));
    cross(wanted.data(), count, z_.column(first), z_.ld(), count, n_, out, count);
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

  template <class R>
  void subtract(const R* z, std::size_t ld, std::size_t count, const double* b, double* r) const {
    std::vector<std::size_t> which;
    std::vector<double> minus;
    for (std::size_t j = 0; j < count; ++j)
      if (b[j] != 0.0) which.push_back(j), minus.push_back(-b[j]);
    combine(z, static_cast<std::ptrdiff_t>(ld), which.data(), minus.data(), which.size(), r, n_);
  }

  template <class R, class Weigh>
  void pass_over(const R* z, std::size_t ld, const double* theta,
                 const std::vector<std::size_t>& start, double* v, const double* b, double* r,
                 Weigh&& weigh) const {
    for (std::size_t g = 0; g + 1 < start.size();) {
      const std::size_t first = g;
      while (g + 1 < start.size() && (start[g] - start[first]) * n_ < at_once) ++g;
      if (theta)
        project(z + start[first] * ld, ld, start[g] - start[first], theta, v + start[first]);
      weigh(first, g);
      subtract(z + start[first] * ld, ld, start[g] - start[first], b + start[first], r);
    }
  }

  Working& z_;
  const std::size_t n_, ld_;  // ld_: from one column of the copy to the next
  Buffer<float> rounded_;
};

}  // namespace priorfit
