// A likelihood over many sparse working columns, whose Gram matrix is never formed.
//
// Proximal Newton (Lee, Sun & Saunders 2014): a quadratic model at each point, of which one sweep
// is enough before the next; where sweeps are slow, conjugate gradients follow, to the accuracy
// that the model deserves (Eisenstat & Walker 1996).
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <vector>

#include "glm_rows.hpp"
#include "model.hpp"
#include "sparse_quadratic.hpp"

namespace priorfit {

template <class T, class I, class Rows>
class ResidualModel {
 public:
  using Columns = SparseColumns<T, I>;
  static constexpr double near = 0.9;  // a column more costs its entries, one missed a whole batch

  bool pays() const { return true; }

  ResidualModel(const Columns& all, Rows rows)
      : n_(all.n), rows_(rows), first_(rows.intercepts()), work_(all), eta_(n_), moved_(n_),
        change_(n_), theta_(n_), h_(n_) {
    if (first_) work_.add_ones();
  }

  // The gap to reach at strength s.
  double tolerance(double, double tol, const PathUnits& units) {
    units_ = units;
    return tol * units.reference;
  }

  void add(const std::vector<std::size_t>& fresh, const Penalty& p) { work_.add(fresh, p); }

  template <class Stop>
  Status solve(Solution& x, double s, double gap, Stop&& stop) {
    if (s >= latest_) trust_ = most_trust;  // asked again: less was left to be done than there was
    latest_ = s;
    load(x);
    predict(s);
    double value = loss_ + work_.value(work_.b(), s), last = INFINITY, expected = INFINITY;
    if (!std::isfinite(value)) return Status::not_finite;
    Status status = Status::max_rounds;
    bool swept = false;  // the last round was a sweep alone
    int rest = 0, stuck = 0;  // sweeps to come, and after a Newton step that left nearly all there was
    double begun = INFINITY;  // the violation before that step
    for (int round = 0; round < most_rounds; ++round) {
      if (stop()) return Status::interrupted;
      const double enough = goal(s, gap);
      from_ = work_.b();
      work_.begin(theta_.data(), h_.data());
      const double worst = work_.sweep(s);
      if (!std::isfinite(worst)) return Status::not_finite;
      if (swept) slow_ = slow_ || worst > 0.4 * last;
      else if (round > 0) trust_ = std::clamp(trust_ * worst / expected, 1.0, most_trust);
      expected = worst * (swept ? std::clamp(worst / last, 0.1, 1.0) : 1.0);
      last = worst;
      if (!swept) rest = stuck = worst > 0.8 * begun ? std::min(2 * stuck + 1, most_sweeps) : 0;
      swept = !slow_ || worst <= enough || rest-- > 0;
      if (!swept) {
        begun = worst;
        expected = refine(s, worst, enough, stop);
      }
      if (!search(s, value)) break;
      if (std::min(worst, 2.0 * expected) <= enough) {
        status = Status::converged;
        break;
      }
    }
    loss_ = value - work_.value(work_.b(), s);
    at_ = s;
    if (first_) level();
    store(x);
    return status;
  }

  // Returns the loss.
  double dual_point(const Solution& x, double* theta) {
    load(x, true);
    for (Point& point : line_)  // what rounds added up is forgotten
      if (is_at(point, work_.b())) point.eta = eta_;
    rows_.dual_point(eta_.data(), theta_.data(), h_.data(), theta);
    return loss_;
  }

  double dual(const double* theta, double share, double = 0.0) const {
    return rows_.dual(theta, share);
  }

 private:
  static constexpr int most_rounds = 1000, most_sweeps = 63;
  static constexpr double most_trust = 1e3;
  static constexpr std::size_t most_points = 10;  // a batch, and one before

  struct Point {
    double s;
    std::vector<double> b, eta;
  };

  // The rows at x; from the columns, but where they are at hand.
  void load(const Solution& x, bool anew = false) {
    const Penalty p = work_.penalty();
    std::vector<double> b(work_.b().size(), 0.0);
    if (first_) b[0] = x.intercepts[0];
    for (std::size_t j = 0; j < x.b.size(); ++j)
      b[j + first_] = std::clamp(x.b[j], p.lower[j + first_], p.upper[j + first_]);
    if (loaded_ && !anew && b == work_.b()) return;
    while (!anew && !line_.empty() && !is_at(line_.back(), b)) line_.pop_back();
    if (!anew) at_ = line_.empty() ? NAN : line_.back().s;
    work_.b() = b;
    rows_.start(eta_.data());
    work_.combine_into(b, {}, eta_.data());
    loss_ = rows_.evaluate(eta_.data(), theta_.data(), h_.data());
    loaded_ = true;
  }

  static bool is_at(const Point& point, const std::vector<double>& b) {
    const auto end = b.begin() + static_cast<std::ptrdiff_t>(point.b.size());
    return std::equal(b.begin(), end, point.b.begin()) &&
           std::all_of(end, b.end(), [](double v) { return v == 0.0; });
  }

