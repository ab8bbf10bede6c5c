#include "models/os/pipe.hpp"

#include <algorithm>

#include "models/os/kernel_work.hpp"
#include "models/os/wake_first.hpp"
#include "models/trace_kinds.hpp"
#include "sim/expect.hpp"

namespace timeslice::models {

namespace {

// A write of at most so many bytes goes in as a whole or waits: PIPE_BUF, pipe(7).
constexpr std::int64_t atomic_bytes = 4096;
constexpr std::int64_t bytes_per_kib = 1024;

}  // namespace

/// The first call for a message costs a message, the further ones a system call; all copy.
sim::Duration Pipe::cost_of(std::int64_t bytes, bool first, bool wakes) const {
  const OsCosts& costs = dispatcher_.costs();
  return (first ? costs.pipe_message : costs.syscall) +
         costs.pipe_copy_per_kib * bytes / bytes_per_kib +
         (wakes ? costs.wake_syscall : sim::Duration::zero());
}

void Pipe::note(ThreadId thread, bool written, Bytes size) {
  const TraceKind kind = written ? TraceKind::pipe_write : TraceKind::pipe_read;
  dispatcher_.trace().record({.time_ns = dispatcher_.engine().now().time_since_epoch().count(),
                              .kind = static_cast<std::uint16_t>(kind),
                              .cpu = static_cast<std::uint16_t>(dispatcher_.cpu_of(thread)),
                              .subject = static_cast<std::uint32_t>(thread),
                              .object = id_,
                              .cause = no_subject,
                              .value = static_cast<std::uint64_t>(size.count)});
}

/// Whoever is in the middle of a message comes before those that wait for a new one.
void Pipe::bytes_came(ThreadId writer) {
  const WakeCause cause{.thread = static_cast<std::uint32_t>(writer), .sync = true};
  if (bytes_waiter_) {
    const ThreadId waiter = *bytes_waiter_;
    bytes_waiter_.reset();
    dispatcher_.wake(waiter, cause);
  } else if (!reader_) {
    wake_first(dispatcher_, readers_, cause);
  }
}

void Pipe::room_came(ThreadId reader) {
  if (room_waiter_) {
    const WakeCause cause{.thread = static_cast<std::uint32_t>(reader), .sync = true};
    const ThreadId waiter = *room_waiter_;
    room_waiter_.reset();
    dispatcher_.wake(waiter, cause);
  }
}

/// Puts the whole message in, piece by piece. It is the last one until then.
sim::Process<> Pipe::put(ThreadId thread, Message message) {
  std::int64_t missing = message.size.count;
  bool first = true;
  while (first || missing > 0) {
    const std::int64_t room = capacity_.count - filled_;
    const std::int64_t needed = missing <= atomic_bytes ? missing : 1;
    if (room < std::min(needed, capacity_.count)) {
      room_waiter_ = thread;
      const WaitCause cause{.what = WaitFor::pipe_write, .object = id_};
      co_await dispatcher_.block(thread, cause);
      continue;
    }
    const std::int64_t piece = std::min(room, missing);
    const sim::Duration cost = cost_of(piece, first, somebody_wants_bytes());
    if (cost > sim::Duration::zero()) {
      const Work call = kernel_work(cost);
      co_await dispatcher_.run(thread, call);
    }
    const bool was_empty = filled_ == 0;
    filled_ += piece;
    missing -= piece;
    if (first) {
      messages_.push({.message = message, .missing = missing});
    } else {
      messages_.back().missing = missing;
    }
    first = false;
    if (was_empty && watcher_) {
      watcher_(thread);
    }
    bytes_came(thread);
    co_await dispatcher_.pay_call(thread);
  }
}

sim::Process<> Pipe::write(ThreadId thread, Message message) {
  sim::expect(message.size.count >= 0, "a message has a size");
  while (writing_) {
    write_turns_.push(thread);
    const WaitCause cause{.what = WaitFor::pipe_write, .object = id_};
    co_await dispatcher_.block(thread, cause);
  }
  sim::expect(!closed_, "nobody writes into a closed pipe");
  writing_ = true;
  co_await put(thread, message);
  writing_ = false;
  note(thread, true, message.size);
  wake_first(dispatcher_, write_turns_, WakeCause{.thread = static_cast<std::uint32_t>(thread)});
}

/// Takes what is there of the first message out, at most `most`; waits for the first byte of it.
sim::Process<Bytes> Pipe::take(ThreadId thread, Bytes most) {
  const std::int64_t size = messages_.front().message.size.count;
  const auto there = [this, size] {
    const Stored& front = messages_.front();
    return size - front.missing - front.taken;
  };
  while (there() == 0 && size > 0) {
    bytes_waiter_ = thread;
    const WaitCause cause{.what = WaitFor::pipe_read, .object = id_};
    co_await dispatcher_.block(thread, cause);
  }
  const std::int64_t piece = std::min(there(), most.count);
  const bool first = messages_.front().taken == 0;
  const sim::Duration cost = cost_of(piece, first, room_waiter_.has_value());
  if (cost > sim::Duration::zero()) {
    const Work call = kernel_work(cost);
    co_await dispatcher_.run(thread, call);
  }
  messages_.front().taken += piece;
  filled_ -= piece;
  room_came(thread);
  co_await dispatcher_.pay_call(thread);
  co_return Bytes{piece};
}

sim::Process<std::optional<Piece>> Pipe::read_some(ThreadId thread, Bytes most) {
  const WaitCause cause{.what = WaitFor::pipe_read, .object = id_};
  while (reader_ != thread && (reader_ || messages_.empty())) {
    if (!reader_ && closed_) {
      co_return std::nullopt;
    }
    (reader_ ? read_turns_ : readers_).push(thread);
    co_await dispatcher_.block(thread, cause);
  }
  reader_ = thread;
  const Bytes size = co_await take(thread, most);
  if (messages_.front().taken < messages_.front().message.size.count) {
    co_return Piece{.size = size, .whole = {}};
  }
  const Message message = messages_.pop().message;
  reader_.reset();
  note(thread, false, message.size);
  const WakeCause waker{.thread = static_cast<std::uint32_t>(thread)};
  if (!wake_first(dispatcher_, read_turns_, waker) && !messages_.empty()) {
    wake_first(dispatcher_, readers_, waker);
  }
  co_return Piece{.size = size, .whole = message};
}

sim::Process<std::optional<Message>> Pipe::read(ThreadId thread) {
  constexpr Bytes all{std::numeric_limits<std::int64_t>::max()};
  while (true) {
    const std::optional<Piece> piece = co_await read_some(thread, all);
    if (!piece) {
      co_return std::nullopt;
    }
    if (piece->whole) {
      co_return piece->whole;
    }
  }
}

void Pipe::close(WakeCause cause) {
  closed_ = true;
  for (WaitQueue* queue : {&readers_, &read_turns_}) {
    while (!queue->empty()) {
      dispatcher_.wake(queue->pop(), cause);
    }
  }
}

}  // namespace timeslice::models
