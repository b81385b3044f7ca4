// What steps showed of a Hessian: H^{-1} r on some coordinates by an approximate inverse and the
// last pairs (step, H step) (BFGS by two loops; Nocedal 1980).
#pragma once

#include <algorithm>
#include <cstddef>
#include <utility>
#include <vector>

#include "simd.hpp"

namespace priorfit {

class Secants {
 public:
  void forget() { known_.clear(); }

  void learn(std::vector<double> step, std::vector<double> image) {
    const double product = dot(step.data(), image.data(), step.size());
    if (!(product > 0.0)) return;
    if (known_.size() == most) known_.erase(known_.begin());
    known_.push_back({std::move(step), std::move(image), product});
  }

  // x = H^{-1} r on `which`; both are 0 elsewhere. `rough(r, x)` is the same by the approximation,
  // where x is 0 before. Steps that left `which` do not count.
  template <class Rough>
  void solve(std::vector<double>& r, const std::vector<std::size_t>& which, std::vector<double>& x,
             Rough&& rough) const {
    const std::size_t m = r.size();
    std::vector<double> inside(m, 0.0), share;
    for (std::size_t j : which) inside[j] = 1.0;
    std::vector<const Pair*> used;
    for (std::size_t k = known_.size(); k-- > 0;) {  // the newest first
      const Pair& pair = known_[k];
      if (!stays(pair.step, inside)) continue;
      used.push_back(&pair);
      share.push_back(dot(pair.step.data(), r.data(), m) / pair.product);
      for (std::size_t j = 0; j < m; ++j) r[j] -= share.back() * inside[j] * pair.image[j];
    }
    x.assign(m, 0.0);
    rough(r, x);
    for (std::size_t k = used.size(); k-- > 0;) {
      const Pair& pair = *used[k];
      const double along = dot(pair.image.data(), x.data(), m) / pair.product;
      axpy(share[k] - along, pair.step.data(), x.data(), m);
    }
  }

 private:
  static constexpr std::size_t most = 5;

  struct Pair {
    std::vector<double> step, image;
    double product;
  };

  static bool stays(const std::vector<double>& step, const std::vector<double>& inside) {
    for (std::size_t j = 0; j < step.size(); ++j)
      if (step[j] != 0.0 && inside[j] == 0.0) return false;
    return true;
  }

  std::vector<Pair> known_;
};

}  // namespace priorfit
