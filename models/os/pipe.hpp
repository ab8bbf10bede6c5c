// A pipe: a bounded buffer of bytes between threads, written and read message by message.
//
// Counted in bytes (64 KiB unless told otherwise, pipe(7)) with message boundaries kept, since the
// programs modelled here write length and payload and read exactly one message. A message larger
// than what is free goes in piece by piece: the writer blocks until a reader has made room. Pieces
// of two writers never mix and a message goes to one reader, as under the locks that CPython's
// queues hold around the calls. Every call charges kernel work: a message, the copy, a wake-up.
#pragma once

#include <cstdint>
#include <functional>
#include <limits>
#include <optional>
#include <utility>

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

/// What one call of read took.
struct Piece {
  Bytes size;
  std::optional<Message> whole;  // these were the last bytes of it
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

  /// One call: takes at most `most` bytes of the next message out, as many as are there, waiting
  /// for the first; nothing when the pipe is closed and empty. The same thread then reads the rest
  /// before anybody reads another message. Requires: most > 0.
  [[nodiscard]] sim::Process<std::optional<Piece>> read_some(ThreadId thread, Bytes most);

  /// `watcher` hears at once when bytes come into the empty buffer, and who wrote them, before a
  /// thread that waits to read does: so does poll(2).
  void watch(std::function<void(ThreadId)> watcher) { watcher_ = std::move(watcher); }

  /// Nothing more will be written: waiting readers wake and get nothing.
  void close(WakeCause cause);

  [[nodiscard]] Bytes in_flight() const { return Bytes{filled_}; }
  [[nodiscard]] std::size_t messages() const { return messages_.size(); }
  /// Whether a read would find something. While a message goes through piece by piece it need not.
  [[nodiscard]] bool readable() const {
    return filled_ > 0 || (!messages_.empty() && messages_.at(0).message.size.count == 0);
  }
  [[nodiscard]] sim::FramePool& frame_pool() { return dispatcher_.frame_pool(); }

 private:
  struct Stored {
    Message message;
    std::int64_t missing = 0;  // bytes that the writer has not put in yet
    std::int64_t taken = 0;    // and those that were read already
  };

  [[nodiscard]] sim::Duration cost_of(std::int64_t bytes, bool first, bool wakes) const;
  [[nodiscard]] sim::Process<> put(ThreadId thread, Message message);
  [[nodiscard]] sim::Process<Bytes> take(ThreadId thread, Bytes most);
  [[nodiscard]] bool somebody_wants_bytes() const {
    return bytes_waiter_ || (!reader_ && !readers_.empty());
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
  std::optional<ThreadId> reader_;        // is in the middle of a message
  std::function<void(ThreadId)> watcher_;
  bool writing_ = false;
  bool closed_ = false;
};

}  // namespace timeslice::models
