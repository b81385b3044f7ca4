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
#include "kept_hessians.hpp"
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
  std::vector<std::size_t> absent;
  KeptHessians* kept = nullptr;          // what this path leaves behind
  const KeptHessians* lent = nullptr;  // what it was left

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
    for (std::size_t i = 0, k = 0; i < whole.n && present; ++i)
      k < n && static_cast<std::size_t>(present[k]) == i ? void(++k) : absent.push_back(i);
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

  class Working;
};

template <class T>
constexpr bool is_shared<PresentColumns<T>> = true;

// Copies of columns in use, and the Hessian that a path over all rows made of them, in the units of
// the sample and less the rows that are absent.
template <class T>
class PresentColumns<T>::Working : public DenseColumns<T>::Working {
 public:
  using Own = typename DenseColumns<T>::Working;
  explicit Working(const PresentColumns& all) : Own(all.own), all_(all) {}

  void add_ones() {
    Own::add_ones();
    note(none, [](std::size_t) { return 1.0; });
  }

  void add(const std::vector<std::size_t>& fresh) {
    Own::add(fresh);
    for (std::size_t j : fresh) {
      const T* x = all_.whole.x[j];
      const double center = all_.whole.units.center[j], scale = all_.whole.units.scale[j];
      note(j, [&](std::size_t i) { return (static_cast<double>(x[i]) - center) / scale; });
    }
  }

  // For samples that come later: Z'diag(h)Z of the columns in use.
  void leave(double strength, const std::vector<double>& h, const double* gram, std::size_t stride) {
    if (all_.kept) all_.kept->add(strength, columns_, h, gram, stride);
  }

  // The one that was left nearest to this strength, into `gram`, and its curvatures; false where
  // there is none, it was the last one, or most columns are not in it.
  bool borrow(double strength, std::vector<double>& h, double* gram, std::size_t stride) {
    const KeptHessian* found = all_.lent ? all_.lent->nearest(strength) : nullptr;
    if (!found || found == last_) return false;
    const std::size_t m = columns_.size();
    std::vector<std::size_t> known, fresh;
    for (std::size_t a = 0; a < m; ++a) (place(a) < found->size ? known : fresh).push_back(a);
    if (2 * fresh.size() > m) return false;
    last_ = found;
    h.resize(all_.n);
    for (std::size_t i = 0; i < all_.n; ++i) h[i] = found->h[static_cast<std::size_t>(all_.rows[i])];
    for (std::size_t a : known) translate(*found, a, known, gram, stride);
    std::vector<double> before(m, 0.0);
    for (std::size_t a : known) before[a] = gram[a * stride + a];
    subtract(*found, gram, stride);
    for (std::size_t a : known)
      if (gram[a * stride + a] < 1e-2 * before[a]) fresh.push_back(a);  // digits are lost
    for (std::size_t k = 0; k < fresh.size(); k += at_once)
      sum({fresh.begin() + static_cast<std::ptrdiff_t>(k),
           fresh.begin() + static_cast<std::ptrdiff_t>(std::min(k + at_once, fresh.size()))},
          h, gram, stride);
    mirror(gram, stride, 0, m);
    return true;
  }

 private:
  static constexpr std::size_t none = KeptHessians::none, at_once = 48;

  template <class Value>
  void note(std::size_t j, Value&& value) {
    columns_.push_back(j);
    if (!all_.lent) return;
    for (std::size_t i : all_.absent) absent_.push_back(static_cast<float>(value(i)));
  }

  // Where a column in use stands in the Hessians that were left; the ones come first.
  std::size_t place(std::size_t a) const {
    return columns_[a] == none ? 0 : all_.lent->place(columns_[a]);
  }

  double delta(std::size_t a) const { return columns_[a] == none ? 0.0 : all_.delta[columns_[a]]; }
  double ratio(std::size_t a) const { return columns_[a] == none ? 1.0 : all_.ratio[columns_[a]]; }

  // Row a of the lower triangle, of all rows: z = ratio (z_shared - delta). Without an intercept
  // nothing is centred.
  void translate(const KeptHessian& found, std::size_t a, const std::vector<std::size_t>& known,
                 double* gram, std::size_t stride) const {
    const double da = delta(a), ra = ratio(a);
    const std::size_t at = place(a);
    const double along = found.at(at, 0) - da * found.at(0, 0);
    for (std::size_t b : known) {
      if (b > a) break;
      const double *row = found.gram.data() + at * found.size, first = found.at(0, place(b));
      gram[a * stride + b] = ra * ratio(b) * (row[place(b)] - da * first - delta(b) * along);
    }
  }

  // The rows that are absent.
  void subtract(const KeptHessian& found, double* gram, std::size_t stride) const {
    const std::size_t m = columns_.size(), n = all_.absent.size();
    std::vector<float> weighted(at_once * n);
    std::vector<const float*> left;
    for (std::size_t a = 0; a < m; ++a) left.push_back(absent_.data() + a * n);
    std::vector<const float*> right(at_once);
    for (std::size_t k = 0; k < at_once; ++k) right[k] = weighted.data() + k * n;
    for (std::size_t begin = 0; begin < m; begin += at_once) {
      const std::size_t end = std::min(begin + at_once, m);
      for (std::size_t a = begin; a < end; ++a)
        for (std::size_t i = 0; i < n; ++i)
          weighted[(a - begin) * n + i] = static_cast<float>(-found.h[all_.absent[i]]) * left[a][i];
      cross(right.data(), end - begin, absent_.data(), n, end, n, gram + begin * stride, stride, true);
    }
  }

  // Products of some columns with all others, of the rows present, into the lower triangle.
  void sum(const std::vector<std::size_t>& some, const std::vector<double>& h, double* gram,
           std::size_t stride) const {
    const std::size_t m = columns_.size(), n = all_.n;
    std::vector<double> weighted(some.size() * n), found(m * some.size());
    std::vector<const double*> left;
    for (std::size_t a = 0; a < m; ++a) left.push_back(this->column(a));
    for (std::size_t k = 0; k < some.size(); ++k)
      for (std::size_t i = 0; i < n; ++i) weighted[k * n + i] = h[i] * left[some[k]][i];
    cross(left.data(), m, weighted.data(), n, some.size(), n, found.data(), some.size());
    for (std::size_t b = 0; b < m; ++b)
      for (std::size_t k = 0; k < some.size(); ++k)
        gram[std::max(some[k], b) * stride + std::min(some[k], b)] = found[b * some.size() + k];
  }

  const PresentColumns& all_;
  std::vector<std::size_t> columns_;  // in use
  std::vector<float> absent_;         // their rows that are absent
  const KeptHessian* last_ = nullptr;
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
