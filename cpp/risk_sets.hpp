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

// Places that tie at the time of an event, under Efron's correction.
struct TiedGroup {
  std::size_t last;        // the place where its risk set ends
  std::size_t begin, end;  // of its events
};

// What does not depend on eta.
struct RiskSets {
  std::size_t n;                         // rows
  std::vector<std::uint32_t> row;        // of each place
  std::vector<double> log_weight;        // of each place
  std::vector<char> fresh;               // whether a stratum begins at the place
  std::vector<double> events;            // by place: weight of the events whose risk set ends there
  std::vector<double> own;               // (n) weight of the row's own event
  std::vector<TiedGroup> tied;           // empty under Breslow's ties
  std::vector<std::uint32_t> tied_place; // of each event of a tied group
  std::vector<double> rank;              // k / m of each of them
  std::vector<double> mean_weight;       // of each tied group, over its events
  double least = 0.0;                    // of the loss

  std::size_t places() const { return row.size(); }
};

// Of e_i and S_i at each place; sums are in units of exp(top_i), the largest term so far.
struct RunningSums {
  std::vector<double> x, top, sum;  // log e_i - top_i, then u_i; top_i; S_i
};

// Fills `sums` at eta; returns minus the log partial likelihood, its ties included.
double partial_likelihood(const RiskSets& sets, const double* eta, RunningSums& sums);

// The second derivative diag(expected) - M'M at one eta, in places.
struct Curvature {
  const double *expected, *share, *twice;  // by place
  const double *mix, *rest, *of_tied;      // by tied group (2), by tied event
};

// How many numbers a Curvature holds, and where they stand in a block.
std::size_t curvature_size(const RiskSets& sets);
Curvature curvature_at(const RiskSets& sets, const double* block);

// theta = - d loss / d eta (n) and the Curvature, as a block, at eta.
void derive(const RiskSets& sets, const double* eta, RunningSums& sums, double* theta,
            double* block);

// out_k = H v_k for `count` vectors by row; v_k = v + k ld, out_k = out + k n. They may be the same.
void curve(const RiskSets& sets, const double* block, const double* v, std::size_t ld,
           std::size_t count, double* out, std::vector<double>& scratch);

}  // namespace priorfit
