// The fork server: one process for the whole run that forks small children on request.
//
// It is an interpreter of its own with one thread, so requests and the ends of children are dealt
// with one after the other. Source: CPython, Lib/multiprocessing/forkserver.py.
#pragma once

#include <deque>

#include "models/python/process.hpp"
#include "sim/process.hpp"
#include "sim/time.hpp"

namespace timeslice::models {

class ForkServer {
 public:
  /// `preload`: CPU that it spends on importing the main module, once.
  ForkServer(Actor& actor, sim::Duration preload, Bytes preload_memory)
      : actor_{actor}, preload_{preload}, preload_memory_{preload_memory} {}

  /// What the server's process does.
  [[nodiscard]] Program serve();

  /// Hands over a child to be forked; waits until its id has come back.
  [[nodiscard]] sim::Process<> request(Actor& parent, Actor& child, Program program);

  /// `child` is gone: the server collects its status and passes it on to who waits for it.
  void child_ended(Actor& child);

  [[nodiscard]] sim::FramePool& frame_pool() const { return actor_.frame_pool(); }
  /// CPU and memory of imports that its children find done.
  [[nodiscard]] sim::Duration preloaded() const { return preload_; }
  [[nodiscard]] Bytes preloaded_memory() const { return preload_memory_; }

 private:
  struct Request {
    Actor* parent;
    Actor* child;
    Program program;
    bool* answered;
  };

  sim::Process<> await_request();
  sim::Process<> fork_one();
  sim::Process<> reap_one();

  Actor& actor_;
  sim::Duration preload_;
  Bytes preload_memory_;
  std::deque<Request> requests_;
  std::deque<Actor*> ended_;
};

}  // namespace timeslice::models
