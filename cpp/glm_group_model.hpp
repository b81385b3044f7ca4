// A likelihood that is not quadratic over the working groups of a path: proximal Newton with a
// Hessian that is kept while it serves. The counterpart of glm_model.hpp, by blocks.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <type_traits>
#include <vector>

#include "glm_group_rows.hpp"
#include "glm_rows.hpp"
#include "group_model.hpp"
#include "group_quadratic.hpp"
#include "shared_classes.hpp"
#include "square_matrix.hpp"

namespace priorfit {

// How more than a few columns are solved: among the rows, where a curvature is a number for each and
// columns are dense; all classes by one Gram matrix, where they share their columns.
template <class Columns, class Rows>
struct AmongRows {
  static constexpr bool there =
      Rows::independent && std::is_same_v<typename Columns::Curved, typename Columns::Working>;
  using Way = std::conditional_t<there, GlmGroupRows<Columns, Rows>, NoGroupRows>;
};

template <class Base>
struct AmongRows<StackedColumns<Base>, SoftmaxRows> {
  static constexpr bool there = true;
  using Way = SharedClasses<Base>;
};

// Where the way of more than `few` columns fails, they are solved as few ones are. Intercepts are
// columns of ones, the first, in blocks without a penalty; as places among all columns they have the
// numbers from p on.
template <class Columns, class Rows>
class GlmGroupModel {
 public:
  GlmGroupModel(const Columns& all, const Grouping& groups, const Rows& rows, std::size_t few)
      : groups_(groups), rows_(rows), n_(all.n), first_(rows.intercepts()), few_(few), z_(all),
        solver_(problem()), among_(z_, rows_, n_), eta_(n_), change_(n_), moved_(n_), theta_(n_),
        h_(n_) {
    if (first_ == 0) return;
    z_.add_ones();
    for (std::size_t k = 0; k < first_; ++k) {
      columns_.push_back(all.p + k);
      l1_.push_back(0.0);
      close_block(0.0);
    }
    fit_size();
  }

  std::size_t size() const { return l1_.size(); }
  std::size_t intercepts() const { return first_; }
  std::size_t outputs() const { return 1; }
  bool among_rows() const { return Among::there && size() > few_; }
  const std::vector<std::size_t>& columns() const { return columns_; }
  std::size_t first(std::size_t block) const { return start_[block + first_]; }

  void add(const std::vector<std::size_t>& fresh) {
    const std::size_t m = size();
    for (std::size_t g : fresh) {
      for (std::size_t i = groups_.first(g); i < groups_.first(g + 1); ++i) {
        columns_.push_back(groups_.column(i));
        l1_.push_back(groups_.l1[i]);
        if (groups_.rate[g] == 0.0) least_ = std::min(least_, groups_.l1[i]);
      }
      if (groups_.rate[g] > 0.0) least_ = std::min(least_, groups_.rate[g]);
      close_block(groups_.rate[g]);
    }
    z_.add({columns_.begin() + static_cast<std::ptrdiff_t>(m), columns_.end()});
    fit_size();
    if (among_rows()) return among_.grow(l1_, rate_, start_);
    if (kept_.empty()) return;  // no Hessian yet
    rows_.gram(z_, m, gram_.data(), gram_.stride(), kept_.data());
    solver_.grow(problem());
  }

  // To a violation of a block, or one from which the gap follows.
  template <class Stop>
  Status solve(std::vector<double>& b, double s, double violation, double gap, Stop&& stop) {
    if (among_rows()) {
      std::vector<double> there = b;
      const int most = std::max(100, static_cast<int>(size() / 5));  // steps: a Hessian costs more
      const Status status = among_.solve(there, s, gap, most, stop);
      if (status == Status::converged) b.swap(there);
      const bool done = status == Status::converged || status == Status::interrupted;
      if (done || size() > most_with_hessian) return status;
      leave_rows();
    }
    double value = start(b, s), last = std::numeric_limits<double>::infinity();
    Status status = std::isfinite(value) ? Status::max_rounds : Status::not_finite;
    for (int round = 0; round < 100 && status == Status::max_rounds; ++round) {
      if (stop()) return Status::interrupted;
      const double now = gradient(s);
      if (now <= enough(s, violation, gap)) {
        status = Status::converged;
        break;
      }
      if (kept_.empty() || is_outdated(now / last)) renew();
      last = now;
      if (step(s, now, value, stop)) continue;
      if (fresh_) break;
      last = 0.0;  // the Hessian is made anew
    }
    b = b_;
    return status;
  }

