// Convex losses of one row: y against the linear predictor eta. The same formulas as the
// likelihoods in Python, to which a law ties them.
#pragma once

#include <algorithm>
#include <cmath>

namespace priorfit {

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
};

struct Poisson {
  static double loss(double y, double eta) { return std::exp(eta) - y * eta; }
  static void derivatives(double y, double eta, double& slope, double& curvature) {
    curvature = std::exp(eta);
    slope = curvature - y;
  }
};

}  // namespace priorfit
