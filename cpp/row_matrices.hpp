// The two matrices of a Newton step of several outputs that share one Gram matrix: see
// `row_quadratic.hpp`. They belong to the place where they were made, and grow and shrink with the
// blocks at work.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <vector>

#include "cross.hpp"
#include "factor.hpp"
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

class RowMatrices {
 public:
  // The same problem with more blocks at the end.
  void grow(const RowQuadratic& problem) {
    p_ = problem;
    u_.resize(p_.m * p_.outputs, 0.0);
    place_.resize(p_.m, outside);
    at_.resize(p_.blocks, outside);
  }

  // Another number where T or K has changed.
  std::size_t version() const { return version_; }

  // Rows of T and K, and C and U as these have them.
  const std::vector<std::size_t>& used() const { return used_; }
  const std::vector<std::size_t>& in() const { return in_; }
  std::size_t place(std::size_t row) const { return place_[row]; }
  const double* t(std::size_t place) const { return t_.data() + place * t_.stride(); }
  std::size_t stride() const { return t_.stride(); }
  const std::vector<double>& c() const { return kept_c_; }
  const double* direction(std::size_t row) const { return u_.data() + row * p_.outputs; }

  // a <- K^{-1} a
  void solve(double* a) const { small_.solve(a); }

  // T at c, of the blocks `wanted`; K of none.
  template <class Wanted>
  void make(const std::vector<double>& c, Wanted&& wanted) {
    ++version_;
    std::fill(place_.begin(), place_.end(), outside);
    std::fill(at_.begin(), at_.end(), outside);
    small_.clear();
    in_.clear(), used_.clear(), kept_c_.clear();
    for (std::size_t g = 0; g < p_.blocks; ++g)
      if (wanted(g)) place(g, c[g]);
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

  // K holds the blocks `wanted`, with the directions v / norm of those that join; one that depends
  // on the others waits.
  template <class Wanted>
  void sync(const std::vector<double>& v, const std::vector<double>& norm, Wanted&& wanted) {
    for (std::size_t k = in_.size(); k-- > 0;)
      if (!wanted(in_[k])) leave(k);
    std::vector<std::size_t> unknown, joining;
    for (std::size_t g = 0; g < p_.blocks; ++g) {
      if (!wanted(g) || at_[g] != outside) continue;
      joining.push_back(g);
      if (place_[p_.start[g]] == outside) unknown.push_back(g);
      for (std::size_t e = p_.start[g] * p_.outputs; e < p_.start[g + 1] * p_.outputs; ++e)
        u_[e] = v[e] / norm[g];
    }
    extend(unknown);
    for (std::size_t k = 0; k < joining.size(); k += at_once)
      join(joining.data() + k, std::min(at_once, joining.size() - k));
  }

  // Block in()[k] leaves K.
  void leave(std::size_t k) {
    ++version_;
    at_[in_[k]] = outside;
    small_.remove(k);
    in_.erase(in_.begin() + static_cast<std::ptrdiff_t>(k));
    for (std::size_t i = k; i < in_.size(); ++i) at_[in_[i]] = i;
  }

 private:
  static constexpr std::size_t outside = static_cast<std::size_t>(-1);
  static constexpr std::size_t at_once = 48;  // rows of a matrix

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
    ++version_;
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
      ++version_;
      at_[groups[k]] = in_.size();
      in_.push_back(groups[k]);
    }
  }

  // K_gh
  double met(std::size_t g, std::size_t h) const {
    double sum = 0.0;
    for (std::size_t i = p_.start[g]; i < p_.start[g + 1]; ++i) {
      const double *t = t_.data() + place_[i] * t_.stride(), *u = direction(i);
      for (std::size_t j = p_.start[h]; j < p_.start[h + 1]; ++j) {
        const double* other = direction(j);
        double along = 0.0;
        for (std::size_t l = 0; l < p_.outputs; ++l) along += u[l] * other[l];
        sum += t[place_[j]] * along;
      }
    }
    return sum;
  }

  RowQuadratic p_{};
  std::size_t version_ = 0;
  SquareMatrix t_;
  std::vector<double> kept_c_, u_;           // C by place; U by row
  std::vector<std::size_t> used_, place_;    // rows in T; the place of each row
  Factor whole_, small_;                     // of I + C^{1/2} G C^{1/2}, of K
  std::vector<std::size_t> in_, at_;         // blocks in K; the place of each block
  std::vector<double> left_, product_;
  std::vector<float> rounded_;  // T needs no more digits: steps repair themselves
};

}  // namespace priorfit
