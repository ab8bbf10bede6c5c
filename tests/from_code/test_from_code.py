"""Real programs that use the Python module `timeslice`, and what `timeslice check` says to that.

Speeds are never asserted: kinds of steps, ratios and structure are.
"""

import os
import re
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

import programs

PROGRAM = os.environ.get("TIMESLICE_PROGRAM", "")
MODULE = Path(__file__).resolve().parents[2] / "tools" / "python"
UNITS = {"ns": 1e-6, "us": 1e-3, "ms": 1.0, "s": 1e3}


def mean_ms(text):
    """Mean of a distribution as the report writes it."""
    values = [float(value) * UNITS[unit]
              for value, unit in re.findall(r"([\d.]+)(ns|us|ms|s)\b", text)]
    return sum(values) / 2 if text.startswith("uniform") else values[0]


def block_of(text, task):
    return re.search(rf"^  {task}:\n((?:    .*\n)+)", text, re.M)[1]


def is_sure(text, task):
    """Whether the report says nothing against what it tells of a task."""
    return "DOUBTFUL" not in block_of(text, task)


def steps_of(text, task):
    """{(step, holds_gil): mean in ms a call} of a task of a report."""
    block = block_of(text, task)
    turns = re.search(r"- repeat: (\d+)", block)
    found = {}
    for key, value, held in re.findall(r"- (python|native|io): (.*)((?:\n +holds_gil: true)?)",
                                       block):
        found[key, bool(held)] = mean_ms(value) * (int(turns[1]) if turns else 1)
    return found


class Case(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)

    def run_program(self, text, **variables):
        """Runs it to its end; (its report, what it printed)."""
        path = Path(self.folder.name) / "program.py"
        path.write_text(text)
        environment = {"PATH": "/usr/bin:/bin", "PYTHONPATH": str(MODULE),
                       "PYTHONDONTWRITEBYTECODE": "1", **variables}
        done = subprocess.run([sys.executable, str(path)], cwd=self.folder.name, env=environment,
                              capture_output=True, text=True, timeout=240)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stderr, done.stdout

    def check(self, text):
        path = Path(self.folder.name) / "measured.yaml"
        path.write_text(text)
        done = subprocess.run([PROGRAM, "check", str(path)], capture_output=True, text=True,
                              timeout=60, check=False)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr + text)


class KnownFunctions(Case):
    def test_each_kind_of_work_is_told_apart_and_the_report_loads(self):
        text, _ = self.run_program(programs.KINDS)
        self.check(text)
        kinds = {"bytecode": ("python", False), "released": ("native", False),
                 "kept": ("native", True), "sleeps": ("io", False)}
        sure = [name for name in (*kinds, "half_and_half", "naps") if is_sure(text, name)]
        if not sure:
            self.skipTest("the module doubts all that it saw: this machine is too busy")
        steps = {name: steps_of(text, name) for name in sure}

        def share(name, key):
            return steps[name].get(key, 0) / sum(steps[name].values())

        for name in kinds.keys() & sure:
            self.assertGreater(share(name, kinds[name]), 0.6, name + "\n" + text)
        if "half_and_half" in sure:
            self.assertGreater(share("half_and_half", ("python", False)), 0.1, text)
            self.assertGreater(share("half_and_half", ("native", False)), 0.1, text)
        if "naps" in sure:
            self.assertTrue(2 < steps["naps"].get(("io", False), 0) < 8, text)
            self.assertIn("- repeat: 3", text)

    def test_a_random_duration_keeps_its_spread(self):
        text, _ = self.run_program(f"""
import random, timeslice
{programs.LOOP}
draw = random.Random(3)
@timeslice.task
def uneven():
    loop(int(20_000 * draw.lognormvariate(0, 0.9)))
for _ in range(160):
    uneven()
""")
        self.check(text)
        self.assertRegex(text, r"- python: (lognormal|exp|uniform|normal)\(", text)


