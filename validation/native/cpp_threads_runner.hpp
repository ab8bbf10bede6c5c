// Runs scenarios without Python on std::thread: a shared queue, a thread a task, or serially.
//
// Each run happens in a forked copy of this process, so that a scenario that deadlocks is killed
// and its CPU time and switches are its own. Kernel calls are cut into parts that read the
// thread CPU clock. Cost: the run plus about 1 ms.
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "sim/result.hpp"
#include "validation/calibrate/cpp_kernel.hpp"
#include "validation/calibrate/host_calibration.hpp"
#include "validation/native/child.hpp"
#include "validation/native/native_run.hpp"

namespace timeslice::validation {

class CppThreadsRunner final : public NativeRunner {
 public:
  /// `calibration` has the C++ kernel.
  CppThreadsRunner(std::shared_ptr<const HostCalibration> calibration, ChildLimits limits,
                   sim::Duration part = fine_part);

  [[nodiscard]] NativeRun measure(const scenarios::Scenario& scenario, std::uint64_t repetition,
                                  const scenarios::RunOptions& options) override;

 private:
  std::shared_ptr<const HostCalibration> calibration_;
  ChildLimits limits_;
  sim::Duration part_;
};

struct CppSamples {
  KernelSamples kernel;
  sim::Duration harness{};  // CPU of a kernel call outside of its own clock readings
};

/// sample_cpp_kernel() in a child, so that this thread keeps its place.
[[nodiscard]] sim::Result<CppSamples> sample_cpp_in_child(const std::vector<std::int32_t>& cpus,
                                                          sim::Duration time,
                                                          const std::function<bool()>& give_up);

}  // namespace timeslice::validation
