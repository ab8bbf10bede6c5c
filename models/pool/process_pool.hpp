// multiprocessing.Pool of CPython 3.8 to 3.13, as the program that it is: worker processes and, in
// the parent, a task handler, a result handler and a worker handler, joined by two pipes.
//
// The task pipe's read lock is held while a worker blocks in read, so one idle worker waits on the
// pipe and the others wait for the lock. A worker pickles its result before it takes the result
// pipe's write lock. The worker handler polls the result pipe too, so every result wakes it as
// well as the result handler. All threads of the parent share its GIL.
// Source: CPython, Lib/multiprocessing/pool.py; see docs/models/pool.md for costs and limits.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <string>
#include <vector>

#include "models/pool/executor.hpp"
#include "models/pool/messages.hpp"
#include "models/python/interpreter.hpp"
#include "models/units.hpp"
#include "sim/process.hpp"

namespace timeslice::models {

class ProcessPool final : public Executor, public ChildWatch {
 public:
  ProcessPool(Context& world, ExecutorIndex index);

  sim::Process<> wait(Actor& who, BatchId batch) override;
  bool kill_worker(std::uint32_t place) override;
  void child_gone(Actor& child) override;

 protected:
  sim::Process<> do_create(Actor& who) override;
  sim::Process<> do_submit(Actor& who, BatchId batch) override;
  sim::Process<> do_shut_down(Actor& who) override;

 private:
  /// A run of items in one message.
  struct Chunk {
    BatchId batch{};
    std::uint32_t first = 0;  // offset in the batch
    std::uint32_t count = 0;
  };
  /// What the in-process task queue holds: a batch to be cut up, from `first` on; or the end.
  struct Job {
    BatchId batch{};
    std::uint32_t first = 0;
    std::uint32_t count = 0;
    bool stop = false;
  };
  /// An IMapIterator: which chunks came, and how far the reader is.
  struct LazyMap {
    std::vector<bool> came;   // by chunk
    std::uint32_t next = 0;   // first chunk that has not come, read in order
    std::uint32_t there = 0;  // chunks that came and were not read yet
    bool reader_waits = false;
    ThreadId reader{};
  };
  static constexpr std::uint64_t no_chunk = UINT64_MAX;
  /// How a worker stands to the task pipe's read lock; passing: on its way to it.
  enum class TaskLock : std::uint8_t { away, passing, held };
  /// What a worker is at, by its thread: what a kill would lose.
  struct Worker {
    Actor* actor = nullptr;
    std::uint64_t chunk = no_chunk;
    TaskLock task_lock = TaskLock::away;
    bool holds_result_lock = false;
  };

  // The four kinds of thread.
  Program worker_main(Actor& worker, std::uint32_t number);
  Program task_handler(Actor& actor);
  Program result_handler(Actor& actor);
  Program worker_handler(Actor& actor);

  sim::Process<> start_worker(Actor& who);
  sim::Process<> maintain(Actor& actor);
  sim::Process<> terminate(Actor& who);
  sim::Process<> drop_queued_tasks(Actor& who);
  sim::Process<> read_lazily(Actor& who, BatchId batch);
  sim::Process<> store_lazy(Actor& actor, Chunk chunk);
  [[nodiscard]] bool loses_wake_up(const Actor& worker) const;
  [[nodiscard]] std::string loss_of(const Worker& worker) const;
  sim::Process<> put_job(Actor& who, Job job);
  sim::Process<> next_job(Actor& actor, Job& job);
  sim::Process<> send_job(Actor& actor, Job job);
  sim::Process<> send_chunk(Actor& actor, Chunk chunk);
  sim::Process<> send_stop_signs(Actor& actor);
  sim::Process<std::uint64_t> get_task(Actor& worker, std::uint32_t number);
  sim::Process<> run_chunk(Actor& worker, std::uint64_t number);
  sim::Process<> put_result(Actor& worker, std::uint32_t number);
  sim::Process<> store(Actor& actor, std::uint64_t number);
  sim::Process<> store_map(Actor& actor, BatchId batch);
  sim::Process<> end_of_spin(Actor& actor, bool in_vain);
  sim::Process<> look_around(Actor& actor);
  sim::Process<> notify_change(Actor& actor);

  sim::Process<> write(Actor& actor, Pipe& pipe, Bytes size, std::uint64_t value);
  sim::Process<> write_once(Actor& actor, Pipe& pipe, Bytes size, std::uint64_t value);
  /// Bytes came into the empty result pipe: the worker handler polls it as well.
  void wake_poller(ThreadId writer);

  [[nodiscard]] sim::Duration turn_cost() const;
  [[nodiscard]] const PoolSpec& pool_spec() const;
  [[nodiscard]] Load load_of(const Chunk& chunk) const { return {spec_.payload, chunk.count}; }
  [[nodiscard]] Bytes task_size(const Chunk& chunk) const;
  [[nodiscard]] Bytes result_size(const Chunk& chunk) const;

  Channel tasks_;
  Channel results_;
  std::deque<Job> jobs_;
  std::vector<Chunk> chunks_;           // all that were ever sent, by number
  std::vector<Worker> started_;         // all workers that ever were, by number
  std::vector<std::uint32_t> workers_;  // numbers of those that the pool knows
  std::map<BatchId, LazyMap> lazy_;     // imaps that are not read to the end
  std::vector<Actor*> handlers_;        // worker, task, result handler: the order of join()
  std::uint32_t worker_total_ = 0;
  std::uint32_t gone_workers_ = 0;  // of those that the pool knows
  std::uint64_t open_batches_ = 0;  // with results still to come: the pool's cache
  ThreadId job_waiter_{};
  ThreadId poller_{};
  bool job_waiter_waits_ = false;
  bool poller_waits_ = false;
  sim::Instant spins_since_;  // the worker handler polls in vain since then
  bool change_ = false;       // something for the worker handler to look at
  bool closing_ = false;
  bool terminated_ = false;
};

}  // namespace timeslice::models
