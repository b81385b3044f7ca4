// The path of a gaussian fit whose columns come in groups: solutions on a few working groups,
// checks on all of them, several strengths to a pass over X. The counterpart of path.hpp, by blocks.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

#include "batch.hpp"
#include "correlations.hpp"
#include "group_model.hpp"
#include "group_penalty.hpp"
#include "path.hpp"

namespace priorfit {

template <class Columns, class Model>
class GroupPath {
 public:
  GroupPath(const Columns& columns, const Grouping& groups, Model& model, PathUnits units,
            std::size_t most, const KnownColumns& known = {})
      : x_(columns), p_(groups), model_(model), units_(units), most_(most),
        place_(groups.count, outside), always_(columns.p, 0), never_(columns.p, 0),
        correlations_(columns, known) {
    for (std::size_t g = 0; g < p_.count; ++g) {
      double least = p_.rate[g];
      if (least == 0.0) least = *std::min_element(p_.l1 + p_.start[g], p_.l1 + p_.start[g + 1]);
      rate_ = std::min(rate_, least);
    }
  }

  const std::vector<std::size_t>& working() const { return model_.columns(); }

  // As `Path::run`: row 0 of `coefs` (points x p, intercepts after them) holds the start, all others
  // zeros.
  template <class Stop>
  std::size_t run(const double* strengths, const double* tols, std::size_t points, double* coefs,
                  double* gaps, double* kkts, Stop&& stop, bool& interrupted) {
    start(coefs);
    std::size_t done = 0, batch = 1;
    while (done < points) {
      batch = take_at_once(strengths + done, std::min({batch, points - done, most_at_once}));
      add_where([&](std::size_t g) { return ahead(g, strengths[done + batch - 1]); });
      if (model_.size() > most_) break;
      solve(strengths + done, tols + done, batch, stop, interrupted);
      if (interrupted) break;
      check(strengths + done, batch);
      std::size_t good = 0;
      while (good < batch && accept(strengths[done + good], tols[done + good], good, gaps + done,
                                    kkts + done))
        ++good;
      if (good < batch && !add_violators(strengths[done + good], good) && !be_stricter()) ++good;
      for (std::size_t k = 0; k < good; ++k) write(k, coefs + (done + k) * width());
      if (good > 0) remember(strengths + done, good);
      done += good;
      batch = good == batch ? 2 * batch : std::max<std::size_t>(1, good);
    }
    return done;
  }

 private:
  static constexpr std::size_t outside = static_cast<std::size_t>(-1);
  static constexpr std::size_t most_at_once = 9;
  static constexpr std::size_t most_among_rows = 6;  // a solution costs more than a check
  static constexpr double cost_of_copies = 20.0;     // of a column that joins, in products of columns
  static constexpr double near = 0.97;  // of the rate: groups this close are taken in

  template <class Wanted>
  bool add_where(Wanted&& wanted) {
    std::vector<std::size_t> fresh;
    for (std::size_t g = 0; g < p_.count; ++g)
      if (place_[g] == outside && wanted(g)) fresh.push_back(g);
    if (fresh.empty()) return false;
    for (std::size_t g : fresh) {
      place_[g] = used_++;
      for (std::size_t i = p_.first(g); i < p_.first(g + 1); ++i) always_[p_.column(i)] = 1;
    }
    model_.add(fresh);
    last_.resize(model_.size(), 0.0);
    older_.resize(model_.size(), 0.0);
    return true;
  }

  std::size_t width() const { return x_.p + model_.intercepts(); }

  void start(double* coefs) {
    std::size_t largest = 0;
    last_.resize(model_.size(), 0.0);
    older_.resize(model_.size(), 0.0);
    for (std::size_t g = 0; g < p_.count; ++g) largest = std::max(largest, p_.block(g).size);
    slopes_.resize(largest);
    add_where([&](std::size_t g) {
      for (std::size_t i = p_.first(g); i < p_.first(g + 1); ++i)
        if (coefs[p_.column(i)] != 0.0) return true;
      return false;
    });
    for (std::size_t i = 0; i < last_.size(); ++i) last_[i] = coefs[working()[i]];
    std::fill(coefs, coefs + width(), 0.0);
    solutions_.assign(1, last_);
    check(&units_.steepest, 1);
    before_ = now_ = products_[0];
    s_now_ = s_before_ = std::numeric_limits<double>::infinity();
  }

