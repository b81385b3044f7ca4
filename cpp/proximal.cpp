#include "proximal.hpp"

#include <cmath>
#include <limits>
#include <vector>

#include "simd.hpp"

namespace priorfit {
namespace {

template <class T, bool metric>
PRIORFIT_INLINE T step_at(const Move<T>& move, std::size_t i) {
  if constexpr (metric)
    return move.scale / (move.factor * std::sqrt(move.square[i]) + move.eps);
  else
    return move.scale;
}

template <class T, bool metric>
PRIORFIT_INLINE void soft(T* w, std::size_t n, const Move<T>& move, const Rates<T>& rates) {
#pragma omp simd
  for (std::size_t i = 0; i < n; ++i) {
    const T step = step_at<T, metric>(move, i), t = step * rates.l1;
    const T z = w[i], inside = z > t ? t : (z < -t ? -t : z);
    w[i] = (z - inside) / (T(1) + step * rates.l2);  // z - z is +0
  }
}

// What is taken from |z| = a: 2 t width / (u + sqrt(u^2 - 4 t width)), u = a + width, which does
// not cancel. Where t > width the value decides against 0; such weights are counted and left.
template <class T, bool metric>
PRIORFIT_INLINE int logarithmic(T* w, std::size_t n, const Move<T>& move, const Rates<T>& rates) {
  const T width = rates.width;
  int left = 0;
#pragma omp simd reduction(+ : left)
  for (std::size_t i = 0; i < n; ++i) {
    const T t = step_at<T, metric>(move, i) * rates.l1;
    const T z = w[i], a = std::fabs(z), u = a + width;
    const T inner = u * u - T(4) * t * width, root = std::sqrt(inner > T(0) ? inner : T(0));
    const T taken = T(2) * t * width / (u + root);
    const T inside = z > taken ? taken : (z < -taken ? -taken : z);
    const bool apart = t > width;
    left += apart && a > T(0) ? 1 : 0;
    w[i] = apart ? z : z - inside;
  }
  return left;
}

template <class T, bool metric>
void decide(T* w, std::size_t n, const Move<T>& move, const Rates<T>& rates) {
  const T width = rates.width;
  for (std::size_t i = 0; i < n; ++i) {
    const T t = step_at<T, metric>(move, i) * rates.l1, a = std::fabs(w[i]), u = a + width;
    if (!(t > width) || a == T(0)) continue;
    const T inner = u * u - T(4) * t * width;
    const T b = inner < T(0) ? T(0) : a - T(2) * t * width / (u + std::sqrt(inner));
    const bool better =
        b > T(0) && T(0.5) * (b - a) * (b - a) + t * width * std::log1p(b / width) < T(0.5) * a * a;
    w[i] = better ? std::copysign(b, w[i]) : T(0);
  }
}

template <class T, bool metric>
PRIORFIT_INLINE void shrink_by(T* w, std::size_t n, const Move<T>& move, const Rates<T>& rates) {
  if (!(rates.width > T(0))) {
    soft<T, metric>(w, n, move, rates);
  } else if (logarithmic<T, metric>(w, n, move, rates) > 0) {
    decide<T, metric>(w, n, move, rates);
  }
}

// |w / (r + t)|^2 and its part of the slope, for Newton's step in r.
template <class T>
PRIORFIT_INLINE void secular(const T* w, const T* t, std::size_t d, T r, T& square, T& slope) {
  T first = 0, second = 0;
#pragma omp simd reduction(+ : first, second)
  for (std::size_t j = 0; j < d; ++j) {
    const T inverse = T(1) / (r + t[j]), z = w[j] * inverse, zz = z * z;
    first += zz;
    second += zz * inverse;
  }
  square = first;
  slope = second;
}

// The length r of the answer solves |w / (r + t)| = 1; the row is 0 where |w / t| <= 1. Newton on
// 1 / |w / (r + t)| - 1, concave in r, rises to the root from max_j |w_j| - t_j, where no term of
// the sum is above 1.
template <class T>
PRIORFIT_INLINE void shrink_row(T* w, const T* t, std::size_t d) {
  T r = 0, square = 0, slope = 0;
  secular(w, t, d, r, square, slope);
  if (!(square > T(1))) {
    for (std::size_t j = 0; j < d; ++j) w[j] = T(0);
    return;
  }
#pragma omp simd reduction(max : r)
  for (std::size_t j = 0; j < d; ++j) {
    const T least = std::fabs(w[j]) - t[j];
    r = least > r ? least : r;
  }
  for (int round = 0; round < 60; ++round) {
    secular(w, t, d, r, square, slope);
    const T move = square * (std::sqrt(square) - T(1)) / slope;
    r += move;
    if (std::fabs(move) <= T(4) * std::numeric_limits<T>::epsilon() * r) break;
  }
#pragma omp simd
  for (std::size_t j = 0; j < d; ++j) w[j] *= r / (r + t[j]);
}

template <class T>
PRIORFIT_INLINE void shrink_equal(T* w, std::size_t d, T t) {
  T square = 0;
#pragma omp simd reduction(+ : square)
  for (std::size_t j = 0; j < d; ++j) square += w[j] * w[j];
  const T size = std::sqrt(square), kept = size > t ? T(1) - t / size : T(0);
#pragma omp simd
  for (std::size_t j = 0; j < d; ++j) w[j] = kept > T(0) ? w[j] * kept : T(0);
}

template <class T>
PRIORFIT_INLINE void shrink_all_rows(T* w, std::size_t rows, std::size_t d, const Move<T>& move,
                                     T rate, T* t) {
  for (std::size_t g = 0; g < rows; ++g) {
    if (!move.square) {
      shrink_equal(w + g * d, d, move.scale * rate);
      continue;
    }
#pragma omp simd
    for (std::size_t j = 0; j < d; ++j) {
      const T rated = rate * step_at<T, true>(move, g * d + j);
      t[j] = rated > T(1e-30) ? rated : T(1e-30);  // 0 / 0 is no sign of a weight at 0
    }
    shrink_row(w + g * d, t, d);
  }
}

}  // namespace

PRIORFIT_CLONES void shrink(float* w, std::size_t n, const Move<float>& move,
                            const Rates<float>& rates) {
  if (move.square)
    shrink_by<float, true>(w, n, move, rates);
  else
    shrink_by<float, false>(w, n, move, rates);
}

PRIORFIT_CLONES void shrink(double* w, std::size_t n, const Move<double>& move,
                            const Rates<double>& rates) {
  if (move.square)
    shrink_by<double, true>(w, n, move, rates);
  else
    shrink_by<double, false>(w, n, move, rates);
}

PRIORFIT_CLONES static void rows_of_floats(float* w, std::size_t rows, std::size_t d,
                                           const Move<float>& move, float rate, float* t) {
  shrink_all_rows(w, rows, d, move, rate, t);
}

PRIORFIT_CLONES static void rows_of_doubles(double* w, std::size_t rows, std::size_t d,
                                            const Move<double>& move, double rate, double* t) {
  shrink_all_rows(w, rows, d, move, rate, t);
}

void shrink_rows(float* w, std::size_t rows, std::size_t d, const Move<float>& move, float rate) {
  std::vector<float> t(d);
  rows_of_floats(w, rows, d, move, rate, t.data());
}

void shrink_rows(double* w, std::size_t rows, std::size_t d, const Move<double>& move,
                 double rate) {
  std::vector<double> t(d);
  rows_of_doubles(w, rows, d, move, rate, t.data());
}

}  // namespace priorfit
