#include "models/os/deadline_tree.hpp"

#include <algorithm>

#include "sim/expect.hpp"

namespace timeslice::models {

namespace {

// Finaliser of MurmurHash3 (public domain): spreads the numbers 0, 1, 2 ... over 32 bits.
std::uint32_t spread(std::uint32_t number) {
  number ^= number >> 16U;
  number *= 0x85ebca6bU;
  number ^= number >> 13U;
  number *= 0xc2b2ae35U;
  return number ^ (number >> 16U);
}

}  // namespace

void DeadlineTree::add_entity(EntityId entity) {
  if (index_of(entity) >= nodes_.size()) {
    nodes_.resize(index_of(entity) + 1);
  }
  nodes_[index_of(entity)].priority = spread(static_cast<std::uint32_t>(entity));
}

bool DeadlineTree::comes_before(const Node& a, const Node& b) const {
  return a.key.deadline != b.key.deadline ? a.key.deadline < b.key.deadline : a.order < b.order;
}

void DeadlineTree::renew(std::uint32_t node) {
  Node& self = nodes_[node];
  self.least = self.key.virtual_time;
  self.least_slice = self.key.slice;
  for (const std::uint32_t child : {self.left, self.right}) {
    if (child != nobody) {
      self.least = std::min(self.least, nodes_[child].least);
      self.least_slice = std::min(self.least_slice, nodes_[child].least_slice);
    }
  }
}

DeadlineTree::Halves DeadlineTree::split(std::uint32_t tree, const Node& at) {
  if (tree == nobody) {
    return {.below = nobody, .above = nobody};
  }
  if (comes_before(nodes_[tree], at)) {
    const Halves halves = split(nodes_[tree].right, at);
    nodes_[tree].right = halves.below;
    renew(tree);
    return {.below = tree, .above = halves.above};
  }
  const Halves halves = split(nodes_[tree].left, at);
  nodes_[tree].left = halves.above;
  renew(tree);
  return {.below = halves.below, .above = tree};
}

std::uint32_t DeadlineTree::merge(std::uint32_t below, std::uint32_t above) {
  if (below == nobody || above == nobody) {
    return below == nobody ? above : below;
  }
  if (nodes_[below].priority >= nodes_[above].priority) {
    nodes_[below].right = merge(nodes_[below].right, above);
    renew(below);
    return below;
  }
  nodes_[above].left = merge(below, nodes_[above].left);
  renew(above);
  return above;
}

std::uint32_t DeadlineTree::insert_below(std::uint32_t tree, std::uint32_t node) {
  if (tree == nobody) {
    renew(node);
    return node;
  }
  if (nodes_[node].priority > nodes_[tree].priority) {
    const Halves halves = split(tree, nodes_[node]);
    nodes_[node].left = halves.below;
    nodes_[node].right = halves.above;
    renew(node);
    return node;
  }
  if (comes_before(nodes_[node], nodes_[tree])) {
    nodes_[tree].left = insert_below(nodes_[tree].left, node);
  } else {
    nodes_[tree].right = insert_below(nodes_[tree].right, node);
  }
  nodes_[tree].least = std::min(nodes_[tree].least, nodes_[node].key.virtual_time);
  nodes_[tree].least_slice = std::min(nodes_[tree].least_slice, nodes_[node].key.slice);
  return tree;
}

std::uint32_t DeadlineTree::erase_below(std::uint32_t tree, std::uint32_t node) {
  sim::expect(tree != nobody, "an entity is taken from the tree in which it is");
  if (tree == node) {
    return merge(nodes_[tree].left, nodes_[tree].right);
  }
  if (comes_before(nodes_[node], nodes_[tree])) {
    nodes_[tree].left = erase_below(nodes_[tree].left, node);
  } else {
    nodes_[tree].right = erase_below(nodes_[tree].right, node);
  }
  renew(tree);
  return tree;
}

void DeadlineTree::insert(Root& root, EntityId entity, const Key& key) {
  const auto node = static_cast<std::uint32_t>(entity);
  Node& self = nodes_[node];
  self.key = key;
  self.order = inserted_++;
  self.left = nobody;
  self.right = nobody;
  root.node = insert_below(root.node, node);
}

void DeadlineTree::erase(Root& root, EntityId entity) {
  root.node = erase_below(root.node, static_cast<std::uint32_t>(entity));
}

std::optional<EntityId> DeadlineTree::first_up_to(Root root, std::int64_t limit) const {
  std::uint32_t node = root.node;
  while (node != nobody && nodes_[node].least <= limit) {
    const Node& self = nodes_[node];
    if (self.left != nobody && nodes_[self.left].least <= limit) {
      node = self.left;
    } else if (self.key.virtual_time <= limit) {
      return EntityId{node};
    } else {
      node = self.right;
    }
  }
  return std::nullopt;
}

std::int64_t DeadlineTree::least_virtual_time(Root root) const {
  sim::expect(root.node != nobody, "an empty tree has no least virtual time");
  return nodes_[root.node].least;
}

std::int64_t DeadlineTree::least_slice(Root root) const {
  sim::expect(root.node != nobody, "an empty tree has no least slice");
  return nodes_[root.node].least_slice;
}

std::optional<EntityId> DeadlineTree::last_accepted(Root root, const MoveFilter& filter) const {
  if (root.node == nobody) {
    return std::nullopt;
  }
  const Node& self = nodes_[root.node];
  if (const auto found = last_accepted(Root{self.right}, filter)) {
    return found;
  }
  if (filter(EntityId{root.node})) {
    return EntityId{root.node};
  }
  return last_accepted(Root{self.left}, filter);
}

}  // namespace timeslice::models
