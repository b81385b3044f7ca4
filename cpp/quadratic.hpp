// min_b  1/2 b'Gb - q'b + sum_j s (l1_j |b_j - loc_j| + l2_j/2 (b_j - loc_j)^2),  lower <= b <= upper,
// by coordinate descent that finds the support and Newton steps that finish on it.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <vector>

#include "cross.hpp"
#include "factor.hpp"
#include "simd.hpp"

namespace priorfit {

enum class Status : int { converged = 0, max_rounds = 1, interrupted = 2, not_finite = 3 };

struct Quadratic {
  const double* gram;  // m x m, symmetric, column j at gram + j * stride
  std::size_t stride, m;
  const double *q, *l1, *l2, *loc, *lower, *upper;
  const double* column(std::size_t j) const { return gram + j * stride; }
};

class QuadraticSolver {
 public:
  explicit QuadraticSolver(const Quadratic& problem) { grow(problem); }

  // The same problem with more coordinates at the end; what is known of the others is kept.
  void grow(const Quadratic& problem) {
    p_ = problem;
    for (std::vector<double>* v : {&g_, &step_, &before_, &part_}) v->resize(p_.m);
    where_.resize(p_.m, outside);
    known_.clear();
    moving_.reserve(p_.m);
  }

  // The gradient q - G b at the weights that the next `solve` starts from.
  void know(const double* b, const double* gradient) {
    known_.assign(b, b + p_.m);
    std::copy(gradient, gradient + p_.m, g_.begin());
  }

  // x = M^{-1} r on the coordinates `which`, for the factor on the support and the diagonal
  // elsewhere; r is 0 outside `which`.
  void precondition(const double* r, const std::vector<std::size_t>& which, double* x) {
    for (std::size_t k = 0; k < support_.size(); ++k) step_[k] = r[support_[k]];
    factor_.solve(step_.data());
    for (std::size_t j : which)
      if (where_[j] == outside) x[j] = r[j] / std::max(pivot_of(j), 1e-300);
    for (std::size_t k = 0; k < support_.size(); ++k) x[support_[k]] = step_[k];
  }

  // `b` holds the warm start and receives the solution; `tol` bounds the violation of
  // stationarity in units of the gradient. `stop()` is asked now and then.
  template <class Stop>
  Status solve(double* b, double s, double tol, int max_rounds, int& rounds, Stop&& stop) {
    b_ = b;
    tol_ = tol;
    set_strength(s);
    for (std::size_t j = 0; j < p_.m; ++j) b_[j] = std::clamp(b_[j], p_.lower[j], p_.upper[j]);
    if (known_.size() != p_.m || !std::equal(known_.begin(), known_.end(), b_)) refresh_gradient();
    const Status status = iterate(tol, max_rounds, rounds, stop);
    known_.assign(b_, b_ + p_.m);
    return status;
  }

 private:
  static constexpr std::size_t outside = static_cast<std::size_t>(-1);

  // Newton finishes on the support; sweeps find what belongs to it. The first sweeps leave the
  // support alone: it moves together, in the next Newton step.
  template <class Stop>
  Status iterate(double tol, int max_rounds, int& rounds, Stop&& stop) {
    for (rounds = 0; rounds < max_rounds; ++rounds) {
      newton();
      for (int sweep = 0; sweep < 2; ++sweep) {
        const double violation = descend(rounds < 4);
        if (!std::isfinite(violation)) return Status::not_finite;
        if (violation <= tol) return Status::converged;
        if (stop()) return Status::interrupted;
        if (rounds < 4) break;
      }
    }
    return Status::max_rounds;
  }

  // The factor holds G + s l2 on the support. At another strength it is a preconditioner, until the
  // iterations have cost as much as a new one.
  void set_strength(double s) {
    s_ = s;
    if (!std::any_of(p_.l2, p_.l2 + p_.m, [](double v) { return v != 0.0; })) held_ = s;
  }

  void clear_factor() {
    held_ = s_;
    rent_ = 0.0;
    factor_.clear();
    for (std::size_t j : support_) where_[j] = outside;
    support_.clear();
  }

