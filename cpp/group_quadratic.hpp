// min_b 1/2 b'Gb - q'b + s sum_g (l1'|b_g| + rate_g |b_g|_2): sweeps over blocks find which are not
// 0, Newton steps finish on them, where the norms are smooth.
//
// The Newton matrix G_AA + s rate (I - uu') / |b_g| changes little from step to step and from
// strength to strength: an older factor preconditions conjugate gradients on the present one.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <vector>

#include "block.hpp"
#include "cross.hpp"
#include "factor.hpp"
#include "group_penalty.hpp"
#include "quadratic.hpp"
#include "simd.hpp"

namespace priorfit {

class GroupQuadraticSolver {
 public:
  explicit GroupQuadraticSolver(const GroupQuadratic& problem) { grow(problem); }

  // The same problem with more blocks at the end; what is known of the others is kept.
  void grow(const GroupQuadratic& problem) {
    p_ = problem;
    for (std::vector<double>* v : {&g_, &before_, &g_before_, &kept_u_, &moved_, &product_})
      v->resize(p_.m, 0.0);
    where_.resize(p_.m, outside);
    of_.resize(p_.m);
    for (std::size_t g = bounds_.size(); g < p_.blocks; ++g) {
      for (std::size_t j = p_.start[g]; j < p_.start[g + 1]; ++j) of_[j] = g;
      const std::size_t j = p_.start[g];
      bounds_.push_back(largest_row_sum(p_.column(j) + j, p_.stride, p_.start[g + 1] - j));
    }
    forms_.resize(p_.blocks);
    length_.resize(p_.blocks, 0.0);
    kept_.resize(p_.blocks, 0.0);
    known_.clear();
  }

  // The gradient q - G b at b, where it is known from elsewhere.
  void know(const double* b, const double* gradient) {
    known_.assign(b, b + p_.m);
    std::copy(gradient, gradient + p_.m, g_.begin());
  }

  const std::vector<double>& gradient() const { return g_; }

  // `b` holds the warm start and receives the solution; `tol` bounds the violation of stationarity
  // of every block, in units of the gradient, or `gap`, where it is not 0, that of the objective.
  template <class Stop>
  Status solve(double* b, double s, double tol, double gap, int max_rounds, int& rounds,
               Stop&& stop) {
    b_ = b, s_ = s, tol_ = tol;
    measure();
    if (known_.size() != p_.m || !std::equal(known_.begin(), known_.end(), b_)) refresh_gradient();
    Status status = Status::max_rounds;
    for (rounds = 0; rounds < max_rounds; ++rounds) {
      const bool stuck = !newton();
      const double violation = sweep(stuck || rounds % 8 == 7);
      if (!std::isfinite(violation)) status = Status::not_finite;
      else if (violation <= tol || (gap > 0.0 && this->gap() <= gap)) status = Status::converged;
      else if (stop()) status = Status::interrupted;
      else continue;
      break;
    }
    known_.assign(b_, b_ + p_.m);
    return status;
  }

 private:
  static constexpr std::size_t outside = static_cast<std::size_t>(-1);
  static constexpr int patience_of_cg = 12;
  static constexpr double accuracy_of_cg = 1e-3;  // of the square: the next step sees the rest
  static constexpr double drift = 4.0;            // of a bend since it was factored

  void measure() {
    for (std::size_t g = 0; g < p_.blocks; ++g)
      length_[g] = Block::length(b_ + p_.start[g], p_.start[g + 1] - p_.start[g]);
  }

  void refresh_gradient() {
    std::copy(p_.q, p_.q + p_.m, g_.begin());
    subtract_product(b_, nullptr);
  }

  // g -= G (b - less)
  void subtract_product(const double* b, const double* less) {
    which_.clear();
    part_.clear();
    for (std::size_t j = 0; j < p_.m; ++j) {
      const double d = less ? b[j] - less[j] : b[j];
      if (d != 0.0) which_.push_back(j), part_.push_back(-d);
    }
    combine(p_.gram, static_cast<std::ptrdiff_t>(p_.stride), which_.data(), part_.data(),
            which_.size(), g_.data(), p_.m);
  }

