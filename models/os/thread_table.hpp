// What the dispatcher knows of each thread: 64 hot bytes, its accounts, and the rest.
#pragma once

#include <coroutine>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "models/os/dispatcher.hpp"
#include "sim/engine.hpp"

namespace timeslice::models {

constexpr std::uint32_t nobody = 0xffffffffU;

enum class ThreadState : std::uint8_t { created, ready, running, blocked, finished };

/// What a program asked for when it last gave the control back.
enum class Request : std::uint8_t { none, run, block, yield, exec };

/// Why a thread came to another CPU; the cause of a `migrated` record.
enum class MoveReason : std::uint8_t {
  none,
  wake,
  idle_pull,
  tick_pull,
  periodic,
  shared_queue,
  idle_core,
  urgent,
  exec
};

/// What a context switch touches.
struct Thread {
  double remaining_ns = 0.0;  // nominal work up to the next stop: the end, or a poll point
  /// Of an interruptible run: its whole length, then (once it is to stop early) what it leaves
  /// over.
  double reserve_ns = 0.0;
  double poll_ns = 0.0;  // 0: not in an interruptible run
  std::coroutine_handle<> resume;
  std::int64_t left_cpu_at = 0;  // ns; for cache-hotness
  EntityId entity{};
  std::uint32_t cpu = 0;            // where it runs, waits or will wait
  std::uint32_t last_cpu = nobody;  // where it last ran
  std::uint32_t node = 0;           // its group's share of `cpu`
  ThreadState state = ThreadState::created;
  Request request = Request::none;
  WorkKind kind = WorkKind::native;
  std::uint8_t pinned : 1 = 0;
  std::uint8_t stop_asked : 1 = 0;  // an interrupt waits for the thread to be on a CPU
  std::uint8_t stopping : 1 = 0;    // remaining_ns ends at a poll point
  std::uint8_t moved_by : 5 = 0;    // MoveReason
  bool background = false;          // its work is no progress
  bool reclass = false;             // runs; takes another class when it goes off its CPU
  bool starting = false;            // an interpreter's start: it uses more than caches keep
};
static_assert(sizeof(Thread) <= 64, "a context switch touches one cache line of a thread");

/// Accounts up to `since`, the last change of state (running: the CPU's last settling).
struct ThreadLedger {
  ThreadAccounts so_far;
  std::int64_t since = 0;
};
static_assert(sizeof(ThreadLedger) <= 64);

/// What is needed to begin, to wait and to end.
struct ThreadInfo {
  std::string name;
  Program program;
  std::vector<CpuId> affinity;
  WaitCause waits_for;
  sim::Duration wake_after{-1};  // of the block that was asked for; negative: no timer
  std::optional<sim::TimerId> timer;
  ProcessId process{};
  GroupId group{};
  ClassSpec sched;
  int nice = 0;
  std::int64_t lent_urgency = 0;  // by who waits for a lock that it holds
  WakeResult woken_by = WakeResult::woken;
  bool begun = false;
  bool killed = false;
  Program last{};  // of a killed thread that is in a system call: what comes after it
};

}  // namespace timeslice::models
