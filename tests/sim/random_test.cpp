#include "sim/random.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <set>
#include <vector>

#include <gtest/gtest.h>

namespace timeslice::sim {
namespace {

using Words4 = std::array<std::uint32_t, 4>;

TEST(Philox, it_gives_the_published_answers) {
  // The known-answer vectors that its authors publish for philox4x32 with 10 rounds.
  EXPECT_EQ(philox4x32_10({0, 0, 0, 0}, {0, 0}),
            (Words4{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}));
  EXPECT_EQ(
      philox4x32_10({0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff}, {0xffffffff, 0xffffffff}),
      (Words4{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}));
  EXPECT_EQ(
      philox4x32_10({0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}, {0xa4093822, 0x299f31d0}),
      (Words4{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}));
}

TEST(Random, its_bits_are_those_of_philox_under_seed_and_key) {
  const Random random{0x299f31d0a4093822U};
  EXPECT_EQ(random.bits({0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}), 0x94fdccebd16cfe09U);
}

TEST(Random, a_draw_depends_on_its_key_only_and_not_on_the_order_of_draws) {
  const Random random{7};
  std::vector<std::uint64_t> forth;
  for (std::uint32_t i = 0; i < 1000; ++i) {
    forth.push_back(random.bits({.task = i % 10, .item = i / 10, .step = 3, .count = i % 7}));
  }
  const Random same_seed{7};
  for (std::uint32_t i = 1000; i > 0; --i) {
    const std::uint32_t k = i - 1;
    EXPECT_EQ(same_seed.bits({.task = k % 10, .item = k / 10, .step = 3, .count = k % 7}),
              forth[k]);
  }
  EXPECT_EQ(std::set<std::uint64_t>(forth.begin(), forth.end()).size(), forth.size());
  EXPECT_NE(Random{8}.bits({}), Random{7}.bits({}));
}

struct Moments {
  double mean;
  double variance;
  double skewness;
};

template <typename Draw>
Moments moments_of(Draw draw, std::uint32_t count) {
  double sum = 0;
  double squares = 0;
  double cubes = 0;
  for (std::uint32_t i = 0; i < count; ++i) {
    const double x = draw(DrawKey{.task = i / 1000, .item = i % 1000});
    sum += x;
    squares += x * x;
    cubes += x * x * x;
  }
  const double n = count;
  const double mean = sum / n;
  const double variance = squares / n - mean * mean;
  const double third = cubes / n - 3 * mean * squares / n + 2 * mean * mean * mean;
  return {.mean = mean, .variance = variance, .skewness = third / std::pow(variance, 1.5)};
}

// 1e6 draws: a mean is off by 0.001 standard deviations; the bounds are about five times that.
constexpr std::uint32_t draws = 1'000'000;

TEST(Random, uniform_draws_have_the_moments_of_the_uniform_distribution) {
  const Random random{1};
  const Moments found = moments_of([&](const DrawKey& k) { return random.uniform(k); }, draws);
  EXPECT_NEAR(found.mean, 0.5, 0.0015);
  EXPECT_NEAR(found.variance, 1.0 / 12, 0.0005);
  EXPECT_NEAR(found.skewness, 0.0, 0.01);
}

TEST(Random, normal_draws_have_the_moments_of_the_normal_distribution) {
  const Random random{2};
  const Moments found = moments_of([&](const DrawKey& k) { return random.normal(k); }, draws);
  EXPECT_NEAR(found.mean, 0.0, 0.005);
  EXPECT_NEAR(found.variance, 1.0, 0.007);
  EXPECT_NEAR(found.skewness, 0.0, 0.013);
}

TEST(Random, exponential_draws_have_the_moments_of_the_exponential_distribution) {
  const Random random{3};
  const Moments found = moments_of([&](const DrawKey& k) { return random.exponential(k); }, draws);
  EXPECT_NEAR(found.mean, 1.0, 0.005);
  EXPECT_NEAR(found.variance, 1.0, 0.015);
  EXPECT_NEAR(found.skewness, 2.0, 0.08);
}

TEST(Random, uniform_draws_stay_below_one_and_choices_below_their_bound) {
  const Random random{4};
  std::array<int, 6> faces{};
  for (std::uint32_t i = 0; i < 60'000; ++i) {
    const double u = random.uniform({.step = i});
    ASSERT_TRUE(u >= 0.0 && u < 1.0);
    ++faces.at(random.below({.count = i}, 6));
  }
  for (const int face : faces) {
    EXPECT_NEAR(face, 10'000, 5 * std::sqrt(10'000 * 5.0 / 6));
  }
  EXPECT_EQ(random.below({}, 1), 0U);
}

TEST(Random, neighbouring_keys_and_seeds_are_uncorrelated) {
  double sum = 0;
  for (std::uint32_t i = 0; i < 100'000; ++i) {
    const Random seed{hash_seed(5, i)};
    const Random next{hash_seed(5, i + 1)};
    sum += (seed.uniform({}) - 0.5) * (next.uniform({.task = 1}) - 0.5);
  }
  EXPECT_NEAR(sum / 100'000 * 12, 0.0, 0.016) << "five standard errors";
}

TEST(Hashes, seeds_of_repetitions_and_names_do_not_collide) {
  std::vector<std::uint64_t> seen;
  for (std::uint64_t seed = 0; seed < 100; ++seed) {
    for (std::uint64_t repetition = 0; repetition < 1000; ++repetition) {
      seen.push_back(hash_seed(seed, repetition));
    }
  }
  std::ranges::sort(seen);
  EXPECT_EQ(std::ranges::adjacent_find(seen), seen.end());
  EXPECT_NE(hash_name("a"), hash_name("b"));
  EXPECT_NE(hash_name(""), hash_name(std::string_view{"\0", 1}));
  EXPECT_EQ(hash_name32("worker"), hash_name("worker") >> 32);
}

TEST(Hashes, they_never_change_since_stored_results_depend_on_them) {
  EXPECT_EQ(hash_name("timeslice"), 12661643066849939601U);
  EXPECT_EQ(hash_seed(1, 0), 6791897765849424158U);
}

}  // namespace
}  // namespace timeslice::sim
