// min_x  1/2 x'Gx - q'x + s sum_i rates_i |x|_(i): proximal steps find which sizes are equal and how
// they are ordered, Newton steps move one size for each of these clusters.
//
// Source: Larsson, Klopfenstein, Massias & Wallin, Coordinate descent for SLOPE (2023), with Newton
// steps in place of their sweeps; Bogdan et al., SLOPE (2015), algorithms 3 and 4, for the prox.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <vector>

#include "cross.hpp"
#include "factor.hpp"
#include "simd.hpp"

namespace priorfit {

// Neighbours of a sequence are pooled until the means of the blocks fall.
class FallingBlocks {
 public:
  struct Block {
    double sum, weight;
    std::size_t end;
    double mean() const { return sum / weight; }
  };

  void clear() { blocks_.clear(); }

  void push(double sum, double weight, std::size_t end) {
    Block fresh{sum, weight, end};
    while (!blocks_.empty() && blocks_.back().mean() <= fresh.mean()) {
      fresh.sum += blocks_.back().sum;
      fresh.weight += blocks_.back().weight;
      blocks_.pop_back();
    }
    blocks_.push_back(fresh);
  }

  const std::vector<Block>& get() const { return blocks_; }

 private:
  std::vector<Block> blocks_;
};

// Sorts `which` by falling |value|.
inline void by_falling_size(std::vector<std::size_t>& which, const double* value) {
  std::sort(which.begin(), which.end(), [value](std::size_t a, std::size_t b) {
    const double x = std::fabs(value[a]), y = std::fabs(value[b]);
    return x > y || (x == y && a < b);
  });
}

// The least t >= 0 at which t rates dominates `which`, sorted: max_i sum_i |v|_(i) / sum_i rates_i.
inline double sorted_dual_norm(const std::vector<std::size_t>& which, const double* v,
                               const double* rates) {
  double pulls = 0.0, sum = 0.0, most = 0.0;
  for (std::size_t i = 0; i < which.size(); ++i) {
    pulls += std::fabs(v[which[i]]);
    sum += rates[i];
    if (pulls > most * sum) most = sum > 0.0 ? pulls / sum : INFINITY;
  }
  return most;
}

// The duality gap where `share` of the residuals is the dual point: `fit` is q'x, `left` x'v for
// v = q - Gx, `size` the square of what the columns explain (of the targets).
inline double model_gap(double fit, double left, double penalty, double size, double share) {
  const double square = std::max(size - fit - left, 0.0);  // of the residuals
  return 0.5 * square + penalty - share * (size - fit) + 0.5 * share * share * square;
}

class SortedQuadratic {
 public:
  // G (m x m, columns next to each other) and q; which coordinates are ranked, the others pay
  // nothing; the first rates of the whole problem.
  void load(std::vector<double>&& gram, std::vector<double>&& q, const std::vector<char>& ranked,
            const double* rates) {
    gram_ = std::move(gram), q_ = std::move(q), rates_ = rates;
    m_ = q_.size();
    order_.clear(), free_.clear();
    for (std::size_t j = 0; j < m_; ++j) (ranked[j] ? order_ : free_).push_back(j);
    for (std::vector<double>* v : {&x_, &v_, &there_, &step_, &image_}) v->assign(m_, 0.0);
    every_.resize(m_);
    for (std::size_t j = 0; j < m_; ++j) every_[j] = j;
    pulls_ = order_;
  }

  std::vector<double>&& release_gram() { return std::move(gram_); }
  std::vector<double>&& release_q() { return std::move(q_); }
  const std::vector<double>& x() const { return x_; }

  // From x until the gap of these coordinates is at most `room`; false where rounding or the number
  // of rounds ended it before.
  template <class Stop>
  bool solve(const std::vector<double>& start, double s, double size, double room, int max_rounds,
             int& rounds, Stop&& stop) {
    x_ = start, s_ = s;
    refresh();
    double before = INFINITY;
    int stale = 0;
    for (rounds = 1; rounds <= max_rounds && !stop(); ++rounds) {
      newton();
      if (gap(size) <= room) return true;
      const double now = value();
      stale = now < before - 1e-15 * std::fabs(now) ? 0 : stale + 1;
      if (stale > 5) return false;
      before = now;
      for (int k = 0; k < std::min(rounds, most_steps); ++k)
        if (!proximal()) break;
    }
    return false;
  }

 private:
  static constexpr int most_steps = 20, most_merges = 4;

  const double* column(std::size_t j) const { return gram_.data() + j * m_; }

  // v = q - G x
  void refresh() {
    v_ = q_;
    subtract(x_, v_);
  }

