// Sums of squares of a table: X'X, read once by chunks of rows.
#pragma once

#include <algorithm>
#include <cstddef>
#include <vector>

#include "buffer.hpp"
#include "cross.hpp"
#include "parallel.hpp"

namespace priorfit {

// A table in memory: x[i * row + j * column].
struct Strided {
  const double* x;
  std::ptrdiff_t row, column;
  std::size_t n, m;
};

// Rows `first`.. `first + rows` of all columns, each column in one piece, `ld` from the last.
inline void pack(const Strided& x, std::size_t first, std::size_t rows, double* out,
                 std::size_t ld) {
  constexpr std::size_t together = line / sizeof(double);  // columns: a line of a table by rows
  const double* begin = x.x + static_cast<std::ptrdiff_t>(first) * x.row;
  const auto numbers = static_cast<double>(rows * x.m);
  in_blocks(x.m, together, 4.0 * numbers, [=](std::size_t j, std::size_t end) {
    if (x.row == 1) {
      for (; j < end; ++j)
        std::copy_n(begin + static_cast<std::ptrdiff_t>(j) * x.column, rows, out + j * ld);
      return;
    }
    for (; j < end; j += together)
      for (std::size_t i = 0; i < rows; ++i) {
        const double* from = begin + static_cast<std::ptrdiff_t>(i) * x.row;
        for (std::size_t k = j; k < std::min(j + together, end); ++k)
          out[k * ld + i] = from[static_cast<std::ptrdiff_t>(k) * x.column];
      }
  });
}

// The lower triangle of out (m x m, by rows) += X'X.
inline void add_square(const Strided& x, double* out) {
  const std::size_t most = std::min(x.n, rows_of_a_chunk), ld = leading_dimension<double>(most);
  Buffer<double> chunk(x.m * ld);
  for (std::size_t first = 0; first < x.n; first += rows_of_a_chunk) {
    const std::size_t rows = std::min(rows_of_a_chunk, x.n - first);
    pack(x, first, rows, chunk.data(), ld);
    inner_products(chunk.data(), ld, 0, x.m, rows, out, x.m, true);
  }
}

}  // namespace priorfit
