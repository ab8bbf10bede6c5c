"""Where input may come from and what is refused: pipes, devices, databases, settings, points."""

import contextlib
import os
import signal
import sqlite3
import subprocess
import threading
import time
import unittest

from harness import DEADLOCK, POOL, PROGRAM, SINGLE, CliTest

ENDLESS_SQL = ("WITH RECURSIVE r(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM r) "
               "SELECT max(i) FROM r")


class Pipes(CliTest):
    def feed(self, path, text):
        """Writes into a named pipe once a reader has come."""
        def write():
            with open(path, "w", encoding="utf-8") as pipe:
                pipe.write(text)
        writer = threading.Thread(target=write, daemon=True)
        writer.start()
        self.addCleanup(writer.join, 10)

    def test_scenarios_come_from_stdin_by_three_names(self):
        for name in ("-", "/dev/stdin", "/dev/fd/0"):
            done = self.expect(0, "check", name, input=SINGLE)
            self.assertIn("good", done.stdout, name)

    def test_a_scenario_and_a_machine_come_from_named_pipes(self):
        scenario, machine = self.folder / "s.pipe", self.folder / "m.pipe"
        for path, text in ((scenario, SINGLE), (machine, "cores: 3\n")):
            os.mkfifo(path)
            self.feed(path, text)
        ran = self.json_of("run", scenario, "--machine", machine, "--json", "--no-db")
        self.assertEqual(ran["machine"]["cpus"], 3)

    def test_devices_and_folders_are_refused_by_what_they_are(self):
        scenario = self.write("s.yaml", SINGLE)
        for name, what in (("/dev/zero", "is a device"), ("/dev/null", "is a device"),
                           (str(self.folder), "is a directory"), ("no.yaml", "there is no file")):
            self.assertIn(what, self.expect(3, "check", name).stderr)
            if "." in name or "/" in name:
                self.assertIn(what, self.expect(2, "check", scenario, "--machine",
                                                name + "/" * (name == str(self.folder))).stderr)

    def test_a_pipe_without_end_is_cut_off(self):
        with subprocess.Popen(["yes", "# nothing"], stdout=subprocess.PIPE) as endless:
            error = self.expect(3, "check", "/dev/stdin", stdin=endless.stdout).stderr
            endless.stdout.close()
        self.assertIn("larger than 1 MiB", error)


