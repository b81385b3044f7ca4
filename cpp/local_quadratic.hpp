// A local minimum of 1/2 b'Gb - q'b + sum_j penalty_j(b_j - loc_j) with a concave part in every
// penalty: coordinate descent whose every step is the global minimum over its coordinate, and Newton
// steps on the weights that are off their kinks (Breheny & Huang 2011; here the objective itself
// is asked whether such a step is taken).
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <vector>

#include "concave.hpp"
#include "cross.hpp"
#include "factor.hpp"
#include "quadratic.hpp"
#include "simd.hpp"

namespace priorfit {

class LocalQuadratic {
 public:
  // `size` holds the sizes of the concave parts at strength 1: all is at the strength wanted.
  LocalQuadratic(const Quadratic& problem, const double* size, Concave penalty)
      : p_(problem), size_(size), penalty_(penalty), g_(problem.m) {}

  template <class Stop>
  Status solve(double* b, double tol, int max_rounds, int& rounds, Stop&& stop) {
    b_ = b;
    tol_ = tol;
    refresh_gradient();
    for (rounds = 0; rounds < max_rounds; ++rounds) {
      const double worst = descend(false);
      if (!std::isfinite(worst)) return Status::not_finite;
      if (worst <= tol_) return Status::converged;
      for (int sweep = 0; sweep < 10; ++sweep)
        if (descend(true) <= tol_) break;
      newton();
      if (stop()) return Status::interrupted;
    }
    return Status::max_rounds;
  }

 private:
  Weight weight(std::size_t j) const {
    return {p_.l1[j], p_.l2[j], size_[j], p_.lower[j] - p_.loc[j], p_.upper[j] - p_.loc[j]};
  }

  void refresh_gradient() {
    std::copy(p_.q, p_.q + p_.m, g_.begin());
    for (std::size_t j = 0; j < p_.m; ++j)
      if (b_[j] != 0.0) axpy(-b_[j], p_.column(j), g_.data(), p_.m);
  }

  // One sweep, over all coordinates or over those that are off loc; the largest violation met, in
  // units of the gradient.
  double descend(bool moved_only) {
    double worst = 0.0;
    for (std::size_t j = 0; j < p_.m; ++j) {
      const double t = b_[j] - p_.loc[j], h = p_.column(j)[j];
      if (moved_only && t == 0.0) continue;
      if (!(h > 0.0)) {
        rest(j);
        continue;
      }
      const Weight w = weight(j);
      if (t == 0.0 && !penalty_.jumps() && std::fabs(g_[j]) <= w.l1) continue;  // stationary
      const double target = penalty_.minimum(w, t + g_[j] / h, h), step = target - t;
      const double violation = std::fabs(step) * h;
      if (!(violation <= worst)) worst = violation;  // catches NaN
      if (violation > 0.1 * tol_) move(j, p_.loc[j] + target);
    }
    return worst;
  }

  // A column that says nothing: a penalised weight goes to loc, inside its box.
  void rest(std::size_t j) {
    if (p_.l1[j] > 0.0 || p_.l2[j] > 0.0 || penalty_.jumps())
      move(j, std::clamp(p_.loc[j], p_.lower[j], p_.upper[j]));
  }

  void move(std::size_t j, double value) {
    const double delta = value - b_[j];
    if (delta == 0.0) return;
    b_[j] = value;
    axpy(-delta, p_.column(j), g_.data(), p_.m);
  }

  // Newton's step on the weights off loc and inside their box, where the model is convex there; it
  // is taken if it lowers the objective.
  void newton() {
    support_.clear();
    factor_.clear();
    for (std::size_t j = 0; j < p_.m; ++j) {
      const double t = b_[j] - p_.loc[j];
      const bool flat = p_.l1[j] == 0.0 && !penalty_.jumps();
      if ((t != 0.0 || flat) && b_[j] > p_.lower[j] && b_[j] < p_.upper[j]) support_.push_back(j);
    }
    const std::size_t a = support_.size();
    if (a == 0) return;
    step_.resize(a);
    for (std::size_t k = 0; k < a; ++k) {
      const std::size_t j = support_[k];
      const double t = b_[j] - p_.loc[j];
      const Weight w = weight(j);
      row_.clear();
      for (std::size_t i = 0; i < k; ++i) row_.push_back(p_.column(j)[support_[i]]);
      if (!factor_.append(row_.data(), p_.column(j)[j] + penalty_.bend(w, std::fabs(t)))) return;
      step_[k] = g_[j] - std::copysign(penalty_.slope(w, std::fabs(t)), t);
    }
    factor_.solve(step_.data());
    take_step(objective());
  }

  void take_step(double value) {
    before_.assign(b_, b_ + p_.m);
    double share = 1.0;
    for (int k = 0; k < 4; ++k, share *= 0.5) {
      bool crossed = false;
      for (std::size_t i = 0; i < support_.size(); ++i) {
        const std::size_t j = support_[i];
        const double t = before_[j] - p_.loc[j], at = t + share * step_[i];
        const bool kinked = p_.l1[j] > 0.0 || penalty_.jumps();
        b_[j] = std::clamp(p_.loc[j] + at, p_.lower[j], p_.upper[j]);
        if (kinked && at * t <= 0.0) b_[j] = p_.loc[j], crossed = true;
      }
      refresh_gradient();
      if (objective() <= value) return;
      if (!crossed && k > 1) break;
    }
    std::copy(before_.begin(), before_.end(), b_);
    refresh_gradient();
  }

  double objective() const {
    double value = 0.0;
    for (std::size_t j = 0; j < p_.m; ++j)
      value += -0.5 * b_[j] * (p_.q[j] + g_[j]) +
               penalty_.value(weight(j), std::fabs(b_[j] - p_.loc[j]));
    return value;
  }

  Quadratic p_;
  const double* size_;
  Concave penalty_;
  double* b_ = nullptr;
  double tol_ = 0.0;
  std::vector<double> g_, step_, row_, before_;
  std::vector<std::size_t> support_;
  Factor factor_;
};

}  // namespace priorfit