class Structure(Case):
    def test_arguments_and_results_become_a_payload(self):
        text, _ = self.run_program("""
import timeslice
@timeslice.task
def echo(data, other=None):
    return data
for _ in range(5):
    echo(b"x" * 200_000)
    echo(list(range(2000)))
""")
        self.check(text)
        self.assertRegex(text, r"kind: processes, payload: \{argument: \d+kB, result: \d+kB, "
                               r"objects: \d+\}")
        self.assertRegex(text, r"# argument: .*kB pickled, dumps .*, loads ")

    def test_what_cannot_be_pickled_is_said(self):
        text, _ = self.run_program("""
import timeslice
@timeslice.task
def make(n):
    return lambda: n
for n in range(4):
    make(n)
""")
        self.check(text)
        self.assertIn("its result cannot travel to a process", text)

    def test_a_block_is_a_task_and_hostile_names_stay_text(self):
        text, _ = self.run_program("""
import timeslice
for _ in range(3):
    for name in ("load", 'quote " and \\n newline', "$(touch gone)", "${workers}", "../x", "on"):
        with timeslice.measure(name):
            sum(range(1000))
""")
        self.check(text)
        self.assertIn("  load:\n", text)
        self.assertEqual(sorted(os.listdir(self.folder.name)), ["measured.yaml", "program.py"])

    def test_the_function_is_unchanged_for_its_caller(self):
        text, out = self.run_program("""
import pickle, timeslice
@timeslice.task(name="half", samples=2)
def halve(n, *, up=False):
    "Halves."
    return (n + up) // 2
print([halve(n, up=True) for n in range(6)], halve.__name__, halve.__doc__)
print(pickle.loads(pickle.dumps(halve)) is halve)
@timeslice.task
def fail():
    raise KeyError("mine")
for _ in range(3):
    try:
        fail()
    except KeyError as problem:
        print(problem)
""")
        self.check(text)
        self.assertEqual(out.splitlines(), ["[0, 1, 1, 2, 2, 3] halve Halves.", "True",
                                            "'mine'", "'mine'", "'mine'"])
        self.assertIn("  half:\n", text)
        self.assertIn("fail was not measured", text)

    def test_switched_off_it_is_the_plain_function(self):
        text, out = self.run_program("""
import timeslice
def plain():
    return 1
print(timeslice.task(plain) is plain, timeslice.task(name="x")(plain) is plain)
with timeslice.measure("block"):
    pass
print(repr(timeslice.report()))
""", TIMESLICE_OFF="1")
        self.assertEqual(out.splitlines(), ["True True", "''"])
        self.assertEqual(text, "")

    def test_coroutines_generators_nesting_and_threads_are_doubted_by_name(self):
        text, _ = self.run_program(f"""
import threading, timeslice
{programs.LOOP}
@timeslice.task
async def fetch(): pass
@timeslice.task
def numbers(): yield 1
@timeslice.task
def inner(): loop(1000)
@timeslice.task
def outer(): inner()
@timeslice.task
def starts_threads():
    thread = threading.Thread(target=loop, args=(60_000,))
    thread.start()
    thread.join()
for _ in range(8):
    outer(); starts_threads()
inner()
list(numbers())
""")
        self.check(text)
        self.assertIn("# fetch is a coroutine", text)
        self.assertIn("# numbers is a generator", text)
        self.assertIn("8 calls inside outer were measured there", text)
        self.assertIn("other threads of the program used", text)

    def test_one_call_is_reported_with_doubt(self):
        text, _ = self.run_program("""
import timeslice
with timeslice.measure("once"):
    sum(range(300_000))
""")
        self.check(text)
        self.assertIn("DOUBTFUL: only 1 timed calls", text)
        self.assertIn("looks at the GIL tell nothing", text)

    def test_a_report_in_a_file_has_its_tables_beside_it(self):
        text, _ = self.run_program(f"""
import timeslice
{programs.LOOP}
@timeslice.task(samples=60)
def two_sizes(n):
    loop(n)
for turn in range(150):
    two_sizes(1000 if turn % 3 else 60_000)
timeslice.report(file="out.yaml")
""")
        self.assertEqual(text, "", "a report by hand replaces the one at the end")
        out = Path(self.folder.name) / "out.yaml"
        self.assertIn("empirical(out-1.csv)", out.read_text())
        done = subprocess.run([PROGRAM, "check", str(out)], capture_output=True, text=True,
                              timeout=60, check=False)
        self.assertEqual(done.returncode, 0, done.stderr)

    def test_workers_of_a_pool_neither_measure_nor_report(self):
        for method in ("fork", "spawn"):
            text, out = self.run_program(f"""
import multiprocessing, timeslice
@timeslice.task
def square(n):
    return n * n
if __name__ == "__main__":
    print([square(n) for n in range(4)])
    with multiprocessing.get_context("{method}").Pool(2) as pool:
        print(pool.map(square, range(4)))
""")
            self.check(text)
            self.assertEqual(out.splitlines(), ["[0, 1, 4, 9]"] * 2)
            self.assertEqual(text.count("timeslice: 1"), 1, text)
            self.assertIn("of 4 calls timed", text)

    def test_wrong_use_is_an_error_with_a_reason(self):
        sys.path.insert(0, str(MODULE))
        import timeslice
        with self.assertRaisesRegex(TypeError, "measure"):
            timeslice.task("name")
        with self.assertRaisesRegex(ValueError, "samples"):
            timeslice.task(name="x", samples=0)(len)
        with self.assertRaisesRegex(TypeError, "name"):
            timeslice.task(name="")(len)


if __name__ == "__main__":
    unittest.main()
