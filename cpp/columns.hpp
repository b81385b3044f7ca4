// Where columns are stored, and what a path asks of them: correlations of all, copies of a few.
//
// Z = root (X - center) / scale; `root` is the root of the weights.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "buffer.hpp"
#include "cross.hpp"
#include "moments.hpp"
#include "parallel.hpp"
#include "row_kernels.hpp"
#include "sparse_kernels.hpp"
#include "square_matrix.hpp"

namespace priorfit {

struct Units {
  const double *center, *scale, *root;
};

template <class T>
struct DenseColumns {
  std::vector<const T*> x;  // where each column starts
  std::size_t n, p;
  Units units;
  const std::int64_t* rows = nullptr;  // of copies of columns, where not all

  std::size_t row(std::size_t i) const { return rows ? static_cast<std::size_t>(rows[i]) : i; }

  // out (count x k) = Z_W'R for R (n x k), over the columns `which`, or all p where that is null.
  void correlate(const std::size_t* which, std::size_t count, const double* r, std::size_t k,
                 double* out) const {
    std::vector<double> weighted(n * k), totals(k, 0.0);
    for (std::size_t c = 0; c < k; ++c)
      for (std::size_t i = 0; i < n; ++i)
        totals[c] += weighted[c * n + i] = units.root[i] * r[c * n + i];
    std::vector<const T*> some(which ? count : 0);
    for (std::size_t i = 0; i < some.size(); ++i) some[i] = x[which[i]];
    cross(which ? some.data() : x.data(), count, weighted.data(), n, k, n, out, k);
    for (std::size_t i = 0; i < count; ++i) {
      const std::size_t j = which ? which[i] : i;
      for (std::size_t c = 0; c < k; ++c)
        out[i * k + c] = (out[i * k + c] - units.center[j] * totals[c]) / units.scale[j];
    }
  }

  // |z_j| of every column.
  void norms(double* out) const {
    std::vector<double> w(n);
    double total = 0.0;
    for (std::size_t i = 0; i < n; ++i) total += w[i] = units.root[i] * units.root[i];
    in_blocks(p, 4, 4.0 * static_cast<double>(n * p), [&](std::size_t begin, std::size_t end) {
      std::vector<Moments> found(end - begin);
      moments(x.data() + begin, end - begin, w.data(), w.data(), n, total, total, found.data());
      for (std::size_t j = begin; j < end; ++j) {
        const double away = found[j - begin].mean - units.center[j];
        out[j] = std::sqrt(total * (found[j - begin].variance + away * away)) / units.scale[j];
      }
    });
  }

  // A few columns in use: float64 copies, whose products are fast.
  class Working {
   public:
    explicit Working(const DenseColumns& all) : all_(all), ld_(leading_dimension<float>(all.n)) {}

    void add(const std::vector<std::size_t>& fresh) {
      const std::size_t n = all_.n, m = size();
      z_.resize((m + fresh.size()) * ld_);
      for (std::size_t k = 0; k < fresh.size(); ++k) {
        const T* x = all_.x[fresh[k]];
        const double center = all_.units.center[fresh[k]], scale = all_.units.scale[fresh[k]];
        double* z = z_.data() + (m + k) * ld_;
        for (std::size_t i = 0; i < n; ++i)
          z[i] = all_.units.root[i] * ((static_cast<double>(x[all_.row(i)]) - center) / scale);
        std::fill(z + n, z + ld_, 0.0);
      }
    }

    const double* column(std::size_t i) const { return z_.data() + i * ld_; }
    std::size_t ld() const { return ld_; }  // from one column to the next
    std::size_t size() const { return z_.size() / ld_; }

    // A column of ones, for an intercept.
    void add_ones() {
      z_.resize(z_.size() + ld_);
      std::fill_n(z_.data() + z_.size() - ld_, all_.n, 1.0);
    }

    // Rows `from`.. of Z'Z, or of Z'diag(h)Z; `rough`: of float32 columns.
    void gram(std::size_t from, double* out, std::size_t stride, const double* h = nullptr,
              bool rough = false) {
      const auto same = [](const double* z, std::size_t) { return z; };
      if (!h) return triangle(z_.data(), from, out, stride, same);
      gram_of(from, out, stride, [&](const double* z, std::size_t count, std::size_t ld, double* u) {
        for (std::size_t k = 0; k < count; ++k)
          for (std::size_t r = 0; r < all_.n; ++r) u[k * ld + r] = h[r] * z[k * ld + r];
      }, rough);
    }

