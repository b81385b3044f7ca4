// Numbers whose values are given later: memory is neither cleared nor touched before it is used.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdlib>
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

  // What is there is kept; the system moves large blocks without a copy.
  void resize(std::size_t size) {
    if (size > capacity_) {
      const std::size_t capacity = size > 2 * capacity_ ? size : 2 * capacity_;
      void* grown = std::realloc(data_.get(), capacity * sizeof(T));
      if (!grown) throw std::bad_alloc();
      (void)data_.release();
      data_.reset(static_cast<T*>(grown));
      capacity_ = capacity;
      ask_for_large_pages();
    }
    size_ = size;
  }

 private:
  struct Free {
    void operator()(T* p) const { std::free(p); }
  };

  // A hint: memory that is handed out in few large pieces costs less.
  void ask_for_large_pages() {
#if defined(__linux__)
    constexpr std::size_t page = std::size_t{1} << 21;
    const auto begin = (reinterpret_cast<std::uintptr_t>(data_.get()) + page - 1) & ~(page - 1);
    const auto end = reinterpret_cast<std::uintptr_t>(data_.get() + capacity_) & ~(page - 1);
    if (end > begin) madvise(reinterpret_cast<void*>(begin), end - begin, MADV_HUGEPAGE);
#endif
  }

  std::unique_ptr<T, Free> data_;
  std::size_t size_ = 0, capacity_ = 0;
};

}  // namespace priorfit
