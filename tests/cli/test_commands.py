"""check, expand, schema, machine, query, show, plot: what each prints and its exit codes."""

import csv
import io
import json
import unittest

from harness import POOL, SINGLE, CliTest

HWLOC = """\
<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE topology SYSTEM "hwloc2.dtd">
<topology version="2.0">
 <object type="Machine" os_index="0" cpuset="0x00000003" complete_cpuset="0x00000003"
   allowed_cpuset="0x00000003" nodeset="0x00000001" complete_nodeset="0x00000001"
   allowed_nodeset="0x00000001" gp_index="1">
  <object type="Package" os_index="0" cpuset="0x00000003" complete_cpuset="0x00000003"
    nodeset="0x00000001" complete_nodeset="0x00000001" gp_index="2">
   <object type="NUMANode" os_index="0" cpuset="0x00000003" complete_cpuset="0x00000003"
     nodeset="0x00000001" complete_nodeset="0x00000001" gp_index="7" local_memory="4294967296">
    <page_type size="4096" count="1048576"/>
   </object>
   <object type="Core" os_index="0" cpuset="0x00000001" complete_cpuset="0x00000001"
     nodeset="0x00000001" complete_nodeset="0x00000001" gp_index="3">
    <object type="PU" os_index="0" cpuset="0x00000001" complete_cpuset="0x00000001"
      nodeset="0x00000001" complete_nodeset="0x00000001" gp_index="4"/>
   </object>
   <object type="Core" os_index="1" cpuset="0x00000002" complete_cpuset="0x00000002"
     nodeset="0x00000001" complete_nodeset="0x00000001" gp_index="5">
    <object type="PU" os_index="1" cpuset="0x00000002" complete_cpuset="0x00000002"
      nodeset="0x00000001" complete_nodeset="0x00000001" gp_index="6"/>
   </object>
  </object>
 </object>
</topology>
"""


def irregular() -> str:
    """The machine of HWLOC, with a sibling on its second core only."""
    sibling = """
      <object type="PU" os_index="2" cpuset="0x00000004" complete_cpuset="0x00000004"
      nodeset="0x00000001" complete_nodeset="0x00000001" gp_index="8"/>
"""
    wider = HWLOC.replace('"0x00000003"', '"0x00000007"')
    core = wider.index('<object type="Core" os_index="1"')
    second = wider[core:].replace('"0x00000002"', '"0x00000006"', 2)
    return wider[:core] + second.replace("   </object>", sibling + "   </object>", 1)


class Files(CliTest):
    def test_check_says_good_and_stores_nothing(self):
        done = self.expect(0, "check", self.write("pool.yaml", POOL))
        self.assertIn("pool.yaml: good; 3 points, 2 expectations", done.stdout)
        self.assertFalse((self.folder / "timeslice.db").exists())

    def test_check_reports_all_errors_of_all_files(self):
        first = self.write("a.yaml", SINGLE.replace("native: 1ms", "nativ: 1").replace(
            "workers: 2", "workrs: 2"))
        second = self.write("b.yaml", "timeslice: 7\n")
        error = self.expect(3, "check", first, second).stderr
        self.assertIn("nativ", error)
        self.assertIn("did you mean 'workers'", error)
        self.assertIn("b.yaml:1:", error)

    def test_expand_lists_points_with_their_keys(self):
        lines = self.expect(0, "expand", self.write("pool.yaml", POOL)).stdout.splitlines()
        self.assertEqual(len(lines), 3)
        self.assertRegex(lines[1], r"^1 [0-9a-f]{16} workers=2$")
        self.assertEqual(len({line.split()[1] for line in lines}), 3)

    def test_expand_gives_the_keys_of_the_run(self):
        path = self.write("pool.yaml", POOL)
        keys = [line.split()[1] for line in self.expect(0, "expand", path).stdout.splitlines()]
        ran = self.json_of("run", path, "--json", "--no-db")
        self.assertEqual([point["key"] for point in ran["points"]], keys)

    def test_schema_is_json(self):
        schema = json.loads(self.expect(0, "schema").stdout)
        self.assertIn("properties", schema)
        self.expect(0, "schema", "-o", "s.json")
        self.assertEqual(json.loads((self.folder / "s.json").read_text()), schema)


