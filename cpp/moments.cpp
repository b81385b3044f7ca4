#include "moments.hpp"

#include "dispatch.hpp"
#include "lanes.hpp"
#include "simd.hpp"

namespace priorfit {
namespace {

constexpr std::size_t together = 4;  // columns that share what is read of w and r
constexpr double precise = 1e4;      // (guess - mean)^2 over the variance: four digits of sixteen

// Sums around a guess of each mean, one read of A columns.
template <int L, int A, class T>
PRIORFIT_INLINE void around(const T* const* x, const double* guess, const double* w,
                            const double* r, std::size_t n, double total, double level,
                            Moments* out) {
  typedef typename Lanes<double, L>::Vector Vector;
  Vector first[A] = {}, second[A] = {}, along[A] = {};
  const std::size_t whole = n - n % L;
  for (std::size_t i = 0; i < whole; i += L) {
    Vector weight, score, away;
    load<double, L>(w + i, weight);
    load<double, L>(r + i, score);
    PRIORFIT_UNROLL
    for (int a = 0; a < A; ++a) {
      load<double, L>(x[a] + i, away);
      away -= guess[a];
      const Vector weighted = weight * away;
      first[a] += weighted;
      second[a] += weighted * away;
      along[a] += score * away;
    }
  }
  PRIORFIT_UNROLL
  for (int a = 0; a < A; ++a) {
    double one = sum<double, L>(first[a]), two = sum<double, L>(second[a]);
    double product = sum<double, L>(along[a]);
    for (std::size_t i = whole; i < n; ++i) {
      const double away = static_cast<double>(x[a][i]) - guess[a];
      one += w[i] * away;
      two += w[i] * away * away;
      product += r[i] * away;
    }
    const double shift = one / total, variance = two / total - shift * shift;
    out[a] = {guess[a] + shift, variance < 0.0 ? 0.0 : variance, product - shift * level};
  }
}

// Around the first number of each column; where that is far from the mean, once more around the
// mean that was found. NaN stays.
template <int L, int A, class T>
PRIORFIT_INLINE void of_some(const T* const* x, const double* w, const double* r, std::size_t n,
                             double total, double level, Moments* out) {
  double guess[A];
  for (int a = 0; a < A; ++a) guess[a] = n > 0 ? static_cast<double>(x[a][0]) : 0.0;
  around<L, A>(x, guess, w, r, n, total, level, out);
  for (int a = 0; a < A; ++a) {
    const double mean = out[a].mean, shift = mean - guess[a];
    if (shift * shift > precise * out[a].variance)
      around<L, 1>(x + a, &mean, w, r, n, total, level, out + a);
  }
}

template <int L, class T>
PRIORFIT_INLINE void of_all(const T* const* x, std::size_t count, const double* w, const double* r,
                            std::size_t n, double total, double level, Moments* out) {
  std::size_t j = 0;
  for (; j + together <= count; j += together)
    of_some<L, together>(x + j, w, r, n, total, level, out + j);
  for (; j < count; ++j) of_some<L, 1>(x + j, w, r, n, total, level, out + j);
}

#define PRIORFIT_MOMENTS_ARGUMENTS                                                                \
  const T *const *x, std::size_t count, const double *w, const double *r, std::size_t n,          \
      double total, double level, Moments *out

#if PRIORFIT_DISPATCH
template <class T>
__attribute__((target("avx2,fma"))) void moments_avx2(PRIORFIT_MOMENTS_ARGUMENTS) {
  of_all<4>(x, count, w, r, n, total, level, out);
}
template <class T>
__attribute__((target("avx512f,avx512dq,avx512vl"))) void moments_avx512(
    PRIORFIT_MOMENTS_ARGUMENTS) {
  of_all<8>(x, count, w, r, n, total, level, out);
}
#endif

}  // namespace

template <class T>
void moments(PRIORFIT_MOMENTS_ARGUMENTS) {
#if PRIORFIT_DISPATCH
  if (priorfit::level() == 2) return moments_avx512(x, count, w, r, n, total, level, out);
  if (priorfit::level() == 1) return moments_avx2(x, count, w, r, n, total, level, out);
#endif
  of_all<2>(x, count, w, r, n, total, level, out);
}

template void moments<double>(const double* const*, std::size_t, const double*, const double*,
                              std::size_t, double, double, Moments*);
template void moments<float>(const float* const*, std::size_t, const double*, const double*,
                             std::size_t, double, double, Moments*);

}  // namespace priorfit
