// No allocation per event: counts every call of the global operator new of this test program.
#include <atomic>
#include <cstdint>
#include <cstdlib>
#include <new>

#include <gtest/gtest.h>

#include "models/os/mutex.hpp"
#include "models/os/pipe.hpp"
#include "tests/models/os/os_bench.hpp"

namespace {

std::atomic<std::uint64_t> allocations = 0;

void* counted(std::size_t bytes, std::size_t alignment) {
  ++allocations;
  const std::size_t whole = (bytes + alignment - 1) / alignment * alignment;
  void* const block = std::aligned_alloc(alignment, whole == 0 ? alignment : whole);
  if (block == nullptr) {
    throw std::bad_alloc{};
  }
  return block;
}

}  // namespace

[[gnu::noinline]] void* operator new(std::size_t bytes) {
  return counted(bytes, 16);
}
[[gnu::noinline]] void* operator new(std::size_t bytes, std::align_val_t alignment) {
  return counted(bytes, static_cast<std::size_t>(alignment));
}
[[gnu::noinline]] void operator delete(void* block) noexcept {
  std::free(block);
}
[[gnu::noinline]] void operator delete(void* block, std::size_t /*bytes*/) noexcept {
  std::free(block);
}
[[gnu::noinline]] void operator delete(void* block, std::align_val_t /*alignment*/) noexcept {
  std::free(block);
}
[[gnu::noinline]] void operator delete(void* block, std::size_t /*bytes*/,
                                       std::align_val_t /*a*/) noexcept {
  std::free(block);
}

namespace timeslice::models {
namespace {

using namespace std::chrono_literals;
using os_bench::quiet_os;
using os_bench::small_machine;

/// A world without a sink, whose records would need memory.
struct Quiet {
  explicit Quiet(const OsSpec& its_os)
      : machine{small_machine(4)}, os{its_os}, dispatcher{engine, trace, random, machine, os} {}
  void handle(sim::Due due) { dispatcher.handle(due); }
  [[nodiscard]] sim::FramePool& frame_pool() { return engine.frame_pool(); }
  void run_until(sim::Duration when) {
    sim::Limits limits;
    limits.time = sim::Instant{when};
    engine.run(*this, limits);
  }

  MachineSpec machine;
  OsSpec os;
  sim::Engine engine;
  sim::Random random{1};
  sim::Trace trace;
  Dispatcher dispatcher;
};

Program locker(Quiet& world, ThreadId thread, Mutex& mutex) {
  while (true) {
    const Work work{.kind = WorkKind::native, .nominal_ns = 3000.0};
    co_await mutex.lock(thread);
    co_await world.dispatcher.run(thread, work);
    co_await mutex.unlock(thread);
    static_cast<void>(co_await world.dispatcher.sleep(thread, 2us));
  }
}

Program writer(Quiet& world, ThreadId thread, Pipe& pipe) {
  const Message message{.size = Bytes{30'000}};
  const Work work{.kind = WorkKind::native, .nominal_ns = 3000.0};
  while (true) {
    co_await world.dispatcher.run(thread, work);
    co_await pipe.write(thread, message);
  }
}

Program reader(Quiet& world, ThreadId thread, Pipe& pipe) {
  const Work work{.kind = WorkKind::native, .nominal_ns = 2500.0};
  while (true) {
    const std::optional<Message> message = co_await pipe.read(thread);
    EXPECT_TRUE(message.has_value());
    co_await world.dispatcher.run(thread, work);
  }
}

TEST(Allocation, a_running_system_allocates_nothing) {
  for (const PolicyKind kind : {PolicyKind::fifo, PolicyKind::round_robin, PolicyKind::fair}) {
    Quiet world{quiet_os(kind, 10us)};
    Mutex mutex{world.dispatcher, 1};
    Pipe pipe{world.dispatcher, 2};
    for (int i = 0; i < 8; ++i) {
      const ThreadId thread = world.dispatcher.create_thread({});
      world.dispatcher.start(thread, locker(world, thread, mutex), WakeCause{});
    }
    const ThreadId from = world.dispatcher.create_thread({});
    const ThreadId to = world.dispatcher.create_thread({});
    world.dispatcher.start(from, writer(world, from, pipe), WakeCause{});
    world.dispatcher.start(to, reader(world, to, pipe), WakeCause{});
    world.run_until(10ms);
    const std::uint64_t events = world.engine.events();
    const std::uint64_t before = allocations;
    world.run_until(200ms);
    EXPECT_GT(world.engine.events(), events + 100'000);
    EXPECT_EQ(allocations, before);
  }
}

}  // namespace
}  // namespace timeslice::models
