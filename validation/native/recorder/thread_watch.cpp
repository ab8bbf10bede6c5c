#include "validation/native/recorder/thread_watch.hpp"

#include <algorithm>
#include <sstream>
#include <string>
#include <string_view>

#include <fmt/format.h>
#include <time.h>
#include <unistd.h>

#include "models/trace_kinds.hpp"
#include "validation/native/recorder/proc_files.hpp"

namespace timeslice::validation {

namespace {

constexpr std::uint64_t looks_most = 1'000'000;

std::int64_t monotonic_ns() {
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * 1'000'000'000 + now.tv_nsec;
}

std::uint64_t count_after(const std::string& text, std::string_view label) {
  const auto at = text.find(label);
  std::uint64_t count = 0;
  if (at != std::string::npos) {
    std::istringstream{text.substr(at + label.size(), 32)} >> count;
  }
  return count;
}

}  // namespace

void ThreadWatch::look() {
  for (const std::int32_t child : children_of(::getpid())) {
    look_at(child);
  }
}

void ThreadWatch::look_at(std::int32_t process) {
  std::vector<std::int32_t> numbers = threads_of(process);
  std::ranges::sort(numbers);  // in order of creation, until the numbers wrap around
  for (const std::int32_t number : numbers) {
    const std::string folder = fmt::format("/proc/{}/task/{}/", process, number);
    const auto times = read_file(folder + "schedstat");
    const auto status = read_file(folder + "status");
    if (!times || !status || looks_ >= looks_most) {
      continue;
    }
    Look look{.time_ns = monotonic_ns()};
    std::istringstream{*times} >> look.run_ns >> look.wait_ns;
    look.voluntary = count_after(*status, "\nvoluntary_ctxt_switches:");
    look.involuntary = count_after(*status, "\nnonvoluntary_ctxt_switches:");
    Thread& thread = threads_[number];
    if (thread.looks.empty()) {
      order_.push_back(number);
      thread.process = process;
    }
    thread.looks.push_back(look);
    ++looks_;
  }
  for (const std::int32_t child : children_of(process)) {
    look_at(child);
  }
}

ThreadFacts ThreadWatch::facts(const Thread& thread, std::int64_t start_ns, std::int64_t end_ns) {
  Look before{.time_ns = std::max(start_ns, thread.looks.front().time_ns)};
  Look after = before;
  for (const Look& look : thread.looks) {
    if (look.time_ns <= start_ns) {
      before = look;
    }
    if (look.time_ns <= end_ns) {
      after = look;
    }
  }
  ThreadFacts facts;
  if (after.time_ns <= before.time_ns && before.run_ns > 0) {
    return facts;
  }
  facts.run = sim::Duration{std::max<std::int64_t>(0, after.run_ns - before.run_ns)};
  facts.wait = sim::Duration{std::max<std::int64_t>(0, after.wait_ns - before.wait_ns)};
  facts.sleep = std::max(sim::Duration::zero(),
                         sim::Duration{after.time_ns - before.time_ns} - facts.run - facts.wait);
  facts.voluntary = after.voluntary - std::min(after.voluntary, before.voluntary);
  facts.involuntary = after.involuntary - std::min(after.involuntary, before.involuntary);
  return facts;
}

std::vector<ThreadFacts> ThreadWatch::between(std::int64_t start_ns, std::int64_t end_ns) const {
  std::vector<sim::TraceRecord> creations;
  std::vector<ThreadFacts> all;
  for (const std::int32_t number : order_) {
    const Thread& thread = threads_.at(number);
    creations.push_back({.kind = static_cast<std::uint16_t>(models::TraceKind::thread_created),
                         .subject = static_cast<std::uint32_t>(all.size()),
                         .object = static_cast<std::uint32_t>(thread.process)});
    all.push_back(facts(thread, start_ns, end_ns));
  }
  const std::vector<std::string> roles = roles_of(creations);
  for (std::size_t i = 0; i < all.size(); ++i) {
    all[i].role = roles[i];
  }
  return all;
}

}  // namespace timeslice::validation
