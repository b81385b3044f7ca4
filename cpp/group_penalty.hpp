// The penalty of one block of columns, s (sum_j l1_j |b_j| + rate |b|_2): length of what it lets
// through, prox, violation of stationarity, dual norm. Rate 0 is a plain l1 term. And a quadratic fit
// with such a penalty.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <vector>

#include "simd.hpp"

namespace priorfit {

struct Block {
  const double* l1;
  double rate;
  std::size_t size;

  static double soft(double v, double edge) {
    return v > edge ? v - edge : (v < -edge ? v + edge : 0.0);
  }

  static double length(const double* b, std::size_t n) {
    double sum = 0.0;
    for (std::size_t j = 0; j < n; ++j) sum += b[j] * b[j];
    return std::sqrt(sum);
  }

  double value(const double* b) const {
    double sum = rate * length(b, size);
    for (std::size_t j = 0; j < size; ++j) sum += l1[j] * std::fabs(b[j]);
    return sum;
  }

  // Whether there are no l1 terms.
  bool is_plain() const {
    return rate > 0.0 && std::all_of(l1, l1 + size, [](double v) { return v == 0.0; });
  }

  // |(|v| - s l1)_+|_2: the block stays 0 while this is at most s rate
  double let_through(const double* v, double s) const {
    double sum = 0.0;
    for (std::size_t j = 0; j < size; ++j) {
      const double soft = std::max(std::fabs(v[j]) - s * l1[j], 0.0);
      sum += soft * soft;
    }
    return std::sqrt(sum);
  }

  // x <- argmin |t - x|^2 / 2 + step value(t)
  void prox(double* x, double step) const {
    for (std::size_t j = 0; j < size; ++j) x[j] = soft(x[j], step * l1[j]);
    const double norm = length(x, size);
    const double kept = norm > step * rate ? 1.0 - step * rate / norm : 0.0;
    for (std::size_t j = 0; j < size; ++j) x[j] *= kept;
  }

  // Distance of the slopes v of the fit from those that the penalty can hold at b.
  double violation(const double* b, const double* v, double s) const {
    const double norm = length(b, size);
    if (norm == 0.0) return std::max(let_through(v, s) - s * rate, 0.0);
    double sum = 0.0;
    for (std::size_t j = 0; j < size; ++j) {
      const double pull = v[j] - s * rate * b[j] / norm, edge = s * l1[j];
      const double miss = b[j] != 0.0 ? pull - (b[j] > 0.0 ? edge : -edge) : soft(pull, edge);
      sum += miss * miss;
    }
    return std::sqrt(sum);
  }

  // The smallest s at which the block stays 0 under slopes v: Newton from below on a function that
  // is convex and falls.
  double dual_norm(const double* v) const {
    double s = 0.0;
    for (int step = 0; step < 100; ++step) {
      double sum = 0.0, fall = 0.0;
      for (std::size_t j = 0; j < size; ++j) {
        const double soft = std::max(std::fabs(v[j]) - s * l1[j], 0.0);
        sum += soft * soft, fall += soft * l1[j];
      }
      const double norm = std::sqrt(sum);
      const double slope = rate + (norm > 0.0 ? fall / norm : 0.0);
      const double next = slope > 0.0 ? s + (norm - s * rate) / slope : s;
      if (!(next > s)) break;
      s = next;
    }
    return s;
  }
};

// The working blocks, in the order in which they came.
struct WorkingBlocks {
  std::vector<double> l1, rate;         // l1 by column, rate by block
  std::vector<std::size_t> start = {0};  // block g is start[g] .. start[g + 1]

  std::size_t size() const { return l1.size(); }
  std::size_t count() const { return rate.size(); }
  Block block(std::size_t g) const {
    return {l1.data() + start[g], rate[g], start[g + 1] - start[g]};
  }

  double value(const double* b) const {
    double sum = 0.0;
    for (std::size_t g = 0; g < count(); ++g) sum += block(g).value(b + start[g]);
    return sum;
  }

  // Of b, whose residual is `r` (n), by the dual point `theta` whose slopes are `v`.
  double gap(const double* theta, const double* v, const double* r, const double* b,
             const double* y, std::size_t n, double s) const {
    double needed = s;
    for (std::size_t g = 0; g < count(); ++g)
      if (block(g).let_through(v + start[g], s) > s * rate[g])
        needed = std::max(needed, block(g).dual_norm(v + start[g]));
    const double share = s / needed;
    const double dual = share * dot(theta, y, n) - 0.5 * share * share * dot(theta, theta, n);
    return 0.5 * dot(r, r, n) + s * value(b) - dual;
  }
};

struct GroupQuadratic {
  const double* gram;  // m x m, symmetric, column j at gram + j * stride
  std::size_t stride, m;
  const double *q, *l1, *rate;  // l1 by coordinate, rate by block
  const std::size_t* start;     // block g is start[g] .. start[g + 1]
  std::size_t blocks;
  double square;  // twice the objective that b = 0 has where G and q come from a fit

  const double* column(std::size_t j) const { return gram + j * stride; }
  Block block(std::size_t g) const {
    return {l1 + start[g], rate[g], start[g + 1] - start[g]};
  }
};

}  // namespace priorfit
