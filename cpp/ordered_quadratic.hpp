// min_z  1/2 z'Az - b'z  subject to  z_1 >= z_2 >= ... >= z_c >= 0, the coordinates after the first c
// free: an active set of the places where neighbours differ.
//
// Source: Nocedal & Wright, Numerical Optimization (2006), algorithm 16.3; a step that would cross
// several bounds is projected first (Best & Chakravarti 1990, pooling).
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <utility>
#include <vector>

#include "factor.hpp"
#include "simd.hpp"

namespace priorfit {

// Neighbours of a sequence are pooled until the means of the blocks fall.
class FallingBlocks {
 public:
  struct Block {
    double sum, weight;
    std::size_t end;
    double mean() const { return sum / weight; }
  };

  void clear() { blocks_.clear(); }

  void push(double sum, double weight, std::size_t end) {
    Block fresh{sum, weight, end};
    while (!blocks_.empty() && blocks_.back().mean() <= fresh.mean()) {
      fresh.sum += blocks_.back().sum;
      fresh.weight += blocks_.back().weight;
      blocks_.pop_back();
    }
    blocks_.push_back(fresh);
  }

  const std::vector<Block>& get() const { return blocks_; }

 private:
  std::vector<Block> blocks_;
};

// Minima of 1/2 d'Ad - r'd where neighbours move alike, or stay at 0: one factor of A serves for all
// choices of them. With the rows of C for what is tied, W = L^{-1}C' and S = W'W,
//
//   d = L'^{-1} (y - W S^{-1} W'y),   y = L^{-1} r
//
// (Nocedal & Wright, section 16.2, the range-space method).
class Ties {
 public:
  // A, size x size; its first c coordinates may be tied.
  void begin(const std::vector<double>& a, std::size_t size, std::size_t c) {
    a_ = a.data(), n_ = size, c_ = c, made_ = false, sound_ = true;
    tied_.clear(), across_.clear(), small_.clear();
  }

  // d (n) where every k < c without a cut moves as k + 1 does, the last not at all. False where
  // there is too much rounding in A, or so much is tied that a smaller system is cheaper.
  bool solve(const std::vector<char>& cut, const double* r, std::vector<double>& d) {
    const auto tied = static_cast<std::size_t>(std::count(cut.begin(), cut.end(), 0));
    if (!sound_ || most * tied > n_) return false;
    if (!made_) make();
    if (!sound_ || !(sound_ = sync(cut))) return false;
    d.assign(r, r + n_);
    whole_.forward_all(d.data(), 1, n_);
    pulls_.resize(tied);
    for (std::size_t i = 0; i < tied; ++i) pulls_[i] = dot(across_[i].data(), d.data(), n_);
    small_.solve(pulls_.data());
    for (std::size_t i = 0; i < tied; ++i) axpy(-pulls_[i], across_[i].data(), d.data(), n_);
    whole_.backward(d.data());
    return true;
  }

 private:
  static constexpr std::size_t most = 3;     // ties are at most a third
  static constexpr double lost = 1e-6;       // of a diagonal: pivots below are not trusted
  static constexpr double ridge = 1e-9;      // of the diagonal, as for the smaller systems

  void make() {
    made_ = true;
    std::vector<double> system(a_, a_ + n_ * n_);
    for (std::size_t i = 0; i < n_; ++i) system[i * n_ + i] *= 1.0 + ridge;
    whole_.assign(system.data(), n_, n_);
    sound_ = whole_.size() == n_;
    for (std::size_t i = 0; sound_ && i < n_; ++i)
      sound_ = whole_.diagonal(i) * whole_.diagonal(i) > lost * a_[i * n_ + i];
  }

