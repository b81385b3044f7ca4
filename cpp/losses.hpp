// Convex losses of one row: y against the linear predictor eta. The same formulas as the
// likelihoods in Python, to which a law ties them.
#pragma once

#include <algorithm>
#include <cmath>

namespace priorfit {

inline double xlogx(double m) { return m > 0.0 ? m * std::log(m) : 0.0; }

struct Bernoulli {
  static double loss(double y, double eta) {
    return std::max(eta, 0.0) + std::log1p(std::exp(-std::fabs(eta))) - y * eta;
  }
  // d loss / d eta and d^2 loss / d eta^2; small tails are computed as such, not as 1 - (1 - x)
  static void derivatives(double y, double eta, double& slope, double& curvature) {
    const double e = std::exp(-std::fabs(eta)), tail = e / (1.0 + e), body = 1.0 / (1.0 + e);
    const double mean = eta >= 0.0 ? body : tail, rest = eta >= 0.0 ? tail : body;
    slope = y == 1.0 ? -rest : mean - y;
    curvature = tail * body;
  }
  // sup_eta slope eta - loss
  static double conjugate(double y, double slope) {
    const double m = y + slope, rest = y == 1.0 ? -slope : 1.0 - y - slope;
    return m < 0.0 || rest < 0.0 ? INFINITY : xlogx(m) + xlogx(rest);
  }
};

struct Poisson {
  static double loss(double y, double eta) { return std::exp(eta) - y * eta; }
  static void derivatives(double y, double eta, double& slope, double& curvature) {
    curvature = std::exp(eta);
    slope = curvature - y;
  }
  static double conjugate(double y, double slope) {
    const double m = y + slope;
    return m < 0.0 ? INFINITY : xlogx(m) - m;
  }
};

}  // namespace priorfit