    // Rows `from`.. of Z'HZ: `apply(z, count, ld, u)` writes u = H z of `count` columns, ld apart.
    template <class Apply>
    void gram_of(std::size_t from, double* out, std::size_t stride, Apply&& apply,
                 bool rough = false) {
      const std::size_t most = std::min(at_once, size() - from) * ld_;
      curved_.resize(most);
      const auto curve = [&](const double* z, std::size_t count) {
        apply(z, count, ld_, curved_.data());
        return static_cast<const double*>(curved_.data());
      };
      if (!rough) return triangle(z_.data(), from, out, stride, curve);
      round();
      rounded_curved_.resize(most);
      float* rounded = rounded_curved_.data();
      triangle(rounded_.data(), from, out, stride, [&](const double* z, std::size_t count) {
        const double* curved = curve(z, count);
        for (std::size_t i = 0; i < count * ld_; ++i) rounded[i] = static_cast<float>(curved[i]);
        return static_cast<const float*>(rounded);
      });
    }

    // Entries `from`.. of Z'v.
    void project(std::size_t from, const double* v, double* out) const {
      std::vector<const double*> wanted;
      for (std::size_t i = from; i < size(); ++i) wanted.push_back(column(i));
      cross(wanted.data(), wanted.size(), v, all_.n, 1, all_.n, out + from, 1);
    }

    // r += Z c over the columns `which`
    void combine_into(const std::vector<std::size_t>& which, const std::vector<double>& c,
                      double* r) const {
      combine(z_.data(), static_cast<std::ptrdiff_t>(ld_), which.data(), c.data(),
              which.size(), r, all_.n);
    }

    // out (n x count), row by row: the columns `which`, each times its `factor`.
    void rows(const std::vector<std::size_t>& which, const std::vector<double>& factor,
              float* out) {
      constexpr std::size_t at_once = 16;  // rows: a line of the cache
      const std::size_t count = which.size();
      round();
      for (std::size_t i = 0; i < all_.n; i += at_once)
        for (std::size_t k = 0; k < count; ++k) {
          const float *z = rounded_.data() + which[k] * ld_, share = static_cast<float>(factor[k]);
          for (std::size_t r = i; r < std::min(i + at_once, all_.n); ++r)
            out[r * count + k] = share * z[r];
        }
    }

    // About how much `project_roughly(v)` loses to rounding.
    double rounding(const double* v) {
      round();
      double most = 0.0;
      for (std::size_t i = 0; i < all_.n; ++i) most = std::max(most, std::fabs(v[i]));
      return most * longest_ / (1 << 25);
    }

    // As `project` and `combine_into`, of float32 columns.
    void project_roughly(std::size_t from, const double* v, double* out) {
      round();
      products(rounded_.data() + from * ld_, ld_, size() - from, v, all_.n, out + from);
    }

    void combine_roughly(const std::vector<std::size_t>& which, const std::vector<double>& c,
                         double* r) {
      round();
      combine(rounded_.data(), static_cast<std::ptrdiff_t>(ld_), which.data(), c.data(),
              which.size(), r, all_.n);
    }

   private:
    static constexpr std::size_t at_once = 48;  // rows of the lower triangle

    // Rows `from`.. of Z'U, `columns` those of Z, `curve(z, count)` those of U.
    template <class R, class Curve>
    void triangle(const R* columns, std::size_t from, double* out, std::size_t stride,
                  Curve&& curve) {
      const std::size_t m = size();
      for (std::size_t begin = from; begin < m; begin += at_once) {
        const std::size_t end = std::min(begin + at_once, m);
        const R* curved = curve(column(begin), end - begin);
        std::vector<const R*> added;
        for (std::size_t i = 0; i < end - begin; ++i) added.push_back(curved + i * ld_);
        cross(added.data(), added.size(), columns, ld_, end, all_.n, out + begin * stride, stride);
      }
      mirror(out, stride, from, m);
    }