  // W and S as the cuts have them.
  bool sync(const std::vector<char>& cut) {
    known_.assign(c_, 0);
    for (std::size_t i = tied_.size(); i-- > 0;) {
      if (!cut[tied_[i]]) {
        known_[tied_[i]] = 1;
        continue;
      }
      small_.remove(i);
      tied_.erase(tied_.begin() + static_cast<std::ptrdiff_t>(i));
      across_.erase(across_.begin() + static_cast<std::ptrdiff_t>(i));
    }
    fresh_.clear();
    for (std::size_t k = 0; k < c_; ++k)
      if (!cut[k] && !known_[k]) fresh_.push_back(k);
    rows_.assign(fresh_.size() * n_, 0.0);
    for (std::size_t i = 0; i < fresh_.size(); ++i) {
      rows_[i * n_ + fresh_[i]] = 1.0;
      if (fresh_[i] + 1 < c_) rows_[i * n_ + fresh_[i] + 1] = -1.0;
    }
    whole_.forward_all(rows_.data(), fresh_.size(), n_);
    for (std::size_t i = 0; i < fresh_.size(); ++i) {
      std::vector<double> row(rows_.begin() + static_cast<std::ptrdiff_t>(i * n_),
                              rows_.begin() + static_cast<std::ptrdiff_t>((i + 1) * n_));
      pulls_.clear();
      for (const std::vector<double>& other : across_)
        pulls_.push_back(dot(row.data(), other.data(), n_));
      if (!small_.append(pulls_.data(), dot(row.data(), row.data(), n_))) return false;
      tied_.push_back(fresh_[i]);
      across_.push_back(std::move(row));
    }
    return true;
  }

  const double* a_ = nullptr;
  std::size_t n_ = 0, c_ = 0;
  bool made_ = false, sound_ = true;
  Factor whole_, small_;
  std::vector<std::size_t> tied_, fresh_;
  std::vector<std::vector<double>> across_;
  std::vector<double> rows_, pulls_;
  std::vector<char> known_;
};

class OrderedQuadratic {
 public:
  // A, size x size, of which the lower triangle by rows is read; the first c coordinates are
  // ordered, and weigh `weight` in a projection.
  void load(std::vector<double>& a, std::size_t size, std::size_t c, const double* weight) {
    a_.swap(a), n_ = size, c_ = c, weight_ = weight;
    for (std::size_t i = 0; i < n_; ++i)
      for (std::size_t j = 0; j < i; ++j) a_[j * n_ + i] = a_[i * n_ + j];
  }

  // From z, falling and > 0, and its residual r = b - Az.
  void solve(std::vector<double>& z, std::vector<double>& r) {
    z_ = z.data(), r_ = r.data();
    least_ = 0.0;
    for (double v : r) least_ = std::max(least_, 1e-13 * std::fabs(v));
    cut_.assign(c_, 1);
    factor_.clear(), held_.clear();
    ties_.begin(a_, n_, c_);
    for (std::size_t k = 0; k < 4 * n_ + 20; ++k) {
      find_groups();
      if (!ends_.empty() && !solve_groups()) return;
      if (!ends_.empty() && step()) continue;
      if (!open()) return;
    }
  }

 private:
  // A group ends where there is a cut; what comes after the last cut is 0. Then each free one.
  void find_groups() {
    ends_.clear();
    for (std::size_t k = 0; k < c_; ++k)
      if (cut_[k]) ends_.push_back(k + 1);
    ordered_ = ends_.size();
    for (std::size_t f = c_; f < n_; ++f) ends_.push_back(f + 1);
  }

  std::size_t begin_of(std::size_t g) const {
    return g == ordered_ ? c_ : g ? ends_[g - 1] : 0;
  }

  // moves_: the step of each group to the minimum over them.
  bool solve_groups() {
    const std::size_t count = ends_.size();
    rows_.resize(count), moves_.assign(count, 0.0);
    for (std::size_t g = 0; g < count; ++g)
      for (std::size_t k = begin_of(g); k < ends_[g]; ++k) moves_[g] += r_[k];
    for (std::size_t g = 0; g < count; ++g) sum_rows(g);
    if (ties_.solve(cut_, r_, part_)) {
      for (std::size_t g = 0; g < count; ++g) moves_[g] = part_[begin_of(g)];
      return true;
    }
    if (!factorize()) return false;
    part_.resize(count);
    for (std::size_t i = 0; i < count; ++i) part_[i] = moves_[held_[i].group];
    factor_.solve(part_.data());
    for (std::size_t i = 0; i < count; ++i) moves_[held_[i].group] = part_[i];
    return true;
  }

