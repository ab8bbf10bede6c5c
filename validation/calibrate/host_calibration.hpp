// What is known about this host before anything is validated on it.
//
// Made by calibrate_host() from kernels and a few operations of the system; never from a
// scenario's makespan. Plain values: it can be handed from one validation to the next.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "models/machine/machine_spec.hpp"
#include "models/os/os_spec.hpp"
#include "models/python/runtime_spec.hpp"
#include "sim/result.hpp"
#include "sim/time.hpp"
#include "validation/native/script_folder.hpp"

namespace timeslice::validation {

/// CPU time of one call on an undisturbed core: fixed + per_iteration x iterations.
struct KernelCost {
  double fixed_ns = 0.0;
  double per_iteration_ns = 0.0;
  double spread = 0.0;        // median over low quantile - 1: how often the host is slow
  double disagreement = 0.0;  // between the two halves of the samples: doubt about the nominal

  [[nodiscard]] bool known() const { return per_iteration_ns > 0.0; }
};

/// Slowness (CPU time over nominal) of one CPU in samples of about `step`, in order.
struct SlownessTrace {
  std::int32_t cpu = 0;  // operating-system number
  sim::Duration step = std::chrono::milliseconds{1};
  std::vector<double> slowness;
};

/// Costs of the system, measured on this host in a few seconds; low quantiles, CPU time unless
/// said otherwise. Zero: not measured.
struct QuickCosts {
  sim::Duration sleep_overshoot{};   // wall: how much later than asked a sleep of 1 ms ends
  sim::Duration wake{};              // wall: write to a pipe until an idle CPU's reader has it, p10
  sim::Duration wake_median{};       // wall
  sim::Duration thread_start{};      // Thread() and start()
  sim::Duration fork{};              // os.fork in the parent
  sim::Duration fork_per_mib{};      // and for each MiB more that the parent has
  sim::Duration process_start{};     // Process.start by fork, in the parent
  sim::Duration fork_child{};        // its child until the target runs
  sim::Duration child_exit{};        // its child after the target, until it is gone
  sim::Duration spawn_parent{};      // Process.start by spawn, in the parent
  sim::Duration spawn_child{};       // its child until the target runs
  sim::Duration spawn_exit{};        // its child after the target
  sim::Duration forkserver_start{};  // the fork server until its first request
  sim::Duration forkserver_child{};  // a child of it until the target runs
  sim::Duration resource_tracker{};  // the tracker's process in all
  sim::Duration pool_create{};       // Pool(2) by fork, in the creating thread
  sim::Duration pool_import{};       // importing multiprocessing.pool for the first time
  sim::Duration loop_switch{};       // asyncio: sleep(0) among many tasks
  sim::Duration idle_call{};         // waking a thread on another CPU, beyond a write
  sim::Duration idle_exit{};         // a thread's return from a wait on an idle CPU, beyond a busy
  sim::Duration timer_set{};         // a sleep of 0.3 ms, beyond such a wait
  sim::Duration page_fault{};        // first touch of a page of 4 KiB
  sim::Duration pipe_copy{};         // of a KiB, in or out
  double slowness = 0.0;             // of bytecode meanwhile
  models::ColdCode cold_code;        // factor 0: not measured
  std::int64_t resident_bytes = 0;   // of the harness
  models::PythonMemory memory;       // of processes of this Python
  /// They stand for the costs of a machine file as well, which was calibrated here on another day.
  bool newer_than_file = false;
};

struct HostCalibration {
  std::string python;  // executable
  models::PythonVersion version;
  double pace_ns = 0.0;            // what calibrate.py's `pace` takes on the undisturbed core
  std::vector<std::int32_t> cpus;  // operating-system numbers that this process may use
  KernelCost python_kernel;        // bytecode
  KernelCost native_kernel;        // PBKDF2, GIL released
  KernelCost held_kernel;          // C code that keeps the GIL
  KernelCost cpp_kernel;           // integer loop of the C++ runner
  sim::Duration harness_python{};  // CPU a kernel call costs outside of its own clock readings
  sim::Duration harness_cpp{};
  models::Bytes resident;  // of the harness's main process; 0: no Python
  std::vector<SlownessTrace> traces;
  QuickCosts quick;
  std::vector<std::string> notes;  // what was measured, one line each
  std::vector<std::string> warnings;
};

struct CalibrationOptions {
  std::string python = "/usr/bin/python3";  // empty: no Python needed
  bool cpp = false;                         // the C++ kernel is needed
  bool quick_costs = true;
  bool newer_than_file = false;                                 // what `quick_costs` finds
  sim::Duration kernel_time = std::chrono::milliseconds{4000};  // for all kernels together
  std::function<bool()> give_up;
};

/// `calibration.quick` as a second of measuring finds it now; what that second does not measure
/// moves with what it does. Errors: as below.
[[nodiscard]] sim::Result<QuickCosts> measure_again(const HostCalibration& calibration,
                                                    const ScriptFolder& folder,
                                                    const std::function<bool()>& give_up);

/// Measures this host. Errors: the Python does not start, or fails. About kernel_time + 4 s.
[[nodiscard]] sim::Result<HostCalibration> calibrate_host(const CalibrationOptions& options);

/// CPUs that this process may use, in ascending order.
[[nodiscard]] std::vector<std::int32_t> allowed_cpus();

}  // namespace timeslice::validation
