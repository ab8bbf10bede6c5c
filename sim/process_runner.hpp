// Runs processes on an engine alone: delays, signals and a resource with a queue.
//
// For programs that need no computer: queueing models, tests, benchmarks. The simulated world
// (models/world.hpp) has its own handler and does not use this.
#pragma once

#include <coroutine>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "sim/engine.hpp"
#include "sim/process.hpp"
#include "sim/time.hpp"

namespace timeslice::sim {

class ProcessRunner {
 public:
  /// `engine` is not owned and must outlive this.
  explicit ProcessRunner(Engine& engine) : engine_{&engine} {}
  ProcessRunner(const ProcessRunner&) = delete;
  ProcessRunner& operator=(const ProcessRunner&) = delete;

  [[nodiscard]] FramePool& frame_pool() { return engine_->frame_pool(); }
  [[nodiscard]] Engine& engine() { return *engine_; }
  [[nodiscard]] Instant now() const { return engine_->now(); }

  /// Takes the process and starts it at this instant, after what is due already.
  void spawn(Process<> process);
  /// Processes that were spawned and have not ended.
  [[nodiscard]] std::size_t running() const { return running_; }

  /// A coroutine that waits: leaves its handle here and gets a ticket to be woken by.
  class Waiter {
   public:
    explicit Waiter(ProcessRunner& runner) : runner_{&runner} {}
    Waiter(const Waiter&) = delete;
    Waiter& operator=(const Waiter&) = delete;
    /// A process that is destroyed while it waits is not woken any more.
    ~Waiter() {
      if (ticket_ != none) {
        runner_->forget(ticket_);
      }
    }
    void wait(std::coroutine_handle<> handle) { ticket_ = runner_->take_ticket(handle); }
    void wake_now() const { runner_->wake_now(ticket_); }
    void wake_at(Instant when) const { runner_->wake_at(ticket_, when); }
    /// To be called when the process goes on.
    void woken() { ticket_ = none; }

   private:
    static constexpr std::uint32_t none = 0xffffffff;
    ProcessRunner* runner_;
    std::uint32_t ticket_ = none;
  };

  struct Delay {
    Waiter waiter;
    Instant until;

    [[nodiscard]] bool await_ready() const noexcept { return false; }
    void await_suspend(std::coroutine_handle<> handle) {
      waiter.wait(handle);
      waiter.wake_at(until);
    }
    void await_resume() { waiter.woken(); }
  };
  /// co_await runner.delay(5ms): goes on that much later. Requires: duration >= 0.
  [[nodiscard]] Delay delay(Duration duration) {
    return {.waiter = Waiter{*this}, .until = now() + duration};
  }

  StopReason run(const Limits& limits = {}) { return engine_->run(*this, limits); }
  /// For Engine::run() only.
  void handle(Due due);

 private:
  static constexpr std::uint8_t resume = 0;  // the argument is a ticket
  static constexpr std::uint8_t begin = 1;   // the argument is a root
  static constexpr EventClass event_class = 8;

  struct Ticket {
    std::coroutine_handle<> handle;  // null while the ticket is free or its process was destroyed
    TimerId timer;
    bool posted = false;
  };

  std::uint32_t take_ticket(std::coroutine_handle<> handle);
  void wake_now(std::uint32_t ticket);
  void wake_at(std::uint32_t ticket, Instant when);
  void forget(std::uint32_t ticket);
  void free_ended_roots();

  /// The root of `process`: notes its end, so that its frame can be freed.
  static Process<> root(ProcessRunner& runner, Process<> process, std::uint32_t index);

  Engine* engine_;
  std::vector<Ticket> tickets_;
  std::vector<std::uint32_t> free_tickets_;
  std::vector<std::uint32_t> free_roots_;
  std::vector<std::uint32_t> ended_roots_;
  std::size_t running_ = 0;
  std::vector<Process<>> roots_;  // last, so that processes go before what they wait for
};

/// Processes wait here until somebody notifies. First come, first served.
class Signal {
 public:
  explicit Signal(ProcessRunner& runner) : runner_{&runner} {}
  Signal(const Signal&) = delete;
  Signal& operator=(const Signal&) = delete;
  /// Who still waits is never woken.
  ~Signal();

  /// co_await signal.wait(): until notified.
  class Wait {
   public:
    explicit Wait(Signal& signal) : signal_{&signal}, waiter_{*signal.runner_} {}
    Wait(const Wait&) = delete;
    Wait& operator=(const Wait&) = delete;
    ~Wait() { leave(); }

    [[nodiscard]] bool await_ready() const noexcept { return false; }
    void await_suspend(std::coroutine_handle<> handle);
    void await_resume() { waiter_.woken(); }

   private:
    friend Signal;
    void leave();

    Signal* signal_;
    ProcessRunner::Waiter waiter_;
    Wait* before_ = nullptr;
    Wait* behind_ = nullptr;
    bool queued_ = false;
  };
  [[nodiscard]] Wait wait() { return Wait{*this}; }

  /// Lets the first waiter go on, at this instant. False: nobody waits.
  bool notify_one();
  void notify_all();
  [[nodiscard]] std::size_t waiting() const { return waiting_; }

 private:
  ProcessRunner* runner_;
  Wait* first_ = nullptr;
  Wait* last_ = nullptr;
  std::size_t waiting_ = 0;
};

/// `capacity` equal units; a process that finds none waits in line. First come, first served.
class Resource {
 public:
  /// Requires: capacity > 0.
  Resource(ProcessRunner& runner, std::size_t capacity);

  struct Acquire {
    Resource* resource;
    Signal::Wait wait;

    [[nodiscard]] bool await_ready() const { return resource->take_if_free(); }
    void await_suspend(std::coroutine_handle<> handle) { wait.await_suspend(handle); }
    void await_resume() { wait.await_resume(); }
  };
  /// co_await resource.acquire(): one unit is ours.
  [[nodiscard]] Acquire acquire() { return {.resource = this, .wait = freed_.wait()}; }
  /// Gives one unit back, to the first in line if there is one. Requires: it was acquired.
  void release();

  [[nodiscard]] std::size_t free() const { return free_; }
  [[nodiscard]] std::size_t waiting() const { return freed_.waiting(); }

 private:
  [[nodiscard]] bool take_if_free();

  std::size_t capacity_;
  std::size_t free_;
  Signal freed_;
};

}  // namespace timeslice::sim
