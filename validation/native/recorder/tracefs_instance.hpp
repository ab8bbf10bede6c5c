// A private tracing instance of the kernel: its own buffers, events and switch; others' tracing is
// left alone.
//
// Never mounts anything: tracefs is used where it is mounted. Removed with this object; those that
// killed processes left behind are removed when the next one is made. Costs a few ms to make.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "sim/result.hpp"

namespace timeslice::validation {

/// Kernel memory of all buffers of one instance together, and of one CPU at most.
constexpr std::uint64_t tracefs_bytes = 256ULL << 20U;
constexpr std::uint64_t tracefs_cpu_bytes = 16ULL << 20U;

/// Where tracefs is mounted, or why it cannot be used.
[[nodiscard]] sim::Result<std::string> tracefs_root();

/// Removes instances of this program whose process is gone; how many.
std::uint64_t remove_stale_instances(const std::string& root);

/// Names of all instances of this program.
[[nodiscard]] std::vector<std::string> own_instances(const std::string& root);

class TracefsInstance {
 public:
  /// Tracing is off at first. `cpus`: which to watch; `events`: folders below `events/`.
  [[nodiscard]] static sim::Result<std::unique_ptr<TracefsInstance>> create(
      const std::string& root, const std::vector<std::int32_t>& cpus,
      const std::vector<std::string>& events);
  TracefsInstance(const TracefsInstance&) = delete;
  TracefsInstance& operator=(const TracefsInstance&) = delete;
  ~TracefsInstance();

  /// Empties the buffers and starts.
  [[nodiscard]] std::optional<sim::Error> start();
  void stop();
  /// All pages that the kernel has of a CPU, and takes them away.
  [[nodiscard]] std::vector<std::byte> take_pages(std::int32_t cpu, std::size_t page_bytes);
  /// Events that did not fit since start().
  [[nodiscard]] std::uint64_t lost() const;
  /// A file of the instance.
  [[nodiscard]] std::optional<std::string> read(const std::string& file) const;

 private:
  explicit TracefsInstance(std::string folder) : folder_{std::move(folder)} {}
  [[nodiscard]] std::optional<sim::Error> set(const std::string& file, const std::string& value);
  [[nodiscard]] std::optional<sim::Error> set_up(const std::vector<std::int32_t>& cpus,
                                                 const std::vector<std::string>& events);

  std::string folder_;
  std::vector<std::int32_t> cpus_;
  std::vector<int> pipes_;  // open for as long as this lives: the kernel then keeps the instance
};

}  // namespace timeslice::validation
