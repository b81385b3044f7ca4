// Samplers: the border to Python.
#include <nanobind/stl/string.h>

#include <cmath>
#include <cstdint>

#include "binding.hpp"
#include "leapfrog.hpp"
#include "named_loss.hpp"
#include "slice.hpp"

namespace {

using namespace binding;

// x, slope and v are moved; returns the losses at the end.
double leapfrog(const std::string& loss, Columns X, Vector y, Vector weights, Vector offset,
                bool intercept, double phi, Vector precision, Vector loc, Columns root, double size,
                int steps, Span x, Span slope, Span v) {
  const std::size_t n = X.shape(0), p = X.shape(1), m = p + intercept;
  for (const Vector& one : {y, weights, offset})
    require(one.shape(0) == n, "y, weights, offset: one per row");
  for (const Vector& one : {precision, loc})
    require(one.shape(0) == p, "precision, loc: one per column");
  for (const Span& one : {x, slope, v})
    require(one.shape(0) == m, "x, slope, v: one per unknown");
  require(root.shape(0) == m && root.shape(1) == m, "root: unknowns x unknowns");
  const priorfit::Target target(X.data(), n, p, y.data(), weights.data(), offset.data(), intercept,
                                phi, precision.data(), loc.data());
  return with_loss(loss, [&](auto kind) {
    nb::gil_scoped_release no_gil;
    return priorfit::Leapfrog<decltype(kind)>(target, root.data())
        .run(size, steps, x.data(), slope.data(), v.data());
  });
}

// The losses at x; `slope` receives their gradient.
double losses_at(const std::string& loss, Columns X, Vector y, Vector weights, Vector offset,
                 bool intercept, Vector x, Span slope) {
  const std::size_t n = X.shape(0), p = X.shape(1), m = p + intercept;
  for (const Vector& one : {y, weights, offset})
    require(one.shape(0) == n, "y, weights, offset: one per row");
  require(x.shape(0) == m && slope.shape(0) == m, "x, slope: one per unknown");
  const priorfit::Target target(X.data(), n, p, y.data(), weights.data(), offset.data(), intercept,
                                1.0, nullptr, nullptr);
  return with_loss(loss, [&](auto kind) {
    nb::gil_scoped_release no_gil;
    return priorfit::Leapfrog<decltype(kind)>(target, nullptr).losses(x.data(), slope.data());
  });
}

priorfit::PositiveBelief belief_of(int family, double a, double b) {
  require(family >= 0 && family <= 2, "the family of a belief must be a known one");
  return {static_cast<priorfit::PositiveBelief::Family>(family), a, b};
}

double draw_log_scale(double order, double linear, double square, int family, double a, double b,
                      double from, double width, std::uint64_t seed) {
  require(std::isfinite(from) && width > 0.0, "a finite start and a width > 0");
  const priorfit::ScaleDensity density{order, linear, square, belief_of(family, a, b)};
  return priorfit::slice_draw(density, from, width, seed);
}

double draw_log_scale_of_rows(const std::string& loss, Vector y, Vector weights, Vector eta,
                              Vector along, double phi, int family, double a, double b, double from,
                              double width, std::uint64_t seed) {
  const std::size_t n = y.shape(0);
  for (const Vector& one : {weights, eta, along})
    require(one.shape(0) == n, "weights, eta, along: one per row");
  require(std::isfinite(from) && width > 0.0, "a finite start and a width > 0");
  const auto belief = belief_of(family, a, b);
  return with_loss(loss, [&](auto kind) {
    nb::gil_scoped_release no_gil;
    const priorfit::RowsDensity<decltype(kind)> density{
        n, y.data(), weights.data(), eta.data(), along.data(), phi, from, belief};
    return priorfit::slice_draw(density, from, width, seed);
  });
}

}  // namespace

void bind_posterior(nb::module_& m) {
  m.def("losses_at", &losses_at, "loss"_a, "X"_a.noconvert(), "y"_a, "weights"_a, "offset"_a,
        "intercept"_a, "x"_a, "slope"_a.noconvert());
  m.def("draw_log_scale", &draw_log_scale, "order"_a, "linear"_a, "square"_a, "family"_a, "a"_a,
        "b"_a, "start"_a, "width"_a, "seed"_a);
  m.def("draw_log_scale_of_rows", &draw_log_scale_of_rows, "loss"_a, "y"_a, "weights"_a, "eta"_a,
        "along"_a, "phi"_a, "family"_a, "a"_a, "b"_a, "start"_a, "width"_a, "seed"_a);
  m.def("leapfrog", &leapfrog, "loss"_a, "X"_a.noconvert(), "y"_a, "weights"_a, "offset"_a,
        "intercept"_a, "phi"_a, "precision"_a, "loc"_a, "root"_a.noconvert(), "size"_a, "steps"_a,
        "x"_a.noconvert(), "slope"_a.noconvert(), "v"_a.noconvert());
}