class Machines(CliTest):
    def test_list_finds_the_shipped_presets(self):
        done = self.expect(0, "machine", "list")
        self.assert_pattern(done.stdout, "name CPUs cores packages nodes about")
        self.assertRegex(done.stdout, r"(?m)^  laptop-4c8t +8 +4 +1 +1 ")
        self.assertGreaterEqual(len(done.stdout.splitlines()), 9)

    def test_a_folder_of_ones_own_comes_first(self):
        self.write("mine/tiny.yaml", "about: my machine\ncores: 3\n")
        self.environment["TIMESLICE_MACHINES"] = str(self.folder / "mine")
        self.assertRegex(self.expect(0, "machine", "list").stdout, r"(?m)^  tiny +3 +3 ")
        done = self.expect(0, "run", self.write("s.yaml", SINGLE), "--machine", "tiny", "--json",
                           "--no-db")
        self.assertEqual(json.loads(done.stdout)["machine"]["cpus"], 3)

    def test_show_describes_and_misspelt_names_get_suggestions(self):
        self.assertIn("laptop-4c8t", self.expect(0, "machine", "show", "laptop-4c8t").stdout)
        self.assertIn("laptop-4c8t", self.expect(3, "machine", "show", "laptop-4c8").stderr)
        self.assertIn("takes one machine", self.expect(2, "machine", "show").stderr)

    def test_detect_describes_this_host(self):
        self.assertIn("CPU", self.expect(0, "machine", "detect").stdout)

    def test_a_machine_is_drawn_into_a_file(self):
        self.expect(0, "machine", "draw", "server-2x96c384t", "-o", "m.svg")
        svg = (self.folder / "m.svg").read_text(encoding="utf-8")
        self.assertTrue(svg.startswith("<svg "))
        self.assertEqual(svg.count("<title>CPU "), 384)
        self.assertIn("laptop-4c8t", self.expect(3, "machine", "draw", "laptop-4c8").stderr)

    def test_import_reads_hwloc_and_the_machine_file_reads_back(self):
        self.write("two.xml", HWLOC)
        self.assertIn("two", self.expect(0, "machine", "import", "two.xml").stdout)
        self.expect(0, "machine", "import", "two.xml", "-o", "two.yaml")
        for machine in ("two.yaml", "two.xml"):
            ran = self.json_of("run", self.write("s.yaml", SINGLE), "--machine", machine, "--json",
                               "--no-db")
            self.assertEqual(ran["machine"]["cpus"], 2, machine)

    def test_an_irregular_import_leans_on_its_xml(self):
        self.write("odd/odd.xml", irregular())
        done = self.expect(0, "machine", "import", "odd/odd.xml", "-o", "odd/odd.yaml")
        self.assertIn("irregular", done.stderr)
        text = (self.folder / "odd/odd.yaml").read_text()
        self.assertIn('extends: "odd.xml"', text)
        self.expect(0, "machine", "import", "odd/odd.xml", "-o", "away.yaml")
        for machine in ("odd/odd.yaml", "away.yaml"):
            ran = self.json_of("run", self.write("s.yaml", SINGLE), "--machine", machine, "--json",
                               "--no-db")
            self.assertEqual(ran["machine"]["cpus"], 3, machine)
            self.assertIn("3", self.expect(0, "machine", "show", machine).stdout)

    def test_no_output_takes_the_place_of_its_input(self):
        xml = irregular()
        self.write("odd.xml", xml)
        for command in (("import", "odd.xml"), ("draw", "odd.xml")):
            error = self.expect(1, "machine", *command, "-o", "odd.xml").stderr
            self.assertIn("is what was read, which would be lost", error)
        self.assertEqual((self.folder / "odd.xml").read_text(encoding="ascii"), xml)

    def test_an_irregular_import_needs_a_file_to_lean_on(self):
        self.expect(3, "machine", "import", "-", "-o", "odd.yaml", input=irregular())
        self.assertFalse((self.folder / "odd.yaml").exists())

    def test_a_broken_import_has_a_reason(self):
        error = self.expect(3, "machine", "import", self.write("x.xml", "<topology")).stderr
        self.assertRegex(error, r"timeslice: .*x")


