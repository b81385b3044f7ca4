// Where columns are stored, and what a path asks of them: correlations of all, copies of a few.
//
// Z = root (X - center) / scale; `root` is the root of the weights.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <vector>

#include "buffer.hpp"
#include "cross.hpp"
#include "moments.hpp"
#include "parallel.hpp"

namespace priorfit {

struct Units {
  const double *center, *scale, *root;
};

template <class T>
struct DenseColumns {
  std::vector<const T*> x;  // where each column starts
  std::size_t n, p;
  Units units;

  // out (count x k) = Z_W'R for R (n x k), over the columns `which`, or all p where that is null.
  void correlate(const std::size_t* which, std::size_t count, const double* r, std::size_t k,
                 double* out) const {
    std::vector<double> weighted(n * k), totals(k, 0.0);
    for (std::size_t c = 0; c < k; ++c)
      for (std::size_t i = 0; i < n; ++i)
        totals[c] += weighted[c * n + i] = units.root[i] * r[c * n + i];
    std::vector<const T*> some(which ? count : 0);
    for (std::size_t i = 0; i < some.size(); ++i) some[i] = x[which[i]];
    cross(which ? some.data() : x.data(), count, weighted.data(), n, k, n, out, k);
    for (std::size_t i = 0; i < count; ++i) {
      const std::size_t j = which ? which[i] : i;
      for (std::size_t c = 0; c < k; ++c)
        out[i * k + c] = (out[i * k + c] - units.center[j] * totals[c]) / units.scale[j];
    }
  }

  // |z_j| of every column.
  void norms(double* out) const {
    std::vector<double> w(n);
    double total = 0.0;
    for (std::size_t i = 0; i < n; ++i) total += w[i] = units.root[i] * units.root[i];
    in_blocks(p, 1, 4.0 * static_cast<double>(n * p), [&](std::size_t begin, std::size_t end) {
      for (std::size_t j = begin; j < end; ++j) {
        double mean, variance;
        moments(x[j], w.data(), n, total, mean, variance);
        const double away = mean - units.center[j];
        out[j] = std::sqrt(total * (variance + away * away)) / units.scale[j];
      }
    });
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

    const double* column(std::size_t i) const { return z_.data() + i * all_.n; }

    // A column of ones, for an intercept.
    void add_ones() {
      z_.resize(z_.size() + all_.n);
      std::fill_n(z_.data() + z_.size() - all_.n, all_.n, 1.0);
    }

    // Rows `from`.. of Z'Z, or of Z'diag(h)Z.
    void gram(std::size_t from, double* out, std::size_t stride, const double* h = nullptr) const {
      const std::size_t n = all_.n;
      gram_of(from, out, stride, [&](const double* z, std::size_t count, double* u) {
        for (std::size_t k = 0; k < count; ++k)
          for (std::size_t r = 0; r < n; ++r) u[k * n + r] = h[r] * z[k * n + r];
      }, h != nullptr);
    }

    // Rows `from`.. of Z'HZ: `apply(z, count, u)` writes u = H z of `count` columns.
    template <class Apply>
    void gram_of(std::size_t from, double* out, std::size_t stride, Apply&& apply,
                 bool curved = true) const {
      constexpr std::size_t at_once = 48;  // rows of the lower triangle
      const std::size_t n = all_.n, m = size();
      std::vector<double> weighted(curved ? at_once * n : 0);
      for (std::size_t begin = from; begin < m; begin += at_once) {
        const std::size_t end = std::min(begin + at_once, m);
        const double* some = z_.data() + begin * n;
        if (curved) apply(some, end - begin, weighted.data());
        std::vector<const double*> added;
        for (std::size_t i = 0; i < end - begin; ++i)
          added.push_back((curved ? weighted.data() : some) + i * n);
        cross(added.data(), added.size(), z_.data(), n, end, n, out + begin * stride, stride);
      }
      for (std::size_t i = from; i < m; ++i)
        for (std::size_t j = 0; j < i; ++j) out[j * stride + i] = out[i * stride + j];
    }

    // Entries `from`.. of Z'v.
    void project(std::size_t from, const double* v, double* out) const {
      std::vector<const double*> wanted;
      for (std::size_t i = from; i < size(); ++i) wanted.push_back(z_.data() + i * all_.n);
      cross(wanted.data(), wanted.size(), v, all_.n, 1, all_.n, out + from, 1);
    }

    // Entries `which` of Z'v.
    void project(const std::vector<std::size_t>& which, const double* v, double* out) const {
      std::vector<const double*> wanted;
      for (std::size_t i : which) wanted.push_back(z_.data() + i * all_.n);
      std::vector<double> found(which.size());
      cross(wanted.data(), wanted.size(), v, all_.n, 1, all_.n, found.data(), 1);
      for (std::size_t k = 0; k < which.size(); ++k) out[which[k]] = found[k];
    }

    // r += Z c over the columns `which`
    void combine_into(const std::vector<std::size_t>& which, const std::vector<double>& c,
                      double* r) const {
      combine(z_.data(), static_cast<std::ptrdiff_t>(all_.n), which.data(), c.data(),
              which.size(), r, all_.n);
    }

    // The same two with columns rounded to float32, which are read twice as fast: Z'v, and
    // r += Z c over the columns `which`.
    void project_rounded(const double* v, double* out) {
      round();
      std::vector<const float*> wanted;
      for (std::size_t i = 0; i < size(); ++i) wanted.push_back(rounded_.data() + i * all_.n);
      cross(wanted.data(), wanted.size(), v, all_.n, 1, all_.n, out, 1);
    }

    void combine_rounded(const std::vector<std::size_t>& which, const std::vector<double>& c,
                         double* r) {
      round();
      combine(rounded_.data(), static_cast<std::ptrdiff_t>(all_.n), which.data(), c.data(),
              which.size(), r, all_.n);
    }

    // out (n x count), row by row: the columns `which`, each times its `factor`.
    void rows(const std::vector<std::size_t>& which, const std::vector<double>& factor,
              float* out) {
      constexpr std::size_t at_once = 16;  // rows: a line of the cache
      const std::size_t count = which.size();
      round();
      for (std::size_t i = 0; i < all_.n; i += at_once)
        for (std::size_t k = 0; k < count; ++k) {
          const float *z = rounded_.data() + which[k] * all_.n, share = static_cast<float>(factor[k]);
          for (std::size_t r = i; r < std::min(i + at_once, all_.n); ++r)
            out[r * count + k] = share * z[r];
        }
    }

   private:
    std::size_t size() const { return z_.size() / all_.n; }

    void round() {
      const std::size_t known = rounded_.size();
      rounded_.resize(z_.size());
      for (std::size_t i = known; i < z_.size(); ++i) rounded_.data()[i] = static_cast<float>(z_.data()[i]);
    }

    const DenseColumns& all_;
    Buffer<double> z_;
    Buffer<float> rounded_;
  };
};

// Compressed columns: entries start[j] .. start[j + 1] of `row` and `value`.
template <class T, class I>
struct SparseColumns {
  const I *start, *row;
  const T* value;
  std::size_t n, p;
  Units units;

