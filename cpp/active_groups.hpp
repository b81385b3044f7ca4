// The active groups of a Newton step among the rows, one direction each: the system of
// `group_rows.hpp` and `glm_group_rows.hpp` once M = L L' is factored.
//
//   M x + W a = r,   W'x = t,   so that with F = L^{-1} W:   F'F a = F'L^{-1} r - t.
#pragma once

#include <algorithm>
#include <cstddef>
#include <utility>
#include <vector>

#include "cross.hpp"
#include "factor.hpp"
#include "simd.hpp"

namespace priorfit {

class ActiveGroups {
 public:
  explicit ActiveGroups(std::size_t n) : n_(n) {}

  // There are `count` groups now.
  void grow(std::size_t count) {
    place_.resize(count, outside);
    at_.resize(count, outside);
  }

  // None is in: M is another.
  void clear() {
    forwarded_.clear(), small_.clear(), in_.clear();
    std::fill(place_.begin(), place_.end(), outside);
    std::fill(at_.begin(), at_.end(), outside);
  }

  const std::vector<std::size_t>& in() const { return in_; }

  // The groups that are active are in, but for one that depends on the others; whether any changed.
  // `add_direction(g, w)`: w (n) += W_g.
  template <class Active, class Add>
  bool sync(const Factor& m, Active&& active, Add&& add_direction) {
    const std::vector<std::size_t> before = in_;
    for (std::size_t k = in_.size(); k-- > 0;)
      if (!active(in_[k])) leave(k);
    std::vector<std::size_t> unknown, joining;
    for (std::size_t g = 0; g < at_.size(); ++g) {
      if (!active(g) || at_[g] != outside) continue;
      joining.push_back(g);
      if (place_[g] == outside) unknown.push_back(g);
    }
    forward(m, unknown, add_direction);
    for (std::size_t k = 0; k < joining.size(); k += at_once)
      join(joining.data() + k, std::min(at_once, joining.size() - k));
    return in_ != before;
  }

  // `rest` holds L^{-1} r and receives L^{-1} r - F a, `a` the shares of the groups that are in;
  // `target(g)` is t_g. A group that `leaves(g, a_g, back)` takes `back` times its direction out of r
  // and the others are solved again; whether any left.
  template <class Target, class Leaves>
  bool solve(double* rest, std::vector<double>& a, Target&& target, Leaves&& leaves) {
    bool left = false;
    for (bool again = true; again;) {
      again = false;
      a.resize(in_.size());
      for (std::size_t k = 0; k < in_.size(); ++k)
        a[k] = dot(forwarded(in_[k]), rest, n_) - target(in_[k]);
      small_.solve(a.data());
      for (std::size_t k = in_.size(); k-- > 0;) {
        double back = 0.0;
        if (!leaves(in_[k], a[k], back)) continue;
        axpy(back, forwarded(in_[k]), rest, n_);
        leave(k);
        again = left = true;
      }
    }
    for (std::size_t k = 0; k < in_.size(); ++k) axpy(-a[k], forwarded(in_[k]), rest, n_);
    return left;
  }

 private:
  static constexpr std::size_t outside = static_cast<std::size_t>(-1);
  static constexpr std::size_t at_once = 48;  // rows of a matrix

  const double* forwarded(std::size_t g) const { return forwarded_.data() + place_[g] * n_; }

  // L^{-1} W_g of groups that have none since M was factored.
  template <class Add>
  void forward(const Factor& m, const std::vector<std::size_t>& groups, Add&& add_direction) {
    const std::size_t known = forwarded_.size() / n_;
    forwarded_.resize((known + groups.size()) * n_, 0.0);
    for (std::size_t k = 0; k < groups.size(); ++k) {
      place_[groups[k]] = known + k;
      add_direction(groups[k], forwarded_.data() + (known + k) * n_);
    }
    m.forward_all(forwarded_.data() + known * n_, groups.size(), n_);
  }

  void leave(std::size_t k) {
    at_[in_[k]] = outside;
    small_.remove(k);
    in_.erase(in_.begin() + static_cast<std::ptrdiff_t>(k));
    for (std::size_t i = k; i < in_.size(); ++i) at_[in_[i]] = i;
  }

  void join(const std::size_t* groups, std::size_t count) {
    const std::size_t solved = in_.size();
    std::size_t known = 0;  // places that are asked for
    for (std::size_t g : in_) known = std::max(known, place_[g] + 1);
    std::vector<const double*> left;
    for (std::size_t k = 0; k < count; ++k) {
      known = std::max(known, place_[groups[k]] + 1);
      left.push_back(forwarded(groups[k]));
    }
    std::vector<double> met(count * known), rows(count * solved);
    cross(left.data(), count, forwarded_.data(), n_, known, n_, met.data(), known);
    for (std::size_t k = 0; k < count; ++k)
      for (std::size_t i = 0; i < solved; ++i)
        rows[k * solved + i] = met[k * known + place_[in_[i]]];
    small_.forward_all(rows.data(), count, solved);
    for (std::size_t k = 0; k < count; ++k) {
      const auto from = rows.begin() + static_cast<std::ptrdiff_t>(k * solved);
      std::vector<double> row(from, from + static_cast<std::ptrdiff_t>(solved));
      const double* others = met.data() + k * known;
      for (std::size_t i = solved; i < in_.size(); ++i) row.push_back(others[place_[in_[i]]]);
      if (!small_.finish(std::move(row), others[place_[groups[k]]], solved)) continue;
      at_[groups[k]] = in_.size();
      in_.push_back(groups[k]);
    }
  }

  const std::size_t n_;
  Factor small_;                              // of F'F
  std::vector<double> forwarded_;             // columns of F, one after the other
  std::vector<std::size_t> place_, at_, in_;  // of g in F, in the factor; its groups
};

// By how much the c of groups from `first` on have grown since they were `then`.
inline double growth(const std::vector<double>& c, const std::vector<double>& then,
                     std::size_t first) {
  double now = 0.0, before = 0.0;
  for (std::size_t g = first; g < then.size(); ++g)
    if (then[g] > 0.0) now += c[g], before += then[g];
  return now > 0.0 && before > 0.0 ? now / before : 1.0;
}

}  // namespace priorfit
