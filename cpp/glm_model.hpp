// A likelihood that is not quadratic, over the working columns of a path: proximal Newton with a
// Hessian that is kept while it serves.
//
// From one strength to the next the curvatures change by little, and most of that is a factor for
// all rows. The model of an earlier fit, times that factor, finds the support from slopes that are
// led along the line through the last two solutions; then steps of its factor, corrected by what
// earlier steps showed, end on it. A new model is made when the extra steps have cost as much.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <utility>
#include <vector>

#include "glm_rows.hpp"
#include "model.hpp"
#include "penalty.hpp"
#include "quadratic.hpp"
#include "secants.hpp"

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
    secants_.forget();
    if (kept_.empty()) return;  // no Hessian yet
    rows_.gram(z_, m, grown_.gram(), grown_.stride(), kept_.data(), !exact_);
    solver_.grow(grown_.quadratic(q_.data()));
  }

  template <class Stop>
  Status solve(Solution& x, double s, double tol, Stop&& stop) {
    load(x);
    double value = evaluate() + penalty(b_, s), last = INFINITY;
    if (!std::isfinite(value)) return Status::not_finite;
    Status status = Status::max_rounds;
    slow_ = 0, fresh_ = false;
    for (rounds_ = 0; rounds_ < 100; ++rounds_) {
      if (stop()) return Status::interrupted;
      const double violation = gradient(s, tol, last);
      if (violation <= limit_) {
        status = Status::converged;
        break;
      }
      if (rounds_ > 0) learn();
      slow_ = violation > 0.5 * last ? slow_ + 1 : 0;
      last = violation;
      const bool old = is_old();
      if (old) renew();
      const bool settled = rounds_ > 0 && !old && held_ <= 0.1 * violation;  // the support is
      if (settled && chord(s, violation, value)) continue;
      if (!step(s, violation, value, stop)) break;
    }
    line_[0] = std::move(line_[1]);
    line_[1] = {s, b_, slopes_, theta_};
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
    rough_ = true;  // where steps were
    b_ = proposal_;
    at_ = Known::as_one_sum;
    std::copy(rows_.offset, rows_.offset + n_, eta_.begin());
    nonzero(b_);
    z_.combine_into(which_, part_, eta_.data());
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
  // that a kink or bound holds. Of float32 columns, where the violation that is expected after the
  // `last` one shows in them.
  double gradient(double s, double tol, double last) {
    const double rounding = 10.0 * z_.rounding(theta_.data());
    limit_ = enough(s, tol);
    slope(rounding <= std::max(limit_, 1e-2 * last));
    const double found = violation(s);
    if (!rough_ || rounding <= limit_ || found > rounding) return found;
    slope(false);
    return violation(s);
  }

  void slope(bool rough) {
    if (rough_ && !rough) sloped_ = 0;
    if (sloped_ == b_.size()) return;
    rough ? z_.project_roughly(sloped_, theta_.data(), slopes_.data())
          : z_.project(sloped_, theta_.data(), slopes_.data());
    rough_ = rough || (rough_ && sloped_ > 0);
    sloped_ = b_.size();
  }

  double violation(double s) {
    const Penalty p = grown_.penalty();
    double worst = held_ = 0.0;
    for (std::size_t j = 0; j < b_.size(); ++j) {
      const double v = p.violation(b_[j], s, slopes_[j], j);
      worst = std::max(worst, v);
      if (!is_free(p, j)) held_ = std::max(held_, v);
    }
    return worst;
  }

  // -- the kept Hessian --------------------------------------------------------------------------

  // Whether a new one is due: the rounds after the second have cost as much, half of its entries in
  // blocks that take half the time, or steps are slow. If those of a new one are, float32 columns
  // tell too little.
  bool is_old() {
    const double m = static_cast<double>(b_.size());
    if (rounds_ > 1) rent_ += 2.0 * m;
    if (slow_ > 2) exact_ = exact_ || fresh_;
    return kept_.empty() || slow_ > 2 || rent_ > 0.25 * m * m;
  }

  void renew() {
    kept_ = h_;
    rent_ = 0.0;
    scale_ = 1.0;
    slow_ = 0, fresh_ = true;
    rows_.gram(z_, 0, grown_.gram(), grown_.stride(), kept_.data(), !exact_);
    solver_ = QuadraticSolver(grown_.quadratic(q_.data()));
  }

  // From the last step: what it took off the slopes; after the first of a strength, the factor by
  // which curvatures have changed since the Hessian was new.
  void learn() {
    std::vector<double> step = b_, image = from_.slopes;
    axpy(-1.0, from_.b.data(), step.data(), step.size());
    axpy(-1.0, slopes_.data(), image.data(), image.size());
    const double now = dot(step.data(), image.data(), step.size());
    if (rounds_ == 1 && !kept_.empty()) {
      moved_ = change_;
      rows_.curve(kept_.data(), moved_.data());
      const double then = dot(moved_.data(), change_.data(), n_);
      if (now > 0.0 && then > 0.0) scale_ = now / then;
    }
    secants_.learn(std::move(step), std::move(image));
  }

  // -- steps -------------------------------------------------------------------------------------

  struct Point {
    double s = NAN;
    std::vector<double> b, slopes, theta;
  };

  // Where the model starts, `proposal_`, and its slopes there, `start_`, in units of scale_: at the
  // first step on the line through the last two solutions, as far as signs hold, else here.
  void lead(double s) {
    proposal_ = b_;
    start_ = slopes_;
    Point &before = line_[0], &here = line_[1];
    const double f = (here.s - s) / (before.s - here.s);
    if (rounds_ == 0 && f > 0.0 && f < 3.0 && is_at(here)) {
      const std::size_t known = before.slopes.size();
      before.b.resize(b_.size(), 0.0);
      before.slopes.resize(b_.size());
      if (known < b_.size()) z_.project(known, before.theta.data(), before.slopes.data());
      lead(f, before);
    }
    for (double& v : start_) v /= scale_;
  }

  void lead(double f, const Point& before) {
    const Penalty p = grown_.penalty();
    rest_.assign(b_.size(), 0.0);  // of the way that was not gone
    for (std::size_t j = 0; j < b_.size(); ++j) {
      start_[j] += f * (slopes_[j] - before.slopes[j]);
      const double t = b_[j] - p.loc[j], move = f * (b_[j] - before.b[j]);
      proposal_[j] = p.l1[j] > 0.0 && t * (t + move) <= 0.0
                         ? p.loc[j]
                         : std::clamp(b_[j] + move, p.lower[j], p.upper[j]);
      rest_[j] = scale_ * (b_[j] + move - proposal_[j]);
    }
    add_product(rest_, start_);
  }

  bool is_at(const Point& point) const {
    const auto end = b_.begin() + static_cast<std::ptrdiff_t>(point.b.size());
    return std::equal(b_.begin(), end, point.b.begin()) &&
           std::all_of(end, b_.end(), [](double v) { return v == 0.0; });
  }

  // out += kept Hessian times v
  void add_product(const std::vector<double>& v, std::vector<double>& out) {
    nonzero(v);
    combine(grown_.gram(), static_cast<std::ptrdiff_t>(grown_.stride()), which_.data(),
            part_.data(), which_.size(), out.data(), b_.size());
  }

  // To the minimum of the model.
  template <class Stop>
  bool step(double s, double violation, double& value, Stop&& stop) {
    lead(s);
    q_ = start_;
    add_product(proposal_, q_);
    constexpr int enough = 100;  // rounds: a step need not be exact
    int rounds;
    solver_.grow(grown_.quadratic(q_.data()));
    solver_.know(proposal_.data(), start_.data());
    solver_.solve(proposal_.data(), s / scale_, 1e-3 * violation / scale_, enough, rounds, stop);
    return search(s, violation, value);
  }

  // On the support, by the factor of the kept Hessian and what earlier steps showed. Weights stop
  // at their kink or bound.
  bool chord(double s, double violation, double& value) {
    const Penalty p = grown_.penalty();
    free_.clear();
    rest_.assign(b_.size(), 0.0);
    for (std::size_t j = 0; j < b_.size(); ++j) {
      if (!is_free(p, j)) continue;
      const double t = b_[j] - p.loc[j], sign = t > 0.0 ? 1.0 : (t < 0.0 ? -1.0 : 0.0);
      free_.push_back(j);
      rest_[j] = slopes_[j] - s * (p.l1[j] * sign + p.l2[j] * t);
    }
    secants_.solve(rest_, free_, move_, [&](const std::vector<double>& r, std::vector<double>& x) {
      solver_.precondition(r.data(), free_, x.data());
      std::vector<double> all(x.size(), 0.0);
      for (std::size_t j : free_) all[j] = x[j] / scale_;
      x.swap(all);
    });
    proposal_ = b_;
    for (std::size_t j : free_) {
      const double t = b_[j] - p.loc[j], moved = t + move_[j];
      const bool crosses = p.l1[j] > 0.0 && t * moved < 0.0;
      proposal_[j] = crosses ? p.loc[j] : std::clamp(b_[j] + move_[j], p.lower[j], p.upper[j]);
    }
    return search(s, violation, value);
  }

  // theta_ and h_ at eta_; returns the loss.
  double evaluate() { return rows_.evaluate(eta_.data(), theta_.data(), h_.data()); }

  // To `proposal_`, or part of the way.
  bool search(double s, double violation, double& value) {
    move_ = proposal_;
    axpy(-1.0, b_.data(), move_.data(), move_.size());
    nonzero(move_);
    std::fill(change_.begin(), change_.end(), 0.0);
    // what float32 loses of a step is a part of what the step takes off the slopes
    const bool rough = 1e-5 * violation <= limit_;
    rough ? z_.combine_roughly(which_, part_, change_.data())
          : z_.combine_into(which_, part_, change_.data());
    const auto loss = [&](const double* at) {
      return rows_.evaluate(at, theta_.data(), h_.data());
    };
    const auto cost = [&](const std::vector<double>& b) { return penalty(b, s); };
    if (!search_along(loss, b_, change_, proposal_, eta_, moved_, value, cost)) {
      evaluate();
      secants_.forget();
      return false;
    }
    from_.b = b_;
    from_.slopes = slopes_;
    b_ = proposal_;
    at_ = Known::by_steps;
    sloped_ = 0;
    return true;
  }

  enum class Known { not_yet, by_steps, as_one_sum };

  const std::size_t n_;
  const Rows rows_;
  const std::size_t first_;
  typename Columns::Working z_;
  Grown grown_;
  QuadraticSolver solver_;
  Secants secants_;
  int rounds_ = 0, slow_ = 0;  // slow: so many of the last steps
  std::vector<double> eta_, change_, moved_, theta_, h_, kept_;  // by rows
  std::vector<double> b_, q_, slopes_, proposal_, part_, rest_, move_, start_;  // by columns
  std::vector<std::size_t> which_, free_;
  Point line_[2], from_;  // the last two solutions; where the last step began
  Known at_ = Known::not_yet;  // whether eta_ is that of b_
  double room_ = 0.0, asked_ = 1.0;  // for the gap; the tolerance that was given for it
  std::size_t sloped_ = 0;  // so many of slopes_ are those at b_, and theta_ and h_ too
  bool rough_ = false;  // some of them, of float32 columns
  double limit_ = 0.0;  // the violation at which the gap is reached
  double held_ = 0.0;  // the largest violation at a kink or bound
  double scale_ = 1.0;  // of the kept Hessian
  double rent_ = 0.0;  // work since it was new that a newer one would have saved, by rows
  bool exact_ = false, fresh_ = false;  // not of float32 columns; made at this strength
};

template <class Columns, class Loss>
using GlmModel = RowsModel<Columns, GlmRows<Loss>>;

}  // namespace priorfit