  // rows_[g]: the sum of A's rows in the group; of a single row no copy is made.
  void sum_rows(std::size_t g) {
    const std::size_t first = begin_of(g);
    rows_[g] = a_.data() + first * n_;
    if (ends_[g] == first + 1) return;
    if (sums_.size() < n_ * n_) sums_.resize(n_ * n_);
    double* sum = sums_.data() + first * n_;
    std::copy_n(rows_[g], n_, sum);
    for (std::size_t k = first + 1; k < ends_[g]; ++k) axpy(1.0, a_.data() + k * n_, sum, n_);
    rows_[g] = sum;
  }

  // The factor of the groups' system: those it has are kept, the others are taken out and put in.
  bool factorize() {
    for (std::size_t i = held_.size(); i-- > 0;) held_[i].group = find(held_[i]);
    std::size_t gone = 0;
    for (const Held& one : held_) gone += one.group == none;
    if (4 * gone > held_.size()) factor_.clear(), held_.clear();
    for (std::size_t i = held_.size(); i-- > 0;)
      if (held_[i].group == none) {
        factor_.remove(i);
        held_.erase(held_.begin() + static_cast<std::ptrdiff_t>(i));
      }
    if (held_.empty()) return factorize_all();
    inside_.assign(ends_.size(), 0);
    for (const Held& one : held_) inside_[one.group] = 1;
    for (std::size_t g = 0; g < ends_.size(); ++g)
      if (!inside_[g] && !append(g)) return false;
    return true;
  }

  bool append(std::size_t g) {
    part_.resize(held_.size());
    for (std::size_t i = 0; i < held_.size(); ++i) part_[i] = entry(g, held_[i].group);
    if (!factor_.append(part_.data(), entry(g, g) * (1.0 + ridge))) return false;
    held_.push_back({begin_of(g), ends_[g], g});
    return true;
  }

  bool factorize_all() {
    const std::size_t count = ends_.size();
    system_.resize(count * count);
    for (std::size_t g = 0; g < count; ++g) {
      for (std::size_t h = 0; h <= g; ++h) system_[g * count + h] = entry(g, h);
      system_[g * count + g] *= 1.0 + ridge;
      held_.push_back({begin_of(g), ends_[g], g});
    }
    factor_.assign(system_.data(), count, count);
    return factor_.size() == count;
  }

  double entry(std::size_t g, std::size_t h) const {
    double sum = 0.0;
    for (std::size_t k = begin_of(h); k < ends_[h]; ++k) sum += rows_[g][k];
    return sum;
  }

  struct Held {
    std::size_t begin, end, group;
  };

  std::size_t find(const Held& one) const {
    const auto at = std::lower_bound(ends_.begin(), ends_.end(), one.end);
    const auto g = static_cast<std::size_t>(at - ends_.begin());
    return at != ends_.end() && *at == one.end && begin_of(g) == one.begin ? g : none;
  }

  // The whole step; where some would cross, the first of 1, 1/2, 1/4 of it that, projected, brings
  // something, or up to where the first ones meet. Whether some did.
  bool step() {
    const double first = reach();
    for (double part = 1.0; part > std::max(first, 0.1); part *= 0.5) {
      aim(part);
      project();
      if (gain() > 0.0) return move(), true;
    }
    aim(first);
    if (first < 1.0) meet();
    gain();
    return move(), first < 1.0;
  }

  // target_: where a part of the step leads.
  void aim(double part) {
    target_.resize(ends_.size());
    for (std::size_t g = 0; g < ends_.size(); ++g) target_[g] = value(g) + part * moves_[g];
  }

  double value(std::size_t g) const { return z_[begin_of(g)]; }

