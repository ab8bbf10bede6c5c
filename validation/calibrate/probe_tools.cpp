#include "validation/calibrate/probe_tools.hpp"

#include <array>

#include <sched.h>
#include <sys/mman.h>
#include <time.h>  // NOLINT(modernize-deprecated-headers): clock_nanosleep is POSIX
#include <unistd.h>

#include "validation/calibrate/cpp_kernel.hpp"

namespace timeslice::validation {

void stay_on(const std::vector<std::int32_t>& cpus) {
  cpu_set_t set;
  CPU_ZERO(&set);
  for (const std::int32_t cpu : cpus) {
    CPU_SET(static_cast<std::size_t>(cpu), &set);
  }
  ::sched_setaffinity(0, sizeof set, &set);
}

void stay_on(std::int32_t cpu) {
  stay_on(std::vector<std::int32_t>{cpu});
}

double cpu_of_each(int times, const std::function<void()>& call) {
  const std::int64_t before = thread_cpu_ns();
  for (int i = 0; i < times; ++i) {
    call();
  }
  return static_cast<double>(thread_cpu_ns() - before) / times;
}

SmallPages::SmallPages(std::size_t bytes) {
  void* const got =
      ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (got != MAP_FAILED) {
    ::madvise(got, bytes, MADV_NOHUGEPAGE);
    data_ = static_cast<std::byte*>(got);
    bytes_ = bytes;
  }
}

SmallPages::~SmallPages() {
  if (data_ != nullptr) {
    ::munmap(data_, bytes_);
  }
}

void SmallPages::touch() const {
  for (std::size_t at = 0; at < bytes_; at += page) {
    *static_cast<volatile std::byte*>(data_ + at) = std::byte{1};
  }
}

PipeEnds::PipeEnds() {
  std::array<int, 2> ends{-1, -1};
  if (::pipe(ends.data()) == 0) {
    source_ = ends[0];
    sink_ = ends[1];
  }
}

PipeEnds::~PipeEnds() {
  ::close(source_);
  ::close(sink_);
}

void PipeEnds::write(const void* data, std::size_t bytes) const {
  const char* at = static_cast<const char*>(data);
  while (bytes > 0) {
    const ssize_t put = ::write(sink_, at, bytes);
    if (put <= 0) {
      return;
    }
    at += put;
    bytes -= static_cast<std::size_t>(put);
  }
}

void PipeEnds::read(void* data, std::size_t bytes) const {
  char* at = static_cast<char*>(data);
  while (bytes > 0) {
    const ssize_t got = ::read(source_, at, bytes);
    if (got <= 0) {
      return;
    }
    at += got;
    bytes -= static_cast<std::size_t>(got);
  }
}

void sleep_ns(std::int64_t ns) {
  const timespec length{.tv_sec = ns / 1'000'000'000, .tv_nsec = ns % 1'000'000'000};
  ::clock_nanosleep(CLOCK_MONOTONIC, 0, &length, nullptr);
}

}  // namespace timeslice::validation
