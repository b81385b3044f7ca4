// Likelihoods over many sparse working columns, whose Gram matrix is never formed.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <vector>

#include "glm_rows.hpp"
#include "model.hpp"
#include "sparse_quadratic.hpp"

namespace priorfit {

// 1/2 |y - Z b|^2, y and Z times the root of the weights.
template <class T, class I>
class GaussianResidualModel {
 public:
  using Columns = SparseColumns<T, I>;

  GaussianResidualModel(const Columns& all, const double* y)
      : n_(all.n), y_(y), root_(all.units.root), left_(n_), work_(all) {
    for (std::size_t i = 0; i < n_; ++i) left_[i] = root_[i] * root_[i];
    work_.bend(left_.data());
  }

  double tolerance(double s, double tol, double steepest) const {
    return std::max(0.5 * tol * s, 1e-13 * steepest);
  }

  void add(const std::vector<std::size_t>& fresh, const Penalty& p) { work_.add(fresh, p); }

  template <class Stop>
  Status solve(Solution& x, double s, double tol, Stop&& stop) {
    load(x);
    for (std::size_t i = 0; i < n_; ++i) left_[i] *= root_[i];
    work_.restart(left_.data());
    Status status = Status::max_rounds;
    for (int round = 0; round < 200; ++round) {
      if (stop()) return Status::interrupted;
      double worst = 0.0;
      for (int sweep = 0; sweep < 2; ++sweep) worst = work_.descend(s, sweep > 0);
      if (!std::isfinite(worst)) return Status::not_finite;
      if (worst <= 10.0 * tol && work_.violation(s) <= tol) {
        status = Status::converged;
        break;
      }
      work_.newton(s);
    }
    x.b = work_.b();
    return status;
  }

  double dual_point(const Solution& x, double* theta) {
    load(x);
    std::copy(left_.begin(), left_.end(), theta);
    return 0.5 * dot(theta, theta, n_);
  }

  double dual(const double* theta, double share) const {
    return gaussian_dual(y_, theta, share, n_);
  }

 private:
  // y - Z b, into `left_`
  void load(const Solution& x) {
    std::fill(left_.begin(), left_.end(), 0.0);
    work_.combine_into(x.b, std::vector<double>(x.b.size(), 0.0), left_.data());
    for (std::size_t i = 0; i < n_; ++i) left_[i] = y_[i] - root_[i] * left_[i];
    work_.b() = x.b;
  }

  const std::size_t n_;
  const double *y_, *root_;
  std::vector<double> left_;
  SparseQuadratic<T, I> work_;
};

// Proximal Newton: a quadratic model at each point, of which a few sweeps and one Newton step are
// enough before the next.
template <class T, class I, class Loss>
class GlmResidualModel {
 public:
  using Columns = SparseColumns<T, I>;

  GlmResidualModel(const Columns& all, const double* y, const double* w, const double* offset,
                   bool intercept)
      : n_(all.n), rows_{n_, y, w, offset, intercept}, first_(intercept), work_(all), eta_(n_),
        moved_(n_), change_(n_), theta_(n_), h_(n_, 1.0) {
    work_.bend(h_.data());
    if (intercept) work_.add_ones();
  }

  double tolerance(double s, double tol, double steepest) const {
    return std::max(2.0 * tol * s, 1e-13 * steepest);
  }

  void add(const std::vector<std::size_t>& fresh, const Penalty& p) { work_.add(fresh, p); }

  template <class Stop>
  Status solve(Solution& x, double s, double tol, Stop&& stop) {
    load(x);
    double value = rows_.loss(eta_.data()) + penalty(work_.b(), s);
    if (!std::isfinite(value)) return Status::not_finite;
    Status status = Status::max_rounds;
    for (int round = 0; round < 200; ++round) {
      if (stop()) return Status::interrupted;
      rows_.derivatives(eta_.data(), theta_.data(), h_.data());
      work_.restart(theta_.data(), h_.data());
      if (round > 0 && work_.violation(s) <= tol) {  // a new strength is not yet solved
        status = Status::converged;
        break;
      }
      const std::vector<double> from = work_.b();
      for (int sweep = 0; sweep < 2; ++sweep) work_.descend(s, sweep > 0);
      work_.newton(s);
      if (!search(from, s, value)) break;
    }
    if (first_) x.intercepts[0] = work_.b()[0];
    x.b.assign(work_.b().begin() + static_cast<std::ptrdiff_t>(first_), work_.b().end());
    return status;
  }

  // theta = -w loss', moved to sum 0 where there is an intercept; returns the loss.
  double dual_point(const Solution& x, double* theta) {
    load(x);
    rows_.derivatives(eta_.data(), theta_.data(), h_.data());
    rows_.dual_point(theta_.data(), h_.data(), theta);
    return rows_.loss(eta_.data());
  }

  double dual(const double* theta, double share) const { return rows_.dual(theta, share); }

 private:
  void load(const Solution& x) {
    std::vector<double>& b = work_.b();
    if (first_) b[0] = x.intercepts[0];
    const Penalty p = work_.penalty();
    for (std::size_t j = 0; j < x.b.size(); ++j)
      b[j + first_] = std::clamp(x.b[j], p.lower[j + first_], p.upper[j + first_]);
    std::copy(rows_.offset, rows_.offset + n_, eta_.begin());
    work_.combine_into(b, std::vector<double>(b.size(), 0.0), eta_.data());
  }

  double penalty(const std::vector<double>& b, double s) const {
    return work_.penalty().value(b.data(), s, b.size());
  }

  // To the present weights, or part of the way from `from`.
  bool search(const std::vector<double>& from, double s, double& value) {
    std::fill(change_.begin(), change_.end(), 0.0);
    work_.combine_into(work_.b(), from, change_.data());
    return rows_.search(from, change_, work_.b(), eta_, moved_, value,
                        [&](const std::vector<double>& b) { return penalty(b, s); });
  }

  const std::size_t n_;
  const GlmRows<Loss> rows_;
  const std::size_t first_;
  SparseQuadratic<T, I> work_;
  std::vector<double> eta_, moved_, change_, theta_, h_;
};

}  // namespace priorfit
