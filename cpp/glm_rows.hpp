// The rows of a likelihood that is not quadratic: its loss, its derivatives, its dual, and the
// search along a step; whatever its columns are.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <vector>

#include "losses.hpp"
#include "model.hpp"
#include "simd.hpp"

namespace priorfit {

// From (`from`, eta) to (`to`, eta + change), or the first of 1/2, 1/4, ... of the way that does
// not raise loss(eta) + penalty(to). `eta` and `value` become those of the place; false at none.
template <class Loss, class Penalty>
bool search_along(Loss&& loss, const std::vector<double>& from, const std::vector<double>& change,
                  std::vector<double>& to, std::vector<double>& eta, std::vector<double>& moved,
                  double& value, Penalty&& penalty) {
  const double slack = 1e-13 * std::fabs(value);  // what sums over the rows lose to rounding
  double share = 1.0;
  for (int halving = 0; halving < 30; ++halving, share *= 0.5) {
    for (std::size_t i = 0; i < eta.size(); ++i) moved[i] = eta[i] + share * change[i];
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

template <class Loss>
struct GlmRows {
  static constexpr bool independent = true;  // a row's curvature is a number of its own
  std::size_t n;
  const double *y, *w, *offset;
  bool intercept;

  std::size_t intercepts() const { return intercept; }
  std::size_t length() const { return n; }  // of a column
  std::size_t curvatures() const { return n; }  // numbers in which `evaluate` gives them

  // theta = -w loss' and h = w loss''; curvatures lost in rounding get a floor. Returns the loss.
  double evaluate(const double* eta, double* theta, double* h) const {
    const double sum = evaluate_rows(Loss{}, n, y, w, eta, theta, h);
    double largest = 0.0;
    for (std::size_t i = 0; i < n; ++i) largest = std::max(largest, h[i]);
    const double floor = 1e-12 * std::max(largest, 1e-300);
    for (std::size_t i = 0; i < n; ++i) h[i] = std::max(h[i], floor);
    return sum;
  }

  // The linear predictor without columns.
  void start(double* eta) const { std::copy(offset, offset + n, eta); }

  // v <- H v
  void curve(const double* h, double* v) const {
    for (std::size_t i = 0; i < n; ++i) v[i] *= h[i];
  }

  // Rows `from`.. of Z'HZ.
  template <class Working>
  void gram(Working& z, std::size_t from, double* out, std::size_t stride, const double* h,
            bool rough = false) const {
    z.gram(from, out, stride, h, rough);
  }

  // theta moved to sum 0 where there is an intercept, each row as far as it has room, into `out`.
  void dual_point(const double* theta, const double* h, double* out) const {
    double sum = 0.0, weight = 0.0;
    for (std::size_t i = 0; i < n; ++i) sum += theta[i], weight += Loss::room(w[i], theta[i], h[i]);
    const double shift = intercept && weight > 0.0 ? sum / weight : 0.0;
    for (std::size_t i = 0; i < n; ++i)
      out[i] = theta[i] - shift * Loss::room(w[i], theta[i], h[i]);
  }

  void dual_point(const double*, const double* theta, const double* h, double* out) const {
    dual_point(theta, h, out);
  }

  // The dual of the loss at share * theta: -offset't - sum_i w_i loss*(y_i, -t_i / w_i).
  double dual(const double* theta, double share, double = 0.0) const {
    return -share * dot(offset, theta, n) - conjugate_rows(Loss{}, n, y, w, theta, share);
  }
};

// The rows of 1/2 |y - root eta|^2, y times the root of the weights.
struct GaussianRows {
  std::size_t n;
  const double *y, *root;

  std::size_t intercepts() const { return 0; }  // centred columns need none

  void start(double* eta) const { std::fill(eta, eta + n, 0.0); }

  double evaluate(const double* eta, double* theta, double* h) const {
    double sum = 0.0;
    for (std::size_t i = 0; i < n; ++i) {
      const double left = y[i] - root[i] * eta[i];
      sum += 0.5 * left * left;
      theta[i] = root[i] * left;
      h[i] = std::max(root[i] * root[i], 1e-300);
    }
    return sum;
  }

  void dual_point(const double* eta, const double*, const double*, double* out) const {
    for (std::size_t i = 0; i < n; ++i) out[i] = y[i] - root[i] * eta[i];
  }

  // Of 1/2 |y - eta|^2 at share * theta: sum_i t_i (y_i - t_i / 2).
  double dual(const double* theta, double share, double = 0.0) const {
    return gaussian_dual(y, theta, share, n);
  }
};

}  // namespace priorfit
