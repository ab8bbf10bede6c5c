"""The log of evaluations that only grows, the numbers made of it, and the page that shows them."""

import json
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

SOURCE = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(SOURCE / "tools/dev"))

import error_statistics as stats  # noqa: E402
import evaluations  # noqa: E402
import validation_page  # noqa: E402


def point(name="one", error=0.02, **more):
    """A compared point, predicted as `error` says."""
    return {"name": name, "class": "pool-fork", "about": "a | pool", "runs": 10,
            "rejected": {"steal": 2}, "error": error, "raw": 0.1, "null": -0.2, "covered": True,
            "cv": 0.1, "predicted": 100 * (1 + error), "predicted_low": 95.0,
            "predicted_high": 105.0, "measured": 100.0, "others": {}} | more


def entry(event="evaluated", seed=5, pairs=False, points=()):
    return {"event": event, "date": "2026-01-02 03:04 UTC", "pairs": pairs, "model": "a" * 64,
            "method": "b" * 64, "commit": "0123456789ab", "seed": seed, "count": 2,
            "machine": "a CPU, 2 CPUs", "kernel": "6.1", "python": "3.11.2", "wanted_runs": 10,
            "points": list(points)}


class Numbers(unittest.TestCase):
    def test_a_summary_takes_absolute_errors(self):
        found = stats.summary([point(error=-0.04), point(error=0.02), point(error=0.03)])
        self.assertAlmostEqual(found["median"], 0.03)
        self.assertAlmostEqual(found["max"], 0.04)
        self.assertAlmostEqual(found["skill"], 1 - 0.09 / 0.6)
        low, high = found["median_interval"]
        self.assertTrue(0.02 <= low <= 0.03 <= high <= 0.04)

    def test_quantiles_are_those_of_the_program(self):
        self.assertAlmostEqual(stats.quantile([1.0, 2.0, 3.0, 4.0], 0.9), 3.7)

    def test_points_without_accepted_runs_do_not_count(self):
        silent = {"name": "none", "class": "asyncio", "about": "", "runs": 0, "rejected": {}}
        self.assertEqual(stats.summary([point(), silent])["points"], 1)
        self.assertEqual(list(stats.by_class([point(), silent])), ["pool-fork"])

    def test_a_miss_costs_forty_times_its_size(self):
        missed = point(measured=115.0, predicted_low=95.0, predicted_high=105.0)
        self.assertAlmostEqual(stats.interval_score(missed), (10 + 400) / 115)

    def test_pairs_count_only_where_designs_differ_by_5_to_25_per_cent(self):
        def pair(name, measured, predicted):
            return [point(name, measured=m, predicted=p) for m, p in zip(measured, predicted)]
        points = (pair("right", (100, 110), (90, 95)) + pair("wrong", (100, 120), (90, 80))
                  + pair("near", (100, 101), (1, 2)) + pair("far", (100, 200), (1, 2)))
        found = stats.ranking(points)
        self.assertEqual((found["pairs"], found["right"], found["outside"]), (2, 1, 2))

    def test_the_likely_cause_is_what_errs_along(self):
        self.assertIn("CPU of the workers", stats.likely_cause(point(
            error=-0.2, covered=False, others={"cpu_time[worker processes]": -0.3,
                                               "cpu_time": -0.25, "idle_time": 0.4})))
        self.assertIn("idle CPUs", stats.likely_cause(point(
            error=-0.1, covered=False, others={"cpu_time": 0.0, "idle_time": -0.6})))

    def test_ablation_names_whom_the_absence_of_an_effect_hits(self):
        rows = stats.ablation([point("a", ablation={"gil": -0.5, "ipc": 0.02}),
                               point("b", ablation={"gil": 0.02, "ipc": None})])
        self.assertEqual([row["effect"] for row in rows], ["gil", "ipc"])
        self.assertEqual(rows[0]["hardest"][0][0], "a")
        self.assertEqual(rows[1]["points"], 1)


