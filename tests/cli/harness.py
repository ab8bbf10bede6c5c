"""Runs the real program in a folder of its own, with an environment in which nothing is set."""

import json
import os
import re
import subprocess
import tempfile
import unittest
from pathlib import Path

PROGRAM = os.environ.get("TIMESLICE_PROGRAM", "")

POOL = """\
timeslice: 1
name: small-pool
about: does a pool of threads help?
machine: ideal-4
runtime: {python: "3.11", gil: on}
tasks:
  job: [{native: 2ms}]
executors:
  crew: {kind: threads, workers: "${workers}"}
main:
  - map: {task: job, items: 8, executor: crew}
params: {workers: 2}
matrix:
  workers: [1, 2, 4]
repeat: 2
seed: 42
expect:
  - makespan < 20s at workers=4
  - speedup(workers=4 / workers=1) > 3
"""

SINGLE = """\
timeslice: 1
name: single
machine: ideal-2
tasks:
  square: [{native: 1ms}]
executors:
  crew: {kind: threads, workers: 2}
main:
  - map: {task: square, items: "${items}", executor: crew}
params: {items: 5}
"""

DEADLOCK = """\
timeslice: 1
name: embrace
machine: ideal-2
locks: {a: {kind: mutex}, b: {kind: mutex}}
tasks:
  ab: [{with: a, do: [{sleep: 5ms}, {with: b, do: [{native: 1ms}]}]}]
  ba: [{with: b, do: [{sleep: 5ms}, {with: a, do: [{native: 1ms}]}]}]
executors:
  crew: {kind: threads, workers: 2}
main:
  - submit: {task: ab, executor: crew, as: first}
  - submit: {task: ba, executor: crew, as: second}
  - join: first
  - join: second
"""

# A sweep that takes far longer than a test may: it is always stopped from outside.
ENDLESS = """\
timeslice: 1
name: endless
machine: ideal-2
tasks:
  job: [{native: "${x}us"}]
executors:
  crew: {kind: threads, workers: 2}
main:
  - map: {task: job, items: 200, executor: crew}
repeat: 20
params: {x: 1}
matrix:
  x: [%s]
""" % ", ".join(str(n) for n in range(1, 20001))


class CliTest(unittest.TestCase):
    """A folder, an environment and ways to run the program in them."""

    def setUp(self):
        if not PROGRAM:
            self.skipTest("TIMESLICE_PROGRAM names no program")
        self.folder_owner = tempfile.TemporaryDirectory(prefix="timeslice-cli-")
        self.addCleanup(self.folder_owner.cleanup)
        self.folder = Path(self.folder_owner.name)
        self.environment = {
            "PATH": os.environ.get("PATH", "/usr/bin:/bin"),
            "HOME": str(self.folder),
            "LC_ALL": "C.UTF-8",
            "TERM": "xterm",
        }

    def write(self, name: str, text) -> Path:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    def command(self, *words, **options):
        return subprocess.run(
            [PROGRAM, *map(str, words)], cwd=self.folder, env=self.environment, text=True,
            timeout=120, errors="replace", stdout=options.pop("stdout", subprocess.PIPE),
            stderr=subprocess.PIPE, **options)

    def expect(self, code: int, *words, **options):
        """Runs the program and checks its exit code; returns what it printed."""
        done = self.command(*words, **options)
        self.assertEqual(done.returncode, code,
                         f"{words}\n--- stdout\n{done.stdout}\n--- stderr\n{done.stderr}")
        return done

    def json_of(self, *words, code: int = 0):
        return json.loads(self.expect(code, *words).stdout)

    def assert_pattern(self, text: str, pattern: str):
        """`pattern` is text in which <n> stands for a number, <t> for a time, <x> for a word."""
        regex = re.escape(pattern).replace("<n>", r"[-+0-9.e]+").replace("<x>", r"\S+")
        regex = regex.replace("<t>", r"[0-9.]+ ?(?:ns|us|ms|s)")
        regex = re.sub(r"(?:\\ )+", r"\\s+", regex)
        self.assertRegex(text, regex)
