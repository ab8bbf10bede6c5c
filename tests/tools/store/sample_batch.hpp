// A small results database for tests, made of values by hand.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "tools/store/store.hpp"

namespace timeslice::tools {

/// A path in the temporary folder; the file is deleted with this.
class SampleFile {
 public:
  SampleFile();
  SampleFile(const SampleFile&) = delete;
  SampleFile& operator=(const SampleFile&) = delete;
  ~SampleFile();

  std::string path;
};

[[nodiscard]] BatchInfo sample_info();

/// Parameters variant "", workers and runtime.gil; makespan 10000 ns / workers, no noise.
/// Its key is 00000000000000a<ordinal>.
[[nodiscard]] PointOutcome sample_outcome(std::uint64_t ordinal, std::uint64_t workers,
                                          std::uint64_t repeat);

[[nodiscard]] Store opened(const std::string& path);
[[nodiscard]] BatchId begun(Store& store, const BatchInfo& info);

/// Writes one finished batch.
void write_all(const std::string& path, const std::vector<PointOutcome>& outcomes, Keep keep = {});

struct SampleSweep {
  std::vector<std::uint64_t> workers;
  std::uint64_t repeat = 1;
};
void fill(const std::string& path, const SampleSweep& sweep);

/// The first cell that a query gives, as text.
[[nodiscard]] std::string one(const std::string& path, const std::string& sql);

}  // namespace timeslice::tools
