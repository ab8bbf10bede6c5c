// What it costs CPython to hand work to other processes: the parts of ProcessPoolExecutor, and what
// pickling does with the bytes and objects that travel.
//
// CPU time without system calls, which the simulated kernel charges. Sources and ranges:
// docs/models/process-executor.md and docs/models/pickling.md. Zero switches a cost off.
#pragma once

#include <array>
#include <cstddef>

#include "models/units.hpp"
#include "sim/time.hpp"

namespace timeslice::models {

/// The parts of ProcessPoolExecutor, each measured alone in one thread: CPython 3.11.2 on the 2-CPU
/// guest, 5 % quantiles of 60 batches of 100 (validation/python/pool_parts.py), three runs within 3
/// %.
struct ExecutorCosts {
  sim::Duration submit = std::chrono::nanoseconds{3000};     // submit() less its wake-up byte
  sim::Duration add = std::chrono::nanoseconds{1700};        // manager: one call into the queue
  sim::Duration feed = std::chrono::nanoseconds{3550};       // feeder: take one out and pickle it
  sim::Duration send = std::chrono::nanoseconds{800};        // feeder: send_bytes under its lock
  sim::Duration get = std::chrono::nanoseconds{4000};        // worker: get() of one call
  sim::Duration put = std::chrono::nanoseconds{4000};        // worker: pickle and send a result
  sim::Duration receive = std::chrono::nanoseconds{2600};    // manager: recv() of one result
  sim::Duration store = std::chrono::nanoseconds{2050};      // manager: set the future, loop
  sim::Duration result = std::chrono::nanoseconds{320};      // future.result() of one that is there
  sim::Duration wait = std::chrono::nanoseconds{1950};       // manager: wait() of no object
  sim::Duration wait_each = std::chrono::nanoseconds{720};   // wait(): for each object
  sim::Duration poll = std::chrono::nanoseconds{2100};       // poll() of the wake-up pipe
  sim::Duration take_byte = std::chrono::nanoseconds{1200};  // recv_bytes() of a wake-up byte
  /// ProcessPoolExecutor(): pipes, semaphores, locks; 270 to 520 us, the first one 1.8 ms.
  sim::Duration create = std::chrono::microseconds{400};

  bool operator==(const ExecutorCosts&) const = default;
};

/// One step of a message's way, by its size.
struct CopyStep {
  static constexpr std::size_t points = 4;
  std::array<sim::Duration, points> cpu{};  // without page faults
  std::array<double, points> fresh{};  // share of its pages that are touched for the first time

  bool operator==(const CopyStep&) const = default;
};

/// What becomes of payload. A table, for it is not proportional: between 100 and 300 kB the pages
/// that the parent touches first move from read to loads (malloc's mmap threshold). From an echo of
/// fresh bytes between two processes with thread CPU clocks and page-fault counts, CPython 3.11.2,
/// at 1.36 us a fault, which was taken off. Checked from 30 kB to 1 MB; beyond, the last slope.
struct PayloadCosts {
  std::array<Bytes, CopyStep::points> sizes{Bytes{30'000}, Bytes{100'000}, Bytes{300'000},
                                            Bytes{1'000'000}};
  CopyStep argument_dumps{.cpu = us(2, 7, 20, 67), .fresh = {0.0, 0.0, 0.0, 0.0}};
  CopyStep argument_read{.cpu = {}, .fresh = {0.0, 1.31, 1.64, 1.59}};  // the pipe copies
  CopyStep argument_loads{.cpu = us(2, 4, 6, 9), .fresh = {0.0, 0.0, 0.0, 1.0}};
  CopyStep result_build{.cpu = us(1, 1, 1, 5), .fresh = {1.0, 1.0, 1.0, 1.0}};
  CopyStep result_dumps{.cpu = us(4, 5, 5, 10), .fresh = {0.0, 0.41, 0.94, 1.0}};
  CopyStep result_read{.cpu = {}, .fresh = {0.0, 0.94, 0.0, 0.0}};
  CopyStep result_loads{.cpu = us(2, 3, 10, 48), .fresh = {0.0, 0.0, 0.98, 1.0}};

  /// A page touched for the first time, at the price that was taken off when the table was made:
  /// the machine's `page_fault` is of another series (1.4 to 2.9 us in four on one guest), and
  /// charging it here would count faults at a price that the CPU column does not know.
  sim::Duration fault = std::chrono::nanoseconds{1360};

  /// Each object beyond the first of a payload: lists of 1e6 small integers, CPython 3.11.7 (8.5 ms
  /// and 29 ms); floats 9 and 29 ns, short strings up to 75 and 35 ns.
  sim::Duration object_dumps = std::chrono::nanoseconds{9};
  sim::Duration object_loads = std::chrono::nanoseconds{29};

  /// codec shared-memory: SharedMemory(create=True), SharedMemory(name), close() and unlink(); then
  /// page faults: all pages of the block once by who fills it, and these shares of a fault for each
  /// page by who maps it and by who frees it. CPython 3.11.2, 4 kB to 8 MB, 5 % quantiles.
  sim::Duration shared_create = std::chrono::microseconds{17};
  sim::Duration shared_attach = std::chrono::microseconds{11};
  sim::Duration shared_release = std::chrono::microseconds{16};
  double shared_map_share = 0.055;
  double shared_free_share = 0.30;

  bool operator==(const PayloadCosts&) const = default;

 private:
  static constexpr std::array<sim::Duration, CopyStep::points> us(int a, int b, int c, int d) {
    return {std::chrono::microseconds{a}, std::chrono::microseconds{b},
            std::chrono::microseconds{c}, std::chrono::microseconds{d}};
  }
};

/// CPU time of a step for a message of `size`, between the table's points on straight lines, from
/// nothing at size 0, and on the last line beyond the last one.
[[nodiscard]] sim::Duration cpu_of(const PayloadCosts& costs, const CopyStep& step, Bytes size);

/// Pages of 4 KiB that the step touches for the first time. Smaller than the first point: none,
/// unless the step touches new pages at every size.
[[nodiscard]] double fresh_pages(const PayloadCosts& costs, const CopyStep& step, Bytes size);

/// Takes off everything: a Python whose messages cost nothing.
[[nodiscard]] ExecutorCosts free_executor_costs();
[[nodiscard]] PayloadCosts free_payload_costs();

}  // namespace timeslice::models
