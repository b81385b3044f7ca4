// Leapfrog steps through the posterior of x = (intercept, weights):
//   U(x) = sum_i w_i loss(y_i, eta_i) / phi + sum_j d_j (b_j - loc_j)^2 / 2,  eta = offset + a + X b,
// with momenta v in the coordinates in which the mass L L' is the identity.
#pragma once

#include <cmath>
#include <cstddef>
#include <limits>
#include <vector>

#include "cross.hpp"
#include "losses.hpp"
#include "simd.hpp"

namespace priorfit {

struct Target {
  Target(const double* x_, std::size_t n_, std::size_t p_, const double* y_,
         const double* weights_, const double* offset_, bool intercept_, double phi_,
         const double* precision_, const double* loc_)
      : x(x_), n(n_), p(p_), y(y_), weights(weights_), offset(offset_), intercept(intercept_),
        phi(phi_), precision(precision_), loc(loc_), columns(p), every(p) {
    for (std::size_t j = 0; j < p; ++j) columns[j] = x + j * n, every[j] = j;
  }

  std::size_t size() const { return p + intercept; }

  const double* x;  // column by column
  std::size_t n, p;
  const double *y, *weights, *offset;
  bool intercept;
  double phi;
  const double *precision, *loc;  // of the weights
  std::vector<const double*> columns;
  std::vector<std::size_t> every;
};

template <class Loss>
class Leapfrog {
 public:
  // `root`: L column by column, lower.
  Leapfrog(const Target& target, const double* root)
      : t_(target), root_(root), eta_(t_.n), score_(t_.n), h_(t_.n), work_(t_.size()) {}

  // Moves x and v; `slope` is the gradient of the losses, before and after. Returns the losses at
  // the end, NaN where they cease to be finite.
  double run(double size, int steps, double* x, double* slope, double* v) {
    double lost = 0.0;
    push(0.5 * size, x, slope, v);
    for (int k = 0; k < steps; ++k) {
      back(v);
      axpy(size, work_.data(), x, t_.size());
      lost = losses(x, slope);
      if (!std::isfinite(lost)) return std::numeric_limits<double>::quiet_NaN();
      push(k + 1 < steps ? size : 0.5 * size, x, slope, v);
    }
    return lost;
  }

  // The losses at x, and their gradient.
  double losses(const double* x, double* slope) {
    const std::size_t first = t_.intercept;
    for (std::size_t i = 0; i < t_.n; ++i) eta_[i] = t_.offset[i] + (first ? x[0] : 0.0);
    combine(t_.x, static_cast<std::ptrdiff_t>(t_.n), t_.every.data(), x + first, t_.p, eta_.data(),
            t_.n);
    const double lost = evaluate_rows(Loss{}, t_.n, t_.y, t_.weights, eta_.data(), score_.data(),
                                      h_.data());
    cross(t_.columns.data(), t_.p, score_.data(), t_.n, 1, t_.n, slope + first, 1);
    for (std::size_t j = 0; j < t_.p; ++j) slope[first + j] = -slope[first + j];
    if (first) {
      slope[0] = 0.0;
      for (std::size_t i = 0; i < t_.n; ++i) slope[0] -= score_[i];
    }
    return lost;
  }

 private:
  // v -= size L^{-1} grad U
  void push(double size, const double* x, const double* slope, double* v) {
    const std::size_t m = t_.size(), first = t_.intercept;
    double* u = work_.data();
    for (std::size_t j = 0; j < m; ++j) u[j] = slope[j] / t_.phi;
    for (std::size_t j = first; j < m; ++j)
      u[j] += t_.precision[j - first] * (x[j] - t_.loc[j - first]);
    for (std::size_t j = 0; j < m; ++j) {
      const double* below = root_ + j * m + j;
      u[j] /= below[0];
      axpy(-u[j], below + 1, u + j + 1, m - j - 1);
    }
    axpy(-size, u, v, m);
  }

  // work = L^{-T} v
  void back(const double* v) {
    const std::size_t m = t_.size();
    double* u = work_.data();
    for (std::size_t j = m; j-- > 0;) {
      const double* below = root_ + j * m + j;
      u[j] = (v[j] - dot(below + 1, u + j + 1, m - j - 1)) / below[0];
    }
  }

  const Target& t_;
  const double* root_;
  std::vector<double> eta_, score_, h_, work_;
};

}  // namespace priorfit
