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

// The first address from here on at which a line of the cache begins.
inline double* aligned(double* p) {
  constexpr std::uintptr_t line = 64;
  return reinterpret_cast<double*>((reinterpret_cast<std::uintptr_t>(p) + line - 1) & ~(line - 1));
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

#if defined(__linux__)
  static constexpr std::size_t page = std::size_t{1} << 21;
#else
  static constexpr std::size_t page = 0;  // no large ones
#endif
  static constexpr std::size_t copied = std::size_t{1} << 25;  // more is moved by the system

  // In whole large pages where there are many bytes: small ones take longer to come than to fill.
  void grow(std::size_t capacity) {
    std::size_t bytes = capacity * sizeof(T);
    const bool large = page > 0 && bytes >= page / 4;
    if (large) bytes = (bytes + page - 1) / page * page;
    const std::size_t whole = bytes + (large ? page : 0), used = size_ * sizeof(T);
    const bool moves = used > copied;
    Memory grown(moves ? std::realloc(memory_.release(), whole) : std::malloc(whole));
    if (!grown) throw std::bad_alloc();
    const auto begin = reinterpret_cast<std::uintptr_t>(grown.get());
    if (!moves) before_ = large ? page - begin % page : 0;
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
