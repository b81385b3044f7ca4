// What the bindings of a path share: its arguments, their checks, and the call.
#pragma once

#include <nanobind/stl/string.h>

#include <initializer_list>
#include <string>
#include <type_traits>

#include "binding.hpp"
#include "path.hpp"
#include "penalty.hpp"

namespace binding {

// The solutions at decreasing strengths over many columns; returns how many were done and how many
// columns worked, whose places are in `working`. `gaps` and `kkts` are the certificates. `lengths` (p)
// of the columns z_j and their `correlation` (p) with the dual point of the start are empty where they
// are not known.
template <class Columns, class Model>
nb::tuple run_path(const Columns& columns, Model&& model, const priorfit::Penalty& penalty,
                   const Vector& strengths, const Vector& tols, const Vector& warm,
                   const Rows& coefs,
                   const Span& intercepts, const Span& gaps, const Span& kkts,
                   const Places& working, double reference, double steepest, std::size_t most,
                   const Vector& lengths, const Vector& correlation) {
  const std::size_t points = strengths.shape(0);
  require(coefs.shape(0) == columns.p && coefs.shape(1) == points, "coefs must be p x points");
  require(warm.shape(0) == columns.p, "warm must have length p");
  for (const Span& v : {intercepts, gaps, kkts})
    require(v.shape(0) == points, "intercepts, gaps, kkts: one per point");
  require(tols.shape(0) == points && points > 0, "tols: one per point, at least one");
  require(working.shape(0) == columns.p, "working must have length p");
  for (const Vector& v : {lengths, correlation})
    require(v.shape(0) == 0 || v.shape(0) == columns.p, "lengths, correlation: none, or p");
  const auto given = [](const Vector& v) { return v.shape(0) > 0 ? v.data() : nullptr; };
  const priorfit::KnownColumns known{given(lengths), given(correlation),
                                     points <= priorfit::few_points};
  bool interrupted = false;
  std::size_t done, m;
  {
    nb::gil_scoped_release no_gil;
    Interrupt interrupt;
    priorfit::Path<Columns, std::decay_t<Model>> path(columns, model, penalty,
                                                      {reference, steepest}, most, known);
    done = path.run(strengths.data(), tols.data(), points, warm.data(), coefs.data(),
                    intercepts.data(), 1, gaps.data(), kkts.data(), interrupt, interrupted);
    m = path.working().size();
    for (std::size_t i = 0; i < m; ++i)
      working.data()[i] = static_cast<std::int64_t>(path.working()[i]);
  }
  if (interrupted) throw nb::python_error();
  return nb::make_tuple(done, m);
}

#define PRIORFIT_PATH_ARGUMENTS                                                                   \
  Vector center, Vector scale, Vector root, Vector y, const std::string &loss, Vector weights,    \
      Vector offset, bool intercept, Vector l1, Vector l2, Vector loc, Vector lower,              \
      Vector upper, Vector strengths, Vector tols, Vector warm, Rows coefs, Span intercepts,      \
      Span gaps, Span kkts, Places working, double reference, double steepest, std::size_t most,  \
      Vector lengths, Vector correlation
#define PRIORFIT_PATH_NAMES                                                                       \
  "center"_a, "scale"_a, "root"_a, "y"_a, "loss"_a, "weights"_a, "offset"_a, "intercept"_a,       \
      "l1"_a, "l2"_a, "loc"_a, "lower"_a, "upper"_a, "strengths"_a, "tols"_a, "warm"_a,           \
      "coefs"_a.noconvert(), "intercepts"_a.noconvert(), "gaps"_a.noconvert(),                    \
      "kkts"_a.noconvert(), "working"_a.noconvert(), "reference"_a, "steepest"_a, "most"_a,       \
      "lengths"_a, "correlation"_a
// `run(model)`: the path of these arguments.
#define PRIORFIT_RUN                                                                              \
  using namespace priorfit;                                                                       \
  const double *w = weights.data(), *o = offset.data();                                           \
  const Penalty penalty{l1.data(), l2.data(), loc.data(), lower.data(), upper.data()};            \
  const auto run = [&](auto model) {                                                              \
    return run_path(columns, model, penalty, strengths, tols, warm, coefs, intercepts, gaps,      \
                    kkts, working, reference, steepest, most, lengths, correlation);             \
  };                                                                                              \
  (void)w, (void)o;

inline void require_lengths(std::size_t n, std::size_t p, std::initializer_list<Vector> rows,
                     std::initializer_list<Vector> columns) {
  for (const Vector& v : rows)
    require(v.shape(0) == n, "root, y, weights and offset must have length n");
  for (const Vector& v : columns)
    require(v.shape(0) == p, "center, scale and the penalty must have length p");
}

}  // namespace binding
