// Queues of entities in order of a rank: what policies keep that have one.
//
// Sorted arrays, the first in line at the end, so that to take it costs nothing. To insert or to
// remove costs O(log n) comparisons and moving what stands behind; no allocation once grown.
#pragma once

#include <algorithm>
#include <compare>
#include <cstdint>
#include <optional>
#include <vector>

#include "models/ids.hpp"
#include "models/os/policy.hpp"
#include "sim/expect.hpp"

namespace timeslice::models {

/// Place in a line: less comes first; of equal keys the lesser tie.
struct Rank {
  std::int64_t key = 0;
  std::uint64_t tie = 0;

  friend auto operator<=>(const Rank&, const Rank&) = default;
};

class SortedQueues {
 public:
  void add_queue(QueueId queue) {
    lines_.resize(std::max(lines_.size(), static_cast<std::size_t>(queue) + 1));
  }

  /// Requires: no other entity of the queue has this rank.
  void insert(QueueId queue, EntityId entity, Rank rank) {
    Line& line = at(queue);
    line.insert(position(line, rank), Place{.rank = rank, .entity = entity});
  }

  /// Requires: it was inserted there with this rank.
  void remove(QueueId queue, EntityId entity, Rank rank) {
    Line& line = at(queue);
    const auto place = position(line, rank);
    sim::expect(place != line.end() && place->entity == entity,
                "only a waiting entity is taken off its queue");
    line.erase(place);
  }

  /// Requires: the queue is not empty.
  [[nodiscard]] EntityId first(QueueId queue) const { return at(queue).back().entity; }
  [[nodiscard]] Rank first_rank(QueueId queue) const { return at(queue).back().rank; }
  [[nodiscard]] bool empty(QueueId queue) const { return at(queue).empty(); }
  [[nodiscard]] std::uint32_t size(QueueId queue) const {
    return static_cast<std::uint32_t>(at(queue).size());
  }

  /// The last in line that `filter` accepts.
  [[nodiscard]] std::optional<EntityId> last_accepted(QueueId queue,
                                                      const MoveFilter& filter) const {
    const Line& line = at(queue);
    const auto found = std::ranges::find_if(line, filter, &Place::entity);
    return found == line.end() ? std::nullopt : std::optional{found->entity};
  }

 private:
  struct Place {
    Rank rank;
    EntityId entity{};
  };
  using Line = std::vector<Place>;  // last in line first

  [[nodiscard]] Line& at(QueueId queue) { return lines_[static_cast<std::size_t>(queue)]; }
  [[nodiscard]] const Line& at(QueueId queue) const {
    return lines_[static_cast<std::size_t>(queue)];
  }
  /// The place of `rank`, or where it would be.
  static Line::iterator position(Line& line, Rank rank) {
    return std::ranges::lower_bound(line, rank, std::ranges::greater{}, &Place::rank);
  }

  std::vector<Line> lines_;  // by queue
};

}  // namespace timeslice::models
