#include "sim/frame_pool.hpp"

#include <cstdint>
#include <cstring>
#include <vector>

#include <gtest/gtest.h>

namespace timeslice::sim {
namespace {

TEST(FramePool, blocks_are_aligned_apart_and_used_again) {
  FramePool pool;
  std::vector<void*> blocks;
  for (std::size_t size = 1; size < 6000; size += 37) {
    void* block = pool.allocate(size);
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(block) % 16, 0U);
    std::memset(block, 0xab, size);
    blocks.push_back(block);
  }
  EXPECT_EQ(pool.live(), blocks.size());
  for (void* block : blocks) {
    FramePool::release(block);
  }
  EXPECT_EQ(pool.live(), 0U);
  const std::size_t held = pool.bytes();
  for (std::size_t size = 1; size < 4000; size += 37) {
    blocks.push_back(pool.allocate(size));
  }
  EXPECT_EQ(pool.bytes(), held) << "everything came from the free lists";
  while (pool.live() > 0) {
    FramePool::release(blocks.back());
    blocks.pop_back();
  }
}

TEST(FramePool, a_block_goes_back_to_its_own_pool) {
  FramePool one;
  FramePool other;
  void* const first = one.allocate(100);
  void* const second = other.allocate(100);
  FramePool::release(first);
  EXPECT_EQ(one.live(), 0U);
  EXPECT_EQ(other.live(), 1U);
  FramePool::release(second);
}

TEST(FramePoolDeathTest, a_frame_must_not_outlive_its_pool) {
  EXPECT_DEATH(
      {
        FramePool pool;
        [[maybe_unused]] void* const kept = pool.allocate(10);
      },
      "before its frame pool");
}

}  // namespace
}  // namespace timeslice::sim