  // How far the line through the last two points goes, in steps, to strength s.
  double reach(double s) const {
    const double step = s_before_ - s_now_, f = step > 0.0 ? (s_now_ - s) / step : 0.0;
    return std::isfinite(f) ? f : 0.0;
  }

  // Whether the line of the correlations of group g comes near its rate at strength s.
  bool ahead(std::size_t g, double s) const {
    const Block block = p_.block(g);
    const double f = reach(s);
    for (std::size_t i = 0; i < block.size; ++i) {
      const std::size_t j = p_.column(p_.first(g) + i);
      slopes_[i] = now_[j] + f * (now_[j] - before_[j]);
    }
    return block.rate > 0.0 ? block.let_through(slopes_.data(), s) >= near * s * block.rate
                            : block.let_through(slopes_.data(), near * s) > 0.0;
  }

  std::size_t take_at_once(const double* strengths, std::size_t most) const {
    const double outputs = static_cast<double>(model_.outputs());
    const auto fresh = [&](std::size_t k) {
      double count = 0.0;
      for (std::size_t g = 0; g < p_.count; ++g)
        if (place_[g] == outside && ahead(g, strengths[k - 1]))
          count += static_cast<double>(p_.block(g).size);
      return count / outputs;
    };
    const bool rows = model_.among_rows();
    const double listed = static_cast<double>(std::max(model_.size(), correlations_.listed()));
    const auto pass = [&](std::size_t k) {
      const double copies = rows ? cost_of_copies * fresh(k) : 0.0;
      return (correlations_.cost() + listed * static_cast<double>(k)) / outputs + copies;
    };
    const auto gram = [&](std::size_t k) { return rows ? 0.0 : fresh(k); };
    return cheapest_batch(rows ? std::min(most, most_among_rows) : most,
                          model_.size() / model_.outputs(), gram, pass);
  }

  template <class Stop>
  void solve(const double* strengths, const double* tols, std::size_t batch, Stop&& stop,
             bool& interrupted) {
    solutions_.resize(std::max(solutions_.size(), batch));
    std::vector<double> b = last_, previous = older_;
    double s_now = s_now_, s_before = s_before_;
    for (std::size_t k = 0; k < batch && !interrupted; ++k) {
      const double step = s_before - s_now, f = step > 0.0 ? (s_now - strengths[k]) / step : 0.0;
      std::vector<double> here = b;
      if (std::isfinite(f)) extrapolate(b, previous, f);
      previous = here;
      const double share = strictness_ * tols[k];
      interrupted = model_.solve(b, strengths[k], 0.3 * share * strengths[k] * rate_,
                                 0.8 * share * units_.reference, stop) == Status::interrupted;
      solutions_[k] = b;
      s_before = s_now, s_now = strengths[k];
    }
  }

  // b += f (b - previous), where the sign stays.
  static void extrapolate(std::vector<double>& b, const std::vector<double>& previous, double f) {
    for (std::size_t i = 0; i < b.size(); ++i) {
      if (b[i] == 0.0) continue;
      const double there = b[i] + f * (b[i] - previous[i]);
      if (there * b[i] > 0.0) b[i] = there;
    }
  }

  // Dual points of the batch, and their correlations with all groups that may matter; of others
  // estimates that are as small.
  void check(const double* strengths, std::size_t batch) {
    duals_.resize(batch * x_.n);
    model_.dual_points(solutions_.data(), batch, duals_.data(), losses_);
    const bool known = model_.slopes(0) != nullptr;
    correlations_.update(duals_.data(), batch, known ? never_ : always_, x_.p / 8,
                         [&](std::size_t k, const ProductLimits& limits, double* excess) {
                           return raise_groups(strengths[k], limits, excess);
                         });
    for (std::size_t k = 0; k < batch; ++k) {
      correlations_.all(k, products_[k]);
      for (std::size_t i = 0; known && i < model_.size(); ++i)
        products_[k][working()[i]] = model_.slopes(k)[i];
    }
  }

