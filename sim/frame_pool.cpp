#include "sim/frame_pool.hpp"

#include <new>

#include "sim/expect.hpp"

namespace timeslice::sim {

FramePool::~FramePool() {
  expect(live_ == 0, "every process is destroyed before its frame pool");
}

void* FramePool::allocate(std::size_t bytes) {
  const std::size_t steps = (bytes + sizeof(Header) + step - 1) / step;
  std::byte* block = nullptr;
  if (steps > classes) {
    block = static_cast<std::byte*>(::operator new(steps * step));
    bytes_ += steps * step;
  } else if (free_[steps] != nullptr) {
    FreeBlock* const head = free_[steps];
    free_[steps] = head->next;
    block = reinterpret_cast<std::byte*>(head);
  } else {
    block = static_cast<std::byte*>(cut_from_slab(steps * step));
  }
  new (block) Header{.pool = this, .bytes = steps * step};
  ++live_;
  return block + sizeof(Header);
}

void FramePool::release(void* block) {
  auto* const header =
      std::launder(reinterpret_cast<Header*>(static_cast<std::byte*>(block) - sizeof(Header)));
  header->pool->take_back(header);
}

void FramePool::take_back(Header* header) {
  --live_;
  const std::size_t bytes = header->bytes;
  if (bytes > classes * step) {
    bytes_ -= bytes;
    ::operator delete(header);
    return;
  }
  free_[bytes / step] = new (header) FreeBlock{.next = free_[bytes / step]};
}

void* FramePool::cut_from_slab(std::size_t bytes) {
  if (unused_bytes_ < bytes) {
    // The rest of the old slab is lost: less than one frame in 64 KiB.
    slabs_.push_back(std::make_unique<std::byte[]>(slab_bytes));
    unused_ = slabs_.back().get();
    unused_bytes_ = slab_bytes;
    bytes_ += slab_bytes;
  }
  std::byte* const block = unused_;
  unused_ += bytes;
  unused_bytes_ -= bytes;
  return block;
}

}  // namespace timeslice::sim
