// Input that means harm, or is just broken: every one ends in a diagnostic with a line.

#include <cstdint>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/scenarios/format/loading.hpp"

namespace timeslice::scenarios {
namespace {

using testing::HasSubstr;

TEST(Hostile, an_alias_bomb_is_cut_off_while_it_unfolds) {
  std::string bomb = "x-a: &a [1, 2, 3, 4, 5, 6, 7, 8, 9]\n";
  for (char name = 'b'; name < 'j'; ++name) {
    const std::string before(1, static_cast<char>(name - 1));
    bomb += std::string{"x-"} + name + ": &" + name + " [";
    for (int i = 0; i < 9; ++i) {
      bomb += (i == 0 ? "*" : ", *") + before;
    }
    bomb += "]\n";
  }
  EXPECT_THAT(errors(bomb), HasSubstr("error[E-limit]"));
}

TEST(Hostile, an_alias_of_itself_is_no_crash) {
  EXPECT_THAT(errors("a: &a [*a]"), HasSubstr("never ends"));
  EXPECT_THAT(errors("&a a: {b: *a}\nc: &c {d: *c}"), HasSubstr("error[E-"));
}

TEST(Hostile, nesting_is_limited) {
  EXPECT_THAT(errors(std::string(63, '[') + std::string(63, ']')),
              HasSubstr("a scenario is a map"));
  EXPECT_THAT(errors(std::string(65, '[') + std::string(65, ']')),
              HasSubstr("nested deeper than 64 levels"));
  EXPECT_THAT(errors(std::string(100000, '[')), HasSubstr("error[E-"));
  EXPECT_THAT(errors(std::string(20000, '?')), HasSubstr("error[E-"));
  EXPECT_THAT(errors(std::string(100000, '-')), HasSubstr("error[E-"));
  std::string stairs;
  for (std::size_t i = 0; i < 70; ++i) {
    stairs += std::string(i, ' ') + "a:\n";
  }
  EXPECT_THAT(errors(stairs), HasSubstr("nested deeper than 64 levels"));
}

TEST(Hostile, aliases_and_nodes_are_counted) {
  std::string many = "x-a: &a 1\nx-b: [*a";
  for (int i = 0; i < 1001; ++i) {
    many += ", *a";
  }
  EXPECT_THAT(errors(many + "]\n"), HasSubstr("more than 1000 aliases"));
  std::string nodes = "x-a: [1";
  for (int i = 0; i < 100'001; ++i) {
    nodes += ",1";
  }
  EXPECT_THAT(errors(nodes + "]\n"), HasSubstr("more than 100000 nodes"));
}

TEST(Hostile, text_that_is_no_text_is_refused) {
  EXPECT_THAT(errors(std::string{"a: 1\nb: \0c", 10}),
              HasSubstr("t.yaml:2:4: error[E-yaml]: the text holds a NUL"));
  EXPECT_THAT(errors("a: 1\nb: \xff\n"),
              HasSubstr("t.yaml:2:4: error[E-yaml]: byte 0xff is not UTF-8"));
  EXPECT_THAT(errors("\xed\xa0\x80"), HasSubstr("is not UTF-8")) << "half a surrogate pair";
  EXPECT_THAT(errors(std::string((1U << 20U) + 1, ' ')), HasSubstr("larger than 1 MiB"));
}

TEST(Hostile, a_byte_order_mark_does_no_harm) {
  EXPECT_EQ(errors("\xEF\xBB\xBF" + around("")), "");
  EXPECT_EQ(errors("timeslice: 1\r\nmachine: ideal-4\r\nmain: []\r\n"), "");
}

TEST(Hostile, one_file_is_one_document) {
  EXPECT_THAT(errors(","), HasSubstr("error[E-yaml]"));
  EXPECT_THAT(errors(around("") + "---\ntimeslice: 1\n"),
              HasSubstr("t.yaml:4:1: error[E-yaml]: the document has ended, but text follows"));
  EXPECT_THAT(errors("- a\n---\n,"), HasSubstr("error[E-yaml]"));
  EXPECT_THAT(errors(""), HasSubstr("a scenario is a map of keys"));
  EXPECT_THAT(errors("just words"), HasSubstr("a scenario is a map of keys"));
}

TEST(Hostile, parts_of_yaml_that_surprise_are_refused) {
  EXPECT_THAT(errors(around("x-a: !!python/object x\n")), HasSubstr("is not allowed"));
  EXPECT_THAT(errors(around("x-b: {<<: {a: 1}}\n")), HasSubstr("use `extends: other.yaml`"));
  EXPECT_THAT(errors(around("x-c: {[1]: 2}\n")), HasSubstr("a key must be a word"));
}

TEST(Hostile, a_quote_that_nobody_closes_is_no_text) {
  const std::string open = "this quote is never closed";
  EXPECT_THAT(errors(around("about: \"cut off\n")),
              HasSubstr("t.yaml:3:8: error[E-yaml]: " + open));
  EXPECT_THAT(errors(around("about: 'cut off\n")), HasSubstr(open));
  EXPECT_THAT(errors(around("about: &a 'it''s''\n\n")), HasSubstr(open));
  EXPECT_THAT(errors(around("about: \"a \\\"\n")), HasSubstr(open)) << "the last one is escaped";
  EXPECT_EQ(errors(around("about: 'it''s'\n")), "");
  EXPECT_EQ(errors(around("about: \"a \\\" b\\\\\"\n")), "");
  EXPECT_EQ(errors(around("about: \"two\n  lines\"\n")), "");
  EXPECT_EQ(errors(around("about: |\n  don't\n")), "") << "no quote begins it";
}

TEST(Hostile, threads_in_the_background_are_counted_together) {
  std::string many = "tasks: {t: [{native: 1ms}]}\nbackground:\n";
  for (int i = 0; i < 50; ++i) {
    many += "  - {task: t, threads: 65536}\n";
  }
  EXPECT_THAT(errors(around(many)), HasSubstr("error[E-limit]: 3276800 threads in the background"));
  EXPECT_EQ(errors(around("tasks: {t: [{native: 1ms}]}\nbackground:\n"
                          "  - {task: t, threads: 65536}\n")),
            "");
}

TEST(Hostile, a_tick_that_takes_all_its_time_is_refused) {
  EXPECT_THAT(errors("timeslice: 1\nmachine: vm-2c\nos: {tick: 100ns}\nmain: [{native: 1ms}]\n"),
              HasSubstr("t.yaml:3:12: error[E-world]: a tick every 100 ns takes"));
  EXPECT_THAT(errors("timeslice: 1\nmachine: {cores: 1, costs: {tick: 10ms}}\nos: {tick: 4ms}\n"
                     "main: [{native: 1ms}]\n"),
              HasSubstr("error[E-world]"));
  EXPECT_EQ(errors(around("os: {tick: 0ms}\n")), "");
}

TEST(Hostile, a_clock_that_stands_still_is_refused_and_does_not_mean_unknown) {
  for (const char* machine :
       {"{cores: 2, clock: {base: 0GHz}}", "{cores: 2, memory: {bandwidth: 0GiB/s per node}}",
        "{cores: 2, memory: {one_core: 0}}"}) {
    const std::string text = std::string{"timeslice: 1\nmachine: "} + machine + "\nmain: []\n";
    EXPECT_THAT(errors(text), HasSubstr("must be above 0")) << machine;
  }
}

TEST(Hostile, counts_are_bounded_before_anything_is_allocated) {
  const std::string tasks = "tasks: {a: [{io: 1ms}]}\nexecutors: {e: {kind: serial}}\n";
  EXPECT_THAT(errors(around(tasks + "main: [{map: {task: a, executor: e, items: 1e9}}]\n")),
              HasSubstr("error[E-limit]"));
  EXPECT_THAT(errors(around(tasks + "main: [{repeat: 1e6, do: [{map: {task: a, executor: e, "
                                    "items: 1000}}]}]\n")),
              HasSubstr("main hands over 1e+09 items in all"));
  EXPECT_THAT(errors("timeslice: 1\nmachine: {cores: 60000, packages: 1000}\nmain: []\n"),
              HasSubstr("error[E-"));
  EXPECT_THAT(errors("timeslice: 1\nmachine: ideal-1e9\nmain: []\n"), HasSubstr("error[E-range]"));
  std::string matrix = "params: {a: 1, b: 1, c: 1}\nmatrix:\n";
  for (const char* axis : {"a", "b", "c"}) {
    matrix += std::string{"  "} + axis + ": [0";
    for (int i = 1; i < 101; ++i) {
      matrix += "," + std::to_string(i);
    }
    matrix += "]\n";
  }
  EXPECT_THAT(errors(around(matrix)), HasSubstr("more than 1e6 points"));
}

TEST(Hostile, parameters_cannot_grow_without_bound) {
  std::string params = "params:\n  p0: aaaaaaaaaa\n";
  for (int i = 1; i < 30; ++i) {
    const std::string before = "${p" + std::to_string(i - 1) + "}";
    params += "  p" + std::to_string(i) + ": \"" + before + before + "\"\n";
  }
  EXPECT_THAT(errors(around(params + "about: \"${p29}\"\n")), HasSubstr("error[E-limit]"));
  EXPECT_THAT(errors(around("params: {a: \"${b}\", b: \"${a}\"}\nabout: \"${a}\"\n")),
              HasSubstr("refers to itself"));
}

TEST(Hostile, a_circle_of_parameters_is_called_that_and_nothing_else) {
  for (const char* use : {"main: [{python: \"${a}\"}]\n", "seed: \"${a}\"\n", "name: \"${a}\"\n"}) {
    const std::string text = errors(
        std::string{"timeslice: 1\nparams:\n  a: \"${b}\"\n  b: \"${c}\"\n  c: \"${a}\"\n"} + use);
    EXPECT_THAT(text, HasSubstr("t.yaml:5:6: error[E-cycle]: the parameter 'a' refers to itself: "
                                "a -> b -> c -> a"));
    EXPECT_THAT(text, testing::Not(HasSubstr("E-type"))) << use;
    EXPECT_THAT(text, testing::Not(HasSubstr("E-range"))) << use;
  }
  EXPECT_THAT(errors(around("params: {a: \"${a}\"}\nabout: \"${a}\"\n")),
              HasSubstr("the parameter 'a' refers to itself\n"));
  EXPECT_THAT(errors(around("seed: \"${nobody}\"\n")), testing::Not(HasSubstr("E-type")));
}

TEST(Hostile, what_only_some_points_have_says_which) {
  const std::string executor =
      "tasks: {t: [{python: 1ms}]}\nmain: [{map: {task: t, items: 2, executor: p}}]\n"
      "executors: {p: {kind: threads, workers: 1, pin: [\"${c}\"]}}\nparams: {c: 0, d: 1}\n";
  const std::string one =
      errors("timeslice: 1\nmachine: ideal-2\n" + executor + "matrix: {c: [0, 1, 7], seed: [1]}\n");
  EXPECT_THAT(one, HasSubstr("there is no CPU 7: the machine has 2 (at c=7, seed=1)"));
  const std::string more = errors("timeslice: 1\nmachine: ideal-2\n" + executor +
                                  "matrix: {c: [0, 7], d: [1, 2, 3]}\nabout: \"${d}\"\n");
  EXPECT_THAT(more,
              HasSubstr("there is no CPU 7: the machine has 2 (at c=7, d=1 and 2 more points)"));
  const std::string all =
      errors("timeslice: 1\nmachine: ideal-2\n" + executor + "matrix: {c: [7, 8]}\nseed: x\n");
  EXPECT_THAT(all, HasSubstr("(at c=7)"));
  EXPECT_THAT(all, HasSubstr("not 'x'\n")) << "all points have it";
  const std::string here = errors("timeslice: 1\nmachine: ideal-2\n" + executor +
                                  "matrix: {c: [0], executors.p.workers: [1, 0]}\n");
  EXPECT_THAT(here, testing::Not(HasSubstr("(at "))) << "the place is the point's value";
}

TEST(Hostile, a_very_long_line_is_shown_in_part) {
  const std::string text = errors(around("about: [" + std::string(5000, 'x') + "]\nseed: a\n"));
  EXPECT_LT(text.size(), 1000U);
}

/// xorshift64*: tests need repeatable draws, not good ones.
class Dice {
 public:
  explicit Dice(std::uint64_t seed) : state_{seed} {}
  std::size_t below(std::size_t n) {
    state_ ^= state_ >> 12U;
    state_ ^= state_ << 25U;
    state_ ^= state_ >> 27U;
    return static_cast<std::size_t>((state_ * 0x2545F4914F6CDD1DULL) >> 33U) % n;
  }

