// Task sets of textbooks with their answers, for one CPU without costs and a release of all at 0.
//
// The first six are examples of Burns and Wellings (sets A to D), Lehoczky, Sha and Ding (1989) and
// Buttazzo, by name; the last two were made for this table. Answers: a unit-step simulation over
// the hyperperiod and, for fixed priorities, response-time analysis. The table is kept outside of
// this project; it was computed before this simulator existed.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace timeslice::models::textbook {

struct Answer {
  double response = 0.0;  // worst in the hyperperiod
  double misses = 0.0;
};

/// In order of priority, the most urgent first.
struct Task {
  std::int64_t work = 0;
  std::int64_t period = 0;
  std::int64_t deadline = 0;
  Answer fixed{};  // priorities
  Answer edf{};
};

struct TaskSet {
  std::string name;
  std::int64_t hyperperiod = 0;
  std::vector<Task> tasks;
};

inline std::vector<TaskSet> task_sets() {
  return {
      {"burns_wellings_a",
       600,
       {{10, 30, 30, {10, 0}, {12, 0}},
        {10, 40, 40, {20, 0}, {22, 0}},
        {12, 50, 50, {52, 1}, {32, 0}}}},
      {"burns_wellings_b",
       80,
       {{4, 16, 16, {4, 0}, {4, 0}}, {5, 40, 40, {9, 0}, {9, 0}}, {32, 80, 80, {58, 0}, {58, 0}}}},
      {"burns_wellings_c",
       80,
       {{5, 20, 20, {5, 0}, {5, 0}},
        {10, 40, 40, {15, 0}, {15, 0}},
        {40, 80, 80, {80, 0}, {80, 0}}}},
      {"burns_wellings_d",
       420,
       {{3, 7, 7, {3, 0}, {3, 0}}, {3, 12, 12, {6, 0}, {8, 0}}, {5, 20, 20, {20, 0}, {16, 0}}}},
      {"lehoczky_sha_ding",
       2100,
       {{40, 100, 100, {40, 0}, {40, 0}},
        {40, 150, 150, {80, 0}, {80, 0}},
        {100, 350, 350, {300, 0}, {300, 0}}}},
      {"buttazzo_rm_versus_edf", 35, {{2, 5, 5, {2, 0}, {4, 0}}, {4, 7, 7, {8, 1}, {6, 0}}}},
      {"rm_misses_with_two_tasks", 18, {{3, 6, 6, {3, 0}, {4, 0}}, {4, 9, 9, {10, 1}, {8, 0}}}},
      {"constrained_deadlines",
       60,
       {{1, 10, 4, {1, 0}, {1, 0}}, {2, 12, 6, {3, 0}, {3, 0}}, {3, 15, 10, {6, 0}, {6, 0}}}}};
}

}  // namespace timeslice::models::textbook
