#include "rounded.hpp"

#include "simd.hpp"

namespace priorfit {

PRIORFIT_CLONES RoundedColumn round_column(const double* x, const double* root, double center,
                                           double scale, std::size_t n, double* z,
                                           std::int16_t* q) {
  constexpr double largest = 32767.0;
  constexpr double integers = 6755399441055744.0;  // 1.5 * 2^52: beyond it doubles are whole
  double most = 0.0, square = 0.0, rest = 0.0;
#pragma omp simd reduction(max : most) reduction(+ : square)
  for (std::size_t i = 0; i < n; ++i) {
    z[i] = root[i] * ((x[i] - center) / scale);
    square += z[i] * z[i];
    const double size = std::fabs(z[i]);
    most = size > most ? size : most;
  }
  const double step = most / largest, per = most > 0.0 ? largest / most : 0.0;
#pragma omp simd reduction(+ : rest)
  for (std::size_t i = 0; i < n; ++i) {
    const double whole = (z[i] * per + integers) - integers;
    const double away = z[i] - step * whole;
    rest += away * away;
    q[i] = static_cast<std::int16_t>(static_cast<std::int32_t>(whole));
  }
  const double norm = std::sqrt(square);
  return {step, norm, std::sqrt(rest) + 1e-14 * norm};
}

}  // namespace priorfit
