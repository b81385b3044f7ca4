// A gaussian likelihood over so many working columns that their Gram matrix would not pay: sparse
// columns, coordinate descent on the residual, conjugate gradients on the support.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <vector>

#include "columns.hpp"
#include "model.hpp"
#include "penalty.hpp"
#include "simd.hpp"

namespace priorfit {

// Centred columns are not formed: the residual is kept as r + shift root, where the shift is what
// the centres of all moved columns add up to.
template <class T, class I>
class ResidualModel {
 public:
  using Columns = SparseColumns<T, I>;

  ResidualModel(const Columns& all, const double* y) : x_(all), y_(y), r_(all.n), rooted_(all.n) {
    for (std::size_t i = 0; i < x_.n; ++i) total_ += x_.units.root[i] * x_.units.root[i];
  }

  static double tolerance(double s, double tol, double steepest) {
    return std::max(0.5 * tol * s, 1e-13 * steepest);
  }

  void add(const std::vector<std::size_t>& fresh, const Penalty& p) {
    for (std::size_t j : fresh) {
      double sum = 0.0, square = 0.0;
      entries(j, [&](std::size_t i, double v) {
        const double w = x_.units.root[i] * x_.units.root[i];
        sum += w * v;
        square += w * v * v;
      });
      const double c = x_.units.center[j], scale = x_.units.scale[j];
      columns_.push_back(j);
      sums_.push_back(sum);
      norms_.push_back((square - 2.0 * c * sum + c * c * total_) / scale / scale);
      form_.add(p.l1[j], p.l2[j], p.loc[j], p.lower[j], p.upper[j], false);
    }
    b_.resize(columns_.size(), 0.0);
  }

  template <class Stop>
  Status solve(Solution& x, double s, double tol, Stop&& stop) {
    load(x);
    Status status = Status::max_rounds;
    for (int round = 0; round < 200; ++round) {
      if (stop()) return Status::interrupted;
      double worst = 0.0;
      for (int sweep = 0; sweep < 3; ++sweep) worst = descend(s, sweep > 0);
      if (!std::isfinite(worst)) return Status::not_finite;
      if (worst <= 10.0 * tol && violation(s) <= tol) {
        status = Status::converged;
        break;
      }
      newton(s);
    }
    x.b = b_;
    return status;
  }

  double dual_point(const Solution& x, double* theta) {
    load(x);
    for (std::size_t i = 0; i < x_.n; ++i) theta[i] = r_[i] + shift_ * x_.units.root[i];
    return 0.5 * dot(theta, theta, x_.n);
  }

  double dual(const double* theta, double share) const {
    double sum = 0.0;
    for (std::size_t i = 0; i < x_.n; ++i)
      sum += share * theta[i] * (y_[i] - 0.5 * share * theta[i]);
    return sum;
  }

 private:
  template <class Visit>
  void entries(std::size_t j, Visit&& visit) const {
    for (I e = x_.start[j]; e < x_.start[j + 1]; ++e)
      visit(static_cast<std::size_t>(x_.row[e]), static_cast<double>(x_.value[e]));
  }

  void load(const Solution& x) {
    b_ = x.b;
    std::copy(y_, y_ + x_.n, r_.begin());
    shift_ = 0.0;
    for (std::size_t k = 0; k < b_.size(); ++k)
      if (b_[k] != 0.0) subtract(k, b_[k], r_, shift_);
  }

  // r + shift root  -=  d z_k
  void subtract(std::size_t k, double d, std::vector<double>& r, double& shift) const {
    const std::size_t j = columns_[k];
    const double slope = d / x_.units.scale[j];
    entries(j, [&](std::size_t i, double v) { r[i] -= x_.units.root[i] * slope * v; });
    shift += slope * x_.units.center[j];
  }

  // z_k'(r + shift root); `level` is root'(r + shift root)
  double correlation(std::size_t k, const std::vector<double>& r, double shift,
                     double level) const {
    const std::size_t j = columns_[k];
    double sum = shift * sums_[k];
    entries(j, [&](std::size_t i, double v) { sum += x_.units.root[i] * r[i] * v; });
    return (sum - x_.units.center[j] * level) / x_.units.scale[j];
  }

  double level(const std::vector<double>& r, double shift) const {
    return dot(x_.units.root, r.data(), x_.n) + shift * total_;
  }

