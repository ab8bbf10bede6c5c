#include "models/python/memory.hpp"

#include <vector>

#include <gtest/gtest.h>

#include "sim/random.hpp"
#include "tests/random_cases.hpp"

namespace timeslice::models {
namespace {

constexpr Bytes mib(std::int64_t count) {
  return Bytes{count << 20};
}
constexpr ProcessId parent{0};
constexpr ProcessId child{1};
constexpr ProcessId other{2};

TEST(Memory, a_lone_process_shares_nothing) {
  MemoryTable table{mib(10)};
  table.begin(parent, mib(20), mib(10));
  const MemoryUse use = table.use(parent);
  EXPECT_EQ(use.unshared, mib(30));
  EXPECT_EQ(use.resident, mib(30));
  EXPECT_EQ(use.pss, static_cast<double>(mib(30).count));
  EXPECT_EQ(table.total(), mib(30));
}

TEST(Memory, a_forked_child_shares_all_until_it_writes) {
  MemoryTable table{mib(10)};
  table.begin(parent, mib(20), mib(10));
  table.fork(parent, child, mib(4));
  EXPECT_EQ(table.use(child).unshared, Bytes{});
  EXPECT_EQ(table.use(child).resident, mib(24)) << "of the files only what it uses";
  EXPECT_EQ(table.use(parent).unshared, mib(6));
  EXPECT_EQ(table.total(), mib(30));

  EXPECT_EQ(table.write_inherited(child, mib(2)), mib(2));
  EXPECT_EQ(table.use(child).unshared, mib(2));
  EXPECT_EQ(table.use(child).resident, mib(24));
  EXPECT_EQ(table.use(child).pss, static_cast<double>(mib(2 + 9 + 2).count));
  EXPECT_EQ(table.use(parent).unshared, mib(6 + 2)) << "what the child copied is the parent's own";
  EXPECT_EQ(table.total(), mib(32));
}

TEST(Memory, no_more_is_copied_than_is_shared_by_inheritance) {
  MemoryTable table{mib(10)};
  table.begin(parent, mib(20), mib(10));
  table.fork(parent, child, mib(10));
  EXPECT_EQ(table.write_inherited(child, mib(100)), mib(20));
  EXPECT_EQ(table.write_inherited(child, mib(1)), Bytes{});
  EXPECT_EQ(table.use(child).resident, mib(30));
}

TEST(Memory, two_fresh_interpreters_share_file_pages_only) {
  MemoryTable table{mib(10)};
  table.begin(parent, mib(7), mib(10));
  table.begin(child, mib(9), mib(10));
  EXPECT_EQ(table.use(child).unshared, mib(9));
  EXPECT_EQ(table.use(child).pss, static_cast<double>(mib(14).count));
  EXPECT_EQ(table.total(), mib(26));
}

TEST(Memory, what_a_parent_gets_after_a_fork_is_inherited_by_the_next_child_only) {
  MemoryTable table{Bytes{}};
  table.begin(parent, mib(10), Bytes{});
  table.fork(parent, child, Bytes{});
  table.allocate(parent, mib(5));
  table.fork(parent, other, Bytes{});
  EXPECT_EQ(table.resident(child), mib(10));
  EXPECT_EQ(table.resident(other), mib(15));
  EXPECT_EQ(table.total(), mib(15));
  table.end(parent);
  EXPECT_EQ(table.total(), mib(15)) << "inherited pages outlive who had them first";
  table.end(other);
  EXPECT_EQ(table.total(), mib(10));
  EXPECT_EQ(table.use(child).unshared, mib(10));
}

/// All processes that live, by a seed: forks of forks, writes, ends.
class RandomFamily {
 public:
  explicit RandomFamily(std::uint64_t seed) : random_{seed} {
    table_.begin(ProcessId{0}, Bytes{roll(5000)}, Bytes{roll(most_files)});
    alive_.push_back(ProcessId{0});
  }

  void step() {
    const ProcessId one = alive_[static_cast<std::size_t>(roll(alive_.size()))];
    switch (roll(5)) {
      case 0:
        table_.fork(one, ProcessId{next_}, Bytes{roll(1200)});
        alive_.push_back(ProcessId{next_++});
        break;
      case 1:
        table_.begin(ProcessId{next_}, Bytes{roll(3000)}, Bytes{roll(most_files)});
        alive_.push_back(ProcessId{next_++});
        break;
      case 2:
        table_.allocate(one, Bytes{roll(2000)});
        break;
      case 3:
        write(one);
        break;
      default:
        if (alive_.size() > 1) {
          table_.end(one);
          std::erase(alive_, one);
        }
    }
  }

  void check() const {
    double pss = 0.0;
    std::int64_t resident = 0;
    for (const ProcessId id : alive_) {
      const MemoryUse use = table_.use(id);
      EXPECT_GE(use.unshared.count, 0);
      EXPECT_LE(static_cast<double>(use.unshared.count), use.pss + 1e-6);
      EXPECT_LE(use.pss, static_cast<double>(use.resident.count) + 1e-6);
      pss += use.pss;
      resident += use.resident.count;
    }
    EXPECT_NEAR(pss, static_cast<double>(table_.total().count), 1e-3);
    EXPECT_EQ(resident, table_.total_resident().count);
  }

 private:
  void write(ProcessId one) {
    const Bytes before = table_.resident(one);
    const Bytes total = table_.total();
    const std::int64_t amount = roll(2000);
    const Bytes copied = table_.write_inherited(one, Bytes{amount});
    EXPECT_LE(copied.count, amount);
    EXPECT_EQ(table_.resident(one), before) << "a copy takes the place of what was shared";
    EXPECT_GE(table_.total(), total);
  }
  std::int64_t roll(std::uint64_t sides) {
    return static_cast<std::int64_t>(random_.below({.task = 7, .count = ++count_}, sides));
  }

  static constexpr std::int64_t most_files = 1000;

  sim::Random random_;
  std::uint32_t count_ = 0;
  MemoryTable table_{Bytes{most_files}};
  std::vector<ProcessId> alive_;
  std::uint32_t next_ = 1;
};

TEST(MemoryLaws, shares_add_up_in_random_families) {
  const std::uint64_t cases = timeslice::cases::random_cases(300);
  for (std::uint64_t seed = 1; seed <= cases; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    RandomFamily family{seed};
    for (int step = 0; step < 40; ++step) {
      family.step();
      family.check();
    }
  }
}

}  // namespace
}  // namespace timeslice::models
