// Which Python a scenario asks for, and what its threads meet at.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "models/python/runtime_spec.hpp"
#include "models/work/program.hpp"
#include "tests/scenarios/format/loading.hpp"

namespace timeslice::scenarios {
namespace {

using testing::HasSubstr;

models::RuntimeSpec runtime(const std::string& keys, const std::string& more = "") {
  return scenario(around("runtime: {" + keys + "}\n" + more)).world.runtime;
}

TEST(PythonVersions, may_name_a_patch) {
  EXPECT_EQ(runtime("python: 3.11.7").version, (models::PythonVersion{3, 11, 7}));
  EXPECT_EQ(runtime("python: \"3.8\"").version,
            (models::PythonVersion{3, 8, models::PythonVersion::newest_patch}));
  for (const char* wrong : {"3.11.", "3.11.x", "3.11.-2", "3.11.7.1", "3", "4.0", "3.1", "3.t"}) {
    EXPECT_THAT(errors(around(std::string{"runtime: {python: \""} + wrong + "\"}\n")),
                HasSubstr("must be a version from 3.2 to 3.30"))
        << wrong;
  }
}

TEST(PythonVersions, beyond_those_that_are_known_are_refused_or_warned_of) {
  EXPECT_THAT(errors(around("runtime: {python: \"3.99\"}\n")),
              HasSubstr("known are 3.2 to 3.14, later ones are taken to be like the last"));
  const auto warnings = [](const std::string& version) {
    return scenario(around("runtime: {python: \"" + version + "\"}\n")).warnings;
  };
  EXPECT_THAT(warnings("3.20"), testing::Contains(HasSubstr("newer than 3.14")));
  EXPECT_THAT(warnings("3.14"), testing::Not(testing::Contains(HasSubstr("newer than"))));
}

TEST(PythonVersions, that_end_in_t_are_free_threaded_builds) {
  const models::RuntimeSpec build = runtime("python: 3.13t");
  EXPECT_EQ(build.version, (models::PythonVersion{3, 13, models::PythonVersion::newest_patch}));
  EXPECT_FALSE(build.gil.enabled);
  EXPECT_TRUE(is_free_threaded(build));
  const models::RuntimeSpec with_gil = runtime("python: 3.14.1t, gil: on");
  EXPECT_TRUE(with_gil.gil.enabled) << "PYTHON_GIL=1";
  EXPECT_TRUE(is_free_threaded(with_gil));
  EXPECT_FALSE(is_free_threaded(runtime("python: 3.14")));
  EXPECT_TRUE(is_free_threaded(runtime("python: 3.14, gil: off")));
  EXPECT_THAT(errors(around("runtime: {python: 3.12t}\n")),
              HasSubstr("there is no free-threaded CPython '3.12t'"));
}

TEST(PythonVersions, durations_have_the_cost_of_the_build_they_were_measured_on) {
  const std::string off = "variants: {free: {runtime: {gil: off}}, locked: {runtime: {gil: on}}}\n";
  const auto stretch = [&](const std::string& keys, std::uint64_t variant) {
    const Plan read =
        plan("timeslice: 1\nmachine: vm-2c\nmain: []\nruntime: {" + keys + "}\n" + off);
    return models::python_stretch(point(read, variant).scenario.world.runtime);
  };
  EXPECT_DOUBLE_EQ(stretch("python: \"3.13\"", 0), 1.0);
  EXPECT_DOUBLE_EQ(stretch("python: \"3.13\"", 1), 1.4) << "without its GIL";
  EXPECT_DOUBLE_EQ(stretch("python: 3.13t", 0), 1.0) << "as measured";
  EXPECT_DOUBLE_EQ(stretch("python: 3.13t", 2), 1.0) << "a GIL makes that build no faster";
  EXPECT_DOUBLE_EQ(stretch("python: \"3.13\", gil: off", 2), 1.0 / 1.4)
      << "the build with a GIL is that much faster";
}

TEST(PythonVersions, that_have_no_build_without_a_gil_lose_it_for_nothing) {
  EXPECT_DOUBLE_EQ(models::python_stretch(runtime("gil: off")), 1.0);
}

TEST(Collector, is_read_and_off_on_ideal_machines) {
  using namespace std::chrono_literals;
  EXPECT_EQ(runtime("python: 3.13t").gil.collector.new_object_every, 0us);
  const models::CollectorSpec collector =
      runtime("python: 3.13t, gc: {new_object_every: 2us, objects: 5, per_object: 1us}")
          .gil.collector;
  EXPECT_EQ(collector.new_object_every, 2us);
  EXPECT_EQ(collector.objects, 5U);
  EXPECT_EQ(collector.per_object, 1us);
}

TEST(Locks, have_kinds_with_a_number_each) {
  const models::WorldSpec world = scenario(around(R"(locks:
  a: {kind: queue, capacity: 5}
  b: {kind: semaphore, value: 3}
  c: {kind: barrier, parties: 2}
  d: {kind: event}
  e: {kind: rwlock}
tasks:
  t: [{put: a}, {get: a}, {with: b, do: [{barrier: c}]}, {set: d}, {wait: d},
      {with: e, mode: read, do: []}]
main: [{call: t}]
)"))
                                      .world;
  EXPECT_EQ(world.locks[0].capacity, 5U);
  EXPECT_EQ(world.locks[1].value, 3U);
  EXPECT_EQ(world.locks[2].parties, 2U);
  EXPECT_TRUE(std::get<models::WithStep>(world.tasks[0].steps[5].what).reads);
}

TEST(Locks, refuse_what_their_kind_does_not_have) {
  const auto refused = [](const std::string& lock, const std::string& step) {
    return errors(around("locks: {x: {" + lock + "}}\nmain: [" + step + "]\n"));
  };
  EXPECT_THAT(refused("kind: queue", "{wait: x}"), HasSubstr("`wait` needs an event"));
  EXPECT_THAT(refused("kind: event", "{with: x, do: []}"), HasSubstr("`with` cannot enter 'x'"));
  EXPECT_THAT(refused("kind: mutex", "{with: x, mode: read, do: []}"),
              HasSubstr("does not tell readers from writers"));
  EXPECT_THAT(refused("kind: event, capacity: 3", "{wait: x}"), HasSubstr("only a queue has"));
  EXPECT_THAT(refused("kind: barrier", "{barrier: x}"), HasSubstr("how many meet"));
  EXPECT_THAT(refused("kind: queue, scope: process", "{get: x}"), HasSubstr("only a mutex can be"));
}

TEST(Locks, of_one_process_are_out_of_reach_for_others) {
  EXPECT_THAT(errors(around(R"(locks: {q: {kind: queue}}
tasks: {t: [{get: q}]}
executors: {crew: {kind: processes, workers: 2}}
main: [{map: {task: t, items: 2, executor: crew}}]
)")),
              HasSubstr("it runs in a worker process of 'crew'"));
}

}  // namespace
}  // namespace timeslice::scenarios
