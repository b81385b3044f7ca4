// The rows of a Cox regression as `RowsModel` asks for them: their Hessian is no diagonal, but is
// applied to a vector by two running sums.
#pragma once

#include <algorithm>
#include <cstddef>
#include <vector>

#include "glm_rows.hpp"
#include "risk_sets.hpp"
#include "simd.hpp"

namespace priorfit {

struct CoxRows {
  std::size_t n;
  const RiskSets* sets;
  const double* offset;
  mutable RunningSums sums = {};
  mutable std::vector<double> scratch = {};

  std::size_t intercepts() const { return 0; }
  std::size_t length() const { return n; }
  std::size_t curvatures() const { return curvature_size(*sets); }

  // theta, and the second derivative with a floor under what rounding loses. Returns the loss.
  double evaluate(const double* eta, double* theta, double* h) const {
    derive(*sets, eta, sums, theta, h);
    double largest = 1e-300;
    for (std::size_t i = 0; i < sets->places(); ++i) largest = std::max(largest, h[i]);
    for (std::size_t i = 0; i < sets->places(); ++i) h[i] += 1e-12 * largest;
    return partial_likelihood(*sets, eta, sums);
  }

  void curve(const double* h, double* v) const {
    priorfit::curve(*sets, h, v, 1, n, v, scratch);
  }

  template <class Working>
  void gram(Working& z, std::size_t from, double* out, std::size_t stride, const double* h,
            bool rough = false) const {
    const auto apply = [&](const double* some, std::size_t count, std::size_t ld, double* u) {
      priorfit::curve(*sets, h, some, count, ld, u, scratch);
    };
    z.gram_of(from, out, stride, apply, rough);
  }

  void dual_point(const double* theta, const double*, double* out) const {
    std::copy(theta, theta + n, out);
  }

  // The dual of the loss at share * theta, with the offset's part. In closed form under Breslow's
  // ties; else from below, L*(-s theta) <= s L*(-theta) + (1 - s) L*(0) (Rockafellar 1970, theorem
  // 23.5), where minus the first with its offset is `touching` = theta'(eta - offset) + loss(eta).
  double dual(const double* theta, double share, double touching) const {
    const double chord = share * touching + (1.0 - share) * sets->least;
    if (!sets->tied.empty()) return chord;
    const double exact = dual_of_partial_likelihood(*sets, theta, share, scratch);
    return std::max(chord, exact - share * dot(offset, theta, n));
  }
};

}  // namespace priorfit
