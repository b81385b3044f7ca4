// Passes over all columns, and how many threads they take.
#include <algorithm>
#include <numeric>
#include <utility>
#include <vector>

#include "add_square.hpp"
#include "binding.hpp"
#include "columns.hpp"
#include "moments.hpp"
#include "parallel.hpp"
#include "sparse_order.hpp"

namespace {

using namespace binding;

template <class T>
using Into = nb::ndarray<T, nb::ndim<1>, nb::c_contig, nb::device::cpu>;

template <class T, class I>
void column_moments_sparse(Flat<I> start, Flat<I> row, Flat<T> value, Vector weights, double total,
                           Vector r, Span mean, Span variance, Span product, Span size) {
  const std::size_t n = weights.shape(0), p = mean.shape(0);
  require(start.shape(0) == p + 1, "starts must have length p + 1");
  require(r.shape(0) == n, "weights, r: one number per row");
  for (const Span& v : {variance, product, size})
    require(v.shape(0) == p, "mean, variance, product, size: one per column");
  require_sparse(start, row, value, n);
  nb::gil_scoped_release no_gil;
  const priorfit::SparseColumns<T, I> columns{start.data(), row.data(), value.data(), n, p, {}};
  const double level = std::accumulate(r.data(), r.data() + n, 0.0);
  columns.moments(weights.data(), total, r.data(), level, mean.data(), variance.data(),
                  product.data(), size.data());
}

// Weighted mean and variance of every column over some rows, or over all where `rows` is empty, and
// sum_i r_i (x_i - mean); X must have contiguous columns.
template <class T>
void column_moments(Dense<T> X, Flat<std::int64_t> rows, Vector weights, double total, Vector r,
                    Span mean, Span variance, Span product) {
  const std::size_t some = rows.shape(0), n = some ? some : X.shape(0), p = X.shape(1);
  const std::vector<const T*> columns = columns_of(X);
  require(weights.shape(0) == n && r.shape(0) == n, "weights, r: one number per row");
  for (std::size_t i = 0; i < some; ++i)
    require(rows.data()[i] >= 0 && static_cast<std::size_t>(rows.data()[i]) < X.shape(0),
            "a row must exist");
  require(mean.shape(0) == p && variance.shape(0) == p && product.shape(0) == p,
          "mean, variance, product: one per column");
  nb::gil_scoped_release no_gil;
  const double level = std::accumulate(r.data(), r.data() + n, 0.0);
  priorfit::in_blocks(p, 4, 4.0 * static_cast<double>(n * p), [&](std::size_t at, std::size_t end) {
    std::vector<T> picked(4 * some);
    priorfit::Moments found[4];
    for (std::size_t count; at < end; at += count) {
      count = std::min<std::size_t>(4, end - at);
      const T* x[4] = {};
      for (std::size_t k = 0; k < count; ++k) {
        T* part = picked.data() + k * some;
        for (std::size_t i = 0; i < some; ++i) part[i] = columns[at + k][rows.data()[i]];
        x[k] = some ? part : columns[at + k];
      }
      priorfit::moments(x, count, weights.data(), r.data(), n, total, level, found);
      for (std::size_t k = 0; k < count; ++k) {
        mean.data()[at + k] = found[k].mean;
        variance.data()[at + k] = found[k].variance;
        product.data()[at + k] = found[k].product;
      }
    }
  });
}

// The lower triangle of out (m x m) += X'X.
void add_square(Dense<double> X, Rows out) {
  const std::size_t m = X.shape(1);
  require(out.shape(0) == m && out.shape(1) == m, "out must be m x m");
  nb::gil_scoped_release no_gil;
  priorfit::add_square({X.data(), X.stride(0), X.stride(1), X.shape(0), m}, out.data());
}

// The upper triangle of out from the lower one.
void mirror(Rows out) {
  require(out.shape(0) == out.shape(1), "out must be square");
  nb::gil_scoped_release no_gil;
  priorfit::mirror(out.data(), out.shape(1), 0, out.shape(0));
}

void require_columns(std::size_t p, const Vector& center, const Vector& scale, const Span& out) {
  require(center.shape(0) == p && scale.shape(0) == p, "center and scale must have length p");
  require(out.shape(0) == p, "out must have length p");
}

// z_j'r of all columns z_j = (x_j - center_j) / scale_j.
template <class T>
void correlate_dense(Dense<T> X, Vector center, Vector scale, Vector r, Span out) {
  const std::size_t n = X.shape(0), p = X.shape(1);
  require_columns(p, center, scale, out);
  require(r.shape(0) == n, "r must have length n");
  const std::vector<double> ones(n, 1.0);
  const priorfit::DenseColumns<T> columns{
      columns_of(X), n, p, {center.data(), scale.data(), ones.data()}};
  nb::gil_scoped_release no_gil;
  columns.correlate(nullptr, p, r.data(), 1, out.data());
}

template <class T, class I>
void correlate_sparse(Flat<I> start, Flat<I> row, Flat<T> value, Vector center, Vector scale,
                      Vector r, Span out) {
  const std::size_t n = r.shape(0), p = center.shape(0);
  require(start.shape(0) == p + 1, "starts must have length p + 1");
  require_sparse(start, row, value, n);
  require_columns(p, center, scale, out);
  const std::vector<double> ones(n, 1.0);
  const priorfit::SparseColumns<T, I> columns{
      start.data(), row.data(), value.data(), n, p, {center.data(), scale.data(), ones.data()}};
  nb::gil_scoped_release no_gil;
  columns.correlate(nullptr, p, r.data(), 1, out.data());
}

template <class I>
void require_starts(const Flat<I>& start, std::size_t entries) {
  const std::size_t p = start.shape(0) - 1;
  require(start.shape(0) > 0 && start.data()[0] == 0 &&
              static_cast<std::size_t>(start.data()[p]) == entries,
          "starts must run from 0 to the number of entries");
  for (std::size_t j = 0; j < p; ++j)
    require(start.data()[j] <= start.data()[j + 1], "starts must not fall");
}

template <class I>
bool rises(Flat<I> start, Flat<I> place) {
  require_starts(start, place.shape(0));
  return priorfit::rises(start.data(), place.data(), start.shape(0) - 1);
}

// Into `places` and `values`; whether no place comes twice.
template <class T, class I>
bool put_in_order(Flat<I> start, Flat<I> place, Flat<T> value, Into<I> places, Into<T> values) {
  const std::size_t entries = place.shape(0);
  require_starts(start, entries);
  require(value.shape(0) == entries && places.shape(0) == entries && values.shape(0) == entries,
          "one place and one value per entry");
  nb::gil_scoped_release no_gil;
  return priorfit::put_in_order(start.data(), place.data(), value.data(), start.shape(0) - 1,
                                places.data(), values.data());
}

// How many threads passes of the calling thread may use from now on; returns what it was.
std::size_t use_threads(std::size_t count) {
  require(count > 0, "threads must be >= 1");
  return std::exchange(priorfit::division().threads, count);
}

// The same for the products of a thread that are worth its start.
double divide_from(double products) {
  require(products > 0.0, "products must be > 0");
  return std::exchange(priorfit::division().least, products);
}

}  // namespace

