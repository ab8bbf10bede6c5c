#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <memory>
#include <span>
#include <string>
#include <utility>

#include <fmt/format.h>
#include <linux/perf_event.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "validation/native/recorder/perf_records.hpp"
#include "validation/native/recorder/proc_files.hpp"
#include "validation/native/recorder/providers.hpp"
#include "validation/native/recorder/thread_watch.hpp"

namespace timeslice::validation {

namespace {

// 512 KiB a CPU: with its control page just what perf_event_mlock_kb gives anybody.
constexpr std::size_t data_pages = 128;
constexpr std::size_t records_most = 64ULL << 20U;  // bytes that are kept of one CPU

perf_event_attr switches_of_this_thread() {
  perf_event_attr wanted{};
  wanted.size = sizeof wanted;
  wanted.type = PERF_TYPE_SOFTWARE;
  wanted.config = PERF_COUNT_SW_DUMMY;
  wanted.sample_type = PERF_SAMPLE_TID | PERF_SAMPLE_TIME | PERF_SAMPLE_CPU;
  wanted.sample_id_all = 1;
  wanted.context_switch = 1;
  wanted.task = 1;            // creation and end of threads
  wanted.inherit = 1;         // and of all whom they make
  wanted.exclude_kernel = 1;  // what perf_event_paranoid 2 allows
  wanted.exclude_hv = 1;
  wanted.use_clockid = 1;
  wanted.clockid = CLOCK_MONOTONIC;
  return wanted;
}

/// The buffer in which the kernel writes what happens on one CPU.
class Ring {
 public:
  Ring(const Ring&) = delete;
  Ring& operator=(const Ring&) = delete;
  ~Ring() {
    if (memory_ != MAP_FAILED) {
      ::munmap(memory_, bytes());
    }
    if (event_ >= 0) {
      ::close(event_);
    }
  }

  static sim::Result<std::unique_ptr<Ring>> open(std::int32_t cpu) {
    std::unique_ptr<Ring> ring{new Ring};
    perf_event_attr wanted = switches_of_this_thread();
    ring->event_ =
        static_cast<int>(::syscall(SYS_perf_event_open, &wanted, 0, cpu, -1, PERF_FLAG_FD_CLOEXEC));
    if (ring->event_ < 0) {
      return refused("perf_event_open");
    }
    ring->memory_ =
        ::mmap(nullptr, ring->bytes(), PROT_READ | PROT_WRITE, MAP_SHARED, ring->event_, 0);
    if (ring->memory_ == MAP_FAILED) {
      return refused("buffer of perf_event_open");
    }
    return ring;
  }

  /// Moves what is there into `records`, as far as they may grow.
  void drain() {
    auto* control = static_cast<perf_event_mmap_page*>(memory_);
    std::atomic_ref<__u64> head{control->data_head};
    std::atomic_ref<__u64> tail{control->data_tail};
    const auto* data = static_cast<const std::byte*>(memory_) + page_bytes();
    const std::size_t size = data_pages * page_bytes();
    const std::uint64_t end = head.load(std::memory_order_acquire);
    std::uint64_t at = tail.load(std::memory_order_relaxed);
    while (at != end && records.size() < records_most) {
      const std::size_t from = at % size;
      const std::size_t part = std::min<std::size_t>(end - at, size - from);
      records.insert(records.end(), data + from, data + from + part);
      at += part;
    }
    tail.store(at, std::memory_order_release);
  }

  std::vector<std::byte> records;

 private:
  Ring() = default;
  static std::size_t page_bytes() { return static_cast<std::size_t>(::sysconf(_SC_PAGESIZE)); }
  static std::size_t bytes() { return (1 + data_pages) * page_bytes(); }
  static sim::Error refused(const char* what) {
    return {.where = what,
            .what = std::strerror(errno),
            .advice = "see perf_event_paranoid and perf_event_mlock_kb in /proc/sys/kernel"};
  }

  int event_ = -1;
  void* memory_ = MAP_FAILED;
};

class PerfProvider final : public TimelineProvider {
 public:
  explicit PerfProvider(std::vector<std::int32_t> cpus) : cpus_{std::move(cpus)} {}

  std::optional<sim::Error> begin() override {
    watch_ = {};
    rings_.clear();
    for (const std::int32_t cpu : cpus_) {
      auto ring = Ring::open(cpu);
      if (!ring) {
        rings_.clear();
        return ring.error();
      }
      rings_.push_back(std::move(ring).value());
    }
    return std::nullopt;
  }

  void look() override {
    for (const auto& ring : rings_) {
      ring->drain();
    }
    watch_.look();
  }

  sim::Result<Recording> end(const RecordedRun& run) override {
    PerfRecords read;
    for (const auto& ring : rings_) {
      ring->drain();
      read_perf_records(ring->records, read);
    }
    rings_.clear();
    if (read.lost + read.broken > 0) {
      return sim::Error{
          .where = "recording",
          .what = fmt::format("{} records were lost, {} cut off", read.lost, read.broken),
          .advice = "make the run shorter"};
    }
    RecordBuilder builder{run};
    replay(read.events, ::getpid(), builder);
    if (!builder.saw_root()) {
      return sim::Error{.where = "recording",
                        .what = "the program is not in the records",
                        .advice = "the kernel may have stopped the counter: try again"};
    }
    Recording recording = std::move(builder).finish();
    recording.totals = watch_.between(run.start_ns, run.end_ns);
    return recording;
  }

  [[nodiscard]] RecorderTier tier() const override { return RecorderTier::perf; }

 private:
  std::vector<std::int32_t> cpus_;
  std::vector<std::unique_ptr<Ring>> rings_;
  ThreadWatch watch_;
};

}  // namespace

MadeProvider make_perf_provider(const std::vector<std::int32_t>& cpus) {
  auto provider = std::make_unique<PerfProvider>(cpus);
  if (auto problem = provider->begin()) {
    return std::move(*problem);
  }
  return std::unique_ptr<TimelineProvider>{std::move(provider)};
}

}  // namespace timeslice::validation
