// Groups of columns with likelihoods that are not quadratic, as Python sees them.
#include <nanobind/stl/string.h>

#include <string>

#include "bind_groups.hpp"
#include "columns.hpp"
#include "glm_group_model.hpp"
#include "named_loss.hpp"

namespace {

using namespace binding;

#define PRIORFIT_GROUP_ROWS_ARGUMENTS                                                             \
  Vector center, Vector scale, Vector root, Vector y, const std::string &loss, Vector weights,    \
      Vector offset, bool intercept, Numbers first, Numbers member, Vector l1, Vector rate,       \
      Vector strengths, Vector tols, Rows coefs, Span gaps, Span kkts, Places working,            \
      double reference, double steepest, std::size_t few, std::size_t most
// The path of these arguments over `columns`.
#define PRIORFIT_RUN_GROUP_ROWS                                                                   \
  const priorfit::Grouping groups = require_groups(first, member, l1, rate, p);                   \
  return with_loss(loss, [&](auto kind) {                                                         \
    using LossRows = priorfit::GlmRows<decltype(kind)>;                                           \
    const LossRows rows{n, y.data(), weights.data(), offset.data(), intercept};                   \
    priorfit::GlmGroupModel<decltype(columns), LossRows> model(columns, groups, rows, few);       \
    return run_groups(columns, groups, model, strengths, tols, coefs, gaps, kkts, working,        \
                      reference, steepest, most);                                                 \
  });

void require_rows(std::size_t n, std::size_t p, const Vector& center, const Vector& scale,
                  const Vector& root, const Vector& y, const Vector& weights,
                  const Vector& offset) {
  for (const Vector& v : {root, y, weights, offset})
    require(v.shape(0) == n, "root, y, weights and offset must have length n");
  require(center.shape(0) == p && scale.shape(0) == p, "center and scale must have length p");
}

template <class T>
nb::tuple dense(Dense<T> X, PRIORFIT_GROUP_ROWS_ARGUMENTS) {
  const std::size_t n = X.shape(0), p = X.shape(1);
  require_rows(n, p, center, scale, root, y, weights, offset);
  priorfit::DenseColumns<T> columns{
      columns_of(X), n, p, {center.data(), scale.data(), root.data()}};
  PRIORFIT_RUN_GROUP_ROWS
}

template <class T, class I>
nb::tuple sparse(Flat<I> start, Flat<I> row, Flat<T> value, PRIORFIT_GROUP_ROWS_ARGUMENTS) {
  const std::size_t n = root.shape(0), p = center.shape(0);
  require(start.shape(0) == p + 1, "starts must have length p + 1");
  require_sparse(start, row, value, n);
  require_rows(n, p, center, scale, root, y, weights, offset);
  priorfit::SparseColumns<T, I> columns{
      start.data(), row.data(), value.data(), n, p, {center.data(), scale.data(), root.data()}};
  PRIORFIT_RUN_GROUP_ROWS
}

}  // namespace

void bind_group_rows(nb::module_& m) {
  const auto path = [&m](auto function, auto... stored) {
    m.def("solve_glm_group_path", function, stored..., "center"_a, "scale"_a, "root"_a, "y"_a,
          "loss"_a, "weights"_a, "offset"_a, "intercept"_a, "first"_a, "member"_a, "l1"_a,
          "rate"_a, "strengths"_a, "tols"_a, "coefs"_a.noconvert(), "gaps"_a.noconvert(),
          "kkts"_a.noconvert(), "working"_a.noconvert(), "reference"_a, "steepest"_a, "few"_a,
          "most"_a);
  };
  PRIORFIT_BIND_STORED(path);
}
