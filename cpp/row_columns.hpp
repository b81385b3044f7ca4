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
#include "simd.hpp"

namespace priorfit {

constexpr double float32_tells = 2e-7;  // of |y|^2: a gap that rounded columns can tell

template <class Columns>
class RowColumns {
 public:
  using Working = typename Columns::Working;

  static constexpr bool by_blocks = false;  // whether a few columns alone cost what they should

  RowColumns(Working& z, std::size_t n) : z_(z), n_(n) {}

  // There are `size` columns now.
  void grow(std::size_t size) { size_ = size; }

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

  // r_k -= Z b_k for `count` vectors of n, one after the other, and, where `theta` is not null,
  // v_k = Z'theta_k, likewise.
  void look_at_all(const std::vector<double>* b, std::size_t count, double* r, const double* theta,
                   double* v) const {
    for (std::size_t k = 0; k < count; ++k) {
      subtract_block(0, b[k].size(), b[k].data(), r + k * n_, true);
      if (theta) z_.project(0, theta + k * n_, v + k * size_);
    }
  }

  // v_k += Z'd_k; float32 is enough.
  void add_products(const double* d, std::size_t count, double* v) const {
    std::vector<double> products(size_);
    for (std::size_t k = 0; k < count; ++k, v += size_) {
      z_.project(0, d + k * n_, products.data());
      axpy(1.0, products.data(), v, size_);
    }
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
  std::size_t size_ = 0;
  std::vector<float> rows_;
};

// A copy in float32, and blocks of columns that stay in cache from one product to the next.
template <class T>
class RowColumns<DenseColumns<T>> {
 public:
  using Working = typename DenseColumns<T>::Working;

  static constexpr bool by_blocks = true;

  RowColumns(Working& z, std::size_t n) : z_(z), n_(n), ld_(leading_dimension<float>(n)), held_(n) {}

  void grow(std::size_t size) {
    const std::size_t known = this->size();
    rounded_.resize(size * ld_);
    for (std::size_t j = known; j < size; ++j) {
      const double* z = z_.column(j);
      float* rounded = rounded_.data() + j * ld_;
      for (std::size_t i = 0; i < n_; ++i) rounded[i] = static_cast<float>(z[i]);
    }
  }

  void project(std::size_t from, const double* v, double* out, bool exact) {
    if (exact) return z_.project(from, v, out);
    hold(v);
    project_held(from, size() - from, out + from);
  }

  template <class Weigh>
  void pass(const double* theta, const std::vector<std::size_t>& start, double* v, const double* b,
            double* r, bool exact, Weigh&& weigh) {
    if (theta && !exact) hold(theta);
    for (std::size_t g = 0; g + 1 < start.size();) {
      const std::size_t first = g;
      while (g + 1 < start.size() && (start[g] - start[first]) * n_ < at_once) ++g;
      const std::size_t j = start[first], count = start[g] - j;
      if (theta) exact ? project_exactly(j, count, theta, 1, v + j) : project_held(j, count, v + j);
      weigh(first, g);
      subtract_block(j, count, b + j, r, exact);
    }
  }

  void look_at_all(const std::vector<double>* b, std::size_t count, double* r, const double* theta,
                   double* v) {
    const std::size_t size = z_.size(), some = std::max<std::size_t>(4, at_once / n_);
    products_.resize(some * count);
    for (std::size_t j = 0; j < size; j += some) {
      const std::size_t here = std::min(some, size - j);
      if (theta) {
        project_exactly(j, here, theta, count, products_.data());
        for (std::size_t k = 0; k < count; ++k)
          for (std::size_t i = 0; i < here; ++i) v[k * size + j + i] = products_[i * count + k];
      }
      for (std::size_t k = 0; k < count; ++k)
        if (j < b[k].size())
          subtract_block(j, std::min(here, b[k].size() - j), b[k].data() + j, r + k * n_, true);
    }
  }

  void add_products(const double* d, std::size_t count, double* v) {
    const std::vector<float> rough(d, d + count * n_);
    std::vector<const float*> columns;
    for (std::size_t j = 0; j < size(); ++j) columns.push_back(rounded_.data() + j * ld_);
    products_.resize(size() * count);
    cross(columns.data(), size(), rough.data(), n_, count, n_, products_.data(), count);
    for (std::size_t k = 0; k < count; ++k)
      for (std::size_t j = 0; j < size(); ++j) v[k * size() + j] += products_[j * count + k];
  }

  // Z'v and r -= Z b for `count` columns from `first` on, one block after the other: unless `exact` v
  // is what was held last, and follows r.
  void hold(const double* v) {
    for (std::size_t i = 0; i < n_; ++i) held_[i] = static_cast<float>(v[i]);
  }

  void project_block(std::size_t first, std::size_t count, const double* v, double* out,
                     bool exact) const {
    exact ? project_exactly(first, count, v, 1, out) : project_held(first, count, out);
  }

  void move_block(std::size_t first, std::size_t count, const double* b, double* r, bool exact) {
    subtract(first, count, b, r, exact, held_.data());
  }

  void subtract_block(std::size_t first, std::size_t count, const double* b, double* r,
                      bool exact) {
    subtract(first, count, b, r, exact, nullptr);
  }

  // Z'Z of `count` columns from `first` on.
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

  void project_held(std::size_t first, std::size_t count, double* out) const {
    products(rounded_.data() + first * ld_, ld_, count, held_.data(), n_, out);
  }

  std::size_t size() const { return rounded_.size() / ld_; }

  // Z'V, V (n x k)
  void project_exactly(std::size_t first, std::size_t count, const double* v, std::size_t k,
                       double* out) const {
    std::vector<const double*> wanted;
    for (std::size_t j = 0; j < count; ++j) wanted.push_back(z_.column(first + j));
    cross(wanted.data(), count, v, n_, k, n_, out, k);
  }

  void subtract(std::size_t first, std::size_t count, const double* b, double* r, bool exact,
                float* copy) {
    which_.clear(), minus_.clear(), rough_minus_.clear();
    for (std::size_t j = 0; j < count; ++j) {
      if (b[j] == 0.0) continue;
      which_.push_back(first + j);
      exact ? minus_.push_back(-b[j]) : rough_minus_.push_back(static_cast<float>(-b[j]));
    }
    if (exact)
      return combine(z_.column(0), static_cast<std::ptrdiff_t>(z_.ld()), which_.data(), minus_.data(),
                     which_.size(), r, n_);
    add_columns(rounded_.data(), ld_, which_.data(), rough_minus_.data(), which_.size(), n_, r, copy);
  }

  Working& z_;
  const std::size_t n_, ld_;  // ld_: from one column of the copy to the next
  Buffer<float> rounded_;
  std::vector<float> held_;
  std::vector<std::size_t> which_;
  std::vector<double> minus_, products_;
  std::vector<float> rough_minus_;
};

}  // namespace priorfit
