// Passes over columns in several threads. Each column is the work of one thread, by the same
// operations, so that results are the same bits for any number of them.
//
// Threads begin with a pass and end with it: a process may be forked between two passes, and
// nothing waits for work. A pass inside another's thread runs in that thread.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <exception>
#include <mutex>
#include <system_error>
#include <thread>
#include <vector>

namespace priorfit {

// Of the thread that asks: how many threads its passes may use, and for how many products each;
// below, a thread costs more than it saves.
struct Division {
  std::size_t threads = 1;
  double least = 1 << 21;
};

inline Division& division() {
  thread_local Division own;
  return own;
}

// How many threads are worth their start for so many products and so many units.
inline std::size_t threads_for(double products, std::size_t units) {
  const Division& own = division();
  if (own.threads == 1 || products < 2.0 * own.least) return 1;
  const double fed = std::min(products / own.least, static_cast<double>(own.threads));
  return std::max<std::size_t>(1, std::min(static_cast<std::size_t>(fed), units));
}

// work(begin, end) over all of 0 .. count in blocks of a multiple of `unit`, whichever thread is
// free. `products`: the multiplications of all. The first exception of any is thrown here.
template <class Work>
void in_blocks(std::size_t count, std::size_t unit, double products, Work&& work) {
  constexpr std::size_t for_each = 8;  // blocks: a thread that is held up leaves them to others
  const std::size_t units = (count + unit - 1) / unit, threads = threads_for(products, units);
  if (threads == 1) {
    work(std::size_t{0}, count);
    return;
  }
  const std::size_t blocks = for_each * threads;
  const std::size_t step = unit * std::max<std::size_t>(1, (units + blocks - 1) / blocks);
  std::atomic<std::size_t> next{0};
  std::exception_ptr failed;
  std::mutex failing;
  const auto take = [&] {
    try {
      for (std::size_t begin; (begin = next.fetch_add(step)) < count;)
        work(begin, std::min(begin + step, count));
    } catch (...) {
      next = count;  // the others stop
      const std::lock_guard<std::mutex> lock(failing);
      if (!failed) failed = std::current_exception();
    }
  };
  std::vector<std::thread> others;
  others.reserve(threads - 1);
  try {
    while (others.size() < threads - 1) others.emplace_back(take);
  } catch (const std::system_error&) {  // the system has no more: those at hand do all
  }
  take();
  for (std::thread& other : others) other.join();
  if (failed) std::rethrow_exception(failed);
}

}  // namespace priorfit
