// The processes and threads of the simulated programs, as their programs see them.
//
// A UserProcess is an address space: with Python one interpreter and its GIL, and the locks that
// live in it. An Actor is one thread of it. Both stay at their address for the whole run.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "models/ids.hpp"
#include "models/os/dispatcher.hpp"
#include "models/os/mutex.hpp"
#include "models/python/code_caches.hpp"
#include "models/python/gil.hpp"

namespace timeslice::models {

struct Actor;
struct Context;
class EventLoop;
struct Job;
struct Place;

/// Hears when a child process is gone: what a pool's sentinels are. Called in the child's exit.
class ChildWatch {
 public:
  virtual void child_gone(Actor& child) = 0;

 protected:
  ~ChildWatch() = default;
};

struct UserProcess {
  ProcessId id{};
  std::string name;
  std::unique_ptr<Gil> gil;                   // nothing: not Python
  std::vector<std::unique_ptr<Mutex>> locks;  // its own copy of thread locks, by LockIndex
  std::vector<bool> dead_locks;  // by LockIndex: were held when it was forked, are never free
  CodeCaches code_caches;
  std::uint32_t live_threads = 0;
  std::optional<ThreadId> waits_for_exec{};  // who made it by vfork, until it runs its program
  bool has_pool_module = false;              // multiprocessing.pool was imported
  bool exited = false;
  bool of_fork_server = false;     // whose child it is: it hears of the end first
  bool background = false;         // of a program that nobody waits for
  bool fork_hazard_told = false;   // the result says that it is forked beside other threads
  bool held_at_fork_told = false;  // and that one of them held a lock
};

/// One simulated thread. It may outlive its program's end; `finished` says so.
struct Actor {
  Context& world;
  UserProcess& process;
  ThreadId thread{};
  bool background = false;
  bool serves = false;  // a pool's own thread: what it does is no progress by itself
  bool begun = false;
  bool finished = false;
  bool killed = false;  // a process: ends by a signal, without the interpreter's own exit
  bool joiner_waits = false;
  ThreadId joiner{};
  ChildWatch* watch = nullptr;   // a process: who hears of its end
  const Place* place = nullptr;  // in its steps
  const Job* job = nullptr;      // of a real-time task
  EventLoop* loop = nullptr;     // that runs in this thread now; what runs are its coroutines
  bool cancelled = false;        // the coroutine that runs leaves its steps: CancelledError

  [[nodiscard]] sim::FramePool& frame_pool() const;
};

/// All of a run. Cost: a few hundred bytes a process, 64 a thread.
class ProcessTable {
 public:
  /// A new process; with `gil` it is a Python interpreter.
  UserProcess& add(std::string name);
  /// The actor of a new thread of `process`.
  Actor& add_actor(Context& world, UserProcess& process, const ThreadSpec& spec);

  [[nodiscard]] std::deque<UserProcess>& processes() { return processes_; }
  [[nodiscard]] const std::deque<UserProcess>& processes() const { return processes_; }
  [[nodiscard]] Actor* actor_of(ThreadId thread);

 private:
  std::deque<UserProcess> processes_;
  std::deque<Actor> actors_;  // in order of creation, so by ThreadId
};

}  // namespace timeslice::models