  // theta = -w loss', moved to sum 0 where there is an intercept, and the losses.
  void dual_points(const std::vector<double>* b, std::size_t count, double* theta,
                   double* losses) {
    for (std::size_t k = 0; k < count; ++k) {
      load(b[k]);
      losses[k] = evaluate();
      rows_.dual_point(theta_.data(), h_.data(), theta + k * n_);
    }
  }

  // The dual of the loss at share * theta.
  double dual(const double* theta, double share) const { return rows_.dual(theta, share); }

  const double* slopes(std::size_t) const { return nullptr; }  // see `GroupModel`

 private:
  using Among = AmongRows<Columns, Rows>;
  static constexpr std::size_t most_with_hessian = 6000;  // columns: it then fills 290 MB
  static constexpr double accuracy = 0.1;  // of the minimum of a model, in its first violation
  static constexpr double quick = 0.1, stuck = 0.6;  // what is left of the violation after a step

  // Back to the Hessian of the weights.
  void leave_rows() {
    few_ = std::numeric_limits<std::size_t>::max();
    kept_.clear();
    fit_size();
    solver_.grow(problem());
  }

  void close_block(double rate) {
    rate_.push_back(rate);
    start_.push_back(l1_.size());
  }

  void fit_size() {
    if (!among_rows()) gram_.fit(size());
    for (std::vector<double>* v : {&b_, &q_, &image_, &slopes_, &proposal_}) v->resize(size(), 0.0);
  }

  GroupQuadratic problem() const {
    return {gram_.data(), gram_.stride(), size(),        q_.data(), l1_.data(),
            rate_.data(), start_.data(),  rate_.size(), 0.0};
  }

  // b_ and eta_ of b, whose columns are the first ones.
  void load(const std::vector<double>& b) {
    std::fill(std::copy(b.begin(), b.end(), b_.begin()), b_.end(), 0.0);
    rows_.start(eta_.data());
    add_columns(b_.data(), nullptr, eta_.data());
  }

  // theta_ and h_ at eta_; returns the loss.
  double evaluate() { return rows_.evaluate(eta_.data(), theta_.data(), h_.data()); }

  // The objective at b, or, where that is not finite, at 0.
  double start(const std::vector<double>& b, double s) {
    load(b);
    fresh_ = imaged_ = false;
    const double value = evaluate() + penalty(b_, s);
    if (std::isfinite(value)) return value;
    load({});
    return evaluate() + penalty(b_, s);
  }

  // r += Z (b - less)
  void add_columns(const double* b, const double* less, double* r) {
    which_.clear();
    part_.clear();
    for (std::size_t j = 0; j < size(); ++j)
      if (const double d = less ? b[j] - less[j] : b[j]; d != 0.0)
        which_.push_back(j), part_.push_back(d);
    z_.combine_into(which_, part_, r);
  }

  double penalty(const std::vector<double>& b, double s) const {
    double sum = 0.0;
    for (std::size_t g = first_; g < rate_.size(); ++g)
      sum += s * problem().block(g).value(b.data() + start_[g]);
    return sum;
  }

  // Slopes of all working columns; the largest violation of a block.
  double gradient(double s) {
    z_.project(0, theta_.data(), slopes_.data());
    double worst = 0.0;
    for (std::size_t g = 0; g < rate_.size(); ++g)
      worst = std::max(worst, problem().block(g).violation(b_.data() + start_[g],
                                                           slopes_.data() + start_[g], s));
    return worst;
  }

