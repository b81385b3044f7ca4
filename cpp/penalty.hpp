// The separable penalty of a prior in normal form: s sum_j (l1_j |t_j| + l2_j / 2 t_j^2),
// t = b - loc, lower <= b <= upper.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>

namespace priorfit {

struct Penalty {
  const double *l1, *l2, *loc, *lower, *upper;

  double value(const double* b, double s, std::size_t m) const {
    double sum = 0.0;
    for (std::size_t j = 0; j < m; ++j) {
      const double t = b[j] - loc[j];
      sum += l1[j] * std::fabs(t) + 0.5 * l2[j] * t * t;
    }
    return s * sum;
  }

  // How fast the objective falls when coordinate j moves, for the slope v of the fit; >= 0.
  double violation(double b, double s, double v, std::size_t j) const {
    const double t = b - loc[j], pull = v - s * l2[j] * t, edge = s * l1[j];
    const double up = b < upper[j] ? pull - (t >= 0 ? edge : -edge) : 0.0;
    const double down = b > lower[j] ? -pull - (t <= 0 ? edge : -edge) : 0.0;
    return std::max({up, down, 0.0});
  }

  // The largest share of the slope v that the l1 term alone can hold; 1 where something else can.
  double share(double s, double v, std::size_t j) const {
    constexpr double inf = std::numeric_limits<double>::infinity();
    const bool open = v > 0 ? upper[j] == inf : lower[j] == -inf;
    const double size = std::fabs(v), edge = s * l1[j];
    return l2[j] == 0.0 && edge > 0.0 && open && size > edge ? edge / size : 1.0;
  }

  // sup_b v b - penalty_j(b), for a v that `share` has made feasible
  double conjugate(double s, double v, std::size_t j) const {
    const double edge = s * l1[j], curve = s * l2[j];
    const double soft = v > edge ? v - edge : (v < -edge ? v + edge : 0.0);
    double t = 0.0;
    if (curve > 0.0) t = soft / curve;
    else if (soft != 0.0) t = soft > 0.0 ? upper[j] - loc[j] : lower[j] - loc[j];
    if (!std::isfinite(t)) t = 0.0;  // a rounding beyond feasible
    t = std::clamp(t, lower[j] - loc[j], upper[j] - loc[j]);
    return v * (t + loc[j]) - edge * std::fabs(t) - 0.5 * curve * t * t;
  }
};

}  // namespace priorfit
