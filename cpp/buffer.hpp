// Numbers whose values are given later: memory is neither cleared nor touched before it is used.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <new>
#include <utility>

#if defined(__linux__)
#include <sys/mman.h>
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

constexpr std::size_t line = 64;                           // bytes of a line of the cache
constexpr std::size_t large_page = std::size_t{1} << 21;  // bytes

inline std::size_t rounded_up(std::size_t bytes, std::size_t unit) {
  return (bytes + unit - 1) / unit * unit;
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
  T* data() { return data_; }
  const T* data() const { return data_; }

  // What is there is kept.
  void resize(std::size_t size) {
    if (size > capacity_) grow(size > 2 * capacity_ ? size : 2 * capacity_);
    size_ = size;
  }

 private:
  struct Free {
    void operator()(void* p) const { std::free(p); }
  };

  static constexpr std::size_t copied = std::size_t{1} << 25;  // more is moved by the system

  // From the beginning of a line of the cache; in whole large pages where there are many bytes: small
  // ones take longer to come than to fill.
  void grow(std::size_t capacity) {
    std::size_t bytes = capacity * sizeof(T);
    const bool large = bytes >= large_page / 4;
    const std::size_t unit = large ? large_page : line, used = size_ * sizeof(T);
    bytes = rounded_up(bytes, unit);
    const bool moves = used > copied;
    Memory grown(moves ? std::realloc(memory_.release(), bytes + unit) : std::malloc(bytes + unit));
    if (!grown) throw std::bad_alloc();
    const auto begin = reinterpret_cast<std::uintptr_t>(grown.get());
    if (!moves) before_ = unit - begin % unit;
    T* data = reinterpret_cast<T*>(begin + before_);
#if defined(__linux__)
    if (large && !moves) madvise(data, bytes, MADV_HUGEPAGE);  // a hint
#endif
    if (!moves && used > 0) std::memcpy(data, data_, used);
    memory_ = std::move(grown);
    data_ = data;
    capacity_ = bytes / sizeof(T);
  }

  using Memory = std::unique_ptr<void, Free>;

  Memory memory_;
  T* data_ = nullptr;
  std::size_t size_ = 0, capacity_ = 0, before_ = 0;  // before: bytes of it before the data
};

}  // namespace priorfit
