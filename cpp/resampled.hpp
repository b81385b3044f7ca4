// The same columns with other weights of the rows: folds, bootstrap samples, responses. What was
// computed of all rows is used again, and corrected by the rows whose weight differs.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <vector>

#include "buffer.hpp"
#include "columns.hpp"
#include "rounded.hpp"
#include "square_matrix.hpp"

namespace priorfit {

// Of all rows: the rounded copy, and the columns that a path over all rows worked with, with their
// Gram matrix.
template <class T>
class SharedColumns {
 public:
  explicit SharedColumns(const DenseColumns<T>& columns)
      : all_(columns), rounded_(all_), z_(all_), place_(all_.p, none) {}

  SharedColumns(const SharedColumns&) = delete;

  static constexpr std::size_t none = static_cast<std::size_t>(-1);

  const DenseColumns<T>& all() const { return all_; }
  const Rounded<DenseColumns<T>>& rounded() const { return rounded_; }
  const typename DenseColumns<T>::Working& working() const { return z_; }
  std::size_t place(std::size_t j) const { return place_[j]; }
  double gram(std::size_t a, std::size_t b) const { return gram_.data()[a * gram_.stride() + b]; }

  void add(const std::vector<std::size_t>& wanted) {
    std::vector<std::size_t> fresh;
    for (std::size_t j : wanted) {
      if (place_[j] != none) continue;
      place_[j] = size_ + fresh.size();
      fresh.push_back(j);
    }
    z_.add(fresh);
    gram_.fit(size_ + fresh.size());
    z_.gram(size_, gram_.data(), gram_.stride());
    size_ += fresh.size();
  }

 private:
  const DenseColumns<T> all_;
  Rounded<DenseColumns<T>> rounded_;
  typename DenseColumns<T>::Working z_;
  SquareMatrix gram_;
  std::vector<std::size_t> place_;  // of each column among those at work
  std::size_t size_ = 0;
};

// A sample: row i counts `share_i` times as much as in the shared columns. Its units are its own,
//   z = share^1/2 ratio (z_shared - delta root_shared),
// so that one product with a shared column gives one with its own.
template <class T>
struct ResampledColumns {
  SharedColumns<T>& shared;
  std::size_t n, p;
  Units units;
  DenseColumns<T> own;  // in its units, but for the weights of rows
  std::vector<double> share, root_share, delta, ratio;

  const bool grows;  // columns that work in a sample that is the whole become shared

  ResampledColumns(SharedColumns<T>& from, Units its, bool may_grow)
      : shared(from), n(from.all().n), p(from.all().p), units(its),
        own{from.all().x, n, p, {its.center, its.scale, from.all().units.root}}, share(n),
        root_share(n), delta(p), ratio(p), grows(may_grow) {
    const Units& all = from.all().units;
    for (std::size_t i = 0; i < n; ++i) {
      root_share[i] = all.root[i] > 0.0 ? units.root[i] / all.root[i] : 0.0;
      share[i] = root_share[i] * root_share[i];
    }
    for (std::size_t j = 0; j < p; ++j) {
      delta[j] = (units.center[j] - all.center[j]) / all.scale[j];
      ratio[j] = all.scale[j] / units.scale[j];
    }
  }

  void correlate(const std::size_t* which, std::size_t count, const double* r, std::size_t k,
                 double* out) const {
    DenseColumns<T>{shared.all().x, n, p, units}.correlate(which, count, r, k, out);
  }

  class Working {
   public:
    explicit Working(const ResampledColumns& all) : all_(all), own_(all.own) {
      std::size_t present = 0, others = 0;
      for (std::size_t i = 0; i < all_.n; ++i) {
        present += all_.share[i] != 0.0;
        others += all_.share[i] != 1.0;
        total_ += all_.units.root[i] * all_.units.root[i];
      }
      from_all_ = others <= present;
      for (std::size_t i = 0; i < all_.n; ++i) {
        const double weight = all_.share[i] - (from_all_ ? 1.0 : 0.0);
        if (weight == 0.0) continue;
        rows_.push_back(i);
        weight_.push_back(weight);
      }
    }

