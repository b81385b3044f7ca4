// A quadratic model over so many sparse working columns that their Gram matrix would not pay:
// coordinate descent on what is left of the slope, conjugate gradients on the support.
//
//   min_b  1/2 sum_i u_i^2 / h_i + s penalty(b),   u = theta - H Z (b - b_0),
//   Z = (X - center) / scale
//
// Centred columns are not formed: u is kept as r + shift h, where the shift is what the centres of
// all moved columns add up to. An intercept is a column without entries whose centre is -1; beside
// it the others are centred by the curvatures, so that they do not move it, and what that changes
// is added to its weight. Weights of rows belong to h and theta.
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
#include "working_entries.hpp"

namespace priorfit {

template <class T, class I>
class SparseQuadratic {
 public:
  using Columns = SparseColumns<T, I>;

  explicit SparseQuadratic(const Columns& all)
      : x_(all), z_(all), measured_(all.n, 0.0), r_(all.n), image_(all.n) {}

  std::vector<double>& b() { return b_; }
  Penalty penalty() const { return form_.penalty(); }
  double value(const std::vector<double>& b, double s) const {
    return form_.penalty().value(b.data(), s, b.size());
  }

  // Whether what bounds every slope is an l1 term (but for an intercept).
  bool pure() const { return pure_; }
  // The smallest of their rates.
  double least() const { return std::isfinite(least_) ? least_ : 1.0; }

  void add(const std::vector<std::size_t>& fresh, const Penalty& p) {
    for (std::size_t j : fresh) {
      z_.add(j);
      form_.add(p.l1[j], p.l2[j], p.loc[j], p.lower[j], p.upper[j], false);
      pure_ = pure_ && p.l1[j] > 0.0 && p.l2[j] == 0.0;
      if (p.l1[j] > 0.0) least_ = std::min(least_, p.l1[j]);
      add_unit(x_.units.center[j], x_.units.scale[j]);
    }
  }

  // An intercept; the first column.
  void add_ones() {
    ones_ = true;
    const double inf = std::numeric_limits<double>::infinity();
    z_.add_empty();
    form_.add(0.0, 0.0, 0.0, -inf, inf, false);
    add_unit(-1.0, 1.0);
  }

  // A new model at the present b: the slope theta of the rows and their curvatures h > 0, which
  // stay where they are. Lengths of columns are measured again where curvatures have changed.
  void begin(const double* theta, const double* h) {
    std::copy(theta, theta + x_.n, r_.begin());
    h_ = h;
    shift_ = total_ = 0.0;
    double away = 0.0, most = 0.0;
    bool flat = true;
    for (std::size_t i = 0; i < x_.n; ++i) {
      total_ += h[i];
      away += std::fabs(h[i] - measured_[i]);
      most = std::max(most, h[i] - 1.5 * measured_[i]);
      flat = flat && h[i] == 1.0;
    }
    flat_ = flat;
    if (away > 0.05 * total_ || most > 0.0) {
      std::copy(h, h + x_.n, measured_.begin());
      known_ = 0;
    }
    level_ = std::accumulate(r_.begin(), r_.end(), 0.0);
  }

  // One sweep, over those that a kink holds or all; the largest violation of stationarity met, in
  // units of s l1.
  double sweep(double s, bool held_only = false) {
    const Penalty p = form_.penalty();
    double worst = 0.0;
    for (std::size_t k = 0; k < b_.size(); ++k) {
      if (held_only && (b_[k] != p.loc[k] || p.l1[k] == 0.0)) continue;
      const double c = k < known_ ? correlation(k) : measure(k), t = b_[k] - p.loc[k];
      const double v = p.violation(b_[k], s, c, k);
      if (!(v <= worst * unit(p, k))) worst = v / unit(p, k);
      if (v == 0.0 || !(norms_[k] > 0.0)) continue;
      const double z = c + norms_[k] * t, edge = s * p.l1[k];
      const double soft = z > edge ? z - edge : (z < -edge ? z + edge : 0.0);
      move(k, std::clamp(p.loc[k] + soft / (norms_[k] + s * p.l2[k]), p.lower[k], p.upper[k]));
    }
    known_ = b_.size();
    return worst / s;
  }