  // Marks the columns of groups that may leave 0 at strength s; how many they are.
  std::size_t raise_groups(double s, const ProductLimits& limits, double* excess) const {
    std::size_t count = 0;
    for (std::size_t g = 0; g < p_.count; ++g) {
      if (place_[g] != outside) continue;
      const Block block = p_.block(g);
      for (std::size_t i = 0; i < block.size; ++i)
        slopes_[i] = limits.most(p_.column(p_.first(g) + i));
      if (block.let_through(slopes_.data(), s) <= s * block.rate) continue;
      for (std::size_t i = p_.first(g); i < p_.first(g + 1); ++i) excess[p_.column(i)] = 1.0;
      count += block.size;
    }
    return count;
  }

  bool be_stricter() {
    if (strictness_ < 1e-5) return false;
    strictness_ *= 0.1;
    return true;
  }

  const double* slopes(std::size_t g, std::size_t k) const {
    for (std::size_t i = p_.first(g); i < p_.first(g + 1); ++i)
      slopes_[i - p_.first(g)] = products_[k][p_.column(i)];
    return slopes_.data();
  }

  // The certificate of solution k of the batch, over all groups; whether it is good enough.
  bool accept(double s, double tol, std::size_t k, double* gaps, double* kkts) {
    double needed = s, worst = 0.0, penalty = 0.0;
    const std::vector<double> zeros(slopes_.size(), 0.0);
    for (std::size_t g = 0; g < p_.count; ++g) {
      const Block block = p_.block(g);
      const double* v = slopes(g, k);
      const std::size_t place = place_[g];
      const bool known = place != outside && model_.first(place) < solutions_[k].size();
      const double* b = known ? solutions_[k].data() + model_.first(place) : zeros.data();
      worst = std::max(worst, block.violation(b, v, s));
      if (known) penalty += s * block.value(b);
      if (block.let_through(v, s) > s * block.rate) needed = std::max(needed, block.dual_norm(v));
    }
    const double share = s / needed;
    const double dual = model_.dual(duals_.data() + k * x_.n, share);
    gaps[k] = stated((losses_[k] + penalty - dual) / units_.reference);
    kkts[k] = worst / units_.steepest;
    return gaps[k] <= tol;
  }

  bool add_violators(double s, std::size_t k) {
    return add_where([&](std::size_t g) {
      const Block block = p_.block(g);
      return block.let_through(slopes(g, k), s) > near * s * block.rate;
    });
  }

  void write(std::size_t k, double* coefs) const {
    for (std::size_t i = 0; i < solutions_[k].size(); ++i)
      coefs[working()[i]] = solutions_[k][i];
  }

  // The last two accepted solutions and their correlations, for looking ahead.
  void remember(const double* strengths, std::size_t good) {
    older_ = good > 1 ? solutions_[good - 2] : last_;
    last_ = solutions_[good - 1];
    last_.resize(model_.size(), 0.0);
    older_.resize(model_.size(), 0.0);
    before_.swap(now_);
    s_before_ = s_now_;
    if (good > 1) {
      before_ = products_[good - 2];
      s_before_ = strengths[good - 2];
    }
    now_ = products_[good - 1];
    s_now_ = strengths[good - 1];
  }

  const Columns& x_;
  const Grouping p_;
  Model& model_;
  const PathUnits units_;
  const std::size_t most_;
  std::size_t used_ = 0;
  std::vector<std::size_t> place_;  // of each group among the working ones
  std::vector<char> always_, never_;  // 1 for columns at work; 0 for all
  std::vector<std::vector<double>> solutions_;
  Correlations<Columns> correlations_;
  std::vector<double> products_[most_at_once];  // of all columns with the dual points
  std::vector<double> last_, older_, duals_, now_, before_;
  mutable std::vector<double> slopes_;
  double losses_[most_at_once] = {};
  double s_now_ = 0.0, s_before_ = 0.0, strictness_ = 1.0;
  double rate_ = std::numeric_limits<double>::infinity();  // the smallest: a unit for violations
};

}  // namespace priorfit
