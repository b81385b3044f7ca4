// One weight under a penalty with a concave part: min_t h/2 (t - d)^2 + l1|t| + l2/2 t^2 + c(|t|).
// The global minimum, from all stationary points, loc and the bounds, as `AtStrength.minimum`.
#pragma once

#include <cmath>
#include <limits>

namespace priorfit {

enum class Kind : int { none = 0, mcp = 1, scad = 2, log = 3, student = 4, jump = 5 };

struct Weight {
  double l1, l2, size, low, high;  // rates and size at the strength; the box, from loc
};

class Concave {
 public:
  Concave(Kind kind, double parameter) : kind_(kind), a_(parameter) {}

  bool jumps() const { return kind_ == Kind::jump; }

  // The whole penalty at t >= 0: its parts may be large numbers of a small difference.
  double value(const Weight& w, double t) const {
    const double square = 0.5 * w.l2 * t * t;
    if (kind_ == Kind::jump) return square + w.l1 * t + (t > 0.0 ? w.size : 0.0);
    if (kind_ == Kind::none || std::isinf(w.size)) return square + w.l1 * t;
    const double inner = std::fmin(t, w.size);
    switch (kind_) {
      case Kind::mcp: return square + w.l1 * inner * (1.0 - 0.5 * inner / w.size);
      case Kind::scad: {
        const double knee = w.size / a_, past = std::fmax(inner - knee, 0.0);
        return square + w.l1 * (inner - 0.5 * past * (past / (w.size - knee)));
      }
      case Kind::log: return square + w.l1 * w.size * std::log1p(t / w.size);
      default: {
        const double u = t / w.size;
        return 0.5 * w.l2 * w.size * w.size * std::log1p(u * u);
      }
    }
  }

  // The derivative of the penalty at t > 0.
  double slope(const Weight& w, double t) const {
    const double plain = w.l2 * t;
    if (std::isinf(w.size)) return plain + w.l1;
    switch (kind_) {
      case Kind::mcp: return plain + w.l1 * std::fmax(1.0 - t / w.size, 0.0);
      case Kind::scad: {
        const double left = (w.size - t) / (w.size - w.size / a_);
        return plain + w.l1 * std::fmin(std::fmax(left, 0.0), 1.0);
      }
      case Kind::log: return plain + w.l1 / (1.0 + t / w.size);
      case Kind::student: return plain / (1.0 + (t / w.size) * (t / w.size));
      default: return plain + w.l1;
    }
  }

  // The second derivative of the penalty at t > 0.
  double bend(const Weight& w, double t) const {
    if (std::isinf(w.size)) return w.l2;
    switch (kind_) {
      case Kind::mcp: return t < w.size ? w.l2 - w.l1 / w.size : w.l2;
      case Kind::scad: {
        const double knee = w.size / a_;
        return t > knee && t < w.size ? w.l2 - w.l1 / (w.size - knee) : w.l2;
      }
      case Kind::log: {
        const double u = 1.0 + t / w.size;
        return w.l2 - w.l1 / (w.size * u * u);
      }
      case Kind::student: {
        const double square = (t / w.size) * (t / w.size);
        return w.l2 * (1.0 - square) / ((1.0 + square) * (1.0 + square));
      }
      default: return w.l2;
    }
  }

  // The signed distance from loc that is best where the data alone say d with curvature h > 0.
  double minimum(const Weight& w, double d, double h) const {
    Best best{*this, w, d, h};
    best.offer(0.0);
    if (std::isfinite(w.low)) best.offer(w.low);
    if (std::isfinite(w.high)) best.offer(w.high);
    const double sign = d < 0.0 ? -1.0 : 1.0;
    stationary(w, std::fabs(d), h, [&](double t) {
      if (t > 0.0 && std::isfinite(t)) best.offer(sign * t);
    });
    return best.t;
  }

 private:
  struct Best {
    const Concave& penalty;
    const Weight& w;
    double d, h, t = 0.0, cost = std::numeric_limits<double>::infinity();
    void offer(double at) {
      if (!(at >= w.low && at <= w.high)) return;
      const double now = 0.5 * h * at * (at - 2.0 * d) + penalty.value(w, std::fabs(at));
      if (now < cost || (now == cost && std::fabs(at) < std::fabs(t))) t = at, cost = now;
    }
  };

  template <class Take>
  void stationary(const Weight& w, double d, double h, Take&& take) const {
    const double curve = h + w.l2, plain = (h * d - w.l1) / curve;
    if (kind_ == Kind::none || kind_ == Kind::jump || std::isinf(w.size)) return take(plain);
    switch (kind_) {
      case Kind::mcp: {
        const double inner = (h * d - w.l1) / (curve - w.l1 / w.size), outer = h * d / curve;
        if (inner <= w.size) take(inner);
        if (outer >= w.size) take(outer);
        return;
      }
      case Kind::scad: {
        const double knee = w.size / a_, steep = w.l1 * a_ / (a_ - 1.0);
        const double middle = (h * d - steep) / (curve - steep / w.size), outer = h * d / curve;
        if (plain <= knee) take(plain);
        if (middle >= knee && middle <= w.size) take(middle);
        if (outer >= w.size) take(outer);
        return;
      }
      case Kind::log: {
        const double a = curve / w.size, b = curve - h * d / w.size, c = w.l1 - h * d;
        const double inside = b * b - 4.0 * a * c;
        if (inside < 0.0) return;
        const double q = -0.5 * (b + std::copysign(std::sqrt(inside), b));
        take(c / q);
        take(q / a);
        return;
      }
      default: return cubic(w, d, h, take);
    }
  }

  // u = t / size solves u^3 - e u^2 + (1 + r) u - e = 0, e = d / size, r = l2 / h.
  template <class Take>
  static void cubic(const Weight& w, double d, double h, Take&& take) {
    const double e = d / w.size, b = 1.0 + w.l2 / h, pi = 3.14159265358979323846;
    const double q = (e * e - 3.0 * b) / 9.0;
    const double r = (-e * (2.0 * e * e - 9.0 * b) - 27.0 * e) / 54.0;
    const auto polished = [&](double x) {
      for (int k = 0; k < 2; ++k) {
        const double step = (((x - e) * x + b) * x - e) / ((3.0 * x - 2.0 * e) * x + b);
        if (std::fabs(step) <= 1e-2 * (1.0 + std::fabs(x))) x -= step;
      }
      return w.size * x;
    };
    if (r * r <= q * q * q && q > 0.0) {
      const double angle = std::acos(std::fmin(std::fmax(r / std::sqrt(q * q * q), -1.0), 1.0)) / 3.0;
      for (int k = -1; k <= 1; ++k)
        take(polished(-2.0 * std::sqrt(q) * std::cos(angle + k * 2.0 * pi / 3.0) + e / 3.0));
      return;
    }
    const double root = std::sqrt(std::fmax(r * r - q * q * q, 0.0));
    const double big = -std::copysign(std::cbrt(std::fabs(r) + root), r);
    take(polished(big + (big != 0.0 ? q / big : 0.0) + e / 3.0));
  }

  Kind kind_;
  double a_;
};

}  // namespace priorfit
