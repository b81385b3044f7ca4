// The entries of compressed columns (or rows) in the order of their places.
#pragma once

#include <algorithm>
#include <cstddef>
#include <tuple>
#include <utility>
#include <vector>

namespace priorfit {

// Whether the places of every one of `p` columns rise: sorted, none twice.
template <class I>
bool rises(const I* start, const I* place, std::size_t p) {
  const auto entries = static_cast<std::size_t>(start[p]);
  std::size_t falls = 0, between = 0;  // of all neighbours, and of those in different columns
  for (std::size_t e = 1; e < entries; ++e) falls += place[e - 1] >= place[e];
  for (std::size_t j = 1; j < p; ++j) {
    const auto e = static_cast<std::size_t>(start[j]);
    if (start[j] > start[j - 1] && e < entries) between += place[e - 1] >= place[e];
  }
  return falls == between;
}

// A copy whose places do not fall; whether none comes twice. Products of matrices leave columns in
// falling order, which is turned around; any other is sorted.
template <class T, class I>
bool put_in_order(const I* start, const I* place, const T* value, std::size_t p, I* places,
                  T* values) {
  std::vector<std::pair<I, T>> some;
  const auto rising = [](const I* begin, const I* end) {
    return std::adjacent_find(begin, end, [](I a, I b) { return a >= b; }) == end;
  };
  bool single = true;
  for (std::size_t j = 0; j < p; ++j) {
    const I begin = start[j], end = start[j + 1];
    if (end - begin > 1 && place[begin] > place[begin + 1]) {
      std::reverse_copy(place + begin, place + end, places + begin);
      std::reverse_copy(value + begin, value + end, values + begin);
    } else {
      std::copy(place + begin, place + end, places + begin);
      std::copy(value + begin, value + end, values + begin);
    }
    if (rising(places + begin, places + end)) continue;
    some.clear();
    for (I e = begin; e < end; ++e) some.emplace_back(places[e], values[e]);
    std::stable_sort(some.begin(), some.end(),
                     [](const auto& a, const auto& b) { return a.first < b.first; });
    for (I e = begin; e < end; ++e)
      std::tie(places[e], values[e]) = some[static_cast<std::size_t>(e - begin)];
    single = single && rising(places + begin, places + end);
  }
  return single;
}

}  // namespace priorfit
