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


if __name__ == "__main__":
    unittest.main()
