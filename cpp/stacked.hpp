// The columns of several outputs: column (j, l) is x_j among the rows of output l, and 0 elsewhere.
// It stands at j * outputs + l; row i of output l at l * length + i. No product of X is made twice.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <vector>

#include "buffer.hpp"
#include "columns.hpp"
#include "cross.hpp"
#include "rounded.hpp"

namespace priorfit {

// z = root (x_j - center) / scale, all n of them.
template <class T>
void write_column(const DenseColumns<T>& x, std::size_t j, double* z) {
  for (std::size_t i = 0; i < x.n; ++i)
    z[i] = x.units.root[i] *
           ((static_cast<double>(x.x[j][i]) - x.units.center[j]) / x.units.scale[j]);
}

template <class T, class I>
void write_column(const SparseColumns<T, I>& x, std::size_t j, double* z) {
  const double zero = x.units.center[j] / x.units.scale[j];
  for (std::size_t i = 0; i < x.n; ++i) z[i] = -x.units.root[i] * zero;
  for (I e = x.start[j]; e < x.start[j + 1]; ++e) {
    const auto i = static_cast<std::size_t>(x.row[e]);
    z[i] += x.units.root[i] * static_cast<double>(x.value[e]) / x.units.scale[j];
  }
}

template <class Base>
struct StackedColumns {
  const Base& base;
  std::size_t outputs, n, p;
  const double* weights;  // of the rows, where outputs meet in a Hessian

  StackedColumns(const Base& columns, std::size_t outputs_, const double* weights_)
      : base(columns), outputs(outputs_), n(columns.n * outputs_), p(columns.p * outputs_),
        weights(weights_) {}

  // As that of the base; `which` must rise.
  void correlate(const std::size_t* which, std::size_t count, const double* r, std::size_t k,
                 double* out) const {
    const std::size_t at_once = k * outputs;
    std::vector<std::size_t> features;
    for (std::size_t i = 0; which && i < count; ++i)
      if (features.empty() || features.back() != which[i] / outputs)
        features.push_back(which[i] / outputs);
    const std::size_t some = which ? features.size() : base.p;
    if (some == 0) return;
    std::vector<double> found(some * at_once);
    base.correlate(which ? features.data() : nullptr, some, r, at_once, found.data());
    std::size_t place = 0;
    for (std::size_t i = 0; i < count; ++i) {
      const std::size_t j = which ? which[i] : i;
      if (!which) place = j / outputs;
      else if (features[place] != j / outputs) ++place;
      for (std::size_t c = 0; c < k; ++c)
        out[i * k + c] = found[place * at_once + c * outputs + j % outputs];
    }
  }

  void norms(double* out) const {
    std::vector<double> each(base.p);
    base.norms(each.data());
    for (std::size_t j = 0; j < p; ++j) out[j] = each[j / outputs];
  }

  // A few columns in use: float64 copies of what they are made of, in one piece each.
  class Working {
   public:
    explicit Working(const StackedColumns& all)
        : all_(all), length_(all.base.n), slot_(all.base.p, none), of_output_(all.outputs) {}

    void add(const std::vector<std::size_t>& fresh) {
      for (std::size_t j : fresh) {
        std::size_t& slot = slot_[j / all_.outputs];
        if (slot == none) {
          slot = slots_++;
          z_.resize(slots_ * length_);
          write_column(all_.base, j / all_.outputs, z_.data() + slot * length_);
        }
        put(slot, j % all_.outputs);
      }
    }

    // What the k-th column that was added is made of, whatever its outputs; ones count as one.
    const double* made_of(std::size_t k) const { return z_.data() + k * length_; }

    // The intercepts of all outputs but the first.
    void add_ones() {
      z_.resize(++slots_ * length_);
      std::fill_n(z_.data() + (slots_ - 1) * length_, length_, 1.0);
      for (std::size_t l = 1; l < all_.outputs; ++l) put(slots_ - 1, l);
    }

