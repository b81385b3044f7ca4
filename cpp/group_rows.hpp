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
// M, a matrix of the rows, changes slowly: it is factored again only where the steps of an older
// factor no longer contract (chord steps). A group that would get c_g < 0 stops at 0.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <vector>

#include "cross.hpp"
#include "factor.hpp"
#include "group_penalty.hpp"
#include "quadratic.hpp"
#include "simd.hpp"

namespace priorfit {

template <class Working>
class GroupRows {
 public:
  GroupRows(Working& z, const double* y, std::size_t n)
      : z_(z), y_(y), n_(n), theta_(n), misfit_(n), residual_(n), size_(std::sqrt(dot(y, y, n))) {}

  // The working groups: l1 by column; block g is start[g] .. start[g + 1].
  void grow(const std::vector<double>& l1, const std::vector<double>& rate,
            const std::vector<std::size_t>& start) {
    l1_ = l1, rate_ = rate, start_ = start;
    c_.resize(rate.size());
    norm_.resize(rate.size());
    place_.resize(rate.size(), outside);
    at_.resize(rate.size(), outside);
    for (std::vector<double>* v : {&v_, &soft_, &b_}) v->resize(l1.size());
  }

  // `b` holds the warm start and receives the solution, whose gap over the working groups is at
  // most `tol`, in the units of the objective.
  template <class Stop>
  Status solve(std::vector<double>& b, double s, double tol, int max_rounds, Stop&& stop) {
    exact_ = tol < rounding * size_ * size_;
    begin(b, s);
    double before = std::numeric_limits<double>::infinity();
    bool fresh = false;
    for (int round = 0; round < max_rounds; ++round) {
      look();
      const double error = this->error();
      if (!std::isfinite(error)) return Status::not_finite;
      const double near = gap(theta_, v_);
      if (near <= 0.3 * tol) {
        if (settled(tol)) {
          b = b_;
          return Status::converged;
        }
        exact_ = exact_ || near <= 0.01 * tol;  // what is left is the rounding of Z
      }
      if (stop()) return Status::interrupted;
      if (factor_.size() == 0 || (error > contraction * before && !fresh)) factor(), fresh = true;
      else fresh = false;
      before = error;
      step();
    }
    return Status::max_rounds;
  }

 private:
  static constexpr std::size_t outside = static_cast<std::size_t>(-1);
  static constexpr double contraction = 0.6;  // of the error by one step, at least
  static constexpr double slack = 1e-9;       // of the rate: rounding
  static constexpr double rounding = 1e-7;    // of |y|^2: a gap that float32 columns can tell

  Block block(std::size_t g) const {
    return {l1_.data() + start_[g], rate_[g], start_[g + 1] - start_[g]};
  }

  void begin(const std::vector<double>& b, double s) {
    s_ = s;
    last_.in.clear();
    for (std::size_t g = 0; g < rate_.size(); ++g)
      c_[g] = Block::length(b.data() + start_[g], start_[g + 1] - start_[g]) / (s * rate_[g]);
    b_ = b;
    residual();
    theta_ = residual_;
  }

  // out = Z'v
  void project(const std::vector<double>& v, std::vector<double>& out) {
    if (exact_) z_.project(0, v.data(), out.data());
    else z_.project_rounded(v.data(), out.data());
  }

  // residual = y - Z b
  void residual() {
    which_.clear(), part_.clear();
    for (std::size_t j = 0; j < b_.size(); ++j)
      if (b_[j] != 0.0) which_.push_back(j), part_.push_back(-b_[j]);
    residual_.assign(y_, y_ + n_);
    if (exact_) z_.combine_into(which_, part_, residual_.data());
    else z_.combine_rounded(which_, part_, residual_.data());
  }

  // All that follows from theta and c.
  void look() {
    project(theta_, v_);
    for (std::size_t g = 0; g < rate_.size(); ++g) {
      for (std::size_t j = start_[g]; j < start_[g + 1]; ++j)
        soft_[j] = Block::soft(v_[j], s_ * l1_[j]);
      norm_[g] = Block::length(soft_.data() + start_[g], start_[g + 1] - start_[g]);
      if (norm_[g] == 0.0) c_[g] = 0.0;
      for (std::size_t j = start_[g]; j < start_[g + 1]; ++j) b_[j] = c_[g] * soft_[j];
    }
    residual();
    for (std::size_t i = 0; i < n_; ++i) misfit_[i] = residual_[i] - theta_[i];
  }

