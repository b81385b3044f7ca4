// A few sparse columns in use, and their Gram matrix.
#pragma once

#include <algorithm>
#include <cstddef>
#include <vector>

#include "buffer.hpp"
#include "sparse_in_use.hpp"
#include "sparse_kernels.hpp"

namespace priorfit {

// Columns with an entry in an eighth of the rows are kept row by row, eight with all their numbers
// in a block: an entry of another column meets them all at once. The rest is kept in lists of each
// row, so that a product meets only the rows of the newer column. Centring enters as a correction
// of rank one.
template <class T, class I>
class SparseWorking : public SparseInUse<T, I> {
  using Base = SparseInUse<T, I>;
  using typename Base::Entry;
  using Base::all_;
  using Base::columns_;
  using Base::for_entries;

 public:
  using Columns = SparseColumns<T, I>;

  explicit SparseWorking(const Columns& all) : Base(all), rows_(all.n) {
    for (std::size_t i = 0; i < all_.n; ++i) total_ += weight(i);
  }

  void add(const std::vector<std::size_t>& fresh) {
    for (std::size_t j : fresh) {
      const std::size_t a = columns_.size();
      const auto count = static_cast<std::size_t>(all_.start[j + 1] - all_.start[j]);
      const bool full = lanes * count >= all_.n;
      double sum = 0.0;
      for_entries(j, [&](std::size_t i, double v) {
        sum += weight(i) * v;
        if (!full) rows_[i].push_back({a, v});
      });
      columns_.push_back(j);
      entries_ += count;
      sums_.push_back(sum);
      center_.push_back(all_.units.center[j]);
      inverse_.push_back(1.0 / all_.units.scale[j]);
      if (full) add_full(a);
    }
  }

  // Whether a Gram matrix costs a solver less than passes over the entries.
  bool pays() const { return columns_.size() * columns_.size() <= 6 * entries_ + few * few; }

  // Rows `from`.. of Z'Z.
  void gram(std::size_t from, double* out, std::size_t stride) {
    const std::size_t m = columns_.size();
    for (std::size_t a = from; a < m; ++a) {
      double* row = out + a * stride;
      std::fill(row, row + a + 1, 0.0);
      this->add_products(a, rows_, [this](std::size_t i) { return weight(i); }, row);
    }
    for (std::size_t k = 0; k < full_.size(); k += lanes) multiply(k, from, out, stride);
    for (std::size_t a = from; a < m; ++a)
      for (std::size_t b = 0; b <= a; ++b) {
        double& product = out[a * stride + b];
        out[b * stride + a] = product = centred(product, a, b);
      }
  }

  void rows(const std::vector<std::size_t>& which, const std::vector<double>& factor,
            float* out) const {
    const std::size_t count = which.size();
    for (std::size_t k = 0; k < count; ++k) {
      const std::size_t j = columns_[which[k]];
      const double slope = factor[k] / all_.units.scale[j];
      for (std::size_t i = 0; i < all_.n; ++i)
        out[i * count + k] =
            static_cast<float>(-all_.units.root[i] * slope * all_.units.center[j]);
      for_entries(j, [&](std::size_t i, double v) {
        out[i * count + k] += static_cast<float>(all_.units.root[i] * slope * v);
      });
    }
  }

 private:
  // z_a'z_b from the weighted x_a'x_b.
  double centred(double product, std::size_t a, std::size_t b) const {
    const double c = center_[a], d = center_[b];
    return (product + c * d * total_ - c * sums_[b] - d * sums_[a]) * inverse_[a] * inverse_[b];
  }

  double weight(std::size_t i) const { return all_.units.root[i] * all_.units.root[i]; }

  void add_full(std::size_t a) {
    const std::size_t lane = full_.size() % lanes;
    if (lane == 0) {
      blocks_.emplace_back(all_.n * lanes + lanes);
      std::fill_n(block(blocks_.size() - 1), all_.n * lanes, 0.0);
    }
    double* weighted = block(blocks_.size() - 1);
    for_entries(columns_[a],
                [&](std::size_t i, double v) { weighted[i * lanes + lane] += weight(i) * v; });
    full_.push_back(a);
  }

  double* block(std::size_t k) { return aligned(blocks_[k].data()); }

  // Products of the full columns from `first` on, a block, with all others where one is new.
  void multiply(std::size_t first, std::size_t from, double* out, std::size_t stride) {
    const std::size_t end = std::min(first + lanes, full_.size());
    const double* weighted = block(first / lanes);
    double products[lanes];
    for (std::size_t a = full_[end - 1] < from ? from : 0; a < columns_.size(); ++a) {
      const auto begin = static_cast<std::size_t>(all_.start[columns_[a]]);
      const auto count = static_cast<std::size_t>(all_.start[columns_[a] + 1]) - begin;
      entries_dots(all_.row + begin, all_.value + begin, count, weighted, lanes, products);
      for (std::size_t f = first; f < end; ++f) {
        const std::size_t high = std::max(a, full_[f]), low = std::min(a, full_[f]);
        if (high >= from) out[high * stride + low] = products[f - first];
      }
    }
  }

  static constexpr std::size_t lanes = 8, few = 800;  // few: columns whose matrix is small anyhow

  double total_ = 0.0;                    // of the weights
  std::size_t entries_ = 0;
  std::vector<std::vector<Entry>> rows_;  // of columns that are not full
  std::vector<Buffer<double>> blocks_;    // of those that are: weighted, row by row
  std::vector<std::size_t> full_;
  std::vector<double> sums_, center_, inverse_;  // weighted sums; units
};

template <class T, class I>
bool pays(const SparseWorking<T, I>& z) {
  return z.pays();
}

}  // namespace priorfit
