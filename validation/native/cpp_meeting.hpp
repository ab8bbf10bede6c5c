// What C++ threads of a native run meet at: a std::mutex, or a monitor made of one.
//
// Semaphores, queues, events, barriers and readers-writer locks are a mutex, a little state and a
// condition variable, as the simulation takes them to be (models/work/monitor.*) and as programs
// write them; libstdc++'s own semaphore and barrier spin first.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <mutex>

#include "models/world_spec.hpp"

namespace timeslice::validation {

class CppMeeting {
 public:
  explicit CppMeeting(const models::LockSpec& spec) : spec_{spec} {}
  CppMeeting(const CppMeeting&) = delete;
  CppMeeting& operator=(const CppMeeting&) = delete;
  ~CppMeeting() = default;

  /// Of a mutex, a semaphore, or a readers-writer lock to write.
  void lock();
  void unlock();

  /// Of a readers-writer lock.
  void lock_to_read();
  void unlock_from_reading();

  /// Of a queue.
  void put();
  void get();

  /// Of an event, which stays set.
  void set();
  void wait();

  /// Of a barrier: returns when all parties of this round have come.
  void arrive();

 private:
  const models::LockSpec& spec_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::condition_variable room_;  // of a queue: for those who put
  std::uint64_t count_ = 0;       // holders, readers, things in the queue, those who have come
  std::uint64_t round_ = 0;       // of a barrier
  bool set_ = false;              // an event; somebody writes
};

}  // namespace timeslice::validation