    void add(const std::vector<std::size_t>& fresh) {
      if (all_.grows && rows_.empty()) all_.shared.add(fresh);
      for (std::size_t j : fresh) {
        const std::size_t place = all_.shared.place(j);
        if (place != SharedColumns<T>::none && keeps_digits(place)) {
          columns_.push_back({place, true, all_.ratio[j], all_.delta[j]});
        } else {
          columns_.push_back({own_size_++, false, 1.0, 0.0});
          own_.add({j});
        }
        const double* z = column(columns_.size() - 1);
        const std::size_t begin = part_.size();
        part_.resize(begin + rows_.size());
        for (std::size_t r = 0; r < rows_.size(); ++r) part_.data()[begin + r] = z[rows_[r]];
        sums_.push_back(sum(z));
      }
    }

    // Rows `from`.. of Z'Z: of all rows, and of those that count for more or less.
    void gram(std::size_t from, double* out, std::size_t stride) const {
      correct(from, out, stride);
      if (from_all_) replace_unknown(from, out, stride);
      for (std::size_t a = from; a < columns_.size(); ++a)
        for (std::size_t b = 0; b <= a; ++b)
          out[b * stride + a] = out[a * stride + b] = centred(out[a * stride + b], a, b);
    }

    // Entries `from`.. of Z'v.
    void project(std::size_t from, const double* v, double* out) const {
      std::vector<double> weighted(all_.n);
      double level = 0.0;
      for (std::size_t i = 0; i < all_.n; ++i) {
        weighted[i] = all_.root_share[i] * v[i];
        level += all_.units.root[i] * v[i];
      }
      std::vector<const double*> wanted;
      for (std::size_t a = from; a < columns_.size(); ++a) wanted.push_back(column(a));
      cross(wanted.data(), wanted.size(), weighted.data(), all_.n, 1, all_.n, out + from, 1);
      for (std::size_t a = from; a < columns_.size(); ++a)
        out[a] = ratio(a) * (out[a] - delta(a) * level);
    }

    // r += Z c over the columns `which`
    void combine_into(const std::vector<std::size_t>& which, const std::vector<double>& c,
                      double* r) const {
      std::vector<std::size_t> places[2];
      std::vector<double> slopes[2], sum(all_.n, 0.0);
      double shift = 0.0;
      for (std::size_t k = 0; k < which.size(); ++k) {
        const Column& of = columns_[which[k]];
        const double slope = c[k] * ratio(which[k]);
        places[of.known].push_back(of.place);
        slopes[of.known].push_back(slope);
        shift += slope * delta(which[k]);
      }
      own_.combine_into(places[0], slopes[0], sum.data());
      all_.shared.working().combine_into(places[1], slopes[1], sum.data());
      for (std::size_t i = 0; i < all_.n; ++i)
        r[i] += all_.root_share[i] * sum[i] - all_.units.root[i] * shift;
    }

   private:
    struct Column {
      std::size_t place;  // among the shared columns, or among the own ones
      bool known;         // shared
      double ratio, delta;
    };

    double ratio(std::size_t a) const { return columns_[a].ratio; }
    double delta(std::size_t a) const { return columns_[a].delta; }

    double sum(const double* z) const {
      double found = 0.0;
      for (std::size_t i = 0; i < all_.n; ++i)
        found += all_.root_share[i] * all_.units.root[i] * z[i];
      return found;
    }

    // Whether a shared column varies enough in this sample to be corrected.
    bool keeps_digits(std::size_t place) const {
      const double* z = all_.shared.working().column(place);
      const double level = sum(z);
      double square = 0.0;
      for (std::size_t i = 0; i < all_.n; ++i) square += all_.share[i] * z[i] * z[i];
      return square - level * level / total_ > 1e-2 * all_.shared.gram(place, place);
    }

    // Before ratio and delta.
    const double* column(std::size_t a) const {
      const Column& of = columns_[a];
      return of.known ? all_.shared.working().column(of.place) : own_.column(of.place);
    }

    // Rows `from`.. of the lower triangle: products over `rows_`, by `weight_`.
    void correct(std::size_t from, double* out, std::size_t stride) const {
      constexpr std::size_t at_once = 48;
      const std::size_t m = columns_.size(), rows = rows_.size();
      std::vector<double> weighted(at_once * rows);
      std::vector<const double*> left(at_once);
      for (std::size_t k = 0; k < at_once; ++k) left[k] = weighted.data() + k * rows;
      for (std::size_t begin = from; begin < m; begin += at_once) {
        const std::size_t end = std::min(begin + at_once, m);
        for (std::size_t a = begin; a < end; ++a)
          for (std::size_t r = 0; r < rows; ++r)
            weighted[(a - begin) * rows + r] = weight_[r] * part_.data()[a * rows + r];
        cross(left.data(), end - begin, part_.data(), rows, end, rows, out + begin * stride, stride);
      }
    }

