// What a path over groups of columns minimises: a gaussian fit over the working groups, with its way
// to a solution and its dual point.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "group_penalty.hpp"
#include "group_quadratic.hpp"
#include "group_rows.hpp"
#include "group_sweeps.hpp"
#include "row_quadratic.hpp"
#include "square_matrix.hpp"
#include "stacked.hpp"

namespace priorfit {

// Group g has the columns member[start[g] .. start[g + 1]); l1 by member, rate by group.
struct Grouping {
  const std::int64_t *start, *member;
  const double *l1, *rate;
  std::size_t count;

  std::size_t first(std::size_t g) const { return static_cast<std::size_t>(start[g]); }
  std::size_t column(std::size_t i) const { return static_cast<std::size_t>(member[i]); }
  Block block(std::size_t g) const { return {l1 + start[g], rate[g], first(g + 1) - first(g)}; }
};

// How a model finds its solution: up to `few` columns by their Gram matrix; more by sweeps over blocks,
// until one strength takes `patience` times what they are worth; from then on by systems among the
// rows, if `systems`, or else by the Gram matrix again.
struct Ways {
  std::size_t few;
  double patience;
  bool systems;
};

// The working groups: their columns and penalty, and the present way to their solution.
template <class Columns>
class GroupModel {
 public:
  GroupModel(const Columns& all, const Grouping& groups, const double* y, const Ways& ways)
      : groups_(groups), y_(y), n_(all.n), ways_(ways), z_(all), fast_(z_, all.n),
        square_(dot(y, y, n_)), solver_(problem()), sweeps_(fast_, blocks_, y, all.n),
        rows_(fast_, blocks_, y, all.n) {}

  std::size_t size() const { return blocks_.size(); }
  std::size_t intercepts() const { return 0; }  // centred columns need none
  std::size_t outputs() const { return 1; }  // that share a Gram matrix
  bool among_rows() const { return way_ != Way::gram; }
  const std::vector<std::size_t>& columns() const { return columns_; }
  std::size_t first(std::size_t block) const { return blocks_.start[block]; }

  void add(const std::vector<std::size_t>& fresh) {
    std::vector<std::size_t> added;
    for (std::size_t g : fresh) {
      for (std::size_t i = groups_.first(g); i < groups_.first(g + 1); ++i) {
        added.push_back(groups_.column(i));
        blocks_.l1.push_back(groups_.l1[i]);
      }
      blocks_.rate.push_back(groups_.rate[g]);
      blocks_.start.push_back(size());
    }
    columns_.insert(columns_.end(), added.begin(), added.end());
    z_.add(added);
    if (way_ == Way::gram && ways_.few < size() && !tried_)
      way_ = RowColumns<Columns>::by_blocks && ways_.patience > 0.0 ? Way::sweeps : slow_way();
    prepare();
  }

  // To a violation of a block, or, by other ways than the Gram matrix, to a gap.
  template <class Stop>
  Status solve(std::vector<double>& b, double s, double violation, double gap, Stop&& stop) {
    if (way_ == Way::sweeps) {
      const Status status = sweeps_.solve(b, s, gap, worth(), stop);
      if (status == Status::converged) keep(sweeps_.residual());
      if (status != Status::max_rounds || std::isinf(ways_.patience)) return status;
      way_ = slow_way();
      prepare();
    }
    int rounds;
    if (way_ == Way::gram) return solver_.solve(b.data(), s, violation, gap, 500, rounds, stop);
    const Status status = rows_.solve(b, s, gap, 100, stop);
    if (status == Status::converged) keep(rows_.residual());
    return status;
  }

