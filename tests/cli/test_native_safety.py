"""Native runs leave nothing behind: no process, no file, no block of shared memory."""

import ctypes
import json
import os
import signal
import subprocess
import time
import unittest
from pathlib import Path

from harness import PROGRAM, CliTest

PR_SET_CHILD_SUBREAPER = 36
PYTHON = "/usr/bin/python3"

# Every text is an attempt; a file called `hostile` would show that one of them worked.
ATTEMPTS = """\
"$(touch hostile) `touch hostile` '; touch hostile; '",
"import os; os.system('touch hostile')\\n\\\\0\\t__import__('os')", "../../hostile", "-c hostile\\n\\"'"
"""

# Names of things must be words; the scenario's name, its text and values of parameters need not.
HOSTILE_NAMES = """\
timeslice: 1
locks: {ATTEMPT: {kind: mutex}}
tasks: {ATTEMPT: [{python: 200us}]}
executors: {ATTEMPT: {kind: processes, workers: 2}}
main: [{map: {task: ATTEMPT, items: 8, executor: ATTEMPT}}]
"""

HOSTILE = """\
timeslice: 1
name: ATTEMPT
about: ATTEMPT
machine: host
runtime: {python: "3.11"}
locks: {shared: {kind: mutex, scope: process}}
tasks: {job: [{python: 200us}, {with: shared, do: [{native: 100us}]}]}
executors:
  crew: {kind: processes, workers: 2,
    payload: {argument: 200kB, result: 100kB, codec: shared-memory}}
main: [{map: {task: job, items: 8, executor: crew}}]
params: {label: x}
matrix: {label: [ATTEMPTS]}
"""

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
                                 "400%", *words], cwd=self.folder, env=self.environment, text=True,
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE)

    def wait_for_run(self, running):
        deadline = time.monotonic() + 200
        while not list(self.temporary.glob("*/plan.json")) or len(our_children()) < 4:
            self.assertIsNone(running.poll(), "it ended by itself")
            self.assertLess(time.monotonic(), deadline, "no native run began")
            time.sleep(0.02)

    def assert_nobody_left(self):
        deadline = time.monotonic() + 20
        seen = [our_children()]
        # One look can miss a process whose parent ends while the others are looked at.
        while any(seen[-3:]) and time.monotonic() < deadline or len(seen) < 3:
            time.sleep(0.05)
            seen.append(our_children())
        self.assertEqual(seen[-3:], [set()] * 3)
        while blocks() != self.blocks_before and time.monotonic() < deadline:
            time.sleep(0.05)
        self.assertEqual(blocks(), self.blocks_before)

    def assert_nothing_was_done(self, *files):
        self.assertEqual(os.listdir(self.temporary), [])
        self.assertEqual({one for one in self.folder.rglob("*") if "hostile" in one.name}, set(files))

    def test_names_that_are_no_words_are_refused(self):
        for attempt in ATTEMPTS.strip().split(", "):
            path = self.write("hostile.yaml", HOSTILE_NAMES.replace("ATTEMPT", attempt))
            self.expect(3, "validate", path)
            self.assert_nothing_was_done(path)

    def test_hostile_texts_do_nothing_and_a_run_that_ends_well_leaves_nothing(self):
        text = HOSTILE.replace("ATTEMPTS", ATTEMPTS.replace("\n", " "))
        path = self.write("hostile.yaml", text.replace("ATTEMPT", ATTEMPTS.split(",\n")[0]))
        out, error = self.start(path, "--json").communicate(timeout=280)
        points = json.loads(out)["points"]
        self.assertEqual(len(points), 4, error)
        ran = [point for point in points if point["native"]["runs"] or point["native"]["rejected"]]
        self.assertEqual(len(ran), 4, error)
        self.assert_nobody_left()
        self.assert_nothing_was_done(path)

    def test_ctrl_c_ends_a_native_run_and_leaves_nothing(self):
        running = self.start(self.write("long.yaml", LONG))
        self.wait_for_run(running)
        running.send_signal(signal.SIGINT)
        _, error = running.communicate(timeout=60)
        self.assertEqual(running.returncode, 130, error)
        self.assertIn("none was over", error)
        self.assertNotIn("rejected", error)
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
