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

  // A few columns in use: float64 copies, whose products are fast.
  class Working {
   public:
    explicit Working(const DenseColumns& all) : all_(all) {}

    void add(const std::vector<std::size_t>& fresh) {
      const std::size_t n = all_.n, m = size();
      z_.resize((m + fresh.size()) * n);
      for (std::size_t k = 0; k < fresh.size(); ++k) {
        const std::size_t j = fresh[k];
        double* z = z_.data() + (m + k) * n;
        for (std::size_t i = 0; i < n; ++i)
          z[i] = all_.units.root[i] *
                 ((static_cast<double>(all_.x[j][i]) - all_.units.center[j]) / all_.units.scale[j]);
      }
    }

    // Rows `from`.. of Z'Z and of Z'y.
    void gram(std::size_t from, const double* y, double* out, std::size_t stride,
              double* q) const {
      const std::size_t n = all_.n;
      std::vector<const double*> added;
      for (std::size_t i = from; i < size(); ++i) added.push_back(z_.data() + i * n);
      cross(added.data(), added.size(), z_.data(), n, size(), n, out + from * stride, stride);
      cross(added.data(), added.size(), y, n, 1, n, q + from, 1);
    }

    // r += Z c over the columns `which`
    void combine_into(const std::vector<std::size_t>& which, const std::vector<double>& c,
                      double* r) const {
      combine(z_.data(), static_cast<std::ptrdiff_t>(all_.n), which.data(), c.data(),
              which.size(), r, all_.n);
    }

   private:
    std::size_t size() const { return z_.size() / all_.n; }

    const DenseColumns& all_;
    std::vector<double> z_;
  };
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

  // A few columns in use, kept row by row too: a product of columns meets only the rows of the
  // newer one. Centring enters as a correction of rank one.
  class Working {
   public:
    explicit Working(const SparseColumns& all) : all_(all), rows_(all.n) {
      for (std::size_t i = 0; i < all.n; ++i) total_ += weight(i);
    }

    void add(const std::vector<std::size_t>& fresh) {
      columns_.insert(columns_.end(), fresh.begin(), fresh.end());
    }

    void gram(std::size_t from, const double* y, double* out, std::size_t stride, double* q) {
      double level = 0.0;
      for (std::size_t i = 0; i < all_.n; ++i) level += all_.units.root[i] * y[i];
      for (std::size_t a = from; a < columns_.size(); ++a) {
        const std::size_t j = columns_[a];
        const double center = all_.units.center[j], scale = all_.units.scale[j];
        double* row = out + a * stride;
        std::fill(row, row + a + 1, 0.0);
        double against = 0.0, sum = 0.0;
        for_entries(j, [&](std::size_t i, double v) {
          rows_[i].push_back({a, v});
          const double weighted = weight(i) * v;
          against += all_.units.root[i] * y[i] * v;
          sum += weighted;
          for (const auto& [b, u] : rows_[i]) row[b] += weighted * u;
        });
        sums_.push_back(sum);
        q[a] = (against - center * level) / scale;
        for (std::size_t b = 0; b <= a; ++b) {
          const double other = all_.units.center[columns_[b]];
          row[b] += center * other * total_ - center * sums_[b] - other * sum;
          row[b] = row[b] / scale / all_.units.scale[columns_[b]];
          out[b * stride + a] = row[b];
        }
      }
    }

    void combine_into(const std::vector<std::size_t>& which, const std::vector<double>& c,
                      double* r) const {
      double shift = 0.0;
      for (std::size_t k = 0; k < which.size(); ++k) {
        const std::size_t j = columns_[which[k]];
        const double slope = c[k] / all_.units.scale[j];
        shift += slope * all_.units.center[j];
        for_entries(j, [&](std::size_t i, double v) { r[i] += all_.units.root[i] * slope * v; });
      }
      for (std::size_t i = 0; i < all_.n; ++i) r[i] -= all_.units.root[i] * shift;
    }

   private:
    double weight(std::size_t i) const { return all_.units.root[i] * all_.units.root[i]; }

    template <class Visit>
    void for_entries(std::size_t j, Visit&& visit) const {
      for (I e = all_.start[j]; e < all_.start[j + 1]; ++e)
        visit(static_cast<std::size_t>(all_.row[e]), static_cast<double>(all_.value[e]));
    }

    struct Entry {
      std::size_t column;
      double value;
    };

    const SparseColumns& all_;
    double total_ = 0.0;
    std::vector<std::vector<Entry>> rows_;
    std::vector<std::size_t> columns_;
    std::vector<double> sums_;
  };

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
