// Numbers whose values are given later: memory is neither cleared nor touched before it is used.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <new>

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
  T* data() { return data_.get(); }
  const T* data() const { return data_.get(); }

  // What is there is kept.
  void resize(std::size_t size) {
    if (size > capacity_) grow(size > 2 * capacity_ ? size : 2 * capacity_);
    size_ = size;
  }

 private:
  struct Free {
    void operator()(T* p) const { std::free(p); }
  };

  void grow(std::size_t capacity) {
#if defined(__linux__)
    if (capacity * sizeof(T) >= page / 2) return grow_by_pages(capacity);
#endif
    void* grown = std::realloc(data_.get(), capacity * sizeof(T));
    if (!grown) throw std::bad_alloc();
    (void)data_.release();
    data_.reset(static_cast<T*>(grown));
    capacity_ = capacity;
  }

#if defined(__linux__)
  static constexpr std::size_t page = std::size_t{1} << 21;

  // Whole large pages, if the system has them: memory handed out in small ones takes longer to come
  // than to fill.
  void grow_by_pages(std::size_t capacity) {
    const std::size_t bytes = (capacity * sizeof(T) + page - 1) / page * page;
    void* grown = std::aligned_alloc(page, bytes);
    if (!grown) throw std::bad_alloc();
    madvise(grown, bytes, MADV_HUGEPAGE);
    if (size_ > 0) std::memcpy(grown, data_.get(), size_ * sizeof(T));
    data_.reset(static_cast<T*>(grown));
    capacity_ = bytes / sizeof(T);
  }
#endif

  std::unique_ptr<T, Free> data_;
  std::size_t size_ = 0, capacity_ = 0;
};

}  // namespace priorfit
