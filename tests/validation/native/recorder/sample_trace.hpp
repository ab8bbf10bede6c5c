// A small trace of the kernel, written by hand: formats as text, pages as bytes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "validation/native/recorder/tracefs_events.hpp"

namespace timeslice::validation {

inline std::string format_text(int id, const std::string& fields) {
  return "name: some_event\nID: " + std::to_string(id) +
         "\nformat:\n"
         "\tfield:unsigned short common_type;\toffset:0;\tsize:2;\tsigned:0;\n"
         "\tfield:unsigned char common_flags;\toffset:2;\tsize:1;\tsigned:0;\n"
         "\tfield:int common_pid;\toffset:4;\tsize:4;\tsigned:1;\n\n" +
         fields + "\nprint fmt: \"field:broken;\\toffset:x\", REC->prev_comm\n";
}

constexpr const char* page_text =
    "\tfield: u64 timestamp;\toffset:0;\tsize:8;\tsigned:0;\n"
    "\tfield: local_t commit;\toffset:8;\tsize:8;\tsigned:1;\n"
    "\tfield: int overwrite;\toffset:8;\tsize:1;\tsigned:1;\n"
    "\tfield: char data;\toffset:16;\tsize:496;\tsigned:0;\n";

constexpr std::uint16_t switch_id = 11;
constexpr std::uint16_t waking_id = 12;
constexpr std::uint16_t woken_id = 13;
constexpr std::uint16_t new_id = 14;
constexpr std::uint16_t created_id = 15;
constexpr std::uint16_t exited_id = 16;

inline std::optional<std::string> described(const std::string& file) {
  const std::string pid = "\tfield:pid_t pid;\toffset:8;\tsize:4;\tsigned:1;\n";
  const std::string target = "\tfield:int target_cpu;\toffset:12;\tsize:4;\tsigned:1;\n";
  if (file == "header_page") {
    return page_text;
  }
  if (file == "sched/sched_switch/format") {
    return format_text(switch_id,
                       "\tfield:char prev_comm[16];\toffset:8;\tsize:16;\tsigned:0;\n"
                       "\tfield:pid_t prev_pid;\toffset:24;\tsize:4;\tsigned:1;\n"
                       "\tfield:long prev_state;\toffset:32;\tsize:8;\tsigned:1;\n"
                       "\tfield:pid_t next_pid;\toffset:40;\tsize:4;\tsigned:1;\n");
  }
  if (file == "sched/sched_waking/format") {
    return format_text(waking_id, pid + target);
  }
  if (file == "sched/sched_wakeup/format") {
    return format_text(woken_id, pid + target);
  }
  if (file == "sched/sched_wakeup_new/format") {
    return format_text(new_id, pid + target);
  }
  if (file == "task/task_newtask/format") {
    return format_text(created_id,
                       pid + "\tfield:u64 clone_flags;\toffset:16;\tsize:8;\tsigned:0;\n");
  }
  if (file == "sched/sched_process_exit/format") {
    return format_text(exited_id, pid);
  }
  return std::nullopt;
}

/// Writes one page of one CPU's buffer.
class PageWriter {
 public:
  explicit PageWriter(std::uint64_t time_ns) : time_ns_{time_ns} { put<std::uint64_t>(time_ns); }

  PageWriter& switched(std::uint64_t time_ns, std::int32_t prev, std::int64_t state,
                       std::int32_t next) {
    std::vector<std::byte> body = head(switch_id, prev);
    body.resize(44);
    std::memset(body.data() + 8, '=', 16);  // a name: nothing may read it
    set(body, 24, prev);
    set(body, 32, state);
    set(body, 40, next);
    return data(time_ns, body);
  }
  PageWriter& waking(std::uint64_t time_ns, std::int32_t waker, std::int32_t thread,
                     std::uint8_t flags = 0) {
    std::vector<std::byte> body = head(waking_id, waker);
    body.resize(16);
    set(body, 2, flags);
    set(body, 8, thread);
    return data(time_ns, body);
  }
  PageWriter& woken(std::uint64_t time_ns, std::int32_t thread, std::int32_t cpu,
                    std::uint16_t id = woken_id) {
    std::vector<std::byte> body = head(id, 0);
    body.resize(16);
    set(body, 8, thread);
    set(body, 12, cpu);
    return data(time_ns, body);
  }
  PageWriter& created(std::uint64_t time_ns, std::int32_t parent, std::int32_t child,
                      bool same_process) {
    std::vector<std::byte> body = head(created_id, parent);
    body.resize(24);
    set(body, 8, child);
    set(body, 16, std::uint64_t{same_process ? 0x10f00U : 0x11U});
    return data(time_ns, body);
  }
  PageWriter& exited(std::uint64_t time_ns, std::int32_t thread) {
    std::vector<std::byte> body = head(exited_id, thread);
    body.resize(12);
    return data(time_ns, body);
  }
  /// An event of a kind that nobody asked for.
  PageWriter& unknown(std::uint64_t time_ns) { return data(time_ns, head(99, 1)); }
  PageWriter& discarded(std::uint32_t bytes) {
    put<std::uint32_t>(29U | (1U << 5U));
    put<std::uint32_t>(bytes);
    bytes_.resize(bytes_.size() + bytes - 4);
    return *this;
  }
  PageWriter& word(std::uint32_t value) {
    put(value);
    return *this;
  }

  [[nodiscard]] std::vector<std::byte> page(std::uint64_t flags = 0) const {
    std::vector<std::byte> whole(bytes_.begin(), bytes_.begin() + 8);
    const std::uint64_t commit = (bytes_.size() - 8) | flags;
    whole.resize(16);
    std::memcpy(whole.data() + 8, &commit, sizeof commit);
    whole.insert(whole.end(), bytes_.begin() + 8, bytes_.end());
    whole.resize(512);
    return whole;
  }

 private:
  template <typename T>
  void put(T value) {
    const std::size_t at = bytes_.size();
    bytes_.resize(at + sizeof value);
    std::memcpy(bytes_.data() + at, &value, sizeof value);
  }
  template <typename T>
  static void set(std::vector<std::byte>& body, std::size_t offset, T value) {
    std::memcpy(body.data() + offset, &value, sizeof value);
  }
  static std::vector<std::byte> head(std::uint16_t id, std::int32_t by) {
    std::vector<std::byte> body(8);
    set(body, 0, id);
    set(body, 4, by);
    return body;
  }
  /// Small deltas stand in the header, large ones in a time extension of their own.
  PageWriter& data(std::uint64_t time_ns, const std::vector<std::byte>& body) {
    std::uint64_t delta = time_ns - time_ns_;
    time_ns_ = time_ns;
    if (delta >= (1U << 27U)) {
      put<std::uint32_t>(30U | static_cast<std::uint32_t>((delta & ((1U << 27U) - 1)) << 5U));
      put<std::uint32_t>(static_cast<std::uint32_t>(delta >> 27U));
      delta = 0;
    }
    const std::size_t words = (body.size() + 3) / 4;
    put<std::uint32_t>(static_cast<std::uint32_t>(words | (delta << 5U)));
    const std::size_t at = bytes_.size();
    bytes_.resize(at + words * 4);
    std::memcpy(bytes_.data() + at, body.data(), body.size());
    return *this;
  }

  std::uint64_t time_ns_;
  std::vector<std::byte> bytes_;
};

}  // namespace timeslice::validation
