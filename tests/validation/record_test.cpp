// Native runs kept as text and judged again.

#include "validation/record.hpp"

#include <map>
#include <memory>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "scenarios/format/sha256.hpp"
#include "scenarios/simulate.hpp"
#include "tests/validation/small_world.hpp"
#include "validation/judge.hpp"

namespace timeslice::validation {
namespace {

using namespace std::chrono_literals;
using models::ExecutorKind;
using nlohmann::json;
using Files = std::map<std::string, std::string>;

scenarios::Point point(const std::string& name, sim::Duration work) {
  scenarios::Point made;
  made.scenario = scenario_of(mapped({python(work)}, 4, ExecutorKind::threads, 2));
  made.scenario.name = name;
  made.params = {{.name = "workers", .value = "2"}};
  return made;
}

AcceptedTrial trial(const scenarios::Scenario& scenario, std::uint64_t repetition,
                    std::size_t stretch) {
  AcceptedTrial made{.run = {}, .repetition = repetition, .stretch = stretch, .timeline = {}};
  models::Timings& timings = made.run.timings;
  timings.seed = scenarios::run_seed(scenario, repetition);
  timings.makespan = 21ms + repetition * 1ms;
  timings.metrics.push_back({.name = "cpu_time", .entity = "", .unit = "ns", .value = 2.05e7 / 3});
  timings.latencies.push_back({.task = "task", .nanoseconds = {1, 5, 5, 9}});
  for (std::int64_t i = 0; i < 4; ++i) {
    made.run.samples.push_back({.begin_ns = 5'000'000 * i - 7,  // before main's first step
                                .end_ns = 5'000'000 * i + 5'100'000,
                                .used_ns = 5'050'000,
                                .nominal_ns = 5'000'000,
                                .cpu_first = 0,
                                .cpu_last = static_cast<std::int32_t>(i % 2),
                                .kernel = i == 2 ? Kernel::held : Kernel::python});
  }
  made.run.foreign_cpu = 3ms;
  return made;
}

class RecordTest : public testing::Test {
 protected:
  RecordTest() : points_{point("one", 5ms), point("two", 7ms)} {
    HostCalibration calibration = rough_calibration();
    calibration.cpus = {0, 1};
    calibration.traces.push_back({.cpu = 1, .slowness = {1.0, 1.0 / 0.7, 1.25}});
    calibration.notes = {"a \"note\"\n"};
    calibration.quick.fork = 300us;
    calibration.quick.slowness = 1.1;
    calibration.quick.resident_bytes = 20 << 20;
    calibration.quick.cold_code = {.factor = 10.0, .resume = 3us, .after = 4ms, .idle = 0.1};
    side_.references = {calibration.quick, calibration.quick};
    side_.references[1].fork = 500us;
    side_.calibration = std::make_shared<HostCalibration>(calibration);
    side_.wanted = 3;
    for (const scenarios::Point& one : points_) {
      Trials& trials = side_.points.emplace_back();
      trials.attempts = 3;
      trials.rejected = {{"steal", 1}};
      trials.accepted = {trial(one.scenario, 0, 0), trial(one.scenario, 2, 1)};
    }
    for (RecordFile& file : record_of(points_, side_)) {
      files_[file.name] = std::move(file.text);
    }
    options_.seeds = 2;
  }

  sim::Result<NativeSide> replay() { return native_side_of(points_, options_, reader()); }

  ReadRecordFile reader() {
    return [this](const std::string& name) {
      const auto found = files_.find(name);
      return found == files_.end() ? sim::Result<std::string>{sim::Error{
                                         .where = name, .what = "is not there", .advice = ""}}
                                   : sim::Result<std::string>{found->second};
    };
  }

  std::string refusal() {
    const auto side = replay();
    return side ? "" : side.error().where + ": " + side.error().what;
  }

  /// Puts `text` for a point's runs and makes the list agree.
  void forge(const json& runs) {
    files_["point-0000.json"] = runs.dump();
    json session = json::parse(files_["session.json"]);
    session["points"][0]["sha256"] = scenarios::sha256_hex(runs.dump());
    files_["session.json"] = session.dump();
  }