  void correlate(const std::size_t* which, std::size_t count, const double* r, std::size_t k,
                 double* out) const {
    std::vector<double> weighted(n * k), totals(k, 0.0);  // row by row: an entry reads k in a line
    for (std::size_t c = 0; c < k; ++c)
      for (std::size_t i = 0; i < n; ++i)
        totals[c] += weighted[i * k + c] = units.root[i] * r[c * n + i];
    in_blocks(count, 1, passing(count, k), [&](std::size_t begin, std::size_t end) {
      for (std::size_t i = begin; i < end; ++i) {
        const std::size_t j = which ? which[i] : i;
        double* sums = out + i * k;
        std::fill(sums, sums + k, 0.0);
        for (I e = start[j]; e < start[j + 1]; ++e) {
          const double v = static_cast<double>(value[e]);
          const double* w = weighted.data() + static_cast<std::size_t>(row[e]) * k;
          for (std::size_t c = 0; c < k; ++c) sums[c] += v * w[c];
        }
        for (std::size_t c = 0; c < k; ++c)
          sums[c] = (sums[c] - units.center[j] * totals[c]) / units.scale[j];
      }
    });
  }

  // What a pass over `count` columns costs, in products of numbers that lie in a line.
  double passing(std::size_t count, std::size_t k) const {
    const double entries = static_cast<double>(start[p]) / static_cast<double>(p);
    return static_cast<double>(count) * entries * (4.0 + static_cast<double>(k));
  }

  void norms(double* out) const {
    double total = 0.0;
    for (std::size_t i = 0; i < n; ++i) total += units.root[i] * units.root[i];
    in_blocks(p, 1, passing(p, 2), [&](std::size_t begin, std::size_t end) {
      for (std::size_t j = begin; j < end; ++j) {
        double sum = 0.0, square = 0.0;
        for (I e = start[j]; e < start[j + 1]; ++e) {
          const double v = static_cast<double>(value[e]), w = units.root[row[e]];
          sum += w * w * v;
          square += w * w * v * v;
        }
        const double c = units.center[j], around = square - 2.0 * c * sum + c * c * total;
        out[j] = std::sqrt(std::max(around, 1e-12 * (square + c * c * total))) / units.scale[j];
      }
    });
  }

  // A few columns in use, kept row by row too: a product of columns meets only the rows of the
  // newer one. Centring enters as a correction of rank one.
  class Working {
   public:
    explicit Working(const SparseColumns& all) : all_(all), rows_(all.n) {}

    void add(const std::vector<std::size_t>& fresh) {
      for (std::size_t j : fresh) {
        for_entries(j, [&](std::size_t i, double v) { rows_[i].push_back({columns_.size(), v}); });
        columns_.push_back(j);
      }
    }

