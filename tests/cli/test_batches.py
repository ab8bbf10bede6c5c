"""A sweep in parts: shards, their lock, status, merge, comparison, job scripts."""

import contextlib
import fcntl
import os
import random
import shutil
import signal
import sqlite3
import subprocess
import time
import unittest

from harness import PROGRAM, CliTest

SWEEP = """\
timeslice: 1
name: sweep
machine: ideal-4
tasks:
  job: [{native: "exp(${d}us)"}]
executors:
  crew: {kind: threads, workers: "${workers}"}
main:
  - map: {task: job, items: 20, executor: crew}
params: {workers: 2, d: 100}
matrix:
  workers: [1, 2, 4]
  d: [100, 200, 300, 400]
repeat: 3
seed: 42
expect:
  - speedup(workers=2 / workers=1) > 1
"""

# What is the same however the runs were made: all but wall-clock times and row numbers.
CONTENT = [
    "SELECT ordinal, key, repeat, kind, rep, seed, status, digest, events FROM run JOIN point ON "
    "point.id = run.point ORDER BY 1, 4, 5",
    "SELECT ordinal, rep, name, entity, value, unit FROM metric JOIN run ON run.id = metric.run "
    "JOIN point ON point.id = run.point ORDER BY 1, 2, 3, 4",
    "SELECT ordinal, name, value FROM param JOIN point ON point.id = param.point ORDER BY 1, 2",
    "SELECT ordinal, name, entity, value, low, high, n FROM pooled JOIN series ON series.id = "
    "series JOIN point ON point.id = point ORDER BY 1, 2, 3",
]


class Base(CliTest):
    def rows(self, name: str, sql: str) -> list:
        address = f"file:{self.folder / name}?mode=ro"
        with contextlib.closing(sqlite3.connect(address, uri=True)) as database:
            return database.execute(sql).fetchall()

    def content(self, name: str) -> list:
        return [self.rows(name, sql) for sql in CONTENT]

    def run_parts(self, path, count: int) -> list[str]:
        names = [f"shard-{part}-of-{count}.db" for part in range(count)]
        for part in range(count):
            self.expect(0, "run", path, "--shard", f"{part}/{count}")
        return names


