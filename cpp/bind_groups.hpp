// What the bindings of groups of columns share: their checks and the call.
#pragma once

#include <cstdint>
#include <vector>

#include "binding.hpp"
#include "group_model.hpp"
#include "group_path.hpp"

// Binds the function templates `dense` and `sparse` by `path`, for every way to store X.
#define PRIORFIT_BIND_STORED(path)                                                                \
  path(&dense<double>, "X"_a.noconvert());                                                        \
  path(&dense<float>, "X"_a.noconvert());                                                         \
  const auto by_columns = [&path](auto function) {                                                \
    path(function, "start"_a.noconvert(), "row"_a.noconvert(), "value"_a.noconvert());            \
  };                                                                                              \
  by_columns(&sparse<double, std::int32_t>);                                                      \
  by_columns(&sparse<double, std::int64_t>);                                                      \
  by_columns(&sparse<float, std::int32_t>);                                                       \
  by_columns(&sparse<float, std::int64_t>)

namespace binding {

using Numbers = nb::ndarray<const std::int64_t, nb::ndim<1>, nb::c_contig, nb::device::cpu>;

// Groups are trusted only after this: increasing starts, every column at most once and inside.
inline priorfit::Grouping require_groups(const Numbers& start, const Numbers& member, const Vector& l1,
                                  const Vector& rate, std::size_t p) {
  const std::size_t count = rate.shape(0), entries = member.shape(0);
  require(start.shape(0) == count + 1 && l1.shape(0) == entries, "one l1 rate per member");
  require(start.data()[0] == 0 && static_cast<std::size_t>(start.data()[count]) == entries,
          "starts must run from 0 to the number of members");
  for (std::size_t g = 0; g < count; ++g)
    require(start.data()[g] < start.data()[g + 1], "a group must have members");
  std::vector<bool> seen(p, false);
  for (std::size_t i = 0; i < entries; ++i) {
    const auto j = static_cast<std::size_t>(member.data()[i]);
    require(member.data()[i] >= 0 && j < p && !seen[j], "a member must be a column, once");
    seen[j] = true;
  }
  return {start.data(), member.data(), l1.data(), rate.data(), count};
}

constexpr std::size_t few_with_groups = 3;  // as `few_points`: bounds of groups spare fewer passes

// The solutions at decreasing strengths; how many were done and how many columns worked.
template <class Columns, class Model>
nb::tuple run_groups(const Columns& columns, const priorfit::Grouping& groups, Model& model,
                     const Vector& strengths, const Vector& tols, const Rows& coefs,
                     const Span& gaps, const Span& kkts, const Places& working, double reference,
                     double steepest, std::size_t most) {
  const std::size_t points = strengths.shape(0), p = columns.p;
  require(coefs.shape(0) == points && coefs.shape(1) == p + model.intercepts(),
          "coefs must be points x p, and the intercept");
  require(gaps.shape(0) == points && kkts.shape(0) == points, "gaps, kkts: one per point");
  require(tols.shape(0) == points && points > 0, "tols: one per point, at least one");
  require(working.shape(0) == p, "working must have length p");
  bool interrupted = false;
  std::size_t done, m = 0;
  {
    nb::gil_scoped_release no_gil;
    Interrupt interrupt;
    const priorfit::KnownColumns known{nullptr, nullptr, points <= few_with_groups};
    priorfit::GroupPath<Columns, Model> path(columns, groups, model, {reference, steepest}, most,
                                             known);
    done = path.run(strengths.data(), tols.data(), points, coefs.data(), gaps.data(), kkts.data(),
                    interrupt, interrupted);
    for (std::size_t j : path.working())
      if (j < p) working.data()[m++] = static_cast<std::int64_t>(j);
  }
  if (interrupted) throw nb::python_error();
  return nb::make_tuple(done, m);
}

}  // namespace binding
