"""Ctrl-C, time limits and what they leave behind."""

import contextlib
import re
import signal
import sqlite3
import subprocess
import time
import unittest

from harness import ENDLESS, PROGRAM, SINGLE, CliTest


class Interrupt(CliTest):
    def start(self, *words):
        return subprocess.Popen([PROGRAM, *map(str, words)], cwd=self.folder, text=True,
                                env=self.environment, stdout=subprocess.DEVNULL,
                                stderr=subprocess.PIPE)

    def stored_points(self) -> int:
        try:
            address = f"file:{self.folder}/timeslice.db?mode=ro"
            with contextlib.closing(sqlite3.connect(address, uri=True)) as database:
                return database.execute("SELECT count(*) FROM point").fetchone()[0]
        except sqlite3.OperationalError:  # not there yet, or without tables
            return 0

    def test_ctrl_c_keeps_what_is_done_and_says_how_to_go_on(self):
        path = self.write("endless.yaml", ENDLESS)
        running = self.start("run", path, "--jobs", 2)
        deadline = time.monotonic() + 60
        while self.stored_points() == 0 and time.monotonic() < deadline:
            self.assertIsNone(running.poll(), "it ended by itself")
            time.sleep(0.05)
        running.send_signal(signal.SIGINT)
        _, error = running.communicate(timeout=60)
        self.assertEqual(running.returncode, 130, error)
        self.assertIn("--resume", error)
        done = self.stored_points()
        self.assertGreater(done, 0)
        self.assertLess(done, 20000)
        self.assertEqual([p.name for p in self.folder.glob("*.db*")], ["timeslice.db"])

        # Resumed, it goes on where it was, until it is stopped once more.
        again = self.start("run", path, "--jobs", 2, "--resume")
        while self.stored_points() <= done and time.monotonic() < deadline + 60:
            self.assertIsNone(again.poll(), "it ended by itself")
            time.sleep(0.05)
        again.send_signal(signal.SIGTERM)
        _, error = again.communicate(timeout=60)
        self.assertEqual(again.returncode, 130, error)
        self.assertGreater(self.stored_points(), done)

    def stored_runs(self) -> int:
        try:
            address = f"file:{self.folder}/timeslice.db?mode=ro"
            with contextlib.closing(sqlite3.connect(address, uri=True)) as database:
                return database.execute("SELECT count(*) FROM run").fetchone()[0]
        except sqlite3.OperationalError:
            return 0

    def test_runs_of_one_huge_point_are_kept_and_not_run_again(self):
        path = self.write("huge.yaml", SINGLE.replace("native: 1ms", "native: exp(1ms)"))
        running = self.start("run", path, "--repeat", 1000000, "--jobs", 2)
        deadline = time.monotonic() + 60
        while self.stored_runs() == 0 and time.monotonic() < deadline:
            self.assertIsNone(running.poll(), "it ended by itself")
            time.sleep(0.05)
        running.send_signal(signal.SIGINT)
        _, error = running.communicate(timeout=120)
        self.assertEqual(running.returncode, 130, error)
        self.assertIn("0 of 1 points are done, and ", error)
        done = self.stored_runs()
        self.assertGreater(done, 0)
        rows = self.expect(0, "query", "timeslice.db",
                           "SELECT n, planned FROM v_summary WHERE name = 'makespan'", "-f", "csv")
        self.assertEqual(rows.stdout.split(), ["n,planned", f"{done},1000000"])

        # Other words for the same sweep: it goes on, and no repetition is stored twice.
        again = self.start("run", "-q", path, "-j", 1, "-n", 1000000, "--resume", "--json",
                           "--time-limit", "3s")
        _, error = again.communicate(timeout=120)
        self.assertEqual(again.returncode, 4, error)
        self.assertIn(f" and {self.stored_runs()} runs of others", error)
        with contextlib.closing(sqlite3.connect(self.folder / "timeslice.db")) as database:
            batches = database.execute("SELECT count(*) FROM batch").fetchone()[0]
            runs, different = database.execute(
                "SELECT count(*), count(DISTINCT rep) FROM run").fetchone()
        self.assertEqual(batches, 1)
        self.assertGreater(runs, done)
        self.assertEqual(runs, different)

    def test_what_an_earlier_run_stored_counts_where_this_one_did_not_come_to_it(self):
        path = self.write("endless.yaml", ENDLESS)
        running = self.start("run", path)
        deadline = time.monotonic() + 60
        while self.stored_runs() <= 100 and time.monotonic() < deadline:
            self.assertIsNone(running.poll(), "it ended by itself")
            time.sleep(0.05)
        running.send_signal(signal.SIGINT)
        running.communicate(timeout=120)
        with contextlib.closing(sqlite3.connect(self.folder / "timeslice.db")) as database:
            database.execute("DELETE FROM run WHERE rep = 19")
            database.commit()
        self.assertGreater(self.stored_runs(), 100)
        again = self.expect(4, "run", path, "--resume", "--time-limit", "1ns")
        points, runs = re.search(r"(\d+) of 20000 points are done, and (\d+) runs of others",
                                 again.stderr).groups()
        self.assertEqual(20 * int(points) + int(runs), self.stored_runs())
        with contextlib.closing(sqlite3.connect(self.folder / "timeslice.db")) as database:
            found = database.execute("SELECT 1 FROM sqlite_master WHERE name = 'run_of_point'")
            self.assertIsNotNone(found.fetchone(), "each point would be looked for in all runs")

    def test_another_sweep_is_not_resumed(self):
        path = self.write("endless.yaml", ENDLESS)
        self.expect(4, "run", path, "--time-limit", "300ms", "--repeat", 2)
        done = self.expect(4, "run", path, "--time-limit", "300ms", "--repeat", 3, "--resume")
        self.assertIn("nothing to resume", done.stderr)

    def test_a_time_limit_is_exit_code_4(self):
        done = self.expect(4, "run", self.write("endless.yaml", ENDLESS), "--no-db",
                           "--time-limit", "300ms")
        self.assertIn("--time-limit: reached", done.stderr)


if __name__ == "__main__":
    unittest.main()
