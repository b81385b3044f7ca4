// Where columns are stored, and what a path asks of them: correlations of all, copies of a few.
//
// Z = root (X - center) / scale; `root` is the root of the weights.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <vector>

#include "cross.hpp"

namespace priorfit {

struct Units {
  const double *center, *scale, *root;
};

template <class T>
struct DenseColumns {
  std::vector<const T*> x;  // where each column starts
  std::size_t n, p;
  Units units;

  // out (p x k) = Z'R for R (n x k)
  void correlate(const double* r, std::size_t k, double* out) const {
    std::vector<double> weighted(n * k), totals(k, 0.0);
    for (std::size_t c = 0; c < k; ++c)
      for (std::size_t i = 0; i < n; ++i)
        totals[c] += weighted[c * n + i] = units.root[i] * r[c * n + i];
    cross(x.data(), p, weighted.data(), n, k, n, out, k);
    for (std::size_t j = 0; j < p; ++j)
      for (std::size_t c = 0; c < k; ++c)
        out[j * k + c] = (out[j * k + c] - units.center[j] * totals[c]) / units.scale[j];
  }

  // out (n) = z_j
  void gather(std::size_t j, double* out) const {
    for (std::size_t i = 0; i < n; ++i)
      out[i] = units.root[i] * ((static_cast<double>(x[j][i]) - units.center[j]) / units.scale[j]);
  }
};

// Compressed columns: entries start[j] .. start[j + 1] of `row` and `value`.
template <class T, class I>
struct SparseColumns {
  const I *start, *row;
  const T* value;
  std::size_t n, p;
  Units units;

  void correlate(const double* r, std::size_t k, double* out) const {
    std::vector<double> weighted(n * k), totals(k, 0.0);  // row by row: an entry reads k in a line
    for (std::size_t c = 0; c < k; ++c)
      for (std::size_t i = 0; i < n; ++i)
        totals[c] += weighted[i * k + c] = units.root[i] * r[c * n + i];
    for (std::size_t j = 0; j < p; ++j) {
      double* sums = out + j * k;
      std::fill(sums, sums + k, 0.0);
      for (I e = start[j]; e < start[j + 1]; ++e) {
        const double v = static_cast<double>(value[e]);
        const double* w = weighted.data() + static_cast<std::size_t>(row[e]) * k;
        for (std::size_t c = 0; c < k; ++c) sums[c] += v * w[c];
      }
      for (std::size_t c = 0; c < k; ++c)
        sums[c] = (sums[c] - units.center[j] * totals[c]) / units.scale[j];
    }
  }

  void gather(std::size_t j, double* out) const {
    const double away = -units.center[j] / units.scale[j];
    for (std::size_t i = 0; i < n; ++i) out[i] = units.root[i] * away;
    for (I e = start[j]; e < start[j + 1]; ++e) {
      const auto i = static_cast<std::size_t>(row[e]);
      out[i] = units.root[i] * ((static_cast<double>(value[e]) - units.center[j]) / units.scale[j]);
    }
  }

  // Weighted mean, variance and largest size of every column; zeros count as rows too.
  void moments(const double* w, double total, double* mean, double* variance,
               double* largest) const {
    for (std::size_t j = 0; j < p; ++j) {
      double sum = 0.0, present = 0.0, most = 0.0, around = 0.0;
      for (I e = start[j]; e < start[j + 1]; ++e) {
        const double v = static_cast<double>(value[e]), weight = w[row[e]];
        sum += weight * v;
        present += weight;
        if (!(std::fabs(v) <= most)) most = std::fabs(v);  // NaN stays
      }
      mean[j] = sum / total;
      for (I e = start[j]; e < start[j + 1]; ++e) {
        const double away = static_cast<double>(value[e]) - mean[j];
        around += w[row[e]] * away * away;
      }
      variance[j] = (around + std::max(total - present, 0.0) * mean[j] * mean[j]) / total;
      largest[j] = most;
    }
  }
};

}  // namespace priorfit
