// A likelihood that is not quadratic, over the working columns of a path: proximal Newton with a
// Hessian that is kept while it serves.
//
// From one strength to the next the curvatures change by little. The model of an earlier fit finds
// the support; its factor is then the preconditioner of a Newton step with the present Hessian,
// which is never formed. A new model is made when the extra iterations have cost as much.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <vector>

#include "glm_rows.hpp"
#include "model.hpp"
#include "penalty.hpp"
#include "quadratic.hpp"

namespace priorfit {

template <class Columns, class Rows>
class RowsModel {
 public:
  static constexpr double near = 0.97;  // a column more costs its row of a Gram matrix

  bool pays() const { return true; }

  template <class... Given>
  explicit RowsModel(const Columns& all, Given... rows)
      : n_(all.n), rows_{n_, rows...}, first_(rows_.intercepts()), z_(all),
        solver_(grown_.quadratic(nullptr)), eta_(n_), change_(n_), moved_(n_), theta_(n_), h_(n_) {
    if (!first_) return;
    const double inf = std::numeric_limits<double>::infinity();
    z_.add_ones();
    for (std::size_t k = 0; k < first_; ++k) grown_.add(0.0, 0.0, 0.0, -inf, inf);
    fit_size();
  }

  double tolerance(double s, double tol, const PathUnits& units) const {
    return std::max(2.0 * tol * s, 1e-13 * units.steepest);
  }

  void add(const std::vector<std::size_t>& fresh, const Penalty& p) {
    const std::size_t m = grown_.size();
    grown_.add(fresh, p);
    z_.add(fresh);
    fit_size();
    if (kept_.empty()) return;  // no Hessian yet
    z_.gram(m, grown_.gram(), grown_.stride(), kept_.data());
    solver_.grow(grown_.quadratic(q_.data()));
  }

  template <class Stop>
  Status solve(Solution& x, double s, double tol, Stop&& stop) {
    load(x);
    double value = rows_.loss(eta_.data()) + penalty(b_, s), last = INFINITY;
    if (!std::isfinite(value)) return Status::not_finite;
    Status status = Status::max_rounds;
    bool refined = false;
    for (rounds_ = 0; rounds_ < 100; ++rounds_) {
      if (stop()) return Status::interrupted;
      const double violation = gradient(s);
      if (violation <= tol) {
        status = Status::converged;
        break;
      }
      const bool slow = violation > 0.5 * last && !refined;
      last = violation;
      const bool settled = rounds_ == 0 || held_ <= 0.1 * violation;  // the support is
      refined = !kept_.empty() && settled && refine(s, tol, value);
      if (refined) continue;
      if (kept_.empty() || slow || rent_ > price()) renew();
      if (!step(s, violation, value, stop)) break;
    }
    store(x);
    return status;
  }

  // Newton steps of the last solution.
  int rounds() const { return rounds_; }

  // theta = -w loss', moved to sum 0 where there is an intercept; returns the loss.
  double dual_point(const Solution& x, double* theta) {
    load(x);
    rows_.derivatives(eta_.data(), theta_.data(), h_.data());
    rows_.dual_point(theta_.data(), h_.data(), theta);
    return rows_.loss(eta_.data());
  }

  double dual(const double* theta, double share) const { return rows_.dual(theta, share); }

 private:
  void fit_size() {
    for (std::vector<double>* v : {&b_, &q_, &slopes_, &proposal_}) v->resize(grown_.size(), 0.0);
  }

  void load(const Solution& x) {
    std::fill(b_.begin(), b_.end(), 0.0);
    std::copy_n(x.intercepts.begin(), first_, b_.begin());
    const Penalty p = grown_.penalty();
    for (std::size_t j = 0; j < x.b.size(); ++j)
      b_[j + first_] = std::clamp(x.b[j], p.lower[j + first_], p.upper[j + first_]);
    std::copy(rows_.offset, rows_.offset + n_, eta_.begin());
    add_columns(b_.data(), nullptr, eta_.data());
  }

  void store(Solution& x) const {
    const auto weights = b_.begin() + static_cast<std::ptrdiff_t>(first_);
    std::copy(b_.begin(), weights, x.intercepts.begin());
    x.b.assign(weights, b_.end());
  }

  // `which_` and `part_`: the entries of v that are not 0.
  void nonzero(const std::vector<double>& v) {
    which_.clear();
    part_.clear();
    for (std::size_t j = 0; j < v.size(); ++j)
      if (v[j] != 0.0) which_.push_back(j), part_.push_back(v[j]);
  }

  // r += Z (b - less)
  void add_columns(const double* b, const double* less, double* r) {
    which_.clear();
    part_.clear();
    for (std::size_t j = 0; j < b_.size(); ++j) {
      const double d = less ? b[j] - less[j] : b[j];
      if (d != 0.0) which_.push_back(j), part_.push_back(d);
    }
    z_.combine_into(which_, part_, r);
  }

  double penalty(const std::vector<double>& b, double s) const {
    return grown_.penalty().value(b.data(), s, grown_.size());
  }

  bool is_free(const Penalty& p, std::size_t j) const {
    return b_[j] > p.lower[j] && b_[j] < p.upper[j] && (b_[j] != p.loc[j] || p.l1[j] == 0.0);
  }

