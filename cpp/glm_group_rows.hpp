// Groups with more active columns than rows under a likelihood that is not quadratic: Newton steps
// for the linear predictor and one number per group.
//
// min_b L(Z b) + s sum_g (l1'|b_g| + rate_g |b_g|) has its optimum where, with theta = -L'(u),
//
//   b_g = c_g S(Z_g'theta),   u = sum_g Z_g b_g,   |S(Z_g'theta)| = s rate_g or c_g = 0,
//
// the equations of `group_rows.hpp` but for theta, which bends with u: dtheta = -H du, H the
// curvatures of the rows. With w_g = Z_g u_g, u_g the direction of S(Z_g'theta), a Newton step solves
//
//   M dtheta + W a = u - Z b,   W'dtheta = s rate - |S(Z_g'theta)|,
//   M = H^{-1} + sum_g c_g Z_g D_g Z_g',   D_g: what S lets through.
//
// An intercept is a column of W for which 0 takes the place of the rate. Along a path H^{-1} and c
// grow alike where rows saturate, so that an older M times the growth of c serves for long.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <vector>

#include "active_groups.hpp"
#include "chord.hpp"
#include "factor.hpp"
#include "group_penalty.hpp"
#include "quadratic.hpp"
#include "row_columns.hpp"
#include "simd.hpp"

namespace priorfit {

template <class Columns, class Rows>
class GlmGroupRows {
  using Working = typename Columns::Working;

 public:
  GlmGroupRows(Working& z, const Rows& rows, std::size_t n)
      : z_(z), fast_(z, n), rows_(rows), n_(n), first_(rows.intercepts()),
        active_(n) {
    for (std::vector<double>* v : {&u_, &fit_, &theta_, &h_, &misfit_, &dual_, &there_, &kept_h_})
      v->resize(n);
    rows_.start(u_.data());
    evaluate();
    for (std::size_t i = 0; i < n_; ++i) size_ += theta_[i] * theta_[i] / h_[i];
    size_ = std::sqrt(std::max(size_, std::numeric_limits<double>::min()));
  }

  // The working groups: l1 by column; block g is start[g] .. start[g + 1]; intercepts come first.
  void grow(const std::vector<double>& l1, const std::vector<double>& rate,
            const std::vector<std::size_t>& start) {
    l1_ = l1, rate_ = rate, start_ = start;
    fast_.grow(l1.size());
    for (std::vector<double>* v : {&c_, &norm_}) v->resize(rate.size(), 0.0);
    active_.grow(rate.size());
    for (std::vector<double>* v : {&v_, &soft_, &b_, &slopes_}) v->resize(l1.size(), 0.0);
    for (Place& place : past_) place.c.resize(rate.size(), 0.0);
  }

  // `b` holds the warm start and receives the solution, whose gap over the working groups is at
  // most `tol`, in the units of the objective.
  template <class Stop>
  Status solve(std::vector<double>& b, double s, double tol, int max_rounds, Stop&& stop) {
    exact_ = tol < rounding * size_ * size_;
    begin(b, s);
    double before = std::numeric_limits<double>::infinity();
    bool fresh = false;
    int halved = 0;
    for (int round = 0; round < max_rounds; ++round) {
      const double error = this->error(), near = gap(theta_, v_);
      if (near <= 0.3 * tol) {
        if (settled(tol)) {
          b = b_;
          remember();
          return Status::converged;
        }
        exact_ = exact_ || near <= 0.01 * tol;  // what is left is the rounding of Z
      }
      if (stop()) return Status::interrupted;
      if (!(error <= before) && (fresh || !std::isfinite(error))) {
        if (std::isinf(before) || ++halved > most_halved) return Status::not_finite;
        halve();
        continue;
      }
      halved = 0;
      fresh = factor_.size() == 0 || (error > contraction * before && !fresh);
      if (fresh) factor();
      before = error;
      u_before_ = u_, c_before_ = c_;
      step();
      look();
    }
    return Status::max_rounds;
  }

 private:
  static constexpr double contraction = 0.7;  // of the error by one step, at least
  static constexpr double slack = 1e-9;       // of the rate: rounding
  static constexpr double rounding = 1e-7;    // of size^2: a gap that float32 columns can tell
  static constexpr int most_halved = 8;

  Block block(std::size_t g) const {
    return {l1_.data() + start_[g], rate_[g], start_[g + 1] - start_[g]};
  }

  // A solution.
  struct Place {
    double s;
    std::vector<double> u, c;
  };

  // theta_ and h_ at u_.
  double evaluate() { return rows_.evaluate(u_.data(), theta_.data(), h_.data()); }

