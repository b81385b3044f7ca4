// The path of a gaussian fit over many columns: each solution is found on a few working
// columns, and checked on all of them, several solutions to a pass over X.
//
// Screening looks ahead: correlations move along straight lines between events (Rosset & Zhu
// 2007), so the columns that the next strengths need are those whose line reaches the penalty.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <vector>

#include "columns.hpp"
#include "cross.hpp"
#include "penalty.hpp"
#include "quadratic.hpp"

namespace priorfit {

// The columns in use, with their Gram matrix.
template <class Columns>
class Workspace {
 public:
  Workspace(const Columns& all, const double* y) : y_(y), z_(all) {}

  std::size_t size() const { return columns_.size(); }
  std::size_t operator[](std::size_t i) const { return columns_[i]; }

  void add(const std::vector<std::size_t>& fresh, const Penalty& p) {
    const std::size_t m = size(), total = m + fresh.size();
    if (total > capacity_) reserve(2 * total);
    for (std::size_t j : fresh) {
      columns_.push_back(j);
      const double values[] = {p.l1[j], p.l2[j], p.loc[j], p.lower[j], p.upper[j]};
      for (std::size_t k = 0; k < 5; ++k) form_[k].push_back(values[k]);
    }
    q_.resize(total);
    z_.add(fresh);
    z_.gram(m, y_, gram_.data(), capacity_, q_.data());
    for (std::size_t i = m; i < total; ++i)
      for (std::size_t j = 0; j < m; ++j) gram_[j * capacity_ + i] = gram_[i * capacity_ + j];
  }

  // r = y - Z b
  void residual(const std::vector<double>& b, std::size_t n, double* r) {
    which_.clear();
    minus_.clear();
    for (std::size_t i = 0; i < b.size(); ++i)
      if (b[i] != 0.0) which_.push_back(i), minus_.push_back(-b[i]);
    std::copy(y_, y_ + n, r);
    z_.combine_into(which_, minus_, r);
  }

  Quadratic quadratic() const {
    return {gram_.data(),    capacity_,       size(),          q_.data(),      form_[0].data(),
            form_[1].data(), form_[2].data(), form_[3].data(), form_[4].data()};
  }

 private:
  void reserve(std::size_t capacity) {
    std::vector<double> grown(capacity * capacity);
    for (std::size_t i = 0; i < size(); ++i)
      std::copy_n(gram_.data() + i * capacity_, size(), grown.data() + i * capacity);
    gram_.swap(grown);
    capacity_ = capacity;
  }

  std::size_t capacity_ = 0;
  const double* y_;
  typename Columns::Working z_;
  std::vector<std::size_t> columns_, which_;
  std::vector<double> gram_, q_, minus_, form_[5];
};

struct PathUnits {  // of the certificate
  double reference, steepest;
};

template <class Columns>
class GaussianPath {
 public:
  GaussianPath(const Columns& columns, const double* y, const Penalty& penalty, PathUnits units,
               std::size_t most)
      : x_(columns), y_(y), p_(penalty), units_(units), most_(most), work_(x_, y),
        solver_(work_.quadratic()), working_(x_.p, false) {}

  // Where weights may have left zero in any solution.
  const Workspace<Columns>& working() const { return work_; }

  // Row 0 of `coefs` (points x p) holds the start, all others zeros; row k receives the solution at
  // `strengths[k]`, to the gap `tols[k]`. Returns how many points were done: fewer where the working
  // columns are too many.
  template <class Stop>
  std::size_t run(const double* strengths, const double* tols, std::size_t points, double* coefs,
                  double* gaps, double* kkts, Stop&& stop, bool& interrupted) {
    start(coefs);
    std::size_t done = 0, batch = 1;
    while (done < points) {
      batch = cheapest_batch(strengths + done, std::min({batch, points - done, most_at_once}));
      add_where([&](std::size_t j) { return ahead(j, strengths[done + batch - 1]); });
      if (work_.size() > most_) break;
      solve(strengths + done, batch, stop, interrupted);
      if (interrupted) break;
      check(batch);
      std::size_t good = 0;
      while (good < batch && accept(strengths[done + good], tols[done + good], good, gaps + done,
                                    kkts + done))
        ++good;
      if (good < batch && !add_violators(strengths[done + good], good)) ++good;  // nothing to add
      for (std::size_t k = 0; k < good; ++k) write(k, coefs + (done + k) * x_.p);
      if (good > 0) remember(strengths + done, good);
      done += good;
      batch = good == batch ? 2 * batch : std::max<std::size_t>(1, good);
    }
    return done;
  }

