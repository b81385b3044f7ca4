// Kernels for columns that come in groups, as Python sees them.
#include "bind_groups.hpp"
#include "columns.hpp"
#include "group_model.hpp"
#include "group_quadratic.hpp"
#include "stacked.hpp"

namespace {

using namespace binding;

template <class Columns>
nb::tuple run_path(const Columns& columns, const priorfit::Grouping& groups, const Vector& y,
                   const Vector& strengths, const Vector& tols, const Rows& coefs,
                   const Span& gaps, const Span& kkts, const Places& working, double reference,
                   double steepest, const priorfit::Ways& ways, std::size_t most) {
  priorfit::GroupModel<Columns> model(columns, groups, y.data(), ways);
  return run_groups(columns, groups, model, strengths, tols, coefs, gaps, kkts, working, reference,
                   steepest, most);
}

// `most` counts columns with the same output.
template <class Base>
nb::tuple run_path(const priorfit::StackedColumns<Base>& columns, const priorfit::Grouping& groups,
                   const Vector& y, const Vector& strengths, const Vector& tols, const Rows& coefs,
                   const Span& gaps, const Span& kkts, const Places& working, double reference,
                   double steepest, const priorfit::Ways& ways, std::size_t most) {
  if (priorfit::RowModel<Base>::serves(groups, columns.outputs)) {
    priorfit::RowModel<Base> model(columns, groups, y.data());
    return run_groups(columns, groups, model, strengths, tols, coefs, gaps, kkts, working,
                     reference, steepest, most * columns.outputs);
  }
  priorfit::GroupModel<priorfit::StackedColumns<Base>> model(columns, groups, y.data(), ways);
  return run_groups(columns, groups, model, strengths, tols, coefs, gaps, kkts, working, reference,
                   steepest, most);
}

#define PRIORFIT_GROUP_ARGUMENTS                                                                  \
  Vector center, Vector scale, Vector root, Vector y, Numbers first, Numbers member, Vector l1,   \
      Vector rate, Vector strengths, Vector tols, Rows coefs, Span gaps, Span kkts,               \
      Places working, double reference, double steepest, std::size_t few, std::size_t most,       \
      double patience, bool systems, std::size_t outputs
#define PRIORFIT_GROUP_VALUES                                                                     \
  require_groups(first, member, l1, rate, p * outputs), y, strengths, tols, coefs, gaps, kkts, working,     \
      reference, steepest, priorfit::Ways{few, patience, systems}, most

void require_lengths(std::size_t n, std::size_t p, const Vector& center, const Vector& scale,
                     const Vector& root, const Vector& y, std::size_t outputs) {
  require(outputs > 0 && root.shape(0) == n && y.shape(0) == n * outputs,
          "root must have length n and y n for each output");
  require(center.shape(0) == p && scale.shape(0) == p, "center and scale must have length p");
}

template <class T>
nb::tuple dense(Dense<T> X, PRIORFIT_GROUP_ARGUMENTS) {
  const std::size_t n = X.shape(0), p = X.shape(1);
  require_lengths(n, p, center, scale, root, y, outputs);
  const priorfit::DenseColumns<T> columns{
      columns_of(X), n, p, {center.data(), scale.data(), root.data()}};
  if (outputs == 1) return run_path(columns, PRIORFIT_GROUP_VALUES);
  const priorfit::StackedColumns stacked(columns, outputs, nullptr);
  return run_path(stacked, PRIORFIT_GROUP_VALUES);
}

template <class T, class I>
nb::tuple sparse(Flat<I> start, Flat<I> row, Flat<T> value, PRIORFIT_GROUP_ARGUMENTS) {
  const std::size_t n = root.shape(0), p = center.shape(0);
  require(start.shape(0) == p + 1, "starts must have length p + 1");
  require_sparse(start, row, value, n);
  require_lengths(n, p, center, scale, root, y, outputs);
  const priorfit::SparseColumns<T, I> columns{
      start.data(), row.data(), value.data(), n, p, {center.data(), scale.data(), root.data()}};
  if (outputs == 1) return run_path(columns, PRIORFIT_GROUP_VALUES);
  const priorfit::StackedColumns stacked(columns, outputs, nullptr);
  return run_path(stacked, PRIORFIT_GROUP_VALUES);
}

// The minimum of b'Gb/2 - q'b + s h(b), from `b` and into it; returns (status, rounds).
nb::tuple quadratic(Matrix gram, Vector q, Numbers first, Vector l1, Vector rate, double s, Span b,
                    double tol, int max_rounds) {
  const std::size_t m = q.shape(0), count = rate.shape(0);
  require(gram.shape(0) == m && gram.shape(1) == m, "gram must be m x m");
  require(m == 0 || gram.stride(0) == 1 || gram.stride(1) == 1, "gram must have a unit stride");
  require(l1.shape(0) == m && b.shape(0) == m, "l1 and b must have length m");
  require(first.shape(0) == count + 1 && first.data()[0] == 0 &&
              static_cast<std::size_t>(first.data()[count]) == m,
          "starts must run from 0 to m");
  std::vector<std::size_t> starts;
  for (std::size_t g = 0; g <= count; ++g) {
    require(g == 0 || first.data()[g - 1] < first.data()[g], "a group must have members");
    starts.push_back(static_cast<std::size_t>(first.data()[g]));
  }
  const auto stride = static_cast<std::size_t>(
      m < 2 ? m : std::max(gram.stride(0), gram.stride(1)));  // symmetric: rows are columns
  int rounds = 0;
  priorfit::Status status;
  {
    nb::gil_scoped_release no_gil;
    Interrupt interrupt;
    priorfit::GroupQuadraticSolver solver(
        {gram.data(), stride, m, q.data(), l1.data(), rate.data(), starts.data(), count, 0.0});
    status = solver.solve(b.data(), s, tol, 0.0, max_rounds, rounds, interrupt);
  }
  if (status == priorfit::Status::interrupted) throw nb::python_error();
  return nb::make_tuple(static_cast<int>(status), rounds);
}

}  // namespace

void bind_groups(nb::module_& m) {
  const auto path = [&m](auto function, auto... stored) {
    m.def("solve_group_path", function, stored..., "center"_a, "scale"_a, "root"_a, "y"_a,
          "first"_a, "member"_a, "l1"_a, "rate"_a, "strengths"_a, "tols"_a, "coefs"_a.noconvert(),
          "gaps"_a.noconvert(), "kkts"_a.noconvert(), "working"_a.noconvert(), "reference"_a,
          "steepest"_a, "few"_a, "most"_a, "patience"_a, "systems"_a,
          "outputs"_a);
  };
  PRIORFIT_BIND_STORED(path);
  m.def("solve_group_quadratic", &quadratic, "gram"_a.noconvert(), "q"_a, "first"_a, "l1"_a,
        "rate"_a, "s"_a, "b"_a.noconvert(), "tol"_a, "max_rounds"_a);
}