  // From the line through the last two solutions, where it leads on, or from b.
  void begin(const std::vector<double>& b, double s) {
    s_ = s;
    chord_.forget();
    if (past_.size() == 2 && past_[0].s > past_[1].s && past_[1].s > s) {
      const double f = (past_[1].s - s) / (past_[0].s - past_[1].s);
      const auto line = [f](const std::vector<double>& x, const std::vector<double>& y,
                            std::vector<double>& out) {
        for (std::size_t i = 0; i < out.size(); ++i) out[i] = y[i] + f * (y[i] - x[i]);
      };
      line(past_[0].u, past_[1].u, u_);
      line(past_[0].c, past_[1].c, c_);
      for (std::size_t g = first_; g < c_.size(); ++g)
        c_[g] = past_[1].c[g] > 0.0 ? std::max(0.0, c_[g]) : 0.0;
      return look();
    }
    rows_.start(u_.data());
    which_.clear(), part_.clear();
    for (std::size_t g = 0; g < rate_.size(); ++g) {
      const double size = Block::length(b.data() + start_[g], start_[g + 1] - start_[g]);
      c_[g] = g < first_ ? b[g] : size / (s * rate_[g]);
      for (std::size_t j = start_[g]; j < start_[g + 1]; ++j)
        if (b[j] != 0.0) which_.push_back(j), part_.push_back(b[j]);
    }
    z_.combine_into(which_, part_, u_.data());
    look();
  }

  void remember() {
    if (past_.size() == 2) past_.erase(past_.begin());
    past_.push_back({s_, u_, c_});
  }

  // Half of the way back.
  void halve() {
    chord_.forget();
    for (std::size_t i = 0; i < n_; ++i) u_[i] = 0.5 * (u_[i] + u_before_[i]);
    for (std::size_t g = 0; g < c_.size(); ++g) c_[g] = 0.5 * (c_[g] + c_before_[g]);
    look();
  }

  // All that follows from u and c.
  void look() {
    evaluate();
    std::fill(misfit_.begin(), misfit_.end(), 0.0);
    fast_.pass(theta_.data(), start_, v_.data(), b_.data(), misfit_.data(), exact_,
               [&](std::size_t first, std::size_t end) {
                 for (std::size_t g = first; g < end; ++g) weigh(g);
               });
    rows_.start(fit_.data());
    for (std::size_t i = 0; i < n_; ++i) fit_[i] -= misfit_[i], misfit_[i] = u_[i] - fit_[i];
  }

  // The weights of block g.
  void weigh(std::size_t g) {
    if (g < first_) {
      norm_[g] = v_[g], soft_[g] = 1.0, b_[g] = c_[g];
      return;
    }
    for (std::size_t j = start_[g]; j < start_[g + 1]; ++j)
      soft_[j] = Block::soft(v_[j], s_ * l1_[j]);
    norm_[g] = Block::length(soft_.data() + start_[g], start_[g + 1] - start_[g]);
    if (norm_[g] == 0.0) c_[g] = 0.0;
    for (std::size_t j = start_[g]; j < start_[g + 1]; ++j) b_[j] = c_[g] * soft_[j];
  }

  bool active(std::size_t g) const {
    return g < first_ || c_[g] > 0.0 || norm_[g] > (1.0 + slack) * s_ * rate_[g];
  }

  double shortfall(std::size_t g) const { return s_ * rate_[g] - norm_[g]; }

  // Of column g of W: the slopes times its inverse are a direction.
  double length(std::size_t g) const { return g < first_ ? 1.0 : norm_[g]; }

  // The largest error in an equation, each as a share.
  double error() const {
    double rows = 0.0, worst = 0.0;
    for (std::size_t i = 0; i < n_; ++i) rows += h_[i] * misfit_[i] * misfit_[i];
    if (!std::isfinite(rows)) return std::numeric_limits<double>::infinity();
    worst = std::sqrt(rows) / size_;
    for (std::size_t g = 0; g < rate_.size(); ++g) {
      if (!active(g)) continue;
      const double unit = g < first_ ? size_ * std::sqrt(static_cast<double>(n_)) : s_ * rate_[g];
      worst = std::max(worst, std::fabs(shortfall(g)) / unit);
    }
    return worst;
  }

  // Of b, by the dual point that `theta`, whose slopes are about `v`, leads to, over the working
  // groups.
  double gap(const std::vector<double>& theta, const std::vector<double>& v) {
    double needed = s_, penalty = 0.0;
    for (std::size_t g = first_; g < rate_.size(); ++g) {
      const Block here = block(g);
      if (c_[g] > 0.0) penalty += s_ * here.value(b_.data() + start_[g]);
      const double* slopes = v.data() + start_[g];
      if (here.let_through(slopes, s_) > s_ * rate_[g])
        needed = std::max(needed, here.dual_norm(slopes));
    }
    rows_.dual_point(theta.data(), h_.data(), dual_.data());
    const double dual = rows_.dual(dual_.data(), s_ / needed);
    return loss_of_fit() + penalty - dual;
  }

