// With the other bind_*.cpp the only files that know Python.
#include <nanobind/stl/string.h>

#include <mutex>
#include <string>
#include <vector>

#include "bind_path.hpp"
#include "binding.hpp"
#include "columns.hpp"
#include "glm_model.hpp"
#include "model.hpp"
#include "named_loss.hpp"
#include "path.hpp"
#include "quadratic.hpp"
#include "resampled.hpp"
#include "residual_model.hpp"
#include "shared_dense.hpp"
#include "small.hpp"

void bind_coupled(nb::module_& m);
void bind_columns(nb::module_& m);
void bind_group_rows(nb::module_& m);
void bind_groups(nb::module_& m);
void bind_output_groups(nb::module_& m);
void bind_outputs(nb::module_& m);
void bind_local(nb::module_& m);
void bind_posterior(nb::module_& m);
void bind_present(nb::module_& m);
void bind_proximal(nb::module_& m);
void bind_structured(nb::module_& m);

namespace {

using namespace binding;

// One solution per strength, each warm-started from the one before; row k of `coefs` holds the
// warm start of the first and receives the solution of strength k.
void solve_quadratic(Matrix gram, Vector q, Vector l1, Vector l2, Vector loc, Vector lower,
                     Vector upper, Vector strengths, Rows coefs, Counts status, Counts rounds,
                     double tol, int max_rounds) {
  const std::size_t m = q.shape(0), points = strengths.shape(0);
  require(gram.shape(0) == m && gram.shape(1) == m, "gram must be m x m");
  require(m == 0 || gram.stride(0) == 1 || gram.stride(1) == 1, "gram must have a unit stride");
  for (const Vector& v : {l1, l2, loc, lower, upper})
    require(v.shape(0) == m, "l1, l2, loc, lower and upper must have length m");
  require(coefs.shape(0) == points && coefs.shape(1) == m, "coefs must be points x m");
  require(status.shape(0) == points && rounds.shape(0) == points, "status, rounds: one per point");
  const auto stride = static_cast<std::size_t>(
      m < 2 ? m : std::max(gram.stride(0), gram.stride(1)));  // symmetric: rows are columns
  const priorfit::Quadratic problem{gram.data(), stride,      m,           q.data(),    l1.data(),
                                    l2.data(),   loc.data(),  lower.data(), upper.data()};
  bool interrupted = false;
  {
    nb::gil_scoped_release no_gil;
    priorfit::QuadraticSolver solver(problem);
    Interrupt interrupt;
    for (std::size_t k = 0; k < points && !interrupted; ++k) {
      double* b = coefs.data() + k * m;
      if (k > 0) std::copy(b - m, b, b);
      const auto s = solver.solve(b, strengths.data()[k], tol, max_rounds, rounds.data()[k], interrupt);
      status.data()[k] = static_cast<std::int32_t>(s);
      interrupted = s == priorfit::Status::interrupted;
    }
  }
  if (interrupted) throw nb::python_error();
}

template <class T>
nb::tuple path_dense(Dense<T> X, PRIORFIT_PATH_ARGUMENTS) {
  const std::size_t n = X.shape(0), p = X.shape(1);
  require_lengths(n, p, {root, y, weights, offset}, {center, scale, l1, l2, loc, lower, upper});
  const priorfit::DenseColumns<T> columns{
      columns_of(X), n, p, {center.data(), scale.data(), root.data()}};
  PRIORFIT_RUN
  using Columns = DenseColumns<T>;
  if (loss == "gaussian") return run(GaussianModel<Columns>(columns, y.data()));
  return with_loss(loss, [&](auto kind) {
    return run(GlmModel<Columns, decltype(kind)>(columns, y.data(), w, o, intercept));
  });
}

template <class T>
nb::tuple path_shared(SharedDense<T>& shared, PRIORFIT_PATH_ARGUMENTS) {
  const std::size_t n = shared.X.shape(0), p = shared.X.shape(1);
  require_lengths(n, p, {root, y, weights, offset}, {center, scale, l1, l2, loc, lower, upper});
  require(loss == "gaussian", "these are columns times the root of their weights");
  std::unique_lock<std::mutex> lock(shared.growing, std::defer_lock);
  {
    nb::gil_scoped_release no_gil;
    lock.lock();
    if (shared.grown) lock.unlock();
  }
  const priorfit::ResampledColumns<T> columns(shared.columns,
                                              {center.data(), scale.data(), root.data()},
                                              !shared.grown);
  PRIORFIT_RUN
  const nb::tuple found = run(GaussianModel<ResampledColumns<T>>(columns, y.data()));
  shared.grown = true;
  return found;
}

template <class T, class I>
nb::tuple path_sparse(Flat<I> start, Flat<I> row, Flat<T> value, PRIORFIT_PATH_ARGUMENTS) {
  const std::size_t n = y.shape(0), p = center.shape(0);
  require(start.shape(0) == p + 1, "starts must have length p + 1");
  require_sparse(start, row, value, n);
  require_lengths(n, p, {root, y, weights, offset}, {center, scale, l1, l2, loc, lower, upper});
  const priorfit::SparseColumns<T, I> columns{
      start.data(), row.data(), value.data(), n, p, {center.data(), scale.data(), root.data()}};
  PRIORFIT_RUN
  if (loss == "gaussian") return run(GaussianModel<SparseColumns<T, I>>(columns, y.data()));
  if (loss == "gaussian, by residuals")
    return run(ResidualModel<T, I, GaussianRows>(columns, {n, y.data(), root.data()}));
  return with_loss(loss, [&](auto kind) {
    return run(ResidualModel<T, I, GlmRows<decltype(kind)>>(columns,
                                                            {n, y.data(), w, o, intercept}));
  });
}

// One solution per strength as in `solve_quadratic`, for a loss that is not quadratic, over a few
// dense columns.
template <class Loss>
bool glm_points(const priorfit::DenseColumns<double>& columns, const priorfit::Penalty& penalty,
                const Vector& y, const Vector& weights, const Vector& offset,
                const Vector& strengths, const Rows& coefs, const Counts& rounds, double tol,
                Interrupt& interrupt) {
  priorfit::GlmModel<priorfit::DenseColumns<double>, Loss> model(columns, y.data(), weights.data(),
                                                                 offset.data(), false);
  std::vector<std::size_t> every(columns.p);
  for (std::size_t j = 0; j < columns.p; ++j) every[j] = j;
  model.add(every, penalty);
  priorfit::Solution x{std::vector<double>(coefs.data(), coefs.data() + columns.p), {}};
  for (std::size_t k = 0; k < strengths.shape(0); ++k) {
    const auto status = model.solve(x, strengths.data()[k], tol, interrupt);
    if (status == priorfit::Status::interrupted) return true;
    std::copy(x.b.begin(), x.b.end(), coefs.data() + k * columns.p);
    rounds.data()[k] = model.rounds();
  }
  return false;
}

void solve_glm(const std::string& loss, Dense<double> Z, Vector y, Vector weights, Vector offset,
               Vector l1, Vector l2, Vector loc, Vector lower, Vector upper, Vector strengths,
               Rows coefs, Counts rounds, double tol) {
  const std::size_t n = Z.shape(0), m = Z.shape(1), points = strengths.shape(0);
  for (const Vector& v : {y, weights, offset})
    require(v.shape(0) == n, "y, weights and offset must have length n");
  for (const Vector& v : {l1, l2, loc, lower, upper})
    require(v.shape(0) == m, "l1, l2, loc, lower and upper must have length m");
  require(coefs.shape(0) == points && coefs.shape(1) == m, "coefs must be points x m");
  require(rounds.shape(0) == points, "rounds: one per point");
  const std::vector<double> zeros(m, 0.0), ones(std::max(n, m), 1.0);
  const priorfit::DenseColumns<double> columns{
      columns_of(Z), n, m, {zeros.data(), ones.data(), ones.data()}};
  const priorfit::Penalty penalty{l1.data(), l2.data(), loc.data(), lower.data(), upper.data()};
  bool interrupted;
  {
    nb::gil_scoped_release no_gil;
    Interrupt interrupt;
    interrupted = with_loss(loss, [&](auto kind) {
      return glm_points<decltype(kind)>(columns, penalty, y, weights, offset, strengths, coefs,
                                        rounds, tol, interrupt);
    });
  }
  if (interrupted) throw nb::python_error();
}

// theta = -w loss' and h = w loss'' at eta; returns the loss.
double evaluate_rows(const std::string& loss, Vector y, Vector weights, Vector eta, Span theta,
                     Span h) {
  const std::size_t n = y.shape(0);
  for (const Vector& v : {weights, eta}) require(v.shape(0) == n, "y, weights, eta: one per row");
  require(theta.shape(0) == n && h.shape(0) == n, "theta, h: one per row");
  return with_loss(loss, [&](auto kind) {
    return priorfit::evaluate_rows(kind, n, y.data(), weights.data(), eta.data(), theta.data(),
                                   h.data());
  });
}

// sum_i w_i loss*(y_i, -theta_i / w_i)
double conjugate_rows(const std::string& loss, Vector y, Vector weights, Vector theta) {
  const std::size_t n = y.shape(0);
  for (const Vector& v : {weights, theta})
    require(v.shape(0) == n, "y, weights, theta: one per row");
  return with_loss(loss, [&](auto kind) {
    return priorfit::conjugate_rows(kind, n, y.data(), weights.data(), theta.data(), 1.0);
  });
}

// (usable, intercept, loss, df, gap, kkt, rounds) of a small dense gaussian fit; `coef` receives
// the weights.
nb::tuple fit_small(Matrix X, Vector y, Vector weights, Vector l1, Vector l2, Vector loc,
                    Vector lower, Vector upper, bool intercept, double phi, Span coef) {
  const std::size_t n = X.shape(0), p = X.shape(1);
  require(y.shape(0) == n && weights.shape(0) == n, "y and weights must have length n");
  for (const Vector& v : {l1, l2, loc, lower, upper})
    require(v.shape(0) == p, "l1, l2, loc, lower and upper must have length p");
  require(coef.shape(0) == p, "coef must have length p");
  const priorfit::Table table{X.data(), X.stride(0), X.stride(1),    n,
                              p,        y.data(),    weights.data(), intercept};
  const priorfit::Belief belief{l1.data(), l2.data(), loc.data(), lower.data(), upper.data()};
  priorfit::SmallFit fit;
  bool interrupted = false;
  {
    nb::gil_scoped_release no_gil;
    Interrupt interrupt;
    const auto stop = [&] { return interrupted = interrupt(); };
    fit = priorfit::SmallGaussian(table, belief).fit(phi, coef.data(), stop);
  }
  if (interrupted) throw nb::python_error();
  return nb::make_tuple(fit.usable, fit.intercept, fit.loss, fit.df, fit.gap, fit.kkt, fit.rounds);
}

}  // namespace

