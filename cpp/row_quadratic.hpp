// Several outputs that share one Gram matrix: min_B 1/2 tr B'GB - <Q, B> + s sum_g rate_g |B_g|, B_g
// the rows of B (m x outputs) that block g holds.
//
// At the optimum, with the slopes V = Q - G B of the fit,
//
//   B_g = c_g V_g,   V + G B = Q,   |V_g| = s rate_g or c_g = 0.
//
// These equations in V and c >= 0 bend little, also where a block is about to vanish; they are those
// of `group_rows.hpp` times the columns. With U_g = V_g / |V_g| and a_g = |V_g| dc_g a Newton step is
//
//   dV = R - T (a o U),   K a = U o R - (s rate - |V|),   R = (I - T C)(Q - G B - V),
//   T = (I + G C)^{-1} G,   K_gh = sum_{i in g, j in h} T_ij U_i'U_j.
//
// So outputs meet in K alone, and no matrix is larger than m. T and K change slowly: they are made
// again only where the steps of older ones no longer contract (chord steps), and a block that joins
// adds a row to both. A block that would get c_g < 0 stops at 0.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <vector>

#include "chord.hpp"
#include "cross.hpp"
#include "quadratic.hpp"
#include "row_matrices.hpp"
#include "simd.hpp"

namespace priorfit {

// The slopes and the gap of a quadratic fit. Another may take its place, whose Gram matrix is that of
// a model.
struct QuadraticFit {
  // Slopes (m x outputs), row by row, at B, by output.
  template <class Multiply>
  void look(const RowQuadratic& p, const std::vector<double>& b, std::vector<double>& slopes,
            Multiply&& multiply) {
    multiply(p.gram, p.stride, p.m, b, slopes);
    for (std::size_t e = 0; e < p.m * p.outputs; ++e) slopes[e] = p.q[e] - slopes[e];
  }

  // By the dual point `share` (y - Z B).
  double gap(const RowQuadratic& p, const std::vector<double>& b,
             const std::vector<double>& slopes, double share, double penalty) {
    const double along = dot(slopes.data(), b.data(), b.size());  // <y - Z B, Z B>
    const double rest = p.square - dot(p.q, b.data(), b.size()) - along;
    const double lost = 1.0 - share;
    return 0.5 * lost * lost * rest + penalty - share * along;
  }

  // The Gram matrix, where it is that of a model; how many slow steps that one is given, and how
  // many places they remember.
  void renew() {}
  static constexpr int patience = 0;
  static constexpr std::size_t memory = 4;
};

template <class Fit = QuadraticFit>
class RowQuadraticSolver {
 public:
  explicit RowQuadraticSolver(const RowQuadratic& problem, Fit fit = {}) : fit_(fit) {
    grow(problem);
  }

  // The same problem with more blocks at the end; what is known of the others is kept.
  void grow(const RowQuadratic& problem) {
    p_ = problem;
    for (std::vector<double>* v : {&b_, &v_, &slopes_, &misfit_})
      v->resize(p_.m * p_.outputs, 0.0);
    c_.resize(p_.blocks, 0.0);
    norm_.resize(p_.blocks, 0.0);
    matrices_.grow(p_);
  }

  // `b` (m x outputs) holds the warm start and receives the solution, whose gap is at most `tol`.
  template <class Stop>
  Status solve(double* b, double s, double tol, int max_rounds, int& rounds, Stop&& stop) {
    s_ = s;
    begin(b);
    Status status = Status::max_rounds;
    for (rounds = 0; rounds < max_rounds; ++rounds) {
      const double error = this->error();
      if (gap() <= tol) status = Status::converged;
      else if (!std::isfinite(error) && trust_.error == unknown) status = Status::not_finite;
      else if (stop()) status = Status::interrupted;
      if (status != Status::max_rounds) break;
      advance(error);
    }
    if (status != Status::not_finite) std::copy(b_.begin(), b_.end(), b);
    return status;
  }

