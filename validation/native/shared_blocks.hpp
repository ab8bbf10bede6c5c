// Blocks of shared memory that native runs make, and their removal, whatever became of the run.
//
// A block's name begins with the process number of the timeslice that started the run. Python's
// tracker of blocks frees them as well, unless it is killed with its process group. Cost: a look
// at the directory of blocks.
#pragma once

#include <cstdint>
#include <string>

#include "models/pool/executor_spec.hpp"

namespace timeslice::validation {

/// Whether items of `executor` travel in blocks: those of pools, where the codec says so.
[[nodiscard]] bool uses_shared_blocks(const models::ExecutorSpec& executor);

/// What the names of this process's blocks begin with.
[[nodiscard]] std::string own_block_prefix();

/// Bytes that are free for blocks; 0 where there is no shared memory.
[[nodiscard]] std::int64_t shared_memory_free();

/// Removes this user's blocks of `maker`, and those whose makers are dead.
void remove_blocks(std::int32_t maker);

/// Removes this process's blocks, and abandoned ones, at its end.
class SharedBlocksGuard {
 public:
  SharedBlocksGuard() = default;
  SharedBlocksGuard(const SharedBlocksGuard&) = delete;
  SharedBlocksGuard& operator=(const SharedBlocksGuard&) = delete;
  ~SharedBlocksGuard();
};

}  // namespace timeslice::validation
