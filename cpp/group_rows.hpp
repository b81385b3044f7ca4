// Groups with more active columns than rows: Newton steps for the residual and one number per group.
//
// min_b |y - Z b|^2 / 2 + s sum_g (l1'|b_g| + rate_g |b_g|) has its optimum where
//
//   b_g = c_g S(Z_g'theta),   theta + sum_g Z_g b_g = y,   |S(Z_g'theta)| = s rate_g or c_g = 0,
//
// S the soft threshold at s l1 (Bach, Lanckriet & Jordan 2004 for l1 = 0: c are the weights of the
// kernels Z_g Z_g'). These equations in theta and c >= 0 bend little, also where a group is about to
// vanish. With u_g the direction of S(Z_g'theta), w_g = Z_g u_g and a_g = |S(Z_g'theta)| dc_g, a
// Newton step solves
//
//   M dtheta + W a = y - theta - Z b,   W'dtheta = s rate - |S(Z_g'theta)|,
//   M = I + sum_g c_g Z_g D_g Z_g',   D_g: what S lets through.
//
// M, a matrix of the rows, changes slowly, but for its size: an older one times the growth of c serves
// until its steps no longer contract (chord steps). A group that would get c_g < 0 stops at 0.
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

template <class Columns>
class GroupRows {
 public:
  GroupRows(RowColumns<Columns>& columns, const WorkingBlocks& blocks, const double* y,
            std::size_t n)
      : fast_(columns), p_(blocks), y_(y), n_(n), theta_(n), misfit_(n), residual_(n),
        size_(std::sqrt(dot(y, y, n))), active_(n) {}

  // There are more blocks now; `columns` has theirs.
  void grow() {
    c_.resize(p_.count());
    norm_.resize(p_.count());
    active_.grow(p_.count());
    const std::size_t known = v_.size();
    for (std::vector<double>* v : {&v_, &soft_, &b_}) v->resize(p_.size());
    for (Place& place : past_) {
      place.c.resize(p_.count());
      place.v.resize(p_.size());
      fast_.project(known, place.theta.data(), place.v.data(), false);
    }
  }

  // `b` holds the warm start and receives the solution, whose gap over the working groups is at
  // most `tol`, in the units of the objective.
  template <class Stop>
  Status solve(std::vector<double>& b, double s, double tol, int max_rounds, Stop&& stop) {
    exact_ = tol < float32_tells * size_ * size_;
    begin(b, s);
    double before = std::numeric_limits<double>::infinity();
    bool fresh = false;
    for (int round = 0; round < max_rounds; ++round) {
      const double error = this->error();
      if (!std::isfinite(error)) return Status::not_finite;
      const double near = gap(theta_, v_);
      if (near <= 0.5 * tol && (misfit() * share_ <= tol || near <= 0.02 * tol)) {
        if (settled(tol)) {
          b = b_;
          remember();
          return Status::converged;
        }
        exact_ = exact_ || near <= 0.01 * tol;  // what is left is the rounding of Z
      }
      if (stop()) return Status::interrupted;
      if (fresh && error > before) {  // steps may go round where S has kinks
        halve();
        fresh = false;
        continue;
      }
      if (factor_.size() == 0 || (error > contraction * before && !fresh)) factor(), fresh = true;
      else fresh = false;
      before = error;
      theta_before_ = theta_, c_before_ = c_;
      step();
      look(theta_.data());
    }
    return Status::max_rounds;
  }

  // Of the solution, but for rounding.
  const std::vector<double>& residual() const { return residual_; }

 private:
  static constexpr double contraction = 0.55;  // of the error by one step, at least
  static constexpr double slack = 1e-9;       // of the rate: rounding

  // A solution, and what follows from it.
  struct Place {
    double s;
    std::vector<double> theta, v, c;
  };

