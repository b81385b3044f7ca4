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
#include "factor.hpp"
#include "quadratic.hpp"
#include "simd.hpp"
#include "square_matrix.hpp"

namespace priorfit {

struct RowQuadratic {
  const double* gram;  // m x m, symmetric, column j at gram + j * stride
  std::size_t stride, m, outputs;
  const double *q, *rate;    // q: m x outputs, row by row; rate by block
  const std::size_t* start;  // block g is the rows start[g] .. start[g + 1]
  std::size_t blocks;
  double square;  // twice the loss at B = 0

  const double* column(std::size_t j) const { return gram + j * stride; }
};

class RowQuadraticSolver {
 public:
  explicit RowQuadraticSolver(const RowQuadratic& problem) { grow(problem); }

  // The same problem with more blocks at the end; what is known of the others is kept.
  void grow(const RowQuadratic& problem) {
    p_ = problem;
    for (std::vector<double>* v : {&b_, &v_, &slopes_, &misfit_, &u_})
      v->resize(p_.m * p_.outputs, 0.0);
    c_.resize(p_.blocks, 0.0);
    norm_.resize(p_.blocks, 0.0);
    place_.resize(p_.m, outside);
    at_.resize(p_.blocks, outside);
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
  static constexpr std::size_t outside = static_cast<std::size_t>(-1);
  static constexpr std::size_t at_once = 48;  // rows of a matrix
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
      const bool slow = error > contraction * trust_.error && !fresh_;
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
    if (fresh_) make();
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
    multiply(p_.gram, p_.stride, p_.m, across_, slopes_);
    for (std::size_t e = 0; e < p_.m * k; ++e) slopes_[e] = p_.q[e] - slopes_[e];
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

  // Of b, by the dual point (s / needed) (y - Z B).
  double gap() {
    double needed = s_, penalty = 0.0;
    for (std::size_t g = 0; g < p_.blocks; ++g) {
      const double *slopes = part(slopes_, g), *b = part(b_, g);
      penalty += s_ * p_.rate[g] * std::sqrt(dot(b, b, width(g)));
      needed = std::max(needed, std::sqrt(dot(slopes, slopes, width(g))) / p_.rate[g]);
    }
    const double along = dot(slopes_.data(), b_.data(), b_.size());  // <y - Z B, Z B>
    const double rest = p_.square - dot(p_.q, b_.data(), b_.size()) - along;
    const double lost = 1.0 - s_ / needed;
    return 0.5 * lost * lost * rest + penalty - (1.0 - lost) * along;
  }

  // -- the matrices ------------------------------------------------------------------------------

  // T and K at the present c and directions.
  void make() {
    made_ = true;
    chord_.forget();
    std::fill(place_.begin(), place_.end(), outside);
    std::fill(at_.begin(), at_.end(), outside);
    small_.clear();
    in_.clear(), used_.clear(), kept_c_.clear();
    for (std::size_t g = 0; g < p_.blocks; ++g)
      if (active(g)) place(g, c_[g]);
    const std::size_t a = used_.size();
    left_.resize(a * a);
    product_.resize(a * a);
    for (std::size_t i = 0; i < a; ++i)
      for (std::size_t j = 0; j < a; ++j)
        left_[i * a + j] = std::sqrt(kept_c_[j]) * p_.column(used_[i])[used_[j]];
    for (std::size_t i = 0; i < a; ++i) {
      for (std::size_t j = 0; j <= i; ++j)
        product_[i * a + j] = std::sqrt(kept_c_[i]) * left_[i * a + j];
      product_[i * a + i] += 1.0;
    }
    whole_.assign(product_.data(), a, a);
    whole_.forward_all(left_.data(), a, a);
    rounded_.assign(left_.begin(), left_.end());
    inner_products(rounded_.data(), a, 0, a, a, product_.data(), a);
    t_ = SquareMatrix();
    t_.fit(a);
    for (std::size_t i = 0; i < a; ++i)
      for (std::size_t j = 0; j <= i; ++j)
        t_.data()[i * t_.stride() + j] = t_.data()[j * t_.stride() + i] =
            p_.column(used_[i])[used_[j]] - product_[i * a + j];
  }

  void place(std::size_t g, double c) {
    for (std::size_t i = p_.start[g]; i < p_.start[g + 1]; ++i) {
      place_[i] = used_.size();
      used_.push_back(i);
      kept_c_.push_back(c);
    }
  }

  // Rows of T = G - T C G for rows of B that have none.
  void extend(const std::vector<std::size_t>& groups) {
    const std::size_t known = used_.size();
    for (std::size_t g : groups) place(g, 0.0);
    const std::size_t count = used_.size() - known;
    if (count == 0) return;
    chord_.forget();
    t_.fit(used_.size());
    std::vector<double> pulled(count * known), across(known * count);
    for (std::size_t k = 0; k < count; ++k)
      for (std::size_t i = 0; i < known; ++i)
        pulled[k * known + i] = kept_c_[i] * p_.column(used_[known + k])[used_[i]];
    std::vector<const double*> rows(std::max(known, count));
    const auto set = [&](std::size_t i, std::size_t j, double less) {
      t_.data()[i * t_.stride() + j] = t_.data()[j * t_.stride() + i] =
          p_.column(used_[i])[used_[j]] - less;
    };
    for (std::size_t i = 0; i < known; ++i) rows[i] = t_.data() + i * t_.stride();
    cross(rows.data(), known, pulled.data(), known, count, known, across.data(), count);
    for (std::size_t i = 0; i < known; ++i)
      for (std::size_t k = 0; k < count; ++k) set(known + k, i, across[i * count + k]);
    across.resize(count * count);
    for (std::size_t k = 0; k < count; ++k) rows[k] = t_.data() + (known + k) * t_.stride();
    cross(rows.data(), count, pulled.data(), known, count, known, across.data(), count);
    for (std::size_t k = 0; k < count; ++k)
      for (std::size_t h = 0; h <= k; ++h) set(known + k, known + h, across[k * count + h]);
  }

  // K holds the active blocks; one that depends on the others waits.
  void sync() {
    for (std::size_t k = in_.size(); k-- > 0;)
      if (!active(in_[k])) leave(k);
    std::vector<std::size_t> unknown, joining;
    for (std::size_t g = 0; g < p_.blocks; ++g) {
      if (!active(g) || at_[g] != outside) continue;
      joining.push_back(g);
      if (place_[p_.start[g]] == outside) unknown.push_back(g);
      for (std::size_t i = 0; i < width(g); ++i) part(u_, g)[i] = part(v_, g)[i] / norm_[g];
    }
    extend(unknown);
    for (std::size_t k = 0; k < joining.size(); k += at_once)
      join(joining.data() + k, std::min(at_once, joining.size() - k));
  }

  void leave(std::size_t k) {
    chord_.forget();
    at_[in_[k]] = outside;
    small_.remove(k);
    in_.erase(in_.begin() + static_cast<std::ptrdiff_t>(k));
    for (std::size_t i = k; i < in_.size(); ++i) at_[in_[i]] = i;
  }

  void join(const std::size_t* groups, std::size_t count) {
    const std::size_t solved = in_.size();
    std::vector<double> rows(count * solved);
    for (std::size_t k = 0; k < count; ++k)
      for (std::size_t i = 0; i < solved; ++i) rows[k * solved + i] = met(groups[k], in_[i]);
    small_.forward_all(rows.data(), count, solved);
    for (std::size_t k = 0; k < count; ++k) {
      const auto from = rows.begin() + static_cast<std::ptrdiff_t>(k * solved);
      std::vector<double> row(from, from + static_cast<std::ptrdiff_t>(solved));
      for (std::size_t i = solved; i < in_.size(); ++i) row.push_back(met(groups[k], in_[i]));
      if (!small_.finish(std::move(row), met(groups[k], groups[k]), solved)) continue;
      chord_.forget();
      at_[groups[k]] = in_.size();
      in_.push_back(groups[k]);
    }
  }

  // K_gh
  double met(std::size_t g, std::size_t h) const {
    double sum = 0.0;
    for (std::size_t i = p_.start[g]; i < p_.start[g + 1]; ++i) {
      const double *t = t_.data() + place_[i] * t_.stride(), *u = u_.data() + entry(i);
      for (std::size_t j = p_.start[h]; j < p_.start[h + 1]; ++j) {
        const double* other = u_.data() + entry(j);
        double along = 0.0;
        for (std::size_t l = 0; l < p_.outputs; ++l) along += u[l] * other[l];
        sum += t[place_[j]] * along;
      }
    }
    return sum;
  }

  // -- the step ----------------------------------------------------------------------------------

  // rest_ += T x, x (used rows x outputs) by output; rest_ by row.
  void add_product(double share) {
    multiply(t_.data(), t_.stride(), used_.size(), across_, moved_);
    axpy(share, moved_.data(), rest_.data(), rest_.size());
  }

  void step() {
    sync();
    const std::size_t a = used_.size(), k = p_.outputs;
    rest_.resize(a * k);
    across_.assign(a * k, 0.0);
    for (std::size_t i = 0; i < a; ++i)
      for (std::size_t l = 0; l < k; ++l) {
        rest_[i * k + l] = misfit_[entry(used_[i]) + l];
        across_[l * a + i] = kept_c_[i] * rest_[i * k + l];
      }
    add_product(-1.0);
    solve_small();
    across_.assign(a * k, 0.0);
    for (std::size_t n = 0; n < in_.size(); ++n)
      for (std::size_t i = p_.start[in_[n]]; i < p_.start[in_[n] + 1]; ++i)
        for (std::size_t l = 0; l < k; ++l)
          across_[l * a + place_[i]] = a_[n] * u_[entry(i) + l];
    add_product(-1.0);
    take();
  }

  // a_ for the blocks in K; those that would become negative leave, and their weights with them.
  void solve_small() {
    for (bool again = true; again;) {
      again = false;
      a_.resize(in_.size());
      for (std::size_t n = 0; n < in_.size(); ++n) {
        a_[n] = -shortfall(in_[n]);
        for (std::size_t i = p_.start[in_[n]]; i < p_.start[in_[n] + 1]; ++i)
          for (std::size_t l = 0; l < p_.outputs; ++l)
            a_[n] += u_[entry(i) + l] * rest_[place_[i] * p_.outputs + l];
      }
      small_.solve(a_.data());
      for (std::size_t n = in_.size(); n-- > 0;) {
        const std::size_t g = in_[n];
        if (a_[n] > -c_[g] * norm_[g]) continue;
        drop(g);
        leave(n);
        again = true;
      }
    }
  }

  // Block g goes to 0: the misfit gets its part of the fit.
  void drop(std::size_t g) {
    for (std::size_t i = p_.start[g]; i < p_.start[g + 1]; ++i) {
      const double* t = t_.data() + place_[i] * t_.stride();
      for (std::size_t j = 0; j < used_.size(); ++j)
        axpy(c_[g] * t[j], v_.data() + entry(i), rest_.data() + j * p_.outputs, p_.outputs);
    }
    c_[g] = 0.0;
  }

  // V and c moved by the step, or by what it and earlier ones suggest.
  void take() {
    const std::size_t k = p_.outputs, a = used_.size();
    std::vector<double> from(a * k + in_.size()), change(a * k + in_.size());
    for (std::size_t i = 0; i < a; ++i) {
      std::copy_n(v_.data() + entry(used_[i]), k, from.data() + i * k);
      std::copy_n(rest_.data() + i * k, k, change.data() + i * k);
    }
    for (std::size_t n = 0; n < in_.size(); ++n) {
      from[a * k + n] = c_[in_[n]];
      change[a * k + n] = a_[n] / norm_[in_[n]];
    }
    const std::vector<double> there = chord_.next(std::move(from), std::move(change), a * k);
    for (std::size_t i = 0; i < a; ++i)
      std::copy_n(there.data() + i * k, k, v_.data() + entry(used_[i]));
    for (std::size_t n = 0; n < in_.size(); ++n) c_[in_[n]] = std::max(0.0, there[a * k + n]);
  }

  // The last place whose error was not much above the one before; `halved`: steps back to it.
  struct Trusted {
    std::vector<double> v, c;
    double error = unknown;
    int halved = 0;
  };

  RowQuadratic p_;
  double s_ = 0.0;
  bool made_ = false, fresh_ = false;  // whether there are matrices; whether they are those of here
  Trusted trust_;
  std::vector<double> b_, v_, slopes_, misfit_, u_;  // m x outputs; u_ as K has it
  std::vector<double> c_, norm_;                     // by block
  SquareMatrix t_;                                   // of the rows used_
  std::vector<double> kept_c_;                       // C as T has it
  std::vector<std::size_t> used_, place_;            // rows in T; the place of each row
  Factor whole_, small_;                             // of I + C^{1/2} G C^{1/2}, of K
  std::vector<std::size_t> in_, at_;                 // blocks in K; the place of each block
  Chord chord_;
  std::vector<double> left_, product_, across_, rest_, moved_, a_;
  std::vector<float> rounded_;  // T needs no more digits: steps repair themselves
  std::vector<const double*> rows_of_;
};

}  // namespace priorfit
