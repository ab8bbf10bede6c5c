#include "models/os/inheritance.hpp"

#include <algorithm>

#include "models/os/mutex.hpp"

namespace timeslice::models {

Inheritance::Owner& Inheritance::of(ThreadId thread) {
  owners_.resize(std::max(owners_.size(), index_of(thread) + 1));
  return owners_[index_of(thread)];
}

/// Urgency of the most urgent thread that waits for one of its locks.
std::int64_t Inheritance::owed(const Owner& owner) const {
  std::int64_t most = 0;
  for (const Mutex* lock : owner.held) {
    most = std::max(most, lock->urgency_of_waiters());
  }
  return most;
}

/// Follows the chain from `thread` as long as somebody's urgency changes. In a circle of waiters
/// urgency only grows, up to the greatest: the walk ends there too.
void Inheritance::renew(ThreadId thread) {
  while (true) {
    const bool changed = dispatcher_.lend_urgency(thread, owed(of(thread)));
    const Mutex* awaited = of(thread).awaited;
    if (!changed || awaited == nullptr || !awaited->holder()) {
      return;
    }
    thread = *awaited->holder();
  }
}

void Inheritance::waits(ThreadId thread, const Mutex& lock) {
  of(thread).awaited = &lock;
  if (lock.holder()) {
    renew(*lock.holder());
  }
}

void Inheritance::waits_no_more(ThreadId thread) {
  of(thread).awaited = nullptr;
}

void Inheritance::takes(ThreadId thread, const Mutex& lock) {
  of(thread).held.push_back(&lock);
  renew(thread);
}

void Inheritance::releases(ThreadId thread, const Mutex& lock) {
  std::erase(of(thread).held, &lock);
  renew(thread);
}

}  // namespace timeslice::models
