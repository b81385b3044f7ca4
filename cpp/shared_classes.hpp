// Classes that share their columns: the equations of `row_quadratic.hpp` with the slopes of a softmax
// regression.
//
//   B_g = c_g V_g,   V = Z'theta(Z B),   |V_g| = s rate_g or c_g = 0,
//
// theta the score where the intercepts are at their best. A step takes sum_i h_i z_i z_i' for every
// class, h_i between the mean and the largest curvature of row i, in the place of the Hessian, whose
// size is that of all classes: no matrix is larger than the number of columns. The eigenvalues of the
// one over the other are mostly 0.1 to 1.5, as the curvature of the penalty is the same in both: steps
// contract, and combined ones (Anderson) soon find the few that are far from 1.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <vector>

#include "buffer.hpp"
#include "cross.hpp"
#include "row_quadratic.hpp"
#include "softmax.hpp"
#include "square_matrix.hpp"
#include "stacked.hpp"

namespace priorfit {

// Columns z_k = z + k n of all classes, the first being ones where there is an intercept.
class SharedClassesFit {
 public:
  explicit SharedClassesFit(const SoftmaxRows& rows)
      : rows_(rows), n_(rows.length()), eta_(rows.n), at_(rows.n), theta_(rows.n), mu_(rows.n),
        levels_(rows.classes, 0.0) {
    rows_.start(eta_.data());
    loss_ = rows_.balance(eta_.data(), levels_, at_.data(), theta_.data(), mu_.data());
    curve();
  }

  double* gram() { return gram_.data(); }
  std::size_t stride() const { return gram_.stride(); }
  std::vector<double>& levels() { return levels_; }

  // There are m columns now.
  void grow(const double* z, std::size_t m) {
    const std::size_t known = m_;
    z_ = z, m_ = m;
    gram_.fit(m);
    bend(known);
  }

  template <class Multiply>
  void look(const RowQuadratic& p, const std::vector<double>& b, std::vector<double>& slopes,
            Multiply&&) {
    rows_.start(eta_.data());
    for (std::size_t l = 0; l < p.outputs; ++l) {
      which_.clear(), part_.clear();
      for (std::size_t j = 0; j < p.m; ++j)
        if (const double w = b[l * p.m + j]; w != 0.0) which_.push_back(j), part_.push_back(w);
      combine(z_, static_cast<std::ptrdiff_t>(n_), which_.data(), part_.data(), which_.size(),
              eta_.data() + l * n_, n_);
    }
    loss_ = rows_.balance(eta_.data(), levels_, at_.data(), theta_.data(), mu_.data());
    columns_.resize(p.m);
    for (std::size_t j = 0; j < p.m; ++j) columns_[j] = z_ + j * n_;
    cross(columns_.data(), p.m, theta_.data(), n_, p.outputs, n_, slopes.data(), p.outputs);
  }

  double gap(const RowQuadratic&, const std::vector<double>&, const std::vector<double>&,
             double share, double penalty) const {
    return loss_ + penalty - rows_.dual(theta_.data(), share);
  }

  // The Gram matrix at the present rows.
  void renew() {
    curve();
    bend(0);
  }

 private:
  // root_ of h at mu_: the geometric mean of a row's mean and largest curvature, and nearly half of
  // the largest, below which steps would not contract.
  void curve() {
    const double others = static_cast<double>(rows_.classes - 1);
    root_.resize(n_);
    for (std::size_t i = 0; i < n_; ++i) {
      double sum = 0.0, most = 0.0;
      for (std::size_t l = 0; l < rows_.classes; ++l) {
        const double m = mu_[l * n_ + i], bent = m * (1.0 - m);
        sum += bent, most = std::max(most, 2.0 * bent);
      }
      const double h = std::max(std::sqrt(sum / others * most), most / 1.8);
      root_[i] = std::sqrt(rows_.w[i] * std::max(h, 1e-12));
    }
  }

  // Rows `from`.. of the Gram matrix of the weighted columns, centred where there is an intercept.
  void bend(std::size_t from) {
    if (from == m_) return;
    double total = 0.0;
    for (double r : root_) total += r * r;
    weighted_.resize(m_ * n_);
    for (std::size_t j = from; j < m_; ++j) {
      const double* z = z_ + j * n_;
      float* to = weighted_.data() + j * n_;
      double sum = 0.0;
      for (std::size_t i = 0; i < n_ && rows_.intercept; ++i) sum += root_[i] * root_[i] * z[i];
      const double center = rows_.intercept ? sum / total : 0.0;
      for (std::size_t i = 0; i < n_; ++i) to[i] = static_cast<float>(root_[i] * (z[i] - center));
    }
    inner_products(weighted_.data(), n_, from, m_, n_, gram_.data(), gram_.stride());
    for (std::size_t i = from; i < m_; ++i)
      for (std::size_t j = 0; j < i; ++j)
        gram_.data()[j * gram_.stride() + i] = gram_.data()[i * gram_.stride() + j];
  }

  const SoftmaxRows rows_;
  const std::size_t n_;
  const double* z_ = nullptr;
  std::size_t m_ = 0;
  std::vector<double> eta_, at_, theta_, mu_, levels_, root_, part_;
  double loss_ = 0.0;
  SquareMatrix gram_;
  Buffer<float> weighted_;
  std::vector<std::size_t> which_;
  std::vector<const double*> columns_;
};

template <class Base>
class SharedClasses {
 public:
  SharedClasses(typename StackedColumns<Base>::Working& z, const SoftmaxRows& rows, std::size_t)
      : z_(z), rows_(rows), fit_(rows), solver_(problem(), Looking{&fit_}) {}

  void grow(const std::vector<double>&, const std::vector<double>& rate,
            const std::vector<std::size_t>& start) {
    const std::size_t first = rows_.intercepts();
    rate_.assign(rate.begin() + static_cast<std::ptrdiff_t>(first), rate.end());
    start_.clear();
    for (std::size_t g = first; g < start.size(); ++g)
      start_.push_back((start[g] - first) / rows_.classes);
    fit_.grow(z_.made_of(rows_.intercept), start_.back());
    solver_.grow(problem());
  }

  template <class Stop>
  Status solve(std::vector<double>& b, double s, double tol, int max_rounds, Stop&& stop) {
    const std::size_t first = rows_.intercepts();
    int rounds;
    std::vector<double>& levels = fit_.levels();
    levels[0] = 0.0;
    std::copy_n(b.data(), first, levels.data() + 1);
    const Status status = solver_.solve(b.data() + first, s, tol, max_rounds, rounds, stop);
    for (std::size_t l = 0; l < first; ++l) b[l] = levels[l + 1] - levels[0];
    return status;
  }

 private:
  struct Looking {  // at the one fit
    static constexpr int patience = 15;
    static constexpr std::size_t memory = 10;
    SharedClassesFit* fit;
    template <class... Given>
    void look(Given&&... given) {
      fit->look(given...);
    }
    template <class... Given>
    double gap(Given&&... given) {
      return fit->gap(given...);
    }
    void renew() { fit->renew(); }
  };

  RowQuadratic problem() {
    return {fit_.gram(), fit_.stride(), start_.back(), rows_.classes, nullptr,
            rate_.data(), start_.data(), rate_.size(), 0.0};
  }

  typename StackedColumns<Base>::Working& z_;
  const SoftmaxRows& rows_;
  SharedClassesFit fit_;
  std::vector<double> rate_;
  std::vector<std::size_t> start_{0};
  RowQuadraticSolver<Looking> solver_;
};

}  // namespace priorfit