void bind_columns(nb::module_& m) {
  const auto correlate = [&m](auto function, auto... stored) {
    m.def("correlate", function, stored..., "center"_a, "scale"_a, "r"_a, "out"_a.noconvert());
  };
  const auto moments = [&m](auto function, auto... given) {
    m.def("column_moments", function, given..., "mean"_a.noconvert(), "variance"_a.noconvert(),
          "product"_a.noconvert());
  };
  const auto dense = [&](auto correlate_function, auto moments_function) {
    correlate(correlate_function, "X"_a.noconvert());
    moments(moments_function, "X"_a.noconvert(), "rows"_a, "weights"_a, "total"_a,
            "r"_a);
  };
  const auto sparse = [&](auto correlate_function, auto moments_function) {
    correlate(correlate_function, "start"_a.noconvert(), "row"_a.noconvert(),
              "value"_a.noconvert());
    m.def("column_moments", moments_function, "start"_a.noconvert(), "row"_a.noconvert(),
          "value"_a.noconvert(), "weights"_a, "total"_a, "r"_a, "mean"_a.noconvert(),
          "variance"_a.noconvert(), "product"_a.noconvert(), "size"_a.noconvert());
  };
  dense(&correlate_dense<double>, &column_moments<double>);
  dense(&correlate_dense<float>, &column_moments<float>);
  sparse(&correlate_sparse<double, std::int32_t>, &column_moments_sparse<double, std::int32_t>);
  sparse(&correlate_sparse<double, std::int64_t>, &column_moments_sparse<double, std::int64_t>);
  sparse(&correlate_sparse<float, std::int32_t>, &column_moments_sparse<float, std::int32_t>);
  sparse(&correlate_sparse<float, std::int64_t>, &column_moments_sparse<float, std::int64_t>);
  const auto order = [&m](auto function) {
    m.def("put_in_order", function, "start"_a.noconvert(), "place"_a.noconvert(),
          "value"_a.noconvert(), "places"_a.noconvert(), "values"_a.noconvert());
  };
  order(&put_in_order<double, std::int32_t>);
  order(&put_in_order<double, std::int64_t>);
  order(&put_in_order<float, std::int32_t>);
  order(&put_in_order<float, std::int64_t>);
  m.def("rises", &rises<std::int32_t>, "start"_a.noconvert(), "place"_a.noconvert());
  m.def("rises", &rises<std::int64_t>, "start"_a.noconvert(), "place"_a.noconvert());
  m.def("add_square", &add_square, "X"_a.noconvert(), "out"_a.noconvert());
  m.def("mirror", &mirror, "out"_a.noconvert());
  m.def("use_threads", &use_threads, "count"_a);
  m.def("threads_in_use", [] { return priorfit::division().threads; });
  m.def("divide_from", &divide_from, "products"_a);
}
