// Numbers whose values are given later: memory is neither cleared nor touched before it is used.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
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

// Memory that begins a line of the cache. Where it is large it is whole large pages: these come in
// few pieces, and the system moves them without a copy.
class Memory {
 public:
  Memory() = default;
  Memory(Memory&& other) noexcept { swap(other); }
  Memory& operator=(Memory&& other) noexcept {
    swap(other);
    return *this;
  }
  ~Memory() { give_back(); }

  void* at() const { return at_; }

  // At least `bytes` of them; the first `kept` are as they were.
  void grow(std::size_t bytes, std::size_t kept) {
    Memory grown;
    grown.take(bytes);
    if (!grown.move_pages(*this) && kept > 0) std::memcpy(grown.at_, at_, kept);
    swap(grown);
  }

 private:
  void swap(Memory& other) noexcept {
    std::swap(at_, other.at_);
    std::swap(bytes_, other.bytes_);
  }

#if defined(__linux__)
  bool is_mapped() const { return bytes_ >= large_page; }

  void take(std::size_t bytes) {
    bytes_ = bytes;
    if (!is_mapped()) return take_new();
    bytes_ = rounded_up(bytes, large_page);
    void* found = mmap(nullptr, bytes_ + large_page, PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (found == MAP_FAILED) throw std::bad_alloc();
    const auto begin = reinterpret_cast<std::uintptr_t>(found);
    const std::uintptr_t from = rounded_up(begin, large_page), end = from + bytes_;
    at_ = reinterpret_cast<void*>(from);
    if (from > begin) munmap(found, from - begin);
    munmap(reinterpret_cast<void*>(end), begin + large_page - from);
    madvise(at_, bytes_, MADV_HUGEPAGE);
  }

  // Whether the pages of `old` are here now.
  bool move_pages(Memory& old) {
    if (!is_mapped() || !old.is_mapped()) return false;
    if (mremap(old.at_, old.bytes_, bytes_, MREMAP_MAYMOVE | MREMAP_FIXED, at_) == MAP_FAILED)
      return false;
    old.at_ = nullptr, old.bytes_ = 0;
    return true;
  }

  void give_back() {
    if (is_mapped())
      munmap(at_, bytes_);
    else
      give_back_new();
  }
#else
  void take(std::size_t bytes) {
    bytes_ = bytes;
    take_new();
  }

  bool move_pages(Memory&) { return false; }

  void give_back() { give_back_new(); }
#endif

  void take_new() { at_ = ::operator new(bytes_, std::align_val_t(line)); }

  void give_back_new() {
    if (at_) ::operator delete(at_, std::align_val_t(line));
  }

  void* at_ = nullptr;
  std::size_t bytes_ = 0;
};

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
