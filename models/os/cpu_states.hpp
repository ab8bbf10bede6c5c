// How each CPU was busy and when: alone on its core, beside a busy sibling, or time-shared.
//
// The dispatcher tells each stretch in which nothing changed as it settles it, so the stretches
// add up to CpuAccounts. Time-shared wins over beside a sibling, as in the accounts. Kept only
// for pictures; memory: 24 bytes a stretch, equal neighbours merged.
#pragma once

#include <cstdint>
#include <vector>

namespace timeslice::models {

enum class CpuState : std::uint8_t {
  alone,           // no other CPU of the core is busy, nobody waits for this one
  beside_sibling,  // another CPU of its core is busy
  time_shared      // somebody waits in its queue, or in the one for all CPUs
};

struct CpuStretch {
  std::uint32_t cpu = 0;
  CpuState state = CpuState::alone;
  std::int64_t from_ns = 0;
  std::int64_t to_ns = 0;

  bool operator==(const CpuStretch&) const = default;
};

class CpuStateLog {
 public:
  /// `stretch.cpu` was busy; stretches of one CPU come in order of time.
  void add(const CpuStretch& stretch);

  /// With one queue for all CPUs: whether somebody waits in it from now on.
  void queue_waits(bool waits, std::int64_t now_ns);

  /// By CPU, each by time. Times in which somebody waits in the shared queue are time-shared.
  [[nodiscard]] std::vector<CpuStretch> finish(std::int64_t now_ns);

 private:
  struct Span {
    std::int64_t from_ns = 0;
    std::int64_t to_ns = 0;
  };
  void cut(const CpuStretch& stretch, std::vector<CpuStretch>& into) const;

  std::vector<std::vector<CpuStretch>> by_cpu_;
  std::vector<Span> waited_;
  std::int64_t waits_since_ = -1;  // below 0: nobody waits
};

}  // namespace timeslice::models
