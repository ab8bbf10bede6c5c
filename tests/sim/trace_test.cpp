#include "sim/trace.hpp"

#include <bit>
#include <cstdint>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "sim/digest.hpp"

namespace timeslice::sim {
namespace {

constexpr TraceRecord woken{
    .time_ns = 5, .kind = 1, .cpu = 2, .subject = 3, .object = 4, .cause = 6, .value = 7};

TEST(Trace, the_digest_is_the_same_with_and_without_a_sink) {
  MemorySink memory;
  TextSink text{[](const TraceRecord& record) { return std::to_string(record.time_ns); }};
  Trace silent;
  Trace kept{&memory};
  Trace written{&text};
  for (std::int64_t i = 0; i < 3; ++i) {
    TraceRecord record = woken;
    record.time_ns = i;
    for (Trace* trace : {&silent, &kept, &written}) {
      trace->record(record);
    }
  }
  EXPECT_EQ(silent.digest(), kept.digest());
  EXPECT_EQ(silent.digest(), written.digest());
  EXPECT_FALSE(silent.watched());
  EXPECT_TRUE(kept.watched());
  ASSERT_EQ(memory.records().size(), 3U);
  EXPECT_EQ(memory.records()[2].time_ns, 2);
  EXPECT_EQ(text.text(), "0\n1\n2\n");
}

std::uint64_t digest_of(const std::vector<TraceRecord>& records) {
  Trace trace;
  for (const TraceRecord& record : records) {
    trace.record(record);
  }
  return trace.digest();
}

TEST(Trace, a_change_of_any_field_changes_the_digest) {
  std::vector<TraceRecord> variants(8, woken);
  ++variants[1].time_ns;
  ++variants[2].kind;
  ++variants[3].cpu;
  ++variants[4].subject;
  ++variants[5].object;
  ++variants[6].cause;
  ++variants[7].value;
  for (std::size_t i = 0; i < variants.size(); ++i) {
    for (std::size_t j = i + 1; j < variants.size(); ++j) {
      EXPECT_NE(digest_of({variants[i]}), digest_of({variants[j]})) << i << " and " << j;
      EXPECT_NE(digest_of({variants[i], variants[j]}), digest_of({variants[j], variants[i]}))
          << "order matters: " << i << " and " << j;
    }
  }
  EXPECT_NE(digest_of({woken}), digest_of({woken, woken}));
  EXPECT_NE(digest_of({}), digest_of({TraceRecord{}})) << "a record of zeros is a record";
}

TEST(Digest, one_flipped_bit_flips_about_half_of_the_result) {
  int flipped = 0;
  for (unsigned word = 0; word < 4; ++word) {
    for (unsigned bit = 0; bit < 64; ++bit) {
      std::uint64_t words[4]{1, 2, 3, 4};
      Digest before;
      before.add4(words[0], words[1], words[2], words[3]);
      words[word] ^= std::uint64_t{1} << bit;
      Digest after;
      after.add4(words[0], words[1], words[2], words[3]);
      const int changed = std::popcount(before.value() ^ after.value());
      EXPECT_GT(changed, 10) << "word " << word << " bit " << bit;
      flipped += changed;
    }
  }
  EXPECT_NEAR(flipped / 256.0, 32.0, 1.5);
}

TEST(Digest, texts_are_told_apart_by_content_and_by_where_they_end) {
  const auto of = [](std::vector<std::string> texts) {
    Digest digest;
    for (const std::string& text : texts) {
      digest.add_text(text);
    }
    return digest.value();
  };
  EXPECT_NE(of({"ab", "c"}), of({"a", "bc"}));
  EXPECT_NE(of({"12345678", ""}), of({"", "12345678"}));
  EXPECT_NE(of({std::string(1, '\0')}), of({std::string(2, '\0')}));
  EXPECT_EQ(of({"same", "text"}), of({"same", "text"}));
}

TEST(Digest, it_never_changes_since_stored_results_depend_on_it) {
  Digest digest;
  digest.add(1);
  digest.add4(1, 2, 3, 4);
  digest.add_text("timeslice");
  EXPECT_EQ(digest.value(), 10509995546994972616U);
}

}  // namespace
}  // namespace timeslice::sim
