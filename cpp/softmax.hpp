// The rows of a softmax regression: class l of row i stands at l * rows + i. The same formulas as
// `Multinomial` in Python, to which a law ties them.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <vector>

#include "glm_rows.hpp"
#include "losses.hpp"

namespace priorfit {

struct SoftmaxRows {
  static constexpr bool independent = false;  // classes of a row bend together
  std::size_t n;  // entries: rows times classes
  std::size_t classes;
  const double *y, *w, *offset;  // w by row
  bool intercept;

  std::size_t length() const { return n / classes; }
  std::size_t intercepts() const { return intercept ? classes - 1 : 0; }
  std::size_t curvatures() const { return n; }

  // The linear predictors without columns.
  void start(double* eta) const { std::copy(offset, offset + n, eta); }

  // theta = w (y - mu) and mu; returns the loss. `lanes`: exp and log within two units in the last
  // place.
  template <bool lanes = false>
  double evaluate(const double* eta, double* theta, double* mu) const {
    const std::size_t rows = length();
    std::vector<double> top, total;
    sums<lanes>(eta, top, total, mu);
    std::vector<double> logs = total;
    if constexpr (lanes) take_logarithms(rows, logs.data());
    for (std::size_t i = 0; i < rows; ++i) {
      top[i] += lanes ? logs[i] : std::log(total[i]);
      total[i] = 1.0 / total[i];
    }
    for (std::size_t l = 0; l < classes; ++l)
      for (std::size_t i = 0; i < rows; ++i) {
        const std::size_t e = l * rows + i;
        mu[e] *= total[i];
        theta[e] = w[i] * (y[e] == 1.0 ? others(mu, l, i, total[i]) : y[e] - mu[e]);
        if (y[e] != 0.0) top[i] -= y[e] * eta[e];
      }
    return dot(w, top.data(), rows);
  }

  // `evaluate` where intercepts are at their best, from `levels` (classes) on, which are added to
  // eta; near there the last step of Newton is taken along the tangent.
  double balance(const double* eta, std::vector<double>& levels, double* at, double* theta,
                 double* mu) const {
    const std::size_t rows = length();
    std::vector<double> sums(classes), step(classes, 0.0), moved(n);
    double lost = std::numeric_limits<double>::infinity(), weight = 0.0;
    for (std::size_t i = 0; i < rows; ++i) weight += w[i];
    for (int turn = 0; turn < 30; ++turn) {
      for (std::size_t l = 0; l < classes; ++l)
        for (std::size_t i = 0; i < rows; ++i) at[l * rows + i] = eta[l * rows + i] + levels[l];
      const double now = evaluate<true>(at, theta, mu);
      if (!intercept || !std::isfinite(now)) return now;
      if (now > lost + 1e-13 * std::fabs(lost)) {  // half of the way back
        for (std::size_t l = 0; l < classes; ++l) levels[l] -= step[l] *= 0.5;
        continue;
      }
      lost = now;
      double most = 0.0;
      for (std::size_t l = 0; l < classes; ++l) {
        sums[l] = 0.0;
        for (std::size_t i = 0; i < rows; ++i) sums[l] += theta[l * rows + i];
        most = std::max(most, std::fabs(sums[l]));
      }
      step = sums;
      solve_intercepts(mu, step);
      for (std::size_t l = 0; l < classes; ++l) levels[l] += step[l];
      if (most > 1e-5 * weight) continue;
      for (std::size_t l = 0; l < classes; ++l) {
        std::fill_n(moved.data() + l * rows, rows, step[l]);
        lost -= 0.5 * sums[l] * step[l];
      }
      curve(mu, moved.data());
      for (std::size_t e = 0; e < n; ++e) theta[e] -= moved[e];
      break;
    }
    return lost;
  }

  // v_i <- w_i (diag(mu_i) - mu_i mu_i') v_i
  void curve(const double* mu, double* v) const {
    const std::size_t rows = length();
    std::vector<double> mean(rows, 0.0);
    for (std::size_t l = 0; l < classes; ++l)
      for (std::size_t i = 0; i < rows; ++i) mean[i] += mu[l * rows + i] * v[l * rows + i];
    for (std::size_t l = 0; l < classes; ++l)
      for (std::size_t i = 0; i < rows; ++i) {
        const std::size_t e = l * rows + i;
        v[e] = w[i] * mu[e] * (v[e] - mean[i]);
      }
  }

