#include "models/python/process.hpp"

#include <utility>

#include "models/work/context.hpp"
#include "sim/expect.hpp"

namespace timeslice::models {

sim::FramePool& Actor::frame_pool() const {
  return world.os.frame_pool();
}

UserProcess& ProcessTable::add(std::string name) {
  UserProcess& process = processes_.emplace_back();
  process.id = ProcessId{static_cast<std::uint32_t>(processes_.size() - 1)};
  process.name = std::move(name);
  return process;
}

Actor& ProcessTable::add_actor(Context& world, UserProcess& process, const ThreadSpec& spec) {
  ThreadSpec in_process = spec;
  in_process.process = process.id;
  const ThreadId thread = world.os.create_thread(in_process);
  sim::expect(index_of(thread) == actors_.size(), "threads are numbered in order of creation");
  return actors_.emplace_back(
      Actor{.world = world, .process = process, .thread = thread, .background = spec.background});
}

Actor* ProcessTable::actor_of(ThreadId thread) {
  return index_of(thread) < actors_.size() ? &actors_[index_of(thread)] : nullptr;
}

}  // namespace timeslice::models
