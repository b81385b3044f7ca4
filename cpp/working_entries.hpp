// Sparse columns in use, copied one behind the other so that passes over them are short: values
// that float32 holds exactly take half the memory, and a column with an entry in a quarter of the
// rows is stored with all its n numbers, which needs no indices.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "buffer.hpp"
#include "columns.hpp"
#include "sparse_kernels.hpp"

namespace priorfit {

template <class T, class I>
class WorkingEntries {
 public:
  explicit WorkingEntries(const SparseColumns<T, I>& all) : all_(all) {}

  std::size_t size() const { return columns_.size(); }

  void add(std::size_t j) {
    const std::size_t count = static_cast<std::size_t>(all_.start[j + 1] - all_.start[j]);
    const bool full = 4 * count >= all_.n;  // there a product with all n numbers takes less time
    bool single = true;
    for (I e = all_.start[j]; e < all_.start[j + 1]; ++e)
      single = single && static_cast<double>(static_cast<float>(all_.value[e])) ==
                             static_cast<double>(all_.value[e]);
    Column c{full ? all_.n : count, full, single, rows_.size(), 0};
    c.value = single ? store(j, full, singles_) : store(j, full, doubles_);
    if (!full) {
      rows_.resize(c.row + count);
      for (std::size_t e = 0; e < count; ++e)
        rows_.data()[c.row + e] =
            static_cast<std::uint32_t>(all_.row[all_.start[j] + static_cast<I>(e)]);
    }
    columns_.push_back(c);
  }

  // A column without entries.
  void add_empty() { columns_.push_back({0, true, true, 0, 0}); }

  // x_k'r
  double dot(std::size_t k, const double* r) const {
    return with(k, [&](auto rows, auto x, std::size_t count) {
      return entries_dot(rows, x, count, r);
    });
  }

  // x_k'r, x_k'h and the sum of h x_k^2
  Sums sums(std::size_t k, const double* r, const double* h) const {
    return with(k, [&](auto rows, auto x, std::size_t count) {
      return entries_sums(rows, x, count, r, h);
    });
  }

  // y += c x_k
  void add_into(std::size_t k, double c, double* y) const {
    with(k, [&](auto rows, auto x, std::size_t count) {
      entries_add(rows, x, count, c, y);
      return 0.0;
    });
  }

  // r -= c h x_k; returns x_k'h
  double subtract(std::size_t k, double c, const double* h, double* r) const {
    return with(k, [&](auto rows, auto x, std::size_t count) {
      return entries_subtract(rows, x, count, c, h, r);
    });
  }

 private:
  struct Column {
    std::size_t count;  // of values
    bool full, single;
    std::size_t row, value;  // where its rows and values begin
  };

  template <class Visit>
  auto with(std::size_t k, Visit&& visit) const {
    const Column& c = columns_[k];
    const std::uint32_t* rows = c.full ? nullptr : rows_.data() + c.row;
    return c.single ? visit(rows, singles_.data() + c.value, c.count)
                    : visit(rows, doubles_.data() + c.value, c.count);
  }

  template <class V>
  std::size_t store(std::size_t j, bool full, Buffer<V>& values) const {
    const std::size_t at = values.size();
    const I begin = all_.start[j], end = all_.start[j + 1];
    values.resize(at + (full ? all_.n : static_cast<std::size_t>(end - begin)));
    V* to = values.data() + at;
    if (full)
      for (std::size_t i = 0; i < all_.n; ++i) to[i] = V{0};
    for (I e = begin; e < end; ++e) {
      if (full) to[all_.row[e]] += static_cast<V>(all_.value[e]);
      else to[e - begin] = static_cast<V>(all_.value[e]);
    }
    return at;
  }

  const SparseColumns<T, I>& all_;
  std::vector<Column> columns_;
  Buffer<std::uint32_t> rows_;
  Buffer<float> singles_;
  Buffer<double> doubles_;
};

}  // namespace priorfit
