// Risk sets that are nested, as times without late entry are: each holds that of the next event, and
// the rows in between. The partial likelihood of Cox regression by running sums over the rows.
//
// Places are rows in risk sets, those that leave last first; one stratum after the other. With S_i
// the sum of e_k = w_k exp(eta_k) over the places up to i of a stratum and u_i = e_i / S_i, the mean
// of v over them is  mean_i = (1 - u_i) mean_{i-1} + u_i v_i,  and the transpose of all means is the
// same sum backwards. All factors are in [0, 1]: nothing overflows, and no digits cancel.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace priorfit {

// Events that tie, under Efron's correction.
struct TiedGroup {
  std::size_t last;        // the place where their risk set ends
  std::size_t begin, end;  // of the events
};

// What does not depend on eta.
struct RiskSets {
  std::size_t n;                          // rows
  std::vector<std::uint32_t> row;         // of each place
  std::vector<double> log_weight;         // of each place
  std::vector<std::size_t> strata;        // the place where each begins, and the end
  std::vector<double> events;             // by place: weight of the events whose risk set ends there
  std::vector<double> own;                // by row: weight of its own event
  std::vector<std::uint32_t> ends;        // the places where events' risk sets end
  std::vector<TiedGroup> tied;            // none under Breslow's ties
  std::vector<std::uint32_t> tied_place;  // of each of their events
  std::vector<double> rank, mean_weight;  // of each: k / m, and the mean of its group
  double total = 0.0;                     // weight of all events
  double least = 0.0;                     // of the loss

  std::size_t places() const { return row.size(); }
};

// The sums at one eta.
struct RunningSums {
  std::vector<double> eta;         // where they were taken last
  std::vector<double> e, sum;      // by place, in units of exp(top)
  std::vector<double> top;         // the largest log e so far; empty where one serves all places
  double one_top;                  // then this
  std::vector<double> left, once;  // of tied events 1 - k phi / m; scratch by place
};

// Minus the log partial likelihood at eta, its ties included.
double partial_likelihood(const RiskSets& sets, const double* eta, RunningSums& sums);

// -L*(-share theta) of Breslow's likelihood L, in closed form. With m_j = own_j - share theta_j the
// hazard that row j meets, d the weight of the events at one time and r = - sum of share theta over
// their risk set, which is what it would have met before,
//   - sum_j m_j log(m_j / w_j) + sum_events (r + d) log(r + d) - r log r:
// -inf where a hazard is negative.
double dual_of_partial_likelihood(const RiskSets& sets, const double* theta, double share,
                                  std::vector<double>& scratch);

// The second derivative diag(expected) - M'M at one eta.
struct Curvature {
  const double *expected, *share, *twice;  // by place
  const double *mix, *rest, *of_tied;      // by tied group (2), by tied event
};

// How many numbers say a Curvature, and where each stands among them.
std::size_t curvature_size(const RiskSets& sets);
Curvature curvature_at(const RiskSets& sets, const double* block);

// theta = - d loss / d eta (n) and the Curvature, as a block, at eta.
void derive(const RiskSets& sets, const double* eta, RunningSums& sums, double* theta,
            double* block);

// out_k = H v_k for `count` vectors by row; v_k = v + k ld, out_k = out + k ld. They may be the same.
void curve(const RiskSets& sets, const double* block, const double* v, std::size_t count,
           std::size_t ld, double* out, std::vector<double>& scratch);

}  // namespace priorfit
