// Looks at the threads of this process's descendants now and then: CPU time, run-queue wait and
// switches so far, from /proc/PID/task/TID/schedstat and status.
//
// What a thread does after the last look at it, and threads that live between two looks, are
// missed. Memory: 48 bytes a look and thread, at most 48 MB. Costs about 30 us a look and thread.
#pragma once

#include <cstdint>
#include <map>
#include <vector>

#include "validation/native/recorder/recording.hpp"

namespace timeslice::validation {

class ThreadWatch {
 public:
  void look();
  /// What the threads did between the looks nearest to the run's bounds, in order of creation.
  [[nodiscard]] std::vector<ThreadFacts> between(std::int64_t start_ns, std::int64_t end_ns) const;

 private:
  struct Look {
    std::int64_t time_ns = 0;
    std::int64_t run_ns = 0;
    std::int64_t wait_ns = 0;
    std::uint64_t voluntary = 0;
    std::uint64_t involuntary = 0;
  };
  struct Thread {
    std::int32_t process = 0;
    std::vector<Look> looks;
  };
  void look_at(std::int32_t process);
  [[nodiscard]] static ThreadFacts facts(const Thread& thread, std::int64_t start_ns,
                                         std::int64_t end_ns);

  std::map<std::int32_t, Thread> threads_;
  std::vector<std::int32_t> order_;  // threads, as they were seen first
  std::uint64_t looks_ = 0;
};

}  // namespace timeslice::validation
