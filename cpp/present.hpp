// Some rows of columns that samples share: folds of a likelihood that is not quadratic. Vectors have
// one number for each row that is present. Passes over all columns read the shared ones, at every
// row, with zeros for those that are absent; columns in use are copied, of the rows that count.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "columns.hpp"
#include "resampled.hpp"
#include "rounded.hpp"

namespace priorfit {

// Its units are its own,
//   z = ratio (z_shared - delta),
// so that one product with a shared column gives one with its own. The weights of rows belong to the
// likelihood: the root of the shared columns' weights is 1.
template <class T>
struct PresentColumns {
  const SharedColumns<T>& shared;
  const std::int64_t* rows;  // ascending; null: all
  std::size_t n, p;
  std::vector<double> ones, delta, ratio;
  DenseColumns<T> whole, own;  // in its units: all rows, and those present

  // `count` rows. Units without a root.
  PresentColumns(const SharedColumns<T>& from, const std::int64_t* present, std::size_t count,
                 Units its)
      : shared(from), rows(present), n(present ? count : from.all().n), p(from.all().p),
        ones(from.all().n, 1.0), delta(p), ratio(p),
        whole{from.all().x, from.all().n, p, {its.center, its.scale, ones.data()}},
        own{from.all().x, n, p, whole.units, rows} {
    const Units& all = from.all().units;
    for (std::size_t j = 0; j < p; ++j) {
      delta[j] = (its.center[j] - all.center[j]) / all.scale[j];
      ratio[j] = all.scale[j] / its.scale[j];
    }
  }

  PresentColumns(const PresentColumns&) = delete;

  // v (n x k) at all rows.
  std::vector<double> spread(const double* v, std::size_t k) const {
    const std::size_t every = whole.n;
    std::vector<double> out(every * k, 0.0);
    for (std::size_t c = 0; c < k; ++c)
      for (std::size_t i = 0; i < n; ++i)
        out[c * every + (rows ? static_cast<std::size_t>(rows[i]) : i)] = v[c * n + i];
    return out;
  }

  void correlate(const std::size_t* which, std::size_t count, const double* r, std::size_t k,
                 double* out) const {
    whole.correlate(which, count, rows ? spread(r, k).data() : r, k, out);
  }

  struct Working : DenseColumns<T>::Working {
    explicit Working(const PresentColumns& all) : DenseColumns<T>::Working(all.own) {}
  };
};

// The one of the shared columns. |z| <= ratio (|z_shared| + |delta| n^1/2) over the rows present.
template <class T>
class Rounded<PresentColumns<T>> {
 public:
  explicit Rounded(const PresentColumns<T>& columns)
      : x_(columns), rounded_(columns.shared.rounded()), norms_(x_.p), away_(x_.p) {
    const double root = std::sqrt(static_cast<double>(x_.n));
    for (std::size_t j = 0; j < x_.p; ++j) {
      norms_[j] = x_.ratio[j] * (rounded_.norms()[j] + std::fabs(x_.delta[j]) * root);
      away_[j] = x_.ratio[j] * rounded_.away()[j];
    }
  }

  const double* norms() const { return norms_.data(); }
  const double* away() const { return away_.data(); }

  double cost() const { return rounded_.cost(); }

  void correlate(const double* theta, double* out) const {
    double level = 0.0;
    for (std::size_t i = 0; i < x_.n; ++i) level += theta[i];
    rounded_.correlate(x_.rows ? x_.spread(theta, 1).data() : theta, out);
    for (std::size_t j = 0; j < x_.p; ++j) out[j] = x_.ratio[j] * (out[j] - x_.delta[j] * level);
  }

 private:
  const PresentColumns<T>& x_;
  const Rounded<DenseColumns<T>>& rounded_;
  std::vector<double> norms_, away_;
};

}  // namespace priorfit
