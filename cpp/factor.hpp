// Cholesky factor of a growing and shrinking symmetric positive definite matrix.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <vector>

#include "cross.hpp"
#include "row_kernels.hpp"
#include "simd.hpp"

namespace priorfit {

// A = L L', kept row by row: appending an index writes one row, removing one rotates the rows
// below it (Golub & Van Loan, Matrix Computations, section 6.5).
class Factor {
 public:
  std::size_t size() const { return rows_.size(); }
  void clear() { rows_.clear(); }

  // Append the index whose row against the present ones is `row[0..size)` and whose diagonal is
  // `diagonal`. Refused (false) where the new pivot is lost in rounding: the index is then
  // linearly dependent on the present ones.
  bool append(const double* row, double diagonal) {
    std::vector<double> fresh(row, row + size());
    forward_all(fresh.data(), 1, size());
    return finish(std::move(fresh), diagonal);
  }

  // The factor of a whole matrix, of which the lower triangle is read; where a pivot is lost in
  // rounding it ends there.
  void assign(const double* a, std::size_t stride, std::size_t n) {
    constexpr std::size_t at_once = 48;
    clear();
    std::vector<double> fresh, known(at_once * at_once);
    std::vector<const double*> left;
    for (std::size_t k = 0; k < n; k += at_once) {
      const std::size_t count = std::min(at_once, n - k);
      fresh.resize(count * k), left.resize(count);
      for (std::size_t r = 0; r < count; ++r)
        {
        left[r] = fresh.data() + r * k;
        std::copy_n(a + (k + r) * stride, k, fresh.data() + r * k);
      }
      forward_all(fresh.data(), count, k);
      cross(left.data(), count, fresh.data(), k, count, k, known.data(), count);
      for (std::size_t r = 0; r < count; ++r) {
        std::vector<double> row(k + r + 1);
        std::copy_n(left[r], k, row.data());
        for (std::size_t c = 0; c <= r; ++c)
          row[k + c] = a[(k + r) * stride + k + c] - known[r * count + c];
        if (!end(std::move(row), k, a[(k + r) * stride + k + r])) return;
      }
    }
  }

  // Rows of several new indices against the present ones, `fresh` (count x stride), solved together
  // so that every row of L is read once for all of them. `finish` appends them one by one.
  void forward_all(double* fresh, std::size_t count, std::size_t stride) const {
    constexpr std::size_t most = 12;
    const std::size_t block = count < most ? 4 : most;
    std::vector<double> known(block * count), part(block * count);
    for (std::size_t i = 0; i < size(); i += block) {
      const std::size_t rows = std::min(block, size() - i);
      const double* left[most];
      for (std::size_t r = 0; r < rows; ++r) left[r] = rows_[i + r].data();
      cross(left, rows, fresh, stride, count, i, known.data(), count);
      for (std::size_t r = 0; r < rows; ++r) {
        double* x = part.data() + r * count;
        for (std::size_t k = 0; k < count; ++k) x[k] = fresh[k * stride + i + r] - known[r * count + k];
        for (std::size_t q = 0; q < r; ++q) axpy(-left[r][i + q], part.data() + q * count, x, count);
        const double inverse = 1.0 / left[r][i + r];
        for (std::size_t k = 0; k < count; ++k) fresh[k * stride + i + r] = x[k] *= inverse;
      }
    }
  }

  // `fresh` holds A's entries against the present indices, of which the first `solved` have been
  // through `forward_all`.
  bool finish(std::vector<double> fresh, double diagonal, std::size_t solved) {
    forward(fresh.data(), solved);
    return finish(std::move(fresh), diagonal);
  }

  // What the last `append` left of the diagonal: v'Av for v = (-A^{-1} row, 1).
  double pivot() const { return pivot_; }

  double diagonal(std::size_t k) const { return rows_[k][k]; }
  const double* row(std::size_t k) const { return rows_[k].data(); }

