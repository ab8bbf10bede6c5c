// The table of keys: what steps do to caches, memory and cores.

#include <array>

#include "scenarios/format/keys.hpp"

namespace timeslice::scenarios {
namespace {

constexpr std::array<Choice, 3> patterns{{
    {.word = "stream", .doc = "line after line: bandwidth decides"},
    {.word = "random", .doc = "lines anywhere, several under way at a time"},
    {.word = "chase", .doc = "each line says where the next one is: latency decides"},
}};
constexpr std::array<Choice, 6> levels{{
    {.word = "auto", .doc = "the smallest level that holds it"},
    {.word = "l1", .doc = "the core's first-level cache"},
    {.word = "l2", .doc = "the core's second-level cache"},
    {.word = "l3", .doc = "the last-level cache, while it has room"},
    {.word = "memory", .doc = "no cache holds it"},
    {.word = "ram", .doc = "the same"},
}};
constexpr std::array<Choice, 6> places{{
    {.word = "first-touch", .doc = "the node where the thread is when the step begins"},
    {.word = "home", .doc = "the thread's own data: the node where it first ran such a step"},
    {.word = "main", .doc = "the node where the main thread first ran"},
    {.word = "interleave", .doc = "all nodes in turn"},
    {.word = "remote", .doc = "a node of another package"},
    {.word = "preferred", .doc = "`node` while it has room, then the nearest others"},
}};
constexpr double max_node = 1023;

constexpr std::array<Key, 7> touch_arguments{{
    {.name = "touch",
     .type = Type::bytes,
     .low = 64,
     .required = true,
     .doc = "how much it walks over, once; lines of 64 B"},
    {.name = "pattern",
     .type = Type::choice,
     .choices = patterns,
     .fallback = "stream",
     .doc = "how"},
    {.name = "where", .type = Type::choice, .choices = levels, .fallback = "auto", .doc = "from"},
    {.name = "set",
     .type = Type::bytes,
     .low = 64,
     .fallback = "as touch",
     .doc = "what it walks over again and again; it decides what fits where"},
    {.name = "write",
     .type = Type::number,
     .high = 1,
     .fallback = "0",
     .doc = "part of the lines that it changes; they travel back as well"},
    {.name = "place",
     .type = Type::choice,
     .choices = places,
     .fallback = "first-touch",
     .doc = "the memory node of the data"},
    {.name = "node",
     .type = Type::count,
     .high = max_node,
     .doc = "this memory node, instead of place, or the preferred one"},
}};

constexpr std::array<Choice, 2> gil_words{{
    {.word = "released", .doc = "runs without the GIL"},
    {.word = "held", .doc = "keeps the GIL"},
}};
constexpr std::array<Key, 4> work_arguments{{
    {.name = "instructions",
     .type = Type::number,
     .high = 1e18,
     .limit = true,
     .required = true,
     .doc = "how many"},
    {.name = "cpi",
     .type = Type::number,
     .low = 1e-3,
     .high = 1e4,
     .required = true,
     .doc = "clock cycles of one, alone on a warm core of the machine it was measured on"},
    {.name = "gil",
     .type = Type::choice,
     .choices = gil_words,
     .fallback = "released",
     .doc = "it"},
    {.name = "uses", .type = Type::section, .section = "uses", .doc = "as of `native`"},
}};

constexpr std::array<Choice, 2> vectors{{
    {.word = "avx2", .doc = "256-bit arithmetic: clock.avx2"},
    {.word = "avx512", .doc = "512-bit arithmetic: clock.avx512"},
}};
constexpr std::array<Key, 9> uses_keys{{
    {.name = "traffic",
     .type = Type::bandwidth,
     .fallback = "0",
     .doc = "lines that it asks the last-level cache for when alone, as bytes a second"},
    {.name = "set",
     .type = Type::bytes,
     .low = 64,
     .doc = "what it walks over at random: what the cache cannot hold of it misses"},
    {.name = "misses",
     .type = Type::curve,
     .doc = "instead of set: size of its share of the cache, and which part then misses; at least "
            "three points"},
    {.name = "stall", .type = Type::duration, .fallback = "8ns", .doc = "of one miss, alone"},
    {.name = "write", .type = Type::number, .high = 1, .fallback = "0", .doc = "as of `memory`"},
    {.name = "place",
     .type = Type::choice,
     .choices = places,
     .fallback = "first-touch",
     .doc = "as of `memory`"},
    {.name = "node", .type = Type::count, .high = max_node, .doc = "as of `memory`"},
    {.name = "smt_gain",
     .type = Type::number,
     .low = 1,
     .high = 2,
     .fallback = "the machine's",
     .doc = "two threads like it on one core do this times the work of one"},
    {.name = "vector",
     .type = Type::choice,
     .choices = vectors,
     .doc = "instructions that lower the clock"},
}};

constexpr std::array<Section, 3> characters{{
    {"touch", "Arguments of `memory`. Its time follows from the machine's caches and memory.",
     touch_arguments},
    {"work", "Arguments of `work`.", work_arguments},
    {"uses", "What code does to the machine besides taking time.", uses_keys},
}};

}  // namespace

std::span<const Section> character_sections() {
  return characters;
}

}  // namespace timeslice::scenarios