  // From the curve through the last solutions, where it leads on, or from b.
  void begin(const std::vector<double>& b, double s) {
    s_ = s;
    chord_.forget();
    if (past_.size() >= 2 && past_[past_.size() - 2].s > past_.back().s && past_.back().s > s) {
      const std::size_t order = bends_ ? 3 : 2, first = past_.size() - order;
      const std::vector<double> share = shares(order, s);
      std::fill(theta_.begin(), theta_.end(), 0.0), std::fill(v_.begin(), v_.end(), 0.0);
      std::fill(c_.begin(), c_.end(), 0.0);
      for (std::size_t i = 0; i < order; ++i) {
        const Place& place = past_[first + i];
        axpy(share[i], place.theta.data(), theta_.data(), n_);
        axpy(share[i], place.v.data(), v_.data(), v_.size());
        axpy(share[i] * place.s / s, place.c.data(), c_.data(), c_.size());  // s c: it bends less
      }
      for (std::size_t g = 0; g < c_.size(); ++g)
        if (past_.back().c[g] == 0.0 || c_[g] < 0.0) c_[g] = 0.0;
      return look(nullptr);
    }
    for (std::size_t g = 0; g < p_.count(); ++g)
      c_[g] = Block::length(b.data() + p_.start[g], p_.start[g + 1] - p_.start[g]) / (s * p_.rate[g]);
    theta_.assign(y_, y_ + n_);
    fast_.pass(nullptr, p_.start, v_.data(), b.data(), theta_.data(), exact_, [](auto, auto) {});
    look(theta_.data());
  }

  // Of the last `order` places in the curve through them, at s.
  std::vector<double> shares(std::size_t order, double s) const {
    const std::size_t first = past_.size() - order;
    std::vector<double> out(order, 1.0);
    for (std::size_t i = 0; i < order; ++i)
      for (std::size_t j = 0; j < order; ++j)
        if (j != i) out[i] *= (s - past_[first + j].s) / (past_[first + i].s - past_[first + j].s);
    return out;
  }

  // How far the curve through the last `order` places misses theta.
  double miss(std::size_t order) {
    const std::vector<double> share = shares(order, s_);
    misfit_ = theta_;
    for (std::size_t i = 0; i < order; ++i)
      axpy(-share[i], past_[past_.size() - order + i].theta.data(), misfit_.data(), n_);
    return dot(misfit_.data(), misfit_.data(), n_);
  }

  // Whether a parabola would have led nearer than a line says which is next.
  void remember() {
    bends_ = past_.size() == 3 && miss(3) < miss(2);
    if (past_.size() == 3) past_.erase(past_.begin());
    past_.push_back({s_, theta_, v_, c_});
  }

  // Half of the way back.
  void halve() {
    chord_.forget();
    for (std::size_t i = 0; i < n_; ++i) theta_[i] = 0.5 * (theta_[i] + theta_before_[i]);
    for (std::size_t g = 0; g < c_.size(); ++g) c_[g] = 0.5 * (c_[g] + c_before_[g]);
    look(theta_.data());
  }

  // All that follows from theta and c; v = Z'theta may be there.
  void look(const double* theta) {
    residual_.assign(y_, y_ + n_);
    fast_.pass(theta, p_.start, v_.data(), b_.data(), residual_.data(), exact_,
               [&](std::size_t first, std::size_t end) {
                 for (std::size_t g = first; g < end; ++g) weigh(g);
               });
    for (std::size_t i = 0; i < n_; ++i) misfit_[i] = residual_[i] - theta_[i];
  }

  // The weights of block g.
  void weigh(std::size_t g) {
    for (std::size_t j = p_.start[g]; j < p_.start[g + 1]; ++j)
      soft_[j] = Block::soft(v_[j], s_ * p_.l1[j]);
    norm_[g] = Block::length(soft_.data() + p_.start[g], p_.start[g + 1] - p_.start[g]);
    if (norm_[g] == 0.0) c_[g] = 0.0;
    for (std::size_t j = p_.start[g]; j < p_.start[g + 1]; ++j) b_[j] = c_[g] * soft_[j];
  }

  bool active(std::size_t g) const {
    return c_[g] > 0.0 || norm_[g] > (1.0 + slack) * s_ * p_.rate[g];
  }

  double shortfall(std::size_t g) const { return s_ * p_.rate[g] - norm_[g]; }

  // The largest error in an equation, each as a share.
  double error() const {
    const double unit = std::max(size_, std::numeric_limits<double>::min());
    double worst = misfit() / unit;
    for (std::size_t g = 0; g < p_.count(); ++g) {
      const double miss = std::fabs(shortfall(g)) / (s_ * p_.rate[g]);
      if (active(g) && !(miss <= worst)) worst = miss;
    }
    return worst;
  }

