// Which scenarios can run natively on this host, and how they are brought into that form.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "models/world_spec.hpp"
#include "sim/result.hpp"

namespace timeslice::validation {

/// What native runs may do to the host, whatever a scenario says.
struct NativeBounds {
  std::uint32_t cpus = 1;  // that this process may use
  std::uint64_t threads = 256;
  std::uint64_t items = 100'000;
  std::int64_t payload_bytes = 256 << 20;     // arguments of all items together
  std::int64_t shared_bytes = 32 << 20;       // in blocks of shared memory, back and forth
  double nominal_seconds = 60.0;              // CPU time and waits of one run
  std::optional<bool> free_threaded = false;  // the Python was built without a GIL; nothing: either

  [[nodiscard]] std::uint64_t processes() const { return 4ULL * cpus + 8; }
};

/// Why `world` cannot run natively, named; nothing: it can.
[[nodiscard]] std::optional<sim::Error> native_obstacle(const models::WorldSpec& world,
                                                        const NativeBounds& bounds);

/// Doubts about comparing `world` with a native run on this host.
[[nodiscard]] std::vector<std::string> native_doubts(const models::WorldSpec& world);

/// Workers of an executor as a number, by the rules of Python 3.11 on `world`'s machine.
[[nodiscard]] std::uint32_t worker_count(const models::WorldSpec& world,
                                         const models::ExecutorSpec& executor);

/// "fork", "spawn" or "forkserver": what `executor` starts its processes by.
[[nodiscard]] std::string start_method(const models::RuntimeSpec& runtime,
                                       const models::ExecutorSpec& executor);

}  // namespace timeslice::validation
