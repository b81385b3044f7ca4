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
#include <type_traits>
#include <vector>

#include "cross.hpp"
#include "parallel.hpp"
#include "rounded.hpp"
#include "simd.hpp"

namespace priorfit {

// What is known of all products with a point: |z_j'theta| <= |estimate_j| + rest norm_j + size away_j.
struct ProductLimits {
  const double *estimate, *norm, *away;
  double rest, size;

  double most(std::size_t j) const {
    return std::fabs(estimate[j]) + rest * norm[j] + size * away[j];
  }
};

constexpr std::size_t few_points = 10;  // strengths that rarely repay a copy of all columns

// What is known of all columns before the first pass, null where it is not: their lengths, and their
// products with the first dual point. `brief`: few passes are to come, of which the first are exact.
struct KnownColumns {
  const double *norms = nullptr, *products = nullptr;
  bool brief = false;
};

template <class Columns>
class Correlations {
 public:
  explicit Correlations(const Columns& columns) : x_(columns), rounded_(columns) {}

  Correlations(const Columns& columns, const KnownColumns& known)
      : x_(columns), rounded_(begun(columns, known)), brief_(known.brief) {}

  // A dual point (n) whose products with all columns are known.
  void know(const double* theta, const double* products) {
    std::copy_n(products, x_.p, place(theta).products.data());
    orthogonalise();
  }

  // Of `batch` dual points (each n long): the exact products of columns with always[j] = 1 or whose
  // bound passes strengths[k] l1[j]. Points whose bounds spare too few become known, the last one
  // first.
  void update(const double* duals, std::size_t batch, const double* strengths, const double* l1,
              const std::vector<char>& always) {
    const auto needed = std::count(always.begin(), always.end(), 1);
    settle(duals, batch, always, x_.p / 4 + static_cast<std::size_t>(needed),
           [&](std::size_t first) { raise_columns(first, strengths, l1); });
  }

  // The same for columns whose excess `raise(k, limits, excess)` makes positive; it returns how many
  // point k needs, of which more than `enough` are too many.
  template <class Raise>
  void update(const double* duals, std::size_t batch, const std::vector<char>& always,
              std::size_t enough, Raise&& raise) {
    settle(duals, batch, always, enough, [&](std::size_t first) {
      excess_.assign(x_.p, 0.0);
      for (std::size_t k = first; k < points_; ++k) {
        estimate_all(k, estimates_);
        const Bound& bound = bounds_[k];
        const ProductLimits limits{estimates_.data(), rounded_.norms(), rounded_.away(),
                                   bound.rest, bound.sizes};
        bounds_[k].reaching = raise(k, limits, excess_.data());
      }
    });
  }

  // visit(j, z_j'theta_k) of every column that may reach its limit at point k.
  template <class Visit>
  void each(std::size_t k, Visit&& visit) const {
    for (std::size_t i = 0; i < listed_.size(); ++i) visit(listed_[i], exact_[i * points_ + k]);
  }

  // All at point k; below their limit they are estimates.
  void all(std::size_t k, std::vector<double>& out) const {
    estimate_all(k, out);
    each(k, [&](std::size_t j, double v) { out[j] = v; });
  }

  // How many columns the last points needed.
  std::size_t listed() const { return listed_.size(); }

  // What it costs to know a point, in products of columns.
  double cost() const { return rounded_.cost() * static_cast<double>(x_.p); }

 private:
  static constexpr std::size_t most = 3;  // known points: more did not sharpen the bounds
  static constexpr std::size_t part = 2048;  // columns whose estimates stay in cache
  static constexpr std::size_t dear = 4;  // exact passes cost as much as a rounded copy
  static constexpr bool postponable =
      std::is_constructible_v<Rounded<Columns>, const Columns&, const double*>;

  struct Known {
    std::vector<double> theta, products;
    double size;  // |theta|
  };

  struct Bound {
    std::array<double, most> shares;  // of the known points
    double rest, sizes;               // |theta - sum of shares|, sum of |shares| |known points|
    std::size_t reaching = 0;         // columns that may pass their limit
  };

  // `raise(first)`: excess of all columns over their limits at the points from `first` on, and how
  // many reach theirs at each.
  template <class Raise>
  void settle(const double* duals, std::size_t batch, const std::vector<char>& always,
              std::size_t enough, Raise&& raise) {
    points_ = batch;
    bounds_.resize(std::max(bounds_.size(), batch));
    const auto look = [&](std::size_t first) {
      for (std::size_t k = first; k < batch; ++k) span(duals + k * x_.n, k);
      raise(first);
    };
    std::size_t settled = batch - 1;  // neither this point nor later ones become known any more
    if (!known_.empty()) look(settled);
    if (known_.empty() || bounds_[settled].reaching > enough) learn(duals + settled * x_.n);
    for (;;) {
      look(0);
      while (settled > 0 && bounds_[settled - 1].reaching <= enough) --settled;
      if (settled == 0) break;
      learn(duals + --settled * x_.n);
    }
    listed_.clear();
    for (std::size_t j = 0; j < x_.p; ++j)
      if (always[j] || excess_[j] > 0.0) listed_.push_back(j);
    exact_.resize(listed_.size() * batch);
    x_.correlate(listed_.data(), listed_.size(), duals, batch, exact_.data());
  }