  // Towards the minimum on the support with the present signs, until no violation there passes
  // `target`; what crosses its kink or a bound stops there. Undone, and cut at the first crossing,
  // where the objective rises. Whether all went as far as they should.
  template <class Stop>
  bool newton(double s, double target, Stop&& stop) {
    const Penalty p = form_.penalty();
    support_.clear();
    for (std::size_t k = 0; k < b_.size(); ++k)
      if (b_[k] > p.lower[k] && b_[k] < p.upper[k] && (b_[k] != p.loc[k] || p.l1[k] == 0.0))
        support_.push_back(k);
    if (support_.empty()) return true;
    std::vector<double> d(support_.size(), 0.0);
    const bool solved = direction(s, target, p, d, stop);
    const std::vector<double> b = b_;
    std::vector<double> next = b;
    double first = 1.0;
    for (std::size_t a = 0; a < support_.size(); ++a) {
      const std::size_t k = support_[a];
      const double t = b[k] - p.loc[k];
      double share = 1.0;
      next[k] = b[k] + d[a];
      if (p.l1[k] > 0.0 && t * (t + d[a]) < 0.0) share = -t / d[a], next[k] = p.loc[k];
      next[k] = std::clamp(next[k], p.lower[k], p.upper[k]);
      if (next[k] != b[k] + d[a] && share == 1.0) share = (next[k] - b[k]) / d[a];
      first = std::min(first, share);
    }
    const double before = first < 1.0 ? objective(s) : 0.0, level = level_;
    const std::vector<double> r = r_;
    settle(b, next);
    move_to(next);
    if (first == 1.0 || objective(s) <= before) return solved && first == 1.0;
    next = b_ = b;  // not by a step back: beside a long one r is rounding
    r_ = r;
    level_ = level;
    for (std::size_t a = 0; a < support_.size(); ++a) {
      const std::size_t k = support_[a];
      const double t = b[k] - p.loc[k], moved = t + first * d[a];
      const bool meets = p.l1[k] > 0.0 && t * moved <= 1e-12 * t * t;  // its kink, but for rounding
      next[k] = meets ? p.loc[k] : std::clamp(p.loc[k] + moved, p.lower[k], p.upper[k]);
    }
    settle(b, next);
    move_to(next);
    return false;
  }

  // To the weights `there`, but for those that would cross their kink or a bound.
  void extrapolate(const std::vector<double>& there) {
    const Penalty p = form_.penalty();
    for (std::size_t k = 0; k < there.size(); ++k) {
      const bool crosses = p.l1[k] > 0.0 && (b_[k] - p.loc[k]) * (there[k] - p.loc[k]) <= 0.0;
      b_[k] = crosses ? p.loc[k] : std::clamp(there[k], p.lower[k], p.upper[k]);
    }
  }

  // out = Z (b - b_0), as the rows say: (theta - u) / h.
  void change(const double* theta, double* out) const {
    for (std::size_t i = 0; i < x_.n; ++i) out[i] = (theta[i] - r_[i]) / h_[i] - shift_;
  }

  // y += Z (to - from); what `from` lacks is 0.
  void combine_into(const std::vector<double>& to, const std::vector<double>& from,
                    double* y) const {
    double shift = 0.0;
    for (std::size_t k = 0; k < to.size(); ++k) {
      const double slope = (to[k] - (k < from.size() ? from[k] : 0.0)) * inverse_[k];
      if (slope == 0.0) continue;
      z_.add_into(k, slope, y);
      shift += slope * origin_[k];
    }
    if (shift == 0.0) return;
    for (std::size_t i = 0; i < x_.n; ++i) y[i] -= shift;
  }

 private:
  void add_unit(double center, double scale) {
    origin_.push_back(center);
    center_.push_back(center);
    inverse_.push_back(1.0 / scale);
    for (std::vector<double>* v : {&b_, &sums_, &norms_}) v->push_back(0.0);
  }

  // In which violations of column k are said, times s.
  double unit(const Penalty& p, std::size_t k) const {
    return !pure_ ? 1.0 : (p.l1[k] > 0.0 ? p.l1[k] : least());
  }

  // z_k'u
  double correlation(std::size_t k) const {
    return (shift_ * sums_[k] + z_.dot(k, r_.data()) - center_[k] * level_) * inverse_[k];
  }

  // The same, with what curvatures make of the column: its sum, centre and squared length.
  double measure(std::size_t k) {
    const Sums sums = z_.sums(k, r_.data(), h_);
    sums_[k] = sums.second;
    if (ones_ && k > 0) center_[k] = sums.second / total_;
    const double c = center_[k], around = sums.third - 2.0 * c * sums.second + c * c * total_;
    norms_[k] = std::max(around, 1e-10 * sums.third) * inverse_[k] * inverse_[k];
    return (shift_ * sums_[k] + sums.first - c * level_) * inverse_[k];
  }

  // u -= (next - b) H z_k
  void move(std::size_t k, double next) {
    const double slope = (next - b_[k]) * inverse_[k];
    if (slope == 0.0) return;
    b_[k] = next;
    if (flat_) z_.add_into(k, -slope, r_.data());
    else sums_[k] = z_.subtract(k, slope, h_, r_.data());
    shift_ += slope * center_[k];
    level_ -= slope * (sums_[k] - center_[k] * total_);
    if (ones_ && k > 0) b_[0] += slope * (origin_[k] - center_[k]);
  }

