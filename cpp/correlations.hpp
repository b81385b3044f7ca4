// Correlations of all columns with the dual points of several neighbouring strengths, for the price
// of little more than one.
//
// Along a path dual points move along nearly straight lines, so a point between two known ones is
// nearly in the span of those: theta = sum_m a_m theta_m + e, and
//   |z_j'theta| <= |sum_m a_m z_j'theta_m| + |z_j| |e|.
// Only columns whose bound passes their penalty need the product itself. The bound is that of Gap
// Safe screening (Ndiaye et al. 2017) with a span of known products in the place of one.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <vector>

#include "simd.hpp"

namespace priorfit {

template <class Columns>
class Correlations {
 public:
  explicit Correlations(const Columns& columns) : x_(columns), norms_(x_.p) {
    x_.norms(norms_.data());
  }

  // Of `batch` dual points (each n long): the products of columns that `always(j)` asks for or
  // whose bound passes `limit(j, k)`. All products of the last, where bounds would spare too few.
  template <class Always, class Limit>
  void update(const double* duals, std::size_t batch, Always&& always, Limit&& limit) {
    const std::size_t last = batch - 1;
    between_ = batch;
    shares_.resize(std::max(shares_.size(), batch));
    errors_.resize(shares_.size());
    if (!known_.empty()) span(duals + last * x_.n, last);
    if (known_.empty() || list(last, batch, always, limit) > x_.p / 4) {
      learn(duals + last * x_.n);
      between_ = last;
    }
    for (std::size_t k = 0; k < between_; ++k) span(duals + k * x_.n, k);
    list(0, between_, always, limit);
    exact_.resize(listed_.size() * between_);
    if (between_ > 0) x_.correlate(listed_.data(), listed_.size(), duals, between_, exact_.data());
  }

  // visit(j, z_j'theta_k) of every column that may reach its limit at point k.
  template <class Visit>
  void each(std::size_t k, Visit&& visit) const {
    if (k == between_) {
      for (std::size_t j = 0; j < x_.p; ++j) visit(j, known_[0].products[j]);
    } else {
      for (std::size_t i = 0; i < listed_.size(); ++i) visit(listed_[i], exact_[i * between_ + k]);
    }
  }

  // All at point k; below their limit they are estimates.
  void all(std::size_t k, std::vector<double>& out) const {
    out = known_[0].products;
    if (k == between_) return;
    for (std::size_t j = 0; j < x_.p; ++j) out[j] = estimate(j, k);
    each(k, [&](std::size_t j, double v) { out[j] = v; });
  }

  // How many columns the points between needed.
  std::size_t listed() const { return listed_.size(); }

 private:
  static constexpr std::size_t most = 3;  // known points: more did not sharpen the bounds

  struct Known {
    std::vector<double> theta, products;
  };

  // The columns wanted at any of the points from `first` to `end`; how many they are.
  template <class Always, class Limit>
  std::size_t list(std::size_t first, std::size_t end, Always&& always, Limit&& limit) {
    listed_.clear();
    for (std::size_t j = 0; j < x_.p && first < end; ++j) {
      bool open = always(j);
      for (std::size_t k = first; k < end && !open; ++k)
        open = std::fabs(estimate(j, k)) + norms_[j] * errors_[k] > limit(j, k);
      if (open) listed_.push_back(j);
    }
    return listed_.size();
  }

  void learn(const double* theta) {
    if (known_.size() < most) known_.emplace_back();
    std::rotate(known_.begin(), known_.end() - 1, known_.end());
    known_[0].theta.assign(theta, theta + x_.n);
    known_[0].products.resize(x_.p);
    x_.correlate(nullptr, x_.p, theta, 1, known_[0].products.data());
  }

  double estimate(std::size_t j, std::size_t k) const {
    double sum = 0.0;
    for (std::size_t m = 0; m < known_.size(); ++m) sum += shares_[k][m] * known_[m].products[j];
    return sum;
  }

  // The shares of the known points in theta, by Gram-Schmidt, and the length of what is left. Any
  // shares are valid: the rest is computed from them.
  void span(const double* theta, std::size_t k) {
    const std::size_t n = x_.n, count = known_.size();
    double upper[most][most] = {}, along[most] = {};
    basis_.resize(most * n);
    rest_.assign(theta, theta + n);
    for (std::size_t m = 0; m < count; ++m) {
      double* q = basis_.data() + m * n;
      std::copy(known_[m].theta.begin(), known_[m].theta.end(), q);
      for (std::size_t i = 0; i < m; ++i) {
        upper[i][m] = dot(basis_.data() + i * n, q, n);
        axpy(-upper[i][m], basis_.data() + i * n, q, n);
      }
      const double size = std::sqrt(dot(q, q, n));
      upper[m][m] = size;
      for (std::size_t i = 0; i < n && size > 0.0; ++i) q[i] /= size;
      along[m] = dot(q, rest_.data(), n);
      axpy(-along[m], q, rest_.data(), n);
    }
    double rounding = 0.0;
    std::copy(theta, theta + n, rest_.begin());
    for (std::size_t m = count; m-- > 0;) {
      double share = along[m];
      for (std::size_t i = m + 1; i < count; ++i) share -= upper[m][i] * shares_[k][i];
      shares_[k][m] = upper[m][m] > 1e-9 * upper[0][0] ? share / upper[m][m] : 0.0;
      axpy(-shares_[k][m], known_[m].theta.data(), rest_.data(), n);
      rounding += std::fabs(shares_[k][m]) * std::sqrt(dot(known_[m].theta.data(),
                                                           known_[m].theta.data(), n));
    }
    errors_[k] = std::sqrt(dot(rest_.data(), rest_.data(), n)) + 1e-12 * rounding;
  }

  const Columns& x_;
  std::vector<double> norms_, basis_, rest_, exact_;
  std::vector<Known> known_;  // the newest first
  std::vector<std::size_t> listed_;
  std::vector<std::array<double, most>> shares_;  // by point: of the known ones in it
  std::vector<double> errors_;                    // and the length of what they leave
  std::size_t between_ = 0;  // how many points are bounded; the next, if there is one, is complete
};

}  // namespace priorfit