 private:
  static constexpr std::size_t most_at_once = 9;
  static constexpr double near = 0.97;  // of the penalty: columns this close are taken in

  double* solution(std::size_t k) { return solutions_[k].data(); }

  bool fixed(std::size_t j) const { return p_.lower[j] == p_.upper[j]; }

  template <class Wanted>
  bool add_where(Wanted&& wanted) {
    std::vector<std::size_t> fresh;
    for (std::size_t j = 0; j < x_.p; ++j)
      if (!working_[j] && !fixed(j) && wanted(j)) fresh.push_back(j);
    if (fresh.empty()) return false;
    for (std::size_t j : fresh) working_[j] = true;
    work_.add(fresh, p_);
    solver_.grow(work_.quadratic());
    last_.resize(work_.size(), 0.0);
    return true;
  }

  // The columns that the start and the prior ask for, and the correlations at the start.
  void start(double* coefs) {
    correlations_.resize(x_.p * most_at_once);
    add_where([&](std::size_t j) { return p_.l1[j] == 0.0 || coefs[j] != 0.0; });
    for (std::size_t i = 0; i < work_.size(); ++i) last_[i] = coefs[work_[i]];
    std::fill(coefs, coefs + x_.p, 0.0);
    solutions_.assign(1, last_);
    check(1);
    now_.assign(correlations_.begin(), correlations_.begin() + static_cast<std::ptrdiff_t>(x_.p));
    before_ = now_;
    s_now_ = s_before_ = std::numeric_limits<double>::infinity();
  }

  // Whether the line of correlation j comes near the penalty at strength s.
  bool ahead(std::size_t j, double s) const {
    const double step = s_before_ - s_now_, f = step > 0.0 ? (s_now_ - s) / step : 0.0;
    const double there = now_[j] + (std::isfinite(f) ? f : 0.0) * (now_[j] - before_[j]);
    return std::fabs(there) >= near * s * p_.l1[j];
  }

  // The number of strengths to take at once, at most `most`, by the cost of each: a pass over X
  // (its memory traffic is worth about six products) and the Gram columns that it asks for.
  std::size_t cheapest_batch(const double* strengths, std::size_t most) const {
    std::size_t best = 1;
    double least = std::numeric_limits<double>::infinity();
    for (std::size_t k = most; k > 0; k = k * 2 / 3) {
      double fresh = 0.0;
      for (std::size_t j = 0; j < x_.p; ++j)
        fresh += !working_[j] && !fixed(j) && ahead(j, strengths[k - 1]);
      const double pass = static_cast<double>(x_.p) * static_cast<double>(k + 6);
      const double gram = fresh * (static_cast<double>(work_.size()) + fresh);
      const double each = (pass + gram) / static_cast<double>(k);
      if (each < least) least = each, best = k;
    }
    return best;
  }

  template <class Stop>
  void solve(const double* strengths, std::size_t batch, Stop&& stop, bool& interrupted) {
    const std::size_t m = work_.size();
    solutions_.resize(std::max(solutions_.size(), batch));
    std::vector<double> b = last_;
    for (std::size_t k = 0; k < batch && !interrupted; ++k) {
      int rounds;
      const Status status =
          solver_.solve(b.data(), strengths[k], 1e-12 * units_.steepest, 200, rounds, stop);
      interrupted = status == Status::interrupted;
      solutions_[k].assign(b.begin(), b.begin() + static_cast<std::ptrdiff_t>(m));
    }
  }

