#include "sim/event_ladder.hpp"

#include <algorithm>
#include <bit>
#include <utility>

#include "sim/expect.hpp"

namespace timeslice::sim {

/// Calls take(event) for all events of the bucket and gives its chunks back.
template <typename Take>
void EventLadder::empty_bucket(Bucket& bucket, Take take) {
  std::uint32_t chunk = bucket.chunk;
  std::size_t here = (bucket.count - 1) % chunk_events + 1;  // only the first may be part-filled
  while (chunk != no_chunk) {
    const std::uint32_t behind = links_[chunk];
    if (behind != no_chunk) {
      __builtin_prefetch(&chunks_[behind]);
      __builtin_prefetch(&links_[behind]);
    }
    for (std::size_t i = 0; i < here; ++i) {
      const Event event = chunks_[chunk].events[i];  // a copy: take() may make chunks_ grow
      take(event);
    }
    links_[chunk] = free_chunk_;
    free_chunk_ = chunk;
    chunk = behind;
    here = chunk_events;
  }
  bucket = Bucket{};
}

void EventLadder::add_chunks() {
  const std::size_t old = chunks_.size();
  const std::size_t grown = std::max<std::size_t>(256, old * 2);
  expect(grown < no_chunk, "a queue holds fewer than 2^32 chunks of events");
  chunks_.resize(grown);
  links_.resize(grown);
  for (std::size_t i = grown; i > old; --i) {
    links_[i - 1] = free_chunk_;
    free_chunk_ = static_cast<std::uint32_t>(i - 1);
  }
}

void EventLadder::refill() {
  bottom_.clear();
  next_ = 0;
  late_limit_ = late_limit_default;
  while (bottom_.empty() && size_ > 0) {
    if (depth_ == 0) {
      serve_top();
      continue;
    }
    Rung& rung = rungs_[depth_ - 1];
    const std::size_t from = (rung.open - rung.start) >> rung.shift;
    std::size_t word = from / 64;
    std::uint64_t bits =
        word < rung.filled.size() ? rung.filled[word] & (~std::uint64_t{0} << (from % 64)) : 0;
    while (bits == 0 && ++word < rung.filled.size()) {
      bits = rung.filled[word];
    }
    if (bits == 0) {
      --depth_;
    } else {
      serve_bucket(rung, word * 64 + static_cast<std::size_t>(std::countr_zero(bits)));
    }
  }
}

/// Starts on the far events: sorts them if they are few, else deals them into a first rung.
void EventLadder::serve_top() {
  const Span span = span_of(top_);
  if (top_.size() <= sort_limit || span.first == span.last) {
    std::swap(bottom_, top_);
    top_start_ = span.last + 1;
    sort_bottom();
    return;
  }
  Rung& rung = add_rung(span, top_.size());
  for (const Event& event : top_) {
    put(rung, event);
  }
  top_.clear();
  // The whole last bucket belongs to the rung.
  top_start_ = rung.start + ((((span.last - rung.start) >> rung.shift) + 1) << rung.shift);
}

void EventLadder::serve_bucket(Rung& rung, std::size_t index) {
  Bucket& bucket = rung.buckets[index];
  const std::uint64_t first = rung.start + (std::uint64_t{index} << rung.shift);
  const std::uint64_t width = std::uint64_t{1} << rung.shift;
  rung.filled[index / 64] &= ~(std::uint64_t{1} << (index % 64));
  rung.open = first + width;
  if (bucket.count <= sort_limit || rung.shift == 0 || depth_ == max_rungs) {
    empty_bucket(bucket, [this](const Event& event) { bottom_.push_back(event); });
    prefetch_after(rung, index);
    sort_bottom();
    return;
  }
  // Adding a rung may move rung and bucket: take what is needed first.
  Bucket taken = std::exchange(bucket, Bucket{});
  Rung& finer = add_rung({.first = first, .last = first + width - 1}, taken.count);
  // Some hundreds of events, all due soon: early enough for memory, few enough for the cache.
  empty_bucket(taken, [this, &finer](const Event& event) {
    __builtin_prefetch(table_ + event_id(event) * table_stride_);
    put(finer, event);
  });
}

void EventLadder::sort_bottom() {
  if (bottom_.size() > sort_limit) {
    std::ranges::sort(bottom_, before);
    return;
  }
  for (std::size_t i = 1; i < bottom_.size(); ++i) {
    const Event event = bottom_[i];
    std::size_t here = i;
    for (; here > 0 && before(event, bottom_[here - 1]); --here) {
      bottom_[here] = bottom_[here - 1];
    }
    bottom_[here] = event;
  }
}

void EventLadder::prefetch_after(const Rung& rung, std::size_t index) const {
  const std::uint64_t bits = rung.filled[index / 64];
  if (bits != 0) {
    const std::size_t after = index / 64 * 64 + static_cast<std::size_t>(std::countr_zero(bits));
    __builtin_prefetch(&chunks_[rung.buckets[after].chunk]);
  }
}

EventLadder::Rung& EventLadder::add_rung(const Span& span, std::size_t events) {
  if (rungs_.empty()) {
    rungs_.reserve(max_rungs);
  }
  if (depth_ == rungs_.size()) {
    rungs_.emplace_back();
  }
  Rung& rung = rungs_[depth_];
  ++depth_;
  // One to two events a bucket, if they are spread evenly.
  const auto wanted = static_cast<unsigned>(std::bit_width(events)) - 1;
  const unsigned bits = std::clamp(wanted, min_rung_bits, max_rung_bits);
  const auto width = static_cast<unsigned>(std::bit_width(span.last - span.first));
  rung.shift = width > bits ? width - bits : 0;
  rung.start = span.first;
  rung.open = span.first;
  return rung;
}

/// Too much came for the span that is being served: deals it into a rung of its own.
void EventLadder::respawn() {
  moving_.assign(bottom_.begin() + static_cast<std::ptrdiff_t>(next_), bottom_.end());
  late_.drain([this](const Event& event) { moving_.push_back(event); });
  // The rung must reach to where the rungs above it begin, for events that are still to come.
  std::uint64_t end = top_start_;
  for (std::size_t i = 0; i < depth_; ++i) {
    end = std::min(end, rungs_[i].open);
  }
  const Span span{.first = span_of(moving_).first, .last = end - 1};
  if (span.first == span.last || depth_ == max_rungs) {
    // One instant cannot be divided. Let the heap have it, and look again when it has doubled.
    late_limit_ = 2 * moving_.size();
    bottom_.clear();
    next_ = 0;
    for (const Event& event : moving_) {
      late_.push(event);
    }
    return;
  }
  bottom_.clear();
  next_ = 0;
  Rung& rung = add_rung(span, moving_.size());
  for (const Event& event : moving_) {
    put(rung, event);
  }
}

void EventLadder::pop_with_late() {
  if (next_ == bottom_.size() || before(late_.top(), bottom_[next_])) {
    late_.pop();
  } else {
    ++next_;
  }
}

void EventLadder::gather() {
  for (std::size_t i = next_; i < bottom_.size(); ++i) {
    top_.push_back(bottom_[i]);
  }
  bottom_.clear();
  next_ = 0;
  late_.drain([this](const Event& event) { top_.push_back(event); });
  for (std::size_t i = 0; i < depth_; ++i) {
    gather_rung(rungs_[i]);
  }
  depth_ = 0;
  top_start_ = 0;
}

void EventLadder::gather_rung(Rung& rung) {
  const auto take = [this](const Event& event) { top_.push_back(event); };
  for (Bucket& bucket : rung.buckets) {
    if (bucket.count > 0) {
      empty_bucket(bucket, take);
    }
  }
  rung.filled.fill(0);
}

EventLadder::Span EventLadder::span_of(std::span<const Event> events) {
  Span span{.first = no_event.time, .last = 0};
  for (const Event& event : events) {
    span.first = std::min(span.first, event.time);
    span.last = std::max(span.last, event.time);
  }
  return span;
}

}  // namespace timeslice::sim