  void refresh_gradient() {
    std::copy(p_.q, p_.q + p_.m, g_.begin());
    moving_.clear();
    for (std::size_t j = 0; j < p_.m; ++j) {
      if (b_[j] == 0.0) continue;
      part_[moving_.size()] = -b_[j];
      moving_.push_back(j);
    }
    combine(p_.gram, static_cast<std::ptrdiff_t>(p_.stride), moving_.data(), part_.data(),
            moving_.size(), g_.data(), p_.m);
  }

  void move(std::size_t j, double value) {
    const double delta = value - b_[j];
    if (delta == 0.0) return;
    b_[j] = value;
    axpy(-delta, p_.column(j), g_.data(), p_.m);
  }

  // The exact minimum over coordinate j, all others held.
  double coordinate_minimum(std::size_t j) const {
    const double diagonal = p_.column(j)[j], curvature = diagonal + s_ * p_.l2[j];
    const double t = b_[j] - p_.loc[j], z = g_[j] + diagonal * t, l1 = s_ * p_.l1[j];
    const double shrunk = z > l1 ? z - l1 : (z < -l1 ? z + l1 : 0.0);
    if (!(curvature > 0.0)) return l1 > 0.0 ? clip(j, p_.loc[j]) : b_[j];
    return clip(j, p_.loc[j] + shrunk / curvature);
  }

  double clip(std::size_t j, double v) const { return std::clamp(v, p_.lower[j], p_.upper[j]); }

  // One sweep over all coordinates, or over those outside the support; the largest violation met
  // on the way, in units of the gradient.
  double descend(bool outside_only) {
    double worst = 0.0;
    for (std::size_t j = 0; j < p_.m; ++j) {
      if (b_[j] == p_.loc[j] && std::fabs(g_[j]) <= s_ * p_.l1[j]) continue;
      const double target = coordinate_minimum(j);
      const double moved = std::fabs(target - b_[j]) * (p_.column(j)[j] + s_ * p_.l2[j]);
      if (!(moved <= worst)) worst = moved;  // catches NaN
      if (outside_only && where_[j] != outside) continue;
      if (!(moved <= 0.1 * tol_)) move(j, target);
    }
    return worst;
  }

  bool is_free(std::size_t j) const {
    if (!(b_[j] > p_.lower[j] && b_[j] < p_.upper[j])) return false;
    return b_[j] != p_.loc[j] || p_.l1[j] == 0.0;
  }

  // Bring the factor to the present support {j : free}.
  void sync_support() {
    std::size_t leaving = 0, entering = 0;
    for (std::size_t j : support_) leaving += !is_free(j);
    for (std::size_t j = 0; j < p_.m; ++j) entering += where_[j] == outside && is_free(j);
    const double a = static_cast<double>(support_.size());
    if (3 * (leaving + entering) > support_.size() || rent_ > a * a * a / 6.0) clear_factor();
    drop_unfree();
    enter();
  }

  // Append what is free and not yet in, some at a time.
  void enter() {
    constexpr std::size_t at_once = 48;
    for (std::size_t j = 0; j < p_.m;) {
      entering_.clear();
      for (; j < p_.m && entering_.size() < at_once; ++j)
        if (where_[j] == outside && is_free(j)) entering_.push_back(j);
      if (!entering_.empty()) append_all();
    }
  }

  // Append `entering_`, all rows solved together against the present factor.
  void append_all() {
    const std::size_t solved = support_.size();
    fresh_.resize(entering_.size() * solved);
    for (std::size_t k = 0; k < entering_.size(); ++k)
      for (std::size_t i = 0; i < solved; ++i)
        fresh_[k * solved + i] = p_.column(entering_[k])[support_[i]];
    factor_.forward_all(fresh_.data(), entering_.size(), solved);
    bool intact = true;  // a slide may take members out: then rows start anew
    for (std::size_t k = 0; k < entering_.size(); ++k) {
      const std::size_t j = entering_[k];
      if (!is_free(j)) continue;
      if (intact ? append_solved(j, fresh_.data() + k * solved, solved) : append(j)) continue;
      // j depends on the support: slide until one of them stops, then it may fit
      if (held_ == s_ && slide(j)) {
        intact = false;
        drop_unfree();
        if (is_free(j)) append(j);
      }
    }
  }

