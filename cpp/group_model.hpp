// What a path over groups of columns minimises: a gaussian fit over the working groups, with its way
// to a solution and its dual point.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "group_penalty.hpp"
#include "group_quadratic.hpp"
#include "group_rows.hpp"
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

// The working groups: their columns and penalty, in the order in which they came; and, up to `few`
// columns, their Gram matrix. More are solved among the rows.
template <class Columns>
class GroupModel {
 public:
  GroupModel(const Columns& all, const Grouping& groups, const double* y, std::size_t few)
      : groups_(groups), y_(y), n_(all.n), few_(few), z_(all),
        square_(dot(y, y, n_)), solver_(problem()), rows_(z_, y, all.n) {}

  std::size_t size() const { return l1_.size(); }
  std::size_t intercepts() const { return 0; }  // centred columns need none
  std::size_t outputs() const { return 1; }  // that share a Gram matrix
  bool among_rows() const { return size() > few_; }
  const std::vector<std::size_t>& columns() const { return columns_; }
  std::size_t first(std::size_t block) const { return start_[block]; }

  void add(const std::vector<std::size_t>& fresh) {
    const std::size_t m = size();
    std::vector<std::size_t> added;
    for (std::size_t g : fresh) {
      for (std::size_t i = groups_.first(g); i < groups_.first(g + 1); ++i) {
        added.push_back(groups_.column(i));
        l1_.push_back(groups_.l1[i]);
      }
      rate_.push_back(groups_.rate[g]);
      start_.push_back(l1_.size());
    }
    columns_.insert(columns_.end(), added.begin(), added.end());
    z_.add(added);
    if (among_rows()) return rows_.grow(l1_, rate_, start_);
    gram_.fit(size());
    q_.resize(size());
    z_.gram(m, gram_.data(), gram_.stride());
    z_.project(m, y_, q_.data());
    solver_.grow(problem());
  }

  // To a violation of a block, or, among the rows, to a gap.
  template <class Stop>
  Status solve(std::vector<double>& b, double s, double violation, double gap, Stop&& stop) {
    int rounds;
    return among_rows() ? rows_.solve(b, s, gap, 100, stop)
                         : solver_.solve(b.data(), s, violation, gap, 500, rounds, stop);
  }

  // theta = y - Z b; returns the loss.
  double dual_point(const std::vector<double>& b, double* theta) {
    which_.clear();
    minus_.clear();
    for (std::size_t i = 0; i < b.size(); ++i)
      if (b[i] != 0.0) which_.push_back(i), minus_.push_back(-b[i]);
    std::copy(y_, y_ + n_, theta);
    z_.combine_into(which_, minus_, theta);
    return 0.5 * dot(theta, theta, n_);
  }

  // The dual of the loss at share * theta.
  double dual(const double* theta, double share) const {
    return share * dot(theta, y_, n_) - 0.5 * share * share * dot(theta, theta, n_);
  }

 private:
  GroupQuadratic problem() const {
    return {gram_.data(), gram_.stride(), size(),        q_.data(), l1_.data(),
            rate_.data(), start_.data(), rate_.size(), square_};
  }

  const Grouping groups_;
  const double* y_;
  const std::size_t n_, few_;
  typename Columns::Working z_;
  const double square_;
  SquareMatrix gram_;
  std::vector<double> q_, l1_, rate_, minus_;
  std::vector<std::size_t> start_{0}, columns_, which_;
  GroupQuadraticSolver solver_;
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

  double dual_point(const std::vector<double>& b, double* theta) {
    std::copy(y_, y_ + rows_ * outputs_, theta);
    for (std::size_t l = 0; l < outputs_; ++l) {
      which_.clear(), minus_.clear();
      for (std::size_t i = 0; i * outputs_ < b.size(); ++i)
        if (const double w = b[i * outputs_ + l]; w != 0.0)
          which_.push_back(i), minus_.push_back(-w);
      z_.combine_into(which_, minus_, theta + l * rows_);
    }
    return 0.5 * dot(theta, theta, rows_ * outputs_);
  }

  double dual(const double* theta, double share) const {
    const std::size_t n = rows_ * outputs_;
    return share * dot(theta, y_, n) - 0.5 * share * share * dot(theta, theta, n);
  }

 private:
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
