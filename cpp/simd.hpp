// Vector kernels. Compiled once per instruction set and chosen at load time where the toolchain
// can do it (GCC on glibc), so that a generic wheel runs as fast as a native build.
#pragma once

#include <cstddef>

#if defined(__GNUC__) && !defined(__clang__) && defined(__GLIBC__) && defined(__x86_64__)
#define PRIORFIT_CLONES \
  __attribute__((target_clones("default", "arch=x86-64-v3", "arch=x86-64-v4")))
#else
#define PRIORFIT_CLONES
#endif

#if defined(__GNUC__)
#define PRIORFIT_INLINE inline __attribute__((always_inline))
#else
#define PRIORFIT_INLINE inline
#endif

namespace priorfit {

// sum_i a_i b_i
double dot(const double* a, const double* b, std::size_t n);

// y += c x
void axpy(double c, const double* x, double* y, std::size_t n);

// How many j with free_j = 1 (else 0) have |now_j + f (now_j - before_j)| >= edge l1_j.
double count_reaching(const double* now, const double* before, double f, double edge,
                      const double* l1, const double* free, std::size_t p);

// most_j <- max(most_j, excess_j), excess_j = |estimate_j| + rest norm_j + size away_j - s l1_j,
// where the estimate is sum_m share_m x_mj over three m; how many are positive.
double raise_excess(const double* const* x, const double* share, double rest, const double* norm,
                    double size, const double* away, double s, const double* l1, std::size_t p,
                    double* most);

struct Rotation {
  double c, s;
};

// Each of `turns` in turn on entries q, q + 1 of every row; at most four rows.
void rotate(const Rotation* turns, std::size_t count, double* const* rows, std::size_t many);

}  // namespace priorfit
