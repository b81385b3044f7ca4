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
        solver_(grown_.quadratic(nullptr)), eta_(n_), change_(n_), moved_(n_), theta_(n_),
        h_(rows_.curvatures()) {
    if (!first_) return;
    const double inf = std::numeric_limits<double>::infinity();
    z_.add_ones();
    for (std::size_t k = 0; k < first_; ++k) grown_.add(0.0, 0.0, 0.0, -inf, inf);
    fit_size();
  }

  double tolerance(double s, double tol, const PathUnits& units) {
    room_ = 1.5 * tol * units.reference;
    return asked_ = std::max(2.0 * tol * s, 1e-13 * units.steepest);
  }

  void add(const std::vector<std::size_t>& fresh, const Penalty& p) {
    const std::size_t m = grown_.size();
    grown_.add(fresh, p);
    z_.add(fresh);
    fit_size();
    if (kept_.empty()) return;  // no Hessian yet
    rows_.gram(z_, m, grown_.gram(), grown_.stride(), kept_.data());
    solver_.grow(grown_.quadratic(q_.data()));
  }

  template <class Stop>
  Status solve(Solution& x, double s, double tol, Stop&& stop) {
    load(x);
    double value = evaluate() + penalty(b_, s), last = INFINITY;
    if (!std::isfinite(value)) return Status::not_finite;
    predict(s, value);
    Status status = Status::max_rounds;
    bool refined = false, stepped = false;
    for (rounds_ = 0; rounds_ < 100; ++rounds_) {
      if (stop()) return Status::interrupted;
      const double violation = gradient(s);
      if (violation <= enough(s, tol)) {
        status = Status::converged;
        break;
      }
      const bool slow = violation > 0.5 * last && !refined;
      if (stepped) left_ = violation / last;
      last = violation;
      const bool settled = held_ <= (rounds_ == 0 ? 0.5 : 0.1) * violation;  // the support is
      stepped = refined = false;
      if (!kept_.empty() && settled && left_ > quick) refined = refine(s, tol, value);
      if (refined) continue;
      if (kept_.empty() || slow || rent_ > price()) renew();
      stepped = step(s, violation, value, stop);
      if (!stepped) break;
    }
    line_[0] = std::move(line_[1]);
    line_[1] = {s, b_};
    store(x);
    return status;
  }

  // Newton steps of the last solution.
  int rounds() const { return rounds_; }

  // theta = -w loss', moved to sum 0 where there is an intercept; returns the loss.
  double dual_point(const Solution& x, double* theta) {
    load(x, true);
    const double lost = evaluate();
    rows_.dual_point(theta_.data(), h_.data(), theta);
    return lost;
  }

  double dual(const double* theta, double share, double touching) const {
    return rows_.dual(theta, share, touching);
  }

 private:
  static constexpr double quick = 0.2;  // two passes over Z; conjugate gradients take more

  void fit_size() {
    for (std::vector<double>* v : {&b_, &q_, &slopes_, &proposal_}) v->resize(grown_.size(), 0.0);
  }

  // b_ and eta_ of x; `anew`: eta as one sum, without what steps leave of rounding.
  void load(const Solution& x, bool anew = false) {
    std::fill(proposal_.begin(), proposal_.end(), 0.0);
    std::copy_n(x.intercepts.begin(), first_, proposal_.begin());
    const Penalty p = grown_.penalty();
    for (std::size_t j = 0; j < x.b.size(); ++j)
      proposal_[j + first_] = std::clamp(x.b[j], p.lower[j + first_], p.upper[j + first_]);
    const bool same = at_ != Known::not_yet && b_ == proposal_;
    if (same && (at_ == Known::as_one_sum || !anew)) return;
    if (!same) sloped_ = 0;
    b_ = proposal_;
    at_ = Known::as_one_sum;
    std::copy(rows_.offset, rows_.offset + n_, eta_.begin());
    add_columns(b_.data(), nullptr, eta_.data());
  }

  struct Point {
    double s = NAN;
    std::vector<double> b;
  };

  // From here to strength s along the line through the last two solutions, as far as signs hold;
  // not where that is worse.
  void predict(double s, double& value) {
    const Point &before = line_[0], &here = line_[1];
    const double f = (here.s - s) / (before.s - here.s);
    if (!(f > 0.0 && f < 3.0) || !is_at(here)) return;
    const Penalty p = grown_.penalty();
    proposal_ = b_;
    for (std::size_t j = 0; j < before.b.size(); ++j) {
      if (!is_free(p, j)) continue;
      const double t = b_[j] - p.loc[j], there = t + f * (b_[j] - before.b[j]);
      if (p.l1[j] > 0.0 && t * there <= 0.0) continue;
      proposal_[j] = std::clamp(p.loc[j] + there, p.lower[j], p.upper[j]);
    }
    std::fill(change_.begin(), change_.end(), 0.0);
    add_columns(proposal_.data(), b_.data(), change_.data());
    for (std::size_t i = 0; i < n_; ++i) moved_[i] = eta_[i] + change_[i];
    const double lost = rows_.evaluate(moved_.data(), theta_.data(), h_.data());
    const double there = lost + penalty(proposal_, s);
    if (!(there < value)) {
      evaluate();
      return;
    }
    value = there;
    eta_.swap(moved_);
    settle();
  }

  bool is_at(const Point& point) const {
    const auto end = b_.begin() + static_cast<std::ptrdiff_t>(point.b.size());
    return std::equal(b_.begin(), end, point.b.begin()) &&
           std::all_of(end, b_.end(), [](double v) { return v == 0.0; });
  }

  // The weights are those of `proposal_`, and eta_ is theirs.
  void settle() {
    b_ = proposal_;
    at_ = Known::by_steps;
    sloped_ = 0;
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

  // A violation v adds up to 2 v penalty / s to the gap, half by the share of theta that is
  // feasible, half by the slopes of weights that are not 0; mostly a tenth, as it is the largest.
  double enough(double s, double tol) const {
    const double size = penalty(b_, 1.0), most = std::max(tol, 3e-3 * s);
    return std::clamp(tol / asked_ * (size > 0.0 ? room_ / size : 0.0), tol, most);
  }

  // Slopes of all working columns; the largest violation of stationarity, and that of the columns
  // that a kink or bound holds.
  double gradient(double s) {
    if (sloped_ < b_.size()) z_.project(sloped_, theta_.data(), slopes_.data());
    sloped_ = b_.size();
    const Penalty p = grown_.penalty();
    double worst = held_ = 0.0;
    for (std::size_t j = 0; j < b_.size(); ++j) {
      const double v = p.violation(b_[j], s, slopes_[j], j);
      worst = std::max(worst, v);
      if (!is_free(p, j)) held_ = std::max(held_, v);
    }
    return worst;
  }

  // Of a new Hessian, in multiplications: half of its entries, in blocks that take half the time.
  double price() const {
    const double m = static_cast<double>(b_.size());
    return 0.25 * static_cast<double>(rows_.length()) * m * m;
  }

  void renew() {
    kept_ = h_;
    rent_ = left_ = 0.0;
    rows_.gram(z_, 0, grown_.gram(), grown_.stride(), kept_.data());
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
    std::fill(change_.begin(), change_.end(), 0.0);
    add_columns(proposal_.data(), b_.data(), change_.data());
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
      move_[j] = proposal_[j] - b_[j] - move_[j];  // what stopped
    }
    nonzero(move_);
    change_.swap(way_);
    z_.combine_into(which_, part_, change_.data());
    return search(s, value);
  }

  // move_ with (Z'HZ + s l2) move_ = rest_ on `free_`, until no entry of the rest passes `target`;
  // way_ = Z move_.
  void conjugate_gradients(double s, const Penalty& p, double target) {
    constexpr int most = 30;
    const std::size_t m = b_.size();
    move_.assign(m, 0.0);
    along_.assign(m, 0.0);
    image_.resize(m);
    way_.assign(n_, 0.0);
    double before = 0.0;
    for (int k = 0; k < most && largest(rest_) > target; ++k) {
      solver_.precondition(rest_.data(), free_, image_.data());
      double now = 0.0;
      for (std::size_t j : free_) now += rest_[j] * image_[j];
      for (std::size_t j : free_) along_[j] = image_[j] + (k ? now / before : 0.0) * along_[j];
      before = now;
      std::fill(moved_.begin(), moved_.end(), 0.0);
      nonzero(along_);
      z_.combine_into(which_, part_, moved_.data());
      change_ = moved_;
      rows_.curve(h_.data(), change_.data());
      z_.project(free_, change_.data(), image_.data());
      double curve = 0.0;
      for (std::size_t j : free_) curve += along_[j] * (image_[j] += s * p.l2[j] * along_[j]);
      if (!(curve > 0.0)) return;
      for (std::size_t j : free_) {
        move_[j] += now / curve * along_[j];
        rest_[j] -= now / curve * image_[j];
      }
      axpy(now / curve, moved_.data(), way_.data(), n_);
      if (k > 0)
        rent_ += 2.0 * static_cast<double>(rows_.length()) * static_cast<double>(free_.size());
    }
  }

  static double largest(const std::vector<double>& v) {
    double most = 0.0;
    for (double x : v) most = std::max(most, std::fabs(x));
    return most;
  }

  // theta_ and h_ at eta_; returns the loss.
  double evaluate() { return rows_.evaluate(eta_.data(), theta_.data(), h_.data()); }

  // To `proposal_`, with change_ = Z (proposal_ - b_), or part of the way.
  bool search(double s, double& value) {
    const auto loss = [&](const double* at) {
      return rows_.evaluate(at, theta_.data(), h_.data());
    };
    const auto cost = [&](const std::vector<double>& b) { return penalty(b, s); };
    if (!search_along(loss, b_, change_, proposal_, eta_, moved_, value, cost)) {
      evaluate();
      return false;
    }
    settle();
    return true;
  }

  enum class Known { not_yet, by_steps, as_one_sum };

  const std::size_t n_;
  const Rows rows_;
  const std::size_t first_;
  typename Columns::Working z_;
  Grown grown_;
  QuadraticSolver solver_;
  int rounds_ = 0;
  std::vector<double> eta_, change_, moved_, way_, theta_, h_, kept_;  // by rows
  std::vector<double> b_, q_, slopes_, proposal_, part_;              // by working columns
  std::vector<double> rest_, move_, along_, image_;
  std::vector<std::size_t> which_, free_;
  Point line_[2];  // the last two solutions
  Known at_ = Known::not_yet;  // whether eta_ is that of b_
  double room_ = 0.0, asked_ = 1.0;  // for the gap; the tolerance that was given for it
  std::size_t sloped_ = 0;  // so many of slopes_ are those at b_, and theta_ and h_ too
  double left_ = 0.0;  // of the violation, after the last step with the kept Hessian
  double held_ = 0.0;  // the largest violation at a kink or bound
  double rent_ = 0.0;  // work since the kept Hessian was new that a newer one would have saved
};

template <class Columns, class Loss>
using GlmModel = RowsModel<Columns, GlmRows<Loss>>;

}  // namespace priorfit
