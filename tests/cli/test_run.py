"""`timeslice run`: the answer, its JSON, what is stored, pictures and traces."""

import contextlib
import os
import sqlite3
import unittest

from harness import DEADLOCK, POOL, SINGLE, CliTest

ONE_STEP = """\
timeslice: 1
name: one-step
machine: ideal-1
main: [{native: 1ms}]
"""


class Run(CliTest):
    def test_the_answer_has_question_table_intervals_and_verdicts(self):
        done = self.expect(0, "run", self.write("pool.yaml", POOL))
        self.assertIn("small-pool: does a pool of threads help?", done.stdout)
        self.assert_pattern(done.stdout, "machine ideal-4: 4 cores, 4 CPUs;")
        self.assert_pattern(done.stdout, "workers makespan ± 95 % speed-up")
        self.assert_pattern(done.stdout, "1 16 ms ± 0 1.00x")
        self.assert_pattern(done.stdout, "4 4 ms ± 0 4.00x")
        self.assert_pattern(done.stdout, "holds makespan < 20s at workers=4 (<t>)")
        self.assert_pattern(done.stdout, "holds speedup(workers=4 / workers=1) > 3 (<x>")
        self.assert_pattern(done.stderr, "6 runs of 3 points simulated in <t>; stored in timeslice.db")

    def test_a_single_point_tells_where_the_time_went(self):
        done = self.expect(0, "run", self.write("single.yaml", SINGLE), "--no-db")
        self.assertIn("where the time went", done.stdout)
        self.assert_pattern(done.stdout, "CPUs busy <n> % <n> of 2 on average")

    def test_costs_sum_to_the_makespan_and_are_drawn_as_bars(self):
        path = self.write("pool.yaml", POOL)
        done = self.expect(0, "run", path, "--costs")
        self.assert_pattern(done.stdout, "what it cost at workers=1 work alone <t> ##")
        self.assert_pattern(done.stdout, "makespan 16 ms ####")
        json = self.json_of("run", path, "--costs", "--json", "--no-db")
        for point in json["points"]:
            metrics = {metric["name"]: metric["mean"] for metric in point["metrics"]}
            parts = [metrics[f"cost_{part}"] for part in
                     ("ideal", "gil", "start", "ipc", "switch", "contention", "rest")]
            self.assertEqual(sum(parts), metrics["makespan"])
        plain = self.json_of("run", path, "--json", "--no-db")
        self.assertNotIn("cost_ideal", [m["name"] for m in plain["points"][0]["metrics"]])
        self.assertEqual([p["runs"][0]["digest"] for p in plain["points"]],
                         [p["runs"][0]["digest"] for p in json["points"]])

    def test_json_has_the_fields_of_the_contract(self):
        json = self.json_of("run", self.write("pool.yaml", POOL), "--json", "--no-db")
        self.assertEqual(json["schema"], "timeslice.run/1")
        self.assertEqual(set(json["tool"]), {"version", "git", "model"})
        self.assertEqual(json["scenario"]["name"], "small-pool")
        self.assertRegex(json["scenario"]["sha256"], "^[0-9a-f]{64}$")
        self.assertEqual(json["machine"], {"name": "ideal-4", "cpus": 4, "cores": 4,
                                           "packages": 1, "numa_nodes": 1})
        self.assertEqual([p["ordinal"] for p in json["points"]], [0, 1, 2])
        point = json["points"][2]
        self.assertRegex(point["key"], "^[0-9a-f]{16}$")
        self.assertEqual(point["params"], {"variant": "", "workers": 4})
        self.assertEqual([run["rep"] for run in point["runs"]], [0, 1])
        run = point["runs"][0]
        self.assertEqual(set(run), {"rep", "seed", "status", "digest", "events", "makespan_ns",
                                    "wall_ns"})
        self.assertEqual((run["status"], run["makespan_ns"]), ("ok", 4_000_000))
        makespan = next(m for m in point["metrics"] if m["name"] == "makespan")
        self.assertEqual(set(makespan), {"name", "entity", "unit", "mean", "low", "high", "n"})
        self.assertEqual((makespan["unit"], makespan["mean"], makespan["n"]), ("ns", 4e6, 2))
        self.assertEqual([v["holds"] for v in json["expect"]], [True, True])

    def test_a_kept_time_line_shows_what_psutil_would(self):
        path = self.write("pool.yaml", POOL)
        json = self.json_of("run", path, "--json", "--db", "t.db", "--keep", "timeline",
                            "--sample-period", "1ms")
        line = json["points"][2]["runs"][0]["timeline"]
        self.assertEqual(line["period_ns"], 1_000_000)
        self.assertEqual(line["process_columns"][:3], ["at_ns", "process", "cpu_percent"])
        rows = [dict(zip(line["process_columns"], row)) for row in line["processes"]]
        everything = [row for row in rows if row["process"] == ""]
        self.assertEqual([row["at_ns"] for row in everything],
                         [1_000_000, 2_000_000, 3_000_000, 4_000_000])
        self.assertEqual({row["process"] for row in rows}, {"", "main"})
        self.assertGreater(max(row["cpu_percent"] for row in everything), 350)
        self.assertEqual(len(line["cpus"]), 4 * 4)
        with contextlib.closing(sqlite3.connect(self.folder / "t.db")) as database:
            stored = database.execute(
                "SELECT cpu_percent, rss, num_threads FROM resource JOIN run ON run.id = run "
                "JOIN point ON point.id = point WHERE entity = 'main' AND ordinal = 2 AND rep = 0 "
                "ORDER BY at_ns").fetchall()
        mains = [(row["cpu_percent"], row["rss"], row["num_threads"])
                 for row in rows if row["process"] == "main"]
        self.assertEqual(stored, mains)
        self.expect(2, "run", path, "--no-db", "--sample-period", "1ms")

    def test_one_replication_has_no_interval(self):
        json = self.json_of("run", self.write("s.yaml", SINGLE), "--json", "--no-db")
        makespan = next(m for m in json["points"][0]["metrics"] if m["name"] == "makespan")
        self.assertIsNone(makespan["low"])
        self.assertIsNone(makespan["high"])

    def test_results_do_not_depend_on_jobs(self):
        path = self.write("pool.yaml", POOL)
        digests = [[run["digest"] for point in json["points"] for run in point["runs"]]
                   for json in (self.json_of("run", path, "--json", "--no-db", "--jobs", jobs)
                                for jobs in (1, 2, 8))]
        self.assertEqual(digests[0], digests[1])
        self.assertEqual(digests[0], digests[2])

    def test_overrides_reach_the_scenario(self):
        json = self.json_of("run", self.write("s.yaml", SINGLE), "--json", "--no-db", "--seed", 7,
                            "--repeat", 3, "--machine", "ideal-1", "--set", "items=3")
        self.assertEqual(json["machine"]["cpus"], 1)
        self.assertEqual(len(json["points"][0]["runs"]), 3)
        self.assertEqual(json["points"][0]["runs"][0]["makespan_ns"], 3_000_000)

    def test_a_false_claim_is_exit_code_5(self):
        path = self.write("pool.yaml", POOL.replace("> 3", "> 30"))
        done = self.expect(5, "run", path, "--no-db")
        self.assert_pattern(done.stdout, "FAILS speedup(workers=4 / workers=1) > 30")

    def test_a_deadlock_is_exit_code_4_and_says_who_waits(self):
        done = self.expect(4, "run", self.write("d.yaml", DEADLOCK), "--no-db")
        self.assertIn("deadlock: point 0", done.stderr)
        self.assertRegex(done.stderr, r"deadlock: .*\b[ab]\b")
        self.assertIn("deadlock in 1 of 1", done.stdout)

    def test_4_wins_over_5(self):
        text = DEADLOCK.replace("workers: 2", 'workers: "${workers}"') + (
            "params: {workers: 1}\nmatrix: {workers: [1, 2]}\n"
            "expect:\n  - makespan < 1us at workers=1\n")
        done = self.expect(4, "run", self.write("d.yaml", text), "--no-db")
        self.assertIn("FAILS", done.stdout)

    def test_a_claim_about_a_failed_run_is_not_evaluated(self):
        text = DEADLOCK + "expect:\n  - makespan < 1s\n"
        done = self.expect(4, "run", self.write("d.yaml", text), "--no-db")
        self.assertIn("not evaluated  makespan < 1s", done.stdout)

    def test_several_files_give_several_answers_and_the_worst_code(self):
        good, bad = self.write("good.yaml", SINGLE), self.write("bad.yaml", "timeslice: 1\nnmae: x\n")
        done = self.expect(3, "run", bad, good, "--no-db")
        self.assertIn("single", done.stdout)
        self.assertIn("bad.yaml:2:1", done.stderr)

    def test_stdin_is_a_scenario_too(self):
        done = self.expect(0, "run", "-", "--no-db", input=SINGLE)
        self.assertIn("single", done.stdout)

    def test_dry_run_runs_and_stores_nothing(self):
        done = self.expect(0, "run", self.write("pool.yaml", POOL), "--dry-run")
        self.assertIn("would simulate 3 points with 2 repetitions each on ideal-4", done.stdout)
        self.assertFalse((self.folder / "timeslice.db").exists())

    def test_the_database_holds_every_run(self):
        self.expect(0, "run", self.write("pool.yaml", POOL), "--db", "my.db")
        with contextlib.closing(sqlite3.connect(self.folder / "my.db")) as database:
            self.assertEqual(database.execute("SELECT count(*) FROM run").fetchone(), (6,))
        self.assertEqual([p.name for p in self.folder.glob("*.db*")], ["my.db"], "no WAL is left")

    def test_kept_timelines_and_tasks_are_stored(self):
        self.expect(0, "run", self.write("s.yaml", SINGLE), "--keep", "tasks,timeline")
        with contextlib.closing(sqlite3.connect(self.folder / "timeslice.db")) as database:
            self.assertEqual(database.execute("SELECT count(*) FROM task").fetchone(), (5,))
            self.assertGreater(database.execute("SELECT count(*) FROM slice").fetchone()[0], 5)

    def test_a_large_sweep_leaves_out_single_threads_and_says_so(self):
        path = self.write("s.yaml", ONE_STEP)
        remark = "--keep threads stores them"
        count = "SELECT count(*) FROM metric WHERE name = 'cpu_utilization' AND entity "
        for words, said, of_cpus in ((("--repeat", 999), False, 999),
                                     (("--repeat", 1000), True, 0),
                                     (("--repeat", 1000, "--keep", "threads"), False, 1000)):
            with self.subTest(words):
                done = self.expect(0, "run", path, "--db", "t.db", *words)
                self.assertEqual(remark in done.stderr, said)
                with contextlib.closing(sqlite3.connect(self.folder / "t.db")) as database:
                    got = [database.execute(count + cpus).fetchone()[0]
                           for cpus in ("<> ''", "= ''")]
                self.assertEqual(got, [of_cpus, words[1]])
            (self.folder / "t.db").unlink()

    def test_a_claim_about_one_cpu_keeps_its_figures_in_a_large_sweep(self):
        path = self.write("s.yaml", ONE_STEP + "expect: ['cpu_utilization[0] <= 1']\n")
        self.expect(0, "run", path, "--db", "t.db", "--repeat", 1000)
        with contextlib.closing(sqlite3.connect(self.folder / "t.db")) as database:
            count = database.execute("SELECT count(*) FROM metric WHERE name = 'cpu_utilization' "
                                     "AND entity = '0'").fetchone()[0]
        self.assertEqual(count, 1000)

    def test_gantt_draws_cpus_threads_and_items(self):
        self.environment["COLUMNS"] = "80"
        done = self.expect(0, "run", self.write("s.yaml", SINGLE), "--no-db", "--gantt")
        self.assertIn("CPUs: which thread ran", done.stdout)
        self.assertIn("█", done.stdout)
        self.assertIn("which worker ran which item", done.stdout)
        self.assertEqual(done.stdout.count("\n  square"), 5)
        self.assertNotIn("\x1b", done.stdout)

    def test_gantt_is_ascii_on_request_on_dumb_terminals_and_in_the_c_locale(self):
        path = self.write("s.yaml", SINGLE)
        chart = lambda text: text[text.index("CPUs: which"):]
        asked = self.expect(0, "run", path, "--no-db", "--gantt", "--ascii").stdout
        self.assertTrue(chart(asked).isascii())
        self.environment["TERM"] = "dumb"
        self.assertEqual(self.expect(0, "run", path, "--no-db", "--gantt").stdout, asked)
        self.environment.update(TERM="xterm", LC_ALL="C")
        self.assertEqual(self.expect(0, "run", path, "--no-db", "--gantt").stdout, asked)

    def test_another_point_can_be_drawn_but_not_one_that_is_not_there(self):
        path = self.write("pool.yaml", POOL)
        done = self.expect(0, "run", path, "--no-db", "--gantt", "--point", 2, "--rep", 1)
        self.assertIn("run of point 2 at workers=4, repetition 1", done.stdout)
        self.assertIn("the last one is 2", self.expect(2, "run", path, "--no-db", "--gantt",
                                                       "--point", 3).stderr)

    def test_the_trace_is_text_and_the_same_each_time(self):
        path = self.write("s.yaml", SINGLE)
        self.expect(0, "run", path, "--no-db", "--trace", "a")
        self.expect(0, "run", path, "--no-db", "--quiet", "--trace", "b")
        first = (self.folder / "a").read_text()
        self.assertEqual(first, (self.folder / "b").read_text())
        self.assertRegex(first, r"(?m)^ +\d+ item_started ")
        done = self.expect(0, "run", path, "--no-db", "--trace", "-")
        self.assertEqual(done.stdout, first)

    def test_resume_skips_what_is_stored(self):
        path = self.write("pool.yaml", POOL)
        self.expect(0, "run", path)
        done = self.expect(0, "run", path, "--resume")
        self.assertIn("nothing to resume", done.stderr, "a finished run is not gone on with")

    def test_quiet_leaves_only_the_result(self):
        done = self.expect(0, "run", self.write("pool.yaml", POOL), "--quiet")
        self.assertEqual(done.stderr, "")

    def test_verbose_shows_every_metric(self):
        done = self.expect(0, "run", self.write("s.yaml", SINGLE), "--no-db", "-v")
        self.assert_pattern(done.stdout, "tasks_done 5")

    def test_stdout_of_a_run_is_the_same_bytes_each_time(self):
        path = self.write("pool.yaml", POOL)
        self.assertEqual(self.expect(0, "run", path).stdout, self.expect(0, "run", path).stdout)


@unittest.skipIf(os.geteuid() == 0, "root may write everywhere")
class ReadOnly(CliTest):
    def test_a_folder_that_cannot_be_written_is_explained(self):
        path = self.write("s.yaml", SINGLE)
        self.folder.chmod(0o555)
        self.addCleanup(self.folder.chmod, 0o755)
        self.assertIn("timeslice.db", self.expect(1, "run", path).stderr)


if __name__ == "__main__":
    unittest.main()