  // Of b, by the dual point `theta` whose slopes are `v`, over the working groups.
  double gap(const std::vector<double>& theta, const std::vector<double>& v) const {
    return p_.gap(theta.data(), v.data(), residual_.data(), b_.data(), y_, n_, s_);
  }

  // Whether the residual of b itself is a dual point as good as that. It costs half a pass, and its gap
  // is much like the misfit.
  bool settled(double tol) {
    slopes_.resize(v_.size());
    fast_.project(0, residual_.data(), slopes_.data(), exact_);
    const double found = gap(residual_, slopes_);
    share_ = found / misfit();
    return found <= tol;
  }

  double misfit() const {
    const double square = dot(misfit_.data(), misfit_.data(), n_);
    return std::max(std::sqrt(square), std::numeric_limits<double>::min());
  }

  // -- the step ----------------------------------------------------------------------------------

  // M = L L' at the present c.
  void factor() {
    which_.clear(), part_.clear();
    for (std::size_t g = 0; g < p_.count(); ++g)
      for (std::size_t j = p_.start[g]; j < p_.start[g + 1]; ++j)
        if (b_[j] != 0.0) which_.push_back(j), part_.push_back(c_[g]);
    m_.resize(n_ * n_);
    fast_.squares(which_, part_, m_.data());
    for (std::size_t i = 0; i < n_; ++i) m_[i * n_ + i] += 1.0;
    factor_.assign(m_.data(), n_, n_);
    rounded_.assign(factor_);
    active_.clear();
    kept_ = c_;
  }

  void step() {
    const auto add_direction = [this](std::size_t g, double* w) {
      part_.clear();
      for (std::size_t j = p_.start[g]; j < p_.start[g + 1]; ++j)
        part_.push_back(-soft_[j] / norm_[g]);
      fast_.subtract_block(p_.start[g], part_.size(), part_.data(), w, false);
    };
    const auto active = [this](std::size_t g) { return this->active(g); };
    if (active_.sync(factor_, active, add_direction)) chord_.forget();
    const double grown = growth(c_, kept_, 0);
    rounded_.forward(misfit_.data());
    const auto target = [&](std::size_t g) { return grown * shortfall(g); };
    const auto leaves = [this](std::size_t g, double a, double& back) {
      back = c_[g] * norm_[g];
      if (a > -back) return false;
      c_[g] = 0.0;
      return true;
    };
    if (active_.solve(misfit_.data(), a_, target, leaves)) chord_.forget();
    rounded_.backward(misfit_.data());
    for (double& v : misfit_) v /= grown;
    take();
  }

  // theta and c moved by the step, or by what it and earlier ones suggest.
  void take() {
    std::vector<double> from = theta_, change = misfit_;
    from.insert(from.end(), c_.begin(), c_.end());
    change.resize(from.size());
    const std::vector<std::size_t>& in = active_.in();
    for (std::size_t k = 0; k < in.size(); ++k) change[n_ + in[k]] = a_[k] / norm_[in[k]];
    const std::vector<double>& there = chord_.next(from, change, n_);
    std::copy_n(there.begin(), n_, theta_.begin());
    for (std::size_t g = 0; g < c_.size(); ++g) c_[g] = std::max(0.0, there[n_ + g]);
  }

  RowColumns<Columns>& fast_;
  const WorkingBlocks& p_;
  const double* y_;
  const std::size_t n_;
  double s_ = 0.0;
  bool exact_ = false;  // Z in float64, or rounded to float32
  std::vector<double> theta_, misfit_, residual_;  // by row
  std::vector<double> theta_before_, c_before_;    // before the last step
  const double size_;                              // |y|
  double share_ = 0.0;                             // of the misfit in the gap that the residual shows
  std::vector<double> v_, soft_, b_, slopes_;      // by working column; v = Z'theta
  std::vector<double> c_, norm_, kept_;            // by group; norm = |S(v_g)|, kept: c in M
  Factor factor_;                                  // of M
  RoundedFactor rounded_;                          // of M
  ActiveGroups active_;
  Chord chord_;
  std::vector<Place> past_;                        // the last three solutions
  bool bends_ = false;                             // as a parabola does
  std::vector<double> m_, a_, part_;
  std::vector<std::size_t> which_;
};

}  // namespace priorfit
