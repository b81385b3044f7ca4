// Priors over sorted weights and over neighbours: the border to Python.
#include <algorithm>

#include "binding.hpp"
#include "chain.hpp"
#include "sorted_path.hpp"

namespace {

using namespace binding;
using Flags = nb::ndarray<const std::uint8_t, nb::ndim<1>, nb::c_contig, nb::device::cpu>;

// Minima at every strength, each from the one before; the first row of `x` holds the start. Returns
// the largest number of rounds.
int solve_sorted(Matrix gram, Vector q, Flags ranked, Vector rates, double size, Vector strengths,
                 Rows x, double room, int max_rounds) {
  const std::size_t m = q.shape(0), points = strengths.shape(0);
  require(gram.shape(0) == m && gram.shape(1) == m, "gram must be m x m");
  require(m == 0 || gram.stride(0) == 1 || gram.stride(1) == 1, "gram must have a unit stride");
  require(ranked.shape(0) == m, "ranked must have length m");
  const auto count = std::count_if(ranked.data(), ranked.data() + m, [](auto v) { return v != 0; });
  require(rates.shape(0) >= static_cast<std::size_t>(count), "rates: one per ranked column");
  require(x.shape(0) == points && x.shape(1) == m && points > 0, "x must be strengths x m");
  const auto stride =
      static_cast<std::size_t>(m < 2 ? m : std::max(gram.stride(0), gram.stride(1)));
  int most = 0;
  bool interrupted = false;
  {
    nb::gil_scoped_release no_gil;
    Interrupt interrupt;
    const auto stop = [&] { return interrupted = interrupted || interrupt(); };
    priorfit::SortedPath path(
        {gram.data(), stride, m, q.data(), ranked.data(), rates.data(), size});
    for (std::size_t k = 0; k < points && !interrupted; ++k) {
      double* row = x.data() + k * m;
      if (k) std::copy(row - m, row, row);
      const double s = strengths.data()[k], before = k ? strengths.data()[k - 1] : s;
      most = std::max(most, path.solve(row, s, before, room, max_rounds, stop));
    }
  }
  if (interrupted) throw nb::python_error();
  return most;
}

void total_variation(Vector h, Vector q, Vector rates, Span b) {
  const std::size_t n = h.shape(0);
  require(n > 0 && q.shape(0) == n && b.shape(0) == n, "h, q and b must have the same length");
  require(rates.shape(0) + 1 == n, "rates: one per pair of neighbours");
  nb::gil_scoped_release no_gil;
  priorfit::TotalVariation().solve(h.data(), q.data(), rates.data(), n, b.data());
}

// `factor` is n x (bandwidth + 1), the columns of a banded Cholesky factor.
void inverse_diagonal(Rows factor, Span out) {
  require(factor.shape(1) > 0 && out.shape(0) == factor.shape(0), "out must have length n");
  nb::gil_scoped_release no_gil;
  priorfit::inverse_diagonal(factor.data(), factor.shape(0), factor.shape(1) - 1, out.data());
}

}  // namespace

void bind_structured(nb::module_& m) {
  m.def("solve_sorted", &solve_sorted, "gram"_a.noconvert(), "q"_a, "ranked"_a, "rates"_a, "size"_a,
        "strengths"_a, "x"_a.noconvert(), "room"_a, "max_rounds"_a);
  m.def("total_variation", &total_variation, "h"_a, "q"_a, "rates"_a, "b"_a.noconvert());
  m.def("inverse_diagonal", &inverse_diagonal, "factor"_a.noconvert(), "out"_a.noconvert());
}
