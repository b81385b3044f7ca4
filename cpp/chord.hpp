// Steps x -> x + step(x) that contract, made faster by what earlier ones showed.
#pragma once

#include <algorithm>
#include <cstddef>
#include <vector>

#include "factor.hpp"
#include "simd.hpp"

namespace priorfit {

// Anderson (1965) with a few earlier places: the combination of the places whose combined step is
// least, and that step.
class Chord {
 public:
  explicit Chord(std::size_t most = 4) : known_(most) {}  // earlier places

  void forget() { count_ = 0; }

  // Where to go from x with this step, of which the first `judged` numbers are to become small.
  const std::vector<double>& next(const std::vector<double>& x, const std::vector<double>& step,
                                  std::size_t judged) {
    Factor factor;
    std::vector<const Place*> used;
    std::vector<double> share, row;
    for (std::size_t age = 1; age <= count_; ++age) {  // the newest first
      Place& place = place_of(age);
      std::vector<double>& change = place.change;
      change.assign(step.begin(), step.begin() + static_cast<std::ptrdiff_t>(judged));
      axpy(-1.0, place.step.data(), change.data(), judged);
      row.clear();
      for (const Place* other : used)
        row.push_back(dot(other->change.data(), change.data(), judged));
      if (!factor.append(row.data(), dot(change.data(), change.data(), judged))) continue;
      share.push_back(dot(change.data(), step.data(), judged));
      used.push_back(&place);
    }
    if (!share.empty()) factor.solve(share.data());
    double own = 1.0;
    for (double part : share) own -= part;
    there_.resize(x.size());
    for (std::size_t i = 0; i < x.size(); ++i) there_[i] = own * (x[i] + step[i]);
    for (std::size_t k = 0; k < used.size(); ++k) {
      axpy(share[k], used[k]->x.data(), there_.data(), there_.size());
      axpy(share[k], used[k]->step.data(), there_.data(), there_.size());
    }
    Place& latest = place_of(0);
    latest.x = x, latest.step = step;
    next_ = (next_ + 1) % known_.size();
    count_ = std::min(count_ + 1, known_.size());
    return there_;
  }

 private:
  struct Place {
    std::vector<double> x, step, change;  // change: of the step since then
  };

  // So many places ago; 0: where the next one belongs, which may be that of the oldest.
  Place& place_of(std::size_t age) { return known_[(next_ + known_.size() - age) % known_.size()]; }

  std::vector<Place> known_;
  std::size_t next_ = 0, count_ = 0;
  std::vector<double> there_;
};

}  // namespace priorfit
