// What an executor is to the programs that use it: it takes batches of items and gets them done.
//
// Each kind is a program of threads, queues, pipes and locks, in a file of its own. All calls are
// made by a thread of the main process that, with Python, holds its GIL.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "models/ids.hpp"
#include "models/pool/executor_spec.hpp"
#include "models/python/interpreter.hpp"
#include "models/work/items.hpp"
#include "sim/process.hpp"
#include "sim/time.hpp"

namespace timeslice::sim {
class Histogram;
}

namespace timeslice::models {

struct Context;
struct WorldSpec;

class Executor {
 public:
  Executor(Context& world, ExecutorIndex index);
  Executor(const Executor&) = delete;
  Executor& operator=(const Executor&) = delete;
  virtual ~Executor();

  /// Hands over `batch`; creates the executor at its first use.
  [[nodiscard]] sim::Process<> submit(Actor& who, BatchId batch);
  /// Waits until `who` can read every item of `batch`.
  [[nodiscard]] virtual sim::Process<> wait(Actor& who, BatchId batch);
  /// Makes the executor usable, once.
  [[nodiscard]] sim::Process<> create(Actor& who);
  /// Ends it as its spec says; nothing if it was never used.
  [[nodiscard]] sim::Process<> shut_down(Actor& who);

  /// Future.cancel() for the items of `batch` that nobody has begun: they are over, never run.
  [[nodiscard]] sim::Process<> cancel_waiting(Actor& who, BatchId batch);

  /// SIGKILL for the worker process that has `place` others before it, of those alive, in the order
  /// of their start; false: there is none.
  virtual bool kill_worker(std::uint32_t place);

  /// It was made, or used again, since its last shutdown.
  [[nodiscard]] bool open() const { return state_ == State::usable; }
  [[nodiscard]] bool created() const { return state_ != State::absent; }
  /// Time that the creating threads spent on making it and starting its workers.
  [[nodiscard]] sim::Duration startup() const { return startup_; }
  [[nodiscard]] sim::Duration shutdown() const { return shutdown_; }
  [[nodiscard]] Bytes ipc_bytes() const { return ipc_bytes_; }
  [[nodiscard]] const ExecutorSpec& spec() const { return spec_; }
  [[nodiscard]] sim::FramePool& frame_pool() const;
  /// Of an event loop: how late coroutines went on after what they awaited was due; else null.
  [[nodiscard]] virtual const sim::Histogram* lag() const { return nullptr; }
  /// Of an event loop: how often a `timeout` expired.
  [[nodiscard]] virtual std::optional<std::uint64_t> timeouts() const { return std::nullopt; }

 protected:
  [[nodiscard]] virtual sim::Process<> do_create(Actor& who);
  [[nodiscard]] virtual sim::Process<> do_submit(Actor& who, BatchId batch) = 0;
  [[nodiscard]] virtual sim::Process<> do_shut_down(Actor& who) = 0;

  /// Runs the steps of `item` in `worker` and notes when they began and ended.
  [[nodiscard]] sim::Process<> run_item(Actor& worker, ItemId item);
  /// The submitter can read `item` from now on; wakes who waits for it, at the cost of `finisher`.
  [[nodiscard]] sim::Process<> publish(Actor& finisher, ItemId item);
  /// Marks the item as handed over now.
  void note_submitted(Actor& who, ItemId item);

  /// How to set up worker number `index`.
  [[nodiscard]] NewThread worker_thread(std::uint32_t index) const;
  /// Number of workers for this machine and runtime.
  [[nodiscard]] std::uint32_t worker_count() const;
  /// An exception that ends the program; `who` never returns from it.
  [[nodiscard]] sim::Process<> end_program(Actor& who, std::string failure);
  void add_startup(sim::Duration spent) { startup_ += spent; }
  void add_ipc(Bytes bytes) { ipc_bytes_ = ipc_bytes_ + bytes; }

  Context& world_;
  const ExecutorSpec& spec_;
  ExecutorIndex index_;

 private:
  enum class State { absent, creating, usable, gone };
  [[nodiscard]] sim::Process<> await_creation(Actor& who);
  [[nodiscard]] bool is_bare() const;

  State state_ = State::absent;
  std::vector<ThreadId> creation_waits_;
  sim::Duration startup_{};
  sim::Duration shutdown_{};
  Bytes ipc_bytes_;
};

/// The executor that `world.spec` describes under `index`.
[[nodiscard]] std::unique_ptr<Executor> make_executor(Context& world, ExecutorIndex index);

/// Workers that `spec` asks for, by the rules of the world's runtime; `cores` are physical ones
/// that the executor's group may use. `default` sees all CPUs of the machine, also from a container
/// (os.cpu_count()); Python 3.13 and later leave out those that the program may not use. Nobody
/// looks at quotas.
[[nodiscard]] std::uint32_t resolve_workers(const ExecutorSpec& spec, const WorldSpec& world);

/// Items in one message of multiprocessing.Pool.map: divmod(items, 4 * workers), rounded up.
[[nodiscard]] std::uint64_t pool_chunksize(std::uint64_t items, std::uint32_t workers);

}  // namespace timeslice::models
