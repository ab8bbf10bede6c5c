// Memory for coroutine frames: free lists by size class, so that no frame costs an allocation
// once as many of its size have lived at the same time before.
//
// Each block starts with a header that names its pool; so a frame finds its way home by itself.
// Not for threads: a pool belongs to one engine, and an engine to one thread at a time.
#pragma once

#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

namespace timeslice::sim {

class FramePool {
 public:
  FramePool() = default;
  FramePool(const FramePool&) = delete;
  FramePool& operator=(const FramePool&) = delete;
  /// Requires: every block has been given back, so no coroutine outlives its pool.
  ~FramePool();

  /// A block of at least `bytes`, aligned for any ordinary type.
  [[nodiscard]] void* allocate(std::size_t bytes);
  /// Gives back a block from any pool's allocate().
  static void release(void* block);

  /// Blocks that are in use now.
  [[nodiscard]] std::size_t live() const { return live_; }
  /// Memory held, in use or free, in bytes.
  [[nodiscard]] std::size_t bytes() const { return bytes_; }

 private:
  static constexpr std::size_t step = 64;  // size classes are multiples of a cache line
  static constexpr std::size_t classes = 64;
  static constexpr std::size_t slab_bytes = std::size_t{64} * 1024;

  struct alignas(__STDCPP_DEFAULT_NEW_ALIGNMENT__) Header {
    FramePool* pool;
    std::size_t bytes;
  };
  struct FreeBlock {
    FreeBlock* next;
  };
  static_assert(sizeof(Header) == 16);

  [[nodiscard]] void* cut_from_slab(std::size_t bytes);
  void take_back(Header* header);

  std::array<FreeBlock*, classes + 1> free_{};  // by size in steps; the headers are part of it
  std::vector<std::unique_ptr<std::byte[]>> slabs_;
  std::byte* unused_ = nullptr;  // the part of the last slab that was never handed out
  std::size_t unused_bytes_ = 0;
  std::size_t live_ = 0;
  std::size_t bytes_ = 0;
};

/// What the first parameter of a process must offer, so that its frame is pooled.
template <typename T>
concept HasFramePool = requires(T& owner) {
  { owner.frame_pool() } -> std::same_as<FramePool&>;
};

}  // namespace timeslice::sim
