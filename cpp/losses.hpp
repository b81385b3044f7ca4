// Convex losses of one row: y against the linear predictor eta. The same formulas as the
// likelihoods in Python, to which a law ties them.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>

namespace priorfit {

inline double xlogx(double m) { return m > 0.0 ? m * std::log(m) : 0.0; }

// How far a row's theta may be moved, relative to the others', and stay in the dual's domain: the
// curvature, where that vanishes no slower than the distance to the domain's edge.
struct Smooth {
  static double room(double, double, double h) { return h; }
};

struct Bernoulli : Smooth {
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

struct Poisson : Smooth {
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

struct Gamma : Smooth {
  static double loss(double y, double eta) { return eta + y * std::exp(-eta); }
  static void derivatives(double y, double eta, double& slope, double& curvature) {
    curvature = y * std::exp(-eta);
    slope = 1.0 - curvature;
  }
  static double conjugate(double y, double slope) {
    const double m = 1.0 - slope;
    return m < 0.0 ? INFINITY : (m > 0.0 ? m * std::log(m / y) : 0.0) - m;
  }
};

// y is 0 or 1.
struct SquaredHinge {
  static double loss(double y, double eta) {
    const double miss = std::max(0.0, 1.0 - (2.0 * y - 1.0) * eta);
    return miss * miss;
  }
  static void derivatives(double y, double eta, double& slope, double& curvature) {
    const double sign = 2.0 * y - 1.0, miss = std::max(0.0, 1.0 - sign * eta);
    slope = -2.0 * sign * miss;
    curvature = miss > 0.0 ? 2.0 : 0.0;
  }
  static double conjugate(double y, double slope) {
    const double m = (1.0 - 2.0 * y) * slope;
    return m < 0.0 ? INFINITY : m * (0.25 * m - 1.0);
  }
  static double room(double, double theta, double) { return std::fabs(theta); }
};

// In units in which the tails begin at 1.
struct Huber {
  static double loss(double y, double eta) {
    const double r = std::fabs(y - eta), inner = std::min(r, 1.0);
    return inner * (r - 0.5 * inner);
  }
  static void derivatives(double y, double eta, double& slope, double& curvature) {
    slope = std::clamp(eta - y, -1.0, 1.0);
    curvature = std::fabs(y - eta) <= 1.0 ? 1.0 : 0.0;
  }
  static double conjugate(double y, double slope) {
    constexpr double most = 1.0 + 8.0 * std::numeric_limits<double>::epsilon();
    return std::fabs(slope) > most ? INFINITY : slope * (0.5 * slope + y);
  }
  static double room(double w, double theta, double) {
    return std::max(0.0, w - std::fabs(theta));
  }
};

// theta = -w loss', h = w loss'' and sum_i w_i loss_i of n rows.
template <class Loss>
double evaluate_rows(Loss, std::size_t n, const double* y, const double* w, const double* eta,
                     double* theta, double* h) {
  double sum = 0.0;
  for (std::size_t i = 0; i < n; ++i) {
    double slope, curvature;
    Loss::derivatives(y[i], eta[i], slope, curvature);
    theta[i] = -w[i] * slope;
    h[i] = w[i] * curvature;
    sum += w[i] * Loss::loss(y[i], eta[i]);
  }
  return sum;
}

// sum_i w_i loss*(y_i, -share theta_i / w_i)
template <class Loss>
double conjugate_rows(Loss, std::size_t n, const double* y, const double* w, const double* theta,
                      double share) {
  double sum = 0.0;
  for (std::size_t i = 0; i < n; ++i)
    sum += w[i] * Loss::conjugate(y[i], -share * theta[i] / w[i]);
  return sum;
}

// The same in the lanes of a register.
double evaluate_rows(Bernoulli, std::size_t n, const double* y, const double* w, const double* eta,
                     double* theta, double* h);
double evaluate_rows(Poisson, std::size_t n, const double* y, const double* w, const double* eta,
                     double* theta, double* h);
double evaluate_rows(Gamma, std::size_t n, const double* y, const double* w, const double* eta,
                     double* theta, double* h);
double conjugate_rows(Bernoulli, std::size_t n, const double* y, const double* w,
                      const double* theta, double share);
double conjugate_rows(Poisson, std::size_t n, const double* y, const double* w,
                      const double* theta, double share);

// terms_i = exp(eta_i - top_i), which are added to total.
void add_exponentials(std::size_t n, const double* eta, const double* top, double* terms,
                      double* total);

// x_i <- log x_i of normal numbers.
void take_logarithms(std::size_t n, double* x);

}  // namespace priorfit