  template <class Working>
  void gram(const Working& z, std::size_t from, double* out, std::size_t stride, const double* mu,
            bool = false) const {
    z.gram(from, out, stride, mu);
  }

  // theta moved by a step of the intercepts, so that each class has sum 0, into `out`.
  void dual_point(const double* theta, const double* mu, double* out) const {
    std::copy(theta, theta + n, out);
    if (!intercept) return;
    const std::size_t rows = length();
    for (int turn = 0; turn < 2; ++turn) {  // the second takes out the rounding of the first
      std::vector<double> step(classes, 0.0), moved(n);
      for (std::size_t l = 0; l < classes; ++l)
        for (std::size_t i = 0; i < rows; ++i) step[l] += out[l * rows + i];
      solve_intercepts(mu, step);
      for (std::size_t l = 0; l < classes; ++l) std::fill_n(moved.data() + l * rows, rows, step[l]);
      curve(mu, moved.data());
      for (std::size_t e = 0; e < n; ++e) out[e] -= moved[e];
    }
  }

  // The dual of the loss at share * theta; -inf outside the simplex.
  double dual(const double* theta, double share, double = 0.0) const {
    const std::size_t rows = length();
    double sum = 0.0;
    for (std::size_t l = 0; l < classes; ++l)
      for (std::size_t i = 0; i < rows; ++i) {
        const std::size_t e = l * rows + i;
        const double t = share * theta[e], m = y[e] - t / w[i];
        if (m < 0.0) return -std::numeric_limits<double>::infinity();
        sum -= offset[e] * t + w[i] * xlogx(m);
      }
    return sum;
  }

 private:
  // The largest eta of each row, the sum of exp(eta - top), and its terms.
  template <bool lanes>
  void sums(const double* eta, std::vector<double>& top, std::vector<double>& total,
            double* terms) const {
    const std::size_t rows = length();
    top.assign(eta, eta + rows);
    total.assign(rows, 0.0);
    for (std::size_t l = 1; l < classes; ++l)
      for (std::size_t i = 0; i < rows; ++i) top[i] = std::max(top[i], eta[l * rows + i]);
    for (std::size_t l = 0; l < classes; ++l) {
      if constexpr (lanes) {
        add_exponentials(rows, eta + l * rows, top.data(), terms + l * rows, total.data());
        continue;
      }
      for (std::size_t i = 0; i < rows; ++i) {
        const double term = std::exp(eta[l * rows + i] - top[i]);
        total[i] += term;
        terms[l * rows + i] = term;
      }
    }
  }

  // 1 - mu of class l without cancellation; classes from l + 1 on are still to be divided.
  double others(const double* mu, std::size_t l, std::size_t i, double inverse) const {
    const std::size_t rows = length();
    double before = 0.0, after = 0.0;
    for (std::size_t k = 0; k < l; ++k) before += mu[k * rows + i];
    for (std::size_t k = l + 1; k < classes; ++k) after += mu[k * rows + i];
    return before + after * inverse;
  }

  // step <- (sum_i w_i (diag(mu_i) - mu_i mu_i') + 11')^{-1} step: both leave 1 to itself.
  void solve_intercepts(const double* mu, std::vector<double>& step) const {
    const std::size_t rows = length(), k = classes;
    std::vector<double> a(k * k, 1.0);
    for (std::size_t l = 0; l < k; ++l)
      for (std::size_t h = 0; h < k; ++h)
        for (std::size_t i = 0; i < rows; ++i)
          a[l * k + h] += w[i] * mu[l * rows + i] * ((l == h ? 1.0 : 0.0) - mu[h * rows + i]);
    for (std::size_t l = 0; l < k; ++l) {  // elimination: the matrix is positive definite
      if (!(a[l * k + l] > 0.0)) continue;
      for (std::size_t h = l + 1; h < k; ++h) {
        const double share = a[h * k + l] / a[l * k + l];
        for (std::size_t c = l; c < k; ++c) a[h * k + c] -= share * a[l * k + c];
        step[h] -= share * step[l];
      }
    }
    for (std::size_t l = k; l-- > 0;) {
      for (std::size_t c = l + 1; c < k; ++c) step[l] -= a[l * k + c] * step[c];
      step[l] = a[l * k + l] > 0.0 ? step[l] / a[l * k + l] : 0.0;
    }
  }
};

}  // namespace priorfit
