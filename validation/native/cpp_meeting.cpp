#include "validation/native/cpp_meeting.hpp"

namespace timeslice::validation {

void CppMeeting::lock() {
  if (spec_.kind == models::LockKind::mutex) {
    mutex_.lock();
    return;
  }
  std::unique_lock guard{mutex_};
  if (spec_.kind == models::LockKind::rwlock) {
    changed_.wait(guard, [this] { return count_ == 0 && !set_; });
    set_ = true;
    return;
  }
  changed_.wait(guard, [this] { return count_ < spec_.value; });
  ++count_;
}

void CppMeeting::unlock() {
  if (spec_.kind == models::LockKind::mutex) {
    mutex_.unlock();
    return;
  }
  const bool writes = spec_.kind == models::LockKind::rwlock;
  {
    const std::scoped_lock guard{mutex_};
    set_ = false;
    count_ -= writes ? 0 : 1;
  }
  if (writes) {
    changed_.notify_all();  // readers may come in together
  } else {
    changed_.notify_one();
  }
}

void CppMeeting::lock_to_read() {
  std::unique_lock guard{mutex_};
  changed_.wait(guard, [this] { return !set_; });
  ++count_;
}

void CppMeeting::unlock_from_reading() {
  {
    const std::scoped_lock guard{mutex_};
    --count_;
  }
  changed_.notify_all();
}

void CppMeeting::put() {
  {
    std::unique_lock guard{mutex_};
    room_.wait(guard, [this] { return spec_.capacity == 0 || count_ < spec_.capacity; });
    ++count_;
  }
  changed_.notify_one();
}

void CppMeeting::get() {
  {
    std::unique_lock guard{mutex_};
    changed_.wait(guard, [this] { return count_ > 0; });
    --count_;
  }
  room_.notify_one();
}

void CppMeeting::set() {
  {
    const std::scoped_lock guard{mutex_};
    set_ = true;
  }
  changed_.notify_all();
}

void CppMeeting::wait() {
  std::unique_lock guard{mutex_};
  changed_.wait(guard, [this] { return set_; });
}

void CppMeeting::arrive() {
  std::unique_lock guard{mutex_};
  const std::uint64_t round = round_;
  if (++count_ == spec_.parties) {
    count_ = 0;
    ++round_;
    changed_.notify_all();
    return;
  }
  changed_.wait(guard, [&] { return round_ != round; });
}

}  // namespace timeslice::validation