  std::vector<scenarios::Point> points_;
  NativeSide side_;
  Files files_;
  ValidateOptions options_;
};

TEST_F(RecordTest, a_replay_is_judged_as_the_session_was) {
  const auto side = replay();
  ASSERT_TRUE(side) << side.error().what;
  scenarios::SimulatedRunner simulated;
  const Validation first = judge(points_, options_, side_, simulated);
  const Validation again = judge(points_, options_, side.value(), simulated);
  ASSERT_EQ(again.points.size(), 2U);
  for (std::size_t i = 0; i < 2; ++i) {
    const PointValidation& was = first.points[i];
    const PointValidation& is = again.points[i];
    EXPECT_EQ(is.warnings, was.warnings);
    EXPECT_EQ(is.native.speed_index, was.native.speed_index);
    EXPECT_EQ(is.native.rejected_total(), 1U);
    ASSERT_EQ(is.comparisons.size(), was.comparisons.size());
    ASSERT_FALSE(is.comparisons.empty());
    for (std::size_t k = 0; k < is.comparisons.size(); ++k) {
      EXPECT_EQ(is.comparisons[k].name, was.comparisons[k].name);
      EXPECT_EQ(is.comparisons[k].measured, was.comparisons[k].measured);
      EXPECT_EQ(is.comparisons[k].error, was.comparisons[k].error) << "to the last bit";
      EXPECT_EQ(is.comparisons[k].error_raw, was.comparisons[k].error_raw);
      EXPECT_EQ(is.comparisons[k].error_null, was.comparisons[k].error_null);
    }
  }
  EXPECT_EQ(again.notes, first.notes);
  EXPECT_EQ(side.value().points[1].accepted[0].run.timings.latencies.at(0).nanoseconds.size(), 4U);
}

TEST_F(RecordTest, points_are_found_in_any_order_and_number) {
  points_ = {points_[1]};
  const auto side = replay();
  ASSERT_TRUE(side) << side.error().what;
  EXPECT_EQ(side.value().points.size(), 1U);
  points_ = {point("three", 5ms)};
  EXPECT_EQ(refusal(), "three, workers=2: is not in the record");
}

TEST_F(RecordTest, other_costs_are_what_a_replay_is_for_but_other_work_is_refused) {
  points_[0].scenario.world.machine.costs.fork = 7ms;
  EXPECT_EQ(refusal(), "");
  points_[0] = point("one", 6ms);
  EXPECT_NE(refusal().find("does other work now"), std::string::npos) << "a longer task";
  points_[0] = point("one", 5ms);
  points_[0].scenario.world.machine.cpus.push_back({});
  EXPECT_NE(refusal().find("does other work now"), std::string::npos) << "another CPU";
  points_[0] = point("one", 5ms);
  points_[0].scenario.world.executors[0].kind = ExecutorKind::thread_per_task;
  EXPECT_NE(refusal().find("does other work now"), std::string::npos);
}

TEST_F(RecordTest, costs_of_a_file_of_this_host_are_replaced_in_a_replay_too) {
  EXPECT_FALSE(replay().value().references.at(1).newer_than_file);
  options_.own_machine_file = true;
  EXPECT_TRUE(replay().value().references.at(1).newer_than_file);
  EXPECT_TRUE(replay().value().calibration->quick.newer_than_file);
}

TEST_F(RecordTest, what_is_missing_or_altered_is_named) {
  const Files sound = files_;
  files_["point-0001.json"] += " ";
  EXPECT_EQ(refusal(), "point-0001.json: is no sound record: it was altered");
  files_ = sound;
  files_.erase("point-0000.json");
  EXPECT_EQ(refusal(), "point-0000.json: is not there");
  files_.clear();
  EXPECT_EQ(refusal(), "session.json: is not there");
}

TEST_F(RecordTest, no_list_leads_to_other_files) {
  json session = json::parse(files_["session.json"]);
  session["points"][0]["file"] = "../../etc/passwd";
  files_["session.json"] = session.dump();
  EXPECT_NE(refusal().find("another name"), std::string::npos);
}

TEST_F(RecordTest, texts_cut_anywhere_are_refused) {
  const std::string whole = files_["session.json"];
  for (std::size_t length = 0; length + 2 < whole.size(); length += 37) {
    files_["session.json"] = whole.substr(0, length);
    EXPECT_NE(refusal().find("session.json"), std::string::npos) << length;
  }
}

TEST_F(RecordTest, a_number_of_another_kind_is_refused_wherever_it_stands) {
  points_.resize(1);
  const Files sound = files_;
  for (const char* name : {"session.json", "point-0000.json"}) {
    const json flat = json::parse(sound.at(name)).flatten();
    std::size_t turn = 0;
    for (const auto& [place, value] : flat.items()) {
      if (!value.is_number() || turn++ % 5 != 0) {  // every fifth: each costs a replay
        continue;
      }
      json changed = json::parse(sound.at(name));
      changed[json::json_pointer{place}] = turn % 2 == 0 ? json(nullptr) : json("1");
      files_[name] = changed.dump();
      if (std::string{name} != "session.json") {
        forge(changed);
      }
      EXPECT_NE(refusal(), "") << name << place;
      files_ = sound;
    }
  }
}

TEST_F(RecordTest, numbers_out_of_their_range_are_refused) {
  const json sound = json::parse(files_["point-0000.json"]);
  const auto with = [&](const json::json_pointer& place, const json& value) {
    json changed = sound;
    changed[place] = value;
    forge(changed);
    return refusal();
  };
  using Pointer = json::json_pointer;
  EXPECT_NE(with(Pointer{"/runs/0/stretch"}, 2), "") << "there were two measurements";
  EXPECT_NE(with(Pointer{"/runs/0/samples/kernel/0"}, 3), "");
  EXPECT_NE(with(Pointer{"/runs/0/samples/used/0"}, -5), "");
  EXPECT_NE(with(Pointer{"/runs/0/samples/used"}, json::array()), "") << "a column too short";
  EXPECT_NE(with(Pointer{"/runs/0/timings/makespan"}, 0), "");
  EXPECT_NE(with(Pointer{"/runs/0/timings/makespan"}, 1.5), "");
  EXPECT_NE(with(Pointer{"/runs/0/timings/seed"}, 4), "") << "other draws";
  EXPECT_NE(with(Pointer{"/runs/0/timings/makespan"}, 18446744073709551615ULL), "");
  EXPECT_EQ(with(Pointer{"/runs/0/foreign"}, 4), "");
}

}  // namespace
}  // namespace timeslice::validation
