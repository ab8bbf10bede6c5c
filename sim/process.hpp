// Processes: C++20 coroutines that read like the program that they stand for.
//
//   Process<int> handshake(World& world, int peer) {   // the first parameter has frame_pool()
//     co_await world.run(5ms);
//     co_return peer + 1;
//   }
//
// A process starts when it is awaited by another one, or by start() when it is a root. Its frame
// comes from the FramePool of its first parameter (of the object itself for a member function): no
// allocation per call in steady state. Destroying a suspended process destroys its frame and, with
// it, the processes that it awaits. A start or a resume costs about 5 ns; a frame costs cache
// lines.
//
// Awaiting never grows the stack with the number of awaits, at any optimisation level: a child
// that ends without suspending lets its parent go on by a flag, one that ends later resumes it.
//
// The safe subset, for gcc 12 (it destroys some temporaries of co_await twice or too early):
//   1. Give the result a name: `const int got = co_await child(world);`, and branch on that; no
//      co_await in a conditional expression, in && or ||, or as the argument of another call.
//   2. Arguments of an awaited call are names, references or trivial values. Build a string, a
//      vector or a struct first and pass it by name (std::move it if it shall move).
//   3. No capturing lambda as a process: its captures die with the lambda. A parameter by
//      reference must live until the process ends.
//   4. Exceptions do not leave a process: one that does ends the program.
#pragma once

#include <coroutine>
#include <cstddef>
#include <optional>
#include <type_traits>
#include <utility>

#include "sim/expect.hpp"
#include "sim/frame_pool.hpp"

namespace timeslice::sim {

template <typename T = void>
class Process;

namespace process_detail {

/// What the promises of all processes share.
class PromiseBase {
 public:
  // Inlined always: gcc 12 takes a template for a mismatch with operator delete, and warns.
  template <HasFramePool First, typename... Rest>
  [[gnu::always_inline]] static void* operator new(std::size_t bytes, First& first,
                                                   Rest&... /*rest*/) {
    return first.frame_pool().allocate(bytes);
  }
  [[gnu::always_inline]] static void operator delete(void* block) { FramePool::release(block); }

  /// At its end a process hands over to the one that awaits it, if that is suspended.
  struct FinalAwaiter {
    [[nodiscard]] bool await_ready() const noexcept { return false; }
    template <typename Promise>
    [[nodiscard]] std::coroutine_handle<> await_suspend(
        std::coroutine_handle<Promise> self) const noexcept {
      return self.promise().hand_over();
    }
    void await_resume() const noexcept {}
  };

  [[nodiscard]] std::suspend_always initial_suspend() const noexcept { return {}; }
  [[nodiscard]] FinalAwaiter final_suspend() const noexcept { return {}; }
  void unhandled_exception() const noexcept { expect(false, "no exception leaves a process"); }

  /// Runs `self` until it first suspends. True if it has ended by then.
  bool begin(std::coroutine_handle<> self, std::coroutine_handle<> awaiting) {
    expect(!started_, "a process starts once");
    started_ = true;
    self.resume();
    if (self.done()) {
      return true;
    }
    awaiting_ = awaiting;
    return false;
  }
  [[nodiscard]] bool started() const { return started_; }

 private:
  /// While begin() is on the stack nobody is registered: it sees by itself that we have ended.
  [[nodiscard]] std::coroutine_handle<> hand_over() const noexcept {
    return awaiting_ ? awaiting_ : std::noop_coroutine();
  }

  std::coroutine_handle<> awaiting_;
  bool started_ = false;
};

template <typename T>
class Promise : public PromiseBase {
 public:
  Process<T> get_return_object();
  template <typename U>
  void return_value(U&& value) {
    result_.emplace(std::forward<U>(value));
  }
  T take_result() {
    expect(result_.has_value(), "the result of a process is taken after its end");
    return std::move(*result_);  // NOLINT(bugprone-unchecked-optional-access): just checked
  }

 private:
  std::optional<T> result_;
};

template <>
class Promise<void> : public PromiseBase {
 public:
  Process<void> get_return_object();
  void return_void() const noexcept {}
  void take_result() const noexcept {}
};

}  // namespace process_detail

template <typename T>
class [[nodiscard]] Process {
 public:
  // The language wants this name.
  using promise_type = process_detail::Promise<T>;  // NOLINT(readability-identifier-naming)

  Process() = default;
  Process(Process&& other) noexcept : handle_{std::exchange(other.handle_, nullptr)} {}
  Process& operator=(Process&& other) noexcept {
    std::swap(handle_, other.handle_);
    return *this;
  }
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;
  /// Requires: the process is not running at this very moment.
  ~Process() {
    if (handle_) {
      handle_.destroy();
    }
  }

  /// Whether this holds a process at all (not default-constructed, not moved from).
  [[nodiscard]] bool valid() const { return handle_ != nullptr; }
  [[nodiscard]] bool started() const { return valid() && handle_.promise().started(); }
  [[nodiscard]] bool done() const { return valid() && handle_.done(); }

  /// Runs a root process until it first suspends. Requires: valid, not started.
  void start() {
    expect(valid(), "only a real process can start");
    handle_.promise().begin(handle_, nullptr);
  }

  /// The result of a root. Requires: done().
  T result() {
    expect(done(), "the result of a process is taken after its end");
    return handle_.promise().take_result();
  }

  struct Awaiter {
    std::coroutine_handle<promise_type> child;

    [[nodiscard]] bool await_ready() const noexcept { return false; }
    /// False: the child has ended already, so the parent goes on at once.
    [[nodiscard]] bool await_suspend(std::coroutine_handle<> parent) const {
      return !child.promise().begin(child, parent);
    }
    // NOLINTNEXTLINE(modernize-use-nodiscard): T is void as a rule
    T await_resume() const { return child.promise().take_result(); }
  };
  /// Starts this process and waits for its end. Requires: valid, not started.
  Awaiter operator co_await() const {
    expect(valid(), "only a real process can be awaited");
    return Awaiter{handle_};
  }

 private:
  friend promise_type;
  explicit Process(std::coroutine_handle<promise_type> handle) : handle_{handle} {}

  std::coroutine_handle<promise_type> handle_;
};

namespace process_detail {

template <typename T>
Process<T> Promise<T>::get_return_object() {
  return Process<T>{std::coroutine_handle<Promise>::from_promise(*this)};
}

inline Process<void> Promise<void>::get_return_object() {
  return Process<void>{std::coroutine_handle<Promise>::from_promise(*this)};
}

}  // namespace process_detail

}  // namespace timeslice::sim