NB_MODULE(_core, m) {
  m.doc() = "Native kernels of priorfit: spans and numbers in, status and numbers out.";
  nb::class_<SharedDense<double>>(m, "SharedDouble")
      .def(nb::init<Dense<double>, Vector, Vector, Vector>(), "X"_a.noconvert(), "center"_a,
           "scale"_a, "root"_a);
  nb::class_<SharedDense<float>>(m, "SharedSingle")
      .def(nb::init<Dense<float>, Vector, Vector, Vector>(), "X"_a.noconvert(), "center"_a,
           "scale"_a, "root"_a);
  m.def("solve_quadratic", &solve_quadratic, "gram"_a.noconvert(), "q"_a, "l1"_a, "l2"_a, "loc"_a,
        "lower"_a, "upper"_a, "strengths"_a, "coefs"_a.noconvert(), "status"_a.noconvert(),
        "rounds"_a.noconvert(), "tol"_a, "max_rounds"_a);
  m.def("solve_glm", &solve_glm, "loss"_a, "Z"_a.noconvert(), "y"_a, "weights"_a, "offset"_a,
        "l1"_a, "l2"_a, "loc"_a, "lower"_a, "upper"_a, "strengths"_a, "coefs"_a.noconvert(),
        "rounds"_a.noconvert(), "tol"_a);
  const auto path = [&m](auto function, auto... stored) {
    m.def("solve_path", function, stored..., PRIORFIT_PATH_NAMES);
  };
  path(&path_dense<double>, "X"_a.noconvert());
  path(&path_dense<float>, "X"_a.noconvert());
  path(&path_shared<double>, "shared"_a);
  path(&path_shared<float>, "shared"_a);
  const auto sparse = [&](auto function) {
    path(function, "start"_a.noconvert(), "row"_a.noconvert(), "value"_a.noconvert());
  };
  sparse(&path_sparse<double, std::int32_t>);
  sparse(&path_sparse<double, std::int64_t>);
  sparse(&path_sparse<float, std::int32_t>);
  sparse(&path_sparse<float, std::int64_t>);
  m.def("evaluate_rows", &evaluate_rows, "loss"_a, "y"_a, "weights"_a, "eta"_a,
        "theta"_a.noconvert(), "h"_a.noconvert());
  m.def("conjugate_rows", &conjugate_rows, "loss"_a, "y"_a, "weights"_a, "theta"_a);
  m.def("fit_small", &fit_small, "X"_a.noconvert(), "y"_a, "weights"_a, "l1"_a, "l2"_a, "loc"_a,
        "lower"_a, "upper"_a, "intercept"_a, "phi"_a, "coef"_a.noconvert());
  bind_coupled(m);
  bind_columns(m);
  bind_group_rows(m);
  bind_groups(m);
  bind_output_groups(m);
  bind_outputs(m);
  bind_local(m);
  bind_posterior(m);
  bind_present(m);
  bind_proximal(m);
  bind_structured(m);
}