  // The largest violation of a block; blocks at 0 (or all) that have one are minimised.
  double sweep(bool all) {
    double worst = 0.0;
    for (std::size_t g = 0; g < p_.blocks; ++g) {
      const std::size_t j = p_.start[g];
      const double violation = p_.block(g).violation(b_ + j, g_.data() + j, s_);
      if (!(violation <= worst)) worst = violation;  // catches NaN
      if (violation > tol_ && (all || length_[g] == 0.0 || wanted(g))) minimise(g);
    }
    return worst;
  }

  // Whether a coordinate of block g at the kink of its l1 term wants to leave it.
  bool wanted(std::size_t g) const {
    for (std::size_t j = p_.start[g]; j < p_.start[g + 1]; ++j)
      if (b_[j] == 0.0 && p_.l1[j] > 0.0 && std::fabs(g_[j]) > s_ * p_.l1[j]) return true;
    return false;
  }

  // Block g with all others held.
  void minimise(std::size_t g) {
    const std::size_t first = p_.start[g], d = p_.block(g).size;
    const double* h = p_.column(first) + first;
    old_.assign(b_ + first, b_ + first + d);
    fit_.resize(d);  // q of the block alone
    for (std::size_t i = 0; i < d; ++i)
      fit_[i] = g_[first + i] + dot(h + i * p_.stride, old_.data(), d);
    if (forms_[g].basis.empty() && p_.block(g).is_plain()) forms_[g].make(h, p_.stride, d);
    blocks_.solve(h, p_.stride, bounds_[g], forms_[g], fit_.data(), p_.block(g), s_, 0.1 * tol_,
                  b_ + first);
    which_.clear();
    part_.clear();
    for (std::size_t i = 0; i < d; ++i) {
      const double change = b_[first + i] - old_[i];
      if (change != 0.0) which_.push_back(first + i), part_.push_back(-change);
    }
    combine(p_.gram, static_cast<std::ptrdiff_t>(p_.stride), which_.data(), part_.data(),
            which_.size(), g_.data(), p_.m);
    length_[g] = Block::length(b_ + first, d);
  }

  // -- the support and the factor kept for it ----------------------------------------------------

  bool is_free(std::size_t j) const {
    const std::size_t g = of_[j];
    if (p_.rate[g] > 0.0 && length_[g] == 0.0) return false;
    return b_[j] != 0.0 || p_.l1[j] == 0.0;
  }

  // Curvature of the length of block g at the present b, across its direction.
  double bend(std::size_t g) const {
    return p_.rate[g] > 0.0 ? s_ * p_.rate[g] / length_[g] : 0.0;
  }

  bool outdated(std::size_t g) const {
    const double now = bend(g);
    return now > drift * kept_[g] || now < kept_[g] / drift;
  }

  void leave(std::size_t k) {
    where_[support_[k]] = outside;
    factor_.remove(k);
    support_.erase(support_.begin() + static_cast<std::ptrdiff_t>(k));
  }

  void sync_support() {
    std::size_t keep = renew_ ? 0 : support_.size();
    for (std::size_t k = 0; k < keep; ++k)
      if (!is_free(support_[k]) || outdated(of_[support_[k]])) keep = k;
    while (support_.size() > keep) leave(support_.size() - 1);
    renew_ = false;
    std::vector<std::size_t> entering;
    for (std::size_t j = 0; j < p_.m; ++j)
      if (where_[j] == outside && is_free(j)) entering.push_back(j);
    // blocks that bend least are the largest: they stay longest, so they come first
    std::stable_sort(entering.begin(), entering.end(), [&](std::size_t i, std::size_t j) {
      return bend(of_[i]) < bend(of_[j]);
    });
    for (std::size_t j : entering) remember(of_[j]);
    constexpr std::size_t at_once = 48;
    for (std::size_t k = 0; k < entering.size(); k += at_once)
      append(entering.data() + k, std::min(at_once, entering.size() - k));
  }

