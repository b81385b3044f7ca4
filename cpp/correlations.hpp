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

#include "rounded.hpp"
#include "simd.hpp"

namespace priorfit {

template <class Columns>
class Correlations {
 public:
  explicit Correlations(const Columns& columns) : x_(columns), rounded_(columns) {}

  // Of `batch` dual points (each n long): the exact products of columns with always[j] = 1 or whose
  // bound passes strengths[k] l1[j]. Points whose bounds spare too few become known, the last one
  // first.
  void update(const double* duals, std::size_t batch, const double* strengths, const double* l1,
              const std::vector<char>& always) {
    points_ = batch;
    bounds_.resize(std::max(bounds_.size(), batch));
    const auto needed = std::count(always.begin(), always.end(), 1);
    const std::size_t too_many = x_.p / 4 + static_cast<std::size_t>(needed);
    std::size_t settled = batch - 1;  // neither this point nor later ones become known any more
    if (known_.empty()) learn(duals + settled * x_.n);
    else if (raise(duals, settled, batch, strengths, l1) > too_many) learn(duals + settled * x_.n);
    for (;;) {
      raise(duals, 0, batch, strengths, l1);
      while (settled > 0 && bounds_[settled - 1].reaching <= too_many) --settled;
      if (settled == 0) break;
      learn(duals + --settled * x_.n);
    }
    listed_.clear();
    for (std::size_t j = 0; j < x_.p; ++j)
      if (always[j] || excess_[j] > 0.0) listed_.push_back(j);
    exact_.resize(listed_.size() * batch);
    x_.correlate(listed_.data(), listed_.size(), duals, batch, exact_.data());
  }

  // visit(j, z_j'theta_k) of every column that may reach its limit at point k.
  template <class Visit>
  void each(std::size_t k, Visit&& visit) const {
    for (std::size_t i = 0; i < listed_.size(); ++i) visit(listed_[i], exact_[i * points_ + k]);
  }

  // All at point k; below their limit they are estimates.
  void all(std::size_t k, std::vector<double>& out) const {
    out.assign(x_.p, 0.0);
    estimate(k, out.data());
    each(k, [&](std::size_t j, double v) { out[j] = v; });
  }

  // How many columns the last points needed.
  std::size_t listed() const { return listed_.size(); }

  // What it costs to know a point, in products of columns.
  double cost() const { return rounded_.cost() * static_cast<double>(x_.p); }

 private:
  static constexpr std::size_t most = 3;  // known points: more did not sharpen the bounds

  struct Known {
    std::vector<double> theta, products;
    double size;  // |theta|
  };

  struct Bound {
    std::array<double, most> shares;  // of the known points
    double rest, sizes;               // |theta - sum of shares|, sum of |shares| |known points|
    std::size_t reaching;             // columns whose bound passes their limit
  };

  // Bounds of the points from `first` to `end`, and by how much the largest passes the limit of
  // each column; how many columns the last of these points needs.
  std::size_t raise(const double* duals, std::size_t first, std::size_t end,
                    const double* strengths, const double* l1) {
    constexpr std::size_t at_once = 4096;  // columns whose numbers stay at hand for all points
    for (std::size_t k = first; k < end; ++k) span(duals + k * x_.n, bounds_[k]);
    excess_.assign(x_.p, 0.0);
    for (std::size_t j = 0; j < x_.p; j += at_once) {
      const std::size_t count = std::min(at_once, x_.p - j);
      const double* products[most];
      for (std::size_t m = 0; m < most; ++m)
        products[m] = known_[std::min(m, known_.size() - 1)].products.data() + j;
      for (std::size_t k = first; k < end; ++k) {
        Bound& bound = bounds_[k];
        bound.reaching += static_cast<std::size_t>(raise_excess(
            products, bound.shares.data(), bound.rest, rounded_.norms() + j, bound.sizes,
            rounded_.away() + j, strengths[k], l1 + j, count, excess_.data() + j));
      }
    }
    return bounds_[end - 1].reaching;
  }

  void learn(const double* theta) {
    if (known_.size() < most) known_.emplace_back();
    std::rotate(known_.begin(), known_.end() - 1, known_.end());
    known_[0].theta.assign(theta, theta + x_.n);
    known_[0].products.resize(x_.p);
    known_[0].size = std::sqrt(dot(theta, theta, x_.n));
    rounded_.correlate(theta, known_[0].products.data());
    orthogonalize();
  }

  // out (p) += sum_m share_m z_j'theta_m
  void estimate(std::size_t k, double* out) const {
    for (std::size_t m = 0; m < known_.size(); ++m)
      axpy(bounds_[k].shares[m], known_[m].products.data(), out, x_.p);
  }

  // Gram-Schmidt on the known points.
  void orthogonalize() {
    const std::size_t n = x_.n;
    basis_.resize(most * n);
    for (std::size_t m = 0; m < known_.size(); ++m) {
      double* q = basis_.data() + m * n;
      std::copy(known_[m].theta.begin(), known_[m].theta.end(), q);
      for (std::size_t i = 0; i < m; ++i) {
        upper_[i][m] = dot(basis_.data() + i * n, q, n);
        axpy(-upper_[i][m], basis_.data() + i * n, q, n);
      }
      const double size = upper_[m][m] = std::sqrt(dot(q, q, n));
      for (std::size_t i = 0; i < n && size > 0.0; ++i) q[i] /= size;
    }
  }

  // The shares of the known points in theta, and the length of what is left. Any shares are valid:
  // the rest is computed from them.
  void span(const double* theta, Bound& bound) {
    const std::size_t n = x_.n, count = known_.size();
    bound = {};
    rest_.assign(theta, theta + n);
    double along[most] = {};
    for (std::size_t m = 0; m < count; ++m) {
      const double* q = basis_.data() + m * n;
      along[m] = dot(q, rest_.data(), n);
      axpy(-along[m], q, rest_.data(), n);
    }
    std::copy(theta, theta + n, rest_.begin());
    for (std::size_t m = count; m-- > 0;) {
      double share = along[m];
      for (std::size_t i = m + 1; i < count; ++i) share -= upper_[m][i] * bound.shares[i];
      bound.shares[m] = upper_[m][m] > 1e-9 * upper_[0][0] ? share / upper_[m][m] : 0.0;
      axpy(-bound.shares[m], known_[m].theta.data(), rest_.data(), n);
      bound.sizes += std::fabs(bound.shares[m]) * known_[m].size;
    }
    bound.rest = std::sqrt(dot(rest_.data(), rest_.data(), n)) + 1e-12 * bound.sizes;
  }

  const Columns& x_;
  Rounded<Columns> rounded_;
  double upper_[most][most] = {};  // the known points in their orthonormal basis
  std::vector<double> basis_, rest_, exact_, excess_;
  std::vector<Known> known_;  // the newest first
  std::vector<std::size_t> listed_;
  std::vector<Bound> bounds_;  // of the points asked for last
  std::size_t points_ = 0;
};

}  // namespace priorfit
