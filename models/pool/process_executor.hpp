// concurrent.futures.ProcessPoolExecutor of CPython 3.9 to 3.13, as the program that it is: a
// manager thread and a feeder thread in the parent, worker processes, a bounded call queue, a
// result queue.
//
// submit makes a future, puts an id on a queue and writes a byte to the wake-up pipe. The manager
// moves calls to the call queue, which holds one more than there are workers, waits on the result
// pipe, the wake-up pipe and every worker's sentinel, sets one future a result and drains the
// wake-up pipe. All threads of the parent share its GIL.
// Source: CPython, Lib/concurrent/futures/process.py and Lib/multiprocessing/queues.py; costs and
// limits: docs/models/process-executor.md.
#pragma once

#include <cstdint>
#include <deque>
#include <vector>

#include "models/os/mutex.hpp"
#include "models/pool/executor.hpp"
#include "models/pool/messages.hpp"

namespace timeslice::models {

class ProcessExecutor final : public Executor, public ChildWatch {
 public:
  ProcessExecutor(Context& world, ExecutorIndex index);

  sim::Process<> wait(Actor& who, BatchId batch) override;
  bool kill_worker(std::uint32_t place) override;
  void child_gone(Actor& child) override;

 protected:
  sim::Process<> do_create(Actor& who) override;
  sim::Process<> do_submit(Actor& who, BatchId batch) override;
  sim::Process<> do_shut_down(Actor& who) override;

 private:
  /// A call: the items of one future.
  struct Call {
    BatchId batch{};
    std::uint32_t first = 0;  // offset in the batch
    std::uint32_t count = 0;
  };
  /// What the manager's wait() saw.
  enum class Seen { result, byte, dead_worker };

  // The submitting thread.
  sim::Process<> submit_call(Actor& who, Call call);
  sim::Process<> start_manager(Actor& who);
  sim::Process<> write_byte(Actor& who);
  sim::Process<> lock(Actor& who);
  sim::Process<> unlock(Actor& who);
  /// BrokenProcessPool leaves main: the run ends here. Does not return.
  sim::Process<> raise_broken(Actor& who);

  // The manager.
  Program manager(Actor& actor);
  sim::Process<> add_calls(Actor& actor);
  sim::Process<Seen> wait_for_news(Actor& actor);
  sim::Process<> take_result(Actor& actor);
  sim::Process<> clear_bytes(Actor& actor);
  sim::Process<> set_future(Actor& actor, Call call);
  sim::Process<> replace_worker(Actor& actor, std::uint32_t number);
  sim::Process<> break_down(Actor& actor);
  sim::Process<> join_internals(Actor& actor);
  sim::Process<> put_call(Actor& actor, std::uint64_t entry);

  // The feeder of the call queue.
  Program feeder(Actor& actor);
  sim::Process<std::uint64_t> next_entry(Actor& actor);
  sim::Process<> send(Actor& actor, std::uint64_t entry);

  // The workers.
  Program worker_main(Actor& worker, std::uint32_t number);
  sim::Process<std::uint64_t> get_call(Actor& worker);
  sim::Process<> run_call(Actor& worker, Call call);
  sim::Process<> put_result(Actor& worker, std::uint64_t message);

  sim::Process<> start_worker(Actor& who);
  sim::Process<> adjust_workers(Actor& who);
  sim::Process<> write(Actor& actor, Pipe& pipe, Bytes size, std::uint64_t value);
  void wake_manager(ThreadId writer);
  [[nodiscard]] Load load_of(const Call& call) const { return {spec_.payload, call.count}; }
  [[nodiscard]] const ExecutorCosts& costs() const;
  [[nodiscard]] StartMethod start_method() const;

  Channel calls_;
  Channel results_;
  Pipe wakeups_;
  Mutex lock_;               // _shutdown_lock
  Semaphore room_;           // of the call queue
  std::vector<Call> table_;  // all that were ever submitted, by id
  std::deque<std::uint64_t> ids_;
  std::deque<std::uint64_t> buffer_;      // of the call queue, before its pipe
  std::vector<Actor*> started_;           // workers by number
  std::vector<std::uint32_t> processes_;  // numbers of those that the executor knows
  std::vector<BatchId> open_;             // batches that somebody may wait for
  Actor* manager_ = nullptr;
  Actor* feeder_ = nullptr;
  std::uint32_t most_workers_ = 0;
  std::uint64_t idle_tokens_ = 0;
  std::uint64_t pending_ = 0;
  bool manager_waits_ = false;
  bool feeder_waits_ = false;
  bool dead_worker_ = false;
  bool shutting_down_ = false;
  bool broken_ = false;
};

}  // namespace timeslice::models
