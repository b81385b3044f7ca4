// What the bindings share: views of arrays, checks of them, Ctrl-C.
#pragma once

#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <type_traits>
#include <vector>

namespace nb = nanobind;
using nb::literals::operator""_a;

namespace binding {

using Vector = nb::ndarray<const double, nb::ndim<1>, nb::c_contig, nb::device::cpu>;
using Matrix = nb::ndarray<const double, nb::ndim<2>, nb::device::cpu>;
using Columns = nb::ndarray<const double, nb::ndim<2>, nb::f_contig, nb::device::cpu>;
using Rows = nb::ndarray<double, nb::ndim<2>, nb::c_contig, nb::device::cpu>;
using Span = nb::ndarray<double, nb::ndim<1>, nb::c_contig, nb::device::cpu>;
using Counts = nb::ndarray<std::int32_t, nb::ndim<1>, nb::c_contig, nb::device::cpu>;

// Asks Python for a pending Ctrl-C at most every 50 ms.
class Interrupt {
 public:
  bool operator()() {
    const auto now = std::chrono::steady_clock::now();
    if (now < next_) return false;
    next_ = now + std::chrono::milliseconds(50);
    nb::gil_scoped_acquire gil;
    return PyErr_CheckSignals() != 0;
  }

 private:
  std::chrono::steady_clock::time_point next_ =
      std::chrono::steady_clock::now() + std::chrono::milliseconds(50);
};

inline void require(bool holds, const char* message) {
  if (!holds) throw nb::value_error(message);
}

template <class T>
using Dense = nb::ndarray<const T, nb::ndim<2>, nb::device::cpu>;
template <class T>
using Flat = nb::ndarray<const T, nb::ndim<1>, nb::c_contig, nb::device::cpu>;
using Places = nb::ndarray<std::int64_t, nb::ndim<1>, nb::c_contig, nb::device::cpu>;

template <class T>
std::vector<const T*> columns_of(const Dense<T>& X) {
  require(X.shape(0) < 2 || X.stride(0) == 1, "X must have contiguous columns");
  std::vector<const T*> starts(X.shape(1));
  for (std::size_t j = 0; j < starts.size(); ++j)
    starts[j] = X.data() + static_cast<std::ptrdiff_t>(j) * X.stride(1);
  return starts;
}

// Indices are trusted only after this: increasing starts, rows inside the matrix.
template <class T, class I>
void require_sparse(const Flat<I>& start, const Flat<I>& row, const Flat<T>& value, std::size_t n) {
  const std::size_t p = start.shape(0) - 1, entries = row.shape(0);
  require(start.shape(0) > 0 && value.shape(0) == entries, "one value per row index");
  require(start.data()[0] == 0 && static_cast<std::size_t>(start.data()[p]) == entries,
          "starts must run from 0 to the number of entries");
  for (std::size_t j = 0; j < p; ++j)
    require(start.data()[j] <= start.data()[j + 1], "starts must not fall");
  using U = std::make_unsigned_t<I>;
  const U most = std::numeric_limits<I>::max();
  const U last = static_cast<U>(std::min<std::size_t>(n, most)) - 1;
  U signs = 0;  // of each row, and of how far it is from the last
  for (std::size_t e = 0; e < entries; ++e) {
    const U r = static_cast<U>(row.data()[e]);
    signs |= r | (last - r);
  }
  require(signs <= most, "a row must exist");
}

}  // namespace binding