class Database(CliTest):
    def setUp(self):
        super().setUp()
        self.expect(0, "run", self.write("pool.yaml", POOL))

    def test_without_sql_the_views_are_explained(self):
        text = self.expect(0, "query", "timeslice.db").stdout
        for view in ("v_run", "v_summary", "v_speedup", "v_error"):
            self.assertIn(view, text)

    def test_speedup_by_workers(self):
        rows = json.loads(self.expect(0, "query", "timeslice.db", "speedup", "--format",
                                      "json").stdout)
        found = {float(value) for row in rows for value in row.values()
                 if isinstance(value, (int, float))}
        self.assertTrue({1.0, 2.0, 4.0} <= {round(value, 6) for value in found}, rows)

    def test_sql_as_table_csv_and_json(self):
        sql = "SELECT name, value FROM metric WHERE name = 'makespan' ORDER BY value LIMIT 1"
        self.assert_pattern(self.expect(0, "query", "timeslice.db", sql).stdout,
                            "makespan 4000000")
        rows = list(csv.DictReader(io.StringIO(
            self.expect(0, "query", "timeslice.db", sql, "-f", "csv").stdout)))
        self.assertEqual(float(rows[0]["value"]), 4e6)
        self.assertEqual(json.loads(self.expect(0, "query", "timeslice.db", sql, "-f",
                                                "json").stdout)[0]["name"], "makespan")

    def test_sql_cannot_write_and_bad_sql_is_a_usage_error(self):
        for sql in ("DELETE FROM run", "ATTACH 'x.db' AS x", "PRAGMA user_version = 9", "SELEC 1"):
            self.expect(2, "query", "timeslice.db", sql)
        self.assertEqual(json.loads(self.expect(0, "query", "timeslice.db",
                                                "SELECT count(*) AS n FROM run", "-f",
                                                "json").stdout), [{"n": 6}])

    def test_show_explains_one_run(self):
        text = self.expect(0, "show", "timeslice.db", 1).stdout
        self.assertIn("workers", text)
        self.assertIn("makespan", text)
        self.expect(2, "show", "timeslice.db", 9999)

    def test_plot_draws_and_writes_its_numbers(self):
        done = self.command("plot", "timeslice.db", "speedup", "-o", "s.png")
        if done.returncode == 6:
            self.skipTest("no matplotlib: " + done.stderr)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual((self.folder / "s.png").read_bytes()[:4], b"\x89PNG")
        self.assertTrue((self.folder / "s.csv").exists())
        self.assertIn("its numbers are in s.csv", done.stderr)

    def test_a_python_that_draws_nothing_is_an_error(self):
        for python in ("/bin/false", "/bin/true"):
            done = self.command("plot", "timeslice.db", "speedup", "-o", "n.png", "--python", python)
            self.assertNotEqual(done.returncode, 0)
            self.assertIn(f"{python}: ended with exit code", done.stderr)

    def test_plot_needs_a_file_and_a_known_kind(self):
        self.assertIn("-o F.png", self.expect(2, "plot", "timeslice.db", "speedup").stderr)
        self.expect(2, "plot", "timeslice.db", "sepedup", "-o", "s.png")


if __name__ == "__main__":
    unittest.main()
