// What a path minimises over its working columns: a likelihood with its own way to a solution and
// its own dual point.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <vector>

#include "penalty.hpp"
#include "quadratic.hpp"
#include "simd.hpp"
#include "square_matrix.hpp"

namespace priorfit {

struct PathUnits {  // of the certificate
  double reference, steepest;
};

struct Solution {
  std::vector<double> b;  // of the working columns, in the order in which they came
  std::vector<double> intercepts;  // one, or one for each output but the first
};

// The penalty of the working columns, and, where asked for, a matrix that grows with them.
class Grown {
 public:
  std::size_t size() const { return form_[0].size(); }
  std::size_t stride() const { return gram_.stride(); }
  double* gram() { return gram_.data(); }

  void add(double l1, double l2, double loc, double lower, double upper, bool matrix = true) {
    const double values[] = {l1, l2, loc, lower, upper};
    for (std::size_t k = 0; k < 5; ++k) form_[k].push_back(values[k]);
    if (matrix) gram_.fit(size());
  }

  void add(const std::vector<std::size_t>& fresh, const Penalty& p) {
    for (std::size_t j : fresh) add(p.l1[j], p.l2[j], p.loc[j], p.lower[j], p.upper[j]);
  }

  Penalty penalty() const {
    return {form_[0].data(), form_[1].data(), form_[2].data(), form_[3].data(), form_[4].data()};
  }

  Quadratic quadratic(const double* q) const {
    return {gram_.data(),    gram_.stride(),  size(),          q,               form_[0].data(),
            form_[1].data(), form_[2].data(), form_[3].data(), form_[4].data()};
  }

 private:
  SquareMatrix gram_;
  std::vector<double> form_[5];
};

// The dual of 1/2 |y - eta|^2 at share * theta: sum_i t_i (y_i - t_i / 2).
inline double gaussian_dual(const double* y, const double* theta, double share, std::size_t n) {
  double sum = 0.0;
  for (std::size_t i = 0; i < n; ++i) sum += share * theta[i] * (y[i] - 0.5 * share * theta[i]);
  return sum;
}

// Whether a Gram matrix of working columns is worth its price.
template <class Working>
bool pays(const Working&) {
  return true;
}

// Rounds of the quadratic solver: nearly dependent columns change places one at a time.
inline int patience(std::size_t columns) { return 500 + 10 * static_cast<int>(columns); }

// 1/2 |y - Z b|^2, y and Z times the root of the weights; centred columns need no intercept.
template <class Columns>
class GaussianModel {
 public:
  static constexpr double near = 0.97;  // a column more costs its row of a Gram matrix

  GaussianModel(const Columns& all, const double* y)
      : n_(all.n), y_(y), z_(all), solver_(grown_.quadratic(nullptr)) {}

  // The violation at which the gap is reached. The Newton steps of a pure l1 penalty are exact and
  // end far below; where every weight has an l2 term, a violation v costs v^2 / (2 s l2).
  double tolerance(double s, double tol, const PathUnits& units) const {
    const double columns = static_cast<double>(grown_.size());
    const double bent = least_l2_ > 0.0
                            ? 0.5 * std::sqrt(2.0 * s * least_l2_ * tol * units.reference / columns)
                            : 1e-2 * tol * s;
    return std::max(1e-12 * units.steepest, bent_ ? bent : 0.0);
  }

  void add(const std::vector<std::size_t>& fresh, const Penalty& p) {
    const std::size_t m = grown_.size();
    grown_.add(fresh, p);
    for (std::size_t j : fresh) {
      bent_ = bent_ || p.l2[j] > 0.0;
      least_l2_ = std::min(least_l2_, p.l2[j]);
    }
    q_.resize(grown_.size());
    z_.add(fresh);
    z_.gram(m, grown_.gram(), grown_.stride());
    z_.project(m, y_, q_.data());
    solver_.grow(grown_.quadratic(q_.data()));
  }

  bool pays() const { return priorfit::pays(z_); }

  template <class Stop>
  Status solve(Solution& x, double s, double tol, Stop&& stop) {
    int rounds;
    return solver_.solve(x.b.data(), s, tol, patience(grown_.size()), rounds, stop);
  }

  // theta = y - Z b; returns the loss.
  double dual_point(const Solution& x, double* theta) {
    which_.clear();
    minus_.clear();
    for (std::size_t i = 0; i < x.b.size(); ++i)
      if (x.b[i] != 0.0) which_.push_back(i), minus_.push_back(-x.b[i]);
    std::copy(y_, y_ + n_, theta);
    z_.combine_into(which_, minus_, theta);
    return 0.5 * dot(theta, theta, n_);
  }

  // The dual of the loss at share * theta.
  double dual(const double* theta, double share, double = 0.0) const {
    return gaussian_dual(y_, theta, share, n_);
  }

 private:
  const std::size_t n_;
  const double* y_;
  bool bent_ = false;  // some weight has an l2 term
  double least_l2_ = std::numeric_limits<double>::infinity();
  typename Columns::Working z_;
  Grown grown_;
  QuadraticSolver solver_;
  std::vector<double> q_, minus_;
  std::vector<std::size_t> which_;
};

}  // namespace priorfit
