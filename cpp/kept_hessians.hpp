// Hessians that a path over all rows made, kept for samples of the rows: at the same strength the
// curvatures of a row hardly depend on a few others.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <list>
#include <vector>

namespace priorfit {

// Whether paths over these columns leave each other their Hessians.
template <class Columns>
constexpr bool is_shared = false;

// Z'diag(h)Z of the first `size` columns in the order in which the path took them in, the ones first.
struct KeptHessian {
  double strength;
  std::size_t size;
  std::vector<double> h, gram;

  double at(std::size_t a, std::size_t b) const { return gram[a * size + b]; }
};

class KeptHessians {
 public:
  static constexpr std::size_t none = static_cast<std::size_t>(-1);

  // So many numbers may be held.
  KeptHessians(std::size_t columns, std::size_t room) : place_(columns, none), room_(room) {}

  // The place of a column among those of the path.
  std::size_t place(std::size_t j) const { return place_[j]; }

  // `columns`: those at work, in order; where room is short the oldest, which are the smallest, go.
  void add(double strength, const std::vector<std::size_t>& columns, const std::vector<double>& h,
           const double* gram, std::size_t stride) {
    const std::size_t m = columns.size(), taken = m * m + h.size();
    if (taken > room_) return;
    for (; held_ + taken > room_; kept_.pop_front())
      held_ -= kept_.front().gram.size() + kept_.front().h.size();
    held_ += taken;
    for (std::size_t a = 0; a < m; ++a)
      if (columns[a] != none) place_[columns[a]] = a;
    kept_.push_back({strength, m, h, std::vector<double>(m * m)});
    for (std::size_t a = 0; a < m; ++a)
      std::copy_n(gram + a * stride, m, kept_.back().gram.data() + a * m);
  }

  const KeptHessian* nearest(double strength) const {
    const KeptHessian* best = nullptr;
    double least = INFINITY;
    for (const KeptHessian& one : kept_) {
      const double away = std::fabs(std::log(one.strength / strength));
      if (away < least) least = away, best = &one;
    }
    return best;
  }

 private:
  std::vector<std::size_t> place_;
  std::size_t room_, held_ = 0;
  std::list<KeptHessian> kept_;
};

}  // namespace priorfit
