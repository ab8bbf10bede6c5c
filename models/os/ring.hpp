// A first-in-first-out queue of values in one block that grows and then allocates no more.
#pragma once

#include <cstddef>
#include <vector>

#include "sim/expect.hpp"

namespace timeslice::models {

template <typename T>
class Ring {
 public:
  [[nodiscard]] bool empty() const { return count_ == 0; }
  [[nodiscard]] std::size_t size() const { return count_; }

  /// The one `offset` places behind the first. Requires: offset < size().
  [[nodiscard]] T& at(std::size_t offset) {
    sim::expect(offset < count_, "a ring is read where something is");
    return block_[index(offset)];
  }
  [[nodiscard]] const T& at(std::size_t offset) const {
    sim::expect(offset < count_, "a ring is read where something is");
    return block_[index(offset)];
  }
  [[nodiscard]] T& front() { return at(0); }
  [[nodiscard]] T& back() { return at(count_ - 1); }

  void push(const T& value) {
    if (count_ == block_.size()) {
      grow();
    }
    ++count_;
    back() = value;
  }

  /// Takes the first one. Requires: not empty.
  T pop() {
    const T first = front();
    first_ = index(1);
    --count_;
    return first;
  }

  /// Drops all but the first `count`. Requires: count <= size().
  void shorten(std::size_t count) {
    sim::expect(count <= count_, "a ring is shortened, not filled up");
    count_ = count;
  }

 private:
  [[nodiscard]] std::size_t index(std::size_t offset) const {
    const std::size_t sum = first_ + offset;
    return sum < block_.size() ? sum : sum - block_.size();
  }

  void grow() {
    std::vector<T> wider(block_.empty() ? 4 : 2 * block_.size());
    for (std::size_t i = 0; i < count_; ++i) {
      wider[i] = block_[index(i)];
    }
    block_.swap(wider);
    first_ = 0;
  }

  std::vector<T> block_;
  std::size_t first_ = 0;
  std::size_t count_ = 0;
};

}  // namespace timeslice::models
