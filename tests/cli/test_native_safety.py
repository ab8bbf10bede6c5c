"""Native runs leave nothing behind: no process, no file, no block of shared memory."""

import ctypes
import os
import signal
import subprocess
import time
import unittest
from pathlib import Path

from harness import PROGRAM, CliTest

PR_SET_CHILD_SUBREAPER = 36
PYTHON = "/usr/bin/python3"

# Every name is an attempt; `@` stands for a file that would show that one of them worked.
HOSTILE = """\
timeslice: 1
name: "$(touch @) `touch @` '; touch @; '"
machine: host
runtime: {python: "3.11"}
locks:
  "../../@": {kind: mutex, scope: process}
tasks:
  "import os; os.system('touch @')\\n\\\\0\\t__import__('os')":
    - python: 200us
    - with: "../../@"
      do: [{native: 100us}]
executors:
  "$(touch @)\\n\\"'": {kind: processes, workers: 2,
    payload: {argument: 200kB, result: 100kB, codec: shared-memory}}
main:
  - map: {task: "import os; os.system('touch @')\\n\\\\0\\t__import__('os')", items: 8,
          executor: "$(touch @)\\n\\"'"}
""".replace("@", "hostile")

LONG = """\
timeslice: 1
name: long
machine: host
runtime: {python: "3.11"}
tasks:
  nap: [{sleep: 20s}]
executors:
  crew: {kind: processes, workers: 2, payload: {argument: 100kB, codec: shared-memory}}
main:
  - map: {task: nap, items: 2, executor: crew}
"""


def our_children():
    """Processes below this one, at any depth."""
    parents = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                fields = (entry / "stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue
            if fields[0] not in "ZX":
                parents[int(entry.name)] = int(fields[1])
    found = {os.getpid()}
    while True:
        more = {pid for pid, parent in parents.items() if parent in found} - found
        if not more:
            return found - {os.getpid()}
        found |= more


def blocks():
    try:
        return sorted(name for name in os.listdir("/dev/shm") if name.startswith("timeslice-"))
    except OSError:
        return []


@unittest.skipUnless(os.access(PYTHON, os.X_OK), "no /usr/bin/python3 here")
class NativeSafety(CliTest):
    @classmethod
    def setUpClass(cls):
        ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)  # orphans are found, too

    def setUp(self):
        super().setUp()
        self.temporary = self.folder / "temporary"
        self.temporary.mkdir()
        self.environment = {**self.environment, "TMPDIR": str(self.temporary)}
        self.blocks_before = blocks()

    def start(self, path, *words):
        return subprocess.Popen([PROGRAM, "validate", str(path), "--repeat", "1", "--noise-limit",
                                 "100%", *words], cwd=self.folder, env=self.environment, text=True,
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE)

    def wait_for_run(self, running):
        deadline = time.monotonic() + 200
        while not list(self.temporary.glob("*/plan.json")) or len(our_children()) < 4:
            self.assertIsNone(running.poll(), "it ended by itself")
            self.assertLess(time.monotonic(), deadline, "no native run began")
            time.sleep(0.02)

    def assert_nobody_left(self):
        deadline = time.monotonic() + 20
        while our_children() and time.monotonic() < deadline:
            time.sleep(0.05)
        self.assertEqual(our_children(), set())
        while blocks() != self.blocks_before and time.monotonic() < deadline:
            time.sleep(0.05)
        self.assertEqual(blocks(), self.blocks_before)

    def test_hostile_names_do_nothing_and_a_run_that_ends_well_leaves_nothing(self):
        path = self.write("hostile.yaml", HOSTILE)
        out, error = self.start(path, "--json").communicate(timeout=280)
        self.assertIn('"status": "ok"', out, error)
        self.assert_nobody_left()
        self.assertEqual(os.listdir(self.temporary), [])
        self.assertEqual([one for one in self.folder.rglob("*") if "hostile" in one.name], [path])

    def test_ctrl_c_ends_a_native_run_and_leaves_nothing(self):
        running = self.start(self.write("long.yaml", LONG))
        self.wait_for_run(running)
        running.send_signal(signal.SIGINT)
        _, error = running.communicate(timeout=60)
        self.assertEqual(running.returncode, 130, error)
        self.assert_nobody_left()
        self.assertEqual(os.listdir(self.temporary), [])

    def test_killed_it_takes_its_processes_along_and_the_next_one_tidies_up(self):
        path = self.write("long.yaml", LONG)
        running = self.start(path)
        self.wait_for_run(running)
        running.kill()
        running.communicate(timeout=60)
        self.assert_nobody_left()
        left = os.listdir(self.temporary)
        self.assertEqual(len(left), 1, "a killed program cannot remove its folder")
        again = self.start(path)
        deadline = time.monotonic() + 200
        while left[0] in os.listdir(self.temporary) and time.monotonic() < deadline:
            time.sleep(0.05)
        again.send_signal(signal.SIGINT)
        again.communicate(timeout=60)
        self.assertEqual(os.listdir(self.temporary), [])


if __name__ == "__main__":
    unittest.main()
