// One number at a time from a density that is known up to a factor: slices found by doubling.
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "losses.hpp"

namespace priorfit {

// Uniform numbers from one seed: SplitMix64 (Steele, Lea & Flood 2014).
class Uniforms {
 public:
  explicit Uniforms(std::uint64_t seed) : state_(seed) {}

  double operator()() {
    std::uint64_t z = state_ += 0x9e3779b97f4a7c15u;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return static_cast<double>((z ^ (z >> 31)) >> 11) * 0x1p-53;
  }

 private:
  std::uint64_t state_;
};

inline double exponential(Uniforms& uniform) { return -std::log1p(-uniform()); }

// Box & Muller (1958).
inline double normal(Uniforms& uniform) {
  const double r = std::sqrt(2.0 * exponential(uniform));
  return r * std::cos(6.283185307179586 * uniform());
}

// log Z for the mass Z that a slab leaves of each horseshoe whose scale is x share_k slab.
struct SlabMass {
  const double *shares = nullptr, *counts = nullptr;
  std::size_t n = 0;

  double operator()(double x) const {
    double sum = 0.0;
    for (std::size_t k = 0; k < n; ++k) sum += counts[k] * of(x * shares[k]);
    return sum;
  }

  // Z = (2 / pi) asin(u) / u, u^2 = 1 - share^2; asinh where share > 1
  static double of(double share) {
    const double a = std::fmin(share, 1e300), u = std::sqrt(std::fabs(1.0 - a)) * std::sqrt(1.0 + a);
    const double ratio = a < 1.0 ? std::asin(std::fmin(u, 1.0)) / u : std::asinh(u) / u;
    return std::log(0.6366197723675814 * (u < 1e-4 ? 1.0 : ratio));
  }
};

// The log density of a belief about x > 0, up to a constant; less what slabs leave of the weights.
struct PositiveBelief {
  enum class Family { student, quadratic, reciprocal } family;
  double a, b;
  SlabMass mass;

  double operator()(double log_x, double x) const { return stated(log_x, x) - mass(x); }

  double stated(double log_x, double x) const {
    switch (family) {
      case Family::student:
        return -a * std::log1p(x * x / b);
      case Family::quadratic:
        return -a * x - b * x * x;
      default:
        return -log_x;
    }
  }
};

// log x for x with  p(x) = belief(x) x^-order exp(-linear / x - square / x^2).
struct ScaleDensity {
  double order, linear, square;
  PositiveBelief belief;

  double operator()(double log_x) const {
    const double e = std::exp(-log_x);
    const double lost = (linear > 0.0 ? linear * e : 0.0) + (square > 0.0 ? square * e * e : 0.0);
    return (1.0 - order) * log_x - lost + belief(log_x, std::exp(log_x));
  }
};

// log x for x times every local scale r_j held: log r_j = log r_j(from) + from - log x, half-Cauchy.
struct LocalsDensity {
  std::size_t n;
  const double* precision;  // r_j^-2 at `from`
  double from;
  PositiveBelief belief;

  double operator()(double log_x) const {
    const double factor = std::exp(2.0 * (log_x - from));
    double sum = static_cast<double>(n) * log_x;
    for (std::size_t j = 0; j < n; ++j) sum -= std::log1p(precision[j] * factor);
    return sum + log_x + belief(log_x, std::exp(log_x));
  }
};

// log x for the factor x / e^from of all weights, whose rows they move by `along`; at `from` the
// slabs' exponent is `inside`.
template <class Loss>
struct RowsDensity {
  std::size_t n;
  const double *y, *weights, *eta, *along;
  double phi, from, inside;
  PositiveBelief belief;
  mutable std::vector<double> work = std::vector<double>(3 * n);

  double operator()(double log_x) const {
    const double factor = std::exp(log_x - from);
    double *moved = work.data(), *score = moved + n, *h = score + n;
    for (std::size_t i = 0; i < n; ++i) moved[i] = eta[i] + factor * along[i];
    const double lost = evaluate_rows(Loss{}, n, y, weights, moved, score, h);
    const double held = inside > 0.0 ? inside * factor * factor : 0.0;
    return log_x - lost / phi - held + belief(log_x, std::exp(log_x));
  }
};

// One step of a Markov chain that leaves exp(density) as it is (Neal 2003, Annals of Statistics 31,
// figures 4, 5 and 6); values that are no number count as impossible.
template <class Density>
class Slice {
 public:
  Slice(const Density& density, double x, double width, Uniforms& uniform)
      : density_(density), x_(x), width_(width), level_(density(x) + std::log(uniform())) {
    low_ = x - width * uniform();
    high_ = low_ + width;
    bool low_in = inside(low_), high_in = inside(high_);
    for (int k = 0; k < most && (low_in || high_in); ++k) {
      const double size = high_ - low_;
      if (uniform() < 0.5)
        low_in = inside(low_ -= size);
      else
        high_in = inside(high_ += size);
    }
  }

  double draw(Uniforms& uniform) const {
    double left = low_, right = high_;
    for (;;) {
      const double now = left + uniform() * (right - left);
      if (!(now < x_ || now > x_)) return x_;  // nothing is left, or no number
      if (inside(now) && reachable(now)) return now;
      (now < x_ ? left : right) = now;
    }
  }

 private:
  static constexpr int most = 40;  // doublings

  bool inside(double x) const { return level_ < density_(x); }

  // Whether doubling from `now` could have made the same interval.
  bool reachable(double now) const {
    double low = low_, high = high_;
    for (bool parted = false; high - low > 1.1 * width_;) {
      const double middle = 0.5 * (low + high);
      parted = parted || (x_ < middle) != (now < middle);
      (now < middle ? high : low) = middle;
      if (parted && !inside(low) && !inside(high)) return false;
    }
    return true;
  }

  const Density& density_;
  double x_, width_, level_, low_, high_;
};

template <class Density>
double slice_draw(const Density& density, double x, double width, std::uint64_t seed) {
  Uniforms uniform(seed);
  return Slice<Density>(density, x, width, uniform).draw(uniform);
}

}  // namespace priorfit