  double loss_of_fit() {
    there_.resize(2 * n_);
    return rows_.evaluate(fit_.data(), there_.data(), there_.data() + n_);
  }

  // Whether b's own dual point is as good as that of u.
  bool settled(double tol) {
    loss_of_fit();
    rows_.dual_point(there_.data(), there_.data() + n_, dual_.data());
    const std::vector<double> theta = dual_;
    fast_.project(0, theta.data(), slopes_.data(), exact_);
    return gap(theta, slopes_) <= tol;
  }

  // M = L L' at the present u and c.
  void factor() {
    which_.clear(), part_.clear();
    for (std::size_t g = first_; g < rate_.size(); ++g)
      for (std::size_t j = start_[g]; j < start_[g + 1]; ++j)
        if (b_[j] != 0.0) which_.push_back(j), part_.push_back(c_[g]);
    m_.resize(n_ * n_);
    fast_.squares(which_, part_, m_.data());
    for (std::size_t i = 0; i < n_; ++i) m_[i * n_ + i] += 1.0 / h_[i];
    factor_.assign(m_.data(), n_, n_);
    active_.clear();
    kept_ = c_, kept_h_ = h_;
    chord_.forget();
  }

  void step() {
    const auto add_direction = [this](std::size_t g, double* w) {
      which_.clear(), part_.clear();
      for (std::size_t j = start_[g]; j < start_[g + 1]; ++j)
        if (soft_[j] != 0.0) which_.push_back(j), part_.push_back(soft_[j] / length(g));
      z_.combine_into(which_, part_, w);
    };
    const auto active = [this](std::size_t g) { return this->active(g); };
    if (active_.sync(factor_, active, add_direction)) chord_.forget();
    const double grown = growth(c_, kept_, first_);
    factor_.forward_all(misfit_.data(), 1, n_);
    const auto target = [&](std::size_t g) { return grown * shortfall(g); };
    const auto leaves = [this](std::size_t g, double a, double& back) {
      back = c_[g] * norm_[g];
      if (g < first_ || a > -back) return false;
      c_[g] = 0.0;
      return true;
    };
    if (active_.solve(misfit_.data(), a_, target, leaves)) chord_.forget();
    factor_.backward(misfit_.data());  // grown dtheta
    take();
  }

  // u, times the root of H in M, and c moved by the step, or by what it and earlier ones suggest.
  void take() {
    std::vector<double> from(n_), change(n_);
    for (std::size_t i = 0; i < n_; ++i) {
      const double root = std::sqrt(kept_h_[i]);
      from[i] = root * u_[i], change[i] = -misfit_[i] / root;
    }
    from.insert(from.end(), c_.begin(), c_.end());
    change.resize(from.size());
    const std::vector<std::size_t>& in = active_.in();
    for (std::size_t k = 0; k < in.size(); ++k) change[n_ + in[k]] = a_[k] / length(in[k]);
    const std::vector<double>& there = chord_.next(from, change, n_);
    for (std::size_t i = 0; i < n_; ++i) u_[i] = there[i] / std::sqrt(kept_h_[i]);
    for (std::size_t g = 0; g < c_.size(); ++g)
      c_[g] = g < first_ ? there[n_ + g] : std::max(0.0, there[n_ + g]);
  }

  Working& z_;
  RowColumns<Columns> fast_;
  const Rows& rows_;
  const std::size_t n_, first_;
  double s_ = 0.0, size_ = 0.0;  // size: of a Newton step from nothing, in units of the objective
  bool exact_ = false;  // Z in float64, or rounded to float32
  std::vector<double> l1_, rate_;
  std::vector<std::size_t> start_;
  std::vector<double> u_, fit_, theta_, h_, misfit_, dual_, there_, kept_h_;  // by row
  std::vector<double> u_before_, c_before_;    // before the last step
  std::vector<double> v_, soft_, b_, slopes_;  // by working column; v = Z'theta
  std::vector<double> c_, norm_, kept_;        // by group; norm = |S(v_g)|, kept: c in M
  Factor factor_;                              // of M
  ActiveGroups active_;
  Chord chord_;
  std::vector<Place> past_;                    // the last two solutions
  std::vector<double> m_, a_, part_;
  std::vector<std::size_t> which_;
};

// Where there is no such way.
struct NoGroupRows {
  template <class Working, class Rows>
  NoGroupRows(Working&, const Rows&, std::size_t) {}
  void grow(const std::vector<double>&, const std::vector<double>&,
            const std::vector<std::size_t>&) {}
  template <class Stop>
  Status solve(std::vector<double>&, double, double, int, Stop&&) {
    return Status::max_rounds;
  }
};

}  // namespace priorfit
