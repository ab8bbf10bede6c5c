// Small means of the host's probes: threads and children on chosen CPUs, pages, batches.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <vector>

namespace timeslice::validation {

/// Keeps the calling thread on one CPU (operating-system number), or on `cpus` again.
void stay_on(std::int32_t cpu);
void stay_on(const std::vector<std::int32_t>& cpus);

/// CPU time of `call` over `times` calls, each, by the thread's clock.
[[nodiscard]] double cpu_of_each(int times, const std::function<void()>& call);

/// Anonymous memory of pages of 4 KiB (no huge ones), gone with this object. Null data: no memory.
class SmallPages {
 public:
  explicit SmallPages(std::size_t bytes);
  SmallPages(const SmallPages&) = delete;
  SmallPages& operator=(const SmallPages&) = delete;
  ~SmallPages();

  [[nodiscard]] std::byte* data() const { return data_; }
  [[nodiscard]] std::size_t size() const { return bytes_; }
  void touch() const;  // writes one byte of each page

  static constexpr std::size_t page = 4096;

 private:
  std::byte* data_ = nullptr;
  std::size_t bytes_ = 0;
};

/// Both ends of a pipe, closed with this object.
class PipeEnds {
 public:
  PipeEnds();
  PipeEnds(const PipeEnds&) = delete;
  PipeEnds& operator=(const PipeEnds&) = delete;
  ~PipeEnds();

  void write(const void* data, std::size_t bytes) const;
  /// Reads all of `bytes`, whatever pieces it comes in.
  void read(void* data, std::size_t bytes) const;

 private:
  int source_ = -1;
  int sink_ = -1;
};

void sleep_ns(std::int64_t ns);

}  // namespace timeslice::validation
