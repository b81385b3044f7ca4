// A whole gaussian fit on a small dense table: standard units, Gram matrix, solution, certificate.
// The same mathematics as the general way (solve/standard.py, gram.py, certificate.py), to which a
// law ties it; here because calls from Python would cost more than the fit.
#pragma once

#include <cmath>
#include <cstddef>
#include <limits>
#include <vector>

#include "penalty.hpp"
#include "quadratic.hpp"

namespace priorfit {

struct Table {
  const double* x;  // entry (i, j) at x[i * row + j * column]
  std::ptrdiff_t row, column;
  std::size_t n, p;
  const double *y, *w;
  bool intercept;
};

struct Belief {  // in the units of the data
  const double *l1, *l2, *loc, *lower, *upper;
};

struct SmallFit {
  bool usable = false;  // false: extreme or degenerate numbers, for the general way
  double intercept = 0, loss = 0, df = 0, gap = 0, kkt = 0;
  int rounds = 0;
};

class SmallGaussian {
 public:
  SmallGaussian(const Table& table, const Belief& belief)
      : t_(table), belief_(belief), z_(t_.n * t_.p), r_(t_.y, t_.y + t_.n), mean_(t_.p),
        unit_(t_.p), form_(5 * t_.p), gram_(t_.p * t_.p), q_(t_.p), b_(t_.p), v_(t_.p) {}

  template <class Stop>
  SmallFit fit(double phi, double* coef, Stop&& stop) {
    SmallFit out;
    if (!center_response() || !standardize_columns()) return out;
    for (std::size_t j = 0; j < t_.p; ++j) to_units(j);
    make_gram();
    for (std::size_t j = 0; j < t_.p; ++j) b_[j] = form(2)[j];
    const Quadratic problem{gram_.data(), t_.p,    t_.p,    q_.data(), form(0),
                            form(1),      form(2), form(3), form(4)};
    double steepest = 1e-300;
    for (double value : q_) steepest = std::max(steepest, std::fabs(value));
    QuadraticSolver solver(problem);
    const Status status = solver.solve(b_.data(), phi, 1e-13 * steepest, 500, out.rounds, stop);
    if (status == Status::interrupted || status == Status::not_finite) return out;
    residuals();
    certify(phi, steepest, out);
    out.df = degrees_of_freedom(phi);
    restore(coef, out);
    out.usable = std::isfinite(out.gap);
    return out;
  }

 private:
  double* column(std::size_t j) { return z_.data() + j * t_.n; }
  double* form(std::size_t k) { return form_.data() + k * t_.p; }

  static bool ordinary(double size) { return size > 1e-100 && size < 1e100; }

  double weighted_mean(const double* v) const { return dot(t_.w, v, t_.n) / total_; }

  double weighted_square(const double* v) const {
    double sum = 0.0;
    for (std::size_t i = 0; i < t_.n; ++i) sum += t_.w[i] * v[i] * v[i];
    return sum;
  }

  // v -= mean, twice: the second pass takes out the rounding of the first
  double center(double* v) const {
    double mean = 0.0;
    for (int pass = 0; pass < 2; ++pass) {
      const double shift = weighted_mean(v);
      for (std::size_t i = 0; i < t_.n; ++i) v[i] -= shift;
      mean += shift;
    }
    return mean;
  }

  bool center_response() {
    total_ = 0.0;
    for (std::size_t i = 0; i < t_.n; ++i) total_ += t_.w[i];
    level_ = t_.intercept ? center(r_.data()) : 0.0;
    y_ = r_;
    reference_ = 0.5 * weighted_square(y_.data());
    return ordinary(reference_ / total_);
  }

  bool standardize_columns() {
    for (std::size_t j = 0; j < t_.p; ++j) {
      double* z = column(j);
      for (std::size_t i = 0; i < t_.n; ++i)
        z[i] = t_.x[static_cast<std::ptrdiff_t>(i) * t_.row +
                    static_cast<std::ptrdiff_t>(j) * t_.column];
      mean_[j] = t_.intercept ? center(z) : 0.0;
      const double spread = std::sqrt(weighted_square(z) / total_);
      if (!ordinary(spread) || spread <= 1e-14 * std::fabs(mean_[j])) return false;
      int exponent;
      std::frexp(spread, &exponent);
      unit_[j] = std::ldexp(1.0, exponent - 1);
      for (std::size_t i = 0; i < t_.n; ++i) z[i] /= unit_[j];
    }
    return true;
  }