  void store(Solution& x) {
    if (first_) x.intercepts[0] = work_.b()[0];
    x.b.assign(work_.b().begin() + static_cast<std::ptrdiff_t>(first_), work_.b().end());
  }

  // From here to strength s along the line through the last two solutions, as far as signs hold;
  // not where that is worse.
  void predict(double s) {
    std::vector<double>& b = work_.b();
    if (line_.empty() || line_.back().s != at_) line_.push_back({at_, b, eta_});
    if (line_.size() > most_points) line_.erase(line_.begin());
    if (line_.size() < 2) return;
    const Point &here = line_.back(), &before = line_[line_.size() - 2];
    const double f = (at_ - s) / (before.s - at_);
    if (!(f > 0.0 && f < 3.0)) return;
    const double now = loss_ + work_.value(b, s);
    from_ = b;
    for (std::size_t k = 0; k < b.size(); ++k)
      from_[k] += f * (b[k] - (k < before.b.size() ? before.b[k] : 0.0));
    for (std::size_t i = 0; i < n_; ++i) eta_[i] += f * (eta_[i] - before.eta[i]);
    work_.extrapolate(from_);
    work_.combine_into(b, from_, eta_.data());
    loss_ = rows_.evaluate(eta_.data(), theta_.data(), h_.data());
    if (loss_ + work_.value(b, s) <= now) return;
    eta_ = here.eta;
    std::copy(here.b.begin(), here.b.end(), b.begin());
    loss_ = rows_.evaluate(eta_.data(), theta_.data(), h_.data());
  }

  // Newton steps of the intercept alone: its slope, which no penalty hides, ends at 0.
  void level() {
    for (int step = 0; step < 3; ++step) {
      double slope = 0.0, curvature = 0.0;
      for (std::size_t i = 0; i < n_; ++i) slope += theta_[i], curvature += h_[i];
      if (!(std::fabs(slope) > 1e-10 * units_.steepest)) return;
      for (std::size_t i = 0; i < n_; ++i) moved_[i] = eta_[i] + slope / curvature;
      const double there = rows_.evaluate(moved_.data(), theta_.data(), h_.data());
      if (!(there <= loss_ + 1e-13 * std::fabs(loss_))) break;
      eta_.swap(moved_);
      work_.b()[0] += slope / curvature;
      loss_ = there;
    }
    rows_.evaluate(eta_.data(), theta_.data(), h_.data());
  }

  // A Newton step of the model, and the columns that a kink holds after it; returns the violation
  // that this should leave. Newton squares the error: what its model gets wrong is not worth
  // solving for.
  template <class Stop>
  double refine(double s, double worst, double enough, Stop&& stop) {
    const double target = std::max(0.5 * enough, std::min(worst * worst, 0.1 * worst));
    const bool whole = work_.newton(s, target, stop);
    const double held = work_.sweep(s, true);
    return whole ? std::max(trust_ * std::max(target, worst * worst), held) : worst;
  }

  // The violation, in units of the penalty's slope, at which the gap is reached: a dual point that
  // is too large by such a share loses this share of the penalty.
  double goal(double s, double gap) {
    const double floor = 1e-13 * units_.steepest / (s * work_.least());
    if (!work_.pure()) return std::max(floor, 2.0 * gap / units_.reference);
    return std::max(floor, std::min(1e-3, 0.8 * gap / work_.value(work_.b(), s)));
  }

  // To the present weights, or part of the way.
  bool search(double s, double& value) {
    bool lost = false;  // curvature, beside the slope: rows do not say how far they moved
    for (std::size_t i = 0; i < n_; ++i) lost = lost || h_[i] < 1e-8 * std::fabs(theta_[i]);
    if (lost) {
      std::fill(change_.begin(), change_.end(), 0.0);
      work_.combine_into(work_.b(), from_, change_.data());
    } else {
      work_.change(theta_.data(), change_.data());
    }
    const auto penalty = [&](const std::vector<double>& b) { return work_.value(b, s); };
    const auto loss = [&](const double* at) {
      return rows_.evaluate(at, theta_.data(), h_.data());
    };
    if (search_along(loss, from_, change_, work_.b(), eta_, moved_, value, penalty)) return true;
    work_.b() = from_;
    loss(eta_.data());
    return false;
  }

  const std::size_t n_;
  const Rows rows_;
  const std::size_t first_;
  SparseQuadratic<T, I> work_;
  PathUnits units_{1.0, 1.0};
  bool slow_ = false, loaded_ = false;  // slow: sweeps alone do not do
  double loss_ = 0.0, at_ = NAN;        // of the solution at hand; its strength
  double latest_ = INFINITY;            // strength that was asked for
  double trust_ = 1.0;                  // how much more a Newton step left than was expected
  std::vector<Point> line_;             // solutions at decreasing strengths
  std::vector<double> eta_, moved_, change_, theta_, h_, from_;
};

}  // namespace priorfit
