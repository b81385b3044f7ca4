// A copy of all columns in 16-bit integers: passes over it read a quarter of the memory, and each
// product comes with a bound of its error.
//
// z_j = step_j q_j + e_j, and sums of a chunk of rows are float32, so that
//   |z_j'theta - step_j q_j'theta~| <= away_j |theta|,
// away_j = |e_j| + u |step_j q_j|, u the rounding of the sums (Higham, Accuracy and Stability of
// Numerical Algorithms, section 3.1).
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "buffer.hpp"
#include "columns.hpp"
#include "cross.hpp"
#include "parallel.hpp"

namespace priorfit {

struct RoundedColumn {
  double step, norm, away;  // norm: |z|; away: |z - step q|
};

// q = z / step to the nearest, z = root (x - center) / scale; `scratch` has n numbers.
RoundedColumn round_column(const double* x, const double* root, double center, double scale,
                           std::size_t n, double* scratch, std::int16_t* q);

constexpr double exact_cost = 7.0;

// Columns that are not copied: products are exact.
template <class Columns>
class Rounded {
 public:
  // `norms` (p): |z_j|, where they are known.
  explicit Rounded(const Columns& columns, const double* norms = nullptr)
      : x_(columns), norms_(x_.p), away_(x_.p, 0.0) {
    norms ? void(std::copy_n(norms, x_.p, norms_.data())) : x_.norms(norms_.data());
  }

  // Nothing to copy.
  void copy() {}

  const double* norms() const { return norms_.data(); }
  const double* away() const { return away_.data(); }

  // What `correlate` costs, a column, in products of columns that are at hand.
  double cost() const { return exact_cost; }  // it waits for memory

  // out (p) = Z'theta, within away[j] |theta|.
  void correlate(const double* theta, double* out) const {
    x_.correlate(nullptr, x_.p, theta, 1, out);
  }

 private:
  const Columns& x_;
  std::vector<double> norms_, away_;
};

// Exact too where a copy would be large for the machine.
template <>
class Rounded<DenseColumns<double>> {
 public:
  explicit Rounded(const DenseColumns<double>& columns)
      : x_(columns), norms_(x_.p), away_(x_.p, 0.0) {
    affordable() ? copy() : x_.norms(norms_.data());
  }

  // Exact until `copy` is called; `norms` (p): |z_j|, where they are known.
  Rounded(const DenseColumns<double>& columns, const double* norms)
      : x_(columns), norms_(x_.p), away_(x_.p, 0.0) {
    norms ? void(std::copy_n(norms, x_.p, norms_.data())) : x_.norms(norms_.data());
  }

  void copy() {
    if (!affordable()) return;
    starts_.resize(x_.p);
    steps_.resize(x_.p);
    q_.resize(x_.n * x_.p);
    in_blocks(x_.p, 1, 8.0 * static_cast<double>(x_.n * x_.p),
              [this](std::size_t begin, std::size_t end) { round(begin, end); });
  }

  const double* norms() const { return norms_.data(); }
  const double* away() const { return away_.data(); }

  double cost() const { return q_.size() > 0 ? 2.0 : exact_cost; }

  void correlate(const double* theta, double* out) const {
    if (q_.size() == 0) return x_.correlate(nullptr, x_.p, theta, 1, out);
    double most = 0.0;
    for (std::size_t i = 0; i < x_.n; ++i) most = std::max(most, std::fabs(theta[i]));
    std::vector<float> share(x_.n, 0.0f);
    for (std::size_t i = 0; i < x_.n && most > 0.0; ++i)
      share[i] = static_cast<float>(theta[i] / most);
    cross(starts_.data(), x_.p, share.data(), x_.n, 1, x_.n, out, 1);
    for (std::size_t j = 0; j < x_.p; ++j) out[j] *= steps_[j] * most;
  }

 private:
  bool affordable() const { return is_affordable(x_.n * x_.p * sizeof(std::int16_t)); }

  void round(std::size_t begin, std::size_t end) {
    std::vector<double> scratch(x_.n);
    for (std::size_t j = begin; j < end; ++j) {
      std::int16_t* q = q_.data() + j * x_.n;
      const RoundedColumn column = round_column(x_.x[j], x_.units.root, x_.units.center[j],
                                                x_.units.scale[j], x_.n, scratch.data(), q);
      starts_[j] = q;
      steps_[j] = column.step;
      norms_[j] = column.norm;
      away_[j] = column.away + summation * column.norm;
    }
  }

  // Of float32 sums over a chunk in at least four lanes, and of theta itself; norm is |z|, a hair
  // above or below |step q|.
  static constexpr double summation = (rows_of_a_chunk / 4 + 8.0) / (1 << 24);

  const DenseColumns<double>& x_;
  Buffer<std::int16_t> q_;
  std::vector<const std::int16_t*> starts_;
  std::vector<double> steps_, norms_, away_;
};

}  // namespace priorfit
