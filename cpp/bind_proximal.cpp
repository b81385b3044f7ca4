// Proximal steps of tensors: the border to Python.
#include "binding.hpp"
#include "proximal.hpp"

namespace {

using namespace binding;

template <class T>
using Weights = nb::ndarray<T, nb::ndim<1>, nb::c_contig, nb::device::cpu>;

// An empty `square` says that all weights move by `scale`.
template <class T>
priorfit::Move<T> move_of(const Flat<T>& square, std::size_t n, double scale, double factor,
                          double eps) {
  require(square.shape(0) == 0 || square.shape(0) == n, "one square per weight, or none");
  return {square.shape(0) ? square.data() : nullptr, static_cast<T>(scale),
          static_cast<T>(factor), static_cast<T>(eps)};
}

template <class T>
void shrink(Weights<T> w, Flat<T> square, double scale, double factor, double eps, double l1,
            double l2, double width) {
  const auto move = move_of<T>(square, w.shape(0), scale, factor, eps);
  const priorfit::Rates<T> rates{static_cast<T>(l1), static_cast<T>(l2), static_cast<T>(width)};
  nb::gil_scoped_release no_gil;
  priorfit::shrink(w.data(), w.shape(0), move, rates);
}

template <class T>
void shrink_rows(Weights<T> w, std::size_t rows, Flat<T> square, double scale, double factor,
                 double eps, double rate) {
  require(rows > 0 && w.shape(0) % rows == 0, "rows must divide the weights");
  const auto move = move_of<T>(square, w.shape(0), scale, factor, eps);
  nb::gil_scoped_release no_gil;
  priorfit::shrink_rows(w.data(), rows, w.shape(0) / rows, move, static_cast<T>(rate));
}

template <class T>
void bind(nb::module_& m) {
  m.def("shrink", &shrink<T>, "w"_a.noconvert(), "square"_a.noconvert(), "scale"_a, "factor"_a,
        "eps"_a, "l1"_a, "l2"_a, "width"_a);
  m.def("shrink_rows", &shrink_rows<T>, "w"_a.noconvert(), "rows"_a, "square"_a.noconvert(),
        "scale"_a, "factor"_a, "eps"_a, "rate"_a);
}

}  // namespace

void bind_proximal(nb::module_& m) {
  bind<float>(m);
  bind<double>(m);
}