  void load_row(std::size_t j, std::vector<double>& row) const {
    row.clear();
    for (std::size_t i : support_) row.push_back(p_.column(j)[i]);
  }

  double pivot_of(std::size_t j) const { return p_.column(j)[j] + held_ * p_.l2[j]; }

  bool append_solved(std::size_t j, const double* row, std::size_t solved) {
    std::vector<double> fresh(row, row + solved);
    for (std::size_t k = solved; k < support_.size(); ++k)
      fresh.push_back(p_.column(j)[support_[k]]);
    if (factor_.finish(std::move(fresh), pivot_of(j), solved)) return settle_in(j);
    load_row(j, row_);  // what `slide` starts from
    return false;
  }

  bool settle_in(std::size_t j) {
    where_[j] = support_.size();
    support_.push_back(j);
    return true;
  }

  void drop_unfree() {
    for (std::size_t k = support_.size(); k-- > 0;) {
      if (is_free(support_[k])) continue;
      where_[support_[k]] = outside;
      factor_.remove(k);
      support_.erase(support_.begin() + static_cast<std::ptrdiff_t>(k));
    }
  }

  bool append(std::size_t j) {
    load_row(j, row_);
    return factor_.append(row_.data(), pivot_of(j)) && settle_in(j);
  }

  // Right after a refused append of j: along v = (-A^{-1} G_Sj, 1) the fit does not change, so
  // the objective is linear there. Go down until a coordinate meets its kink or a bound.
  bool slide(std::size_t j) {
    std::vector<double>& v = row_;  // still holds G_Sj
    factor_.solve(v.data());
    for (double& x : v) x = -x;
    v.push_back(1.0);
    const auto index = [&](std::size_t k) { return k < support_.size() ? support_[k] : j; };
    double slope = 0.0, size = 0.0;
    for (std::size_t k = 0; k < v.size(); ++k) {
      const std::size_t i = index(k);
      const double d = l1_slope(i) + s_ * p_.l2[i] * (b_[i] - p_.loc[i]) - g_[i];
      slope += d * v[k];
      size += (s_ * p_.l1[i] + std::fabs(g_[i])) * std::fabs(v[k]);
    }
    if (std::fabs(slope) <= 1e-12 * size) return false;
    const double sign = slope > 0.0 ? -1.0 : 1.0, curvature = std::max(factor_.pivot(), 0.0);
    double step = curvature > 0.0 ? std::fabs(slope) / curvature : INFINITY;
    std::size_t blocking = v.size();
    for (std::size_t k = 0; k < v.size(); ++k) {
      const double room = distance(index(k), sign * v[k]);
      if (room < step) step = room, blocking = k;
    }
    if (!std::isfinite(step)) return false;
    for (std::size_t k = 0; k < v.size(); ++k) b_[index(k)] += sign * step * v[k];
    if (blocking < v.size()) settle(index(blocking));
    refresh_gradient();
    return blocking < v.size();
  }

  // How many times d fits between b_j and the next kink or bound in its direction.
  double distance(std::size_t j, double d) const {
    if (d == 0.0) return INFINITY;
    const double t = b_[j] - p_.loc[j];
    double room = d > 0.0 ? (p_.upper[j] - b_[j]) / d : (p_.lower[j] - b_[j]) / d;
    if (p_.l1[j] > 0.0 && t * d < 0.0) room = std::min(room, -t / d);
    return room;
  }

  // Put b_j exactly on the nearest of its kink and bounds.
  void settle(std::size_t j) {
    double best = p_.lower[j];
    for (double place : {p_.upper[j], p_.l1[j] > 0.0 ? p_.loc[j] : p_.lower[j]})
      if (!(std::fabs(place - b_[j]) >= std::fabs(best - b_[j]))) best = place;
    b_[j] = best;
  }

  // sign of the l1 term on the side on which b_j now is; 0 where there is no l1 term
  double l1_slope(std::size_t j) const {
    const double t = b_[j] - p_.loc[j];
    return s_ * p_.l1[j] * (t > 0.0 ? 1.0 : (t < 0.0 ? -1.0 : 0.0));
  }