  void raise_columns(std::size_t first, const double* strengths, const double* l1) {
    excess_.resize(x_.p);
    std::vector<double> counts((x_.p / part + 1) * points_, 0.0);
    in_parts(points_ - first, [&](std::size_t begin, std::size_t size) {
      std::fill_n(excess_.data() + begin, size, 0.0);
      const double* products[most];
      for (std::size_t m = 0; m < most; ++m)  // shares of those that are not there are 0
        products[m] = known_[std::min(m, known_.size() - 1)].products.data() + begin;
      for (std::size_t k = first; k < points_; ++k)
        counts[begin / part * points_ + k] = raise_excess(
            products, bounds_[k].shares.data(), bounds_[k].rest, rounded_.norms() + begin,
            bounds_[k].sizes, rounded_.away() + begin, strengths[k], l1 + begin, size,
            excess_.data() + begin);
    });
    for (std::size_t k = first; k < points_; ++k) {
      double count = 0.0;
      for (std::size_t i = k; i < counts.size(); i += points_) count += counts[i];
      bounds_[k].reaching = static_cast<std::size_t>(count);
    }
  }

  void estimate_all(std::size_t k, std::vector<double>& out) const {
    out.resize(x_.p);
    in_parts(1, [&](std::size_t begin, std::size_t size) {
      estimate(k, begin, size, out.data() + begin);
    });
  }

  static Rounded<Columns> begun(const Columns& columns, const KnownColumns& known) {
    if constexpr (postponable) {
      if (known.brief || known.norms) {
        Rounded<Columns> exact(columns, known.norms);
        if (!known.brief) exact.copy();
        return exact;
      }
    }
    return Rounded<Columns>(columns);
  }

  // By a pass over all columns; where there were more than were expected a copy makes them cheap.
  void learn(const double* theta) {
    if constexpr (postponable)
      if (brief_ && ++passes_ == dear) rounded_.copy();
    rounded_.correlate(theta, place(theta).products.data());
    orthogonalise();
  }

  // Room for a point in front of those that are known.
  Known& place(const double* theta) {
    if (known_.size() < most) known_.emplace_back();
    std::rotate(known_.begin(), known_.end() - 1, known_.end());
    known_[0].theta.assign(theta, theta + x_.n);
    known_[0].products.resize(x_.p);
    known_[0].size = std::sqrt(dot(theta, theta, x_.n));
    return known_[0];
  }

  // The known points by Gram-Schmidt: theta_m = sum_i upper[i][m] basis_i.
  void orthogonalise() {
    const std::size_t n = x_.n;
    basis_.resize(most * n);
    for (std::size_t m = 0; m < known_.size(); ++m) {
      double* q = basis_.data() + m * n;
      std::copy(known_[m].theta.begin(), known_[m].theta.end(), q);
      for (std::size_t i = 0; i < m; ++i) {
        upper_[i][m] = dot(basis_.data() + i * n, q, n);
        axpy(-upper_[i][m], basis_.data() + i * n, q, n);
      }
      const double size = std::sqrt(dot(q, q, n));
      upper_[m][m] = size;
      for (std::size_t i = 0; i < n && size > 0.0; ++i) q[i] /= size;
    }
  }

  // work(begin, size) over all columns, a part of them at a time, for so many points.
  template <class Work>
  void in_parts(std::size_t points, Work&& work) const {
    const double products = 4.0 * static_cast<double>(x_.p * points * (known_.size() + 1));
    in_blocks(x_.p, part, products, [&](std::size_t begin, std::size_t end) {
      for (; begin < end; begin += part) work(begin, std::min(part, end - begin));
    });
  }

  // out (size) = sum_m share_m z_j'theta_m of the columns from `begin`
  void estimate(std::size_t k, std::size_t begin, std::size_t size, double* out) const {
    std::fill_n(out, size, 0.0);
    for (std::size_t m = 0; m < known_.size(); ++m)
      axpy(bounds_[k].shares[m], known_[m].products.data() + begin, out, size);
  }

  // The shares of the known points in theta, and the length of what is left. Any shares are valid:
  // the rest is computed from them.
  void span(const double* theta, std::size_t k) {
    const std::size_t n = x_.n, count = known_.size();
    Bound& bound = bounds_[k];
    double along[most] = {};
    const double* basis[most];
    for (std::size_t m = 0; m < count; ++m) basis[m] = basis_.data() + m * n;
    cross(basis, count, theta, n, 1, n, along, 1);
    bound.shares = {};
    bound.sizes = 0.0;
    rest_.assign(theta, theta + n);
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
  const bool brief_ = false;
  std::size_t passes_ = 0;
  std::vector<double> basis_, rest_, exact_, estimates_, excess_;
  double upper_[most][most] = {};
  std::vector<Known> known_;  // the newest first
  std::vector<std::size_t> listed_;
  std::vector<Bound> bounds_;  // of the points asked for last
  std::size_t points_ = 0;
};

}  // namespace priorfit
