#include "validation/native/cpp_execute.hpp"

#include <condition_variable>
#include <deque>
#include <future>
#include <memory>
#include <mutex>
#include <span>
#include <thread>
#include <utility>

#include <sched.h>
#include <sys/resource.h>

#include "sim/expect.hpp"
#include "validation/calibrate/cpp_kernel.hpp"
#include "validation/native/cpp_meeting.hpp"
#include "validation/native/support.hpp"

namespace timeslice::validation {

namespace {

/// What all threads of the run share.
struct Shared {
  const NativeProgram& program;
  const KernelCost& kernel;
  sim::Duration part;
  std::deque<CppMeeting> meetings;

  [[nodiscard]] CppMeeting& meeting(const Instruction& instruction) {
    return meetings[static_cast<std::size_t>(instruction.argument)];
  }
};

/// Whether the instruction was one of threads that meet, which has been done then.
bool met(Shared& shared, const Instruction& instruction) {
  switch (instruction.op) {
    case Op::lock:
      shared.meeting(instruction).lock();
      return true;
    case Op::unlock:
      shared.meeting(instruction).unlock();
      return true;
    case Op::read_lock:
      shared.meeting(instruction).lock_to_read();
      return true;
    case Op::read_unlock:
      shared.meeting(instruction).unlock_from_reading();
      return true;
    case Op::put:
      shared.meeting(instruction).put();
      return true;
    case Op::get:
      shared.meeting(instruction).get();
      return true;
    case Op::set:
      shared.meeting(instruction).set();
      return true;
    case Op::wait:
      shared.meeting(instruction).wait();
      return true;
    case Op::barrier:
      shared.meeting(instruction).arrive();
      return true;
    default:
      return false;
  }
}

void execute(Shared& shared, std::span<const Instruction> instructions,
             std::vector<KernelSample>& samples) {
  for (const Instruction& instruction : instructions) {
    switch (instruction.op) {
      case Op::native:
      case Op::held:  // there is no GIL to hold
        run_cpp_kernel(shared.kernel, instruction.argument, samples, shared.part);
        break;
      case Op::sleep:
        std::this_thread::sleep_for(sim::Duration{instruction.argument});
        break;
      case Op::yield:
        std::this_thread::yield();  // sched_yield(2)
        break;
      default:
        if (!met(shared, instruction)) {
          sim::expect(false, "a C++ item only computes, waits, yields and meets others");
        }
    }
  }
}

/// Who runs items. One thread (main) calls it.
class CppExecutor {
 public:
  CppExecutor() = default;
  CppExecutor(const CppExecutor&) = delete;
  CppExecutor& operator=(const CppExecutor&) = delete;
  virtual ~CppExecutor() = default;

  virtual void create() {}
  virtual void submit(std::uint32_t item) = 0;
  virtual void wait_for_all() {}
  virtual void shut_down() {}

  std::vector<KernelSample> samples;  // complete after shut_down
};

class SerialExecutor final : public CppExecutor {
 public:
  explicit SerialExecutor(Shared& shared) : shared_{shared} {}

  void submit(std::uint32_t item) override {
    execute(shared_, shared_.program.programs[item], samples);
  }

 private:
  Shared& shared_;
};

/// std::async with a thread of its own for each item.
class AsyncExecutor final : public CppExecutor {
 public:
  explicit AsyncExecutor(Shared& shared) : shared_{shared} {}

  void submit(std::uint32_t item) override {
    running_.push_back(std::async(std::launch::async, [this, item] {
      std::vector<KernelSample> own;
      execute(shared_, shared_.program.programs[item], own);
      return own;
    }));
  }

  void wait_for_all() override {
    for (auto& future : running_) {
      const std::vector<KernelSample> own = future.get();
      samples.insert(samples.end(), own.begin(), own.end());
    }
    running_.clear();
  }

 private:
  Shared& shared_;
  std::vector<std::future<std::vector<KernelSample>>> running_;
};

/// Worker threads that take items from one queue under one mutex.
class QueueExecutor final : public CppExecutor {
 public:
  QueueExecutor(Shared& shared, std::uint32_t workers) : shared_{shared}, own_samples_(workers) {}

  void create() override {
    for (std::vector<KernelSample>& own : own_samples_) {
      threads_.emplace_back([this, &own] { work(own); });
    }
  }

  void submit(std::uint32_t item) override {
    {
      const std::scoped_lock guard{mutex_};
      queue_.push_back(item);
      ++open_;
    }
    work_here_.notify_one();
  }

  void wait_for_all() override {
    std::unique_lock guard{mutex_};
    all_done_.wait(guard, [this] { return open_ == 0; });
  }

  void shut_down() override {
    {
      const std::scoped_lock guard{mutex_};
      closed_ = true;
    }
    work_here_.notify_all();
    threads_.clear();  // joins
    for (const std::vector<KernelSample>& own : own_samples_) {
      samples.insert(samples.end(), own.begin(), own.end());
    }
  }

 private:
  void work(std::vector<KernelSample>& own) {
    while (true) {
      std::unique_lock guard{mutex_};
      work_here_.wait(guard, [this] { return closed_ || !queue_.empty(); });
      if (queue_.empty()) {
        return;
      }
      const std::uint32_t item = queue_.front();
      queue_.pop_front();
      guard.unlock();
      execute(shared_, shared_.program.programs[item], own);
      guard.lock();
      if (--open_ == 0) {
        all_done_.notify_one();
      }
    }
  }

