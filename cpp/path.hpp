// The path of a fit over many columns: each solution is found on a few working
// columns, and checked on all of them, several solutions to a pass over X.
//
// Screening looks ahead: correlations move along straight lines between events (Rosset & Zhu
// 2007), so the columns that the next strengths need are those whose line reaches the penalty.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <utility>
#include <vector>

#include "batch.hpp"
#include "correlations.hpp"
#include "model.hpp"
#include "penalty.hpp"
#include "simd.hpp"

namespace priorfit {

// A gap as a certificate states it: never 0, and what is no number proves nothing.
inline double stated(double gap) {
  if (std::isnan(gap)) return std::numeric_limits<double>::infinity();
  return std::max(std::numeric_limits<double>::epsilon(), gap);
}

template <class Columns, class Model>
class Path {
 public:
  Path(const Columns& columns, Model& model, const Penalty& penalty, PathUnits units,
       std::size_t most, const KnownColumns& known = {})
      : x_(columns), model_(model), p_(penalty), units_(units), most_(most),
        at_once_(std::clamp<std::size_t>(held / std::max<std::size_t>(1, x_.n), 2, most_at_once)),
        working_(x_.p, 0), always_(x_.p), place_(x_.p, 0), free_(x_.p),
        correlations_(columns, known), at_start_(known.products) {
    for (std::size_t j = 0; j < x_.p; ++j) {
      always_[j] = p_.loc[j] != 0.0;
      free_[j] = fixed(j) ? 0.0 : 1.0;
    }
  }

  // Where weights may have left zero in any solution.
  const std::vector<std::size_t>& working() const { return used_; }

  // From the weights `start` (p) and the first `width` numbers of `intercepts` (points x width).
  // Column k of `coefs` (p x points, all zeros) receives the solution at `strengths[k]`, to the gap
  // `tols[k]`. Returns how many points were done: fewer where the working columns are too many.
  template <class Stop>
  std::size_t run(const double* strengths, const double* tols, std::size_t points,
                  const double* start, double* coefs, double* intercepts, std::size_t width,
                  double* gaps, double* kkts, Stop&& stop, bool& interrupted) {
    begin(start, {intercepts, intercepts + width});
    std::size_t done = 0, batch = 1;
    while (done < points) {
      batch = take_at_once(strengths + done, std::min({batch, points - done, at_once_}));
      add_ahead(strengths[done + batch - 1]);
      if (used_.size() > most_ || !model_.pays()) break;
      solve(strengths + done, tols + done, batch, stop, interrupted);
      if (interrupted) break;
      check(strengths + done, batch);
      std::size_t good = 0;
      while (good < batch && accept(strengths[done + good], tols[done + good], good, gaps + done,
                                    kkts + done))
        ++good;
      if (good < batch && !add_violators(strengths[done + good], good) && !be_stricter()) ++good;
      for (std::size_t k = 0; k < good; ++k)
        write(k, coefs + done + k, points, intercepts + (done + k) * width);
      if (good > 0) remember(strengths + done, good);
      if (good == batch) strictness_ = std::min(1.0, 1.3 * strictness_);
      done += good;
      batch = good == batch ? 2 * batch : std::max<std::size_t>(1, good);
    }
    return done;
  }

 private:
  static constexpr std::size_t most_at_once = 9;
  static constexpr std::size_t held = 1 << 20;  // numbers of their dual points, but two are taken
  static constexpr double near = Model::near;  // of the penalty: columns this close are taken in

  bool fixed(std::size_t j) const { return p_.lower[j] == p_.upper[j]; }

  template <class Wanted>
  bool add_where(Wanted&& wanted) {
    std::vector<std::size_t> fresh;
    for (std::size_t j = 0; j < x_.p; ++j)
      if (free_[j] != 0.0 && wanted(j)) fresh.push_back(j);
    if (fresh.empty()) return false;
    for (std::size_t j : fresh) {
      working_[j] = always_[j] = 1;
      free_[j] = 0.0;
      place_[j] = used_.size();
      used_.push_back(j);
    }
    model_.add(fresh, p_);
    last_.b.resize(used_.size(), 0.0);
    return true;
  }

  // The columns that the start and the prior ask for, and the correlations at the start.
  void begin(const double* start, std::vector<double> intercepts) {
    add_where([&](std::size_t j) { return p_.l1[j] == 0.0 || start[j] != 0.0; });
    for (std::size_t i = 0; i < used_.size(); ++i) last_.b[i] = start[used_[i]];
    last_.intercepts = std::move(intercepts);
    solutions_.assign(1, last_);
    duals_.resize(x_.n);
    judge(0);
    if (at_start_) {
      correlations_.know(duals_.data(), at_start_);
      now_.assign(at_start_, at_start_ + x_.p);
    } else {
      check(&units_.steepest, 1);
      correlations_.all(0, now_);
    }
    before_ = now_;
    s_now_ = s_before_ = std::numeric_limits<double>::infinity();
  }

  // How many of the last steps in strength it is to s.
  double steps_to(double s) const {
    const double step = s_before_ - s_now_, f = step > 0.0 ? (s_now_ - s) / step : 0.0;
    return std::isfinite(f) ? f : 0.0;
  }

