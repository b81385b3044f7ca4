// One proximal step of a tensor's weights, in place: a single pass over what an optimizer left.
#pragma once

#include <cstddef>

namespace priorfit {

// Weight j moves scale / (factor sqrt(square_j) + eps) per unit of gradient; scale where there is
// no square.
template <class T>
struct Move {
  const T* square;
  T scale, factor, eps;
};

// |w| becomes l1 |w|, or l1 width log(1 + |w| / width) where width > 0; and l2 w^2 / 2 of l1 alone.
template <class T>
struct Rates {
  T l1, l2, width;
};

void shrink(float* w, std::size_t n, const Move<float>& move, const Rates<float>& rates);
void shrink(double* w, std::size_t n, const Move<double>& move, const Rates<double>& rates);

// Groups are rows of d weights: rate |w_g|, in the metric of the move.
void shrink_rows(float* w, std::size_t rows, std::size_t d, const Move<float>& move, float rate);
void shrink_rows(double* w, std::size_t rows, std::size_t d, const Move<double>& move,
                 double rate);

}  // namespace priorfit