  // theta = y - Z b of the `count` solutions since the last call, and their losses. Products with a
  // residual as `solve` found it need no pass of their own; what rounding has put between that and
  // theta is small, so that its products need not be exact.
  void dual_points(const std::vector<double>* b, std::size_t count, double* theta,
                   double* losses) {
    points_.resize(count * n_), slopes_.clear();
    const bool found = found_ == count;
    if (found) slopes_.resize(count * size());
    for (std::size_t k = 0; k < count; ++k) std::copy_n(y_, n_, theta + k * n_);
    fast_.look_at_all(b, count, theta, found ? points_.data() : nullptr, slopes_.data());
    for (std::size_t k = 0; k < count; ++k) {
      const double* here = theta + k * n_;
      losses[k] = 0.5 * dot(here, here, n_);
      if (found && way_ == Way::sweeps) sweeps_.correct(count - 1 - k, here);
      for (std::size_t i = k * n_; i < k * n_ + n_; ++i) points_[i] = theta[i] - points_[i];
    }
    if (found) fast_.add_products(points_.data(), count, slopes_.data());
    points_.clear(), found_ = 0;
  }

  // Z'theta_k of the working columns at the last dual points; null: not known.
  const double* slopes(std::size_t k) const {
    return slopes_.empty() ? nullptr : slopes_.data() + k * size();
  }

  // The dual of the loss at share * theta.
  double dual(const double* theta, double share) const {
    return share * dot(theta, y_, n_) - 0.5 * share * share * dot(theta, theta, n_);
  }

 private:
  enum class Way { gram, sweeps, systems };

  Way slow_way() {
    tried_ = true;
    return ways_.systems ? Way::systems : Way::gram;
  }

  void keep(const std::vector<double>& residual) {
    const auto from = residual.begin();
    points_.insert(points_.end(), from, from + static_cast<std::ptrdiff_t>(n_));
    ++found_;
  }

  // What the present way has to know of columns that are new to it.
  void prepare() {
    if (way_ == Way::gram) return prepare_gram();
    fast_.grow(size());
    way_ == Way::sweeps ? sweeps_.grow() : rows_.grow();
  }

  void prepare_gram() {
    const std::size_t known = q_.size();
    gram_.fit(size());
    q_.resize(size());
    z_.gram(known, gram_.data(), gram_.stride());
    z_.project(known, y_, q_.data());
    solver_.grow(problem());
  }

  // How many sweeps cost as much as one strength by the slow way: measured among the rows, counts of
  // multiplications (those of matrices are fast) for the Gram matrix.
  std::size_t worth() const {
    const double n = static_cast<double>(n_), m = static_cast<double>(size());
    const double sweeps = ways_.systems ? 2.0 + n / 400.0 + (5.0 + n / 150.0) * n / m
                                   : 3.0 + m / 240.0 + 7.5 * m / n + m * m / (60.0 * n);
    return static_cast<std::size_t>(std::clamp(ways_.patience * sweeps, 1.0, 1e4));
  }

  GroupQuadratic problem() const {
    return {gram_.data(),       gram_.stride(),       q_.size(),        q_.data(), blocks_.l1.data(),
            blocks_.rate.data(), blocks_.start.data(), blocks_.count(), square_};
  }

  const Grouping groups_;
  const double* y_;
  const std::size_t n_;
  const Ways ways_;
  bool tried_ = false;  // sweeps
  Way way_ = Way::gram;
  WorkingBlocks blocks_;
  typename Columns::Working z_;
  RowColumns<Columns> fast_;
  const double square_;
  SquareMatrix gram_;
  std::vector<double> q_;
  std::vector<std::size_t> columns_;
  std::size_t found_ = 0;                // residuals since the last dual points
  std::vector<double> points_, slopes_;  // those residuals; products with the last dual points
  GroupQuadraticSolver solver_;
  GroupSweeps<Columns> sweeps_;
  GroupRows<Columns> rows_;
};

// Groups that hold the weights of all outputs of their columns: one Gram matrix serves all outputs.
template <class Base>
class RowModel {
 public:
  RowModel(const StackedColumns<Base>& all, const Grouping& groups, const double* y)
      : groups_(groups), y_(y), rows_(all.base.n), outputs_(all.outputs), z_(all.base),
        square_(dot(y, y, all.n)), solver_(problem()) {}