  bool active(std::size_t g) const {
    return c_[g] > 0.0 || norm_[g] > (1.0 + slack) * s_ * rate_[g];
  }

  double shortfall(std::size_t g) const { return s_ * rate_[g] - norm_[g]; }

  // The largest error in an equation, each as a share.
  double error() const {
    const double unit = std::max(size_, std::numeric_limits<double>::min());
    double worst = std::sqrt(dot(misfit_.data(), misfit_.data(), n_)) / unit;
    for (std::size_t g = 0; g < rate_.size(); ++g) {
      const double miss = std::fabs(shortfall(g)) / (s_ * rate_[g]);
      if (active(g) && !(miss <= worst)) worst = miss;
    }
    return worst;
  }

  // Of b, by the dual point `theta` whose slopes are `v`, over the working groups.
  double gap(const std::vector<double>& theta, const std::vector<double>& v) const {
    double needed = s_, penalty = 0.0;
    for (std::size_t g = 0; g < rate_.size(); ++g) {
      const Block here = block(g);
      if (c_[g] > 0.0) penalty += s_ * here.value(b_.data() + start_[g]);
      const double* slopes = v.data() + start_[g];
      if (here.let_through(slopes, s_) > s_ * rate_[g])
        needed = std::max(needed, here.dual_norm(slopes));
    }
    const double share = s_ / needed;
    const double dual = share * dot(theta.data(), y_, n_) -
                        0.5 * share * share * dot(theta.data(), theta.data(), n_);
    return 0.5 * dot(residual_.data(), residual_.data(), n_) + penalty - dual;
  }

  // Whether the residual of b itself is as good a dual point as theta.
  bool settled(double tol) {
    slopes_.resize(v_.size());
    project(residual_, slopes_);
    return gap(residual_, slopes_) <= tol;
  }

  // -- the step ----------------------------------------------------------------------------------

  // M = L L' at the present c.
  void factor() {
    which_.clear(), part_.clear();
    for (std::size_t g = 0; g < rate_.size(); ++g)
      for (std::size_t j = start_[g]; j < start_[g + 1]; ++j)
        if (b_[j] != 0.0) which_.push_back(j), part_.push_back(std::sqrt(c_[g]));
    const std::size_t a = which_.size();
    rows_.resize(n_ * a);
    m_.resize(n_ * n_);
    z_.rows(which_, part_, rows_.data());
    inner_products(rows_.data(), a, 0, n_, a, m_.data(), n_);
    for (std::size_t i = 0; i < n_; ++i) m_[i * n_ + i] += 1.0;
    factor_.assign(m_.data(), n_, n_);
    forwarded_.clear();
    small_.clear();
    std::fill(place_.begin(), place_.end(), outside);
    std::fill(at_.begin(), at_.end(), outside);
    in_.clear();
    last_.in.clear();
  }

  // L^{-1} w_g of groups that have none since M was factored.
  void forward(const std::vector<std::size_t>& groups) {
    const std::size_t known = forwarded_.size() / n_;
    forwarded_.resize((known + groups.size()) * n_, 0.0);
    for (std::size_t k = 0; k < groups.size(); ++k) {
      const std::size_t g = groups[k];
      place_[g] = known + k;
      which_.clear(), part_.clear();
      for (std::size_t j = start_[g]; j < start_[g + 1]; ++j)
        if (soft_[j] != 0.0) which_.push_back(j), part_.push_back(soft_[j] / norm_[g]);
      z_.combine_into(which_, part_, forwarded_.data() + place_[g] * n_);
    }
    factor_.forward_all(forwarded_.data() + known * n_, groups.size(), n_);
  }

  const double* forwarded(std::size_t g) const { return forwarded_.data() + place_[g] * n_; }

  // The factor of W'M^{-1}W over the active groups; one that depends on the others waits.
  void sync() {
    for (std::size_t k = in_.size(); k-- > 0;)
      if (!active(in_[k])) leave(k);
    std::vector<std::size_t> unknown, joining;
    for (std::size_t g = 0; g < rate_.size(); ++g) {
      if (!active(g) || at_[g] != outside) continue;
      joining.push_back(g);
      if (place_[g] == outside) unknown.push_back(g);
    }
    forward(unknown);
    for (std::size_t g : joining) join(g);
  }