  void remember(std::size_t g) {
    kept_[g] = bend(g);
    for (std::size_t j = p_.start[g]; j < p_.start[g + 1]; ++j)
      kept_u_[j] = length_[g] > 0.0 ? b_[j] / length_[g] : 0.0;
  }

  double kept_entry(std::size_t i, std::size_t j) const {
    double value = p_.column(j)[i];
    if (of_[i] == of_[j]) value += kept_[of_[i]] * ((i == j ? 1.0 : 0.0) - kept_u_[i] * kept_u_[j]);
    return value;
  }

  void append(const std::size_t* entering, std::size_t count) {
    const std::size_t solved = support_.size();
    rows_.resize(count * solved);
    for (std::size_t k = 0; k < count; ++k)
      for (std::size_t i = 0; i < solved; ++i)
        rows_[k * solved + i] = kept_entry(support_[i], entering[k]);
    factor_.forward_all(rows_.data(), count, solved);
    for (std::size_t k = 0; k < count; ++k) {
      const std::size_t j = entering[k];
      std::vector<double> row(rows_.begin() + static_cast<std::ptrdiff_t>(k * solved),
                              rows_.begin() + static_cast<std::ptrdiff_t>((k + 1) * solved));
      for (std::size_t i = solved; i < support_.size(); ++i)
        row.push_back(kept_entry(support_[i], j));
      if (!factor_.finish(std::move(row), kept_entry(j, j), solved)) continue;
      where_[j] = support_.size();
      support_.push_back(j);
    }
  }

  // -- Newton ------------------------------------------------------------------------------------

  // One step on the support; false where it found nothing to gain.
  bool newton() {
    sync_support();
    if (support_.empty()) return false;
    const std::size_t a = support_.size();
    rest_.resize(a);
    for (std::size_t k = 0; k < a; ++k) rest_[k] = pull(support_[k]);
    direction();
    return take();
  }

  // Minus the slope of the objective at a coordinate of the support.
  double pull(std::size_t j) const {
    const std::size_t g = of_[j];
    double v = g_[j];
    if (p_.rate[g] > 0.0) v -= bend(g) * b_[j];
    return v - s_ * p_.l1[j] * (b_[j] > 0.0 ? 1.0 : (b_[j] < 0.0 ? -1.0 : 0.0));
  }

  // step_ ~ H^{-1} rest_ by conjugate gradients, and moved_ = G step_ over all coordinates.
  void direction() {
    const std::size_t a = support_.size();
    step_.assign(a, 0.0);
    std::fill(moved_.begin(), moved_.end(), 0.0);
    solved_ = rest_;
    factor_.solve(solved_.data());
    line_ = solved_;
    double size = dot(rest_.data(), solved_.data(), a);
    const double enough = accuracy_of_cg * size;
    for (int turn = 0; turn < 40 && size > enough; ++turn) {
      if (turn == patience_of_cg) renew_ = true;
      curve();
      const double along = dot(line_.data(), curved_.data(), a);
      if (!(along > 0.0)) break;
      const double share = size / along;
      axpy(share, line_.data(), step_.data(), a);
      axpy(share, product_.data(), moved_.data(), p_.m);
      axpy(-share, curved_.data(), rest_.data(), a);
      solved_ = rest_;
      factor_.solve(solved_.data());
      const double left = dot(rest_.data(), solved_.data(), a);
      for (std::size_t k = 0; k < a; ++k) line_[k] = solved_[k] + left / size * line_[k];
      size = left;
    }
  }

  // product_ = G line_, curved_ = H line_
  void curve() {
    const std::size_t a = support_.size();
    std::fill(product_.begin(), product_.end(), 0.0);
    combine(p_.gram, static_cast<std::ptrdiff_t>(p_.stride), support_.data(), line_.data(), a,
            product_.data(), p_.m);
    along_.assign(p_.blocks, 0.0);
    for (std::size_t k = 0; k < a; ++k) along_[of_[support_[k]]] += b_[support_[k]] * line_[k];
    curved_.resize(a);
    for (std::size_t k = 0; k < a; ++k) {
      const std::size_t j = support_[k], g = of_[j];
      curved_[k] = product_[j];
      if (p_.rate[g] > 0.0)
        curved_[k] += bend(g) * (line_[k] - b_[j] * along_[g] / (length_[g] * length_[g]));
    }
  }

