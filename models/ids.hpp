// Names of the things in the simulated world, as distinct types.
//
// Every id is dense from 0, so it may index an array. Mixing two kinds does not compile.
#pragma once

#include <cstddef>
#include <cstdint>

namespace timeslice::models {

/// One OS thread of the modelled machine.
enum class ThreadId : std::uint32_t {};

/// One OS process: an address space, a set of threads, at most one Python interpreter.
enum class ProcessId : std::uint32_t {};

/// One logical CPU (an SMT sibling counts as one).
enum class CpuId : std::uint32_t {};

/// One physical core: its SMT siblings share it.
enum class CoreId : std::uint32_t {};

/// One group of threads in the scheduler's tree (a session, a container, a pod); 0 is the root.
enum class GroupId : std::uint32_t {};

/// One schedulable entity: a thread, or a group's share of one CPU.
enum class EntityId : std::uint32_t {};

/// Position of a task, executor, lock or future in its scenario.
enum class TaskIndex : std::uint32_t {};
enum class ExecutorIndex : std::uint32_t {};
enum class LockIndex : std::uint32_t {};
enum class FutureIndex : std::uint32_t {};

/// The id as an array index.
template <typename Id>
[[nodiscard]] constexpr std::size_t index_of(Id id) {
  return static_cast<std::size_t>(id);
}

/// The id as the number that trace records and wake causes carry.
template <typename Id>
[[nodiscard]] constexpr std::uint32_t raw(Id id) {
  return static_cast<std::uint32_t>(id);
}

}  // namespace timeslice::models