class Batches(Base):
    def test_parts_joined_are_the_whole_sweep(self):
        path = self.write("sweep.yaml", SWEEP)
        self.expect(0, "run", path, "--db", "whole.db")
        for count in (1, 2, 7):
            names = self.run_parts(path, count)
            joined = f"joined-{count}.db"
            self.expect(0, "merge", joined, *names)
            self.assertEqual(self.content(joined), self.content("whole.db"), count)
            self.assertEqual(self.rows(joined, "SELECT count(*) FROM batch"), [(1,)])
            self.assertNotEqual(self.rows(joined, "SELECT finished_utc FROM batch"), [(None,)])

    def test_merging_twice_changes_nothing(self):
        names = self.run_parts(self.write("sweep.yaml", SWEEP), 2)
        self.expect(0, "merge", "joined.db", *names)
        before = self.content("joined.db"), self.rows("joined.db", "SELECT * FROM batch")
        again = self.expect(0, "merge", "joined.db", *reversed(names), names[0])
        self.assertIn("0 runs", again.stdout)
        self.assertEqual((self.content("joined.db"),
                          self.rows("joined.db", "SELECT * FROM batch")), before)

    def test_a_run_with_another_digest_is_refused_and_changes_nothing(self):
        names = self.run_parts(self.write("sweep.yaml", SWEEP), 2)
        self.expect(0, "merge", "joined.db", names[0])
        before = self.content("joined.db")
        with contextlib.closing(sqlite3.connect(self.folder / names[0])) as database:
            database.execute("UPDATE run SET digest = '00000000deadbeef' WHERE id = 1")
            database.commit()
        refused = self.expect(3, "merge", "joined.db", names[0])
        self.assertIn("deadbeef", refused.stderr)
        self.assertEqual(self.content("joined.db"), before)

    def test_a_file_is_not_merged_into_itself_and_strangers_are_refused(self):
        names = self.run_parts(self.write("sweep.yaml", SWEEP), 1)
        self.expect(2, "merge", names[0], names[0])
        self.expect(3, "merge", "joined.db", self.write("text.db", "no database"))
        self.expect(3, "merge", "joined.db", "missing.db")

    def test_a_part_goes_on_where_it_was_stopped_without_being_asked_to(self):
        path = self.write("sweep.yaml", SWEEP)
        self.run_parts(path, 2)
        again = self.expect(0, "run", path, "--shard", "0/2")
        self.assertIn("0 runs of 0 points", again.stderr)
        self.assertIn("6 were done before", again.stderr)
        self.assertEqual(self.rows("shard-0-of-2.db", "SELECT count(*) FROM run"), [(18,)])

    def test_a_part_refuses_a_file_of_another_part_or_sweep(self):
        path = self.write("sweep.yaml", SWEEP)
        self.run_parts(path, 2)
        self.expect(3, "run", path, "--shard", "1/2", "--db", "shard-0-of-2.db")
        self.expect(3, "run", path, "--shard", "0/2", "--seed", 7)
        header = (self.folder / "shard-0-of-2.db").read_bytes()[:20]
        self.assertEqual(header[18:], b"\x01\x01", "one plain file, not one with a log beside it")

    def test_a_part_that_another_process_works_on_is_busy(self):
        path = self.write("sweep.yaml", SWEEP)
        self.expect(0, "run", path, "--shard", "0/2")
        with open(self.folder / "shard-0-of-2.db.lock", "w", encoding="ascii") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            self.expect(7, "run", path, "--shard", "0/2")
            self.assertIn("running", self.expect(7, "status", self.folder).stdout)

    def test_claims_over_several_parts_are_not_evaluated(self):
        report = self.json_of("run", self.write("sweep.yaml", SWEEP), "--shard", "0/2", "--json")
        self.assertEqual([rule["holds"] for rule in report["expect"]], [None])

    def test_wrong_parts_are_refused_with_advice(self):
        path = self.write("sweep.yaml", SWEEP)
        for text in ("2/2", "1", "-1/2", "0/0", "a/b", "1/2/3", "", "slurm"):
            self.expect(2, "run", path, "--shard=" + text)
        self.expect(2, "run", path, "--shard", "0/2", "--no-db")

    def test_slurm_names_the_part(self):
        path = self.write("sweep.yaml", SWEEP)
        self.environment |= {"SLURM_ARRAY_TASK_ID": "5", "SLURM_ARRAY_TASK_COUNT": "4",
                             "SLURM_ARRAY_TASK_MIN": "4"}
        self.expect(0, "run", path, "--shard", "slurm")
        self.assertEqual(self.rows("shard-1-of-4.db", "SELECT DISTINCT ordinal % 4 FROM point"),
                         [(1,)])

    def test_status_tells_what_is_done_from_files_alone(self):
        path = self.write("sweep.yaml", SWEEP)
        self.expect(0, "run", path, "--shard", "0/3")
        self.expect(0, "run", path, "--shard", "2/3")
        report = self.json_of("status", self.folder, "--json", code=130)
        sweep, = report["sweeps"]
        self.assertEqual((sweep["done"], sweep["points"]), (8, 12))
        self.assertEqual(sweep["missing_parts"], [1])
        self.expect(0, "run", path, "--shard", "1/3")
        self.expect(0, "status", self.folder)
        self.expect(3, "status", self.write("empty/readme", "").parent)

    def test_a_resumed_sweep_shows_and_judges_all_of_it(self):
        path = self.write("sweep.yaml", SWEEP)
        whole = self.json_of("run", path, "--json", "--db", "whole.db")
        self.expect(0, "run", path, "--db", "cut.db")
        with contextlib.closing(sqlite3.connect(self.folder / "cut.db")) as database:
            database.executescript("DELETE FROM run WHERE id % 5 = 0; "
                                   "UPDATE batch SET finished_utc = NULL")
        resumed = self.json_of("run", path, "--json", "--db", "cut.db", "--resume")
        self.assertEqual(resumed["expect"], whole["expect"])
        for one, other in zip(resumed["points"], whole["points"], strict=True):
            self.assertEqual(one["key"], other["key"])
            self.assertEqual([run["digest"] for run in one["runs"]],
                             [run["digest"] for run in other["runs"]])

    def test_a_sweep_that_repeats_until_it_knows_goes_on_as_if_never_stopped(self):
        path = self.write("sweep.yaml", SWEEP.replace("repeat: 3", "repeat: {until: 10%, max: 50}"))
        whole = self.json_of("run", path, "--json", "--db", "whole.db")
        counts = [len(point["runs"]) for point in whole["points"]]
        self.assertGreater(max(counts), min(counts))
        self.expect(0, "run", path, "--db", "cut.db")
        with contextlib.closing(sqlite3.connect(self.folder / "cut.db")) as database:
            database.executescript("DELETE FROM block WHERE run % 5 = 0; "
                                   "DELETE FROM run WHERE id % 5 = 0; UPDATE point SET repeat = 50; "
                                   "UPDATE batch SET finished_utc = NULL")
        resumed = self.json_of("run", path, "--json", "--db", "cut.db", "--resume")
        self.assertEqual(counts, [len(point["runs"]) for point in resumed["points"]])
        self.assertEqual(self.content("cut.db"), self.content("whole.db"))


