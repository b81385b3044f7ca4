// Columns that several samples of their rows share, and the arrays of Python that they point to.
#pragma once

#include <mutex>

#include "bind_path.hpp"
#include "binding.hpp"
#include "resampled.hpp"

namespace binding {

template <class T>
struct SharedDense {
  SharedDense(Dense<T> x, Vector center_, Vector scale_, Vector root_)
      : X(x), center(center_), scale(scale_), root(root_),
        columns({columns_of(X), X.shape(0), X.shape(1),
                 {center.data(), scale.data(), root.data()}}) {
    require_lengths(X.shape(0), X.shape(1), {root}, {center, scale});
  }

  Dense<T> X;
  Vector center, scale, root;
  priorfit::SharedColumns<T> columns;
  std::mutex growing;
  bool grown = false;  // by the first path; afterwards the columns are read only
};

}  // namespace binding
