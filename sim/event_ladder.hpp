// The queue's tier for many events: a ladder of buckets, each rung finer than the one above it.
//
// Far events lie unsorted in `top`. When their time comes they are dealt into the buckets of a
// rung; a bucket that is due is sorted if it is small and dealt into a finer rung if it is large.
// A push is one store into a bucket, and an event is moved two to four times in its life, always
// through memory that is read in sequence. What arrives for the span that is being served goes to
// a small heap, which becomes a rung of its own when it grows: that is the guard against skewed
// distributions. Amortised O(1) for any distribution with finite mean; never worse than
// O(log n) plus a bounded number of moves (each rung divides its span by 64 at least).
// Idea: Tang, Goh, Thng, "Ladder queue", ACM TOMACS 15(3), 2005.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "sim/cache_aligned.hpp"
#include "sim/event.hpp"
#include "sim/event_heap.hpp"

namespace timeslice::sim {

class EventLadder {
 public:
  [[nodiscard]] std::size_t size() const { return size_; }
  [[nodiscard]] bool empty() const { return size_ == 0; }

  void push(const Event& event) {
    ++size_;
    if (event.time >= top_start_) {
      top_.push_back(event);
      return;
    }
    for (std::size_t i = 0; i < depth_; ++i) {
      if (event.time >= rungs_[i].open) {
        put(rungs_[i], event);
        return;
      }
    }
    late_.push(event);
    if (late_.size() > late_limit_) [[unlikely]] {
      respawn();
    }
  }

  /// The first event, or no_event.
  [[nodiscard]] Event top() {
    if (late_.empty()) [[likely]] {
      if (next_ == bottom_.size()) {
        refill();
      }
      return next_ == bottom_.size() ? no_event : bottom_[next_];
    }
    const Event late = late_.top();
    return next_ == bottom_.size() || before(late, bottom_[next_]) ? late : bottom_[next_];
  }

  /// Removes the first event. Requires: top() was called since the last change, and was not
  /// no_event.
  void pop() {
    --size_;
    if (late_.empty()) [[likely]] {
      ++next_;
    } else {
      pop_with_late();
    }
  }

  /// Calls take(event) for every event in no particular order, and empties the ladder.
  template <typename Take>
  void drain(Take take) {
    gather();
    for (const Event& event : top_) {
      take(event);
    }
    top_.clear();
    size_ = 0;
  }

  /// A table that the caller indexes by event id after each pop: where there are many events, the
  /// entries are prefetched when they come near. Not owned.
  void prefetch_from(const void* table, std::size_t bytes_per_entry) {
    table_ = static_cast<const std::byte*>(table);
    table_stride_ = bytes_per_entry;
  }

 private:
  static constexpr std::size_t chunk_events = 4;
  static constexpr unsigned max_rung_bits = 11;
  static constexpr unsigned min_rung_bits = 6;
  static constexpr std::size_t max_rungs = 16;
  static constexpr std::uint32_t no_chunk = 0xffffffff;
  // A due bucket with more events than this is dealt into a finer rung. Of rungs of 2^10 to 2^12
  // buckets, chunks of 4 and 8 and limits of 24 and 32 none was better in bench/hold_bench.cpp.
  static constexpr std::uint32_t sort_limit = 32;
  static constexpr std::size_t late_limit_default = 256;

  struct Chunk {
    std::array<Event, chunk_events> events;
  };
  struct Bucket {
    std::uint32_t chunk = no_chunk;  // the one that is being filled; the others hang behind it
    std::uint32_t count = 0;
  };
  struct Rung {
    std::uint64_t start = 0;  // time of bucket 0
    std::uint64_t open = 0;   // from this time on events belong here or above
    unsigned shift = 0;       // a bucket spans 2^shift nanoseconds
    std::array<std::uint64_t, (std::size_t{1} << max_rung_bits) / 64> filled{};  // a bit a bucket
    std::vector<Bucket> buckets = std::vector<Bucket>(std::size_t{1} << max_rung_bits);
  };
  /// Inclusive bounds.
  struct Span {
    std::uint64_t first;
    std::uint64_t last;
  };

  void put(Rung& rung, const Event& event) {
    const std::uint64_t index = (event.time - rung.start) >> rung.shift;
    Bucket& bucket = rung.buckets[index];
    const std::uint32_t place = bucket.count % chunk_events;
    if (place == 0) {
      new_chunk(bucket);
      rung.filled[index / 64] |= std::uint64_t{1} << (index % 64);
    }
    chunks_[bucket.chunk].events[place] = event;
    ++bucket.count;
  }

  void new_chunk(Bucket& bucket) {
    if (free_chunk_ == no_chunk) [[unlikely]] {
      add_chunks();
    }
    const std::uint32_t chunk = free_chunk_;
    free_chunk_ = links_[chunk];
    links_[chunk] = bucket.chunk;
    bucket.chunk = chunk;
  }

  template <typename Take>
  void empty_bucket(Bucket& bucket, Take take);
  void add_chunks();
  void refill();
  void serve_top();
  void serve_bucket(Rung& rung, std::size_t index);
  void sort_bottom();
  /// Asks early for the memory of the next filled bucket.
  void prefetch_after(const Rung& rung, std::size_t index) const;
  /// Starts a rung for events of [span.first, span.last] with buckets no wider than the span.
  Rung& add_rung(const Span& span, std::size_t events);
  void respawn();
  void pop_with_late();
  /// Moves every event to top_ and forgets all rungs.
  void gather();
  void gather_rung(Rung& rung);
  static Span span_of(std::span<const Event> events);

  std::size_t size_ = 0;
  std::uint64_t top_start_ = 0;  // events from this time on go to top_
  std::size_t depth_ = 0;        // rungs in use; the last one is the finest
  std::size_t next_ = 0;         // the first event of bottom_ that is not yet popped
  std::vector<Event> bottom_;    // sorted: what is being served
  std::vector<Event> top_;       // unsorted: the far future
  EventHeap late_;               // came for the span of bottom_ after that was sorted
  std::size_t late_limit_ = late_limit_default;
  std::vector<Rung> rungs_;
  std::vector<Chunk, CacheAligned<Chunk>> chunks_;
  std::vector<std::uint32_t> links_;  // the chunk behind each chunk
  std::uint32_t free_chunk_ = no_chunk;
  std::vector<Event> moving_;  // kept for its capacity
  const std::byte* table_ = nullptr;
  std::size_t table_stride_ = 0;
};

}  // namespace timeslice::sim
