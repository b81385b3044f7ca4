// A few sparse columns in use, with an intercept among them and a Gram matrix for any curvatures.
#pragma once

#include <algorithm>
#include <cstddef>
#include <vector>

#include "sparse_in_use.hpp"

namespace priorfit {

// Kept row by row too: a product of columns meets only the rows of the newer one.
template <class T, class I>
class SparseLists : public SparseInUse<T, I> {
  using Base = SparseInUse<T, I>;
  using typename Base::Entry;
  using Base::all_;
  using Base::columns_;
  using Base::for_entries;
  using Base::center;
  using Base::scale;

 public:
  explicit SparseLists(const SparseColumns<T, I>& all) : Base(all), rows_(all.n) {}

  void add(const std::vector<std::size_t>& fresh) {
    for (std::size_t j : fresh) {
      for_entries(j, [&](std::size_t i, double v) { rows_[i].push_back({columns_.size(), v}); });
      columns_.push_back(j);
    }
  }

  // A column of ones, for an intercept: one without entries, whose centre is -1.
  void add_ones() { columns_.push_back(all_.p); }

  // Rows `from`.. of Z'Z, or of Z'diag(h)Z.
  void gram(std::size_t from, double* out, std::size_t stride, const double* h = nullptr,
            bool = false) const {
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
      this->add_products(a, rows_, weight, row);
      for (std::size_t b = 0; b <= a; ++b) {
        row[b] = centred(row[b], sums[a], sums[b], total, columns_[a], columns_[b]);
        out[b * stride + a] = row[b];
      }
    }
  }

 private:
  // z_j'z_k from the weighted x_j'x_k and sums of both columns.
  double centred(double product, double sum_j, double sum_k, double total, std::size_t j,
                 std::size_t k) const {
    const double c = center(j), d = center(k);
    return (product + c * d * total - c * sum_k - d * sum_j) / scale(j) / scale(k);
  }

  std::vector<std::vector<Entry>> rows_;
};

}  // namespace priorfit