class Databases(CliTest):
    def test_no_database_in_memory_behind_a_uri_or_in_a_pipe(self):
        scenario = self.write("s.yaml", SINGLE)
        os.mkfifo(self.folder / "pipe.db")
        for name, code, what in ((":memory:", 2, "would be lost"), ("file:x.db", 2, "URIs"),
                                 ("pipe.db", 3, "a pipe"), ("/dev/null", 3, "a device")):
            self.assertIn(what, self.expect(code, "run", scenario, "--db", name).stderr)
            self.assertIn(what, self.expect(code, "query", name, "runs").stderr)

    def test_a_missing_database_says_what_makes_one(self):
        error = self.expect(3, "query", "none.db", "runs").stderr
        self.assertIn("there is no such file", error)
        self.assertIn("timeslice run FILE --db none.db", error)

    def test_no_output_is_written_over_a_database(self):
        self.expect(0, "run", self.write("s.yaml", SINGLE), "--db", "r.db", "--keep", "timeline")
        before = (self.folder / "r.db").read_bytes()
        for words in (["report", "r.db", "-o", "r.db"], ["query", "r.db", "runs", "-o", "./r.db"],
                      ["export", "r.db", "1", "--format", "csv", "-o", "r.db"],
                      ["schema", "-o", "r.db"],
                      ["plot", "r.db", "gantt", "-o", "g.png", "--csv", "r.db"]):
            done = self.command(*words)
            if done.returncode != 6:  # no matplotlib
                self.assertEqual(done.returncode, 1, words)
                self.assertIn("which would be lost", done.stderr)
            self.assertEqual((self.folder / "r.db").read_bytes(), before, words)

    def test_a_database_that_lacks_its_tables_or_is_damaged_is_code_3_everywhere(self):
        with contextlib.closing(sqlite3.connect(self.folder / "bare.db")) as database:
            database.executescript("PRAGMA application_id = 0x54534C43; PRAGMA user_version = 4; "
                                   "CREATE TABLE t (a)")
        self.expect(0, "run", self.write("s.yaml", SINGLE), "--db", "cut.db", "--keep", "timeline")
        whole = (self.folder / "cut.db").read_bytes()
        (self.folder / "cut.db").write_bytes(whole[:6000])
        with contextlib.closing(sqlite3.connect(self.folder / "newer.db")) as database:
            database.executescript("PRAGMA application_id = 0x54534C43; PRAGMA user_version = 99")
        for name in ("bare.db", "cut.db", "newer.db"):
            for words in (["show", name, "1"], ["compare", name, "1", "2"], ["status", name],
                          ["export", name, "1", "-o", "e.json"], ["merge", "m.db", name],
                          ["plot", name, "gantt", "-o", "g.png"]):
                with self.subTest(words):
                    done = self.expect(3, *words)
                    self.assertEqual(done.stderr.count("\n"), 1, done.stderr)

    def test_db_and_no_db_contradict_each_other(self):
        scenario = self.write("s.yaml", SINGLE)
        error = self.expect(2, "run", scenario, "--db", "a.db", "--no-db").stderr
        self.assertIn("--no-db", error)
        self.environment["TIMESLICE_DB"] = "a.db"
        self.expect(0, "run", scenario, "--no-db")  # a flag goes over a setting
        self.assertFalse((self.folder / "a.db").exists())

    def test_ctrl_c_ends_a_long_query(self):
        self.expect(0, "run", self.write("s.yaml", SINGLE))
        running = subprocess.Popen([PROGRAM, "query", "timeslice.db", ENDLESS_SQL],
                                   cwd=self.folder, text=True, env=self.environment,
                                   stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        time.sleep(0.7)
        running.send_signal(signal.SIGINT)
        _, error = running.communicate(timeout=20)
        self.assertEqual(running.returncode, 130, error)
        self.assertIn("interrupted", error)


class Points(CliTest):
    def test_a_point_or_repetition_that_is_not_there_is_refused_before_anything_runs(self):
        path = self.write("pool.yaml", POOL)
        for words, what in ((("--point", 99, "--gantt"), "there is no point 99"),
                            (("--rep", 7, "--gantt"), "there is no repetition 7"),
                            (("--point", 1), "--gantt or --trace"),
                            (("--rep", 1), "--gantt or --trace")):
            done = self.expect(2, "run", path, *words)
            self.assertIn(what, done.stderr)
            self.assertEqual(done.stdout, "")
            self.assertFalse((self.folder / "timeslice.db").exists())

    def test_more_than_a_century_is_a_limit_and_no_deadlock(self):
        endless = SINGLE.replace("native: 1ms", "native: 20000h")
        for text in (endless.replace("items: 5", "items: 100000"),
                     SINGLE.replace("native: 1ms", "repeat: 1000000, do: [{sleep: 20000h}]")
                     .replace("ideal-2", "laptop-4c8t")):
            done = self.expect(4, "run", self.write("long.yaml", text), "--no-db")
            self.assertIn("E-limit", done.stderr)
            self.assertIn("shorter durations", done.stderr)
            self.assertNotIn("deadlock", done.stdout + done.stderr)

    def test_a_large_machine_says_that_not_every_cpu_is_listed(self):
        path, note = self.write("s.yaml", SINGLE), "only the first 64 threads, CPUs and cores"
        self.assertIn(note, self.expect(0, "run", path, "-v", "--no-db", "-m", "ideal-65").stdout)
        self.assertNotIn(note, self.expect(0, "run", path, "-v", "--no-db").stdout)

    def test_an_empty_main_says_that_nothing_ran(self):
        done = self.expect(0, "run", self.write("e.yaml", "timeslice: 1\nmachine: ideal-2\nmain: []\n"),
                           "--no-db")
        self.assertIn("nothing ran", done.stdout)

    def test_names_cannot_steer_the_terminal(self):
        text = SINGLE.replace("executor: crew", 'executor: "cr\\new\\e[31m"')
        error = self.expect(3, "check", self.write("s.yaml", text)).stderr
        self.assertNotIn("\x1b", error)
        self.assertEqual(len([line for line in error.splitlines() if "E-name" in line]), 1)
        self.assertIn("cr ew?[31m", error)

    def test_a_deadlock_is_not_run_natively(self):
        error = self.expect(4, "validate", self.write("d.yaml", DEADLOCK), "--no-db").stderr
        self.assertIn("fails in the simulation, so nothing was run: deadlock", error)


if __name__ == "__main__":
    unittest.main()
