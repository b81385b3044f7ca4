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

// The log density of a belief about x > 0, up to a constant.
struct PositiveBelief {
  enum class Family { student, quadratic, reciprocal } family;
  double a, b;

  double operator()(double log_x, double x) const {
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

// log x for the factor x / e^from of all weights, whose rows they move by `along`.
template <class Loss>
struct RowsDensity {
  std::size_t n;
  const double *y, *weights, *eta, *along;
  double phi, from;
  PositiveBelief belief;
  mutable std::vector<double> work = std::vector<double>(3 * n);

  double operator()(double log_x) const {
    const double factor = std::exp(log_x - from);
    double *moved = work.data(), *score = moved + n, *h = score + n;
    for (std::size_t i = 0; i < n; ++i) moved[i] = eta[i] + factor * along[i];
    const double lost = evaluate_rows(Loss{}, n, y, weights, moved, score, h);
    return log_x - lost / phi + belief(log_x, std::exp(log_x));
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
      if (now == x_ || (inside(now) && reachable(now))) return now;
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
