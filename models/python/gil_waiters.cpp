#include "models/python/gil_waiters.hpp"

#include <algorithm>

#include "sim/expect.hpp"

namespace timeslice::models {

ThreadId GilWaiters::take(std::size_t place) {
  sim::expect(place < queue_.size(), "only a waiter can be taken");
  const ThreadId thread = queue_[place];
  queue_.erase(queue_.begin() + static_cast<std::ptrdiff_t>(place));
  older_ -= place < older_ ? 1 : 0;
  return thread;
}

void GilWaiters::remove(ThreadId thread) {
  const auto found = std::ranges::find(queue_, thread);
  if (found != queue_.end()) {
    static_cast<void>(take(static_cast<std::size_t>(found - queue_.begin())));
  }
}

void GilWaiters::open_group() {
  sim::expect(!queue_.empty(), "somebody waits");
  if (older_ == 0) {
    older_ = queue_.size();
  }
}

bool GilWaiters::could_overtake(ThreadId thread) {
  open_group();
  const auto end = queue_.begin() + static_cast<std::ptrdiff_t>(older_);
  return std::find(queue_.begin() + 1, end, thread) != end;
}

ThreadId GilWaiters::take_next() {
  open_group();
  return take(0);
}

void GilWaiters::overtake(ThreadId thread) {
  sim::expect(could_overtake(thread), "only a later one of the same group overtakes");
  remove(thread);
  std::rotate(queue_.begin(), queue_.begin() + 1,
              queue_.begin() + static_cast<std::ptrdiff_t>(older_));
}

}  // namespace timeslice::models
