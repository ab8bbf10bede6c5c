#include "models/python/process_memory.hpp"

#include <algorithm>
#include <utility>

namespace timeslice::models {

Bytes apply(const MemoryEvent& event, MemoryTable& table) {
  switch (event.kind) {
    case MemoryEvent::Kind::begin:
      table.begin(event.process, event.amount, event.files);
      break;
    case MemoryEvent::Kind::fork:
      table.fork(event.parent, event.process, event.files);
      break;
    case MemoryEvent::Kind::allocate:
      table.allocate(event.process, event.amount);
      break;
    case MemoryEvent::Kind::write:
      return table.write_inherited(event.process, event.amount);
    case MemoryEvent::Kind::end:
      table.end(event.process);
      break;
  }
  return {};
}

ProcessMemory::ProcessMemory(const PythonMemory& parts, bool keep_history)
    : parts_{parts}, table_{parts.files}, keep_history_{keep_history} {}

void ProcessMemory::limit(Bytes capacity, std::function<void(const MemoryShortage&)> tell) {
  capacity_ = capacity;
  tell_ = std::move(tell);
}

void ProcessMemory::begin_main(sim::Instant now, ProcessId process, Bytes resident) {
  const Bytes files = std::min(resident, parts_.files);
  note({.kind = MemoryEvent::Kind::begin,
        .at = now,
        .process = process,
        .amount = Bytes{resident.count - files.count},
        .files = files});
}

void ProcessMemory::begin_interpreter(sim::Instant now, ProcessId process) {
  note({.kind = MemoryEvent::Kind::begin,
        .at = now,
        .process = process,
        .amount = parts_.interpreter,
        .files = parts_.files});
}

void ProcessMemory::fork(sim::Instant now, ProcessId parent, ProcessId child, bool imports) {
  note({.kind = MemoryEvent::Kind::fork,
        .at = now,
        .process = child,
        .parent = parent,
        .amount = {},
        .files = imports ? parts_.files : std::min(parts_.forked_files, parts_.files)});
}

void ProcessMemory::allocate(sim::Instant now, ProcessId process, Bytes amount) {
  if (amount.count > 0) {
    note({.kind = MemoryEvent::Kind::allocate, .at = now, .process = process, .amount = amount});
  }
}

Bytes ProcessMemory::write_inherited(sim::Instant now, ProcessId process, Bytes amount) {
  return note({.kind = MemoryEvent::Kind::write, .at = now, .process = process, .amount = amount});
}

void ProcessMemory::end(sim::Instant now, ProcessId process) {
  if (!table_.knows(process)) {
    return;  // killed before it had any
  }
  note({.kind = MemoryEvent::Kind::end, .at = now, .process = process});
}

Bytes ProcessMemory::resident(ProcessId process) const {
  return table_.knows(process) ? table_.resident(process) : Bytes{};
}

Bytes ProcessMemory::note(const MemoryEvent& event) {
  if (keep_history_) {
    history_.push_back(event);
  }
  const Bytes copied = apply(event, table_);
  track(event);
  return copied;
}

void ProcessMemory::track(const MemoryEvent& event) {
  const bool begins =
      event.kind == MemoryEvent::Kind::begin || event.kind == MemoryEvent::Kind::fork;
  if (begins && peaks_.size() < most_tracked) {
    alive_.push_back(peaks_.size());
    peaks_.push_back({.process = event.process});
  }
  if (event.kind == MemoryEvent::Kind::end) {
    std::erase_if(alive_, [&](std::size_t at) { return peaks_[at].process == event.process; });
  }
  for (const std::size_t at : alive_) {
    MemoryPeak& peak = peaks_[at];
    const MemoryUse use = table_.use(peak.process);
    peak.pss = std::max(peak.pss, use.pss);
    peak.unshared = std::max(peak.unshared, use.unshared);
    peak.resident = std::max(peak.resident, use.resident);
  }
  peak_total_ = std::max(peak_total_, table_.total());
  peak_total_resident_ = std::max(peak_total_resident_, table_.total_resident());
  if (tell_ && table_.total() > capacity_) {
    const auto tell = std::exchange(tell_, nullptr);
    tell({.process = event.process, .total = table_.total()});
  }
}

}  // namespace timeslice::models