  // y -= G x
  void subtract(const std::vector<double>& x, std::vector<double>& y) {
    used_.clear(), part_.clear();
    for (std::size_t j = 0; j < m_; ++j)
      if (x[j] != 0.0) used_.push_back(j), part_.push_back(-x[j]);
    combine(gram_.data(), static_cast<std::ptrdiff_t>(m_), used_.data(), part_.data(), used_.size(),
            y.data(), m_);
  }

  double penalty() {
    by_falling_size(order_, x_.data());
    double sum = 0.0;
    for (std::size_t i = 0; i < order_.size(); ++i) sum += rates_[i] * std::fabs(x_[order_[i]]);
    return s_ * sum;
  }

  double value() {
    return penalty() - 0.5 * (dot(q_.data(), x_.data(), m_) + dot(v_.data(), x_.data(), m_));
  }

  double gap(double size) {
    by_falling_size(pulls_, v_.data());
    const double norm = sorted_dual_norm(pulls_, v_.data(), rates_) / s_;
    return model_gap(dot(q_.data(), x_.data(), m_), dot(v_.data(), x_.data(), m_), penalty(), size,
                     norm > 1.0 ? 1.0 / norm : 1.0);
  }

  // One proximal step at the smallest curvature that its own direction allows; whether it moved.
  bool proximal() {
    if (curvature_ <= 0.0) curvature_ = largest_diagonal();
    for (int k = 0; k < 60; ++k) {
      double length = 0.0;
      prox_into_there();
      for (std::size_t j = 0; j < m_; ++j) step_[j] = there_[j] - x_[j], length += step_[j] * step_[j];
      if (length == 0.0) return false;
      std::fill(image_.begin(), image_.end(), 0.0);
      subtract(step_, image_);
      const double bend = -dot(image_.data(), step_.data(), m_);
      if (bend <= curvature_ * length * (1.0 + 1e-12)) break;
      curvature_ = std::max(1.2 * bend / length, 1.5 * curvature_);
    }
    x_.swap(there_);
    for (std::size_t j = 0; j < m_; ++j) v_[j] += image_[j];
    curvature_ *= 0.8;
    return true;
  }

  double largest_diagonal() const {
    double most = 1e-300;
    for (std::size_t j = 0; j < m_; ++j) most = std::max(most, column(j)[j]);
    return most;
  }

  void prox_into_there() {
    for (std::size_t j = 0; j < m_; ++j) there_[j] = x_[j] + v_[j] / curvature_;
    by_falling_size(order_, there_.data());
    blocks_.clear();
    for (std::size_t i = 0; i < order_.size(); ++i)
      blocks_.push(std::fabs(there_[order_[i]]) - s_ * rates_[i] / curvature_, 1.0, i + 1);
    std::size_t i = 0;
    for (const auto& block : blocks_.get())
      for (const double size = std::max(block.mean(), 0.0); i < block.end; ++i)
        there_[order_[i]] = std::copysign(size, there_[order_[i]]);
    for (std::size_t k : order_) there_[k] += 0.0;  // no -0
  }

  // Steps on the clusters until none of them meet.
  void newton() {
    for (int k = 0; k < most_merges; ++k) {
      find_clusters();
      if (ends_.empty() && free_.empty()) return;
      if (!solve_clusters() || !take_step()) return;
    }
  }

  // Clusters of equal sizes, largest first: members order_[ends_[k - 1] .. ends_[k]).
  void find_clusters() {
    by_falling_size(order_, x_.data());
    ends_.clear(), sums_.clear(), sizes_.clear();
    for (std::size_t i = 0; i < order_.size() && x_[order_[i]] != 0.0;) {
      const double size = std::fabs(x_[order_[i]]);
      double sum = 0.0;
      for (; i < order_.size() && std::fabs(x_[order_[i]]) == size; ++i) sum += s_ * rates_[i];
      ends_.push_back(i), sums_.push_back(sum), sizes_.push_back(size);
    }
  }

  std::size_t begin_of(std::size_t k) const { return k ? ends_[k - 1] : 0; }
  double sign(std::size_t j) const { return x_[j] < 0.0 ? -1.0 : 1.0; }