  // One sweep; the largest violation met. The level stays what it was: moved columns are centred,
  // or there is no centring and the level is not used.
  double descend(double s, bool active_only) {
    const Penalty p = form_.penalty();
    const double at = level(r_, shift_);
    double worst = 0.0;
    for (std::size_t k = 0; k < b_.size(); ++k) {
      if (active_only && b_[k] == p.loc[k] && p.l1[k] > 0.0) continue;
      const double c = correlation(k, r_, shift_, at), t = b_[k] - p.loc[k];
      const double v = p.violation(b_[k], s, c, k);
      if (!(v <= worst)) worst = v;
      if (v == 0.0 || !(norms_[k] > 0.0)) continue;
      const double z = c + norms_[k] * t, edge = s * p.l1[k];
      const double soft = z > edge ? z - edge : (z < -edge ? z + edge : 0.0);
      const double next = std::clamp(p.loc[k] + soft / (norms_[k] + s * p.l2[k]), p.lower[k],
                                     p.upper[k]);
      subtract(k, next - b_[k], r_, shift_);
      b_[k] = next;
    }
    return worst;
  }

  double violation(double s) {
    const Penalty p = form_.penalty();
    const double at = level(r_, shift_);
    double worst = 0.0;
    for (std::size_t k = 0; k < b_.size(); ++k)
      worst = std::max(worst, p.violation(b_[k], s, correlation(k, r_, shift_, at), k));
    return worst;
  }

  double objective(double s) const {
    double sum = 0.0;
    for (std::size_t i = 0; i < x_.n; ++i) {
      const double r = r_[i] + shift_ * x_.units.root[i];
      sum += 0.5 * r * r;
    }
    return sum + form_.penalty().value(b_.data(), s, b_.size());
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
    const double shift = shift_;
    double first = 1.0;
    for (std::size_t a = 0; a < support_.size(); ++a) {
      const std::size_t k = support_[a];
      const double t = b[k] - p.loc[k];
      double next = b[k] + d[a], share = 1.0;
      if (p.l1[k] > 0.0 && t * (t + d[a]) < 0.0) share = -t / d[a], next = p.loc[k];
      next = std::clamp(next, p.lower[k], p.upper[k]);
      if (next != b[k] + d[a] && share == 1.0) share = (next - b[k]) / d[a];
      first = std::min(first, share);
      subtract(k, next - b[k], r_, shift_);
      b_[k] = next;
    }
    if (first == 1.0 || objective(s) <= before) return;
    b_ = b, r_ = r, shift_ = shift;
    for (std::size_t a = 0; a < support_.size(); ++a) {
      const std::size_t k = support_[a];
      const double next = std::clamp(b[k] + first * d[a], p.lower[k], p.upper[k]);
      subtract(k, next - b[k], r_, shift_);
      b_[k] = next;
    }
  }

  // Conjugate gradients for (Z_A'Z_A + s l2) d = z_A'r - slope of the penalty, diagonally scaled.
  std::vector<double> direction(double s, const Penalty& p) {
    const std::size_t m = support_.size();
    std::vector<double> d(m, 0.0), g(m), q(m), h(m), v(m);
    const double at = level(r_, shift_);
    double rho = 0.0;
    for (std::size_t a = 0; a < m; ++a) {
      const std::size_t k = support_[a];
      const double t = b_[k] - p.loc[k], sign = t > 0.0 ? 1.0 : (t < 0.0 ? -1.0 : 0.0);
      g[a] = correlation(k, r_, shift_, at) - s * (p.l1[k] * sign + p.l2[k] * t);
      h[a] = norms_[k] + s * p.l2[k];
      q[a] = g[a] / h[a];
      rho += g[a] * q[a];
    }
    const double enough = 0.01 * rho;  // a tenth of the norm
    v = q;
    for (int step = 0; step < 30 && rho > enough && rho > 0.0; ++step) {
      std::fill(rooted_.begin(), rooted_.end(), 0.0);
      double shift = 0.0;
      for (std::size_t a = 0; a < m; ++a) subtract(support_[a], -v[a], rooted_, shift);
      const double around = level(rooted_, shift);
      double curvature = 0.0;
      for (std::size_t a = 0; a < m; ++a) {
        const std::size_t k = support_[a];
        q[a] = correlation(k, rooted_, shift, around) + s * p.l2[k] * v[a];
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
  const double* y_;
  double total_ = 0.0, shift_ = 0.0;
  Grown form_;
  std::vector<std::size_t> columns_, support_;
  std::vector<double> sums_, norms_, b_, r_, rooted_;
};

}  // namespace priorfit
