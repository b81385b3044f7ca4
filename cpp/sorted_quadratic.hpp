// min_x  1/2 x'Gx - q'x + s sum_i rates_i |x|_(i): proximal steps find which sizes are equal and how
// they are ordered, Newton steps move one size for each of these clusters.
//
// Source: Larsson, Klopfenstein, Massias & Wallin, Coordinate descent for SLOPE (2023), with Newton
// steps in place of their sweeps; Bogdan et al., SLOPE (2015), algorithms 3 and 4, for the prox.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "cross.hpp"
#include "ordered_quadratic.hpp"
#include "simd.hpp"

namespace priorfit {

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
  // G (m x m, symmetric, column j at gram + j * stride) and q; which coordinates are ranked, the
  // others pay nothing; the first rates of the whole problem. All must outlive the solution.
  void load(const double* gram, std::size_t stride, std::size_t m, const double* q,
            const std::uint8_t* ranked, const double* rates) {
    gram_ = gram, stride_ = stride, m_ = m, q_ = q, rates_ = rates;
    order_.clear(), free_.clear();
    for (std::size_t j = 0; j < m_; ++j) (ranked[j] ? order_ : free_).push_back(j);
    for (std::vector<double>* v : {&x_, &v_, &there_, &step_, &image_}) v->assign(m_, 0.0);
    pulls_ = order_;
  }

  const std::vector<double>& x() const { return x_; }

  // From x until the gap of these coordinates is at most `room`; false where rounding or the number
  // of rounds ended it before.
  template <class Stop>
  bool solve(const double* start, double s, double size, double room, int max_rounds,
             int& rounds, Stop&& stop) {
    x_.assign(start, start + m_), s_ = s;
    v_.assign(q_, q_ + m_);
    subtract(x_, v_);
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
  static constexpr int most_steps = 20;

  const double* column(std::size_t j) const { return gram_ + j * stride_; }

  // y -= G x
  void subtract(const std::vector<double>& x, std::vector<double>& y) {
    used_.clear(), part_.clear();
    for (std::size_t j = 0; j < m_; ++j)
      if (x[j] != 0.0) used_.push_back(j), part_.push_back(-x[j]);
    combine(gram_, static_cast<std::ptrdiff_t>(stride_), used_.data(), part_.data(), used_.size(),
            y.data(), m_);
  }

  double penalty() {
    by_falling_size(order_, x_.data());
    double sum = 0.0;
    for (std::size_t i = 0; i < order_.size(); ++i) sum += rates_[i] * std::fabs(x_[order_[i]]);
    return s_ * sum;
  }

  double value() {
    return penalty() - 0.5 * (dot(q_, x_.data(), m_) + dot(v_.data(), x_.data(), m_));
  }

  double gap(double size) {
    by_falling_size(pulls_, v_.data());
    const double norm = sorted_dual_norm(pulls_, v_.data(), rates_) / s_;
    return model_gap(dot(q_, x_.data(), m_), dot(v_.data(), x_.data(), m_), penalty(), size,
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

  // The minimum over one size for each cluster and the free coordinates, signs and order as they
  // are.
  void newton() {
    find_clusters();
    if (ends_.empty() && free_.empty()) return;
    load_clusters();
    sizes_.resize(ends_.size() + free_.size(), 0.0);
    part_ = sizes_;
    clusters_.solve(sizes_, rest_);
    for (std::size_t a = 0; a < member_.size(); ++a) {
      const double to = sizes_[owner_[a]];
      if (owner_[a] < ends_.size()) x_[member_[a]] = to == 0.0 ? 0.0 : side_[a] * to;
      else x_[member_[a]] += to;
    }
    for (std::size_t k = 0; k < sizes_.size(); ++k)
      if (sizes_[k] != part_[k]) axpy(part_[k] - sizes_[k], images_.data() + k * m_, v_.data(), m_);
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

  void load_clusters() {
    const std::size_t c = ends_.size(), all = c + free_.size();
    owner_.clear(), side_.clear(), member_.clear();
    for (std::size_t k = 0; k < c; ++k)
      for (std::size_t i = begin_of(k); i < ends_[k]; ++i)
        member_.push_back(order_[i]), owner_.push_back(k), side_.push_back(sign(order_[i]));
    for (std::size_t f = 0; f < free_.size(); ++f)
      member_.push_back(free_[f]), owner_.push_back(c + f), side_.push_back(1.0);
    rest_.assign(all, 0.0), counts_.assign(all, 0.0);
    for (std::size_t k = 0; k < c; ++k) rest_[k] = -sums_[k];
    for (std::size_t a = 0; a < member_.size(); ++a)
      rest_[owner_[a]] += side_[a] * v_[member_[a]], counts_[owner_[a]] += 1.0;
    make_images(all);
    system_.assign(all * all, 0.0);
    for (std::size_t k = 0; k < all; ++k) {
      const double* image = images_.data() + k * m_;
      for (std::size_t b = 0; b < member_.size() && owner_[b] <= k; ++b)
        system_[k * all + owner_[b]] += side_[b] * image[member_[b]];
    }
    clusters_.load(system_, all, c, counts_.data());
  }

  // images_: G times the signs of each cluster.
  void make_images(std::size_t all) {
    images_.assign(all * m_, 0.0);
    for (std::size_t a = 0; a < member_.size();) {
      const std::size_t k = owner_[a], first = a;
      while (a < member_.size() && owner_[a] == k) ++a;
      combine(gram_, static_cast<std::ptrdiff_t>(stride_), member_.data() + first,
              side_.data() + first, a - first, images_.data() + k * m_, m_);
    }
  }

  std::size_t m_ = 0, stride_ = 0;
  double s_ = 1.0, curvature_ = 0.0;
  const double *gram_ = nullptr, *q_ = nullptr, *rates_ = nullptr;
  std::vector<double> x_, v_, there_, step_, image_;      // v = q - G x
  std::vector<double> part_, side_, system_, images_, rest_, counts_, sums_, sizes_;
  std::vector<std::size_t> order_, pulls_, free_, used_, owner_, member_, ends_;
  FallingBlocks blocks_;
  OrderedQuadratic clusters_;
};

}  // namespace priorfit
