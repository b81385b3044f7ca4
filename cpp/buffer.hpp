// Numbers whose values are given later: memory is neither cleared nor touched before it is used.
#pragma once

#include <cstddef>
#include <cstdint>

#include "memory.hpp"

#if defined(__linux__)
#include <unistd.h>
#endif

namespace priorfit {

// Whether a copy of so many bytes is small beside the memory of this machine.
inline bool is_affordable(std::size_t bytes) {
#if defined(__linux__)
  const double memory = static_cast<double>(sysconf(_SC_PHYS_PAGES)) *
                        static_cast<double>(sysconf(_SC_PAGESIZE));
#else
  constexpr double memory = 8e9;
#endif
  return static_cast<double>(bytes) <= memory / 8.0;
}

// The first address from here on at which a line of the cache begins.
inline double* aligned(double* p) {
  return reinterpret_cast<double*>(rounded_up(reinterpret_cast<std::uintptr_t>(p), line));
}

// How far apart columns of n numbers T lie that all begin a line of the cache, and do not all
// compete for the same part of it.
template <class T>
std::size_t leading_dimension(std::size_t n) {
  std::size_t lines = rounded_up(n * sizeof(T), line) / line;
  if (lines % 8 == 0) ++lines;
  return lines * line / sizeof(T);
}

template <class T>
class Buffer {
 public:
  explicit Buffer(std::size_t size = 0) { resize(size); }

  std::size_t size() const { return size_; }
  T* data() { return static_cast<T*>(memory_.at()); }
  const T* data() const { return static_cast<const T*>(memory_.at()); }

  // What is there is kept.
  void resize(std::size_t size) {
    if (size > capacity_) {
      const std::size_t capacity = size > 2 * capacity_ ? size : 2 * capacity_;
      memory_.grow(capacity * sizeof(T), size_ * sizeof(T));
      capacity_ = capacity;
    }
    size_ = size;
  }

 private:
  Memory memory_;
  std::size_t size_ = 0, capacity_ = 0;
};

}  // namespace priorfit