    // A column of ones, for an intercept: one without entries, whose centre is -1.
    void add_ones() { columns_.push_back(all_.p); }

    // Rows `from`.. of Z'Z, or of Z'diag(h)Z.
    void gram(std::size_t from, double* out, std::size_t stride, const double* h = nullptr) const {
      const auto weight = [&](std::size_t i) {
        return all_.units.root[i] * all_.units.root[i] * (h ? h[i] : 1.0);
      };
      double total = 0.0;
      for (std::size_t i = 0; i < all_.n; ++i) total += weight(i);
      std::vector<double> sums(columns_.size(), 0.0);
      for (std::size_t a = 0; a < columns_.size(); ++a)
        for_entries(columns_[a], [&](std::size_t i, double v) { sums[a] += weight(i) * v; });
      for (std::size_t a = from; a < columns_.size(); ++a) {
        double* row = out + a * stride;
        std::fill(row, row + a + 1, 0.0);
        for_entries(columns_[a], [&](std::size_t i, double v) {
          const double weighted = weight(i) * v;
          for (const Entry& other : rows_[i]) {
            if (other.column > a) break;
            row[other.column] += weighted * other.value;
          }
        });
        for (std::size_t b = 0; b <= a; ++b) {
          row[b] = centred(row[b], sums[a], sums[b], total, columns_[a], columns_[b]);
          out[b * stride + a] = row[b];
        }
      }
    }

    void project(std::size_t from, const double* v, double* out) const {
      const double at = level(v);
      for (std::size_t a = from; a < columns_.size(); ++a) out[a] = product(columns_[a], v, at);
    }

    void combine_into(const std::vector<std::size_t>& which, const std::vector<double>& c,
                      double* r) const {
      double shift = 0.0;
      for (std::size_t k = 0; k < which.size(); ++k) {
        const std::size_t j = columns_[which[k]];
        const double slope = c[k] / scale(j);
        shift += slope * center(j);
        for_entries(j, [&](std::size_t i, double v) { r[i] += all_.units.root[i] * slope * v; });
      }
      for (std::size_t i = 0; i < all_.n; ++i) r[i] -= all_.units.root[i] * shift;
    }

    void project_rounded(const double* v, double* out) const { project(0, v, out); }

    void combine_rounded(const std::vector<std::size_t>& which, const std::vector<double>& c,
                         double* r) const {
      combine_into(which, c, r);
    }

    void rows(const std::vector<std::size_t>& which, const std::vector<double>& factor,
              float* out) const {
      const std::size_t count = which.size();
      for (std::size_t k = 0; k < count; ++k) {
        const std::size_t j = columns_[which[k]];
        const double slope = factor[k] / scale(j);
        for (std::size_t i = 0; i < all_.n; ++i)
          out[i * count + k] =
              static_cast<float>(-all_.units.root[i] * slope * center(j));
        for_entries(j, [&](std::size_t i, double v) {
          out[i * count + k] += static_cast<float>(all_.units.root[i] * slope * v);
        });
      }
    }

   private:
    double level(const double* v) const {
      double sum = 0.0;
      for (std::size_t i = 0; i < all_.n; ++i) sum += all_.units.root[i] * v[i];
      return sum;
    }

    // z_j'v, where `at` is the level of v
    double product(std::size_t j, const double* v, double at) const {
      double sum = 0.0;
      for_entries(j, [&](std::size_t i, double x) { sum += all_.units.root[i] * v[i] * x; });
      return (sum - center(j) * at) / scale(j);
    }

    // z_j'z_k from the weighted x_j'x_k and sums of both columns.
    double centred(double product, double sum_j, double sum_k, double total, std::size_t j,
                   std::size_t k) const {
      const double c = center(j), d = center(k);
      return (product + c * d * total - c * sum_k - d * sum_j) / scale(j) / scale(k);
    }

    double center(std::size_t j) const { return j == all_.p ? -1.0 : all_.units.center[j]; }
    double scale(std::size_t j) const { return j == all_.p ? 1.0 : all_.units.scale[j]; }

    template <class Visit>
    void for_entries(std::size_t j, Visit&& visit) const {
      if (j == all_.p) return;
      for (I e = all_.start[j]; e < all_.start[j + 1]; ++e)
        visit(static_cast<std::size_t>(all_.row[e]), static_cast<double>(all_.value[e]));
    }

    struct Entry {
      std::size_t column;
      double value;
    };

    const SparseColumns& all_;
    std::vector<std::vector<Entry>> rows_;
    std::vector<std::size_t> columns_;
  };

  // Weighted mean, variance and largest size of every column; zeros count as rows too.
  void moments(const double* w, double total, double* mean, double* variance,
               double* largest) const {
    in_blocks(p, 1, passing(p, 4), [&](std::size_t begin, std::size_t end) {
      for (std::size_t j = begin; j < end; ++j) {
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
    });
  }
};

}  // namespace priorfit
