#include "models/lock_check.hpp"

#include <array>
#include <string>

namespace timeslice::models {

namespace {

struct Use {
  const char* step;
  LockKind kind;
  const char* noun;
};
/// By SyncStep::What.
constexpr std::array<Use, 5> uses{{{"put", LockKind::queue, "queue"},
                                   {"get", LockKind::queue, "queue"},
                                   {"set", LockKind::event, "event"},
                                   {"wait", LockKind::event, "event"},
                                   {"barrier", LockKind::barrier, "barrier"}}};

std::optional<sim::Error> misuse(const LockSpec& lock, const WithStep& with) {
  const bool enters = lock.kind == LockKind::mutex || lock.kind == LockKind::semaphore ||
                      lock.kind == LockKind::rwlock;
  if (!enters) {
    return sim::Error{.where = {},
                      .what = "`with` cannot enter '" + lock.name + "'",
                      .advice = "give it kind mutex, semaphore or rwlock"};
  }
  if (with.reads && lock.kind != LockKind::rwlock) {
    return sim::Error{.where = {},
                      .what = "'" + lock.name + "' does not tell readers from writers",
                      .advice = "give it kind rwlock, or leave `mode: read` out"};
  }
  return std::nullopt;
}

}  // namespace

std::optional<sim::Error> misuse(const LockSpec& lock, const Step& step) {
  if (const auto* with = std::get_if<WithStep>(&step.what)) {
    return misuse(lock, *with);
  }
  const auto* sync = std::get_if<SyncStep>(&step.what);
  if (sync == nullptr) {
    return std::nullopt;
  }
  const Use& use = uses[static_cast<std::size_t>(sync->what)];
  if (lock.kind == use.kind) {
    return std::nullopt;
  }
  return sim::Error{.where = {},
                    .what = std::string{"`"} + use.step + "` needs " +
                            (use.kind == LockKind::event ? "an " : "a ") + use.noun + ", and '" +
                            lock.name + "' is none",
                    .advice = std::string{"give it kind: "} + use.noun};
}

}  // namespace timeslice::models
