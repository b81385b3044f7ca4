// A quadratic model over so many sparse working columns that their Gram matrix would not pay:
// coordinate descent on what is left of the slope, conjugate gradients on the support.
//
//   min_b  1/2 sum_i u_i^2 / h_i + s penalty(b),   u = theta - H Z (b - b_0),
//   Z = (X - center) / scale
//
// Centred columns are not formed: u is kept as r + shift h, where the shift is what the centres of
// all moved columns add up to. An intercept is a column without entries whose centre is -1. Weights
// of rows belong to h and theta.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <numeric>
#include <vector>

#include "columns.hpp"
#include "model.hpp"
#include "penalty.hpp"

namespace priorfit {

template <class T, class I>
class SparseQuadratic {
 public:
  using Columns = SparseColumns<T, I>;

  explicit SparseQuadratic(const Columns& all) : x_(all), r_(all.n), h_(all.n), image_(all.n) {}

  std::vector<double>& b() { return b_; }
  std::size_t size() const { return columns_.size(); }
  Penalty penalty() const { return form_.penalty(); }

  void add(const std::vector<std::size_t>& fresh, const Penalty& p) {
    for (std::size_t j : fresh) {
      columns_.push_back(j);
      form_.add(p.l1[j], p.l2[j], p.loc[j], p.lower[j], p.upper[j], false);
      measure(columns_.size() - 1);
    }
    b_.resize(columns_.size(), 0.0);
  }

  void add_ones() {
    const double inf = std::numeric_limits<double>::infinity();
    columns_.push_back(ones);
    form_.add(0.0, 0.0, 0.0, -inf, inf, false);
    measure(columns_.size() - 1);
    b_.resize(columns_.size(), 0.0);
  }

  // A new model at the present b: the slope theta of the rows, with new curvatures or those it had.
  void restart(const double* theta, const double* h = nullptr) {
    std::copy(theta, theta + x_.n, r_.begin());
    shift_ = 0.0;
    if (h) bend(h);
    level_ = level(r_, shift_);
  }

  // The curvatures of the rows, on which the lengths of the columns depend.
  void bend(const double* h) {
    h_.assign(h, h + x_.n);
    total_ = std::accumulate(h_.begin(), h_.end(), 0.0);
    flat_ = std::all_of(h_.begin(), h_.end(), [](double v) { return v == 1.0; });
    for (std::size_t k = 0; k < columns_.size(); ++k) measure(k);
  }

  // The largest violation of stationarity.
  double violation(double s) const {
    const Penalty p = form_.penalty();
    double worst = 0.0;
    for (std::size_t k = 0; k < b_.size(); ++k)
      worst = std::max(worst, p.violation(b_[k], s, correlation(k, r_, shift_, level_), k));
    return worst;
  }

  // One sweep; the largest violation met.
  double descend(double s, bool active_only) {
    const Penalty p = form_.penalty();
    double worst = 0.0;
    for (std::size_t k = 0; k < b_.size(); ++k) {
      if (active_only && b_[k] == p.loc[k] && p.l1[k] > 0.0) continue;
      const double c = correlation(k, r_, shift_, level_), t = b_[k] - p.loc[k];
      const double v = p.violation(b_[k], s, c, k);
      if (!(v <= worst)) worst = v;
      if (v == 0.0 || !(norms_[k] > 0.0)) continue;
      const double z = c + norms_[k] * t, edge = s * p.l1[k];
      const double soft = z > edge ? z - edge : (z < -edge ? z + edge : 0.0);
      move(k, std::clamp(p.loc[k] + soft / (norms_[k] + s * p.l2[k]), p.lower[k], p.upper[k]));
    }
    return worst;
  }

  // Towards the minimum on the support with the present signs; what crosses its kink or a bound
  // stops there. Undone, and cut at the first crossing, where the objective rises.
  void newton(double s) {
    const Penalty p = form_.penalty();
    support_.clear();
    for (std::size_t k = 0; k < b_.size(); ++k)
      if (b_[k] > p.lower[k] && b_[k] < p.upper[k] && (b_[k] != p.loc[k] || p.l1[k] == 0.0))
        support_.push_back(k);
    if (support_.empty()) return;
    const std::vector<double> d = direction(s, p);
    const double before = objective(s);
    const std::vector<double> b = b_, r = r_;
    const double shift = shift_, at = level_;
    double first = 1.0;
    for (std::size_t a = 0; a < support_.size(); ++a) {
      const std::size_t k = support_[a];
      const double t = b[k] - p.loc[k];
      double next = b[k] + d[a], share = 1.0;
      if (p.l1[k] > 0.0 && t * (t + d[a]) < 0.0) share = -t / d[a], next = p.loc[k];
      next = std::clamp(next, p.lower[k], p.upper[k]);
      if (next != b[k] + d[a] && share == 1.0) share = (next - b[k]) / d[a];
      first = std::min(first, share);
      move(k, next);
    }
    if (first == 1.0 || objective(s) <= before) return;
    b_ = b, r_ = r, shift_ = shift, level_ = at;
    for (std::size_t a = 0; a < support_.size(); ++a) {
      const std::size_t k = support_[a];
      move(k, std::clamp(b[k] + first * d[a], p.lower[k], p.upper[k]));
    }
  }

  // y += Z (to - from)
  void combine_into(const std::vector<double>& to, const std::vector<double>& from,
                    double* y) const {
    double shift = 0.0;
    for (std::size_t k = 0; k < to.size(); ++k) {
      const double d = to[k] - from[k];
      if (d == 0.0) continue;
      const double slope = d / scale(k);
      entries(k, [&](std::size_t i, double v) { y[i] += slope * v; });
      shift += slope * center(k);
    }
    for (std::size_t i = 0; i < x_.n; ++i) y[i] -= shift;
  }

