#include "sim/process_runner.hpp"

#include <utility>

#include "sim/expect.hpp"

namespace timeslice::sim {

Process<> ProcessRunner::root(ProcessRunner& runner, Process<> process, std::uint32_t index) {
  co_await process;
  runner.ended_roots_.push_back(index);
}

void ProcessRunner::spawn(Process<> process) {
  std::uint32_t index = 0;
  if (free_roots_.empty()) {
    index = static_cast<std::uint32_t>(roots_.size());
    roots_.emplace_back();
  } else {
    index = free_roots_.back();
    free_roots_.pop_back();
  }
  roots_[index] = root(*this, std::move(process), index);
  ++running_;
  engine_->post(begin, index, event_class);
}

void ProcessRunner::handle(Due due) {
  if (due.kind == begin) {
    roots_[due.argument].start();
  } else {
    Ticket& ticket = tickets_[due.argument];
    const std::coroutine_handle<> handle = std::exchange(ticket.handle, nullptr);
    ticket.posted = false;
    free_tickets_.push_back(due.argument);
    if (handle) {
      handle.resume();
    }
  }
  free_ended_roots();
}

void ProcessRunner::free_ended_roots() {
  for (const std::uint32_t index : ended_roots_) {
    roots_[index] = Process<>{};
    free_roots_.push_back(index);
    --running_;
  }
  ended_roots_.clear();
}

std::uint32_t ProcessRunner::take_ticket(std::coroutine_handle<> handle) {
  if (free_tickets_.empty()) {
    const auto ticket = static_cast<std::uint32_t>(tickets_.size());
    tickets_.push_back(
        {.handle = handle, .timer = engine_->add_timer(resume, ticket, event_class)});
    return ticket;
  }
  const std::uint32_t ticket = free_tickets_.back();
  free_tickets_.pop_back();
  tickets_[ticket].handle = handle;
  return ticket;
}

void ProcessRunner::wake_now(std::uint32_t ticket) {
  tickets_[ticket].posted = true;
  engine_->post(resume, ticket, event_class);
}

void ProcessRunner::wake_at(std::uint32_t ticket, Instant when) {
  engine_->arm(tickets_[ticket].timer, when);
}

void ProcessRunner::forget(std::uint32_t ticket) {
  tickets_[ticket].handle = nullptr;
  engine_->cancel(tickets_[ticket].timer);
  if (!tickets_[ticket].posted) {
    free_tickets_.push_back(ticket);  // else it is freed when its wake-up arrives
  }
}

void Signal::Wait::await_suspend(std::coroutine_handle<> handle) {
  waiter_.wait(handle);
  before_ = signal_->last_;
  (before_ != nullptr ? before_->behind_ : signal_->first_) = this;
  signal_->last_ = this;
  queued_ = true;
  ++signal_->waiting_;
}

void Signal::Wait::leave() {
  if (!queued_) {
    return;
  }
  (before_ != nullptr ? before_->behind_ : signal_->first_) = behind_;
  (behind_ != nullptr ? behind_->before_ : signal_->last_) = before_;
  before_ = nullptr;
  behind_ = nullptr;
  queued_ = false;
  --signal_->waiting_;
}

Signal::~Signal() {
  while (first_ != nullptr) {
    first_->leave();
  }
}

bool Signal::notify_one() {
  if (first_ == nullptr) {
    return false;
  }
  Wait& woken = *first_;
  woken.leave();
  woken.waiter_.wake_now();
  return true;
}

void Signal::notify_all() {
  while (notify_one()) {
  }
}

Resource::Resource(ProcessRunner& runner, std::size_t capacity)
    : capacity_{capacity}, free_{capacity}, freed_{runner} {
  expect(capacity > 0, "a resource has at least one unit");
}

bool Resource::take_if_free() {
  // Whoever waits is first in line; a free unit while somebody waits does not exist.
  if (free_ == 0) {
    return false;
  }
  --free_;
  return true;
}

void Resource::release() {
  if (freed_.notify_one()) {
    return;  // the unit goes straight to the first in line
  }
  expect(free_ < capacity_, "a unit is given back once");
  ++free_;
}

}  // namespace timeslice::sim
