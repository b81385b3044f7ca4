// What every set of sparse columns in use can do.
#pragma once

#include <cstddef>
#include <vector>

#include "columns.hpp"

namespace priorfit {

// Sparse columns in use and products with them. Centring enters as a correction of rank one; an
// intercept is a column without entries whose centre is -1.
template <class T, class I>
class SparseInUse {
 public:
  explicit SparseInUse(const SparseColumns<T, I>& all) : all_(all) {}

  // Entries `from`.. of Z'v.
  void project(std::size_t from, const double* v, double* out) const {
    std::vector<double> weighted(all_.n);
    double level = 0.0;
    for (std::size_t i = 0; i < all_.n; ++i) level += weighted[i] = all_.units.root[i] * v[i];
    for (std::size_t a = from; a < columns_.size(); ++a) {
      const std::size_t j = columns_[a];
      double sum = 0.0;
      for_entries(j, [&](std::size_t i, double x) { sum += weighted[i] * x; });
      out[a] = (sum - center(j) * level) / scale(j);
    }
  }

  // r += Z c over the columns `which`
  void combine_into(const std::vector<std::size_t>& which, const std::vector<double>& c,
                    double* r) const {
    std::vector<double> sum(all_.n, 0.0);
    double shift = 0.0;
    for (std::size_t k = 0; k < which.size(); ++k) {
      const std::size_t j = columns_[which[k]];
      const double slope = c[k] / scale(j);
      shift += slope * center(j);
      for_entries(j, [&](std::size_t i, double v) { sum[i] += slope * v; });
    }
    for (std::size_t i = 0; i < all_.n; ++i) r[i] += all_.units.root[i] * (sum[i] - shift);
  }

 protected:
  struct Entry {  // of a row
    std::size_t column;
    double value;
  };

  double center(std::size_t j) const { return j == all_.p ? -1.0 : all_.units.center[j]; }
  double scale(std::size_t j) const { return j == all_.p ? 1.0 : all_.units.scale[j]; }

  template <class Visit>
  void for_entries(std::size_t j, Visit&& visit) const {
    if (j == all_.p) return;
    for (I e = all_.start[j]; e < all_.start[j + 1]; ++e)
      visit(static_cast<std::size_t>(all_.row[e]), static_cast<double>(all_.value[e]));
  }

  // row[b] (b <= a) of z_a'z_b before centring, over entries of `rows`; weight(i) of row i.
  template <class Weight>
  void add_products(std::size_t a, const std::vector<std::vector<Entry>>& rows, Weight&& weight,
                    double* row) const {
    for_entries(columns_[a], [&](std::size_t i, double v) {
      const double weighted = weight(i) * v;
      for (const Entry& other : rows[i]) {
        if (other.column > a) break;
        row[other.column] += weighted * other.value;
      }
    });
  }

  const SparseColumns<T, I>& all_;
  std::vector<std::size_t> columns_;
};

}  // namespace priorfit
