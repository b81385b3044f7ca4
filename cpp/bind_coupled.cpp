// Paths of likelihoods whose rows are coupled.
#include "binding.hpp"

#include "bind_path.hpp"
#include "columns.hpp"
#include "cox_rows.hpp"
#include "glm_model.hpp"

namespace {

using namespace binding;
using priorfit::RiskSets;

template <class To, class From>
std::vector<To> copied(const Flat<From>& v, std::size_t below) {
  std::vector<To> out(v.shape(0));
  for (std::size_t i = 0; i < out.size(); ++i) {
    require(v.data()[i] >= 0 && static_cast<std::size_t>(v.data()[i]) < below, "a place must exist");
    out[i] = static_cast<To>(v.data()[i]);
  }
  return out;
}

std::vector<double> copied(const Vector& v) { return {v.data(), v.data() + v.shape(0)}; }

// `row`, `log_weight`, `fresh` (a stratum begins), `events`: by place; `own`: by row; `last`, `first`
// (one more): by tied group; `mean_weight`, `tied_place`, `rank`: by tied event.
RiskSets make_risk_sets(Flat<std::int64_t> row, Vector log_weight, Flat<std::int64_t> fresh,
                        Vector events, Vector own, Flat<std::int64_t> last,
                        Flat<std::int64_t> first, Vector mean_weight,
                        Flat<std::int64_t> tied_place, Vector rank, double least) {
  const std::size_t n = own.shape(0), m = row.shape(0), groups = last.shape(0);
  require(log_weight.shape(0) == m && fresh.shape(0) == m && events.shape(0) == m && m > 0,
          "log_weight, fresh and events must have one number per place");
  require(fresh.data()[0] == 1, "the first place must begin a stratum");
  require(first.shape(0) == groups + 1, "one first event per tied group, and the end");
  require(rank.shape(0) == tied_place.shape(0) && mean_weight.shape(0) == tied_place.shape(0),
          "one rank and mean_weight per tied event");
  RiskSets sets;
  sets.n = n;
  sets.row = copied<std::uint32_t>(row, n);
  for (std::size_t i = 0; i < m; ++i)
    if (fresh.data()[i]) sets.strata.push_back(i);
  sets.strata.push_back(m);
  sets.log_weight = copied(log_weight);
  sets.events = copied(events);
  for (std::size_t i = 0; i < m; ++i)
    if (sets.events[i] > 0.0) sets.ends.push_back(static_cast<std::uint32_t>(i));
  for (double w : sets.events) sets.total += w;
  sets.own = copied(own);
  sets.tied_place = copied<std::uint32_t>(tied_place, m);
  sets.rank = copied(rank);
  sets.mean_weight = copied(mean_weight);
  const auto ends = copied<std::size_t>(last, m);
  const auto starts = copied<std::size_t>(first, tied_place.shape(0) + 1);
  for (std::size_t g = 0; g < groups; ++g) {
    require(starts[g] <= starts[g + 1], "groups must be in order");
    require(sets.events[ends[g]] > 0.0, "a tied group must have a weight");
    sets.tied.push_back({ends[g], starts[g], starts[g + 1]});
  }
  sets.least = least;
  return sets;
}

// The loss at eta, minus its gradient, and v <- H v.
double evaluate_risk_sets(const RiskSets& sets, Vector eta, Span theta, Span v) {
  for (std::size_t size : {eta.shape(0), theta.shape(0), v.shape(0)})
    require(size == sets.n, "eta, theta and v must have one number per row");
  const priorfit::CoxRows rows{sets.n, &sets, nullptr};
  std::vector<double> h(rows.curvatures());
  const double lost = rows.evaluate(eta.data(), theta.data(), h.data());
  rows.curve(h.data(), v.data());
  return lost;
}

// The likelihood's part of the dual at theta, without an offset, under Breslow's ties.
double dual_of_risk_sets(const RiskSets& sets, Vector theta) {
  require(theta.shape(0) == sets.n, "theta must have one number per row");
  std::vector<double> scratch;
  return priorfit::dual_of_partial_likelihood(sets, theta.data(), 1.0, scratch);
}

// As `solve_path`, of which y and the weights are in `sets`.
template <class T>
nb::tuple cox_path(const RiskSets& sets, Dense<T> X, PRIORFIT_PATH_ARGUMENTS) {
  const std::size_t n = X.shape(0), p = X.shape(1);
  require_lengths(n, p, {root, y, weights, offset}, {center, scale, l1, l2, loc, lower, upper});
  require(loss == "cox" && sets.n == n && !intercept, "risk sets of other rows");
  const priorfit::DenseColumns<T> columns{
      columns_of(X), n, p, {center.data(), scale.data(), root.data()}};
  PRIORFIT_RUN
  return run(RowsModel<DenseColumns<T>, CoxRows>(columns, &sets, o));
}

}  // namespace

void bind_coupled(nb::module_& m) {
  nb::class_<RiskSets>(m, "RiskSets")
      .def_static("make", &make_risk_sets, "row"_a, "log_weight"_a, "fresh"_a, "events"_a, "own"_a,
                  "last"_a, "first"_a, "mean_weight"_a, "tied_place"_a, "rank"_a, "least"_a)
      .def("evaluate", &evaluate_risk_sets, "eta"_a, "theta"_a.noconvert(), "v"_a.noconvert())
      .def("dual", &dual_of_risk_sets, "theta"_a);
  const auto path = [&m](auto function) {
    m.def("solve_path", function, "sets"_a, "X"_a.noconvert(), PRIORFIT_PATH_NAMES);
  };
  path(&cox_path<double>);
  path(&cox_path<float>);
}
