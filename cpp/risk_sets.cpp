#include "risk_sets.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "elementary.hpp"
#include "simd.hpp"

namespace priorfit {
namespace {

constexpr std::size_t lanes = 8;  // vectors that are curved together

PRIORFIT_CLONES void exponentials(double* x, std::size_t n) {
#pragma omp simd
  for (std::size_t i = 0; i < n; ++i) x[i] = quick_exp(x[i]);
}

// sum_i events_i (log S_i + top_i)
PRIORFIT_CLONES double sum_of_logs(const double* events, const double* sum, const double* top,
                                   std::size_t n) {
  double all = 0.0;
#pragma omp simd reduction(+ : all)
  for (std::size_t i = 0; i < n; ++i) {
    const double value = quick_log(sum[i]) + top[i];
    all += events[i] * value;
  }
  return all;
}

PRIORFIT_CLONES void divide(double* x, const double* by, std::size_t n) {
#pragma omp simd
  for (std::size_t i = 0; i < n; ++i) x[i] /= by[i];
}

// x_i, top_i and S_i of the places.
void run(const RiskSets& sets, const double* eta, RunningSums& sums) {
  const std::size_t m = sets.places();
  for (std::vector<double>* v : {&sums.x, &sums.top, &sums.sum}) v->resize(m);
  double top = 0.0;
  for (std::size_t i = 0; i < m; ++i) {
    const double x = eta[sets.row[i]] + sets.log_weight[i];
    if (sets.fresh[i] || !(x <= top)) top = x;
    sums.x[i] = x - top;
    sums.top[i] = top;
  }
  exponentials(sums.x.data(), m);
  double sum = 0.0;
  for (std::size_t i = 0; i < m; ++i) {
    if (sets.fresh[i]) sum = 0.0;
    else if (sums.top[i] != sums.top[i - 1]) sum *= std::exp(sums.top[i - 1] - sums.top[i]);
    sums.sum[i] = sum += sums.x[i];
  }
}

// The tied events' shares among themselves into `of`, and of the risk set: sum e_tied / S.
double tied_share(const RiskSets& sets, const TiedGroup& group, const double* eta,
                  const RunningSums& sums, double* of) {
  double top = -std::numeric_limits<double>::infinity(), total = 0.0;
  const auto log_term = [&](std::size_t e) {
    const std::size_t i = sets.tied_place[e];
    return eta[sets.row[i]] + sets.log_weight[i];
  };
  for (std::size_t e = group.begin; e < group.end; ++e) top = std::max(top, log_term(e));
  for (std::size_t e = group.begin; e < group.end; ++e)
    total += of[e] = std::exp(log_term(e) - top);
  for (std::size_t e = group.begin; e < group.end; ++e) of[e] /= total;
  return std::min(1.0, total * std::exp(top - sums.top[group.last]) / sums.sum[group.last]);
}

double own_terms(const RiskSets& sets, const double* eta) {
  return -dot(sets.own.data(), eta, sets.n);
}

// v and mean, place by place and `K` numbers each: v <- H v but for the ties' last part.
template <std::size_t K>
PRIORFIT_INLINE void forward(std::size_t m, const double* share, const double* v, double* mean) {
  double now[K] = {};
  for (std::size_t i = 0; i < m; ++i) {
    const double u = share[i], keep = 1.0 - u;
    for (std::size_t k = 0; k < K; ++k)
      mean[i * K + k] = now[k] = keep * now[k] + u * v[i * K + k];
  }
}

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

}  // namespace

double partial_likelihood(const RiskSets& sets, const double* eta, RunningSums& sums) {
  run(sets, eta, sums);
  double loss = own_terms(sets, eta) + sum_of_logs(sets.events.data(), sums.sum.data(),
                                                   sums.top.data(), sets.places());
  std::vector<double> of(sets.tied_place.size());
  for (std::size_t g = 0; g < sets.tied.size(); ++g) {
    const double share = tied_share(sets, sets.tied[g], eta, sums, of.data());
    for (std::size_t e = sets.tied[g].begin; e < sets.tied[g].end; ++e)
      loss += sets.mean_weight[g] * std::log1p(-sets.rank[e] * share);
  }
  return loss;
}

std::size_t curvature_size(const RiskSets& sets) {
  return 3 * sets.places() + 2 * sets.tied.size() + sets.tied_place.size();
}

Curvature curvature_at(const RiskSets& sets, const double* block) {
  const std::size_t m = sets.places(), groups = sets.tied.size();
  const double* ties = block + 3 * m;
  return {block, block + m, block + 2 * m, ties, ties + groups, ties + 2 * groups};
}

void derive(const RiskSets& sets, const double* eta, RunningSums& sums, double* theta,
            double* block) {
  const std::size_t m = sets.places(), groups = sets.tied.size();
  double *expected = block, *share = block + m, *twice = block + 2 * m, *mix = block + 3 * m;
  double *rest = mix + groups, *of = rest + groups;
  run(sets, eta, sums);
  std::copy(sums.x.begin(), sums.x.end(), share);
  divide(share, sums.sum.data(), m);
  std::copy(sets.events.begin(), sets.events.end(), twice);
  std::vector<double>& once = sums.x;  // has served
  std::copy(sets.events.begin(), sets.events.end(), once.begin());
  for (std::size_t g = 0; g < groups; ++g) {
    const TiedGroup& group = sets.tied[g];
    const double among = tied_share(sets, group, eta, sums, of), w = sets.events[group.last];
    double first = 0.0, second = 0.0;
    for (std::size_t e = group.begin; e < group.end; ++e) {
      const double left = 1.0 - sets.rank[e] * among;
      first += sets.mean_weight[g] / left;
      second += sets.mean_weight[g] / (left * left);
    }
    once[group.last] = first;
    twice[group.last] = second;
    mix[g] = first - second;
    rest[g] = w - 2.0 * first + second;
  }
  double hazard = 0.0, keep = 0.0;
  for (std::size_t i = m; i-- > 0; keep = 1.0 - share[i]) {
    hazard = once[i] + keep * hazard;
    expected[i] = share[i] * hazard;
  }
  for (std::size_t g = 0; g < groups; ++g)
    for (std::size_t e = sets.tied[g].begin; e < sets.tied[g].end; ++e) {
      const TiedGroup& group = sets.tied[g];
      expected[sets.tied_place[e]] += of[e] * (sets.events[group.last] - once[group.last]);
    }
  std::copy(sets.own.begin(), sets.own.end(), theta);
  for (std::size_t i = 0; i < m; ++i) {
    expected[i] = std::max(expected[i], 0.0);
    theta[sets.row[i]] -= expected[i];
  }
}

void curve(const RiskSets& sets, const double* block, const double* v, std::size_t ld,
           std::size_t count, double* out, std::vector<double>& scratch) {
  const Curvature c = curvature_at(sets, block);
  const std::size_t m = sets.places(), groups = sets.tied.size();
  const std::size_t wide = count > 1 ? lanes : 1;
  scratch.resize((2 * m + groups) * wide);
  double *some = scratch.data(), *mean = some + m * wide, *ties = mean + m * wide;
  for (std::size_t k = 0; k < count; k += wide) {
    const std::size_t now = std::min(wide, count - k);
    if (now < wide) std::fill_n(some, m * wide, 0.0);
    for (std::size_t i = 0; i < m; ++i)
      for (std::size_t c1 = 0; c1 < now; ++c1)
        some[i * wide + c1] = v[(k + c1) * ld + sets.row[i]];
    if (wide == 1) curve_block<1>(sets, c, forward_one, backward_one, some, mean, ties);
    else curve_block<lanes>(sets, c, forward_lanes, backward_lanes, some, mean, ties);
    std::fill_n(out + k * sets.n, now * sets.n, 0.0);
    for (std::size_t i = 0; i < m; ++i)
      for (std::size_t c1 = 0; c1 < now; ++c1)
        out[(k + c1) * sets.n + sets.row[i]] = some[i * wide + c1];
  }
}

}  // namespace priorfit
