// How many strengths of a path to take at once.
#pragma once

#include <cstddef>
#include <limits>

namespace priorfit {

// Of `most`, 2/3 of it, ... the number k at which one strength costs least, in products of columns:
// `pass(k)` for the checks, and the Gram columns of the `fresh(k)` that would join the `working`.
template <class Fresh, class Pass>
std::size_t cheapest_batch(std::size_t most, std::size_t working, Fresh&& fresh, Pass&& pass) {
  std::size_t best = 1;
  double least = std::numeric_limits<double>::infinity();
  for (std::size_t k = most; k > 0; k = k * 2 / 3) {
    const double joining = fresh(k);
    const double gram = joining * (static_cast<double>(working) + joining);
    const double each = (pass(k) + gram) / static_cast<double>(k);
    if (each < least) least = each, best = k;
  }
  return best;
}

}  // namespace priorfit
