// Descent over blocks of columns that are as many as rows can tell apart, or fewer: each block in turn
// goes to its minimum with the others held, by products with the rows (no Gram matrix but that of each
// block), and sweeps are combined as steps that contract (chord.hpp).
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <vector>

#include "block.hpp"
#include "chord.hpp"
#include "group_penalty.hpp"
#include "quadratic.hpp"
#include "row_columns.hpp"
#include "simd.hpp"

namespace priorfit {

// Where a few columns alone do not cost what they should there are no sweeps.
template <class Columns, bool by_blocks = RowColumns<Columns>::by_blocks>
class GroupSweeps {
 public:
  GroupSweeps(RowColumns<Columns>&, const WorkingBlocks&, const double*, std::size_t) {}

  void grow() {}
  const std::vector<double>& residual() const { return none_; }
  void correct(std::size_t, const double*) {}

  template <class Stop>
  Status solve(std::vector<double>&, double, double, std::size_t, Stop&&) {
    return Status::max_rounds;
  }

 private:
  std::vector<double> none_;
};

template <class Columns>
class GroupSweeps<Columns, true> {
 public:
  GroupSweeps(RowColumns<Columns>& z, const WorkingBlocks& blocks, const double* y, std::size_t n)
      : z_(z), p_(blocks), y_(y), n_(n), square_(dot(y, y, n)), at_(n) {}

  // There are more blocks now; `z` has their columns.
  void grow() {
    for (std::size_t g = grams_.size(); g < p_.count(); ++g) {
      const std::size_t d = p_.block(g).size;
      grams_.emplace_back(d * d);
      z_.gram_of(p_.start[g], d, grams_[g].data());
      bounds_.push_back(largest_row_sum(grams_[g].data(), d, d));
      forms_.emplace_back();
      if (p_.block(g).is_plain()) forms_[g].make(grams_[g].data(), d, d);
    }
    for (Place& place : past_) place.at.resize(n_ + p_.size(), 0.0);
    at_.resize(n_ + p_.size(), 0.0);
  }

  // Of the solution, but for rounding, and then its weights.
  const std::vector<double>& residual() const { return best_; }

  // The residual of the last solution but `age` is this one, without what rounding has added.
  void correct(std::size_t age, const double* residual) {
    if (age < past_.size()) std::copy_n(residual, n_, past_[past_.size() - 1 - age].at.begin());
  }

  // `b` holds the warm start and receives the solution, whose gap over the working blocks is at most
  // `tol`, or, after `most` sweeps, what there is.
  template <class Stop>
  Status solve(std::vector<double>& b, double s, double tol, std::size_t most, Stop&& stop) {
    exact_ = tol < float32_tells * square_;
    begin(b, s);
    double least = std::numeric_limits<double>::infinity();
    Status status = Status::max_rounds;
    for (std::size_t k = 0; k < most; ++k) {
      from_ = at_;
      const double miss = sweep();
      const double value = objective();
      if (!std::isfinite(value)) return Status::not_finite;
      if (value > least * (1.0 + 1e-12)) {  // the combination led astray
        at_ = best_;
        chord_.forget();
        continue;
      }
      least = value;
      best_ = at_;
      if (is_near(miss, tol)) status = Status::converged;
      else if (stop()) status = Status::interrupted;
      if (status != Status::max_rounds) break;
      step_ = at_;
      axpy(-1.0, from_.data(), step_.data(), step_.size());
      at_ = chord_.next(from_, step_, n_);
    }
    b.assign(best_.begin() + static_cast<std::ptrdiff_t>(n_), best_.end());
    if (status == Status::converged) remember();
    return status;
  }

 private:
  struct Place {
    double s;
    std::vector<double> at;
  };

  double* weights() { return at_.data() + n_; }