  // Minimise on the support with the present signs; what crosses its kink or a bound stops there.
  void newton() {
    sync_support();
    if (support_.empty()) return;
    const std::size_t a = support_.size();
    for (std::size_t k = 0; k < a; ++k) {
      const std::size_t j = support_[k];
      step_[k] = g_[j] - s_ * p_.l2[j] * (b_[j] - p_.loc[j]) - l1_slope(j);
    }
    held_ == s_ ? factor_.solve(step_.data()) : conjugate_gradients();
    std::copy(b_, b_ + p_.m, before_.begin());
    const double value = objective();
    double first = 1.0;  // the share of the step at which the first coordinate crosses
    for (std::size_t k = 0; k < a; ++k) first = std::min(first, take(support_[k], step_[k]));
    refresh_gradient();
    if (first == 1.0 || objective() <= value) return;
    for (std::size_t k = 0; k < a; ++k) {  // up to the first crossing it is a descent for certain
      const std::size_t j = support_[k];
      b_[j] = before_[j];
      const double share = take(j, step_[k]);
      if (share > first) b_[j] = clip(j, before_[j] + first * step_[k]);
    }
    refresh_gradient();
  }

  // step_ <- (G + s l2)^{-1} step_ on the support; the factor, of another strength, preconditions.
  void conjugate_gradients() {
    const std::size_t a = support_.size();
    std::vector<double> rest(step_.begin(), step_.begin() + static_cast<std::ptrdiff_t>(a));
    std::vector<double> along(a, 0.0), image(p_.m);
    const auto size = [&] {
      double most = 0.0;
      for (double v : rest) most = std::max(most, std::fabs(v));
      return most;
    };
    const double target = std::max(0.1 * tol_, 1e-4 * size());
    std::fill(step_.begin(), step_.begin() + static_cast<std::ptrdiff_t>(a), 0.0);
    double before = 1.0;
    for (int k = 0; k < 30 && size() > target; ++k) {
      std::copy(rest.begin(), rest.end(), image.begin());
      factor_.solve(image.data());
      const double now = dot(rest.data(), image.data(), a), turn = k ? now / before : 0.0;
      for (std::size_t i = 0; i < a; ++i) along[i] = image[i] + turn * along[i];
      before = now;
      std::fill(image.begin(), image.end(), 0.0);
      combine(p_.gram, static_cast<std::ptrdiff_t>(p_.stride), support_.data(), along.data(), a,
              image.data(), p_.m);
      double curve = 0.0;
      for (std::size_t i = 0; i < a; ++i) {
        const std::size_t j = support_[i];
        curve += along[i] * (image[j] += s_ * p_.l2[j] * along[i]);
      }
      if (!(curve > 0.0)) return;
      for (std::size_t i = 0; i < a; ++i) {
        step_[i] += now / curve * along[i];
        rest[i] -= now / curve * image[support_[i]];
      }
      rent_ += static_cast<double>(a) * static_cast<double>(a + p_.m);
    }
  }

  // Move b_j by d, no further than its kink or bound; the share of d that was possible.
  double take(std::size_t j, double d) {
    const double t = b_[j] - p_.loc[j];
    double share = 1.0, target = b_[j] + d;
    if (p_.l1[j] > 0.0 && t * (t + d) < 0.0) share = -t / d, target = p_.loc[j];
    const double inside = clip(j, target);
    if (inside != target) share = (inside - b_[j]) / d, target = inside;
    b_[j] = target;
    return share;
  }

  double objective() const {
    double value = 0.0;
    for (std::size_t j = 0; j < p_.m; ++j) {
      const double t = b_[j] - p_.loc[j];
      value -= 0.5 * (p_.q[j] + g_[j]) * b_[j];
      value += s_ * (p_.l1[j] * std::fabs(t) + 0.5 * p_.l2[j] * t * t);
    }
    return value;
  }

  Quadratic p_;
  double* b_ = nullptr;
  double s_ = -1.0, held_ = -1.0, tol_ = 0.0, rent_ = 0.0;  // held: the strength of the factor
  std::vector<double> g_, step_, before_, row_, part_, fresh_;  // g = q - G b
  std::vector<double> known_;                               // the b that g_ belongs to
  std::vector<std::size_t> support_, where_, moving_, entering_;
  Factor factor_;
};

}  // namespace priorfit
