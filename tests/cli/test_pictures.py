"""plot: every kind that a simulation alone can fill, drawn from a database of the program itself."""

import unittest

from harness import CliTest

SWEEP = """\
timeslice: 1
name: crawler
machine: laptop-4c8t
runtime: {python: "3.11", gil: on}
tasks:
  fetch: [{io: 2ms}, {python: 1ms}]
executors:
  crew: {kind: threads, workers: "${workers}"}
main:
  - map: {task: fetch, items: "${items}", executor: crew}
params: {workers: 1, items: 8}
matrix:
  workers: [1, 2, 4]
  items: [8, 16]
"""


class Pictures(CliTest):
    def test_every_kind_is_drawn_from_a_sweep_that_kept_everything(self):
        self.write("sweep.yaml", SWEEP)
        self.expect(0, "run", "sweep.yaml", "--keep", "tasks,timeline", "--db", "r.db", "-q")
        for kind in ("speedup", "efficiency", "heatmap", "utilisation", "gantt", "gil", "timeline",
                     "latency"):
            done = self.command("plot", "r.db", kind, "-o", f"{kind}.svg")
            if done.returncode == 6:
                self.skipTest("no matplotlib: " + done.stderr)
            self.assertEqual(done.returncode, 0, kind + ": " + done.stderr)
            self.assertIn("</svg>", (self.folder / f"{kind}.svg").read_text(encoding="utf-8"))
            rows = (self.folder / f"{kind}.csv").read_text(encoding="utf-8").splitlines()
            self.assertGreater(len(rows), 3, kind)

    def test_what_the_database_lacks_is_said(self):
        self.write("sweep.yaml", SWEEP)
        self.expect(0, "run", "sweep.yaml", "--db", "r.db", "-q")
        for kind, advice in (("gantt", "--keep timeline"), ("latency", "--keep tasks"),
                             ("validation", "validate")):
            done = self.command("plot", "r.db", kind, "-o", "x.png")
            if done.returncode == 6:
                self.skipTest("no matplotlib: " + done.stderr)
            self.assertEqual(done.returncode, 3)
            self.assertIn(advice, done.stderr)
            self.assertFalse((self.folder / "x.png").exists())


    def test_what_is_asked_for_wrongly_is_told_in_one_line(self):
        self.write("sweep.yaml", SWEEP)
        self.expect(0, "run", "sweep.yaml", "--db", "r.db", "-q")
        if self.command("plot", "r.db", "speedup", "-o", "x.png").returncode == 6:
            self.skipTest("no matplotlib")
        for code, words in ((2, ["gantt", "--run", "1.5"]), (2, ["gantt", "--run", "9" * 20]),
                            (3, ["gantt", "--run", "999"]), (2, ["speedup", "--batch", "0"]),
                            (3, ["speedup", "--batch", "7"]),
                            (1, ["speedup", "-o", "missing/x.png"])):
            with self.subTest(words):
                where = [] if "-o" in words else ["-o", "x.png"]
                error = self.expect(code, "plot", "r.db", *words, *where).stderr
                self.assertEqual(error.count("\n"), 1, error)
        self.expect(0, "plot", "r.db", "speedup", "--batch", "1", "-o", "x.png")


if __name__ == "__main__":
    unittest.main()