  void remove(std::size_t k) {
    constexpr std::size_t at_once = 4;
    rows_.erase(rows_.begin() + static_cast<std::ptrdiff_t>(k));
    std::vector<Rotation> turns;  // they fold the surplus entry of each row back
    for (std::size_t i = k; i < size(); i += at_once) {  // row i holds i + 2 entries
      const std::size_t known = i - k, count = std::min(at_once, size() - i);
      double* rows[at_once];
      for (std::size_t r = 0; r < count; ++r) rows[r] = rows_[i + r].data() + k;
      rotate(turns.data(), known, rows, count);
      for (std::size_t r = 0; r < count; ++r) {
        double *rest = rows[r] + known, *one[] = {rest};
        rotate(turns.data() + known, r, one, 1);
        const double size = std::hypot(rest[r], rest[r + 1]);
        turns.push_back({rest[r] / size, rest[r + 1] / size});
        rest[r] = size;
        rows_[i + r].pop_back();
      }
    }
  }

  // x <- A^{-1} x
  void solve(double* x) const {
    forward_all(x, 1, size());
    backward(x);
  }

  // x <- L'^{-1} x
  void backward(double* x) const {
    for (std::size_t i = size(); i-- > 0;) {
      x[i] /= rows_[i][i];
      axpy(-x[i], rows_[i].data(), x, i);
    }
  }

 private:
  void forward(double* x, std::size_t from) const {
    for (std::size_t i = from; i < size(); ++i)
      x[i] = (x[i] - dot(rows_[i].data(), x, i)) / rows_[i][i];
  }

  bool finish(std::vector<double> fresh, double diagonal) {
    pivot_ = diagonal - dot(fresh.data(), fresh.data(), fresh.size());
    if (!(pivot_ > 1e-10 * diagonal)) return false;
    fresh.push_back(std::sqrt(pivot_));
    rows_.push_back(std::move(fresh));
    return true;
  }

  // `row` holds a new row of L up to `solved`, and A's entries less what that explains after it.
  bool end(std::vector<double> row, std::size_t solved, double diagonal) {
    double* x = row.data() + solved;
    const std::size_t count = row.size() - solved - 1;
    for (std::size_t c = 0; c < count; ++c) {
      const double* other = rows_[solved + c].data() + solved;
      x[c] = (x[c] - dot(other, x, c)) / other[c];
    }
    pivot_ = x[count] - dot(x, x, count);
    if (!(pivot_ > 1e-10 * diagonal)) return false;
    x[count] = std::sqrt(pivot_);
    rows_.push_back(std::move(row));
    return true;
  }

  std::vector<std::vector<double>> rows_;
  double pivot_ = 0.0;
};

// A factor rounded to float32, for steps that later ones correct.
class RoundedFactor {
 public:
  void assign(const Factor& factor) {
    n_ = factor.size();
    l_.resize(n_ * n_);
    for (std::size_t i = 0; i < n_; ++i)
      for (std::size_t j = 0; j <= i; ++j) l_[i * n_ + j] = static_cast<float>(factor.row(i)[j]);
  }

  // x <- L^{-1} x
  void forward(double* x) const {
    double known[at_once];
    for (std::size_t i = 0; i < n_; i += at_once) {
      const std::size_t rows = std::min(at_once, n_ - i);
      products(row(i), n_, rows, x, i, known);
      for (std::size_t r = i; r < i + rows; ++r) {
        x[r] -= known[r - i];
        for (std::size_t k = i; k < r; ++k) x[r] -= row(r)[k] * x[k];
        x[r] /= row(r)[r];
      }
    }
  }

  // x <- L'^{-1} x
  void backward(double* x) const {
    std::size_t which[at_once];
    double minus[at_once];
    for (std::size_t i = (n_ + at_once - 1) / at_once * at_once; i >= at_once;) {
      i -= at_once;
      const std::size_t rows = std::min(at_once, n_ - i);
      for (std::size_t r = i + rows; r-- > i;) {
        x[r] /= row(r)[r];
        for (std::size_t k = i; k < r; ++k) x[k] -= row(r)[k] * x[r];
        which[r - i] = r - i, minus[r - i] = -x[r];
      }
      combine(row(i), static_cast<std::ptrdiff_t>(n_), which, minus, rows, x, i);
    }
  }

 private:
  static constexpr std::size_t at_once = 8;

  const float* row(std::size_t i) const { return l_.data() + i * n_; }

  std::size_t n_ = 0;
  std::vector<float> l_;
};

}  // namespace priorfit
