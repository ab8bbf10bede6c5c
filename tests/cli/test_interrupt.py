"""Ctrl-C, time limits and what they leave behind."""

import contextlib
import signal
import sqlite3
import subprocess
import time
import unittest

from harness import ENDLESS, PROGRAM, CliTest


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

    def test_a_time_limit_is_exit_code_4(self):
        done = self.expect(4, "run", self.write("endless.yaml", ENDLESS), "--no-db",
                           "--time-limit", "300ms")
        self.assertIn("--time-limit: reached", done.stderr)


if __name__ == "__main__":
    unittest.main()