  // The part of the step after which two groups, or one and 0, are equal.
  double reach() const {
    double most = 1.0;
    for (std::size_t g = 0; g < ordered_; ++g) {
      const bool last = g + 1 == ordered_;
      const double gap = value(g) - (last ? 0.0 : value(g + 1));
      const double closing = (last ? 0.0 : moves_[g + 1]) - moves_[g];
      if (closing > 0.0) most = std::min(most, gap / closing);
    }
    return most;
  }

  // target_ made falling and >= 0.
  void project() {
    blocks_.clear();
    for (std::size_t g = 0; g < ordered_; ++g) {
      double weight = 0.0;
      for (std::size_t k = begin_of(g); k < ends_[g]; ++k) weight += weight_[k];
      blocks_.push(weight * target_[g], weight, g + 1);
    }
    std::size_t g = 0;
    for (const auto& block : blocks_.get())
      for (const double size = std::max(block.mean(), 0.0); g < block.end; ++g) target_[g] = size;
  }

  // Those of target_ that are equal but for rounding made equal.
  void meet() {
    const double near = ordered_ ? 1e-12 * target_[0] : 0.0;
    for (std::size_t g = ordered_; g-- > 0;) {
      const double next = g + 1 < ordered_ ? target_[g + 1] : 0.0;
      if (target_[g] - next <= near) target_[g] = next;
    }
  }

  // How much the objective falls on the way to target_; image_: what the way takes from r.
  double gain() {
    image_.assign(n_, 0.0);
    double sum = 0.0;
    for (std::size_t g = 0; g < ends_.size(); ++g) {
      const double d = target_[g] - value(g);
      for (std::size_t k = begin_of(g); k < ends_[g]; ++k)
        sum += d * r_[k];
      if (d != 0.0) axpy(d, rows_[g], image_.data(), n_);
    }
    for (std::size_t g = 0; g < ends_.size(); ++g)
      for (std::size_t k = begin_of(g); k < ends_[g]; ++k)
        sum -= 0.5 * (target_[g] - value(g)) * image_[k];
    return sum;
  }

  // To target_; groups that are equal there become one.
  void move() {
    for (std::size_t k = 0; k < n_; ++k) r_[k] -= image_[k];
    for (std::size_t g = 0; g < ordered_; ++g)
      if (target_[g] == (g + 1 < ordered_ ? target_[g + 1] : 0.0)) cut_[ends_[g] - 1] = 0;
    for (std::size_t g = ends_.size(); g-- > 0;)
      std::fill(z_ + begin_of(g), z_ + ends_[g], target_[g]);
  }

  // Divide groups, and what is 0, where their first members pull the most upwards: all whose pull is
  // near the largest. Whether there are any.
  bool open() {
    opening_.clear();
    double sum = 0.0, best = least_, most = 0.0;
    std::size_t place = none;
    for (std::size_t k = 0; k <= c_; ++k) {
      if (k == c_ || cut_[k]) {
        if (place != none) opening_.push_back({best, place});
        sum = 0.0, best = least_, place = none;
      } else if ((sum += r_[k]) > best) {
        best = sum, place = k, most = std::max(most, best);
      }
    }
    for (const auto& [pull, at] : opening_)
      if (pull >= 0.1 * most) cut_[at] = 1;
    return !opening_.empty();
  }

  static constexpr std::size_t none = static_cast<std::size_t>(-1);
  static constexpr double ridge = 1e-9;  // of the diagonal: the next step corrects what it moved

  std::size_t n_ = 0, c_ = 0, ordered_ = 0;
  const double* weight_ = nullptr;
  double *z_ = nullptr, *r_ = nullptr, least_ = 0.0;
  std::vector<double> a_, sums_, system_, moves_, target_, image_, part_;
  std::vector<const double*> rows_;
  std::vector<Held> held_;
  std::vector<std::pair<double, std::size_t>> opening_;
  std::vector<char> cut_, inside_;
  std::vector<std::size_t> ends_;
  FallingBlocks blocks_;
  Factor factor_;
  Ties ties_;
};

}  // namespace priorfit
