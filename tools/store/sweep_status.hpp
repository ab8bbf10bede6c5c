// How far the sweeps in database files are, from the files alone: no scheduler is asked.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "tools/batch/shard.hpp"
#include "tools/store/store_error.hpp"

namespace timeslice::tools {

/// One batch of one file.
struct BatchStatus {
  std::string file;
  std::string scenario;
  std::string sweep;  // digest of its points; empty: of an older version
  std::optional<Shard> shard = {};
  std::uint64_t all_points = 0;  // of the whole sweep; 0: of an older version
  std::uint64_t done = 0;        // points with all their repetitions, failed ones included
  std::uint64_t failed = 0;      // of them, with a run that did not end well
  std::uint64_t runs = 0;
  bool finished = false;
  bool running = false;  // another process holds the file's lock

  /// Points that this batch is to have.
  [[nodiscard]] std::uint64_t planned() const {
    return shard ? shard->points_of(all_points) : all_points;
  }
};

/// The newest batch of each sweep in `file`.
[[nodiscard]] std::variant<std::vector<BatchStatus>, StoreError> batch_status(
    const std::string& file);

}  // namespace timeslice::tools