 private:
  static constexpr double contraction = 0.6;  // of the error by one step, at least
  static constexpr double far = 0.5;          // an error from which Newton does not start
  static constexpr double turn = 0.3;         // of the rate: a direction that is off
  static constexpr double slack = 1e-9;       // of the rate: rounding
  static constexpr double unknown = std::numeric_limits<double>::infinity();
  static constexpr double growth = 2.0;  // of the error by one step, at most
  static constexpr int halvings = 1;     // of a step that goes wrong, before there are sweeps
  static constexpr int sweeps = 5;

  std::size_t entry(std::size_t row) const { return row * p_.outputs; }
  double* part(std::vector<double>& v, std::size_t g) const {
    return v.data() + entry(p_.start[g]);
  }
  std::size_t width(std::size_t g) const { return entry(p_.start[g + 1] - p_.start[g]); }

  // From b: its directions, and those of the slopes for small blocks whose own are off.
  void begin(const double* b) {
    trust_ = Trusted();
    enter(b);
    look();
    bool turned = false;
    for (std::size_t g = 0; g < p_.blocks; ++g) {
      if (!(c_[g] > 0.0) || away(g) <= turn * s_ * p_.rate[g] || c_[g] * curvature(g) > 1.0)
        continue;
      std::copy_n(part(slopes_, g), width(g), part(v_, g));
      turned = true;
    }
    if (turned) look();
  }

  // V and c of the weights b.
  void enter(const double* b) {
    chord_.forget();
    for (std::size_t g = 0; g < p_.blocks; ++g) {
      const double* from = b + entry(p_.start[g]);
      const double size = std::sqrt(dot(from, from, width(g)));
      c_[g] = size / (s_ * p_.rate[g]);
      for (std::size_t i = 0; i < width(g) && size > 0.0; ++i) part(v_, g)[i] = from[i] / c_[g];
    }
  }

  // A bound of the largest curvature of block g.
  double curvature(std::size_t g) const {
    double most = 0.0;
    for (std::size_t j = p_.start[g]; j < p_.start[g + 1]; ++j) {
      double sum = 0.0;
      for (std::size_t i = p_.start[g]; i < p_.start[g + 1]; ++i) sum += std::fabs(p_.column(j)[i]);
      most = std::max(most, sum);
    }
    return most;
  }

  // One step from here, or a way out where the last one went wrong.
  void advance(double error) {
    if (error > far && trust_.error == unknown) {
      trust_ = {v_, c_, error, 0};
      return sweep();
    }
    if (error <= growth * trust_.error) {
      const bool slow = error > contraction * trust_.error && !fresh_ && since_ >= Fit::patience;
      trust_ = {v_, c_, error, 0};
      fresh_ = !made_ || slow;
    } else if (!fresh_) {
      v_ = trust_.v, c_ = trust_.c;
      look();
      fresh_ = true;
    } else if (trust_.halved < halvings) {
      ++trust_.halved;
      chord_.forget();
      for (std::size_t e = 0; e < v_.size(); ++e) v_[e] = 0.5 * (v_[e] + trust_.v[e]);
      for (std::size_t g = 0; g < c_.size(); ++g) c_[g] = 0.5 * (c_[g] + trust_.c[g]);
      return look();
    } else {
      return sweep();
    }
    const auto working = [&](std::size_t g) { return active(g); };
    if (fresh_) fit_.renew(), matrices_.make(c_, working), made_ = true, since_ = 0;
    ++since_;
    matrices_.sync(v_, norm_, working);
    step();
    look();
  }

  // Blocks one after the other, from the last place that was trusted: the objective falls.
  void sweep() {
    v_ = trust_.v, c_ = trust_.c;
    look();
    for (int turn = 0; turn < sweeps; ++turn)
      for (std::size_t g = 0; g < p_.blocks; ++g) minimise(g);
    trust_ = Trusted();
    made_ = false;
    enter(b_.data());
    look();
  }

