#include "simd.hpp"

#include <atomic>
#include <cmath>

#include "parallel.hpp"

namespace priorfit {

// Four independent accumulators of one AVX-512 register each: the loop is bound by loads, not by
// the latency of the addition. The order of summation is fixed, hence the bits are reproducible.
PRIORFIT_CLONES double dot(const double* a, const double* b, std::size_t n) {
  constexpr std::size_t lanes = 8, unroll = 4;
  double sums[unroll][lanes] = {};
  std::size_t i = 0;
  for (; i + lanes * unroll <= n; i += lanes * unroll)
    for (std::size_t u = 0; u < unroll; ++u)
      for (std::size_t k = 0; k < lanes; ++k)
        sums[u][k] += a[i + u * lanes + k] * b[i + u * lanes + k];
  double tail = 0.0;
  for (; i < n; ++i) tail += a[i] * b[i];
  double total = 0.0;
  for (std::size_t k = 0; k < lanes; ++k)
    total += (sums[0][k] + sums[1][k]) + (sums[2][k] + sums[3][k]);
  return total + tail;
}

PRIORFIT_CLONES void axpy(double c, const double* x, double* y, std::size_t n) {
#pragma omp simd
  for (std::size_t i = 0; i < n; ++i) y[i] += c * x[i];
}

namespace {

PRIORFIT_CLONES double count_here(const double* now, const double* before, double f, double edge,
                                  const double* l1, const double* free, std::size_t p) {
  double count = 0.0;
#pragma omp simd reduction(+ : count)
  for (std::size_t j = 0; j < p; ++j) {
    const double there = std::fabs(now[j] + f * (now[j] - before[j]));
    count += there >= edge * l1[j] ? free[j] : 0.0;
  }
  return count;
}

}  // namespace

// Counts are exact, however they are added.
double count_reaching(const double* now, const double* before, double f, double edge,
                      const double* l1, const double* free, std::size_t p) {
  std::atomic<std::size_t> total{0};
  in_blocks(p, 1, 4.0 * static_cast<double>(p), [&](std::size_t i, std::size_t end) {
    const double some = count_here(now + i, before + i, f, edge, l1 + i, free + i, end - i);
    total += static_cast<std::size_t>(some);
  });
  return static_cast<double>(total.load());
}

PRIORFIT_CLONES double raise_excess(const double* const* x, const double* share, double rest,
                                    const double* norm, double size, const double* away, double s,
                                    const double* l1, std::size_t p, double* most) {
  const double *x0 = x[0], *x1 = x[1], *x2 = x[2];
  const double a = share[0], b = share[1], c = share[2];
  double count = 0.0;
#pragma omp simd reduction(+ : count)
  for (std::size_t j = 0; j < p; ++j) {
    const double estimate = a * x0[j] + b * x1[j] + c * x2[j];
    const double excess = std::fabs(estimate) + rest * norm[j] + size * away[j] - s * l1[j];
    count += excess > 0.0 ? 1.0 : 0.0;
    most[j] = excess > most[j] ? excess : most[j];
  }
  return count;
}

namespace {

template <int R>
PRIORFIT_INLINE void rotate_rows(const Rotation* turns, std::size_t count, double* const* rows) {
  double *row[R], carried[R];
  for (int r = 0; r < R; ++r) row[r] = rows[r], carried[r] = row[r][0];
  for (std::size_t q = 0; q < count; ++q) {
    const double c = turns[q].c, s = turns[q].s;
    for (int r = 0; r < R; ++r) {
      const double next = row[r][q + 1];
      row[r][q] = c * carried[r] + s * next;
      carried[r] = c * next - s * carried[r];
    }
  }
  for (int r = 0; r < R; ++r) row[r][count] = carried[r];
}

}  // namespace

// A row is a chain of products that wait for each other: four run side by side.
PRIORFIT_CLONES void rotate(const Rotation* turns, std::size_t count, double* const* rows,
                            std::size_t many) {
  if (many == 4) return rotate_rows<4>(turns, count, rows);
  for (std::size_t r = 0; r < many; ++r) rotate_rows<1>(turns, count, rows + r);
}

}  // namespace priorfit
