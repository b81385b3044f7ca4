// Paths of classes whose weights come in groups, as Python sees them.
#include <limits>

#include "bind_groups.hpp"
#include "columns.hpp"
#include "glm_group_model.hpp"
#include "softmax.hpp"
#include "stacked.hpp"

namespace {

using namespace binding;

// y, offset: classes x n, row by row; members: column j of class l is j * classes + l; coefs:
// points x (p classes + classes - 1), the intercept of the first class being 0; few, most: weights,
// but most counts columns where classes share them.
#define PRIORFIT_CLASSES_ARGUMENTS                                                                \
  Vector center, Vector scale, Matrix y, Vector weights, Matrix offset, bool intercept,           \
      Numbers first, Numbers member, Vector l1, Vector rate, Vector strengths, Vector tols,       \
      Rows coefs, Span gaps, Span kkts, Places working, double reference, double steepest,        \
      std::size_t few, std::size_t most
#define PRIORFIT_CLASSES_VALUES                                                                   \
  y, weights, offset, intercept, first, member, l1, rate, strengths, tols, coefs, gaps, kkts,     \
      working, reference, steepest, few, most

template <class Base>
nb::tuple run_classes(const Base& base, const Matrix& y, const Vector& weights,
                      const Matrix& offset, bool intercept, const Numbers& first,
                      const Numbers& member, const Vector& l1, const Vector& rate,
                      const Vector& strengths, const Vector& tols, const Rows& coefs,
                      const Span& gaps, const Span& kkts, const Places& working, double reference,
                      double steepest, std::size_t few, std::size_t most) {
  const std::size_t classes = y.shape(0), n = base.n;
  require(classes > 1, "y: classes x n");
  for (const Matrix& v : {y, offset})
    require(v.shape(0) == classes && v.shape(1) == n && v.stride(1) == 1 &&
                v.stride(0) == static_cast<std::int64_t>(n),
            "y and offset must be classes x n, row by row");
  const priorfit::StackedColumns<Base> columns(base, classes, weights.data());
  const priorfit::Grouping groups = require_groups(first, member, l1, rate, columns.p);
  const priorfit::SoftmaxRows rows{columns.n,      classes,       y.data(),
                                   weights.data(), offset.data(), intercept};
  const bool shared = priorfit::RowModel<Base>::serves(groups, classes);
  priorfit::GlmGroupModel<priorfit::StackedColumns<Base>, priorfit::SoftmaxRows> model(
      columns, groups, rows, shared ? few : std::numeric_limits<std::size_t>::max());
  return run_groups(columns, groups, model, strengths, tols, coefs, gaps, kkts, working, reference,
                    steepest, shared ? most * classes : most);
}

template <class T>
nb::tuple dense(Dense<T> X, PRIORFIT_CLASSES_ARGUMENTS) {
  const std::size_t n = X.shape(0), p = X.shape(1);
  require(weights.shape(0) == n, "weights must have length n");
  require(center.shape(0) == p && scale.shape(0) == p, "center and scale must have length p");
  const std::vector<double> root(n, 1.0);
  const priorfit::DenseColumns<T> base{
      columns_of(X), n, p, {center.data(), scale.data(), root.data()}};
  return run_classes(base, PRIORFIT_CLASSES_VALUES);
}

template <class T, class I>
nb::tuple sparse(Flat<I> start, Flat<I> row, Flat<T> value, PRIORFIT_CLASSES_ARGUMENTS) {
  const std::size_t n = weights.shape(0), p = center.shape(0);
  require(start.shape(0) == p + 1 && scale.shape(0) == p, "starts must have length p + 1");
  require_sparse(start, row, value, n);
  const std::vector<double> root(n, 1.0);
  const priorfit::SparseColumns<T, I> base{
      start.data(), row.data(), value.data(), n, p, {center.data(), scale.data(), root.data()}};
  return run_classes(base, PRIORFIT_CLASSES_VALUES);
}

}  // namespace

void bind_output_groups(nb::module_& m) {
  const auto path = [&m](auto function, auto... stored) {
    m.def("solve_softmax_group_path", function, stored..., "center"_a, "scale"_a,
          "y"_a.noconvert(), "weights"_a, "offset"_a.noconvert(), "intercept"_a, "first"_a,
          "member"_a, "l1"_a, "rate"_a, "strengths"_a, "tols"_a, "coefs"_a.noconvert(),
          "gaps"_a.noconvert(), "kkts"_a.noconvert(), "working"_a.noconvert(), "reference"_a,
          "steepest"_a, "few"_a, "most"_a);
  };
  PRIORFIT_BIND_STORED(path);
}