    // The same, over all rows, where one of the two columns is not a shared one.
    void replace_unknown(std::size_t from, double* out, std::size_t stride) const {
      std::vector<std::size_t> fresh[2], every, own;
      for (std::size_t a = 0; a < columns_.size(); ++a) {
        every.push_back(a);
        if (!columns_[a].known && a < from) own.push_back(a);
        if (a >= from) fresh[columns_[a].known].push_back(a);
      }
      products(fresh[0], every, out, stride);
      products(fresh[1], own, out, stride);
    }

    // Entries (a, b) of `fresh` x `others`, those of the lower triangle, at out[larger, smaller].
    void products(const std::vector<std::size_t>& fresh, const std::vector<std::size_t>& others,
                  double* out, std::size_t stride) const {
      std::vector<double> weighted(fresh.size() * all_.n), found(fresh.size() * others.size());
      std::vector<const double*> left;
      for (std::size_t k = 0; k < fresh.size(); ++k) {
        const double* z = column(fresh[k]);
        for (std::size_t i = 0; i < all_.n; ++i) weighted[k * all_.n + i] = all_.share[i] * z[i];
      }
      for (std::size_t b : others) left.push_back(column(b));
      cross(left.data(), left.size(), weighted.data(), all_.n, fresh.size(), all_.n, found.data(),
            fresh.size());
      for (std::size_t i = 0; i < others.size(); ++i)
        for (std::size_t k = 0; k < fresh.size(); ++k) {
          const std::size_t a = std::max(fresh[k], others[i]), b = std::min(fresh[k], others[i]);
          out[a * stride + b] = found[i * fresh.size() + k];
        }
    }

    // z_a'z_b from their product before ratio and delta, or what is to be added to the shared one.
    double centred(double found, std::size_t a, std::size_t b) const {
      const bool known = from_all_ && columns_[a].known && columns_[b].known;
      const double both =
          found + (known ? all_.shared.gram(columns_[a].place, columns_[b].place) : 0.0);
      return ratio(a) * ratio(b) * (both - delta(a) * sums_[b] - delta(b) * sums_[a] +
                                    total_ * delta(a) * delta(b));
    }

    const ResampledColumns& all_;
    bool from_all_;       // corrected from all rows, or summed anew over those present
    double total_ = 0.0;  // of the weights
    std::vector<std::size_t> rows_;
    std::vector<double> weight_, sums_;  // of the rows `rows_`; sums of the weighted columns
    std::vector<Column> columns_;
    typename DenseColumns<T>::Working own_;  // columns that are not shared
    std::size_t own_size_ = 0;
    Buffer<double> part_;  // the rows `rows_` of each column
  };
};

template <class T>
class Rounded<ResampledColumns<T>> {
 public:
  explicit Rounded(const ResampledColumns<T>& columns)
      : x_(columns), rounded_(columns.shared.rounded()), norms_(x_.p), away_(x_.p) {
    double most = 0.0;
    for (double v : x_.root_share) most = std::max(most, v);
    for (std::size_t j = 0; j < x_.p; ++j) {
      norms_[j] = most * x_.ratio[j] * rounded_.norms()[j];
      away_[j] = most * x_.ratio[j] * rounded_.away()[j];
    }
  }

  const double* norms() const { return norms_.data(); }
  const double* away() const { return away_.data(); }

  static constexpr double cost = Rounded<DenseColumns<T>>::cost;

  void correlate(const double* theta, double* out) const {
    std::vector<double> weighted(x_.n);
    double level = 0.0;
    for (std::size_t i = 0; i < x_.n; ++i) {
      weighted[i] = x_.root_share[i] * theta[i];
      level += x_.units.root[i] * theta[i];
    }
    rounded_.correlate(weighted.data(), out);
    for (std::size_t j = 0; j < x_.p; ++j) out[j] = x_.ratio[j] * (out[j] - x_.delta[j] * level);
  }

 private:
  const ResampledColumns<T>& x_;
  const Rounded<DenseColumns<T>>& rounded_;
  std::vector<double> norms_, away_;
};

}  // namespace priorfit
