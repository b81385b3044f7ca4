// Samplers: the border to Python.
#include <nanobind/stl/string.h>

#include <cmath>
#include <cstdint>

#include "binding.hpp"
#include "horseshoe.hpp"
#include "leapfrog.hpp"
#include "named_loss.hpp"
#include "polya_gamma.hpp"
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

priorfit::PositiveBelief belief_of(int family, double a, double b, const Vector& shares,
                                   const Vector& counts) {
  require(family >= 0 && family <= 2, "the family of a belief must be a known one");
  require(shares.shape(0) == counts.shape(0), "shares, counts: one each");
  return {static_cast<priorfit::PositiveBelief::Family>(family), a, b,
          {shares.data(), counts.data(), shares.shape(0)}};
}

double draw_log_scale(double order, double linear, double square, int family, double a, double b,
                      Vector shares, Vector counts, double from, double width,
                      std::uint64_t seed) {
  require(std::isfinite(from) && width > 0.0, "a finite start and a width > 0");
  const priorfit::ScaleDensity density{order, linear, square,
                                      belief_of(family, a, b, shares, counts)};
  return priorfit::slice_draw(density, from, width, seed);
}

double draw_log_scale_of_rows(const std::string& loss, Vector y, Vector weights, Vector eta,
                              Vector along, double phi, double inside, int family, double a,
                              double b, Vector shares, Vector counts, double from, double width,
                              std::uint64_t seed) {
  const std::size_t n = y.shape(0);
  for (const Vector& one : {weights, eta, along})
    require(one.shape(0) == n, "weights, eta, along: one per row");
  require(std::isfinite(from) && width > 0.0, "a finite start and a width > 0");
  const auto belief = belief_of(family, a, b, shares, counts);
  return with_loss(loss, [&](auto kind) {
    nb::gil_scoped_release no_gil;
    const priorfit::RowsDensity<decltype(kind)> density{
        n, y.data(), weights.data(), eta.data(), along.data(), phi, from, inside, belief};
    return priorfit::slice_draw(density, from, width, seed);
  });
}

double draw_log_scale_of_locals(Vector precision, int family, double a, double b, Vector shares,
                                Vector counts, double from, double width, std::uint64_t seed) {
  require(std::isfinite(from) && width > 0.0, "a finite start and a width > 0");
  const priorfit::LocalsDensity density{precision.shape(0), precision.data(), from,
                                        belief_of(family, a, b, shares, counts)};
  return priorfit::slice_draw(density, from, width, seed);
}

// omega receives one Polya-Gamma number for each row.
void draw_polya_gamma(Vector counts, Vector z, std::uint64_t seed, Span omega) {
  const std::size_t n = z.shape(0);
  require(counts.shape(0) == n && omega.shape(0) == n, "counts, omega: one per row");
  for (std::size_t i = 0; i < n; ++i)
    require(std::isfinite(z.data()[i]) && counts.data()[i] >= 0.0 && counts.data()[i] < 1e6,
            "z must be finite, counts from 0 to 1e6");
  nb::gil_scoped_release no_gil;
  priorfit::polya_gamma(counts.data(), z.data(), n, seed, omega.data());
}

void horseshoe_sweep(Columns gram, Vector along, Vector scale, Vector still, std::uint64_t seed,
                     Span b, Span precision) {
  const std::size_t size = along.shape(0), p = scale.shape(0);
  require(gram.shape(0) == size && gram.shape(1) == size, "gram: unknowns x unknowns");
  require(b.shape(0) == size && p <= size, "b: one per unknown");
  require(still.shape(0) == p && precision.shape(0) == p, "still, precision: one per weight");
  nb::gil_scoped_release no_gil;
  priorfit::horseshoe_sweep(gram.data(), along.data(), size, size - p, scale.data(), still.data(),
                            seed, b.data(), precision.data());
}

}  // namespace

void bind_posterior(nb::module_& m) {
  m.def("draw_polya_gamma", &draw_polya_gamma, "counts"_a, "z"_a, "seed"_a, "omega"_a.noconvert());
  m.def("horseshoe_sweep", &horseshoe_sweep, "gram"_a.noconvert(), "along"_a, "scale"_a, "still"_a,
        "seed"_a, "b"_a.noconvert(), "precision"_a.noconvert());
  m.def("losses_at", &losses_at, "loss"_a, "X"_a.noconvert(), "y"_a, "weights"_a, "offset"_a,
        "intercept"_a, "x"_a, "slope"_a.noconvert());
  m.def("draw_log_scale", &draw_log_scale, "order"_a, "linear"_a, "square"_a, "family"_a, "a"_a,
        "b"_a, "shares"_a, "counts"_a, "start"_a, "width"_a, "seed"_a);
  m.def("draw_log_scale_of_locals", &draw_log_scale_of_locals, "precision"_a, "family"_a, "a"_a,
        "b"_a, "shares"_a, "counts"_a, "start"_a, "width"_a, "seed"_a);
  m.def("draw_log_scale_of_rows", &draw_log_scale_of_rows, "loss"_a, "y"_a, "weights"_a, "eta"_a,
        "along"_a, "phi"_a, "inside"_a, "family"_a, "a"_a, "b"_a, "shares"_a, "counts"_a, "start"_a, "width"_a, "seed"_a);
  m.def("leapfrog", &leapfrog, "loss"_a, "X"_a.noconvert(), "y"_a, "weights"_a, "offset"_a,
        "intercept"_a, "phi"_a, "precision"_a, "loc"_a, "root"_a.noconvert(), "size"_a, "steps"_a,
        "x"_a.noconvert(), "slope"_a.noconvert(), "v"_a.noconvert());
}
