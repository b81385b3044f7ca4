// Memory that begins a line of the cache. Where it is large it is whole large pages, which come in
// few pieces and are moved without a copy; those that a fit gives back serve the next.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <mutex>
#include <new>
#include <utility>

#if defined(__linux__)
#include <sys/mman.h>
#endif

namespace priorfit {

constexpr std::size_t line = 64;                          // bytes of a line of the cache
constexpr std::size_t large_page = std::size_t{1} << 21;  // bytes

inline std::size_t rounded_up(std::size_t bytes, std::size_t unit) {
  return (bytes + unit - 1) / unit * unit;
}

#if defined(__linux__)

// Ranges of whole large pages. None of them is backed before it is touched.
namespace pages {

inline void* map(void* at, std::size_t bytes, int flags = 0) {
  void* found = mmap(at, bytes, PROT_READ | PROT_WRITE,
                     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | flags, -1, 0);
  if (found == MAP_FAILED) throw std::bad_alloc();
  return found;
}

inline char* reserve(std::size_t bytes) {
  void* found = map(nullptr, bytes + large_page);
  const auto begin = reinterpret_cast<std::uintptr_t>(found);
  const std::uintptr_t from = rounded_up(begin, large_page), end = from + bytes;
  if (from > begin) munmap(found, from - begin);
  munmap(reinterpret_cast<void*>(end), begin + large_page - from);
  char* at = reinterpret_cast<char*>(from);
  madvise(at, bytes, MADV_HUGEPAGE);
  return at;
}

// What lies at `from` lies at `to` now. One page at a time: neighbours may have come from two
// ranges, which the system would not move together.
inline void move(char* from, char* to, std::size_t bytes) {
  for (std::size_t i = 0; i < bytes; i += large_page) {
    if (mremap(from + i, large_page, large_page, MREMAP_MAYMOVE | MREMAP_FIXED, to + i) !=
        MAP_FAILED)
      continue;
    map(to + i, large_page, MAP_FIXED);  // a move that fails may have taken it away
    std::memcpy(to + i, from + i, large_page);
    munmap(from + i, large_page);
  }
}

}  // namespace pages

// Pages that one fit has given back and the next will want. A page that is new to the process is
// cleared first, and a virtual machine may have to ask its host for it: up to 5 ms.
class SparePages {
 public:
  static SparePages& of_process() {
    static SparePages* const spare = new SparePages;  // never destroyed: a fit may outlive it
    return *spare;
  }

  // Moves pages to the untouched range, from its begin on, as far as there are any.
  void fill(char* at, std::size_t bytes) {
    const std::unique_lock<std::mutex> own(busy_, std::try_to_lock);
    if (!own) return;
    for (; bytes > 0 && count_ > 0; at += large_page, bytes -= large_page)
      pages::move(pages_[--count_], at, large_page);
  }

  // Takes the range: as many of its pages as may be kept, the rest goes to the system.
  void keep(char* at, std::size_t bytes) {
    const std::unique_lock<std::mutex> own(busy_, std::try_to_lock);
    for (; own && bytes > 0 && count_ < pages_.size(); at += large_page, bytes -= large_page)
      pages_[count_++] = at;
    if (bytes > 0) munmap(at, bytes);
  }

 private:
  std::mutex busy_;  // who finds it busy does without: no thread waits, nor a forked process
  std::array<char*, 32> pages_{};
  std::size_t count_ = 0;
};

#endif

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
    grown.take(bytes, *this);
    if (at_ && kept > 0) std::memcpy(grown.at_, at_, kept);
    swap(grown);
  }

 private:
  void swap(Memory& other) noexcept {
    std::swap(at_, other.at_);
    std::swap(bytes_, other.bytes_);
  }

#if defined(__linux__)
  bool is_mapped() const { return bytes_ >= large_page; }

  // Takes the pages of `old` where both have any.
  void take(std::size_t bytes, Memory& old) {
    bytes_ = bytes;
    if (!is_mapped()) return take_new();
    bytes_ = rounded_up(bytes, large_page);
    char* at = pages::reserve(bytes_);
    at_ = at;
    std::size_t moved = 0;
    if (old.is_mapped()) {
      moved = old.bytes_;
      pages::move(static_cast<char*>(old.at_), at, moved);
      old.at_ = nullptr, old.bytes_ = 0;
    }
    SparePages::of_process().fill(at + moved, bytes_ - moved);
  }

  void give_back() {
    if (is_mapped())
      SparePages::of_process().keep(static_cast<char*>(at_), bytes_);
    else
      give_back_new();
  }
#else
  void take(std::size_t bytes, Memory&) {
    bytes_ = bytes;
    take_new();
  }

  void give_back() { give_back_new(); }
#endif

  void take_new() { at_ = ::operator new(bytes_, std::align_val_t(line)); }

  void give_back_new() {
    if (at_) ::operator delete(at_, std::align_val_t(line));
  }

  void* at_ = nullptr;
  std::size_t bytes_ = 0;
};

}  // namespace priorfit
