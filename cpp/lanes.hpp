// Several numbers in one register, for kernels that are compiled for several widths.
#pragma once

#include <cstddef>
#include <cstring>

#include "simd.hpp"

namespace priorfit {

// How many numbers R fit a register.
template <class R>
constexpr int lanes(std::size_t bytes) {
  return static_cast<int>(bytes / sizeof(R));
}

// L numbers R in a register, and the array of T that they are read from.
#if defined(__GNUC__)
template <class R, int L>
struct Lanes {
  typedef R Vector __attribute__((vector_size(L * sizeof(R))));
};

template <class R, int L, class T>
PRIORFIT_INLINE void load(const T* p, typename Lanes<R, L>::Vector& x) {
  typename Lanes<T, L>::Vector stored;
  std::memcpy(&stored, p, sizeof stored);
  x = __builtin_convertvector(stored, typename Lanes<R, L>::Vector);
}
#else
template <class R, int L>
struct Lanes {
  struct Vector {
    R v[L];
    R operator[](int i) const { return v[i]; }
    Vector operator*(const Vector& o) const {
      Vector x;
      for (int i = 0; i < L; ++i) x.v[i] = v[i] * o.v[i];
      return x;
    }
    Vector& operator+=(const Vector& o) {
      for (int i = 0; i < L; ++i) v[i] += o.v[i];
      return *this;
    }
    Vector& operator-=(R o) {
      for (int i = 0; i < L; ++i) v[i] -= o;
      return *this;
    }
  };
};

template <class R, int L, class T>
PRIORFIT_INLINE void load(const T* p, typename Lanes<R, L>::Vector& x) {
  for (int i = 0; i < L; ++i) x.v[i] = static_cast<R>(p[i]);
}
#endif

template <class R, int L>
PRIORFIT_INLINE double sum(const typename Lanes<R, L>::Vector& x) {
  double total = 0.0;
  for (int i = 0; i < L; ++i) total += static_cast<double>(x[i]);
  return total;
}

}  // namespace priorfit
