// A pipe: a bounded buffer of bytes between threads, written and read message by message.
//
// Counted in bytes (64 KiB unless told otherwise, pipe(7)) with message boundaries kept, since the
// programs modelled here write length and payload and read exactly one message. A message larger
// than what is free goes in piece by piece: the writer blocks until a reader has made room. Pieces
// of two writers never mix and a message goes to one reader, as under the locks that CPython's
// queues hold around the calls. Every call charges kernel work: a message, the copy, a wake-up.
#pragma once

#include <cstdint>
#include <optional>

#include "models/ids.hpp"
#include "models/os/dispatcher.hpp"
#include "models/os/ring.hpp"
#include "models/os/wait_queue.hpp"
#include "models/units.hpp"
#include "sim/process.hpp"

namespace timeslice::models {

/// What one write puts in. `value` is the model's own: it costs nothing and is handed to the
/// reader.
struct Message {
  Bytes size;
  std::uint64_t value = 0;
};

class Pipe {
 public:
  static constexpr Bytes default_capacity{std::int64_t{64} * 1024};  // pipe(7), Linux

  Pipe(Dispatcher& dispatcher, std::uint32_t id, Bytes capacity = default_capacity)
      : dispatcher_{dispatcher}, id_{id}, capacity_{capacity} {}

  /// Puts `message` in, waiting for room. Requires: size >= 0 and the pipe is not closed.
  [[nodiscard]] sim::Process<> write(ThreadId thread, Message message);

  /// Takes the next message out, waiting for it; nothing when the pipe is closed and empty.
  [[nodiscard]] sim::Process<std::optional<Message>> read(ThreadId thread);

  /// Nothing more will be written: waiting readers wake and get nothing.
  void close(WakeCause cause);

  [[nodiscard]] Bytes in_flight() const { return Bytes{filled_}; }
  [[nodiscard]] std::size_t messages() const { return messages_.size(); }
  /// Whether a read would find at least the beginning of a message.
  [[nodiscard]] bool readable() const { return !messages_.empty(); }
  [[nodiscard]] sim::FramePool& frame_pool() { return dispatcher_.frame_pool(); }

 private:
  struct Stored {
    Message message;
    std::int64_t missing = 0;  // bytes that the writer has not put in yet
  };

  [[nodiscard]] sim::Duration cost_of(std::int64_t bytes, bool first, bool wakes) const;
  [[nodiscard]] sim::Process<> put(ThreadId thread, Message message);
  [[nodiscard]] sim::Process<> take(ThreadId thread);
  [[nodiscard]] bool somebody_wants_bytes() const {
    return bytes_waiter_ || (!reading_ && !readers_.empty());
  }
  void bytes_came(ThreadId writer);
  void room_came(ThreadId reader);
  void note(ThreadId thread, bool written, Bytes size);

  Dispatcher& dispatcher_;
  std::uint32_t id_;
  Bytes capacity_;
  std::int64_t filled_ = 0;  // bytes in the buffer
  Ring<Stored> messages_;
  WaitQueue readers_;                     // wait for the beginning of a message
  WaitQueue read_turns_;                  // another reader is in the middle of a message
  WaitQueue write_turns_;                 // another writer is
  std::optional<ThreadId> bytes_waiter_;  // in the middle of a read, waits for more
  std::optional<ThreadId> room_waiter_;   // in the middle of a write, waits for room
  bool reading_ = false;
  bool writing_ = false;
  bool closed_ = false;
};

}  // namespace timeslice::models