  // What the step `next` - b in columns as they are centred here adds to the intercept.
  void settle(const std::vector<double>& b, std::vector<double>& next) const {
    if (!ones_) return;
    for (std::size_t k = 1; k < next.size(); ++k)
      next[0] += (next[k] - b[k]) * inverse_[k] * (origin_[k] - center_[k]);
  }

  // All columns at once.
  void move_to(const std::vector<double>& next) {
    std::fill(image_.begin(), image_.end(), 0.0);
    combine_into(next, b_, image_.data());
    double level = 0.0;
    for (std::size_t i = 0; i < x_.n; ++i) level += r_[i] -= h_[i] * image_[i];
    level_ = level + shift_ * total_;
    b_ = next;
  }

  double objective(double s) const {
    double sum = 0.0;
    for (std::size_t i = 0; i < x_.n; ++i) {
      const double u = r_[i] + shift_ * h_[i];
      sum += 0.5 * u * u / h_[i];
    }
    return sum + value(b_, s);
  }

  // Conjugate gradients for (Z_A'HZ_A + s l2) d = Z_A'u - slope of the penalty, diagonally scaled.
  template <class Stop>
  bool direction(double s, double target, const Penalty& p, std::vector<double>& d, Stop&& stop) {
    constexpr int most = 500;
    const std::size_t m = support_.size();
    std::vector<double> g(m), q(m), v(m, 0.0), h(m), enough(m);
    for (std::size_t a = 0; a < m; ++a) {
      const std::size_t k = support_[a];
      const double t = b_[k] - p.loc[k], sign = t > 0.0 ? 1.0 : (t < 0.0 ? -1.0 : 0.0);
      g[a] = correlation(k) - s * (p.l1[k] * sign + p.l2[k] * t);
      h[a] = norms_[k] + s * p.l2[k];
      enough[a] = target * s * unit(p, k);
    }
    double last = 0.0;
    for (int step = 0; step < most; ++step) {
      double rho = 0.0;
      bool done = true;
      for (std::size_t a = 0; a < m; ++a) {
        done = done && std::fabs(g[a]) <= enough[a];
        rho += g[a] * g[a] / h[a];
      }
      if (done || !(rho > 0.0) || stop()) return done;
      for (std::size_t a = 0; a < m; ++a) v[a] = g[a] / h[a] + (step ? rho / last : 0.0) * v[a];
      last = rho;
      const double curvature = multiply(v, q) + bent(s, p, v, q);
      if (!(curvature > 0.0)) return false;
      const double alpha = rho / curvature;
      for (std::size_t a = 0; a < m; ++a) d[a] += alpha * v[a], g[a] -= alpha * q[a];
    }
    return false;
  }

  // q = Z_A'HZ_A v on the support; returns v'q.
  double multiply(const std::vector<double>& v, std::vector<double>& q) {
    std::fill(image_.begin(), image_.end(), 0.0);
    double shift = 0.0, level = 0.0, curvature = 0.0;
    for (std::size_t a = 0; a < v.size(); ++a) {
      const std::size_t k = support_[a];
      z_.add_into(k, v[a] * inverse_[k], image_.data());
      shift += v[a] * inverse_[k] * center_[k];
    }
    for (std::size_t i = 0; i < x_.n; ++i) level += image_[i] = h_[i] * (image_[i] - shift);
    for (std::size_t a = 0; a < v.size(); ++a) {
      const std::size_t k = support_[a];
      q[a] = (z_.dot(k, image_.data()) - center_[k] * level) * inverse_[k];
      curvature += v[a] * q[a];
    }
    return curvature;
  }

  // q += s l2 v; returns v'(s l2 v).
  double bent(double s, const Penalty& p, const std::vector<double>& v, std::vector<double>& q) {
    double sum = 0.0;
    for (std::size_t a = 0; a < v.size(); ++a) {
      const double pull = s * p.l2[support_[a]] * v[a];
      q[a] += pull;
      sum += v[a] * pull;
    }
    return sum;
  }

  const Columns& x_;
  WorkingEntries<T, I> z_;
  Grown form_;
  const double* h_ = nullptr;
  double total_ = 0.0, shift_ = 0.0, level_ = 0.0;
  double least_ = std::numeric_limits<double>::infinity();
  bool flat_ = false, pure_ = true, ones_ = false;  // flat: h is 1 everywhere
  std::size_t known_ = 0;            // columns that were measured
  std::vector<std::size_t> support_;
  std::vector<double> b_, sums_, norms_, origin_, center_, inverse_;  // by working columns
  std::vector<double> measured_, r_, image_;                 // by rows
};

}  // namespace priorfit