  // Whether the groups are such: plain norms, columns with all their outputs in a row.
  static bool serves(const Grouping& groups, std::size_t outputs) {
    for (std::size_t g = 0; g < groups.count; ++g) {
      if (!(groups.rate[g] > 0.0) || groups.block(g).size % outputs != 0) return false;
      for (std::size_t i = groups.first(g); i < groups.first(g + 1); ++i) {
        const std::size_t output = (i - groups.first(g)) % outputs;
        if (groups.l1[i] != 0.0 || groups.column(i) % outputs != output) return false;
        if (output > 0 && groups.column(i) != groups.column(i - 1) + 1) return false;
      }
    }
    return true;
  }

  std::size_t size() const { return columns_.size(); }
  std::size_t intercepts() const { return 0; }
  std::size_t outputs() const { return outputs_; }
  bool among_rows() const { return false; }
  const std::vector<std::size_t>& columns() const { return columns_; }
  std::size_t first(std::size_t block) const { return start_[block] * outputs_; }

  void add(const std::vector<std::size_t>& fresh) {
    const std::size_t m = start_.back();
    std::vector<std::size_t> features;
    for (std::size_t g : fresh) {
      for (std::size_t i = groups_.first(g); i < groups_.first(g + 1); ++i) {
        columns_.push_back(groups_.column(i));
        if (groups_.column(i) % outputs_ == 0) features.push_back(groups_.column(i) / outputs_);
      }
      rate_.push_back(groups_.rate[g]);
      start_.push_back(columns_.size() / outputs_);
    }
    z_.add(features);
    gram_.fit(start_.back());
    q_.resize(size());
    z_.gram(m, gram_.data(), gram_.stride());
    std::vector<double> pulls(start_.back());
    for (std::size_t l = 0; l < outputs_; ++l) {
      z_.project(m, y_ + l * rows_, pulls.data());
      for (std::size_t i = m; i < start_.back(); ++i) q_[i * outputs_ + l] = pulls[i];
    }
    solver_.grow(problem());
  }

  template <class Stop>
  Status solve(std::vector<double>& b, double s, double, double gap, Stop&& stop) {
    int rounds;
    return solver_.solve(b.data(), s, gap, 100, rounds, stop);
  }

  void dual_points(const std::vector<double>* b, std::size_t count, double* theta,
                   double* losses) {
    const std::size_t n = rows_ * outputs_;
    for (std::size_t k = 0; k < count; ++k, theta += n) {
      std::copy(y_, y_ + n, theta);
      for (std::size_t l = 0; l < outputs_; ++l) subtract(b[k], l, theta + l * rows_);
      losses[k] = 0.5 * dot(theta, theta, n);
    }
  }

  double dual(const double* theta, double share) const {
    const std::size_t n = rows_ * outputs_;
    return share * dot(theta, y_, n) - 0.5 * share * share * dot(theta, theta, n);
  }

  const double* slopes(std::size_t) const { return nullptr; }

 private:
  // r -= Z b_l, b_l the weights of output l
  void subtract(const std::vector<double>& b, std::size_t l, double* r) {
    which_.clear(), minus_.clear();
    for (std::size_t i = 0; i * outputs_ < b.size(); ++i)
      if (const double w = b[i * outputs_ + l]; w != 0.0)
        which_.push_back(i), minus_.push_back(-w);
    z_.combine_into(which_, minus_, r);
  }

  RowQuadratic problem() const {
    return {gram_.data(), gram_.stride(), start_.back(), outputs_, q_.data(),
            rate_.data(), start_.data(),  rate_.size(),  square_};
  }

  const Grouping groups_;
  const double* y_;
  const std::size_t rows_, outputs_;
  typename Base::Working z_;
  const double square_;
  SquareMatrix gram_;
  std::vector<double> q_, rate_, minus_;
  std::vector<std::size_t> start_{0}, columns_, which_;  // start_ in columns of the base
  RowQuadraticSolver<> solver_;
};

}  // namespace priorfit