  // Residuals of the batch from the working columns, then their correlations with all columns.
  void check(std::size_t batch) {
    residuals_.resize(batch * x_.n);
    for (std::size_t k = 0; k < batch; ++k)
      work_.residual(solutions_[k], x_.n, residuals_.data() + k * x_.n);
    batch_ = batch;
    x_.correlate(residuals_.data(), batch, correlations_.data());
  }

  double correlation(std::size_t j, std::size_t k) const { return correlations_[j * batch_ + k]; }

  // The certificate of solution k of the batch, over all columns; whether it is good enough.
  bool accept(double s, double tol, std::size_t k, double* gaps, double* kkts) {
    double share = 1.0, worst = 0.0;
    for (std::size_t j = 0; j < x_.p; ++j) {
      const double v = correlation(j, k);
      if (std::fabs(v) <= s * p_.l1[j] && !working_[j]) continue;
      share = std::min(share, p_.share(s, v, j));
      if (!working_[j]) worst = std::max(worst, p_.violation(0.0, s, v, j));
    }
    double penalty = 0.0, beyond = 0.0;
    for (std::size_t i = 0; i < work_.size(); ++i) {
      const std::size_t j = work_[i];
      const double b = solution(k)[i], t = b - p_.loc[j];
      penalty += s * (p_.l1[j] * std::fabs(t) + 0.5 * p_.l2[j] * t * t);
      worst = std::max(worst, p_.violation(b, s, correlation(j, k), j));
    }
    for (std::size_t j = 0; j < x_.p; ++j) {
      const double v = share * correlation(j, k);
      if (std::fabs(v) <= s * p_.l1[j] && p_.loc[j] == 0.0) continue;
      beyond += p_.conjugate(s, v, j);
      if (!working_[j] && p_.loc[j] != 0.0)
        penalty += s * (p_.l1[j] + 0.5 * p_.l2[j] * std::fabs(p_.loc[j])) * std::fabs(p_.loc[j]);
    }
    const double* r = residuals_.data() + k * x_.n;
    double loss = 0.0, fit = 0.0;
    for (std::size_t i = 0; i < x_.n; ++i) {
      loss += 0.5 * r[i] * r[i];
      fit += share * r[i] * (y_[i] - 0.5 * share * r[i]);
    }
    const double gap = (loss + penalty - fit + beyond) / units_.reference;
    gaps[k] = std::max(std::numeric_limits<double>::epsilon(), gap);
    kkts[k] = worst / units_.steepest;
    return gaps[k] <= tol;
  }

  bool add_violators(double s, std::size_t k) {
    return add_where([&](std::size_t j) {
      return std::fabs(correlation(j, k)) > near * s * p_.l1[j];
    });
  }

  void write(std::size_t k, double* coefs) {
    for (std::size_t i = 0; i < solutions_[k].size(); ++i) coefs[work_[i]] = solution(k)[i];
  }

  // The last accepted solution, and the correlations of the last two, for looking ahead.
  void remember(const double* strengths, std::size_t good) {
    last_.assign(solutions_[good - 1].begin(), solutions_[good - 1].end());
    last_.resize(work_.size(), 0.0);
    if (good > 1) {
      for (std::size_t j = 0; j < x_.p; ++j) before_[j] = correlation(j, good - 2);
      s_before_ = strengths[good - 2];
    } else {
      before_ = now_;
      s_before_ = s_now_;
    }
    for (std::size_t j = 0; j < x_.p; ++j) now_[j] = correlation(j, good - 1);
    s_now_ = strengths[good - 1];
  }

  const Columns x_;
  const double* y_;
  const Penalty p_;
  const PathUnits units_;
  const std::size_t most_;
  Workspace<Columns> work_;
  QuadraticSolver solver_;
  std::vector<bool> working_;
  std::vector<std::vector<double>> solutions_;
  std::vector<double> last_, residuals_, correlations_, now_, before_;
  double s_now_ = 0.0, s_before_ = 0.0;
  std::size_t batch_ = 0;
};

}  // namespace priorfit