  // A proximal step of block g, the minimum where it is one row.
  void minimise(std::size_t g) {
    const double bound = curvature(g);
    if (!(bound > 0.0)) return;
    double *b = part(b_, g), *slopes = part(slopes_, g);
    std::vector<double> to(b, b + width(g));
    axpy(1.0 / bound, slopes, to.data(), to.size());
    const double size = std::sqrt(dot(to.data(), to.data(), to.size()));
    const double kept = std::max(0.0, 1.0 - s_ * p_.rate[g] / (bound * size));
    for (std::size_t e = 0; e < to.size(); ++e) {
      const double change = (size > 0.0 ? kept * to[e] : 0.0) - b[e];
      if (change == 0.0) continue;
      b[e] += change;
      const double* column = p_.column(p_.start[g] + e / p_.outputs);
      for (std::size_t i = 0; i < p_.m; ++i)
        slopes_[entry(i) + e % p_.outputs] -= change * column[i];
    }
  }

  // out (`count` x outputs) = the symmetric matrix times x, whose output l stands at l * count.
  void multiply(const double* matrix, std::size_t stride, std::size_t count,
                const std::vector<double>& x, std::vector<double>& out) {
    rows_of_.resize(count);
    for (std::size_t i = 0; i < count; ++i) rows_of_[i] = matrix + i * stride;
    out.resize(count * p_.outputs);
    cross(rows_of_.data(), count, x.data(), count, p_.outputs, count, out.data(), p_.outputs);
  }

  // All that follows from V and c; rows at 0 have the slopes of the fit.
  void look() {
    const std::size_t k = p_.outputs;
    across_.assign(k * p_.m, 0.0);
    for (std::size_t g = 0; g < p_.blocks; ++g)
      for (std::size_t i = p_.start[g]; i < p_.start[g + 1]; ++i)
        for (std::size_t l = 0; l < k; ++l)
          across_[l * p_.m + i] = b_[entry(i) + l] = c_[g] > 0.0 ? c_[g] * v_[entry(i) + l] : 0.0;
    fit_.look(p_, across_, slopes_, [&](auto&&... given) { multiply(given...); });
    for (std::size_t g = 0; g < p_.blocks; ++g) {
      double *v = part(v_, g), *slopes = part(slopes_, g), *misfit = part(misfit_, g);
      if (!(c_[g] > 0.0)) std::copy_n(slopes, width(g), v);
      for (std::size_t i = 0; i < width(g); ++i) misfit[i] = slopes[i] - v[i];
      norm_[g] = std::sqrt(dot(v, v, width(g)));
    }
  }

  bool active(std::size_t g) const {
    return c_[g] > 0.0 || norm_[g] > (1.0 + slack) * s_ * p_.rate[g];
  }

  double shortfall(std::size_t g) const { return s_ * p_.rate[g] - norm_[g]; }

  double away(std::size_t g) {
    const double* misfit = part(misfit_, g);
    return std::sqrt(dot(misfit, misfit, width(g)));
  }

  // The largest error in an equation, as a share of the rate.
  double error() {
    double worst = 0.0;
    for (std::size_t g = 0; g < p_.blocks; ++g) {
      if (!active(g)) continue;
      const double miss = std::max(away(g), std::fabs(shortfall(g))) / (s_ * p_.rate[g]);
      if (!(miss <= worst)) worst = miss;  // catches NaN
    }
    return worst;
  }

  // Of b, by the dual point that its slopes lead to.
  double gap() {
    double needed = s_, penalty = 0.0;
    for (std::size_t g = 0; g < p_.blocks; ++g) {
      const double *slopes = part(slopes_, g), *b = part(b_, g);
      penalty += s_ * p_.rate[g] * std::sqrt(dot(b, b, width(g)));
      needed = std::max(needed, std::sqrt(dot(slopes, slopes, width(g))) / p_.rate[g]);
    }
    return fit_.gap(p_, b_, slopes_, s_ / needed, penalty);
  }

  // -- the step ----------------------------------------------------------------------------------

  // rest_ -= T x, x (rows in T x outputs) by output; rest_ by row.
  void subtract_product() {
    multiply(matrices_.t(0), matrices_.stride(), matrices_.used().size(), across_, moved_);
    axpy(-1.0, moved_.data(), rest_.data(), rest_.size());
  }

