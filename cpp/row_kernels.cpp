#include "row_kernels.hpp"

#include <algorithm>
#include <cstring>
#include <vector>

#include "cross.hpp"
#include "dispatch.hpp"
#include "simd.hpp"

namespace priorfit {
namespace {

constexpr std::size_t at_once = 384;  // columns: the rows of a strip of them stay in cache
constexpr int across = 3;             // vectors

// L numbers in a register, and as many float64.
#if defined(__GNUC__)
template <class R, int L>
struct Lanes {
  typedef R Vector __attribute__((vector_size(L * sizeof(R))));
};

template <class R, int L>
PRIORFIT_INLINE void load(const float* p, typename Lanes<R, L>::Vector& x) {
  typename Lanes<float, L>::Vector stored;
  std::memcpy(&stored, p, sizeof stored);
  x = __builtin_convertvector(stored, typename Lanes<R, L>::Vector);
}

template <class R, int L>
PRIORFIT_INLINE double sum(const typename Lanes<R, L>::Vector& x) {
  if constexpr (L == 2) {
    return static_cast<double>(x[0]) + static_cast<double>(x[1]);
  } else {
    typename Lanes<R, L / 2>::Vector low, high;
    std::memcpy(&low, &x, sizeof low);
    std::memcpy(&high, reinterpret_cast<const char*>(&x) + sizeof low, sizeof high);
    low += high;
    return sum<R, L / 2>(low);
  }
}

// y += x over L rows, and into `copy`, if there is one.
template <int L>
PRIORFIT_INLINE void add(const typename Lanes<float, L>::Vector& x, double* y, float* copy) {
  typename Lanes<double, L>::Vector sum;
  std::memcpy(&sum, y, sizeof sum);
  sum += __builtin_convertvector(x, typename Lanes<double, L>::Vector);
  std::memcpy(y, &sum, sizeof sum);
  if (!copy) return;
  const auto rounded = __builtin_convertvector(sum, typename Lanes<float, L>::Vector);
  std::memcpy(copy, &rounded, sizeof rounded);
}
#else
template <class R, int L>
struct Lanes {
  typedef R Vector;
};

template <class R, int L>
void load(const float* p, R& x) {
  x = *p;
}

template <class R, int L>
double sum(const R& x) {
  return x;
}

template <int L>
void add(const float& x, double* y, float* copy) {
  *y += x;
  if (copy) *copy = static_cast<float>(*y);
}
#endif

// Entries first .. first + wide of `count` columns, side by side; zeros beyond n.
void pack(const float* x, std::size_t ld, const std::size_t* which, const double* weight,
          std::size_t count, std::size_t first, std::size_t wide, std::size_t n, float* out) {
  const std::size_t here = std::min(wide, n - first);
  for (std::size_t k = 0; k < count; ++k) {
    const float *from = x + which[k] * ld + first, w = weight ? static_cast<float>(weight[k]) : 1.0f;
    for (std::size_t i = 0; i < here; ++i) out[k * wide + i] = w * from[i];
    std::fill(out + k * wide + here, out + (k + 1) * wide, 0.0f);
  }
}

// sums (R x across vectors) = the products of R packed rows with as many as `across` vectors hold.
template <int L, int R>
PRIORFIT_INLINE void tile(const float* left, const float* right, std::size_t count, float* sums) {
  typedef typename Lanes<float, L>::Vector Vector;
  constexpr std::size_t lanes = sizeof(Vector) / sizeof(float), wide = across * lanes;
  Vector sum[R][across] = {};
  for (std::size_t k = 0; k < count; ++k) {
    Vector b[across];
    PRIORFIT_UNROLL
    for (int j = 0; j < across; ++j) std::memcpy(&b[j], right + k * wide + j * lanes, sizeof(Vector));
    PRIORFIT_UNROLL
    for (int i = 0; i < R; ++i)
      PRIORFIT_UNROLL
      for (int j = 0; j < across; ++j) sum[i][j] += left[k * R + i] * b[j];
  }
  std::memcpy(sums, sum, sizeof sum);
}

template <int L, int R>
PRIORFIT_INLINE void outer_with(const float* x, std::size_t ld, const std::size_t* which,
                                const double* weight, std::size_t count, std::size_t n,
                                double* out) {
  typedef typename Lanes<float, L>::Vector Vector;
  constexpr std::size_t wide = across * sizeof(Vector) / sizeof(float), high = R;
  const std::size_t strips = (n + high - 1) / high;
  std::vector<float> left(strips * high * at_once), right(wide * at_once);
  float sums[high * wide];
  for (std::size_t i = 0; i < n; ++i) std::fill_n(out + i * n, i + 1, 0.0);
  for (std::size_t k = 0; k < count; k += at_once) {
    const std::size_t some = std::min(at_once, count - k);
    for (std::size_t s = 0; s < strips; ++s)
      pack(x, ld, which + k, weight + k, some, s * high, high, n, left.data() + s * high * at_once);
    for (std::size_t j = 0; j < n; j += wide) {
      pack(x, ld, which + k, nullptr, some, j, wide, n, right.data());
      for (std::size_t s = j / high; s < strips; ++s) {
        tile<L, R>(left.data() + s * high * at_once, right.data(), some, sums);
        for (std::size_t i = s * high; i < std::min(s * high + high, n); ++i)
          for (std::size_t c = j; c < std::min(j + wide, i + 1); ++c)
            out[i * n + c] += static_cast<double>(sums[(i - s * high) * wide + c - j]);
      }
    }
  }
}

// out += A columns against one vector, all sums held in registers.
template <class R, int L, int A>
PRIORFIT_INLINE void products_of(const float* x, std::size_t ld, const R* v, std::size_t n,
                                 double* out) {
  typedef typename Lanes<R, L>::Vector Vector;
  constexpr std::size_t lanes = sizeof(Vector) / sizeof(R);
  Vector sums[A] = {};
  std::size_t i = 0;
  for (; i + lanes <= n; i += lanes) {
    Vector right, left;
    std::memcpy(&right, v + i, sizeof right);
#if defined(__GNUC__)
    if (i % 16 == 0) {
      PRIORFIT_UNROLL
      for (int k = 0; k < A; ++k) __builtin_prefetch(x + static_cast<std::size_t>(A + k) * ld + i, 0, 2);
    }
#endif
    PRIORFIT_UNROLL
    for (int k = 0; k < A; ++k) {
      load<R, L>(x + static_cast<std::size_t>(k) * ld + i, left);
      sums[k] += left * right;
    }
  }
  PRIORFIT_UNROLL
  for (int k = 0; k < A; ++k) {
    double tail = 0.0;
    for (std::size_t r = i; r < n; ++r)
      tail += static_cast<double>(x[static_cast<std::size_t>(k) * ld + r]) * v[r];
    out[k] += sum<R, L>(sums[k]) + tail;
  }
}

template <class R, int L>
PRIORFIT_INLINE void products_with(const float* x, std::size_t ld, std::size_t count, const R* v,
                                   std::size_t n, double* out) {
  std::fill_n(out, count, 0.0);
  for (std::size_t r = 0; r < n; r += rows_of_a_chunk) {
    const std::size_t rows = std::min(rows_of_a_chunk, n - r);
    const float* from = x + r;
    std::size_t j = 0;
    for (; j + 8 <= count; j += 8) products_of<R, L, 8>(from + j * ld, ld, v + r, rows, out + j);
    for (; j + 2 <= count; j += 2) products_of<R, L, 2>(from + j * ld, ld, v + r, rows, out + j);
    for (; j < count; ++j) products_of<R, L, 1>(from + j * ld, ld, v + r, rows, out + j);
  }
}

// A columns, each times its c, into y.
template <int L, int A>
PRIORFIT_INLINE void add_some(const float* x, std::size_t ld, const std::size_t* which,
                              const float* c, std::size_t n, double* y, float* copy) {
  typedef typename Lanes<float, L>::Vector Vector;
  constexpr std::size_t lanes = sizeof(Vector) / sizeof(float);
  const float* from[A];
  PRIORFIT_UNROLL
  for (int k = 0; k < A; ++k) from[k] = x + which[k] * ld;
  std::size_t i = 0;
  for (; i + lanes <= n; i += lanes) {
    Vector sum = {};
    PRIORFIT_UNROLL
    for (int k = 0; k < A; ++k) {
      Vector left;
      std::memcpy(&left, from[k] + i, sizeof left);
      sum += c[k] * left;
    }
    add<L>(sum, y + i, copy ? copy + i : nullptr);
  }
  for (; i < n; ++i) {
    for (int k = 0; k < A; ++k) y[i] += static_cast<double>(c[k] * from[k][i]);
    if (copy) copy[i] = static_cast<float>(y[i]);
  }
}

template <int L>
PRIORFIT_INLINE void add_with(const float* x, std::size_t ld, const std::size_t* which,
                              const float* c, std::size_t count, std::size_t n, double* y,
                              float* copy) {
  std::size_t k = 0;
  for (; k + 10 <= count; k += 10) add_some<L, 10>(x, ld, which + k, c + k, n, y, copy);
  for (; k + 4 <= count; k += 4) add_some<L, 4>(x, ld, which + k, c + k, n, y, copy);
  for (; k < count; ++k) add_some<L, 1>(x, ld, which + k, c + k, n, y, copy);
}

#define PRIORFIT_OUTER_ARGUMENTS                                                                  \
  const float *x, std::size_t ld, const std::size_t *which, const double *weight,                 \
      std::size_t count, std::size_t n, double *out
#define PRIORFIT_PRODUCTS_ARGUMENTS                                                               \
  const float *x, std::size_t ld, std::size_t count, const R *v, std::size_t n, double *out
#define PRIORFIT_ADD_ARGUMENTS                                                                    \
  const float *x, std::size_t ld, const std::size_t *which, const float *c, std::size_t count,    \
      std::size_t n, double *y, float *copy

void outer_plain(PRIORFIT_OUTER_ARGUMENTS) {
  outer_with<4, 4>(x, ld, which, weight, count, n, out);
}
template <class R>
void products_plain(PRIORFIT_PRODUCTS_ARGUMENTS) {
  products_with<R, 16 / sizeof(R)>(x, ld, count, v, n, out);
}
void add_plain(PRIORFIT_ADD_ARGUMENTS) { add_with<4>(x, ld, which, c, count, n, y, copy); }

#if PRIORFIT_DISPATCH
__attribute__((target("avx2,fma"))) void outer_avx2(PRIORFIT_OUTER_ARGUMENTS) {
  outer_with<8, 4>(x, ld, which, weight, count, n, out);
}
template <class R>
__attribute__((target("avx2,fma"))) void products_avx2(PRIORFIT_PRODUCTS_ARGUMENTS) {
  products_with<R, 32 / sizeof(R)>(x, ld, count, v, n, out);
}
__attribute__((target("avx2,fma"))) void add_avx2(PRIORFIT_ADD_ARGUMENTS) {
  add_with<8>(x, ld, which, c, count, n, y, copy);
}
__attribute__((target("avx512f,avx512dq,avx512vl"))) void outer_avx512(PRIORFIT_OUTER_ARGUMENTS) {
  outer_with<16, 8>(x, ld, which, weight, count, n, out);
}
template <class R>
__attribute__((target("avx512f,avx512dq,avx512vl"))) void products_avx512(
    PRIORFIT_PRODUCTS_ARGUMENTS) {
  products_with<R, 64 / sizeof(R)>(x, ld, count, v, n, out);
}
__attribute__((target("avx512f,avx512dq,avx512vl"))) void add_avx512(PRIORFIT_ADD_ARGUMENTS) {
  add_with<16>(x, ld, which, c, count, n, y, copy);
}
#endif

template <class R>
void products_here(PRIORFIT_PRODUCTS_ARGUMENTS) {
#if PRIORFIT_DISPATCH
  if (level() == 2) return products_avx512(x, ld, count, v, n, out);
  if (level() == 1) return products_avx2(x, ld, count, v, n, out);
#endif
  products_plain(x, ld, count, v, n, out);
}

}  // namespace

void outer_products(PRIORFIT_OUTER_ARGUMENTS) {
#if PRIORFIT_DISPATCH
  if (level() == 2) return outer_avx512(x, ld, which, weight, count, n, out);
  if (level() == 1) return outer_avx2(x, ld, which, weight, count, n, out);
#endif
  outer_plain(x, ld, which, weight, count, n, out);
}

void products(const float* x, std::size_t ld, std::size_t count, const double* v, std::size_t n,
              double* out) {
  products_here(x, ld, count, v, n, out);
}

void products(const float* x, std::size_t ld, std::size_t count, const float* v, std::size_t n,
              double* out) {
  products_here(x, ld, count, v, n, out);
}

void add_columns(PRIORFIT_ADD_ARGUMENTS) {
#if PRIORFIT_DISPATCH
  if (level() == 2) return add_avx512(x, ld, which, c, count, n, y, copy);
  if (level() == 1) return add_avx2(x, ld, which, c, count, n, y, copy);
#endif
  add_plain(x, ld, which, c, count, n, y, copy);
}

}  // namespace priorfit
