"""What calibrate.py decides by itself: when it has measured enough, and how it scales to a pace."""

import ast
import os
import sys
import unittest
from pathlib import Path
from unittest import mock

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "validation/python"))

import calibrate  # noqa: E402


def one_cpu(*stays):
    return {"python": {0: [[value] * 40 for value in stays]}}


class Enough(unittest.TestCase):
    def test_the_time_asked_for_is_always_spent(self):
        self.assertTrue(calibrate.goes_on(0.9, one_cpu(100, 100), 2))

    def test_halves_that_agree_are_enough(self):
        self.assertFalse(calibrate.goes_on(1.1, one_cpu(100, 150, 102, 170), 4))

    def test_a_half_that_never_saw_the_undisturbed_core_is_not(self):
        self.assertTrue(calibrate.goes_on(1.1, one_cpu(130, 150, 100, 170), 4))
        other = one_cpu(100, 100)
        other["python"][1] = [[100] * 40, [110] * 40]
        self.assertTrue(calibrate.goes_on(1.1, other, 2), "each CPU counts")

    def test_a_noisy_host_is_not_measured_for_ever(self):
        self.assertFalse(calibrate.goes_on(calibrate.MOST_TIMES + 0.1, one_cpu(130, 100), 2))


class OldPythons(unittest.TestCase):
    def test_the_scripts_are_python_3_8(self):
        for path in (Path(__file__).resolve().parents[2] / "validation/python").glob("*.py"):
            tree = ast.parse(path.read_text(), feature_version=(3, 8))
            for node in ast.walk(tree):
                if isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr):
                    dicts = [side for side in (node.left, node.right) if isinstance(side, ast.Dict)]
                    self.assertFalse(dicts, f"{path.name}:{node.lineno}: `|` joins dicts from 3.9 on")


class Pace(unittest.TestCase):
    def test_a_slow_core_makes_costs_smaller_whatever_holds_them(self):
        with mock.patch.object(calibrate, "pace", side_effect=[150, 250]):
            found = calibrate.at_pace(100, lambda: {"a": [40, 80], "b": 20})
        self.assertEqual(found, {"a": [20, 40], "b": 10})

    def test_without_a_nominal_pace_they_stay(self):
        with mock.patch.object(calibrate, "pace", return_value=150):
            self.assertEqual(calibrate.at_pace(0, lambda x: [x], 7), [7])


class Fresh(unittest.TestCase):
    def test_new_interpreters_import_what_this_one_has_already(self):
        import multiprocessing.pool  # noqa: F401
        found = calibrate.fresh(3, 0)
        self.assertEqual(set(found), {"pool_import", "tracker", "server"})
        self.assertGreater(found["pool_import"], 500_000, "ns; an import that is there takes less")

    def test_nothing_is_left_running(self):
        calibrate.fresh(1, 0)
        with self.assertRaises(ChildProcessError):
            os.waitpid(-1, os.WNOHANG)


class Starts(unittest.TestCase):
    def test_children_are_those_of_the_harness(self):
        found = calibrate.starts_of_harness("spawn", 2)
        self.assertEqual({name: len(times) for name, times in found.items()},
                         {"parent": 2, "until": 2, "after": 2})
        self.assertGreater(min(found["until"]), 5_000_000, "ns: a whole interpreter and its imports")
        with self.assertRaises(ChildProcessError):
            os.waitpid(-1, os.WNOHANG)


class Orphans(unittest.TestCase):
    def end_of(self, forker):
        """Exit code of a child that thinks that process `forker` made it; 0: it lives on."""
        child = os.fork()  # the harness's own hooks see that this process is its parent
        if child == 0:
            calibrate.harness._forker = forker
            calibrate.harness.follow_parent()
            os._exit(0)
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])

    def test_a_child_whose_parent_died_before_it_could_ask_to_die_with_it_ends(self):
        self.assertEqual(self.end_of(os.getpid()), 0)
        self.assertEqual(self.end_of(1), 3)


if __name__ == "__main__":
    unittest.main()