  void to_units(std::size_t j) {
    const double c = unit_[j];
    form(0)[j] = belief_.l1[j] / c;
    form(1)[j] = belief_.l2[j] / c / c;
    form(2)[j] = belief_.loc[j] * c;
    form(3)[j] = belief_.lower[j] * c;
    form(4)[j] = belief_.upper[j] * c;
  }

  void make_gram() {
    std::vector<double> weighted(t_.n);
    for (std::size_t j = 0; j < t_.p; ++j) {
      for (std::size_t i = 0; i < t_.n; ++i) weighted[i] = t_.w[i] * column(j)[i];
      q_[j] = dot(weighted.data(), y_.data(), t_.n);
      for (std::size_t k = 0; k <= j; ++k)
        gram_[j * t_.p + k] = gram_[k * t_.p + j] = dot(weighted.data(), column(k), t_.n);
    }
  }

  // r = y - Z b and v = Z' W r, from the columns
  void residuals() {
    r_ = y_;
    for (std::size_t j = 0; j < t_.p; ++j)
      if (b_[j] != 0.0) axpy(-b_[j], column(j), r_.data(), t_.n);
    if (t_.intercept) shift_ = center(r_.data());
    std::vector<double> theta(t_.n);
    for (std::size_t i = 0; i < t_.n; ++i) theta[i] = t_.w[i] * r_[i];
    for (std::size_t j = 0; j < t_.p; ++j) v_[j] = dot(column(j), theta.data(), t_.n);
  }

  void certify(double s, double steepest, SmallFit& out) {
    const Penalty penalty{form(0), form(1), form(2), form(3), form(4)};
    double share = 1.0, worst = 0.0, beyond = 0.0;
    for (std::size_t j = 0; j < t_.p; ++j) {
      worst = std::max(worst, penalty.violation(b_[j], s, v_[j], j));
      share = std::min(share, penalty.share(s, v_[j], j));
    }
    for (std::size_t j = 0; j < t_.p; ++j) beyond += penalty.conjugate(s, share * v_[j], j);
    out.loss = 0.5 * weighted_square(r_.data());
    double fit = 0.0;  // theta'y - theta^2 / 2w at theta = share w r
    for (std::size_t i = 0; i < t_.n; ++i)
      fit += t_.w[i] * share * r_[i] * (y_[i] - 0.5 * share * r_[i]);
    const double gap = out.loss + penalty.value(b_.data(), s, t_.p) - fit + beyond;
    out.gap = std::max(std::numeric_limits<double>::epsilon(), gap / reference_);
    out.kkt = worst / steepest;
  }

  // tr (G_A + s L2)^{-1} G_A over the coordinates that are free to move, the intercept one more
  double degrees_of_freedom(double s) {
    Factor factor;
    std::vector<std::size_t> active;
    std::vector<double> row;
    for (std::size_t j = 0; j < t_.p; ++j) {
      if (!(b_[j] > form(3)[j] && b_[j] < form(4)[j])) continue;
      if (b_[j] == form(2)[j] && form(0)[j] > 0.0) continue;
      row.clear();
      for (std::size_t k : active) row.push_back(gram_[j * t_.p + k]);
      if (factor.append(row.data(), gram_[j * t_.p + j] + s * form(1)[j])) active.push_back(j);
    }
    double trace = t_.intercept ? 1.0 : 0.0;
    std::vector<double> solved(active.size());
    for (std::size_t k = 0; k < active.size(); ++k) {
      if (form(1)[active[k]] == 0.0) {
        trace += 1.0;
        continue;
      }
      for (std::size_t i = 0; i < active.size(); ++i)
        solved[i] = gram_[active[i] * t_.p + active[k]];
      factor.solve(solved.data());
      trace += solved[k];
    }
    return trace;
  }

  void restore(double* coef, SmallFit& out) {
    out.intercept = level_ + shift_;
    for (std::size_t j = 0; j < t_.p; ++j) {
      coef[j] = b_[j] / unit_[j];
      if (b_[j] == form(2)[j]) coef[j] = belief_.loc[j];
      if (b_[j] == form(3)[j]) coef[j] = belief_.lower[j];
      if (b_[j] == form(4)[j]) coef[j] = belief_.upper[j];
      out.intercept -= mean_[j] * coef[j];
    }
    if (!t_.intercept) out.intercept = 0.0;
  }

  const Table t_;
  const Belief belief_;
  std::vector<double> z_, r_, y_, mean_, unit_, form_, gram_, q_, b_, v_;
  double total_ = 0.0, level_ = 0.0, shift_ = 0.0, reference_ = 0.0;
};

}  // namespace priorfit
