// Cholesky factor of a growing and shrinking symmetric positive definite matrix.
#pragma once

#include <cmath>
#include <cstddef>
#include <vector>

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
    const std::size_t k = size();
    std::vector<double> fresh(row, row + k);
    fresh.resize(k + 1);
    for (std::size_t i = 0; i < k; ++i)
      fresh[i] = (fresh[i] - dot(rows_[i].data(), fresh.data(), i)) / rows_[i][i];
    pivot_ = diagonal - dot(fresh.data(), fresh.data(), k);
    if (!(pivot_ > 1e-10 * diagonal)) return false;
    fresh[k] = std::sqrt(pivot_);
    rows_.push_back(std::move(fresh));
    return true;
  }

  // What the last `append` left of the diagonal: v'Av for v = (-A^{-1} row, 1).
  double pivot() const { return pivot_; }

  void remove(std::size_t k) {
    rows_.erase(rows_.begin() + static_cast<std::ptrdiff_t>(k));
    for (std::size_t i = k; i < size(); ++i) {  // row i holds i + 2 entries: fold the last one in
      const double a = rows_[i][i], b = rows_[i][i + 1], r = std::hypot(a, b);
      const double c = a / r, s = b / r;
      for (std::size_t below = i; below < size(); ++below) {
        const double x = rows_[below][i], y = rows_[below][i + 1];
        rows_[below][i] = c * x + s * y;
        rows_[below][i + 1] = c * y - s * x;
      }
      rows_[i].pop_back();
    }
  }

  // x <- A^{-1} x
  void solve(double* x) const {
    const std::size_t n = size();
    for (std::size_t i = 0; i < n; ++i)
      x[i] = (x[i] - dot(rows_[i].data(), x, i)) / rows_[i][i];
    for (std::size_t i = n; i-- > 0;) {
      x[i] /= rows_[i][i];
      axpy(-x[i], rows_[i].data(), x, i);
    }
  }

 private:
  std::vector<std::vector<double>> rows_;
  double pivot_ = 0.0;
};

}  // namespace priorfit