    // Rows `from`.. of Z'Z; or of Z'HZ, H_i = w_i (diag(mu_i) - mu_i mu_i'), for the shares mu.
    void gram(std::size_t from, double* out, std::size_t stride, const double* mu = nullptr) const {
      const std::size_t m = size();
      for (std::size_t a = from; a < m; ++a) std::fill_n(out + a * stride, a + 1, 0.0);
      if (mu) subtract_shared(from, out, stride, mu);
      for (std::size_t l = 0; l < all_.outputs; ++l) add_own(l, from, out, stride, mu);
      for (std::size_t a = from; a < m; ++a)
        for (std::size_t b = 0; b < a; ++b) out[b * stride + a] = out[a * stride + b];
    }

    // Entries `from`.. of Z'v.
    void project(std::size_t from, const double* v, double* out) const {
      for (std::size_t l = 0; l < all_.outputs; ++l) {
        const std::vector<std::size_t>& mine = of_output_[l];
        const auto first = std::lower_bound(mine.begin(), mine.end(), from);
        project_own(l, {first, mine.end()}, v, out);
      }
    }

    // r += Z c over the columns `which`
    void combine_into(const std::vector<std::size_t>& which, const std::vector<double>& c,
                      double* r) const {
      std::vector<std::size_t> slots;
      std::vector<double> part;
      for (std::size_t l = 0; l < all_.outputs; ++l) {
        slots.clear();
        part.clear();
        for (std::size_t k = 0; k < which.size(); ++k)
          if (output_[which[k]] == l) slots.push_back(of_slot_[which[k]]), part.push_back(c[k]);
        combine(z_.data(), static_cast<std::ptrdiff_t>(length_), slots.data(), part.data(),
                slots.size(), r + l * length_, length_);
      }
    }

    // There are no float32 columns.
    double rounding(const double*) const { return 0.0; }

    void project_roughly(std::size_t from, const double* v, double* out) const {
      project(from, v, out);
    }

    void combine_roughly(const std::vector<std::size_t>& which, const std::vector<double>& c,
                         double* r) const {
      combine_into(which, c, r);
    }

    // out (n x count), row by row: the columns `which`, each times its `factor`.
    void rows(const std::vector<std::size_t>& which, const std::vector<double>& factor,
              float* out) const {
      const std::size_t count = which.size();
      std::fill_n(out, all_.n * count, 0.0f);
      for (std::size_t k = 0; k < count; ++k) {
        const double* z = column(which[k]);
        float* to = out + output_[which[k]] * length_ * count + k;
        for (std::size_t i = 0; i < length_; ++i)
          to[i * count] = static_cast<float>(factor[k] * z[i]);
      }
    }

   private:
    static constexpr std::size_t none = static_cast<std::size_t>(-1);
    static constexpr std::size_t at_once = 48;  // rows of the lower triangle

    std::size_t size() const { return output_.size(); }
    const double* column(std::size_t a) const { return z_.data() + of_slot_[a] * length_; }

    void put(std::size_t slot, std::size_t output) {
      of_output_[output].push_back(size());
      of_slot_.push_back(slot);
      output_.push_back(output);
    }

    void project_own(std::size_t l, const std::vector<std::size_t>& mine, const double* v,
                     double* out) const {
      std::vector<const double*> wanted;
      for (std::size_t a : mine) wanted.push_back(column(a));
      std::vector<double> found(mine.size());
      cross(wanted.data(), wanted.size(), v + l * length_, length_, 1, length_, found.data(), 1);
      for (std::size_t k = 0; k < mine.size(); ++k) out[mine[k]] = found[k];
    }