  // Slopes of all working columns; the largest violation of stationarity, and that of the columns
  // that a kink or bound holds.
  double gradient(double s) {
    rows_.derivatives(eta_.data(), theta_.data(), h_.data());
    z_.project(0, theta_.data(), slopes_.data());
    const Penalty p = grown_.penalty();
    double worst = held_ = 0.0;
    for (std::size_t j = 0; j < b_.size(); ++j) {
      const double v = p.violation(b_[j], s, slopes_[j], j);
      worst = std::max(worst, v);
      if (!is_free(p, j)) held_ = std::max(held_, v);
    }
    return worst;
  }

  // Of a new Hessian, in multiplications.
  double price() const {
    const double m = static_cast<double>(b_.size());
    return 0.5 * static_cast<double>(rows_.length()) * m * m;
  }

  void renew() {
    kept_ = h_;
    rent_ = 0.0;
    z_.gram(0, grown_.gram(), grown_.stride(), kept_.data());
    solver_ = QuadraticSolver(grown_.quadratic(q_.data()));
  }

  // To the minimum of the model.
  template <class Stop>
  bool step(double s, double violation, double& value, Stop&& stop) {
    const Quadratic model = grown_.quadratic(q_.data());
    q_ = slopes_;
    nonzero(b_);
    combine(model.gram, static_cast<std::ptrdiff_t>(model.stride), which_.data(), part_.data(),
            which_.size(), q_.data(), b_.size());
    proposal_ = b_;
    constexpr int enough = 100;  // rounds: a step need not be exact
    int rounds;
    solver_.grow(model);
    solver_.know(b_.data(), slopes_.data());
    solver_.solve(proposal_.data(), s, 1e-3 * violation, enough, rounds, stop);
    return search(s, value);
  }

  // A Newton step on the support with the present Hessian: conjugate gradients, with the factor of
  // the kept one as preconditioner. Weights stop at their kink or bound.
  bool refine(double s, double tol, double& value) {
    const Penalty p = grown_.penalty();
    const std::size_t m = b_.size();
    free_.clear();
    proposal_ = b_;
    rest_.assign(m, 0.0);
    for (std::size_t j = 0; j < m; ++j) {
      if (!is_free(p, j)) continue;
      const double t = b_[j] - p.loc[j];
      free_.push_back(j);
      const double sign = t > 0.0 ? 1.0 : (t < 0.0 ? -1.0 : 0.0);
      rest_[j] = slopes_[j] - s * (p.l1[j] * sign + p.l2[j] * t);
    }
    const double target = std::max(0.1 * tol, 1e-2 * largest(rest_));
    conjugate_gradients(s, p, target);
    for (std::size_t j : free_) {
      const double t = b_[j] - p.loc[j], moved = t + move_[j];
      const bool crosses = p.l1[j] > 0.0 && t * moved < 0.0;
      proposal_[j] = crosses ? p.loc[j] : std::clamp(b_[j] + move_[j], p.lower[j], p.upper[j]);
    }
    return search(s, value);
  }

  // move_ with (Z'HZ + s l2) move_ = rest_ on `free_`, until no entry of the rest passes `target`.
  void conjugate_gradients(double s, const Penalty& p, double target) {
    constexpr int most = 30;
    const std::size_t m = b_.size();
    move_.assign(m, 0.0);
    along_.assign(m, 0.0);
    image_.resize(m);
    double before = 0.0;
    for (int k = 0; k < most && largest(rest_) > target; ++k) {
      solver_.precondition(rest_.data(), free_, image_.data());
      double now = 0.0;
      for (std::size_t j : free_) now += rest_[j] * image_[j];
      for (std::size_t j : free_) along_[j] = image_[j] + (k ? now / before : 0.0) * along_[j];
      before = now;
      std::fill(change_.begin(), change_.end(), 0.0);
      nonzero(along_);
      z_.combine_into(which_, part_, change_.data());
      rows_.curve(h_.data(), change_.data());
      z_.project(free_, change_.data(), image_.data());
      double curve = 0.0;
      for (std::size_t j : free_) curve += along_[j] * (image_[j] += s * p.l2[j] * along_[j]);
      if (!(curve > 0.0)) return;
      for (std::size_t j : free_) {
        move_[j] += now / curve * along_[j];
        rest_[j] -= now / curve * image_[j];
      }
      if (k > 1)
        rent_ += 2.0 * static_cast<double>(rows_.length()) * static_cast<double>(free_.size());
    }
  }

  static double largest(const std::vector<double>& v) {
    double most = 0.0;
    for (double x : v) most = std::max(most, std::fabs(x));
    return most;
  }

  // To `proposal_`, or part of the way.
  bool search(double s, double& value) {
    std::fill(change_.begin(), change_.end(), 0.0);
    add_columns(proposal_.data(), b_.data(), change_.data());
    if (!rows_.search(b_, change_, proposal_, eta_, moved_, value,
                      [&](const std::vector<double>& b) { return penalty(b, s); }))
      return false;
    b_ = proposal_;
    return true;
  }

  const std::size_t n_;
  const Rows rows_;
  const std::size_t first_;
  typename Columns::Working z_;
  Grown grown_;
  QuadraticSolver solver_;
  int rounds_ = 0;
  std::vector<double> eta_, change_, moved_, theta_, h_, kept_;       // by rows
  std::vector<double> b_, q_, slopes_, proposal_, part_;              // by working columns
  std::vector<double> rest_, move_, along_, image_;
  std::vector<std::size_t> which_, free_;
  double held_ = 0.0;  // the largest violation at a kink or bound
  double rent_ = 0.0;  // work since the kept Hessian was new that a newer one would have saved
};

template <class Columns, class Loss>
using GlmModel = RowsModel<Columns, GlmRows<Loss>>;

}  // namespace priorfit
