// Every error code once, with the exact text that the user sees.

#include <set>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "scenarios/format/keys.hpp"
#include "tests/scenarios/format/loading.hpp"

namespace timeslice::scenarios {
namespace {

struct Case {
  std::string code;
  std::string text;
  std::string expected;
};

const std::vector<Case>& cases() {
  static const std::vector<Case> all{
      {"E-unit", around("executors:\n  p: {kind: processes, import_cost: 120}\n"),
       "t.yaml:4:37: error[E-unit]: 'import_cost' needs a unit\n"
       "    4 |   p: {kind: processes, import_cost: 120}\n"
       "      |                                     ^^^ write 120ms, 120us or 120s\n"},
      {"E-key", around("executors:\n  p: {kind: threads, wrkers: 3}\n"),
       "t.yaml:4:22: error[E-key]: unknown key 'wrkers' in executor\n"
       "    4 |   p: {kind: threads, wrkers: 3}\n"
       "      |                      ^^^^^^ did you mean 'workers'?\n"},
      {"E-type", around("executors:\n  p: {kind: thraeds}\n"),
       "t.yaml:4:13: error[E-type]: 'kind' cannot be 'thraeds'\n"
       "    4 |   p: {kind: thraeds}\n"
       "      |             ^^^^^^^ did you mean 'threads'?\n"},
      {"E-range", around("executors:\n  p: {kind: threads, workers: 0}\n"),
       "t.yaml:4:31: error[E-range]: 'workers' must be at least 1, not 0\n"
       "    4 |   p: {kind: threads, workers: 0}\n"
       "      |                               ^ how many workers\n"},
      {"E-name", around("tasks: {page: [{io: 1ms}]}\nmain: [{call: pgae}]\n"),
       "t.yaml:4:15: error[E-name]: no task is called 'pgae'\n"
       "    4 | main: [{call: pgae}]\n"
       "      |               ^^^^ did you mean 'page'?\n"},
      {"E-dup", around("seed: 1\nseed: 2\n"),
       "t.yaml:4:1: error[E-dup]: the key 'seed' stands twice in one map\n"
       "    4 | seed: 2\n"
       "      | ^^^^ it is already in line 3\n"},
      {"E-limit", around("executors:\n  p: {kind: threads, workers: 1e9}\n"),
       "t.yaml:4:31: error[E-limit]: 'workers' must be at most 65536, not 1e9\n"
       "    4 |   p: {kind: threads, workers: 1e9}\n"
       "      |                               ^^^ how many workers\n"},
      {"E-yaml", around("about: [1, 2\n"),
       "t.yaml:4:5: error[E-yaml]: this is not YAML: end of sequence flow not found\n"
       "    4 | main: []\n"
       "      |     ^ check indentation, brackets and quotes here or above\n"},
      {"E-number", around("seed: 010\n"),
       "t.yaml:3:7: error[E-number]: '010' starts with a zero\n"
       "    3 | seed: 010\n"
       "      |       ^^^ numbers are decimal: write 10\n"},
      {"E-missing", "timeslice: 1\nmachine: ideal-4\n",
       "t.yaml:1:1: error[E-missing]: scenario needs the key 'main'\n"
       "    1 | timeslice: 1\n"
       "      | ^ main: what the main thread does, in order\n"},
      {"E-later", around("main: [{graph: {file: a.json}}]\n"),
       "t.yaml:3:9: error[E-later]: 'graph' is not in this version\n"
       "    3 | main: [{graph: {file: a.json}}]\n"
       "      |         ^^^^^ task graphs are not modelled in this version\n"},
      {"E-cycle", around("tasks:\n  a: [{call: b}]\n  b: [{repeat: 2, do: [{call: a}]}]\n"),
       "t.yaml:4:6: error[E-cycle]: the task 'a' starts itself\n"
       "    4 |   a: [{call: b}]\n"
       "      |      ^ a task may not call, map or submit itself, also not through others\n"},
      {"E-file", around("tasks: {a: [{io: empirical(none.csv)}]}\n"),
       "t.yaml:3:18: error[E-file]: there is no file 'none.csv'\n"
       "    3 | tasks: {a: [{io: empirical(none.csv)}]}\n"
       "      |                  ^^^^^^^^^^^^^^^^^^^ the path starts where this file lies\n"},
      {"E-world",
       around("runtime: {platform: windows}\nexecutors:\n  p: {kind: processes, start: fork}\n"),
       "t.yaml:5:6: error[E-world]: executors.p: Windows has neither fork nor forkserver\n"
       "    5 |   p: {kind: processes, start: fork}\n"
       "      |      ^ use `start: spawn`\n"},
      {"E-expect", around("expect:\n  - makespam < 20s\n"),
       "t.yaml:4:5: error[E-expect]: there is no metric 'makespam'\n"
       "    4 |   - makespam < 20s\n"
       "      |     ^^^^^^^^^^^^^^ did you mean 'makespan'?\n"},
  };
  return all;
}

TEST(Errors, every_code_shows_place_reason_and_way_out) {
  for (const Case& each : cases()) {
    EXPECT_EQ(errors(each.text), each.expected) << each.code;
  }
}

TEST(Errors, every_documented_code_has_a_case_here) {
  std::set<std::string> tested;
  for (const Case& each : cases()) {
    tested.insert(each.code);
  }
  for (const CodeDoc& code : all_codes()) {
    EXPECT_TRUE(tested.contains(std::string{code.code})) << code.code;
  }
}

TEST(Errors, all_of_them_come_at_once_in_the_order_of_the_file) {
  const std::string text = errors(around(
      "tasks:\n  a:\n    - io: 5\n    - pyton: 5ms\n    - with: db\n      do: []\nseed: many\n"));
  EXPECT_THAT(text, testing::ContainsRegex("t.yaml:5:11: error.E-unit(.|\n)*t.yaml:6:7: error.E-key"
                                           "(.|\n)*t.yaml:7:13: error.E-name"
                                           "(.|\n)*t.yaml:9:7: error.E-type"));
}

TEST(Errors, what_comes_in_a_later_version_is_refused_by_name) {
  for (const char* step : {"serve", "graph"}) {
    EXPECT_THAT(errors(around(std::string{"main: [{"} + step + ": x}]\n")),
                testing::HasSubstr(std::string{"error[E-later]: '"} + step + "'"));
  }
  for (const char* kind : {"cpp-tbb"}) {
    EXPECT_THAT(errors(around(std::string{"executors: {a: {kind: "} + kind + "}}\n")),
                testing::HasSubstr("error[E-later]"));
  }
  for (const char* rest : {"locks: {a: {kind: semaphore, scope: process}}\n",
                           "main: [{io: {read: 1MiB, from: disk}}]\n"}) {
    EXPECT_THAT(errors(around(rest)), testing::HasSubstr("error[E-later]")) << rest;
  }
}

TEST(Errors, python_needs_a_python) {
  EXPECT_THAT(errors(around("runtime: none\nmain: [{python: 5ms}]\n")),
              testing::HasSubstr("'python' steps need a Python, and the runtime is none"));
  EXPECT_THAT(errors(around("runtime: none\nexecutors: {a: {kind: processes}}\n")),
              testing::HasSubstr("'processes' is made by Python"));
  EXPECT_EQ(errors(around("runtime: none\nmain: [{native: 5ms}]\n")), "");
}

TEST(Errors, pools_of_cpp_have_no_place_in_python) {
  for (const char* kind : {"cpp-threads", "cpp-async"}) {
    const std::string pool = "executors: {crew: {kind: " + std::string{kind} + "}}\n";
    EXPECT_THAT(errors(around(pool)), testing::HasSubstr("t.yaml:3:26: error[E-key]")) << kind;
    EXPECT_THAT(errors(around(pool)), testing::HasSubstr("write runtime: none")) << kind;
    EXPECT_EQ(errors(around("runtime: none\n" + pool)), "") << kind;
  }
}

TEST(Errors, what_only_the_whole_world_shows_is_found_at_load_too) {
  const std::string nested = errors(
      around("tasks:\n  in: [{python: 1ms}]\n  out: [{map: {task: in, items: 2, executor: t}}]\n"
             "executors: {t: {kind: threads}, p: {kind: processes}}\n"
             "main: [{map: {task: out, items: 2, executor: p}}]\n"));
  EXPECT_THAT(nested,
              testing::HasSubstr("t.yaml:5:8: error[E-world]: tasks.out: it runs in a worker"));
  EXPECT_THAT(errors(around("tasks:\n  a: [{python: 1ms}]\n  b: [{map: {task: a, items: 1, "
                            "executor: t}}]\nexecutors: {t: {kind: threads}}\n"
                            "background: [{task: b}]\n")),
              testing::HasSubstr("t.yaml:7:13: error[E-world]: background.b"));
}

TEST(Errors, a_comma_inside_braces_gets_a_hint_about_quotes) {
  EXPECT_THAT(errors(around("main: [{io: lognormal(40ms, cv=0.6)}]\n")),
              testing::HasSubstr("inside { } a comma ends the value: write it in quotes"));
}

}  // namespace
}  // namespace timeslice::scenarios