  // The columns whose line of correlations comes near the penalty at strength s.
  bool add_ahead(double s) {
    const double f = steps_to(s);
    return add_where([&](std::size_t j) {
      return std::fabs(now_[j] + f * (now_[j] - before_[j])) >= near * s * p_.l1[j];
    });
  }

  // A pass over all columns for the last point, and the columns that each of the others needs.
  std::size_t take_at_once(const double* strengths, std::size_t most) const {
    const auto fresh = [&](std::size_t k) {
      const double s = strengths[k - 1];
      return count_reaching(now_.data(), before_.data(), steps_to(s), near * s, p_.l1,
                            free_.data(), x_.p);
    };
    const double between = static_cast<double>(used_.size() + correlations_.listed());
    return cheapest_batch(most, used_.size(), fresh, [&](std::size_t k) {
      return correlations_.cost() + between * static_cast<double>(k - 1);
    });
  }

  template <class Stop>
  void solve(const double* strengths, const double* tols, std::size_t batch, Stop&& stop,
             bool& interrupted) {
    solutions_.resize(std::max(solutions_.size(), batch));
    duals_.resize(batch * x_.n);
    Solution x = last_;
    for (std::size_t k = 0; k < batch && !interrupted; ++k) {
      const double tol = strictness_ * model_.tolerance(strengths[k], tols[k], units_);
      interrupted = model_.solve(x, strengths[k], tol, stop) == Status::interrupted;
      solutions_[k] = x;
      judge(k);  // at once: what the model made of x serves the next
    }
  }

  // The dual point of solution k.
  void judge(std::size_t k) {
    losses_[k] = model_.dual_point(solutions_[k], duals_.data() + k * x_.n);
  }

  // The correlations of the batch with all columns that may matter.
  void check(const double* strengths, std::size_t batch) {
    correlations_.update(duals_.data(), batch, strengths, p_.l1, always_);
  }

  // Ask more of the solver where no column is missing; false once it has been asked enough.
  bool be_stricter() {
    if (strictness_ < 1e-3) return false;
    strictness_ *= 0.3;
    return true;
  }

  // The certificate of solution k of the batch, over all columns; whether it is good enough.
  bool accept(double s, double tol, std::size_t k, double* gaps, double* kkts) {
    double share = 1.0, worst = 0.0, penalty = 0.0, beyond = 0.0;
    double touching = losses_[k];  // + theta'Zb: minus the conjugate at theta (Fenchel, Young)
    correlations_.each(k, [&](std::size_t j, double v) {
      if (std::fabs(v) <= s * p_.l1[j] && !working_[j]) return;
      share = std::min(share, p_.share(s, v, j));
      const double b = working_[j] ? solutions_[k].b[place_[j]] : 0.0;
      worst = std::max(worst, p_.violation(b, s, v, j));
      touching += b * v;
    });
    correlations_.each(k, [&](std::size_t j, double v) {
      const double t = (working_[j] ? solutions_[k].b[place_[j]] : 0.0) - p_.loc[j];
      if (t != 0.0) penalty += s * (p_.l1[j] * std::fabs(t) + 0.5 * p_.l2[j] * t * t);
      if (std::fabs(share * v) > s * p_.l1[j] || p_.loc[j] != 0.0)
        beyond += p_.conjugate(s, share * v, j);
    });
    const double dual = model_.dual(duals_.data() + k * x_.n, share, touching) - beyond;
    const double gap = (losses_[k] + penalty - dual) / units_.reference;
    gaps[k] = stated(gap);
    kkts[k] = worst / units_.steepest;
    return gaps[k] <= tol;
  }

  bool add_violators(double s, std::size_t k) {
    correlations_.all(k, ahead_);
    return add_where(
        [&](std::size_t j) { return std::fabs(ahead_[j]) > near * s * p_.l1[j]; });
  }

  void write(std::size_t k, double* column, std::size_t points, double* intercepts) {
    for (std::size_t i = 0; i < solutions_[k].b.size(); ++i)
      column[used_[i] * points] = solutions_[k].b[i];
    std::copy(solutions_[k].intercepts.begin(), solutions_[k].intercepts.end(), intercepts);
  }

  // The last accepted solution, and the correlations of the last two, for looking ahead.
  void remember(const double* strengths, std::size_t good) {
    last_ = solutions_[good - 1];
    last_.b.resize(used_.size(), 0.0);
    before_.swap(now_);
    s_before_ = s_now_;
    if (good > 1) {
      correlations_.all(good - 2, before_);
      s_before_ = strengths[good - 2];
    }
    correlations_.all(good - 1, now_);
    s_now_ = strengths[good - 1];
  }

  const Columns& x_;
  Model& model_;
  const Penalty p_;
  const PathUnits units_;
  const std::size_t most_, at_once_;
  std::vector<char> working_, always_;  // always: the certificate asks for them
  std::vector<std::size_t> used_, place_;  // columns at work; where each stands among them
  std::vector<double> free_;  // 1 where a column may join, else 0
  std::vector<Solution> solutions_;
  Solution last_;
  Correlations<Columns> correlations_;
  const double* const at_start_;  // correlations with the dual point of the start, or null
  std::vector<double> duals_, now_, before_, ahead_;
  double losses_[most_at_once] = {};
  double s_now_ = 0.0, s_before_ = 0.0, strictness_ = 1.0;
};

}  // namespace priorfit