class Page(unittest.TestCase):
    def test_it_shows_development_and_holdout_apart_and_is_the_same_again(self):
        silent = {"name": "quiet", "class": "asyncio", "about": "", "runs": 0, "rejected": {}}
        log = [entry("drawn", 5), entry(points=[point("drawn-one", 0.16, covered=False), silent]),
               entry("drawn", 6), entry("evaluated", 7, True, [
                   point("p", measured=100, predicted=100), point("p", measured=110,
                                                                  predicted=120)])]
        development = [entry(points=[point("known", ablation={"gil": -0.5})])]
        text = validation_page.page(development, log)
        self.assertEqual(text, validation_page.page(development, log))
        holdout, rest = text.split("## Which of two designs is faster")
        self.assertIn("drawn-one", holdout)
        self.assertNotIn("known", holdout)
        self.assertIn("known", rest)
        self.assertIn("**missed**", holdout)
        self.assertIn("Without any accepted run, so not judged: quiet", holdout)
        self.assertIn("Drawn and never finished: seed 6", holdout)
        self.assertIn("| 1 | 0 | 100 % |", rest)
        self.assertIn("a / pool", text, "a bar in a text would split a row")

    def test_without_results_it_says_what_to_run(self):
        text = validation_page.page([], [])
        self.assertIn("None has been evaluated", text)
        self.assertIn("tools/dev/development.py", text)

    def test_rows_have_as_many_cells_as_titles(self):
        text = validation_page.page([entry(points=[point(ablation={"gil": 0.1})])],
                                    [entry(points=[point()])])
        width = None
        for line in text.splitlines():
            if not line.startswith("|"):
                width = None
                continue
            self.assertEqual(width or line.count("|"), line.count("|"), line)
            width = line.count("|")


class GrowingLog(unittest.TestCase):
    def setUp(self):
        self.scratch = tempfile.TemporaryDirectory()
        self.addCleanup(self.scratch.cleanup)
        self.root = Path(self.scratch.name)
        self.log = self.root / "log.jsonl"
        self.git("init", "-q")

    def git(self, *words):
        subprocess.run(["git", "-c", "user.name=t", "-c", "user.email=t@t", "-C", str(self.root),
                        *words], check=True, capture_output=True)

    def commit(self, *lines):
        self.log.write_text("".join(line + "\n" for line in lines), encoding="utf-8")
        self.git("add", "-A")
        self.git("commit", "-qm", "x")

    def lost(self):
        return evaluations.lost_lines(self.log, self.root)

    def test_lines_may_come_and_none_may_go(self):
        self.commit("one")
        evaluations.append(self.log, {"event": "drawn"})
        self.assertEqual(self.lost(), "")
        self.log.write_text("other\n", encoding="utf-8")
        self.assertIn("only grows", self.lost())
        self.log.unlink()
        self.assertIn("only grows", self.lost())

    def test_what_an_older_commit_had_is_still_asked_for(self):
        self.commit("one", "two")
        self.commit("two")
        self.assertIn("only grows", self.lost())
        self.commit("one", "two", "three")
        self.assertEqual(self.lost(), "")

    def test_a_line_that_is_changed_counts_as_gone(self):
        self.commit('{"seed":1,"error":0.2}')
        self.log.write_text('{"seed":1,"error":0.1}\n', encoding="utf-8")
        self.assertIn("only grows", self.lost())


class Kept(unittest.TestCase):
    def test_a_point_keeps_its_errors_and_those_of_what_else_was_compared(self):
        row = {"entity": "", "unit": "ns", "predicted": 1.1e8, "predicted_low": 1e8,
               "predicted_high": 1.2e8, "measured": 1e8, "measured_cv": 0.1, "error": 0.1,
               "error_raw": 0.2, "error_null": -0.3, "covered": True}
        found = evaluations.record(
            {"scenario": {"name": "s"}},
            {"class": "c++", "params": {"variant": "", "workers": 2},
             "native": {"runs": 3, "rejected_by_reason": {}},
             "comparison": [row | {"name": "makespan"},
                            row | {"name": "cpu_time", "entity": "main process", "error": 0.04},
                            row | {"name": "startup", "entity": "p", "error": None}]}, "what")
        self.assertEqual(found["about"], "what")
        self.assertEqual(found["measured"], 100.0)
        self.assertEqual(found["params"], {"workers": 2})
        self.assertEqual(found["others"], {"cpu_time[main process]": 0.04})
        json.dumps(found)


if __name__ == "__main__":
    unittest.main()