    // out -= V'V, column a of V is root(w) mu_l z
    void subtract_shared(std::size_t from, double* out, std::size_t stride,
                         const double* mu) const {
      const std::size_t m = size(), n = length_;
      Buffer<double> shared(m * n);
      std::vector<double> root(n), factor(n);
      for (std::size_t i = 0; i < n; ++i) root[i] = std::sqrt(all_.weights[i]);
      for (std::size_t l = 0; l < all_.outputs; ++l) {
        for (std::size_t i = 0; i < n; ++i) factor[i] = root[i] * mu[l * n + i];
        for (std::size_t a : of_output_[l]) {
          double* u = shared.data() + a * n;
          const double* z = column(a);
          for (std::size_t i = 0; i < n; ++i) u[i] = factor[i] * z[i];
        }
      }
      for (std::size_t begin = from; begin < m; begin += at_once) {
        const std::size_t end = std::min(begin + at_once, m);
        std::vector<const double*> added;
        for (std::size_t a = begin; a < end; ++a) added.push_back(shared.data() + a * n);
        cross(added.data(), added.size(), shared.data(), n, end, n, out + begin * stride, stride);
      }
      for (std::size_t a = from; a < m; ++a)
        for (std::size_t b = 0; b <= a; ++b) out[a * stride + b] = -out[a * stride + b];
    }

    // out += the products among the columns of output l, rows weighted by w mu_l or not at all
    void add_own(std::size_t l, std::size_t from, double* out, std::size_t stride,
                 const double* mu) const {
      const std::vector<std::size_t>& mine = of_output_[l];
      const std::size_t n = length_, count = mine.size();
      const auto first = static_cast<std::size_t>(
          std::lower_bound(mine.begin(), mine.end(), from) - mine.begin());
      if (first == count) return;
      Buffer<double> together(count * n), weighted(mu ? at_once * n : 0);
      for (std::size_t k = 0; k < count; ++k)
        std::copy_n(column(mine[k]), n, together.data() + k * n);
      std::vector<double> found;
      for (std::size_t begin = first; begin < count; begin += at_once) {
        const std::size_t end = std::min(begin + at_once, count);
        std::vector<const double*> added;
        for (std::size_t k = begin; k < end; ++k) {
          const double* z = together.data() + k * n;
          double* u = mu ? weighted.data() + (k - begin) * n : nullptr;
          for (std::size_t i = 0; u && i < n; ++i) u[i] = all_.weights[i] * mu[l * n + i] * z[i];
          added.push_back(u ? u : z);
        }
        found.resize((end - begin) * end);
        cross(added.data(), added.size(), together.data(), n, end, n, found.data(), end);
        for (std::size_t k = begin; k < end; ++k)
          for (std::size_t b = 0; b <= k; ++b)
            out[mine[k] * stride + mine[b]] += found[(k - begin) * end + b];
      }
    }

    const StackedColumns& all_;
    const std::size_t length_;
    Buffer<double> z_;
    std::size_t slots_ = 0;
    std::vector<std::size_t> slot_, of_slot_, output_;  // of a feature; of a working column, both
    std::vector<std::vector<std::size_t>> of_output_;   // working columns, rising
  };

  using Curved = Working;
};

// The base's copy serves all outputs.
template <class Base>
class Rounded<StackedColumns<Base>> {
 public:
  explicit Rounded(const StackedColumns<Base>& columns)
      : x_(columns), rounded_(columns.base), norms_(x_.p), away_(x_.p) {
    for (std::size_t j = 0; j < x_.p; ++j) {
      norms_[j] = rounded_.norms()[j / x_.outputs];
      away_[j] = rounded_.away()[j / x_.outputs];
    }
  }

  const double* norms() const { return norms_.data(); }
  const double* away() const { return away_.data(); }
  double cost() const { return rounded_.cost(); }

  void correlate(const double* theta, double* out) const {
    std::vector<double> found(x_.base.p);
    for (std::size_t l = 0; l < x_.outputs; ++l) {
      rounded_.correlate(theta + l * x_.base.n, found.data());
      for (std::size_t j = 0; j < x_.base.p; ++j) out[j * x_.outputs + l] = found[j];
    }
  }

 private:
  const StackedColumns<Base>& x_;
  const Rounded<Base> rounded_;
  std::vector<double> norms_, away_;
};

}  // namespace priorfit
