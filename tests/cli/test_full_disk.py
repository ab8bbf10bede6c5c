"""A full disk under the database: a clear message, and nothing that was there before is lost."""

import contextlib
import os
import resource
import shutil
import sqlite3
import subprocess
import unittest

from harness import POOL, PROGRAM, SINGLE, CliTest

# Fills a small file system with results; then copies the database out of it.
ON_TMPFS = """
mount -t tmpfs -o size=600k none {disk} || exit 99
cp {first} {disk}/r.db
{program} run {path} --repeat 4000 --jobs 1 --db {disk}/r.db
code=$?
rm -f {disk}/filler
cp {disk}/r.db* {out}/
exit $code
"""

# The same, then makes room and goes on.
GROWN = """
mount -t tmpfs -o size={size} none {disk} || exit 99
cp {first} {disk}/r.db 2> {out}/err || exit 98
{program} run {path} --jobs 1 --db {disk}/r.db 2> {out}/err
code=$?
mount -o remount,size=64m {disk} || exit 99
cp {disk}/r.db* {out}/
{program} run {path} --jobs 1 --db {disk}/r.db --resume 2> {out}/err2 || exit 97
cp {disk}/r.db {out}/resumed.db
exit $code
"""

POINTS = """\
timeslice: 1
name: points
machine: ideal-1
main: [{native: "exp(${d}us)"}]
params: {d: 1}
matrix:
  d: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20]
repeat: 3
seed: 42
"""

# All that a run stores but wall-clock times and numbers of rows, of the newest sweep `points`.
RUNS = ("SELECT ordinal, rep, run.seed, status, digest, metric.name, entity, value FROM metric "
        "JOIN run ON run.id = metric.run JOIN point ON point.id = run.point JOIN batch ON "
        "batch.id = point.batch JOIN scenario AS s ON s.id = batch.scenario AND s.name = 'points' "
        "WHERE batch = (SELECT max(id) FROM batch) ORDER BY 1, 2, 6, 7")


class FullDisk(CliTest):
    def setUp(self):
        super().setUp()
        self.path = self.write("s.yaml", SINGLE)
        self.expect(0, "run", self.write("pool.yaml", POOL), "--db", "first.db")

    def check_what_is_left(self, name):
        with contextlib.closing(sqlite3.connect(self.folder / name)) as database:
            self.assertEqual(database.execute("PRAGMA integrity_check").fetchone(), ("ok",))
            before = database.execute("SELECT count(*) FROM run JOIN point ON point.id = run.point "
                                      "WHERE batch = 1").fetchone()
        self.assertEqual(before, (6,), "the runs of the first command")

    def test_a_full_file_system(self):
        if os.geteuid() != 0 or shutil.which("unshare") is None:
            self.skipTest("only root can mount a small file system")
        for folder in ("disk", "out"):
            (self.folder / folder).mkdir()
        script = ON_TMPFS.format(disk=self.folder / "disk", out=self.folder / "out",
                                 first=self.folder / "first.db", program=PROGRAM, path=self.path)
        done = subprocess.run(["unshare", "-m", "sh", "-c", script], capture_output=True, text=True,
                              timeout=120, env=self.environment, cwd=self.folder)
        if done.returncode in (1, 99) and "mount" in done.stderr + done.stdout:
            self.skipTest("no right to mount here: " + done.stderr)
        self.assertEqual(done.returncode, 1, done.stderr)
        self.assertIn("the disk is full; what was committed is kept", done.stderr)
        self.check_what_is_left("out/r.db")

    def test_a_limit_on_the_size_of_files(self):
        shutil.copy(self.folder / "first.db", self.folder / "r.db")

        def limit():
            size = (self.folder / "r.db").stat().st_size + (200 << 10)
            resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))

        done = self.expect(1, "run", self.path, "--repeat", 4000, "--jobs", 1, "--db", "r.db",
                           preexec_fn=limit)
        self.assertRegex(done.stderr, "r.db: .*what was committed is kept")
        self.check_what_is_left("r.db")

    def runs_of(self, name):
        with contextlib.closing(sqlite3.connect(self.folder / name)) as database:
            return database.execute(RUNS).fetchall()

    def check_all_sizes(self, stop, sizes):
        """`stop` runs the sweep in too little room and goes on in enough; gives code and stderr."""
        path = self.write("points.yaml", POINTS)
        self.expect(0, "run", path, "--jobs", 1, "--db", "whole.db")
        whole = self.runs_of("whole.db")
        codes = []
        stored = set()
        for size in sizes:
            with self.subTest(size):
                code, stderr = stop(path, size)
                codes.append(code)
                if code != 0:
                    self.assertEqual(code, 1, stderr)
                    self.assertRegex(stderr, "r.db: .*what was committed is kept; ")
                self.check_what_is_left("out/r.db")
                left = self.runs_of("out/r.db")
                self.assertLessEqual(set(left), set(whole), "no run is half there or wrong")
                self.assertEqual(len(left), len(set(left)), "no run stands twice")
                self.assertEqual(self.runs_of("out/resumed.db"), whole)
                self.check_what_is_left("out/resumed.db")
                stored.add(len(left))
            shutil.rmtree(self.folder / "out")
        self.assertGreater(codes.count(1), len(sizes) // 2, "most sizes are too small")
        self.assertGreater(len(stored), 3, "it filled up at different moments")

    def test_a_file_system_that_is_full_at_any_size_loses_nothing_and_can_be_resumed(self):
        if os.geteuid() != 0 or shutil.which("unshare") is None:
            self.skipTest("only root can mount a small file system")
        (self.folder / "disk").mkdir()
        start = (self.folder / "first.db").stat().st_size

        def stop(path, size):
            out = self.folder / "out"
            out.mkdir()
            script = GROWN.format(disk=self.folder / "disk", out=out, program=PROGRAM, path=path,
                                  first=self.folder / "first.db", size=start + size)
            done = subprocess.run(["unshare", "-m", "sh", "-c", script], capture_output=True,
                                  text=True, timeout=120, env=self.environment, cwd=self.folder)
            if done.returncode == 99:
                self.skipTest("no right to mount here: " + done.stderr)
            left = [name.read_text() for name in sorted(out.glob("err*"))]
            self.assertLess(done.returncode, 97, (done.stderr, left))
            return done.returncode, left[0]

        self.check_all_sizes(stop, range(40 << 10, 840 << 10, 40 << 10))

    def test_a_limit_for_files_of_any_size_loses_nothing_and_can_be_resumed(self):
        start = (self.folder / "first.db").stat().st_size

        def stop(path, size):
            (self.folder / "out").mkdir()
            shutil.copy(self.folder / "first.db", self.folder / "out/r.db")
            limit = max(start, size)  # what is there must fit
            done = self.run_program(path, "out/r.db", limit)
            for name in (self.folder / "out").glob("r.db*"):
                shutil.copy(name, name.with_name(name.name.replace("r.db", "resumed.db")))
            self.expect(0, "run", path, "--jobs", 1, "--db", "out/resumed.db", "--resume")
            return done.returncode, done.stderr

        self.check_all_sizes(stop, range(start, start + (600 << 10), 30 << 10))

    def run_program(self, path, database, limit):
        return subprocess.run(
            [PROGRAM, "run", path, "--jobs", "1", "--db", database], capture_output=True, text=True,
            timeout=120, env=self.environment, cwd=self.folder,
            preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit)))


if __name__ == "__main__":
    unittest.main()
