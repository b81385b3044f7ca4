// Paths of several outputs.
#include "binding.hpp"

#include "glm_model.hpp"
#include "group_path.hpp"
#include "path.hpp"
#include "softmax.hpp"
#include "stacked.hpp"

namespace {

using namespace binding;
using priorfit::DenseColumns;
using priorfit::SparseColumns;
using priorfit::StackedColumns;

// y, offset: (classes, n); penalty: p x classes, class by class of a column; intercepts:
// (points, classes - 1), those of the first class being 0. Else as `solve_path`.
#define PRIORFIT_SOFTMAX_ARGUMENTS                                                                \
  Vector center, Vector scale, Matrix y, Vector weights, Matrix offset, bool intercept,           \
      Vector l1, Vector l2, Vector loc, Vector lower, Vector upper, Vector strengths,             \
      Vector tols, Vector warm, Rows coefs, Rows intercepts, Span gaps, Span kkts,                \
      Places working, double reference, double steepest, std::size_t most
#define PRIORFIT_SOFTMAX_VALUES                                                                   \
  y, weights, offset, intercept, l1, l2, loc, lower, upper, strengths, tols, warm, coefs,         \
      intercepts, gaps, kkts, working, reference, steepest, most

template <class Base>
nb::tuple run_softmax(const Base& base, const Matrix& y, const Vector& weights,
                      const Matrix& offset, bool intercept, const Vector& l1, const Vector& l2,
                      const Vector& loc, const Vector& lower, const Vector& upper,
                      const Vector& strengths, const Vector& tols, const Vector& warm,
                      const Rows& coefs, const Rows& intercepts, const Span& gaps,
                      const Span& kkts, const Places& working, double reference, double steepest,
                      std::size_t most) {
  const std::size_t points = strengths.shape(0), classes = y.shape(0), p = base.p * classes;
  require(classes > 1 && y.shape(1) == base.n && weights.shape(0) == base.n, "y: classes x n");
  for (const Matrix& v : {y, offset})
    require(v.shape(0) == classes && v.shape(1) == base.n && v.stride(1) == 1 &&
                v.stride(0) == static_cast<std::int64_t>(base.n),
            "y and offset must be classes x n, row by row");
  for (const Vector& v : {l1, l2, loc, lower, upper, warm})
    require(v.shape(0) == p, "warm and the penalty must have length p classes");
  require(coefs.shape(0) == p && coefs.shape(1) == points, "coefs must be p classes x points");
  require(intercepts.shape(0) == points && intercepts.shape(1) == classes - 1,
          "intercepts must be points x (classes - 1)");
  require(gaps.shape(0) == points && kkts.shape(0) == points, "gaps, kkts: one per point");
  require(tols.shape(0) == points && points > 0, "tols: one per point, at least one");
  require(working.shape(0) == p, "working must have length p classes");
  bool interrupted = false;
  std::size_t done, m;
  {
    nb::gil_scoped_release no_gil;
    Interrupt interrupt;
    using Columns = StackedColumns<Base>;
    using Model = priorfit::RowsModel<Columns, priorfit::SoftmaxRows>;
    const Columns columns(base, classes, weights.data());
    const priorfit::Penalty penalty{l1.data(), l2.data(), loc.data(), lower.data(), upper.data()};
    Model model(columns, classes, y.data(), weights.data(), offset.data(), intercept);
    priorfit::Path<Columns, Model> path(columns, model, penalty, {reference, steepest}, most);
    done = path.run(strengths.data(), tols.data(), points, warm.data(), coefs.data(),
                    intercepts.data(), classes - 1, gaps.data(), kkts.data(), interrupt,
                    interrupted);
    m = path.working().size();
    for (std::size_t i = 0; i < m; ++i)
      working.data()[i] = static_cast<std::int64_t>(path.working()[i]);
  }
  if (interrupted) throw nb::python_error();
  return nb::make_tuple(done, m);
}

template <class T>
nb::tuple softmax_dense(Dense<T> X, PRIORFIT_SOFTMAX_ARGUMENTS) {
  const std::size_t n = X.shape(0), p = X.shape(1);
  require(center.shape(0) == p && scale.shape(0) == p, "center and scale must have length p");
  const std::vector<double> root(n, 1.0);
  const DenseColumns<T> base{columns_of(X), n, p, {center.data(), scale.data(), root.data()}};
  return run_softmax(base, PRIORFIT_SOFTMAX_VALUES);
}

template <class T, class I>
nb::tuple softmax_sparse(Flat<I> start, Flat<I> row, Flat<T> value, PRIORFIT_SOFTMAX_ARGUMENTS) {
  const std::size_t n = weights.shape(0), p = center.shape(0);
  require(start.shape(0) == p + 1 && scale.shape(0) == p, "starts must have length p + 1");
  require_sparse(start, row, value, n);
  const std::vector<double> root(n, 1.0);
  const SparseColumns<T, I> base{
      start.data(), row.data(), value.data(), n, p, {center.data(), scale.data(), root.data()}};
  return run_softmax(base, PRIORFIT_SOFTMAX_VALUES);
}

}  // namespace

void bind_outputs(nb::module_& m) {
  const auto softmax = [&m](auto function, auto... stored) {
    m.def("solve_softmax_path", function, stored..., "center"_a, "scale"_a, "y"_a.noconvert(),
          "weights"_a, "offset"_a.noconvert(), "intercept"_a, "l1"_a, "l2"_a, "loc"_a, "lower"_a,
          "upper"_a, "strengths"_a, "tols"_a, "warm"_a, "coefs"_a.noconvert(),
          "intercepts"_a.noconvert(), "gaps"_a.noconvert(), "kkts"_a.noconvert(),
          "working"_a.noconvert(), "reference"_a, "steepest"_a, "most"_a);
  };
  const auto by_columns = [&softmax](auto function) {
    softmax(function, "start"_a.noconvert(), "row"_a.noconvert(), "value"_a.noconvert());
  };
  softmax(&softmax_dense<double>, "X"_a.noconvert());
  softmax(&softmax_dense<float>, "X"_a.noconvert());
  by_columns(&softmax_sparse<double, std::int32_t>);
  by_columns(&softmax_sparse<double, std::int64_t>);
  by_columns(&softmax_sparse<float, std::int32_t>);
  by_columns(&softmax_sparse<float, std::int64_t>);
}
