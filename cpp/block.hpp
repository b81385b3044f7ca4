// One block of columns with all others held: min_b b'Hb/2 - u'b + s (sum_j l1_j |b_j| + rate |b|_2).
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <vector>

#include "group_penalty.hpp"
#include "simd.hpp"

namespace priorfit {

// H = P'TP, T tridiagonal, by Householder reflections (Golub & Van Loan, Matrix Computations, section
// 8.3.1); nothing where that is not worth its cost.
struct Tridiagonal {
  static constexpr std::size_t most = 64;  // columns
  std::vector<double> basis, diagonal, beside;  // P row by row; T; the entries beside its diagonal

  // Of H, d x d, symmetric, column j at h + j * stride.
  void make(const double* h, std::size_t stride, std::size_t d) {
    if (d > most) return;
    std::vector<double> a(d * d), v(d), w(d);
    for (std::size_t j = 0; j < d; ++j) std::copy_n(h + j * stride, d, a.data() + j * d);
    basis.assign(d * d, 0.0), diagonal.resize(d), beside.assign(d, 0.0);
    for (std::size_t j = 0; j < d; ++j) basis[j * d + j] = 1.0;
    for (std::size_t k = 0; k + 1 < d; ++k) {
      const std::size_t rest = d - k - 1;
      const double *column = a.data() + k * d + k + 1, size = std::sqrt(dot(column, column, rest));
      beside[k] = column[0] > 0.0 ? -size : size;
      std::copy_n(column, rest, v.data());
      v[0] -= beside[k];
      const double square = dot(v.data(), v.data(), rest);
      if (!(square > 0.0)) continue;
      for (std::size_t i = 0; i < rest; ++i) v[i] *= std::sqrt(2.0 / square);
      for (std::size_t i = 0; i < rest; ++i)
        w[i] = dot(a.data() + (k + 1 + i) * d + k + 1, v.data(), rest);
      axpy(-0.5 * dot(v.data(), w.data(), rest), v.data(), w.data(), rest);
      for (std::size_t i = 0; i < rest; ++i) {
        axpy(-v[i], w.data(), a.data() + (k + 1 + i) * d + k + 1, rest);
        axpy(-w[i], v.data(), a.data() + (k + 1 + i) * d + k + 1, rest);
      }
      w.assign(d, 0.0);
      for (std::size_t i = 0; i < rest; ++i) axpy(v[i], basis.data() + (k + 1 + i) * d, w.data(), d);
      for (std::size_t i = 0; i < rest; ++i) axpy(-v[i], w.data(), basis.data() + (k + 1 + i) * d, d);
    }
    for (std::size_t j = 0; j < d; ++j) diagonal[j] = a[j * d + j];
  }
};

class BlockSolver {
 public:
  // H is d x d, symmetric, column j at h + j * stride, and its largest eigenvalue at most `most`;
  // `form` is made of it, or empty. `b` holds a start and receives the minimum; where it is not known
  // in closed form its slopes are good to `tol`.
  void solve(const double* h, std::size_t stride, double most, const Tridiagonal& form,
             const double* u, const Block& block, double s, double tol, double* b) {
    if (block.is_plain() && !form.basis.empty()) return by_length(most, form, u, block, s, b);
    by_gradient(h, stride, most, u, block, s, tol, b);
  }

 private:
  // b = r (r H + edge)^{-1} u for the r that is its length: |(r H + edge)^{-1} u| = 1. The inverse
  // of that length is concave in r, so that Newton steps for it rise to the root from below.
  void by_length(double most, const Tridiagonal& form, const double* u, const Block& block, double s,
                 double* b) {
    const std::size_t d = block.size;
    const double edge = s * block.rate, size = Block::length(u, d);
    double r = Block::length(b, d);
    if (!(r > 0.0)) r = (size - edge) / most;
    std::fill_n(b, d, 0.0);
    if (size <= edge || !(r > 0.0)) return;
    y_.resize(d);
    for (std::size_t i = 0; i < d; ++i) y_[i] = dot(form.basis.data() + i * d, u, d);
    for (int turn = 0; turn < 50; ++turn) {
      factor(form, r, edge);
      x_ = y_;
      forward();
      backward();
      const double square = dot(x_.data(), x_.data(), d), miss = std::sqrt(square) - 1.0;
      next_ = x_;
      if (std::fabs(miss) <= 1e-12) break;
      forward();
      double along = 0.0;
      for (std::size_t i = 0; i < d; ++i) along += x_[i] * x_[i] / pivot_[i];
      const double slope = square - edge * along;
      if (!(slope > 0.0)) break;
      r = std::max(r + r * miss * square / slope, 0.1 * r);
    }
    for (std::size_t i = 0; i < d; ++i) axpy(r * next_[i], form.basis.data() + i * d, b, d);
  }

  // r T + edge = L D L', L with a unit diagonal.
  void factor(const Tridiagonal& form, double r, double edge) {
    const std::size_t d = form.diagonal.size();
    pivot_.resize(d), below_.resize(d);
    for (std::size_t i = 0; i < d; ++i) {
      pivot_[i] = r * form.diagonal[i] + edge;
      if (i > 0) pivot_[i] -= below_[i - 1] * r * form.beside[i - 1];
      below_[i] = r * form.beside[i] / pivot_[i];
    }
  }

  // x <- L^{-1} x
  void forward() {
    for (std::size_t i = 1; i < x_.size(); ++i) x_[i] -= below_[i - 1] * x_[i - 1];
  }

  // x <- L'^{-1} D^{-1} x
  void backward() {
    const std::size_t d = x_.size();
    for (std::size_t i = 0; i < d; ++i) x_[i] /= pivot_[i];
    for (std::size_t i = d - 1; i-- > 0;) x_[i] -= below_[i] * x_[i + 1];
  }

  // Accelerated proximal gradient.
  void by_gradient(const double* h, std::size_t stride, double most, const double* u,
                   const Block& block, double s, double tol, double* b) {
    if (!(most > 0.0)) return;
    const std::size_t d = block.size;
    const double step = 1.0 / most;
    x_.assign(b, b + d), y_ = x_;
    double momentum = 1.0;
    for (int turn = 0; turn < 50; ++turn) {
      next_ = y_;
      for (std::size_t i = 0; i < d; ++i) next_[i] += step * (u[i] - dot(h + i * stride, y_.data(), d));
      block.prox(next_.data(), step * s);
      double change = 0.0, against = 0.0;
      for (std::size_t i = 0; i < d; ++i) {
        change = std::max(change, std::fabs(next_[i] - x_[i]));
        against += (y_[i] - next_[i]) * (next_[i] - x_[i]);
      }
      const double grown = against > 0.0 ? 1.0 : 0.5 + std::sqrt(0.25 + momentum * momentum);
      const double push = against > 0.0 ? 0.0 : (momentum - 1.0) / grown;
      for (std::size_t i = 0; i < d; ++i) y_[i] = next_[i] + push * (next_[i] - x_[i]);
      x_ = next_;
      momentum = grown;
      if (change * most <= tol) break;
    }
    std::copy_n(x_.data(), d, b);
  }

  std::vector<double> x_, y_, next_, pivot_, below_;
};

// At least the largest eigenvalue of H: the largest row sum.
inline double largest_row_sum(const double* h, std::size_t stride, std::size_t d) {
  double most = 0.0;
  for (std::size_t j = 0; j < d; ++j) {
    double sum = 0.0;
    for (std::size_t i = 0; i < d; ++i) sum += std::fabs(h[j * stride + i]);
    most = std::max(most, sum);
  }
  return most;
}

}  // namespace priorfit
