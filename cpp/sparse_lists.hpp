// A few sparse columns in use, with an intercept among them and a Gram matrix for any curvatures.
#pragma once

#include <algorithm>
#include <cstddef>
#include <vector>

#include "columns.hpp"

namespace priorfit {

// A few columns in use, kept row by row too: a product of columns meets only the rows of the
// newer one. Centring enters as a correction of rank one.
template <class T, class I>
class SparseLists {
 public:
  explicit SparseLists(const SparseColumns<T, I>& all) : all_(all), rows_(all.n) {}

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

  const SparseColumns<T, I>& all_;
  std::vector<std::vector<Entry>> rows_;
  std::vector<std::size_t> columns_;
};

}  // namespace priorfit
