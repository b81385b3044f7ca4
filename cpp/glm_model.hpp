// A likelihood that is not quadratic, over the working columns of a path: proximal Newton with a
// Hessian that is kept while it serves.
//
// From one strength to the next the curvatures change by little, so the model of an earlier fit
// converges in a few steps (rate: the relative change), and its factor and Gram matrix stay.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <vector>

#include "model.hpp"
#include "penalty.hpp"
#include "quadratic.hpp"

namespace priorfit {

template <class Columns, class Loss>
class GlmModel {
 public:
  GlmModel(const Columns& all, const double* y, const double* w, const double* offset,
           bool intercept)
      : n_(all.n), y_(y), w_(w), offset_(offset), first_(intercept), z_(all),
        solver_(grown_.quadratic(nullptr)), eta_(n_), change_(n_), moved_(n_), theta_(n_), h_(n_) {
    if (!intercept) return;
    const double inf = std::numeric_limits<double>::infinity();
    z_.add_ones();
    grown_.add(0.0, 0.0, 0.0, -inf, inf);
    fit_size();
  }

  static double tolerance(double s, double tol, double steepest) {
    return std::max(2.0 * tol * s, 1e-13 * steepest);
  }

  void add(const std::vector<std::size_t>& fresh, const Penalty& p) {
    const std::size_t m = grown_.size();
    grown_.add(fresh, p);
    z_.add(fresh);
    fit_size();
    if (kept_.empty()) return;  // no Hessian yet
    z_.gram(m, kept_.data(), grown_.gram(), grown_.stride());
    solver_.grow(grown_.quadratic(q_.data()));
  }

  template <class Stop>
  Status solve(Solution& x, double s, double tol, Stop&& stop) {
    load(x);
    double value = objective(eta_.data(), b_.data(), s), last = INFINITY;
    if (!std::isfinite(value)) return Status::not_finite;
    Status status = Status::max_rounds;
    for (rounds_ = 0; rounds_ < 100; ++rounds_) {
      if (stop()) return Status::interrupted;
      const double violation = gradient(s);
      if (violation <= tol) {
        status = Status::converged;
        break;
      }
      if (stale() || violation > 0.3 * last) renew();
      last = violation;
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
    derivatives();
    double sum = 0.0, weight = 0.0, loss = 0.0;
    for (std::size_t i = 0; i < n_; ++i) sum += theta_[i], weight += h_[i];
    const double shift = first_ ? sum / weight : 0.0;
    for (std::size_t i = 0; i < n_; ++i) {
      theta[i] = theta_[i] - shift * h_[i];
      loss += w_[i] * Loss::loss(y_[i], eta_[i]);
    }
    return loss;
  }

  double dual(const double* theta, double share) const {
    double sum = 0.0;
    for (std::size_t i = 0; i < n_; ++i) {
      const double t = share * theta[i];
      sum -= offset_[i] * t + w_[i] * Loss::conjugate(y_[i], -t / w_[i]);
    }
    return sum;
  }

 private:
  void fit_size() {
    for (std::vector<double>* v : {&b_, &q_, &slopes_, &proposal_}) v->resize(grown_.size(), 0.0);
  }

  void load(const Solution& x) {
    std::fill(b_.begin(), b_.end(), 0.0);
    if (first_) b_[0] = x.intercept;
    const Penalty p = grown_.penalty();
    for (std::size_t j = 0; j < x.b.size(); ++j)
      b_[j + first_] = std::clamp(x.b[j], p.lower[j + first_], p.upper[j + first_]);
    std::copy(offset_, offset_ + n_, eta_.begin());
    add_columns(b_.data(), nullptr, eta_.data());
  }

  void store(Solution& x) const {
    if (first_) x.intercept = b_[0];
    x.b.assign(b_.begin() + first_, b_.end());
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

  double objective(const double* eta, const double* b, double s) const {
    double sum = 0.0;
    for (std::size_t i = 0; i < n_; ++i) sum += w_[i] * Loss::loss(y_[i], eta[i]);
    return sum + grown_.penalty().value(b, s, grown_.size());
  }

  void derivatives() {
    double largest = 0.0;
    for (std::size_t i = 0; i < n_; ++i) {
      double slope, curvature;
      Loss::derivatives(y_[i], eta_[i], slope, curvature);
      theta_[i] = -w_[i] * slope;
      h_[i] = w_[i] * curvature;
      largest = std::max(largest, h_[i]);
    }
    const double floor = 1e-12 * std::max(largest, 1e-300);
    for (double& h : h_) h = std::max(h, floor);
  }

  // Slopes of all working columns; the largest violation of stationarity.
  double gradient(double s) {
    derivatives();
    z_.project(0, theta_.data(), slopes_.data());
    const Penalty p = grown_.penalty();
    double worst = 0.0;
    for (std::size_t j = 0; j < b_.size(); ++j)
      worst = std::max(worst, p.violation(b_[j], s, slopes_[j], j));
    return worst;
  }

  // Whether the curvatures have moved far from those of the kept Hessian.
  bool stale() const {
    if (kept_.empty()) return true;
    double moved = 0.0, size = 0.0;
    for (std::size_t i = 0; i < n_; ++i)
      moved += std::fabs(h_[i] - kept_[i]), size += h_[i];
    return moved > 0.2 * size;
  }

  void renew() {
    kept_ = h_;
    z_.gram(0, kept_.data(), grown_.gram(), grown_.stride());
    solver_ = QuadraticSolver(grown_.quadratic(q_.data()));
  }

  // To the minimum of the model, or the first of 1/2, 1/4, ... of the way that does not go up.
  template <class Stop>
  bool step(double s, double violation, double& value, Stop&& stop) {
    const Quadratic model = grown_.quadratic(q_.data());
    for (std::size_t j = 0; j < b_.size(); ++j) q_[j] = slopes_[j];
    for (std::size_t j = 0; j < b_.size(); ++j)
      if (b_[j] != 0.0) axpy(b_[j], model.column(j), q_.data(), b_.size());
    proposal_ = b_;
    int rounds;
    solver_.grow(model);
    solver_.solve(proposal_.data(), s, 1e-3 * violation, patience(b_.size()), rounds, stop);
    std::fill(change_.begin(), change_.end(), 0.0);
    add_columns(proposal_.data(), b_.data(), change_.data());
    const double slack = 1e-14 * std::fabs(value);
    double share = 1.0;
    for (int halving = 0; halving < 30; ++halving, share *= 0.5) {
      for (std::size_t i = 0; i < n_; ++i) moved_[i] = eta_[i] + share * change_[i];
      const double there = objective(moved_.data(), proposal_.data(), s);
      if (there <= value + slack) {
        b_ = proposal_;
        eta_.swap(moved_);
        value = std::min(value, there);
        return true;
      }
      for (std::size_t j = 0; j < b_.size(); ++j) proposal_[j] = 0.5 * (proposal_[j] + b_[j]);
    }
    return false;
  }

  const std::size_t n_;
  const double *y_, *w_, *offset_;
  const std::size_t first_;
  typename Columns::Working z_;
  Grown grown_;
  QuadraticSolver solver_;
  int rounds_ = 0;
  std::vector<double> eta_, change_, moved_, theta_, h_, kept_;       // by rows
  std::vector<double> b_, q_, slopes_, proposal_, part_;              // by working columns
  std::vector<std::size_t> which_;
};

}  // namespace priorfit
