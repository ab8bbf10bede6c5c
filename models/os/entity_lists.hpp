// Queues of entities in order of arrival: what fifo and round robin keep.
//
// Intrusive: the links lie in one array by entity, so that an entity stands in at most one queue
// and nothing is allocated after it was made known. Every operation is O(1).
#pragma once

#include <cstdint>
#include <vector>

#include "models/ids.hpp"
#include "models/os/policy.hpp"
#include "sim/expect.hpp"

namespace timeslice::models {

class EntityLists {
 public:
  static constexpr std::uint32_t nobody = 0xffffffffU;

  void add_entity(EntityId entity) {
    if (index_of(entity) >= links_.size()) {
      links_.resize(index_of(entity) + 1);
    }
  }
  void add_queue(QueueId queue) {
    if (at(queue) >= lists_.size()) {
      lists_.resize(at(queue) + 1);
    }
  }

  void push_back(QueueId queue, EntityId entity) { insert(queue, entity, lists_[at(queue)].last); }
  void push_front(QueueId queue, EntityId entity) { insert(queue, entity, nobody); }

  /// The next in line; `nobody` when the queue is empty.
  [[nodiscard]] std::uint32_t front(QueueId queue) const { return lists_[at(queue)].first; }
  [[nodiscard]] std::uint32_t back(QueueId queue) const { return lists_[at(queue)].last; }
  [[nodiscard]] std::uint32_t before(std::uint32_t entity) const { return links_[entity].previous; }
  [[nodiscard]] std::uint32_t after(std::uint32_t entity) const { return links_[entity].next; }
  [[nodiscard]] std::uint32_t size(QueueId queue) const { return lists_[at(queue)].size; }
  [[nodiscard]] bool queued(EntityId entity) const { return links_[index_of(entity)].queued; }

  /// Requires: it stands in `queue`.
  void remove(QueueId queue, EntityId entity) {
    Links& links = links_[index_of(entity)];
    sim::expect(links.queued, "only a waiting entity is taken off its queue");
    List& list = lists_[at(queue)];
    (links.previous == nobody ? list.first : links_[links.previous].next) = links.next;
    (links.next == nobody ? list.last : links_[links.next].previous) = links.previous;
    links = Links{};
    --list.size;
  }

  /// The last in line that `filter` accepts.
  [[nodiscard]] std::optional<EntityId> last_accepted(QueueId queue,
                                                      const MoveFilter& filter) const {
    for (std::uint32_t one = back(queue); one != nobody; one = before(one)) {
      if (filter(EntityId{one})) {
        return EntityId{one};
      }
    }
    return std::nullopt;
  }

 private:
  struct Links {
    std::uint32_t previous = nobody;
    std::uint32_t next = nobody;
    bool queued = false;
  };
  struct List {
    std::uint32_t first = nobody;
    std::uint32_t last = nobody;
    std::uint32_t size = 0;
  };

  static std::size_t at(QueueId queue) { return static_cast<std::size_t>(queue); }

  /// Puts `entity` behind `previous`; behind nobody: at the front.
  void insert(QueueId queue, EntityId entity, std::uint32_t previous) {
    const auto self = static_cast<std::uint32_t>(entity);
    Links& links = links_[self];
    sim::expect(!links.queued, "an entity waits in one place at a time");
    List& list = lists_[at(queue)];
    const std::uint32_t next = previous == nobody ? list.first : links_[previous].next;
    links = {.previous = previous, .next = next, .queued = true};
    (previous == nobody ? list.first : links_[previous].next) = self;
    (next == nobody ? list.last : links_[next].previous) = self;
    ++list.size;
  }

  std::vector<Links> links_;  // by entity
  std::vector<List> lists_;   // by queue
};

}  // namespace timeslice::models
