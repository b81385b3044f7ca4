#include "sparse_kernels.hpp"

#include "simd.hpp"

namespace priorfit {
namespace {

constexpr std::size_t lanes = 8;

// Sums in several parts: none waits for the one before.
template <class V>
PRIORFIT_INLINE double dot_of(const std::uint32_t* rows, const V* x, std::size_t count,
                              const double* r) {
  double total = 0.0;
  std::size_t e = 0;
  if (rows) {
    double sums[4] = {};
    for (; e + 4 <= count; e += 4)
      for (std::size_t q = 0; q < 4; ++q)
        sums[q] += r[rows[e + q]] * static_cast<double>(x[e + q]);
    for (; e < count; ++e) total += r[rows[e]] * static_cast<double>(x[e]);
    return total + ((sums[0] + sums[1]) + (sums[2] + sums[3]));
  }
  double sums[2][lanes] = {};
  for (; e + 2 * lanes <= count; e += 2 * lanes)
    for (std::size_t u = 0; u < 2; ++u)
      for (std::size_t q = 0; q < lanes; ++q)
        sums[u][q] += r[e + u * lanes + q] * static_cast<double>(x[e + u * lanes + q]);
  for (; e < count; ++e) total += r[e] * static_cast<double>(x[e]);
  for (std::size_t q = 0; q < lanes; ++q) total += sums[0][q] + sums[1][q];
  return total;
}

template <class V>
PRIORFIT_INLINE Sums sums_of(const std::uint32_t* rows, const V* x, std::size_t count,
                             const double* r, const double* h) {
  double a = 0.0, b = 0.0, c = 0.0;
  if (rows) {
    for (std::size_t e = 0; e < count; ++e) {
      const std::size_t i = rows[e];
      const double v = static_cast<double>(x[e]), hv = h[i] * v;
      a += r[i] * v;
      b += hv;
      c += hv * v;
    }
    return {a, b, c};
  }
#pragma omp simd reduction(+ : a, b, c)
  for (std::size_t i = 0; i < count; ++i) {
    const double v = static_cast<double>(x[i]), hv = h[i] * v;
    a += r[i] * v;
    b += hv;
    c += hv * v;
  }
  return {a, b, c};
}

template <class V>
PRIORFIT_INLINE void add_of(const std::uint32_t* rows, const V* x, std::size_t count, double c,
                            double* y) {
  if (rows) {
    for (std::size_t e = 0; e < count; ++e) y[rows[e]] += c * static_cast<double>(x[e]);
    return;
  }
#pragma omp simd
  for (std::size_t i = 0; i < count; ++i) y[i] += c * static_cast<double>(x[i]);
}

template <class V>
PRIORFIT_INLINE double subtract_of(const std::uint32_t* rows, const V* x, std::size_t count,
                                   double c, const double* h, double* r) {
  double sum = 0.0;
  if (rows) {
    for (std::size_t e = 0; e < count; ++e) {
      const std::size_t i = rows[e];
      const double hv = h[i] * static_cast<double>(x[e]);
      sum += hv;
      r[i] -= c * hv;
    }
    return sum;
  }
#pragma omp simd reduction(+ : sum)
  for (std::size_t i = 0; i < count; ++i) {
    const double hv = h[i] * static_cast<double>(x[i]);
    sum += hv;
    r[i] -= c * hv;
  }
  return sum;
}

// Two sums for each lane.
template <std::size_t L, class V, class I>
PRIORFIT_INLINE void dots_of(const I* rows, const V* x, std::size_t count, const double* w,
                             double* out) {
  double sums[2][L] = {};
  std::size_t e = 0;
  for (; e + 2 <= count; e += 2)
    for (std::size_t u = 0; u < 2; ++u)
      for (std::size_t l = 0; l < L; ++l)
        sums[u][l] +=
            static_cast<double>(x[e + u]) * w[static_cast<std::size_t>(rows[e + u]) * L + l];
  if (e < count)
    for (std::size_t l = 0; l < L; ++l)
      sums[0][l] += static_cast<double>(x[e]) * w[static_cast<std::size_t>(rows[e]) * L + l];
  for (std::size_t l = 0; l < L; ++l) out[l] = sums[0][l] + sums[1][l];
}

// Weighted with `w`, or each entry once where it is null; four sums of each kind.
template <class V, class I>
PRIORFIT_INLINE ColumnMoments moments_of(const I* rows, const V* x, std::size_t count,
                                         const double* w, const double* r, double total,
                                         double level) {
  constexpr std::size_t width = 4;
  double sums[width] = {}, present[width] = {}, along[width] = {}, size[width] = {};
  const auto weight = [&](std::size_t e) { return w ? w[rows[e]] : 1.0; };
  const auto each = [&](auto&& add) {
    std::size_t e = 0;
    for (; e + width <= count; e += width)
      for (std::size_t q = 0; q < width; ++q) add(e + q, q);
    for (; e < count; ++e) add(e, 0);
  };
  const auto all = [](const double* v) { return (v[0] + v[1]) + (v[2] + v[3]); };
  each([&](std::size_t e, std::size_t q) {
    const double v = static_cast<double>(x[e]), h = weight(e);
    sums[q] += h * v;
    present[q] += h;
    along[q] += r[rows[e]] * v;
    size[q] += v < 0.0 ? -v : v;
  });
  const double mean = all(sums) / total, absent = total - all(present);
  double around[width] = {};
  each([&](std::size_t e, std::size_t q) {
    const double away = static_cast<double>(x[e]) - mean;
    around[q] += weight(e) * away * away;
  });
  const double zeros = absent > 0.0 ? absent * mean * mean : 0.0;
  return {mean, (all(around) + zeros) / total, all(along) - mean * level, all(size)};
}

}  // namespace

#define PRIORFIT_SPARSE_KERNELS(V)                                                                \
  PRIORFIT_CLONES double entries_dot(const std::uint32_t* rows, const V* x, std::size_t count,    \
                                     const double* r) {                                           \
    return dot_of(rows, x, count, r);                                                             \
  }                                                                                               \
  PRIORFIT_CLONES Sums entries_sums(const std::uint32_t* rows, const V* x, std::size_t count,     \
                                    const double* r, const double* h) {                           \
    return sums_of(rows, x, count, r, h);                                                         \
  }                                                                                               \
  PRIORFIT_CLONES void entries_add(const std::uint32_t* rows, const V* x, std::size_t count,      \
                                   double c, double* y) {                                         \
    add_of(rows, x, count, c, y);                                                                 \
  }                                                                                               \
  PRIORFIT_CLONES double entries_subtract(const std::uint32_t* rows, const V* x,                  \
                                          std::size_t count, double c, const double* h,           \
                                          double* r) {                                            \
    return subtract_of(rows, x, count, c, h, r);                                                  \
  }

PRIORFIT_SPARSE_KERNELS(float)
PRIORFIT_SPARSE_KERNELS(double)
#undef PRIORFIT_SPARSE_KERNELS

#define PRIORFIT_DOTS(V, I)                                                                       \
  PRIORFIT_CLONES void entries_dots(const I* rows, const V* x, std::size_t count,                 \
                                    const double* w, std::size_t lanes, double* out) {            \
    if (lanes == 8) return dots_of<8>(rows, x, count, w, out);                                    \
    dots_of<1>(rows, x, count, w, out);                                                           \
  }                                                                                               \
  PRIORFIT_CLONES ColumnMoments entries_moments(const I* rows, const V* x, std::size_t count,     \
                                                const double* w, const double* r, double total,   \
                                                double level) {                                   \
    return w ? moments_of(rows, x, count, w, r, total, level)                                     \
             : moments_of<V, I>(rows, x, count, nullptr, r, total, level);                        \
  }
PRIORFIT_DOTS(float, std::int32_t)
PRIORFIT_DOTS(float, std::int64_t)
PRIORFIT_DOTS(double, std::int32_t)
PRIORFIT_DOTS(double, std::int64_t)
#undef PRIORFIT_DOTS

}  // namespace priorfit
