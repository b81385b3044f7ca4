// The rows of a likelihood that is not quadratic: its loss, its derivatives, its dual, and the
// search along a step; whatever its columns are.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <vector>

namespace priorfit {

template <class Loss>
struct GlmRows {
  std::size_t n;
  const double *y, *w, *offset;
  bool intercept;

  double loss(const double* eta) const {
    double sum = 0.0;
    for (std::size_t i = 0; i < n; ++i) sum += w[i] * Loss::loss(y[i], eta[i]);
    return sum;
  }

  // theta = -w loss' and h = w loss''; curvatures lost in rounding get a floor.
  void derivatives(const double* eta, double* theta, double* h) const {
    double largest = 0.0;
    for (std::size_t i = 0; i < n; ++i) {
      double slope, curvature;
      Loss::derivatives(y[i], eta[i], slope, curvature);
      theta[i] = -w[i] * slope;
      h[i] = w[i] * curvature;
      largest = std::max(largest, h[i]);
    }
    const double floor = 1e-12 * std::max(largest, 1e-300);
    for (std::size_t i = 0; i < n; ++i) h[i] = std::max(h[i], floor);
  }

  // theta moved to sum 0 where there is an intercept, each row as far as it has room, into `out`.
  void dual_point(const double* theta, const double* h, double* out) const {
    double sum = 0.0, weight = 0.0;
    for (std::size_t i = 0; i < n; ++i) sum += theta[i], weight += Loss::room(w[i], theta[i], h[i]);
    const double shift = intercept && weight > 0.0 ? sum / weight : 0.0;
    for (std::size_t i = 0; i < n; ++i)
      out[i] = theta[i] - shift * Loss::room(w[i], theta[i], h[i]);
  }

  // The dual of the loss at share * theta: -offset't - sum_i w_i loss*(y_i, -t_i / w_i).
  double dual(const double* theta, double share) const {
    double sum = 0.0;
    for (std::size_t i = 0; i < n; ++i) {
      const double t = share * theta[i];
      sum -= offset[i] * t + w[i] * Loss::conjugate(y[i], -t / w[i]);
    }
    return sum;
  }

  // From (`from`, eta) to (`to`, eta + change), or the first of 1/2, 1/4, ... of the way that does
  // not raise loss + penalty(to). `eta` and `value` become those of the place; false at none.
  template <class Penalty>
  bool search(const std::vector<double>& from, const std::vector<double>& change,
              std::vector<double>& to, std::vector<double>& eta, std::vector<double>& moved,
              double& value, Penalty&& penalty) const {
    const double slack = 1e-13 * std::fabs(value);  // what sums over the rows lose to rounding
    double share = 1.0;
    for (int halving = 0; halving < 30; ++halving, share *= 0.5) {
      for (std::size_t i = 0; i < n; ++i) moved[i] = eta[i] + share * change[i];
      const double there = loss(moved.data()) + penalty(to);
      if (there <= value + slack) {
        eta.swap(moved);
        value = std::min(value, there);
        return true;
      }
      for (std::size_t j = 0; j < to.size(); ++j) to[j] = 0.5 * (to[j] + from[j]);
    }
    return false;
  }
};

}  // namespace priorfit