  void leave(std::size_t k) {
    at_[in_[k]] = outside;
    small_.remove(k);
    in_.erase(in_.begin() + static_cast<std::ptrdiff_t>(k));
    for (std::size_t i = k; i < in_.size(); ++i) at_[in_[i]] = i;
  }

  void join(std::size_t g) {
    std::vector<const double*> left;
    for (std::size_t h : in_) left.push_back(forwarded(h));
    left.push_back(forwarded(g));
    row_.resize(left.size());
    cross(left.data(), left.size(), forwarded(g), n_, 1, n_, row_.data(), 1);
    if (!small_.append(row_.data(), row_.back())) return;
    at_[g] = in_.size();
    in_.push_back(g);
  }

  void step() {
    sync();
    factor_.forward_all(misfit_.data(), 1, n_);
    for (bool again = true; again;) {
      again = false;
      a_.resize(in_.size());
      for (std::size_t k = 0; k < in_.size(); ++k)
        a_[k] = dot(forwarded(in_[k]), misfit_.data(), n_) - shortfall(in_[k]);
      small_.solve(a_.data());
      for (std::size_t k = in_.size(); k-- > 0;) {
        const std::size_t g = in_[k];
        if (a_[k] > -c_[g] * norm_[g]) continue;
        axpy(c_[g] * norm_[g], forwarded(g), misfit_.data(), n_);
        c_[g] = 0.0;
        leave(k);
        again = true;
      }
    }
    Move now{in_, theta_, c_, misfit_, {}, std::vector<double>(c_.size(), 0.0)};
    for (std::size_t k = 0; k < in_.size(); ++k) {
      axpy(-a_[k], forwarded(in_[k]), now.left.data(), n_);
      now.c_step[in_[k]] = a_[k] / norm_[in_[k]];
    }
    now.theta_step = now.left;
    factor_.backward(now.theta_step.data());
    take(now);
    last_ = std::move(now);
  }

  // A step from (theta, c); `left` is L'theta_step.
  struct Move {
    std::vector<std::size_t> in;
    std::vector<double> theta, c, left, theta_step, c_step;
  };

  // The share `back` of the way to the last place and step, at which the step would be least: a
  // secant step (Anderson 1965, with one earlier place).
  void take(const Move& now) {
    const Move& last = last_.in == now.in ? last_ : now;
    double along = 0.0, size = 0.0;
    for (std::size_t i = 0; i < n_; ++i) {
      const double change = now.left[i] - last.left[i];
      along += change * now.left[i], size += change * change;
    }
    const double back = size > 0.0 ? along / size : 0.0;
    const auto moved = [back](double x, double step, double x_last, double step_last) {
      return x + step - back * (x + step - x_last - step_last);
    };
    for (std::size_t i = 0; i < n_; ++i)
      theta_[i] = moved(now.theta[i], now.theta_step[i], last.theta[i], last.theta_step[i]);
    for (std::size_t g = 0; g < c_.size(); ++g)
      c_[g] = std::max(0.0, moved(now.c[g], now.c_step[g], last.c[g], last.c_step[g]));
  }

  Working& z_;
  const double* y_;
  const std::size_t n_;
  double s_ = 0.0;
  bool exact_ = false;  // Z in float64, or rounded to float32
  std::vector<double> l1_, rate_;
  std::vector<std::size_t> start_;
  std::vector<double> theta_, misfit_, residual_;  // by row
  const double size_;                              // |y|
  std::vector<double> v_, soft_, b_, slopes_;      // by working column; v = Z'theta
  std::vector<double> c_, norm_;                   // by group; norm = |S(v_g)|
  Factor factor_, small_;                          // of M, of W'M^{-1}W
  std::vector<double> forwarded_;                  // L^{-1} w_g, one after the other
  std::vector<std::size_t> place_, at_, in_;       // of g in forwarded_, in small_; its groups
  Move last_;
  std::vector<float> rows_;  // M needs no more digits: steps repair themselves
  std::vector<double> m_, row_, a_, part_;
  std::vector<std::size_t> which_;
};

}  // namespace priorfit