 private:
  std::uint64_t state_;
};

void expect_lines(const Loaded& loaded, const std::string& text) {
  const auto* found = std::get_if<Diagnostics>(&loaded);
  for (std::size_t i = 0; found != nullptr && i < found->size(); ++i) {
    EXPECT_GT((*found)[i].place.line, 0U) << to_text((*found)[i]) << "\nof\n" << text;
  }
}

TEST(Hostile, random_bytes_are_rejected_with_a_line) {
  Dice dice{20240607};
  const std::string alphabet = "abc:{}[],-&*!|>'\"%@`#?\n\n\t  0159ms${}<~\xc3\xa4";
  for (int round = 0; round < 3000; ++round) {
    std::string text;
    for (std::size_t length = dice.below(80); length > 0; --length) {
      text += dice.below(8) == 0 ? static_cast<char>(dice.below(256))
                                 : alphabet[dice.below(alphabet.size())];
    }
    const Loaded loaded = load(text);
    EXPECT_TRUE(std::holds_alternative<Diagnostics>(loaded)) << text;
    expect_lines(loaded, text);
  }
}

const char* const sample = R"(timeslice: 1
machine: {packages: 2, cores: 4, smt: 2, caches: {l3: 32MiB shared by package}}
os: {scheduler: linux-6.12, groups: {app: {weight: 50}, sub: {parent: app}}}
runtime: {python: "3.12", gil: on, switch_interval: 5ms}
locks: {db: {kind: mutex, scope: process}}
tasks:
  page:
    - io: lognormal(40ms, cv=0.6)
    - python: "${length}"
    - with: db
      do: [{python: 200us}, {io: 1ms}]
    - choose: [{p: 0.1, do: [{native: 1ms, holds_gil: on}]}]
executors:
  crew: {kind: threads, workers: "${workers}", nice: 5, group: app, pin: [0, 1]}
main:
  - submit: {task: page, executor: crew, items: 3, as: f}
  - repeat: 2
    do: [{map: {task: page, items: 40, executor: crew, chunksize: auto}}]
  - join: f
background: [{task: page, threads: 2, group: sub, start: 1ms}]
params: {workers: 8, length: 6ms}
matrix: {workers: [1, 2], runtime.gil: [on, off], skip: [{workers: 1}], add: [{workers: 9}]}
variants: {spawned: {executors.crew: {kind: processes}}}
expect: ["makespan < 20s at workers=2"]
)";

TEST(Hostile, mutated_scenarios_load_or_are_rejected_with_a_line) {
  EXPECT_EQ(errors(sample), "");
  Dice dice{77};
  const std::string original = sample;
  std::size_t rejected = 0;
  for (int round = 0; round < 1500; ++round) {
    std::string text = original;
    for (std::size_t edits = 1 + dice.below(3); edits > 0; --edits) {
      const std::size_t at = dice.below(text.size());
      const std::size_t length = 1 + dice.below(12);
      switch (dice.below(4)) {
        case 0:
          text.erase(at, length);
          break;
        case 1:
          text.insert(at, original.substr(dice.below(original.size()), length));
          break;
        case 2:
          text[at] = static_cast<char>(32 + dice.below(95));
          break;
        default:
          text.replace(at, length, std::to_string(dice.below(1000000) * 1000));
          break;
      }
    }
    const Loaded loaded = load(text);
    expect_lines(loaded, text);
    rejected += std::holds_alternative<Diagnostics>(loaded) ? 1U : 0U;
  }
  EXPECT_GT(rejected, 500U) << "most mutations break something";
}

}  // namespace
}  // namespace timeslice::scenarios
