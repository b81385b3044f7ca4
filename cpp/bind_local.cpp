// Penalties with a concave part: the border to Python.
#include <stdexcept>

#include "binding.hpp"
#include "local_quadratic.hpp"

namespace {

using namespace binding;

// `b` holds the start and receives the local minimum; returns (status, rounds).
nb::tuple solve_local_quadratic(Matrix gram, Vector q, Vector l1, Vector l2, Vector loc,
                                Vector lower, Vector upper, Vector size, int kind,
                                double parameter, Span b, double tol, int max_rounds) {
  const std::size_t m = q.shape(0);
  require(gram.shape(0) == m && gram.shape(1) == m, "gram must be m x m");
  require(m == 0 || gram.stride(0) == 1 || gram.stride(1) == 1, "gram must have a unit stride");
  for (const Vector& v : {l1, l2, loc, lower, upper, size})
    require(v.shape(0) == m, "l1, l2, loc, lower, upper and size must have length m");
  require(b.shape(0) == m, "b must have length m");
  require(kind >= 0 && kind <= 5, "kind must be a known one");
  const auto stride =
      static_cast<std::size_t>(m < 2 ? m : std::max(gram.stride(0), gram.stride(1)));
  const priorfit::Quadratic problem{gram.data(), stride,     m,            q.data(),    l1.data(),
                                    l2.data(),   loc.data(), lower.data(), upper.data()};
  int rounds = 0;
  auto status = priorfit::Status::converged;
  {
    nb::gil_scoped_release no_gil;
    Interrupt interrupt;
    const priorfit::Concave penalty(static_cast<priorfit::Kind>(kind), parameter);
    priorfit::LocalQuadratic solver(problem, size.data(), penalty);
    status = solver.solve(b.data(), tol, max_rounds, rounds, interrupt);
  }
  if (status == priorfit::Status::interrupted) throw nb::python_error();
  return nb::make_tuple(static_cast<int>(status), rounds);
}

}  // namespace

void bind_local(nb::module_& m) {
  m.def("solve_local_quadratic", &solve_local_quadratic, "gram"_a, "q"_a, "l1"_a, "l2"_a, "loc"_a,
        "lower"_a, "upper"_a, "size"_a, "kind"_a, "parameter"_a, "b"_a, "tol"_a, "max_rounds"_a);
}