  // A violation v adds up to 2 v penalty / rate to the gap, half by the share of theta that is
  // feasible, half by the slopes of blocks that are not 0; mostly a tenth, as it is the largest.
  double enough(double s, double violation, double gap) const {
    const double length = penalty(b_, 1.0);
    if (!(length > 0.0)) return violation;
    return std::clamp(gap * least_ / length, violation, std::max(violation, 1e-6 * s * least_));
  }

  // Whether to renew the Hessian after a step that left such a part of the violation: slow steps
  // are its rent, in multiplications.
  bool is_outdated(double left) {
    if (!(left > quick)) return false;
    const double n = static_cast<double>(n_), m = static_cast<double>(size());
    rent_ += 4.0 * n * m + 10.0 * m * static_cast<double>(which_.size());
    return left > stuck || rent_ > 0.25 * n * m * m;
  }

  void renew() {
    kept_ = h_;
    rent_ = 0.0;
    fresh_ = true;
    imaged_ = false;
    rows_.gram(z_, 0, gram_.data(), gram_.stride(), kept_.data());
    solver_ = GroupQuadraticSolver(problem());
  }

  // To the minimum of the quadratic model, or part of the way.
  template <class Stop>
  bool step(double s, double violation, double& value, Stop&& stop) {
    constexpr int most = 100;  // rounds: a step need not be exact
    int rounds;
    if (!imaged_) make_image();
    for (std::size_t j = 0; j < size(); ++j) q_[j] = slopes_[j] + image_[j];
    proposal_ = b_;
    solver_.grow(problem());
    solver_.know(b_.data(), slopes_.data());
    solver_.solve(proposal_.data(), s, accuracy * violation, 0.0, most, rounds, stop);
    minimum_ = proposal_;
    std::fill(change_.begin(), change_.end(), 0.0);
    add_columns(proposal_.data(), b_.data(), change_.data());
    const auto loss = [&](const double* at) {
      return rows_.evaluate(at, theta_.data(), h_.data());
    };
    const auto cost = [&](const std::vector<double>& to) { return penalty(to, s); };
    if (!search_along(loss, b_, change_, proposal_, eta_, moved_, value, cost)) {
      evaluate();
      return false;
    }
    b_ = proposal_;
    fresh_ = false;
    imaged_ = b_ == minimum_;
    if (imaged_)
      for (std::size_t j = 0; j < size(); ++j) image_[j] = q_[j] - solver_.gradient()[j];
    return true;
  }

  // image_ = G b_
  void make_image() {
    which_.clear();
    part_.clear();
    for (std::size_t j = 0; j < size(); ++j)
      if (b_[j] != 0.0) which_.push_back(j), part_.push_back(b_[j]);
    std::fill(image_.begin(), image_.end(), 0.0);
    combine(gram_.data(), static_cast<std::ptrdiff_t>(gram_.stride()), which_.data(), part_.data(),
            which_.size(), image_.data(), size());
    imaged_ = true;
  }

  const Grouping groups_;
  const Rows rows_;
  const std::size_t n_, first_;
  std::size_t few_;
  typename Columns::Curved z_;  // with any curvatures
  SquareMatrix gram_;
  std::vector<double> q_, l1_, rate_, b_, image_, slopes_, proposal_, minimum_, part_;
  std::vector<std::size_t> start_{0}, columns_, which_;
  GroupQuadraticSolver solver_;
  typename Among::Way among_;
  std::vector<double> eta_, change_, moved_, theta_, h_, kept_;  // by rows
  double least_ = std::numeric_limits<double>::infinity();       // rate: a unit for violations
  double rent_ = 0.0;   // work since the kept Hessian was new that a newer one would have saved
  bool fresh_ = false, imaged_ = false;  // the kept Hessian, and image_, are of these weights
};

}  // namespace priorfit