  // moves_: the step of each cluster's size and of each free coordinate to the minimum on them.
  bool solve_clusters() {
    const std::size_t c = ends_.size(), all = c + free_.size();
    owner_.clear(), side_.clear(), member_.clear();
    for (std::size_t k = 0; k < c; ++k)
      for (std::size_t i = begin_of(k); i < ends_[k]; ++i)
        member_.push_back(order_[i]), owner_.push_back(k), side_.push_back(sign(order_[i]));
    for (std::size_t f = 0; f < free_.size(); ++f)
      member_.push_back(free_[f]), owner_.push_back(c + f), side_.push_back(1.0);
    moves_.assign(all, 0.0);
    for (std::size_t k = 0; k < c; ++k) moves_[k] = -sums_[k];
    system_.assign(all * all, 0.0);
    for (std::size_t a = 0; a < member_.size(); ++a) {
      moves_[owner_[a]] += side_[a] * v_[member_[a]];
      const double* g = column(member_[a]);
      double* row = system_.data() + owner_[a] * all;
      for (std::size_t b = 0; b < member_.size() && owner_[b] <= owner_[a]; ++b)
        row[owner_[b]] += side_[a] * side_[b] * g[member_[b]];
    }
    for (std::size_t k = 0; k < all; ++k) system_[k * all + k] *= 1.0 + ridge;
    factor_.assign(system_.data(), all, all);
    if (factor_.size() < all) return false;
    factor_.solve(moves_.data());
    return true;
  }

  // The whole step, sizes that would cross pooled, where it brings something; else the step up to
  // where the first sizes meet. Whether some met.
  bool take_step() {
    const double before = value();
    const double first = reach();
    there_ = x_;
    const bool pooled = pool();
    place(1.0);
    refresh();
    if (!pooled && first >= 1.0) {
      if (value() > before) undo();
      return false;
    }
    if (value() < before) return true;
    undo();
    meet(first);
    place(1.0);
    refresh();
    if (value() <= before) return true;
    undo();
    return false;
  }

  void undo() {
    x_ = there_;
    find_clusters();
    refresh();
  }

  // The part of the step after which two sizes, or one and 0, are equal.
  double reach() const {
    double most = 1.0;
    for (std::size_t k = 0; k < ends_.size(); ++k) {
      const bool last = k + 1 == ends_.size();
      const double gap = sizes_[k] - (last ? 0.0 : sizes_[k + 1]);
      const double closing = (last ? 0.0 : moves_[k + 1]) - moves_[k];
      if (closing > 0.0) most = std::min(most, gap / closing);
    }
    return most;
  }

  // target_: sizes after the whole step, made falling; whether some had to be pooled.
  bool pool() {
    blocks_.clear();
    for (std::size_t k = 0; k < ends_.size(); ++k) {
      const double weight = static_cast<double>(ends_[k] - begin_of(k));
      blocks_.push(weight * (sizes_[k] + moves_[k]), weight, k + 1);
    }
    target_.resize(ends_.size());
    std::size_t k = 0;
    bool pooled = blocks_.get().size() < ends_.size();
    for (const auto& block : blocks_.get()) {
      pooled = pooled || block.mean() < 0.0;
      for (const double size = std::max(block.mean(), 0.0); k < block.end; ++k) target_[k] = size;
    }
    return pooled;
  }

  // target_: sizes after a part of the step, those that meet made equal.
  void meet(double part) {
    target_.resize(ends_.size());
    for (std::size_t k = 0; k < ends_.size(); ++k) target_[k] = sizes_[k] + part * moves_[k];
    for (std::size_t f = ends_.size(); f < moves_.size(); ++f) moves_[f] *= part;
    const double near = ends_.empty() ? 0.0 : 1e-12 * target_[0];
    for (std::size_t k = ends_.size(); k-- > 0;) {
      const double next = k + 1 < ends_.size() ? target_[k + 1] : 0.0;
      if (target_[k] - next <= near) target_[k] = next;
    }
  }

  void place(double part) {
    for (std::size_t k = 0; k < ends_.size(); ++k)
      for (std::size_t i = begin_of(k); i < ends_[k]; ++i)
        x_[order_[i]] = target_[k] == 0.0 ? 0.0 : sign(order_[i]) * target_[k];
    for (std::size_t f = 0; f < free_.size(); ++f) x_[free_[f]] += part * moves_[ends_.size() + f];
  }

  static constexpr double ridge = 1e-9;  // of the diagonal: the next step corrects what it moved

  std::size_t m_ = 0;
  double s_ = 1.0, curvature_ = 0.0;
  const double* rates_ = nullptr;
  std::vector<double> gram_, q_, x_, v_, there_, step_, image_;      // v = q - G x
  std::vector<double> part_, side_, system_, moves_, target_, sums_, sizes_;
  std::vector<std::size_t> order_, pulls_, free_, every_, used_, owner_, member_, ends_;
  FallingBlocks blocks_;
  Factor factor_;
};

}  // namespace priorfit
