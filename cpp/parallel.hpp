// Passes over columns in several threads. Each column is the work of one thread, by the same
// operations, so that results are the same bits for any number of them.
//
// Threads begin with a pass, so that a process may be forked between two. One that the system starts
// late finds nothing left and ends: nobody waits for it. A pass inside a pass is not divided.
#pragma once

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <exception>
#include <memory>
#include <mutex>
#include <system_error>
#include <thread>

namespace priorfit {

// Of the thread that asks: how many threads its passes may use, and for how many products each;
// below, a thread costs more than it saves.
struct Division {
  std::size_t threads = 1;
  double least = 1 << 19;
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

// The blocks of one pass, taken by whoever is free.
class Blocks {
 public:
  Blocks(std::size_t count, std::size_t step) : count_(count), step_(step) {}

  template <class Work>
  void take(Work& work) {
    for (std::size_t begin; (begin = next_.fetch_add(step_)) < count_;) {
      const std::size_t end = std::min(begin + step_, count_);
      try {
        work(begin, end);
        finish(end - begin, nullptr);
      } catch (...) {  // what nobody has taken is left
        const std::size_t left = next_.exchange(count_);
        finish(end - begin + count_ - std::min(left, count_), std::current_exception());
      }
    }
  }

  // Until all that was taken is done; throws the first exception of any.
  void wait() {
    std::unique_lock<std::mutex> lock(mutex_);
    finished_.wait(lock, [this] { return done_ == count_; });
    if (failed_) std::rethrow_exception(failed_);
  }

 private:
  void finish(std::size_t size, std::exception_ptr failed) {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (failed && !failed_) failed_ = failed;
    if ((done_ += size) == count_) finished_.notify_one();
  }

  const std::size_t count_, step_;
  std::atomic<std::size_t> next_{0};
  std::mutex mutex_;
  std::condition_variable finished_;
  std::size_t done_ = 0;
  std::exception_ptr failed_;
};

// work(begin, end) over all of 0 .. count in blocks of a multiple of `unit`, by several threads
// where `products`, the multiplications of all, are worth it.
template <class Work>
void in_blocks(std::size_t count, std::size_t unit, double products, Work&& work) {
  constexpr std::size_t for_each = 8;  // blocks: a thread that is held up leaves them to others
  const std::size_t units = (count + unit - 1) / unit, threads = threads_for(products, units);
  if (threads == 1) return work(std::size_t{0}, count);
  const std::size_t many = for_each * threads, step = unit * ((units + many - 1) / many);
  const auto blocks = std::make_shared<Blocks>(count, step);
  auto* const own = &work;  // touched only for a block, before the pass is over
  try {
    for (std::size_t k = 1; k < threads; ++k)
      std::thread([blocks, own] { blocks->take(*own); }).detach();
  } catch (const std::system_error&) {  // the system has no more: those at hand do all
  }
  blocks->take(work);
  blocks->wait();
}

}  // namespace priorfit
