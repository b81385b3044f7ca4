// A path of sorted weights over the columns of one Gram matrix. At every strength the columns whose
// sorted correlations outgrow the rates are solved for, all are checked, and more are added.
//
// Source: Larsson, Bogdan & Wallin, The strong screening rule for SLOPE (2020), algorithms 1 and 2.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "cross.hpp"
#include "sorted_quadratic.hpp"

namespace priorfit {

struct SortedModel {
  const double* gram;  // m x m, symmetric, column j at gram + j * stride
  std::size_t stride, m;
  const double* q;
  const std::uint8_t* ranked;  // of m; the others pay nothing
  const double* rates;         // as many as are ranked, or more
  double size;                 // the square of what the columns explain
};

class SortedPath {
 public:
  explicit SortedPath(const SortedModel& model) : p_(model), v_(model.m), inside_(model.m) {
    for (std::size_t j = 0; j < p_.m; ++j)
      if (p_.ranked[j]) pulls_.push_back(j);
  }

  // `x` holds the warm start and receives the minimum at `s`, to a gap of `room`.
  template <class Stop>
  int solve(double* x, double s, double before, double room, int max_rounds, Stop&& stop) {
    x_ = x;
    refresh();
    int total = 0;
    double aim = room;
    std::fill(inside_.begin(), inside_.end(), 0);
    screen(s, std::max(before - s, 0.0));
    for (int k = 0; k < most_checks && total < max_rounds && !stop(); ++k) {
      int rounds = 0;
      const bool reached = solve_working(s, aim, max_rounds, rounds, stop);
      total += rounds;
      refresh();
      if (gap(s) <= room) break;
      if (screen(s, 0.0)) continue;
      if (!reached) break;
      aim *= 0.1;
    }
    return total;
  }

 private:
  static constexpr int most_checks = 60;

  void refresh() {
    used_.clear(), part_.clear();
    for (std::size_t j = 0; j < p_.m; ++j)
      if (x_[j] != 0.0) used_.push_back(j), part_.push_back(-x_[j]);
    std::copy(p_.q, p_.q + p_.m, v_.begin());
    combine(p_.gram, static_cast<std::ptrdiff_t>(p_.stride), used_.data(), part_.data(),
            used_.size(), v_.data(), p_.m);
    by_falling_size(pulls_, v_.data());
  }

  double gap(double s) const {
    const double norm = sorted_dual_norm(pulls_, v_.data(), p_.rates) / s;
    std::vector<double> sizes;
    for (std::size_t j = 0; j < p_.m; ++j)
      if (p_.ranked[j] && x_[j] != 0.0) sizes.push_back(std::fabs(x_[j]));
    std::sort(sizes.rbegin(), sizes.rend());
    const double penalty = s * dot(sizes.data(), p_.rates, sizes.size());
    return model_gap(dot(p_.q, x_, p_.m), dot(v_.data(), x_, p_.m), penalty, p_.size,
                     norm > 1.0 ? 1.0 / norm : 1.0);
  }

  // Columns that may move join the working ones: those that have, and zeros whose sorted pulls,
  // raised by `rise` times their rates, outgrow the rates left. Whether any are new.
  bool screen(double s, double rise) {
    bool fresh = false;
    const auto join = [&](std::size_t j) {
      fresh = fresh || !inside_[j];
      inside_[j] = 1;
    };
    std::size_t rank = 0;
    for (std::size_t j = 0; j < p_.m; ++j)
      if (!p_.ranked[j] || x_[j] != 0.0) join(j), rank += p_.ranked[j];
    zeros_.clear();
    for (std::size_t j : pulls_)
      if (x_[j] == 0.0) zeros_.push_back(j);
    double excess = 0.0, most = 0.0;
    std::size_t last = 0;
    for (std::size_t i = 0; i < zeros_.size(); ++i, ++rank) {
      excess += std::fabs(v_[zeros_[i]]) - (s - rise) * p_.rates[rank];
      if (excess > most) most = excess, last = i + 1;
    }
    for (std::size_t i = 0; i < last; ++i) join(zeros_[i]);
    return fresh;
  }

  template <class Stop>
  bool solve_working(double s, double room, int max_rounds, int& rounds, Stop&& stop) {
    cols_.clear();
    for (std::size_t j = 0; j < p_.m; ++j)
      if (inside_[j]) cols_.push_back(j);
    if (cols_.empty()) return true;
    if (4 * cols_.size() >= 3 * p_.m) {  // a copy would hardly be smaller
      inner_.load(p_.gram, p_.stride, p_.m, p_.q, p_.ranked, p_.rates);
      const bool reached = inner_.solve(x_, s, p_.size, room, max_rounds, rounds, stop);
      std::copy(inner_.x().begin(), inner_.x().end(), x_);
      return reached;
    }
    gather();
    const std::size_t w = cols_.size();
    inner_.load(gram_.data(), w, w, q_.data(), ranked_.data(), p_.rates);
    const bool reached = inner_.solve(start_.data(), s, p_.size, room, max_rounds, rounds, stop);
    for (std::size_t a = 0; a < w; ++a) x_[cols_[a]] = inner_.x()[a];
    return reached;
  }

  void gather() {
    const std::size_t w = cols_.size();
    gram_.resize(w * w), q_.resize(w), start_.resize(w), ranked_.resize(w);
    for (std::size_t a = 0; a < w; ++a) {
      const double* column = p_.gram + cols_[a] * p_.stride;
      for (std::size_t b = 0; b < w; ++b) gram_[a * w + b] = column[cols_[b]];
      q_[a] = p_.q[cols_[a]], start_[a] = x_[cols_[a]], ranked_[a] = p_.ranked[cols_[a]];
    }
  }

  SortedModel p_;
  double* x_ = nullptr;
  std::vector<double> v_, part_, gram_, q_, start_;  // v = q - G x
  std::vector<std::uint8_t> inside_, ranked_;
  std::vector<std::size_t> pulls_, zeros_, used_, cols_;
  SortedQuadratic inner_;
};

}  // namespace priorfit
