// Paths over some rows of shared columns, of likelihoods that are not quadratic.
#include <nanobind/stl/string.h>

#include "bind_path.hpp"
#include "binding.hpp"
#include "glm_model.hpp"
#include "named_loss.hpp"
#include "path.hpp"
#include "present.hpp"
#include "shared_dense.hpp"

namespace {

using namespace binding;

// `rows`: those present, ascending; none: all.
template <class T>
nb::tuple path_present(SharedDense<T>& shared, Flat<std::int64_t> rows, PRIORFIT_PATH_ARGUMENTS) {
  const std::size_t every = shared.X.shape(0), p = shared.X.shape(1), some = rows.shape(0);
  require_lengths(some ? some : every, p, {y, weights, offset},
                  {center, scale, l1, l2, loc, lower, upper});
  for (std::size_t i = 0; i < some; ++i)
    require(rows.data()[i] >= 0 && static_cast<std::size_t>(rows.data()[i]) < every,
            "a row must exist");
  for (std::size_t i = 0; i < every; ++i)
    require(shared.root.data()[i] == 1.0, "the rows of shared columns must weigh 1");
  const priorfit::PresentColumns<T> columns(shared.columns, some ? rows.data() : nullptr, some,
                                            {center.data(), scale.data(), nullptr});
  (void)root;
  PRIORFIT_RUN
  return with_loss(loss, [&](auto kind) {
    return run(GlmModel<PresentColumns<T>, decltype(kind)>(columns, y.data(), w, o, intercept));
  });
}

}  // namespace

void bind_present(nb::module_& m) {
  m.def("solve_path", &path_present<double>, "shared"_a, "rows"_a, PRIORFIT_PATH_NAMES);
  m.def("solve_path", &path_present<float>, "shared"_a, "rows"_a, PRIORFIT_PATH_NAMES);
}