  // The first of 1, 1/2, 1/4, ... of the step that does not raise the objective; coordinates that
  // would change sign under an l1 term, and blocks that would turn round, stop at 0.
  bool take() {
    before_.assign(b_, b_ + p_.m);
    g_before_ = g_;
    const double value = objective();
    double share = 1.0;
    for (int halving = 0; halving < 20; ++halving, share *= 0.5) {
      if (move(share)) {
        g_ = g_before_;
        axpy(-share, moved_.data(), g_.data(), p_.m);
      } else {
        g_ = g_before_;
        subtract_product(b_, before_.data());
      }
      measure();
      if (objective() <= value + 1e-14 * std::fabs(value)) return true;
    }
    std::copy(before_.begin(), before_.end(), b_);
    g_ = g_before_;
    measure();
    return false;
  }

  // b = before + share step; whether nothing had to stop.
  bool move(double share) {
    bool whole = true;
    along_.assign(p_.blocks, 0.0);
    for (std::size_t k = 0; k < support_.size(); ++k) {
      const std::size_t j = support_[k];
      b_[j] = before_[j] + share * step_[k];
      if (p_.l1[j] > 0.0 && b_[j] * before_[j] <= 0.0) b_[j] = 0.0, whole = false;
      along_[of_[j]] += b_[j] * before_[j];
    }
    for (std::size_t k = 0; k < support_.size(); ++k) {
      const std::size_t j = support_[k];
      if (p_.rate[of_[j]] > 0.0 && !(along_[of_[j]] > 0.0)) b_[j] = 0.0, whole = false;
    }
    return whole;
  }

  // By the dual point (s / needed) (y - Z b).
  double gap() const {
    double needed = s_, penalty = 0.0;
    for (std::size_t g = 0; g < p_.blocks; ++g) {
      const Block block = p_.block(g);
      const double* slopes = g_.data() + p_.start[g];
      if (length_[g] > 0.0) penalty += s_ * block.value(b_ + p_.start[g]);
      if (block.let_through(slopes, s_) > s_ * block.rate)
        needed = std::max(needed, block.dual_norm(slopes));
    }
    const double along = dot(g_.data(), b_, p_.m);  // <y - Z b, Z b>
    const double rest = p_.square - dot(p_.q, b_, p_.m) - along;
    const double lost = 1.0 - s_ / needed;
    return 0.5 * lost * lost * rest + penalty - (1.0 - lost) * along;
  }

  double objective() const {
    double value = 0.0;
    for (std::size_t g = 0; g < p_.blocks; ++g) {
      value += s_ * p_.rate[g] * length_[g];
      if (length_[g] == 0.0) continue;
      for (std::size_t j = p_.start[g]; j < p_.start[g + 1]; ++j)
        value += s_ * p_.l1[j] * std::fabs(b_[j]) - 0.5 * (p_.q[j] + g_[j]) * b_[j];
    }
    return value;
  }

  GroupQuadratic p_;
  double* b_ = nullptr;
  double s_ = 0.0, tol_ = 0.0;
  bool renew_ = false;
  std::vector<double> g_, known_, before_, g_before_;   // g = q - G b, and the b it belongs to
  std::vector<double> length_, bounds_, kept_, along_;  // by block
  std::vector<double> kept_u_, moved_, product_;        // by coordinate
  std::vector<double> rest_, step_, solved_, line_, curved_;  // by member of the support
  std::vector<double> old_, fit_, part_, rows_;
  std::vector<std::size_t> of_, where_, support_, which_;
  Factor factor_;
  std::vector<Tridiagonal> forms_;  // of blocks that were minimised alone
  BlockSolver blocks_;
};

}  // namespace priorfit
