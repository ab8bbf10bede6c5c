// What happened in a run, as typed records: always folded into a digest, written only on demand.
//
// The engine's layer knows no kinds and no meanings: models define them. Without a sink a record
// costs about 3 ns (the digest and one test for null).
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "sim/digest.hpp"

namespace timeslice::sim {

/// One thing that happened. 32 bytes; what the fields mean is up to `kind`.
struct TraceRecord {
  std::int64_t time_ns = 0;
  std::uint16_t kind = 0;
  std::uint16_t cpu = 0;
  std::uint32_t subject = 0;  // whom it happened to
  std::uint32_t object = 0;   // what it was about: a resource, a task, another thread
  std::uint32_t cause = 0;    // why: who woke it, which resource it waits for, who held that
  std::uint64_t value = 0;

  friend bool operator==(const TraceRecord&, const TraceRecord&) = default;
};
static_assert(sizeof(TraceRecord) == 32);

class TraceSink {
 public:
  TraceSink() = default;
  TraceSink(const TraceSink&) = delete;
  TraceSink& operator=(const TraceSink&) = delete;
  virtual ~TraceSink() = default;

  virtual void write(const TraceRecord& record) = 0;
};

/// Keeps all records.
class MemorySink final : public TraceSink {
 public:
  void write(const TraceRecord& record) override { records_.push_back(record); }
  [[nodiscard]] const std::vector<TraceRecord>& records() const { return records_; }

 private:
  std::vector<TraceRecord> records_;
};

/// Keeps a line of text a record; the layer that knows the kinds says how it reads.
class TextSink final : public TraceSink {
 public:
  /// A line without its newline; an empty one is left out.
  using Formatter = std::function<std::string(const TraceRecord&)>;

  explicit TextSink(Formatter format);
  void write(const TraceRecord& record) override;
  [[nodiscard]] std::string_view text() const { return text_; }

 private:
  Formatter format_;
  std::string text_;
};

class Trace {
 public:
  /// `sink` is not owned; null: only the digest is kept.
  explicit Trace(TraceSink* sink = nullptr) : sink_{sink} {}

  void record(const TraceRecord& record) {
    digest_.add4(
        static_cast<std::uint64_t>(record.time_ns),
        record.kind | (std::uint64_t{record.cpu} << 16) | (std::uint64_t{record.subject} << 32),
        record.object | (std::uint64_t{record.cause} << 32), record.value);
    if (sink_ != nullptr) [[unlikely]] {
      sink_->write(record);
    }
  }

  /// Whether somebody reads the records: for what is costly to describe and not part of them.
  [[nodiscard]] bool watched() const { return sink_ != nullptr; }
  /// The fingerprint of all records so far.
  [[nodiscard]] std::uint64_t digest() const { return digest_.value(); }

 private:
  TraceSink* sink_;
  Digest digest_;
};

}  // namespace timeslice::sim
