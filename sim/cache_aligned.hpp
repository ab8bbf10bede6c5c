// An allocator whose blocks start on a cache line, for arrays where a group must share one line.
#pragma once

#include <cstddef>
#include <new>

namespace timeslice::sim {

/// Bytes in a cache line: 64 on every x86-64 and on the Arm servers that we know of.
inline constexpr std::size_t cache_line_bytes = 64;

template <typename T>
struct CacheAligned {
  using value_type = T;

  CacheAligned() = default;
  template <typename U>
  explicit(false) CacheAligned(const CacheAligned<U>& /*other*/) {}  // allocators must convert

  [[nodiscard]] T* allocate(std::size_t count) {
    return static_cast<T*>(::operator new(count * sizeof(T), std::align_val_t{cache_line_bytes}));
  }
  void deallocate(T* block, std::size_t count) {
    ::operator delete(block, count * sizeof(T), std::align_val_t{cache_line_bytes});
  }
  friend bool operator==(const CacheAligned& /*a*/, const CacheAligned& /*b*/) { return true; }
};

}  // namespace timeslice::sim
