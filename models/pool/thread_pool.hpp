// concurrent.futures.ThreadPoolExecutor: workers made lazily, one unbounded queue, results in
// order.
//
// submit puts the item on the queue and then starts one more worker unless an idle token can be
// taken or all workers exist. Who releases tokens depends on the version: up to 3.7 there are none,
// 3.8 to 3.11 a worker releases one after every item, from 3.12 on when it finds the queue empty.
// shutdown puts one None that each worker passes on, then joins all.
// Source: CPython, Lib/concurrent/futures/thread.py and _queue.SimpleQueue; see
// docs/models/pool.md.
// Cost: a few events an item; 4 bytes a queued item.
#pragma once

#include <cstdint>
#include <deque>
#include <vector>

#include "models/os/wait_queue.hpp"
#include "models/pool/executor.hpp"

namespace timeslice::models {

/// InterpreterPoolExecutor is one with other workers, as in CPython.
class ThreadPool : public Executor {
 public:
  ThreadPool(Context& world, ExecutorIndex index);

 protected:
  static constexpr std::uint32_t stop_sign = 0xffffffffU;  // the None of shutdown

  [[nodiscard]] sim::Process<> do_submit(Actor& who, BatchId batch) override;
  [[nodiscard]] sim::Process<> do_shut_down(Actor& who) override;

  /// What a worker thread does until it has got the stop sign and handed it on.
  [[nodiscard]] virtual Program worker_main(Actor& worker);

  /// The next item's id for `worker`, or the stop sign, which is then the next one's as well.
  [[nodiscard]] sim::Process<std::uint32_t> next_entry(Actor& worker);

 private:
  enum class Tokens { none, after_item, when_empty };
  static Tokens token_rule(const Context& world);

  [[nodiscard]] sim::Process<> put(Actor& who, std::uint32_t entry);
  [[nodiscard]] sim::Process<std::uint32_t> get(Actor& worker);
  [[nodiscard]] sim::Process<> adjust_thread_count(Actor& who);

  std::deque<std::uint32_t> queue_;  // items by id
  WaitQueue getters_;
  std::vector<Actor*> workers_;
  std::uint32_t max_workers_;
  Tokens tokens_;
  std::uint64_t idle_tokens_ = 0;
};

}  // namespace timeslice::models
