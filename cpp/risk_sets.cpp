#include "risk_sets.hpp"

#include <algorithm>
#include <cmath>

#include "elementary.hpp"
#include "simd.hpp"

namespace priorfit {
namespace {

constexpr std::size_t lanes = 8;  // vectors that are curved together

// x_i = eta of the row at place i + log w; the smallest and the largest.
PRIORFIT_CLONES void gather(const RiskSets& sets, const double* eta, double* x, double& least,
                            double& most) {
  const std::uint32_t* row = sets.row.data();
  const double* log_weight = sets.log_weight.data();
  const std::size_t m = sets.places();
  double low = INFINITY, high = -INFINITY;
#pragma omp simd reduction(min : low) reduction(max : high)
  for (std::size_t i = 0; i < m; ++i) {
    const double v = x[i] = eta[row[i]] + log_weight[i];
    low = v < low ? v : low;
    high = v > high ? v : high;
  }
  least = low, most = high;
}

PRIORFIT_CLONES void exponentials(double* x, double top, std::size_t n) {
#pragma omp simd
  for (std::size_t i = 0; i < n; ++i) x[i] = quick_exp(x[i] - top);
}

// sum_i w_i log v_i
PRIORFIT_CLONES double sum_of_logs(const double* w, const double* v, std::size_t n) {
  double all = 0.0;
#pragma omp simd reduction(+ : all)
  for (std::size_t i = 0; i < n; ++i) {
    const double value = quick_log(v[i]);
    all += w[i] * value;
  }
  return all;
}

// sum_j m_j (log w_j - log m_j) + sum_g (r_g + d_g) log(r_g + d_g) - r_g log r_g
PRIORFIT_CLONES double dual_terms(const double* m, const double* log_weight, std::size_t places,
                                  const double* r, const double* d, std::size_t groups) {
  double all = 0.0;
#pragma omp simd reduction(+ : all)
  for (std::size_t i = 0; i < places; ++i) {
    const double value = m[i] * (log_weight[i] - quick_log(m[i]));
    all += m[i] > 1e-300 ? value : 0.0;
  }
#pragma omp simd reduction(+ : all)
  for (std::size_t g = 0; g < groups; ++g) {
    const double before = r[g] > 1e-290 ? r[g] : 1e-290, ratio = d[g] / before;
    const double small = quick_log1p(ratio < 1.0 ? ratio : 1.0), large = quick_log(1.0 + ratio);
    all += d[g] * quick_log(before + d[g]) + before * (ratio < 1.0 ? small : large);
  }
  return all;
}

PRIORFIT_CLONES void divide(const double* x, const double* by, std::size_t n, double* out) {
#pragma omp simd
  for (std::size_t i = 0; i < n; ++i) out[i] = x[i] / by[i];
}

// Where exp spans no more than float64 holds, all sums are in one unit.
void run_flat(const RiskSets& sets, double top, RunningSums& sums) {
  exponentials(sums.e.data(), top, sets.places());
  sums.one_top = top;
  sums.top.clear();
  for (std::size_t s = 0; s + 1 < sets.strata.size(); ++s) {
    double sum = 0.0;
    for (std::size_t i = sets.strata[s]; i < sets.strata[s + 1]; ++i)
      sums.sum[i] = sum += sums.e[i];
  }
}

// Else in units of the largest term so far.
void run_far(const RiskSets& sets, RunningSums& sums) {
  sums.top.resize(sets.places());
  for (std::size_t s = 0; s + 1 < sets.strata.size(); ++s) {
    double top = -INFINITY;
    for (std::size_t i = sets.strata[s]; i < sets.strata[s + 1]; ++i) {
      sums.top[i] = top = std::max(top, sums.e[i]);
      sums.e[i] -= top;
    }
  }
  exponentials(sums.e.data(), 0.0, sets.places());
  for (std::size_t s = 0; s + 1 < sets.strata.size(); ++s) {
    double sum = 0.0, before = -INFINITY;
    for (std::size_t i = sets.strata[s]; i < sets.strata[s + 1]; ++i) {
      if (sums.top[i] != before) sum *= std::exp(before - sums.top[i]);
      before = sums.top[i];
      sums.sum[i] = sum += sums.e[i];
    }
  }
}

double tied_term(const RiskSets& sets, std::size_t event, const RunningSums& sums, double unit) {
  const std::size_t i = sets.tied_place[event];
  return sums.top.empty() ? sums.e[i] : sums.e[i] * std::exp(sums.top[i] - unit);
}

// 1 - k phi / m of all tied events, phi the share of the tied rows in the risk set.
void run_ties(const RiskSets& sets, RunningSums& sums) {
  sums.left.resize(sets.tied_place.size());
  for (const TiedGroup& group : sets.tied) {
    const double unit = sums.top.empty() ? 0.0 : sums.top[group.last];
    double total = 0.0;
    for (std::size_t e = group.begin; e < group.end; ++e)
      total += tied_term(sets, e, sums, unit);
    const double share = std::min(1.0, total / sums.sum[group.last]);
    for (std::size_t e = group.begin; e < group.end; ++e)
      sums.left[e] = 1.0 - sets.rank[e] * share;
  }
}

// Once for each eta: loss and derivatives are asked for one after the other.
void run(const RiskSets& sets, const double* eta, RunningSums& sums) {
  if (sums.eta.size() == sets.n && std::equal(eta, eta + sets.n, sums.eta.begin())) return;
  constexpr double safe = 600.0;
  sums.eta.assign(eta, eta + sets.n);
  sums.e.resize(sets.places());
  sums.sum.resize(sets.places());
  double least, most;
  gather(sets, eta, sums.e.data(), least, most);
  if (most - least <= safe) run_flat(sets, most, sums);
  else run_far(sets, sums);
  run_ties(sets, sums);
}

// The softmax of each tied group into `of`. Terms that vanish beside the risk set may not do so
// among themselves.
void share_ties(const RiskSets& sets, const RunningSums& sums, double* of) {
  for (const TiedGroup& group : sets.tied) {
    double unit = -INFINITY, total = 0.0;
    const auto log_term = [&](std::size_t e) {
      const std::size_t i = sets.tied_place[e];
      return sums.eta[sets.row[i]] + sets.log_weight[i];
    };
    if (!sums.top.empty())
      for (std::size_t e = group.begin; e < group.end; ++e) unit = std::max(unit, log_term(e));
    for (std::size_t e = group.begin; e < group.end; ++e)
      total += of[e] = sums.top.empty() ? tied_term(sets, e, sums, unit)
                                        : std::exp(log_term(e) - unit);
    for (std::size_t e = group.begin; e < group.end; ++e) of[e] /= total;
  }
}

// The means of v over the risk sets, `K` vectors at once: place by place, K numbers each.
template <std::size_t K>
PRIORFIT_INLINE void forward(std::size_t m, const double* share, const double* v, double* mean) {
  double now[K] = {};
  for (std::size_t i = 0; i < m; ++i) {
    const double u = share[i], keep = 1.0 - u;
    for (std::size_t k = 0; k < K; ++k)
      mean[i * K + k] = now[k] = keep * now[k] + u * v[i * K + k];
  }
}

// v <- H v, but for what ties add to rows.
template <std::size_t K>
PRIORFIT_INLINE void backward(std::size_t m, const Curvature& c, const double* mean, double* v) {
  double now[K] = {}, keep = 0.0;
  for (std::size_t i = m; i-- > 0;) {
    const double u = c.share[i], t = c.twice[i], d = c.expected[i];
    for (std::size_t k = 0; k < K; ++k) {
      now[k] = t * mean[i * K + k] + keep * now[k];
      v[i * K + k] = d * v[i * K + k] - u * now[k];
    }
    keep = 1.0 - u;
  }
}

PRIORFIT_CLONES void forward_lanes(std::size_t m, const double* share, const double* v,
                                   double* mean) {
  forward<lanes>(m, share, v, mean);
}

PRIORFIT_CLONES void backward_lanes(std::size_t m, const Curvature& c, const double* mean,
                                    double* v) {
  backward<lanes>(m, c, mean, v);
}

void forward_one(std::size_t m, const double* share, const double* v, double* mean) {
  forward<1>(m, share, v, mean);
}

void backward_one(std::size_t m, const Curvature& c, const double* mean, double* v) {
  backward<1>(m, c, mean, v);
}

// `K` vectors at once; `v` and `mean` are (places x K), `ties` (tied groups x K).
template <std::size_t K, class Forward, class Backward>
void curve_block(const RiskSets& sets, const Curvature& c, Forward&& ahead, Backward&& back,
                 double* v, double* mean, double* ties) {
  const std::size_t m = sets.places();
  ahead(m, c.share, v, mean);
  for (std::size_t g = 0; g < sets.tied.size(); ++g) {
    const TiedGroup& group = sets.tied[g];
    double tied[K] = {};
    for (std::size_t e = group.begin; e < group.end; ++e)
      for (std::size_t k = 0; k < K; ++k) tied[k] += c.of_tied[e] * v[sets.tied_place[e] * K + k];
    for (std::size_t k = 0; k < K; ++k) {
      double& all = mean[group.last * K + k];
      ties[g * K + k] = c.mix[g] * all + c.rest[g] * tied[k];
      all += c.mix[g] / c.twice[group.last] * tied[k];
    }
  }
  back(m, c, mean, v);
  for (std::size_t g = 0; g < sets.tied.size(); ++g)
    for (std::size_t e = sets.tied[g].begin; e < sets.tied[g].end; ++e)
      for (std::size_t k = 0; k < K; ++k)
        v[sets.tied_place[e] * K + k] -= c.of_tied[e] * ties[g * K + k];
}

// With left_k = 1 - k phi / m and w the mean weight of a group, by place where its risk set ends
// once = sum_k w / left_k (returned) and twice = sum_k w / left_k^2.
const double* derive_ties(const RiskSets& sets, RunningSums& sums, double* block) {
  const std::size_t m = sets.places(), groups = sets.tied.size();
  double *twice = block + 2 * m, *mix = twice + m, *rest = mix + groups;
  std::copy(sets.events.begin(), sets.events.end(), twice);
  sums.once = sets.events;
  for (std::size_t g = 0; g < groups; ++g) {
    const TiedGroup& group = sets.tied[g];
    double first = 0.0, second = 0.0;
    for (std::size_t e = group.begin; e < group.end; ++e) {
      const double inverse = 1.0 / sums.left[e];
      first += sets.mean_weight[e] * inverse;
      second += sets.mean_weight[e] * inverse * inverse;
    }
    sums.once[group.last] = first;
    twice[group.last] = second;
    mix[g] = first - second;
    rest[g] = sets.events[group.last] - 2.0 * first + second;
  }
  share_ties(sets, sums, rest + groups);
  return sums.once.data();
}

}  // namespace

double partial_likelihood(const RiskSets& sets, const double* eta, RunningSums& sums) {
  run(sets, eta, sums);
  const std::size_t m = sets.places();
  double loss = sum_of_logs(sets.events.data(), sums.sum.data(), m);
  loss += sum_of_logs(sets.mean_weight.data(), sums.left.data(), sums.left.size());
  loss -= dot(sets.own.data(), eta, sets.n);
  if (!sums.top.empty()) return loss + dot(sets.events.data(), sums.top.data(), m);
  return loss + sets.total * sums.one_top;
}

double dual_of_partial_likelihood(const RiskSets& sets, const double* theta, double share,
                                  std::vector<double>& scratch) {
  const std::size_t m = sets.places(), groups = sets.ends.size();
  scratch.resize(m + 2 * groups);
  double *hazard = scratch.data(), *before = hazard + m, *weight = before + groups;
  double least = 0.0;
  for (std::size_t i = 0; i < m; ++i) {
    const std::size_t j = sets.row[i];
    hazard[i] = sets.own[j] - share * theta[j];
    least = std::min(least, hazard[i]);
  }
  if (least < -1e-14) return -INFINITY;
  std::size_t g = 0;
  for (std::size_t s = 0; s + 1 < sets.strata.size(); ++s) {
    double sum = 0.0;
    for (std::size_t i = sets.strata[s]; i < sets.strata[s + 1]; ++i) {
      sum -= share * theta[sets.row[i]];
      if (g == groups || sets.ends[g] != i) continue;
      before[g] = sum;
      weight[g++] = sets.events[i];
    }
  }
  return dual_terms(hazard, sets.log_weight.data(), m, before, weight, groups);
}

std::size_t curvature_size(const RiskSets& sets) {
  const std::size_t groups = sets.tied.size();
  return (groups ? 3 : 2) * sets.places() + 2 * groups + sets.tied_place.size();
}

Curvature curvature_at(const RiskSets& sets, const double* block) {
  const std::size_t m = sets.places(), groups = sets.tied.size();
  if (groups == 0) return {block, block + m, sets.events.data(), nullptr, nullptr, nullptr};
  const double* ties = block + 3 * m;
  return {block, block + m, block + 2 * m, ties, ties + groups, ties + 2 * groups};
}

void derive(const RiskSets& sets, const double* eta, RunningSums& sums, double* theta,
            double* block) {
  const std::size_t m = sets.places();
  double *expected = block, *share = block + m;
  run(sets, eta, sums);
  divide(sums.e.data(), sums.sum.data(), m, share);
  const double* once = sets.tied.empty() ? sets.events.data() : derive_ties(sets, sums, block);
  double hazard = 0.0, keep = 0.0;
  for (std::size_t i = m; i-- > 0;) {
    hazard = once[i] + keep * hazard;
    expected[i] = share[i] * hazard;
    keep = 1.0 - share[i];
  }
  const double* of = curvature_at(sets, block).of_tied;
  for (const TiedGroup& group : sets.tied) {
    const double more = sets.events[group.last] - once[group.last];
    for (std::size_t e = group.begin; e < group.end; ++e) {
      double& at = expected[sets.tied_place[e]];
      at = std::max(at + more * of[e], 0.0);
    }
  }
  std::copy(sets.own.begin(), sets.own.end(), theta);
  for (std::size_t i = 0; i < m; ++i) theta[sets.row[i]] -= expected[i];
}

void curve(const RiskSets& sets, const double* block, const double* v, std::size_t count,
           std::size_t ld, double* out, std::vector<double>& scratch) {
  const Curvature c = curvature_at(sets, block);
  const std::size_t n = sets.n, m = sets.places(), wide = count > 1 ? lanes : 1;
  scratch.resize((2 * m + sets.tied.size()) * wide);
  double *some = scratch.data(), *mean = some + m * wide, *ties = mean + m * wide;
  for (std::size_t k = 0; k < count; k += wide) {
    const std::size_t now = std::min(wide, count - k);
    if (now < wide) std::fill_n(some, m * wide, 0.0);
    for (std::size_t i = 0; i < m; ++i)
      for (std::size_t l = 0; l < now; ++l) some[i * wide + l] = v[(k + l) * ld + sets.row[i]];
    if (wide == 1) curve_block<1>(sets, c, forward_one, backward_one, some, mean, ties);
    else curve_block<lanes>(sets, c, forward_lanes, backward_lanes, some, mean, ties);
    for (std::size_t l = 0; m < n && l < now; ++l) std::fill_n(out + (k + l) * ld, n, 0.0);
    for (std::size_t i = 0; i < m; ++i)
      for (std::size_t l = 0; l < now; ++l) out[(k + l) * ld + sets.row[i]] = some[i * wide + l];
  }
}

}  // namespace priorfit