  // From the line through the last two solutions, where it leads on, or from b.
  void begin(const std::vector<double>& b, double s) {
    s_ = s;
    chord_.forget();
    const bool line = past_.size() == 2 && past_[0].s > past_[1].s && past_[1].s > s;
    if (line) {
      const double f = (past_[1].s - s) / (past_[0].s - past_[1].s);
      for (std::size_t i = 0; i < at_.size(); ++i)
        at_[i] = past_[1].at[i] + f * (past_[1].at[i] - past_[0].at[i]);
    } else {
      std::copy(b.begin(), b.end(), weights());
    }
    if (line && !exact_) return;
    std::copy_n(y_, n_, at_.data());
    z_.pass(nullptr, p_.start, nullptr, weights(), at_.data(), exact_, [](auto, auto) {});
  }

  void remember() {
    if (past_.size() == 2) past_.erase(past_.begin());
    past_.push_back({s_, at_});
  }

  // Every block once; the largest share by which one missed what its rate asks for.
  double sweep() {
    double worst = 0.0;
    z_.hold(at_.data());
    for (std::size_t g = 0; g < p_.count(); ++g) {
      const Block block = p_.block(g);
      const std::size_t first = p_.start[g], d = block.size;
      double* b = weights() + first;
      slopes_.resize(d);
      z_.project_block(first, d, at_.data(), slopes_.data(), exact_);
      const double edge = s_ * block.rate, over = block.let_through(slopes_.data(), s_) - edge;
      const bool is_zero = Block::length(b, d) == 0.0;
      if (is_zero && over <= 0.0) {
        std::fill_n(b, d, 0.0);  // whose squares may have vanished before they did
        continue;
      }
      minimise(g, b);
      if (over > 0.0 || Block::length(b, d) > 0.0) worst = std::max(worst, std::fabs(over) / edge);
    }
    missed_ = worst;
    return worst;
  }

  // Block g to its minimum; its slopes are there.
  void minimise(std::size_t g, double* b) {
    const Block block = p_.block(g);
    const std::size_t d = block.size;
    const double *h = grams_[g].data(), fine = std::min(missed_, 1e-3);
    old_.assign(b, b + d);
    for (std::size_t j = 0; j < d; ++j) slopes_[j] += dot(h + j * d, b, d);
    blocks_.solve(h, d, bounds_[g], forms_[g], slopes_.data(), block, s_,
                  0.1 * fine * s_ * block.rate, b);
    for (std::size_t j = 0; j < d; ++j) old_[j] = b[j] - old_[j];
    z_.move_block(p_.start[g], d, old_.data(), at_.data(), exact_);
  }

  double objective() {
    return 0.5 * dot(at_.data(), at_.data(), n_) + s_ * p_.value(weights());
  }

  // Whether the gap is at most `tol`; it is looked at where the last such sweeps say that it may be.
  bool is_near(double miss, double tol) {
    const double unit = miss * s_ * p_.value(weights());
    if (unit * share_ > tol) return false;
    slopes_.resize(p_.size());
    z_.project(0, at_.data(), slopes_.data(), exact_);
    const double gap = p_.gap(at_.data(), slopes_.data(), at_.data(), weights(), y_, n_, s_);
    share_ = std::clamp(gap / unit, 1e-3, 1.0);
    return gap <= tol;
  }

  RowColumns<Columns>& z_;
  const WorkingBlocks& p_;
  const double* y_;
  const std::size_t n_;
  const double square_;
  double s_ = 0.0, missed_ = 1.0;
  double share_ = 0.3;             // of the gap that the largest miss of a sweep could have left
  bool exact_ = false;
  std::vector<std::vector<double>> grams_;  // of each block
  std::vector<Tridiagonal> forms_;
  std::vector<double> bounds_, at_, best_, from_, step_;  // at: the residual, then b
  std::vector<double> slopes_, old_;
  std::vector<Place> past_;                 // the last two solutions
  BlockSolver blocks_;
  Chord chord_;
};

}  // namespace priorfit