 private:
  static constexpr std::size_t ones = static_cast<std::size_t>(-1);

  double center(std::size_t k) const {
    return columns_[k] == ones ? -1.0 : x_.units.center[columns_[k]];
  }
  double scale(std::size_t k) const {
    return columns_[k] == ones ? 1.0 : x_.units.scale[columns_[k]];
  }

  template <class Visit>
  void entries(std::size_t k, Visit&& visit) const {
    const std::size_t j = columns_[k];
    if (j == ones) return;
    for (I e = x_.start[j]; e < x_.start[j + 1]; ++e)
      visit(static_cast<std::size_t>(x_.row[e]), static_cast<double>(x_.value[e]));
  }

  // z_k'H z_k, and what the level of a column is.
  void measure(std::size_t k) {
    sums_.resize(columns_.size());
    norms_.resize(columns_.size());
    double sum = 0.0, square = 0.0;
    entries(k, [&](std::size_t i, double v) {
      sum += h_[i] * v;
      square += h_[i] * v * v;
    });
    const double c = center(k);
    sums_[k] = sum;
    norms_[k] = (square - 2.0 * c * sum + c * c * total_) / scale(k) / scale(k);
  }

  void move(std::size_t k, double next) {
    const double d = next - b_[k];
    if (d == 0.0) return;
    b_[k] = next;
    subtract(k, d, r_, shift_);
    level_ -= d * (sums_[k] - center(k) * total_) / scale(k);
  }

  // r + shift h  -=  d H z_k
  void subtract(std::size_t k, double d, std::vector<double>& r, double& shift) const {
    const double slope = d / scale(k);
    if (flat_)
      entries(k, [&](std::size_t i, double v) { r[i] -= slope * v; });
    else
      entries(k, [&](std::size_t i, double v) { r[i] -= h_[i] * slope * v; });
    shift += slope * center(k);
  }

  // z_k'(r + shift h); `at` is the level of that
  double correlation(std::size_t k, const std::vector<double>& r, double shift, double at) const {
    const double sum = shift * sums_[k] + product(k, r.data());
    return (sum - center(k) * at) / scale(k);
  }

  // x_k'r, in four sums: none waits for the one before.
  double product(std::size_t k, const double* r) const {
    const std::size_t j = columns_[k];
    if (j == ones) return 0.0;
    double sums[4] = {};
    const I end = x_.start[j + 1];
    I e = x_.start[j];
    for (; e + 4 <= end; e += 4)
      for (int q = 0; q < 4; ++q)
        sums[q] += r[x_.row[e + q]] * static_cast<double>(x_.value[e + q]);
    for (; e < end; ++e) sums[0] += r[x_.row[e]] * static_cast<double>(x_.value[e]);
    return (sums[0] + sums[1]) + (sums[2] + sums[3]);
  }

  // The sum of r + shift h.
  double level(const std::vector<double>& r, double shift) const {
    return std::accumulate(r.begin(), r.end(), shift * total_);
  }

  double objective(double s) const {
    double sum = 0.0;
    for (std::size_t i = 0; i < x_.n; ++i) {
      const double u = r_[i] + shift_ * h_[i];
      sum += 0.5 * u * u / h_[i];
    }
    return sum + form_.penalty().value(b_.data(), s, b_.size());
  }

  // Conjugate gradients for (Z_A'HZ_A + s l2) d = Z_A'u - slope of the penalty, diagonally scaled.
  std::vector<double> direction(double s, const Penalty& p) {
    const std::size_t m = support_.size();
    std::vector<double> d(m, 0.0), g(m), q(m), h(m), v(m);
    double rho = 0.0;
    for (std::size_t a = 0; a < m; ++a) {
      const std::size_t k = support_[a];
      const double t = b_[k] - p.loc[k], sign = t > 0.0 ? 1.0 : (t < 0.0 ? -1.0 : 0.0);
      g[a] = correlation(k, r_, shift_, level_) - s * (p.l1[k] * sign + p.l2[k] * t);
      h[a] = norms_[k] + s * p.l2[k];
      q[a] = g[a] / h[a];
      rho += g[a] * q[a];
    }
    const double enough = 0.01 * rho;  // a tenth of the norm
    v = q;
    for (int step = 0; step < 30 && rho > enough && rho > 0.0; ++step) {
      std::fill(image_.begin(), image_.end(), 0.0);
      double shift = 0.0;
      for (std::size_t a = 0; a < m; ++a) subtract(support_[a], -v[a], image_, shift);
      const double around = level(image_, shift);
      double curvature = 0.0;
      for (std::size_t a = 0; a < m; ++a) {
        const std::size_t k = support_[a];
        q[a] = correlation(k, image_, shift, around) + s * p.l2[k] * v[a];
        curvature += v[a] * q[a];
      }
      if (!(curvature > 0.0)) break;
      const double alpha = rho / curvature;
      double next = 0.0;
      for (std::size_t a = 0; a < m; ++a) {
        d[a] += alpha * v[a];
        g[a] -= alpha * q[a];
        next += g[a] * g[a] / h[a];
      }
      for (std::size_t a = 0; a < m; ++a) v[a] = g[a] / h[a] + next / rho * v[a];
      rho = next;
    }
    return d;
  }

  const Columns& x_;
  double total_ = 0.0, shift_ = 0.0, level_ = 0.0;
  bool flat_ = false;  // h is 1 everywhere
  Grown form_;
  std::vector<std::size_t> columns_, support_;
  std::vector<double> sums_, norms_, b_;             // by working columns
  std::vector<double> r_, h_, image_;                // by rows
};

}  // namespace priorfit