    void round() {
      const std::size_t known = rounded_.size() / ld_;
      rounded_.resize(z_.size());
      for (std::size_t j = known; j < size(); ++j) {
        const double* z = column(j);
        double square = 0.0;
        for (std::size_t i = 0; i < all_.n; ++i) {
          rounded_.data()[j * ld_ + i] = static_cast<float>(z[i]);
          square += z[i] * z[i];
        }
        longest_ = std::max(longest_, std::sqrt(square));
      }
    }

    const DenseColumns& all_;
    const std::size_t ld_;
    Buffer<double> z_;
    Buffer<float> rounded_;
    Buffer<double> curved_;  // a few columns of HZ
    Buffer<float> rounded_curved_;
    double longest_ = 0.0;  // column
  };

  using Curved = Working;
};

template <class T, class I>
class SparseWorking;
template <class T, class I>
class SparseLists;

// Compressed columns: entries start[j] .. start[j + 1] of `row` and `value`.
template <class T, class I>
struct SparseColumns {
  const I *start, *row;
  const T* value;
  std::size_t n, p;
  Units units;

  void correlate(const std::size_t* which, std::size_t count, const double* r, std::size_t k,
                 double* out) const {
    constexpr std::size_t line = 8;  // numbers of a cache line
    Buffer<double> room;
    for (std::size_t c = 0, lanes; c < k; c += lanes) {
      lanes = k - c > 2 ? line : 1;  // row by row: an entry reads them in a line
      room.resize(n * lanes + line);
      double *w = aligned(room.data()), totals[line] = {};
      const std::size_t some = std::min(k - c, lanes);
      for (std::size_t i = 0; i < n; ++i)
        for (std::size_t l = 0; l < lanes; ++l)
          totals[l] += w[i * lanes + l] = l < some ? units.root[i] * r[(c + l) * n + i] : 0.0;
      in_blocks(count, 1, passing(count, some), [&](std::size_t begin, std::size_t end) {
        double sums[line];
        for (std::size_t i = begin; i < end; ++i) {
          const std::size_t j = which ? which[i] : i;
          const auto from = static_cast<std::size_t>(start[j]);
          entries_dots(row + from, value + from, static_cast<std::size_t>(start[j + 1]) - from, w,
                       lanes, sums);
          for (std::size_t l = 0; l < some; ++l)
            out[i * k + c + l] = (sums[l] - units.center[j] * totals[l]) / units.scale[j];
        }
      });
    }
  }

  // What a pass over `count` columns costs, in products of numbers that lie in a line.
  double passing(std::size_t count, std::size_t k) const {
    const double entries = static_cast<double>(start[p]) / static_cast<double>(p);
    return static_cast<double>(count) * entries * (4.0 + static_cast<double>(k));
  }

  void norms(double* out) const {
    double total = 0.0;
    for (std::size_t i = 0; i < n; ++i) total += units.root[i] * units.root[i];
    in_blocks(p, 1, passing(p, 2), [&](std::size_t begin, std::size_t end) {
      for (std::size_t j = begin; j < end; ++j) {
        double sum = 0.0, square = 0.0;
        for (I e = start[j]; e < start[j + 1]; ++e) {
          const double v = static_cast<double>(value[e]), w = units.root[row[e]];
          sum += w * w * v;
          square += w * w * v * v;
        }
        const double c = units.center[j], around = square - 2.0 * c * sum + c * c * total;
        out[j] = std::sqrt(std::max(around, 1e-12 * (square + c * c * total))) / units.scale[j];
      }
    });
  }

  using Working = SparseWorking<T, I>;
  using Curved = SparseLists<T, I>;

  // As in moments.hpp, of every column; zeros count as rows too. `size`: sum of |x|.
  void moments(const double* w, double total, const double* r, double level, double* mean,
               double* variance, double* product, double* size) const {
    const bool plain = std::all_of(w, w + n, [](double v) { return v == 1.0; });
    in_blocks(p, 1, passing(p, 4), [&](std::size_t begin, std::size_t end) {
      for (std::size_t j = begin; j < end; ++j) {
        const auto from = static_cast<std::size_t>(start[j]);
        const ColumnMoments found =
            entries_moments(row + from, value + from, static_cast<std::size_t>(start[j + 1]) - from,
                            plain ? nullptr : w, r, total, level);
        mean[j] = found.mean;
        variance[j] = found.variance;
        product[j] = found.product;
        size[j] = found.size;
      }
    });
  }
};

}  // namespace priorfit

#include "sparse_lists.hpp"
#include "sparse_working.hpp"
