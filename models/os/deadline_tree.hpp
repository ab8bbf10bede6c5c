// Waiting entities of the fair policies, ordered by virtual deadline, with the least virtual time
// below each node: so "the earliest deadline among the eligible" is found on one way down. The
// least slice below each node is kept as well.
//
// A forest of treaps in one array by entity: the priorities are a hash of the entity's number, so
// that the shape never depends on chance or addresses. Equal deadlines keep the order of insertion.
// Cost: O(log n) expected for each operation; no allocation after an entity was made known.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "models/ids.hpp"
#include "models/os/policy.hpp"

namespace timeslice::models {

class DeadlineTree {
 public:
  static constexpr std::uint32_t nobody = 0xffffffffU;

  /// One tree of the forest.
  struct Root {
    std::uint32_t node = nobody;
  };

  void add_entity(EntityId entity);

  struct Key {
    std::int64_t deadline = 0;
    std::int64_t virtual_time = 0;
    std::int64_t slice = 0;
  };

  /// Requires: `entity` is in no tree.
  void insert(Root& root, EntityId entity, const Key& key);

  /// Requires: `entity` is in this tree.
  void erase(Root& root, EntityId entity);

  /// The earliest deadline among those with virtual time <= `limit`.
  [[nodiscard]] std::optional<EntityId> first_up_to(Root root, std::int64_t limit) const;

  /// The least virtual time in the tree. Requires: the tree is not empty.
  [[nodiscard]] std::int64_t least_virtual_time(Root root) const;

  /// The least slice in the tree. Requires: the tree is not empty.
  [[nodiscard]] std::int64_t least_slice(Root root) const;

  /// The latest deadline among those that `filter` accepts.
  [[nodiscard]] std::optional<EntityId> last_accepted(Root root, const MoveFilter& filter) const;

 private:
  struct Node {
    Key key;
    std::uint64_t order = 0;       // of insertion
    std::int64_t least = 0;        // virtual time in this subtree
    std::int64_t least_slice = 0;  // the same
    std::uint32_t left = nobody;
    std::uint32_t right = nobody;
    std::uint32_t priority = 0;
  };
  struct Halves {
    std::uint32_t below;
    std::uint32_t above;
  };

  [[nodiscard]] bool comes_before(const Node& a, const Node& b) const;
  void renew(std::uint32_t node);
  Halves split(std::uint32_t tree, const Node& at);
  std::uint32_t merge(std::uint32_t below, std::uint32_t above);
  std::uint32_t insert_below(std::uint32_t tree, std::uint32_t node);
  std::uint32_t erase_below(std::uint32_t tree, std::uint32_t node);

  std::vector<Node> nodes_;  // by entity
  std::uint64_t inserted_ = 0;
};

}  // namespace timeslice::models