  void step() {
    const std::vector<std::size_t>& used = matrices_.used();
    const std::size_t a = used.size(), k = p_.outputs;
    rest_.resize(a * k);
    across_.assign(a * k, 0.0);
    for (std::size_t i = 0; i < a; ++i)
      for (std::size_t l = 0; l < k; ++l) {
        rest_[i * k + l] = misfit_[entry(used[i]) + l];
        across_[l * a + i] = matrices_.c()[i] * rest_[i * k + l];
      }
    subtract_product();
    solve_small();
    across_.assign(a * k, 0.0);
    for (std::size_t n = 0; n < a_.size(); ++n)
      for (std::size_t i = p_.start[in(n)]; i < p_.start[in(n) + 1]; ++i)
        for (std::size_t l = 0; l < k; ++l)
          across_[l * a + matrices_.place(i)] = a_[n] * matrices_.direction(i)[l];
    subtract_product();
    take();
  }

  std::size_t in(std::size_t n) const { return matrices_.in()[n]; }

  // a_ for the blocks in K; those that would become negative leave, and their weights with them.
  void solve_small() {
    for (bool again = true; again;) {
      again = false;
      a_.resize(matrices_.in().size());
      for (std::size_t n = 0; n < a_.size(); ++n) {
        a_[n] = -shortfall(in(n));
        for (std::size_t i = p_.start[in(n)]; i < p_.start[in(n) + 1]; ++i)
          for (std::size_t l = 0; l < p_.outputs; ++l)
            a_[n] += matrices_.direction(i)[l] * rest_[matrices_.place(i) * p_.outputs + l];
      }
      matrices_.solve(a_.data());
      for (std::size_t n = a_.size(); n-- > 0;) {
        const std::size_t g = in(n);
        if (a_[n] > -c_[g] * norm_[g]) continue;
        drop(g);
        matrices_.leave(n);
        again = true;
      }
    }
  }

  // Block g goes to 0: the misfit gets its part of the fit.
  void drop(std::size_t g) {
    for (std::size_t i = p_.start[g]; i < p_.start[g + 1]; ++i) {
      const double* t = matrices_.t(matrices_.place(i));
      for (std::size_t j = 0; j < matrices_.used().size(); ++j)
        axpy(c_[g] * t[j], v_.data() + entry(i), rest_.data() + j * p_.outputs, p_.outputs);
    }
    c_[g] = 0.0;
  }

  // V and c moved by the step, or by what it and earlier ones with the same matrices suggest.
  void take() {
    const std::vector<std::size_t>& used = matrices_.used();
    const std::size_t k = p_.outputs, a = used.size();
    if (matrices_.version() != version_) chord_.forget();
    version_ = matrices_.version();
    std::vector<double> from(a * k + a_.size()), change(a * k + a_.size());
    std::copy(rest_.begin(), rest_.end(), change.begin());
    for (std::size_t i = 0; i < a; ++i)
      std::copy_n(v_.data() + entry(used[i]), k, from.data() + i * k);
    for (std::size_t n = 0; n < a_.size(); ++n) {
      from[a * k + n] = c_[in(n)];
      change[a * k + n] = a_[n] / norm_[in(n)];
    }
    const std::vector<double>& there = chord_.next(from, change, a * k);
    for (std::size_t i = 0; i < a; ++i)
      std::copy_n(there.data() + i * k, k, v_.data() + entry(used[i]));
    for (std::size_t n = 0; n < a_.size(); ++n) c_[in(n)] = std::max(0.0, there[a * k + n]);
  }

  // The last place whose error was not much above the one before; `halved`: steps back to it.
  struct Trusted {
    std::vector<double> v, c;
    double error = unknown;
    int halved = 0;
  };

  RowQuadratic p_;
  Fit fit_;
  double s_ = 0.0;
  bool made_ = false, fresh_ = false;  // whether there are matrices; whether they are those of here
  int since_ = 0;                      // steps since they were made
  Trusted trust_;
  std::vector<double> b_, v_, slopes_, misfit_;  // m x outputs
  std::vector<double> c_, norm_;                 // by block
  RowMatrices matrices_;
  std::size_t version_ = 0;  // of the matrices that chord_ belongs to
  Chord chord_{Fit::memory};
  std::vector<double> across_, rest_, moved_, a_;
  std::vector<const double*> rows_of_;
};

}  // namespace priorfit
