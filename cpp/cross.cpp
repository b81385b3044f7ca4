#include "cross.hpp"

#include <algorithm>

#include "dispatch.hpp"
#include "lanes.hpp"
#include "parallel.hpp"
#include "simd.hpp"

#if defined(__GNUC__)
#define PRIORFIT_PREFETCH(address) __builtin_prefetch(address, 0, 2)
#else
#define PRIORFIT_PREFETCH(address)
#endif

namespace priorfit {
namespace {

constexpr std::size_t line = 64;            // bytes that come from memory together
constexpr std::size_t right_at_once = 48;   // columns of B: a chunk of them stays in cache

// A columns against B columns over n rows, all sums held in registers.
template <int L, int A, int B, class T, class R>
PRIORFIT_INLINE void tile(const T* const* a, std::size_t from, const R* b, std::size_t ldb,
                          std::size_t n, double* out, std::size_t stride, bool fetch) {
  const T* left_of[A];
  PRIORFIT_UNROLL
  for (int i = 0; i < A; ++i) left_of[i] = a[i] + from;
  typedef typename Lanes<R, L>::Vector Vector;
  Vector sums[A][B] = {};
  std::size_t r = 0;
  for (; r + L <= n; r += L) {
    if (fetch && (r * sizeof(T)) % line < L * sizeof(T)) {
      PRIORFIT_UNROLL
      for (int i = 0; i < A; ++i) PRIORFIT_PREFETCH(a[A + i] + from + r);
    }
    Vector right[B], left;
    PRIORFIT_UNROLL
    for (int k = 0; k < B; ++k) load<R, L>(b + k * ldb + r, right[k]);
    PRIORFIT_UNROLL
    for (int i = 0; i < A; ++i) {
      load<R, L>(left_of[i] + r, left);
      PRIORFIT_UNROLL
      for (int k = 0; k < B; ++k) sums[i][k] += left * right[k];
    }
  }
  PRIORFIT_UNROLL
  for (int i = 0; i < A; ++i)
    PRIORFIT_UNROLL
    for (int k = 0; k < B; ++k) {
      double tail = 0.0;
      for (std::size_t q = r; q < n; ++q)
        tail += static_cast<double>(left_of[i][q]) * static_cast<double>(b[k * ldb + q]);
      out[i * stride + k] += sum<R, L>(sums[i][k]) + tail;
    }
}

// A columns against k, three at a time. The first three wait for memory; during the next three, if
// there are such, the `A` columns that follow are fetched.
template <int L, int A, class T, class R>
PRIORFIT_INLINE void strip(const T* const* a, std::size_t from, const R* b, std::size_t ldb,
                           std::size_t k, std::size_t n, double* out, std::size_t stride,
                           bool more) {
  const std::size_t fetched = k > 3 ? 3 : 0;
  std::size_t j = 0;
  for (; j + 3 <= k; j += 3)
    tile<L, A, 3>(a, from, b + j * ldb, ldb, n, out + j, stride, more && j == fetched);
  if (k - j == 2) tile<L, A, 2>(a, from, b + j * ldb, ldb, n, out + j, stride, more && j == fetched);
  if (k - j == 1) tile<L, A, 1>(a, from, b + j * ldb, ldb, n, out + j, stride, more && j == fetched);
}

template <int L, class T, class R>
PRIORFIT_INLINE void cross_with(const T* const* a, std::size_t m, const R* b, std::size_t ldb,
                                std::size_t k, std::size_t n, double* out, std::size_t stride,
                                bool add) {
  for (std::size_t i = 0; i < m && !add; ++i) std::fill_n(out + i * stride, k, 0.0);
  for (std::size_t r = 0; r < n; r += rows_of_a_chunk) {
    const std::size_t rows = std::min(rows_of_a_chunk, n - r);
    for (std::size_t j = 0; j < k; j += right_at_once) {
      const std::size_t width = std::min(right_at_once, k - j);
      const R* right = b + j * ldb + r;
      std::size_t i = 0;
      for (; i + 4 <= m; i += 4)
        strip<L, 4>(a + i, r, right, ldb, width, rows, out + i * stride + j, stride,
                    i + 8 <= m);
      for (; i < m; ++i)
        strip<L, 1>(a + i, r, right, ldb, width, rows, out + i * stride + j, stride, false);
    }
  }
}

template <int L, class T>
PRIORFIT_INLINE void combine_with(const T* x, std::ptrdiff_t ld, const std::size_t* which,
                                  const double* c, std::size_t count, double* y, std::size_t n) {
  const auto column = [&](std::size_t k) { return x + static_cast<std::ptrdiff_t>(which[k]) * ld; };
  std::size_t k = 0;
  for (; k + 4 <= count; k += 4) {
    const T *x0 = column(k), *x1 = column(k + 1), *x2 = column(k + 2), *x3 = column(k + 3);
    const double c0 = c[k], c1 = c[k + 1], c2 = c[k + 2], c3 = c[k + 3];
#pragma omp simd
    for (std::size_t i = 0; i < n; ++i)
      y[i] += (c0 * x0[i] + c1 * x1[i]) + (c2 * x2[i] + c3 * x3[i]);
  }
  for (; k < count; ++k) {
    const T* x0 = column(k);
    const double c0 = c[k];
#pragma omp simd
    for (std::size_t i = 0; i < n; ++i) y[i] += c0 * x0[i];
  }
}

#define PRIORFIT_CROSS_ARGUMENTS                                                                  \
  const T *const *a, std::size_t m, const R *b, std::size_t ldb, std::size_t k, std::size_t n,    \
      double *out, std::size_t stride, bool add
#define PRIORFIT_COMBINE_ARGUMENTS                                                                \
  const T *x, std::ptrdiff_t ld, const std::size_t *which, const double *c, std::size_t count,    \
      double *y, std::size_t n

template <class T, class R>
void cross_plain(PRIORFIT_CROSS_ARGUMENTS) {
  cross_with<lanes<R>(16)>(a, m, b, ldb, k, n, out, stride, add);
}
template <class T>
void combine_plain(PRIORFIT_COMBINE_ARGUMENTS) {
  combine_with<2>(x, ld, which, c, count, y, n);
}

#if PRIORFIT_DISPATCH
template <class T, class R>
__attribute__((target("avx2,fma"))) void cross_avx2(PRIORFIT_CROSS_ARGUMENTS) {
  cross_with<lanes<R>(32)>(a, m, b, ldb, k, n, out, stride, add);
}
template <class T, class R>
__attribute__((target("avx512f,avx512dq,avx512vl"))) void cross_avx512(PRIORFIT_CROSS_ARGUMENTS) {
  cross_with<lanes<R>(64)>(a, m, b, ldb, k, n, out, stride, add);
}
template <class T>
__attribute__((target("avx2,fma"))) void combine_avx2(PRIORFIT_COMBINE_ARGUMENTS) {
  combine_with<4>(x, ld, which, c, count, y, n);
}
template <class T>
__attribute__((target("avx512f,avx512dq,avx512vl"))) void combine_avx512(
    PRIORFIT_COMBINE_ARGUMENTS) {
  combine_with<8>(x, ld, which, c, count, y, n);
}
#endif

template <class T, class R>
void cross_here(PRIORFIT_CROSS_ARGUMENTS) {
#if PRIORFIT_DISPATCH
  if (level() == 2) return cross_avx512(a, m, b, ldb, k, n, out, stride, add);
  if (level() == 1) return cross_avx2(a, m, b, ldb, k, n, out, stride, add);
#endif
  cross_plain(a, m, b, ldb, k, n, out, stride, add);
}

template <class T>
void combine_here(PRIORFIT_COMBINE_ARGUMENTS) {
#if PRIORFIT_DISPATCH
  if (level() == 2) return combine_avx512(x, ld, which, c, count, y, n);
  if (level() == 1) return combine_avx2(x, ld, which, c, count, y, n);
#endif
  combine_plain(x, ld, which, c, count, y, n);
}

double products_of(std::size_t m, std::size_t k, std::size_t n) {
  return static_cast<double>(m) * static_cast<double>(k) * static_cast<double>(n);
}

}  // namespace

// Divided by columns of the longer side, in whole tiles.
template <class T, class R>
void cross(PRIORFIT_CROSS_ARGUMENTS) {
  const double products = products_of(m, k, n);
  if (m >= k)
    return in_blocks(m, 4, products, [=](std::size_t begin, std::size_t end) {
      cross_here(a + begin, end - begin, b, ldb, k, n, out + begin * stride, stride,
                 add);
    });
  in_blocks(k, 3, products, [=](std::size_t begin, std::size_t end) {
    cross_here(a, m, b + begin * ldb, ldb, end - begin, n, out + begin, stride, add);
  });
}

template <class R>
void inner_products(const R* a, std::size_t ld, std::size_t from, std::size_t count,
                    std::size_t n, double* out, std::size_t stride, bool add) {
  constexpr std::size_t at_once = 48;  // rows of the lower triangle
  const R* left[at_once];
  for (std::size_t begin = from; begin < count; begin += at_once) {
    const std::size_t end = std::min(begin + at_once, count);
    for (std::size_t i = begin; i < end; ++i) left[i - begin] = a + i * ld;
    cross(left, end - begin, a, ld, end, n, out + begin * stride, stride, add);
  }
}

// Divided by rows: each is a sum of its own.
template <class T>
void combine(PRIORFIT_COMBINE_ARGUMENTS) {
  in_blocks(n, rows_of_a_chunk, products_of(count, 1, n), [=](std::size_t begin, std::size_t end) {
    combine_here(x + begin, ld, which, c, count, y + begin, end - begin);
  });
}

#define PRIORFIT_CROSS(T, R)                                                                       \
  template void cross<T, R>(const T* const*, std::size_t, const R*, std::size_t, std::size_t,     \
                            std::size_t, double*, std::size_t, bool);
PRIORFIT_CROSS(double, double)
PRIORFIT_CROSS(float, double)
PRIORFIT_CROSS(float, float)
PRIORFIT_CROSS(std::int16_t, float)
#define PRIORFIT_INNER_PRODUCTS(R)                                                                 \
  template void inner_products<R>(const R*, std::size_t, std::size_t, std::size_t, std::size_t,   \
                                  double*, std::size_t, bool);
PRIORFIT_INNER_PRODUCTS(double)
PRIORFIT_INNER_PRODUCTS(float)
#define PRIORFIT_COMBINE(T)                                                                        \
  template void combine<T>(const T*, std::ptrdiff_t, const std::size_t*, const double*,           \
                           std::size_t, double*, std::size_t);
PRIORFIT_COMBINE(double)
PRIORFIT_COMBINE(float)

}  // namespace priorfit