class Kills(Base):
    """Kill -9 at random moments: nothing that was committed is lost, nothing stands twice."""

    def test_killed_parts_end_up_as_the_unkilled_sweep(self):
        path = self.write("sweep.yaml", SWEEP.replace("items: 20", "items: 2000"))
        self.expect(0, "run", path, "--db", "whole.db")
        kills = int(os.environ.get("TIMESLICE_KILLS", "20"))
        chance = random.Random(1)
        done = 0
        words = [PROGRAM, "run", str(path), "--shard", "0/1", "--db", "part.db", "--jobs", "2"]
        for _ in range(kills):
            running = subprocess.Popen(words, cwd=self.folder, env=self.environment,
                                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            time.sleep(chance.uniform(0.0, 0.25))
            running.send_signal(signal.SIGKILL)
            running.wait()
            now = self.runs_in("part.db")
            self.assertGreaterEqual(now, done, "a committed run is lost")
            done = now
            if done == 36:  # start anew
                self.assertEqual(self.content("part.db"), self.content("whole.db"))
                for left in self.folder.glob("part.db*"):
                    left.unlink()
                done = 0
        self.expect(0, *words[1:])
        self.assertEqual(self.content("part.db"), self.content("whole.db"))

    def runs_in(self, name: str) -> int:
        if not (self.folder / name).exists():
            return 0
        with contextlib.closing(sqlite3.connect(self.folder / name)) as database:
            self.assertEqual(database.execute("PRAGMA integrity_check").fetchone(), ("ok",))
            tables = database.execute("SELECT 1 FROM sqlite_master WHERE name = 'run'").fetchone()
            if tables is None:
                return 0
            twice = database.execute("SELECT count(*) - count(DISTINCT point || ' ' || rep) "
                                     "FROM run").fetchone()[0]
            self.assertEqual(twice, 0)
            return database.execute("SELECT count(*) FROM run").fetchone()[0]


class Comparison(Base):
    def setUp(self):
        super().setUp()
        self.expect(0, "run", self.write("sweep.yaml", SWEEP), "--db", "r.db", "--repeat", 8)

    def test_two_designs_of_one_batch_are_paired_by_seed(self):
        report = self.json_of("compare", "r.db", "workers=1", "workers=2", "--json")
        self.assertEqual([line["point"] for line in report["lines"]],
                         ["d=100", "d=200", "d=300", "d=400"])
        for line in report["lines"]:
            self.assertTrue(line["paired"])
            self.assertTrue(line["significant"])
            self.assertLess(line["low"], line["change"])
            self.assertGreater(line["high"], line["change"])
            self.assertIn("B is faster", line["verdict"])

    def test_the_same_design_shows_no_difference(self):
        self.expect(0, "run", self.folder / "sweep.yaml", "--db", "r.db", "--repeat", 8, "--seed",
                    7)
        report = self.json_of("compare", "r.db", "prev", "last", "--json")
        self.assertEqual(len(report["lines"]), 12)
        self.assertFalse(any(line["paired"] for line in report["lines"]))
        significant = sum(line["significant"] for line in report["lines"])
        self.assertLessEqual(significant, 1)

    def test_a_gate_is_broken_by_a_significant_change_beyond_it(self):
        self.expect(5, "compare", "r.db", "workers=2", "workers=1", "--fail-if", "makespan > +5%")
        self.expect(0, "compare", "r.db", "workers=1", "workers=2", "--fail-if", "makespan > +5%")
        self.expect(5, "compare", "r.db", "workers=1", "workers=2", "--fail-if", "makespan < -5%")
        self.expect(0, "compare", "r.db", "workers=1,d=100", "workers=2,d=100", "--fail-if",
                    "makespan < -90%")

    def test_unclear_questions_are_refused(self):
        for words in (["workers=9", "workers=1"], ["1", "99"], ["", "1"], ["workers", "1"],
                      ["d=100,workers=1", "d=200"], ["1", "1", "--fail-if", "makespan"],
                      ["1", "1", "--metric", "nonsense"]):
            with self.subTest(words):
                self.expect(2, "compare", "r.db", *words)


class Plans(Base):
    def test_the_planned_scripts_do_the_sweep(self):
        path = self.write("it's a $(sweep).yaml", SWEEP)
        folder = self.folder / "my 'jobs' $(touch no)"
        self.expect(0, "batch", "plan", path, "--shards", 3, "-o", folder, "--repeat", 2)
        self.expect(0, "run", path, "--repeat", 2, "--db", "whole.db")
        for part in range(3):
            self.environment["SLURM_ARRAY_TASK_ID"] = str(part)
            done = subprocess.run([folder / "sweep.sbatch"], env=self.environment, cwd=self.folder,
                                  capture_output=True, text=True, check=False)
            self.assertEqual(done.returncode, 0, done.stderr)
        joined = subprocess.run([folder / "merge.sbatch"], env=self.environment, cwd=self.folder,
                                capture_output=True, text=True, check=False)
        self.assertEqual(joined.returncode, 0, joined.stderr)
        self.assertEqual(self.content(folder.relative_to(self.folder) / "sweep.db"),
                         self.content("whole.db"))
        self.assertFalse((self.folder / "no").exists())

    @unittest.skipUnless(shutil.which("parallel"), "no GNU parallel")
    def test_gnu_parallel_does_the_sweep_where_there_is_no_cluster(self):
        path = self.write("it's a $(sweep).yaml", SWEEP)
        folder = self.folder / "my 'jobs'"
        self.expect(0, "batch", "plan", path, "--shards", 3, "-o", folder)
        self.expect(0, "run", path, "--db", "whole.db")
        done = subprocess.run([folder / "parallel.sh"], env=self.environment, cwd=self.folder,
                              capture_output=True, text=True, check=False, timeout=120)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(self.content(folder.relative_to(self.folder) / "sweep.db"),
                         self.content("whole.db"))

    def test_what_cannot_be_planned_is_refused(self):
        path = self.write("sweep.yaml", SWEEP)
        self.expect(2, "batch", "plan", path)
        self.expect(2, "batch", "plan", "-", "-o", "jobs", stdin=subprocess.DEVNULL)
        self.expect(3, "batch", "plan", "missing.yaml", "-o", "jobs")
        self.expect(3, "batch", "submit", self.folder)
        self.expect(2, "batch", "dance", path)


if __name__ == "__main__":
    unittest.main()
