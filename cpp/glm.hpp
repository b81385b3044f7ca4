// min_b sum_i w_i loss(y_i, offset_i + (Z b)_i) + s penalty(b) over a few dense columns:
// proximal Newton (Lee, Sun & Saunders 2014, algorithm 1), each quadratic model solved exactly.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <vector>

#include "penalty.hpp"
#include "quadratic.hpp"
#include "simd.hpp"

namespace priorfit {

struct Rows {  // Z: n x m, column j at z + j * n
  const double *z, *y, *w, *offset;
  std::size_t n, m;
  const double* column(std::size_t j) const { return z + j * n; }
};

template <class Loss>
class Glm {
 public:
  Glm(const Rows& rows, const Penalty& penalty)
      : r_(rows), p_(penalty), eta_(r_.n), change_(r_.n), moved_(r_.n), theta_(r_.n), root_(r_.n),
        scaled_(r_.n * r_.m), gram_(r_.m * r_.m), slopes_(r_.m), q_(r_.m), proposal_(r_.m) {}

  // `b` holds the warm start and receives the solution; `tol` bounds the violation of
  // stationarity in units of the gradient. `stop()` is asked once a round.
  template <class Stop>
  Status solve(double* b, double s, double tol, int max_rounds, int& rounds, Stop&& stop) {
    for (std::size_t j = 0; j < r_.m; ++j) b[j] = std::clamp(b[j], p_.lower[j], p_.upper[j]);
    predictor(b);
    double value = objective(eta_.data(), b, s);
    if (!std::isfinite(value)) return Status::not_finite;
    for (rounds = 0; rounds < max_rounds; ++rounds) {
      if (stop()) return Status::interrupted;
      derivatives();
      double violation = 0.0;
      for (std::size_t j = 0; j < r_.m; ++j)
        violation = std::max(violation, p_.violation(b[j], s, slopes_[j], j));
      if (violation <= tol) return Status::converged;
      model(b);
      if (!propose(b, s, 1e-3 * violation, stop)) return Status::interrupted;
      if (!search(b, s, value)) return Status::max_rounds;
    }
    return Status::max_rounds;
  }

 private:
  void predictor(const double* b) {
    std::copy(r_.offset, r_.offset + r_.n, eta_.begin());
    for (std::size_t j = 0; j < r_.m; ++j)
      if (b[j] != 0.0) axpy(b[j], r_.column(j), eta_.data(), r_.n);
  }

  double objective(const double* eta, const double* b, double s) const {
    double sum = 0.0;
    for (std::size_t i = 0; i < r_.n; ++i) sum += r_.w[i] * Loss::loss(r_.y[i], eta[i]);
    return sum + p_.value(b, s, r_.m);
  }

  // theta = -w loss', its correlations Z'theta, and the root of the curvature of each row
  void derivatives() {
    double largest = 0.0;
    for (std::size_t i = 0; i < r_.n; ++i) {
      double slope, curvature;
      Loss::derivatives(r_.y[i], eta_[i], slope, curvature);
      theta_[i] = -r_.w[i] * slope;
      root_[i] = r_.w[i] * curvature;
      largest = std::max(largest, root_[i]);
    }
    const double floor = 1e-12 * std::max(largest, 1e-300);
    for (double& h : root_) h = std::sqrt(std::max(h, floor));
    for (std::size_t j = 0; j < r_.m; ++j) slopes_[j] = dot(r_.column(j), theta_.data(), r_.n);
  }

  // The quadratic model at b: gram = Z'HZ, q = gram b + slopes
  void model(const double* b) {
    for (std::size_t j = 0; j < r_.m; ++j) {
      double* u = scaled_.data() + j * r_.n;
      const double* z = r_.column(j);
      for (std::size_t i = 0; i < r_.n; ++i) u[i] = root_[i] * z[i];
      for (std::size_t k = 0; k <= j; ++k)
        gram_[j * r_.m + k] = gram_[k * r_.m + j] = dot(u, scaled_.data() + k * r_.n, r_.n);
    }
    for (std::size_t j = 0; j < r_.m; ++j)
      q_[j] = slopes_[j] + dot(gram_.data() + j * r_.m, b, r_.m);
  }

  // The minimum of the model into `proposal_`; false where interrupted.
  template <class Stop>
  bool propose(const double* b, double s, double tol, Stop&& stop) {
    std::copy(b, b + r_.m, proposal_.begin());
    const Quadratic quadratic{gram_.data(), r_.m,   r_.m,     q_.data(), p_.l1,
                              p_.l2,        p_.loc, p_.lower, p_.upper};
    int rounds;
    return QuadraticSolver(quadratic).solve(proposal_.data(), s, tol, 50, rounds, stop) !=
           Status::interrupted;
  }

  // The first of 1, 1/2, 1/4, ... of the step that does not raise the objective.
  bool search(double* b, double s, double& value) {
    std::fill(change_.begin(), change_.end(), 0.0);
    for (std::size_t j = 0; j < r_.m; ++j)
      if (proposal_[j] != b[j]) axpy(proposal_[j] - b[j], r_.column(j), change_.data(), r_.n);
    const double slack = 1e-14 * std::fabs(value);
    double share = 1.0;
    for (int halving = 0; halving < 40; ++halving, share *= 0.5) {
      for (std::size_t i = 0; i < r_.n; ++i) moved_[i] = eta_[i] + share * change_[i];
      const double there = objective(moved_.data(), proposal_.data(), s);
      if (there <= value + slack) {
        const bool moving = there < value;
        std::copy(proposal_.begin(), proposal_.end(), b);
        eta_.swap(moved_);
        value = there;
        return moving;
      }
      for (std::size_t j = 0; j < r_.m; ++j) proposal_[j] = 0.5 * (proposal_[j] + b[j]);
    }
    return false;
  }

  const Rows r_;
  const Penalty p_;
  std::vector<double> eta_, change_, moved_, theta_, root_, scaled_, gram_, slopes_, q_, proposal_;
};

}  // namespace priorfit