  Shared& shared_;
  std::mutex mutex_;
  std::condition_variable work_here_;
  std::condition_variable all_done_;
  std::deque<std::uint32_t> queue_;
  std::uint64_t open_ = 0;
  bool closed_ = false;
  std::vector<std::vector<KernelSample>> own_samples_;
  std::vector<std::jthread> threads_;  // last: joined before what they use goes
};

std::unique_ptr<CppExecutor> make_executor(const models::WorldSpec& world,
                                           const models::ExecutorSpec& spec, Shared& shared) {
  switch (spec.kind) {
    case models::ExecutorKind::cpp_threads:
      return std::make_unique<QueueExecutor>(shared, worker_count(world, spec));
    case models::ExecutorKind::cpp_async:
      return std::make_unique<AsyncExecutor>(shared);
    default:
      sim::expect(spec.kind == models::ExecutorKind::serial, "a C++ scenario has C++ executors");
      return std::make_unique<SerialExecutor>(shared);
  }
}

/// The main program over executors that it names by number.
class CppMain {
 public:
  CppMain(const models::WorldSpec& world, const NativeProgram& program, Shared& shared)
      : program_{program},
        shared_{shared},
        created_(world.executors.size(), false),
        users_(world.futures.size()) {
    for (const models::ExecutorSpec& spec : world.executors) {
      executors_.push_back(make_executor(world, spec, shared));
      at_start_.push_back(spec.create == models::ExecutorSpec::Create::start);
    }
  }

  /// What is made before main's first step is no part of the makespan.
  void begin() {
    for (std::size_t i = 0; i < executors_.size(); ++i) {
      if (at_start_[i]) {
        executor(i);
      }
    }
  }

  void go() {
    for (const Instruction& instruction : program_.main) {
      step(instruction);
    }
    for (const std::size_t index : order_) {
      executors_[index]->wait_for_all();
      executors_[index]->shut_down();
    }
  }

  void collect(std::vector<KernelSample>& samples) const {
    samples.insert(samples.end(), own_.begin(), own_.end());
    for (const auto& executor : executors_) {
      samples.insert(samples.end(), executor->samples.begin(), executor->samples.end());
    }
  }

 private:
  CppExecutor& executor(std::size_t index) {
    if (!created_[index]) {
      created_[index] = true;
      order_.push_back(index);
      executors_[index]->create();
    }
    return *executors_[index];
  }

  void step(const Instruction& instruction) {
    const auto argument = static_cast<std::size_t>(instruction.argument);
    if (instruction.op == Op::map || instruction.op == Op::submit) {
      const Batch& batch = program_.batches[argument];
      CppExecutor& target = executor(models::index_of(batch.executor));
      for (const std::uint32_t item : batch.items) {
        target.submit(item);
      }
      if (instruction.op == Op::map) {
        target.wait_for_all();
      } else {
        users_[models::index_of(batch.future)].push_back(&target);
      }
    } else if (instruction.op == Op::join) {
      for (CppExecutor* target : users_[argument]) {
        target->wait_for_all();
      }
      users_[argument].clear();
    } else {
      execute(shared_, {&instruction, 1}, own_);
    }
  }

  const NativeProgram& program_;
  Shared& shared_;
  std::vector<std::unique_ptr<CppExecutor>> executors_;
  std::vector<bool> at_start_;
  std::vector<bool> created_;
  std::vector<std::size_t> order_;
  std::vector<std::vector<CppExecutor*>> users_;  // by future: who runs what was submitted
  std::vector<KernelSample> own_;
};

rusage usage() {
  rusage now{};
  ::getrusage(RUSAGE_SELF, &now);
  return now;
}

std::int64_t cpu_ns(const rusage& now) {
  return (now.ru_utime.tv_sec + now.ru_stime.tv_sec) * 1'000'000'000 +
         (now.ru_utime.tv_usec + now.ru_stime.tv_usec) * 1000;
}

}  // namespace

void run_cpp_kernel(const KernelCost& kernel, std::int64_t nominal_ns,
                    std::vector<KernelSample>& samples, sim::Duration part_length) {
  const std::int64_t part_ns = part_length.count();
  std::int64_t left = nominal_ns;
  while (left > 0) {
    const std::int64_t part = left < part_ns * 3 / 2 ? left : part_ns;
    left -= part;
    const std::uint64_t iterations = iterations_for(kernel, static_cast<double>(part));
    KernelSample sample;
    sample.nominal_ns = part;
    sample.cpu_first = ::sched_getcpu();
    sample.begin_ns = wall_ns();
    const std::int64_t before = thread_cpu_ns();
    const volatile std::uint64_t sink = cpp_kernel(iterations, static_cast<std::uint64_t>(left));
    static_cast<void>(sink);
    sample.used_ns = thread_cpu_ns() - before;
    sample.end_ns = wall_ns();
    sample.cpu_last = ::sched_getcpu();
    sample.kernel = Kernel::native;
    samples.push_back(sample);
  }
}

CppResult execute_cpp(const models::WorldSpec& world, const NativeProgram& program,
                      const KernelCost& kernel, sim::Duration part) {
  Shared shared{.program = program, .kernel = kernel, .part = part, .meetings{}};
  for (const models::LockSpec& lock : world.locks) {
    shared.meetings.emplace_back(lock);
  }
  CppMain main_program{world, program, shared};
  std::vector<KernelSample> warm_up;
  run_cpp_kernel(kernel, 500'000, warm_up);
  main_program.begin();
  CppResult result;
  const rusage before = usage();
  result.start_ns = wall_ns();
  main_program.go();
  result.end_ns = wall_ns();
  const rusage after = usage();
  result.cpu_ns = cpu_ns(after) - cpu_ns(before);
  result.voluntary = static_cast<std::uint64_t>(after.ru_nvcsw - before.ru_nvcsw);
  result.involuntary = static_cast<std::uint64_t>(after.ru_nivcsw - before.ru_nivcsw);
  main_program.collect(result.samples);
  return result;
}

}  // namespace timeslice::validation
