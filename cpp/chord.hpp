// Steps x -> x + step(x) that contract, made faster by what earlier ones showed.
#pragma once

#include <cstddef>
#include <utility>
#include <vector>

#include "factor.hpp"
#include "simd.hpp"

namespace priorfit {

// Anderson (1965) with a few earlier places: the combination of the places whose combined step is
// least, and that step.
class Chord {
 public:
  explicit Chord(std::size_t most = 4) : most_(most) {}

  void forget() { known_.clear(); }

  // Where to go from x with this step, of which the first `judged` numbers are to become small.
  std::vector<double> next(std::vector<double> x, std::vector<double> step, std::size_t judged) {
    std::vector<double> there = x;
    axpy(1.0, step.data(), there.data(), there.size());
    Factor factor;
    std::vector<std::vector<double>> changes;
    std::vector<const Place*> used;
    std::vector<double> share;
    for (std::size_t k = known_.size(); k-- > 0;) {  // the newest first
      const Place& place = known_[k];
      std::vector<double> change(step.begin(), step.begin() + static_cast<std::ptrdiff_t>(judged));
      axpy(-1.0, place.step.data(), change.data(), judged);
      std::vector<double> row;
      for (const std::vector<double>& other : changes)
        row.push_back(dot(other.data(), change.data(), judged));
      if (!factor.append(row.data(), dot(change.data(), change.data(), judged))) continue;
      share.push_back(dot(change.data(), step.data(), judged));
      changes.push_back(std::move(change));
      used.push_back(&place);
    }
    if (!share.empty()) factor.solve(share.data());
    const std::vector<double> alone = there;
    for (std::size_t k = 0; k < used.size(); ++k)
      for (std::size_t i = 0; i < there.size(); ++i)
        there[i] -= share[k] * (alone[i] - used[k]->x[i] - used[k]->step[i]);
    if (known_.size() == most_) known_.erase(known_.begin());
    known_.push_back({std::move(x), std::move(step)});
    return there;
  }

 private:
  struct Place {
    std::vector<double> x, step;
  };

  std::size_t most_;  // earlier places
  std::vector<Place> known_;
};

}  // namespace priorfit
