// Weights that form a chain: total variation in one pass, and the diagonal of a banded inverse.
#pragma once

#include <algorithm>
#include <cstddef>
#include <vector>

namespace priorfit {

// min_b  sum_i h_i b_i^2 / 2 - q_i b_i + sum_i r_i |b_{i+1} - b_i|,  h > 0, exactly, in O(n).
//
// The least cost of the first weights, given that b_i is the last, is convex; its derivative is
// linear between knots. The next difference costs at most r_i: the derivative is cut off at -r_i
// and r_i, where the best b_i stays behind. Source: Johnson, A dynamic programming algorithm for the
// fused lasso and L0-segmentation (2013), section 3.
class TotalVariation {
 public:
  void solve(const double* h, const double* q, const double* r, std::size_t n, double* b) {
    low_.resize(n), high_.resize(n), knots_.resize(2 * n + 2);
    first_ = n, last_ = n;  // knots [first_, last_)
    Line left{h[0], -q[0]}, right = left;
    for (std::size_t i = 0; i + 1 < n; ++i) {
      low_[i] = cut_left(left, -r[i]);
      high_[i] = cut_right(right, r[i]);
      // beyond the cuts the derivative is level: what the next weight adds is all there is
      left = {h[i + 1], -q[i + 1] - r[i]};
      right = {h[i + 1], -q[i + 1] + r[i]};
    }
    b[n - 1] = cut_left(left, 0.0);
    for (std::size_t i = n - 1; i-- > 0;) b[i] = std::clamp(b[i + 1], low_[i], high_[i]);
  }

 private:
  struct Line {
    double slope, level;
    double at(double x) const { return slope * x + level; }
    double where(double value) const { return (value - level) / slope; }
  };
  struct Knot {
    double x;
    Line change;  // what the derivative gains from left to right
  };

  // Where the derivative, `line` at the far left, is `value`; it is level to the left of that.
  double cut_left(Line line, double value) {
    while (first_ < last_ && line.at(knots_[first_].x) <= value) {
      line.slope += knots_[first_].change.slope, line.level += knots_[first_].change.level;
      ++first_;
    }
    const double x = line.where(value);
    knots_[--first_] = {x, {line.slope, line.level - value}};
    return x;
  }

  // The same from the far right.
  double cut_right(Line line, double value) {
    while (last_ > first_ && line.at(knots_[last_ - 1].x) >= value) {
      line.slope -= knots_[last_ - 1].change.slope, line.level -= knots_[last_ - 1].change.level;
      --last_;
    }
    const double x = line.where(value);
    knots_[last_++] = {x, {-line.slope, value - line.level}};
    return x;
  }

  std::vector<double> low_, high_;
  std::vector<Knot> knots_;
  std::size_t first_ = 0, last_ = 0;
};

// The diagonal of (LL')^-1 for L of bandwidth k, its column j at factor + j * (k + 1), diagonal
// first. Only entries within the band are made, from the last column to the first (Takahashi,
// Fagan & Chen 1973).
inline void inverse_diagonal(const double* factor, std::size_t n, std::size_t k, double* out) {
  std::vector<double> window((k + 1) * (k + 1), 0.0), next(window);  // of rows and columns j .. j + k
  for (std::size_t j = n; j-- > 0;) {
    const double* column = factor + j * (k + 1);
    const std::size_t most = std::min(k, n - 1 - j), width = k + 1;
    // window [a, b] is the inverse at (j + 1 + a, j + 1 + b)
    for (std::size_t a = 0; a < most; ++a)
      for (std::size_t b = 0; b < most; ++b) next[(a + 1) * width + b + 1] = window[a * width + b];
    for (std::size_t a = most; a > 0; --a) {
      double sum = 0.0;
      for (std::size_t b = 1; b <= most; ++b) sum += column[b] * next[b * width + a];
      next[a] = next[a * width] = -sum / column[0];
    }
    double sum = 1.0 / column[0];
    for (std::size_t b = 1; b <= most; ++b) sum -= column[b] * next[b * width];
    out[j] = next[0] = sum / column[0];
    window.swap(next);
  }
}

}  // namespace priorfit
