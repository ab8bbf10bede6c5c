// FORMAT.md and the JSON Schema against the loader that they are made from.

#include "scenarios/format/schema.hpp"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "scenarios/format/keys.hpp"
#include "scenarios/format/sha256.hpp"
#include "tests/scenarios/format/loading.hpp"

namespace timeslice::scenarios {
namespace {

const std::filesystem::path root{TIMESLICE_SOURCE_DIR};

std::string read(const std::filesystem::path& path) {
  std::ostringstream text;
  text << std::ifstream{path, std::ios::binary}.rdbuf();
  return text.str();
}

TEST(Format, the_committed_reference_is_the_one_that_the_table_gives) {
  const std::filesystem::path path = root / "scenarios/format/FORMAT.md";
  if (std::getenv("TIMESLICE_UPDATE") != nullptr) {
    std::ofstream{path, std::ios::binary} << format_markdown();
  }
  EXPECT_EQ(read(path), format_markdown()) << "run this test with TIMESLICE_UPDATE=1";
}

TEST(Format, every_section_that_the_table_names_is_there) {
  for (const auto part : {all_sections(), all_steps()}) {
    for (const Section& section : part) {
      for (const Key& key : section.keys) {
        EXPECT_TRUE(key.section.empty() || section_named(key.section).name == key.section);
        EXPECT_FALSE(key.doc.empty() && key.later.empty()) << section.name << "." << key.name;
        EXPECT_EQ(find_key(section, key.name), &key) << key.name << " stands twice";
      }
    }
  }
}

TEST(Schema, it_is_json_and_closed) {
  const auto schema = nlohmann::json::parse(schema_json());
  EXPECT_EQ(schema["additionalProperties"], false);
  EXPECT_TRUE(schema["$defs"].contains("step.python"));
  EXPECT_FALSE(schema["$defs"].contains("step.graph"));
}

/// Runs the checker; its exit code, or -1 when there is no Python.
int run_checker(const Folder& folder) {
  const std::string command = "/usr/bin/python3 '" +
                              (root / "tests/scenarios/format/schema_check.py").string() + "' '" +
                              folder.path() + "'";
  const int status = std::system(command.c_str());
  return status == -1 ? -1 : status / 256;
}

TEST(Schema, it_accepts_what_the_loader_accepts_and_refuses_unknown_keys) {
  const Folder folder{"schema"};
  folder.write("schema.json", schema_json());
  std::size_t accepted = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator{root / "scenarios"}) {
    const bool machine = entry.path().parent_path().filename() == "machines";
    if (entry.path().extension() == ".yaml" && !machine) {
      folder.write("good-" + std::to_string(accepted++) + ".yaml", read(entry.path()));
    }
  }
  const std::string good = around(
      "os: {scheduler: fair, tick: 0, policy: {slice: 3 ms}, groups: {g: {}}}\n"
      "runtime: {python: 3.12, gil: yes}\nlocks: {l: {scope: process}}\nx-any: [1]\n"
      "tasks: {t: [{io: \"lognormal(4ms, cv=0.6)\"}, {with: l, do: []}, {native: 1ms, holds_gil: "
      "on}]}\n"
      "executors: {e: {kind: threads, workers: cores, chunksize: auto, pin: [0], group: g}}\n"
      "main: [{map: {task: t, items: 1e3, executor: e}}]\n");
  EXPECT_EQ(errors(good), "");
  folder.write("good-rest.yaml", good);
  folder.write("bad-key.yaml", around("sede: 3\n"));
  folder.write("bad-inner.yaml", around("executors: {e: {kind: threads, wrkers: 3}}\n"));
  folder.write("bad-unit.yaml", around("main: [{io: 5}]\n"));
  folder.write("bad-step.yaml", around("main: [{pyton: 5ms}]\n"));
  folder.write("bad-kind.yaml", around("executors: {e: {kind: cpp-tbb}}\n"));
  const int code = run_checker(folder);
  if (code == 77 || code == -1 || code == 127) {
    GTEST_SKIP() << "/usr/bin/python3 with yaml and jsonschema is not here";
  }
  EXPECT_EQ(code, 0);
}

TEST(Sha256, it_gives_the_published_digests) {
  EXPECT_EQ(sha256_hex(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(sha256_hex("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(sha256_hex("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"),
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
}

}  // namespace
}  // namespace timeslice::scenarios
