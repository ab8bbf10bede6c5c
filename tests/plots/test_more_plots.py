#!/usr/bin/python3
"""Pictures of sweeps, timelines and amounts: what is drawn is read back from the figures.

Run by ctest, or alone: /usr/bin/python3 tests/plots/test_more_plots.py
"""

import random
import unittest

import numpy
from matplotlib.collections import PolyCollection
from sample import MS, WithDatabase, add_batch, add_metric, add_point, plot

import fits


class Fits(unittest.TestCase):
    def test_amdahl_is_found_again_and_says_how_far_off_it_is(self):
        n = [1, 2, 4, 8, 16]
        law = fits.fit("Amdahl", n, [100 * (0.1 + 0.9 / k) for k in n])
        self.assertAlmostEqual(law.serial, 0.1)
        self.assertAlmostEqual(law.residual, 0.0)
        self.assertIn("serial 10 %", law.text())
        worse = fits.fit("Amdahl", n, [100 * (0.1 + 0.9 / k) * (1.1 if k == 4 else 1) for k in n])
        self.assertGreater(worse.residual, 0.02)

    def test_usl_is_found_again_and_turns_back(self):
        n = [1, 2, 4, 8, 16, 32]
        law = fits.fit("USL", n, [50 / k * (1 + 0.05 * (k - 1) + 0.01 * k * (k - 1)) for k in n])
        self.assertAlmostEqual(law.serial, 0.05)
        self.assertAlmostEqual(law.coherence, 0.01)
        self.assertGreater(law.time(32), law.time(10))

    def test_no_coefficient_is_negative_whatever_the_data(self):
        chance = random.Random(5)
        for _ in range(200):
            n = sorted(chance.sample(range(1, 64), chance.randint(3, 8)))
            times = [chance.uniform(0.1, 3) / k ** chance.uniform(-0.5, 1.5) for k in n]
            for law in ("Amdahl", "USL"):
                found = fits.fit(law, n, times)
                if found is None:
                    continue
                self.assertTrue(all(c >= 0 for c in found.coefficients))
                # Nearby choices are not better: it is the least of all squares.
                matrix = numpy.array([[term(float(k)) / t for term in fits.TERMS[law]]
                                      for k, t in zip(n, times)], dtype=float)
                for _ in range(20):
                    other = [max(c * chance.uniform(.9, 1.1) + chance.uniform(-.01, .01), 0)
                             for c in found.coefficients]
                    error = numpy.sqrt(numpy.mean((matrix @ other - 1) ** 2))
                    self.assertGreaterEqual(error, found.residual - 1e-9)

    def test_too_few_points_have_no_fit(self):
        self.assertIsNone(fits.fit("USL", [1, 2], [10, 5]))
        self.assertIsNone(fits.fit("Amdahl", [4, 4], [10, 9]))


class Sweeps(WithDatabase):
    def setUp(self):
        super().setUp()
        for chunk, gain in (("1", 0.9), ("10", 1.0)):
            for workers in (1, 2, 4, 8):
                base = 100 * MS * (0.1 + 0.9 / workers) / gain
                add_point(self.database, {"workers": str(workers), "chunk": chunk},
                          [base, base * 1.01])

    def test_speedup_names_both_laws_with_their_residual(self):
        figure, header, rows = plot.draw(self.database, "speedup")
        notes = figure.axes[0].texts[0].get_text()
        self.assertIn("chunk=1, Amdahl: serial 10 %", notes)
        self.assertIn("USL: serial", notes)
        self.assertIn("off by", notes)
        labels = [line.get_label() for line in figure.axes[0].lines]
        self.assertIn("_Amdahl chunk=10", labels)
        row = dict(zip(header, next(r for r in rows if r[3] == 8)))
        self.assertAlmostEqual(row["amdahl"], 1 / (0.1 + 0.9 / 8), places=3)
        self.assertAlmostEqual(row["usl"], row["speedup"], places=2)

    def test_laws_of_scaling_need_an_axis_that_says_how_many_work_at_once(self):
        add_batch(self.database, 2)
        for chunk in (1, 2, 4, 8):
            add_point(self.database, {"n": str(chunk)}, [100 * MS / chunk], batch=2)
        figure, _, rows = plot.draw(self.database, "speedup")
        self.assertEqual(figure.axes[0].get_xlabel(), "n")
        self.assertEqual([line.get_label() for line in figure.axes[0].lines
                          if "Amdahl" in line.get_label() or line.get_label() == "ideal"], [])
        self.assertIsNone(rows[-1][-1])
        code, message = self.run_main(self.path, "efficiency", "-o", self.folder / "x.png")
        self.assertEqual(code, 3)
        self.assertIn("how many work at once", message)
        self.database.execute("UPDATE scenario SET yaml = 'executors: {a: {workers: \"${n}\"}}'")
        figure, _, rows = plot.draw(self.database, "speedup")
        self.assertIn("_Amdahl ", [line.get_label() for line in figure.axes[0].lines])

    def test_an_older_batch_is_drawn_where_it_is_asked_for_or_said(self):
        add_batch(self.database, 2)
        add_point(self.database, {}, [MS], batch=2)
        picture = self.folder / "x.png"
        for kind in ("speedup", "heatmap"):
            code, message = self.run_main(self.path, kind, "-o", picture)
            self.assertEqual(code, 0, message)
            self.assertIn("this is batch 1: the newest, 2, has nothing", message)
            self.assertEqual(self.run_main(self.path, kind, "-o", picture, "--batch", 1), (0, ""))
            code, message = self.run_main(self.path, kind, "-o", picture, "--batch", 2)
            self.assertEqual(code, 3)
            self.assertIn("batch 2: no sweep", message)
            code, message = self.run_main(self.path, kind, "-o", picture, "--batch", 3)
            self.assertEqual(code, 3)
            self.assertIn("there is no batch 3", message)
        code, message = self.run_main(self.path, "gantt", "-o", picture, "--batch", 1, "--run", 1)
        self.assertEqual(code, 2)

    def test_efficiency_is_speedup_by_worker_in_per_cent(self):
        figure, header, rows = plot.draw(self.database, "efficiency")
        axes = figure.axes[0]
        container = next(c for c in axes.containers if c.get_label() == "chunk=1")
        for x, y in zip(*container.lines[0].get_data()):
            self.assertAlmostEqual(y, 100 / x / (0.1 + 0.9 / x), places=3)
        self.assertIn("(%)", axes.get_ylabel())
        row = dict(zip(header, next(r for r in rows if r[3] == 8)))
        self.assertAlmostEqual(row["efficiency"], 1 / (0.1 * 8 + 0.9), places=4)

    def test_the_heat_map_marks_its_best_cell(self):
        figure, header, rows = plot.draw(self.database, "heatmap")
        axes = figure.axes[0]
        texts = {tuple(text.get_position()): text.get_text() for text in axes.texts}
        starred = [place for place, text in texts.items() if "★" in text]
        self.assertEqual(len(starred), 1)
        x, y = starred[0]
        self.assertEqual(axes.get_xticklabels()[x].get_text(), "8")
        self.assertEqual(axes.get_yticklabels()[y].get_text(), "10")
        self.assertEqual([axes.get_xlabel(), axes.get_ylabel()], ["workers", "chunk"])
        self.assertEqual(len(texts), 8)
        best = [row for row in rows if row[header.index("best")]]
        self.assertEqual(len(best), 1)
        self.assertEqual(best[0][3], min(row[3] for row in rows))
        self.assertIn("makespan (ms)", axes.get_title())

    def test_more_of_a_good_metric_is_better(self):
        for run, value in self.database.execute("SELECT run, value FROM sample").fetchall():
            add_metric(self.database, run, "throughput", 1e9 / value, "1/s")
        _, header, rows = plot.draw(self.database, "heatmap", metric="throughput")
        best = next(row for row in rows if row[header.index("best")])
        self.assertEqual(best[3], max(row[3] for row in rows))

    def test_options_that_a_kind_does_not_know_are_refused(self):
        picture = self.folder / "x.png"
        for words in (["speedup", "--run", "1"], ["gantt", "--metric", "makespan"]):
            code, message = self.run_main(self.path, *words, "-o", picture)
            self.assertEqual(code, 2)
            self.assertIn("goes with", message)
        code, message = self.run_main(self.path, "heatmap", "--metric", "nonsense", "-o", picture)
        self.assertEqual(code, 3)
        self.assertIn("nonsense", message)

    def test_the_numbers_go_where_they_are_wanted(self):
        picture = self.folder / "h.svg"
        self.assertEqual(self.run_main(self.path, "heatmap", "-o", picture, "--csv", "none")[0], 0)
        self.assertFalse((self.folder / "h.csv").exists())
        first = picture.read_bytes()
        numbers = self.folder / "numbers.csv"
        self.assertEqual(self.run_main(self.path, "heatmap", "-o", picture, "--csv", numbers)[0], 0)
        self.assertTrue(numbers.read_text(encoding="utf-8").startswith("scenario,workers,chunk"))
        self.assertEqual(picture.read_bytes(), first, "equal data gives equal bytes")


class Timelines(WithDatabase):
    def setUp(self):
        super().setUp()
        add_point(self.database, {"workers": "2"}, [10 * MS])
        slices = [("main", 0, 0, 4, "running"), ("main", None, 4, 10, "blocked"),
                  ("crew-0", None, 2, 4, "gil_wait"), ("crew-0", 1, 4, 9, "running"),
                  ("crew-0", None, 9, 10, "ready")]
        self.database.executemany("INSERT INTO slice VALUES (1, ?, ?, ?, ?, ?)",
                                  [(t, cpu, a * MS, b * MS, s) for t, cpu, a, b, s in slices])
        self.database.executemany("INSERT INTO gil_hold VALUES (1, 'main', ?, ?, ?)",
                                  [("main", 0, 4 * MS), ("crew-0", 4 * MS, 9 * MS)])

    def test_the_gil_strip_shows_who_holds_and_who_waits(self):
        figure, _, rows = plot.draw(self.database, "gil")
        axes = figure.axes[0]
        self.assertEqual([label.get_text() for label in axes.get_yticklabels()],
                         ["main", "crew-0"])
        spans = sorted((round(path.vertices[0][0], 6), round(path.vertices[:, 0].max(), 6),
                        bars.get_hatch() or "")
                       for bars in axes.collections if isinstance(bars, PolyCollection)
                       for path in bars.get_paths())
        self.assertEqual(spans, [(0, 4, ""), (2, 4, "////"), (4, 9, "")])
        self.assertIn("held 90 % of the time", figure._suptitle.get_text())
        self.assertIn("waited 2.00 ms", figure._suptitle.get_text())
        self.assertEqual(len(rows), 3)

    def test_lines_over_time_are_means_of_threads_in_a_state(self):
        figure, header, rows = plot.draw(self.database, "timeline")
        upper, lower = figure.axes
        lines = {line.get_label(): line for axes in (upper, lower) for line in axes.lines}
        for name, total in (("running", 9), ("waits for the GIL", 2), ("blocked", 6),
                            ("ready, no CPU free", 1)):
            x, y = lines[name].get_data()
            self.assertAlmostEqual(sum(y) * (x[1] - x[0]), total, places=6, msg=name)
        self.assertEqual(header[0], "time_ns")
        self.assertEqual(len(rows), 240)
        self.assertIn("(ms)", lower.get_xlabel())
        self.assertEqual([text.get_text() for text in upper.texts], ["2 CPUs were used"])
        self.assertGreater(upper.get_ylim()[1], 2, "the line of the CPUs is in the picture")
        looks = {line.get_linestyle() for line in upper.lines[:2]}
        self.assertEqual(len(looks), 2)

    def test_utilisation_is_a_bar_or_a_cell_for_each_cpu(self):
        for cpu, busy in (("0", 0.4), ("1", 0.5), ("10", 0.0)):
            add_metric(self.database, 1, "cpu_utilization", busy, "1", cpu)
        figure, _, rows = plot.draw(self.database, "utilisation")
        axes = figure.axes[0]
        self.assertEqual([bar.get_height() for bar in axes.patches], [40, 50, 0])
        self.assertEqual([t.get_text() for t in axes.get_xticklabels()], ["0", "1", "10"])
        point = add_point(self.database, {"workers": "4"}, [5 * MS])
        run = self.database.execute("SELECT id FROM run WHERE point = ?", (point,)).fetchone()[0]
        add_metric(self.database, run, "cpu_utilization", 0.9, "1", "1")
        figure, _, rows = plot.draw(self.database, "utilisation")
        self.assertEqual([t.get_text() for t in figure.axes[0].texts],
                         ["40", "50", "0", "", "90", ""])
        self.assertEqual(len(rows), 4)

    def test_a_run_without_a_timeline_says_what_to_do(self):
        add_point(self.database, {"workers": "4"}, [10 * MS])
        for kind in ("gil", "timeline", "gantt"):
            for run, advice in (("2", "--keep timeline"), ("99", "there is no run 99")):
                code, message = self.run_main(self.path, kind, "--run", run, "-o",
                                              self.folder / "x.png")
                self.assertEqual(code, 3)
                self.assertIn(advice, message)


class Amounts(WithDatabase):
    def test_the_latency_curve_goes_through_every_item(self):
        add_point(self.database, {"workers": "2"}, [10 * MS, 10 * MS])
        for run in (1, 2):
            for item in range(10):
                self.database.execute(
                    "INSERT INTO task VALUES (?, 'crawl', ?, 'crew', 'crew-0', 0, 0, 0, ?)",
                    (run, item, (item + 1) * MS))
        figure, _, rows = plot.draw(self.database, "latency")
        axes = figure.axes[0]
        curve, marks = axes.lines[:2]
        self.assertEqual(len(curve.get_xdata()), 20)
        self.assertEqual(list(marks.get_xdata()), [5, 10, 10])
        self.assertEqual(list(marks.get_ydata()), [50, 95, 99])
        self.assertEqual(curve.get_ydata()[-1], 100)
        self.assertIn("(ms)", axes.get_xlabel())
        self.assertEqual(len(rows), 20)

    def test_the_waterfall_sums_to_the_makespan_and_keeps_signs(self):
        add_point(self.database, {"workers": "2"}, [10 * MS])
        costs = {"ideal": 6, "gil": 3, "start": 1, "ipc": 0, "switch": 0.5, "contention": 1,
                 "rest": -1.5}
        for name, value in costs.items():
            add_metric(self.database, 1, f"cost_{name}", value * MS)
        figure, _, rows = plot.draw(self.database, "waterfall")
        bars = figure.axes[0].patches
        self.assertEqual(len(bars), 8)
        self.assertAlmostEqual(bars[-1].get_height(), 10)
        rest = bars[6]
        self.assertAlmostEqual(rest.get_y(), 10)
        self.assertAlmostEqual(rest.get_height(), 1.5)
        self.assertNotEqual(rest.get_hatch(), bars[1].get_hatch(), "saving looks unlike adding")
        self.assertEqual(rows[-1][2:], ("makespan", 10 * MS))
        highest = max(text.get_position()[1] for text in figure.axes[0].texts)
        self.assertLess(1.05 * highest, figure.axes[0].get_ylim()[1], "numbers have room")

    def test_memory_has_a_bar_for_each_process_and_measure(self):
        add_point(self.database, {}, [10 * MS])
        for entity, mib in (("main", 40), ("pool-0", 20), ("", 60)):
            add_metric(self.database, 1, "peak_memory", mib * 2**20, "B", entity)
            add_metric(self.database, 1, "peak_rss", 1.5 * mib * 2**20, "B", entity)
        figure, _, rows = plot.draw(self.database, "memory")
        axes = figure.axes[0]
        self.assertEqual([t.get_text() for t in axes.get_yticklabels()],
                         ["main", "pool-0", "all together"])
        self.assertEqual([bar.get_width() for bar in axes.patches], [40, 20, 60, 60, 30, 90])
        self.assertEqual(axes.get_xlabel(), "highest use (MiB)")
        self.assertEqual(len(rows), 6)
        point = add_point(self.database, {}, [10 * MS])
        run = self.database.execute("SELECT id FROM run WHERE point = ?", (point,)).fetchone()[0]
        for entity in ("main", ""):
            add_metric(self.database, run, "peak_memory", 2**20, "B", entity)
        figure, _, _ = plot.draw(self.database, "memory", run=run)
        self.assertEqual([t.get_text() for t in figure.axes[0].get_yticklabels()], ["main"])
        figure.draw_without_rendering()
        legend = figure.legends[0].get_window_extent()
        self.assertGreaterEqual(legend.y0, 0, "the legend is in the picture")
        self.assertLess(legend.y1, figure.axes[0].get_tightbbox().y0, "below the axes")

    def test_resources_are_lines_of_each_process_and_of_all_together(self):
        self.database.execute(
            "CREATE TABLE IF NOT EXISTS resource (run INTEGER, at_ns INTEGER, entity TEXT, "
            "cpu_percent REAL, rss INTEGER, pss INTEGER, num_threads INTEGER, "
            "ctx_switches_voluntary INTEGER, ctx_switches_involuntary INTEGER)")
        add_point(self.database, {"workers": "2"}, [10 * MS])
        for at in (1, 2, 3):
            for entity, cpu, mib in (("main", 50, 40), ("pool-0", 90, 20), ("", 140, 60)):
                self.database.execute(
                    "INSERT INTO resource VALUES (1, ?, ?, ?, ?, ?, 1, 0, 0)",
                    (at * MS, entity, cpu + at, mib * 2**20, mib * 2**19))
            self.database.execute("INSERT INTO resource (run, at_ns, entity, cpu_percent) "
                                  "VALUES (1, ?, 'cpu 0', 70)", (at * MS,))
        figure, _, rows = plot.draw(self.database, "resources")
        upper, lower = figure.axes
        lines = {line.get_label(): line for line in upper.lines}
        self.assertEqual(list(lines), ["main", "pool-0", "all together"])
        self.assertEqual(list(lines["pool-0"].get_xdata()), [1, 2, 3])
        self.assertEqual(list(lines["pool-0"].get_ydata()), [91, 92, 93])
        self.assertEqual(list(lower.lines[0].get_ydata()), [20, 20, 20])
        self.assertIn("(MiB)", lower.get_ylabel())
        self.assertEqual(len(rows), 12)
        self.assertNotEqual(lines["main"].get_marker(), lines["pool-0"].get_marker())

    def test_errors_have_a_row_for_each_scenario_and_kind_with_the_median(self):
        for number, error in enumerate((0.02, -0.04, 0.09)):
            point = add_point(self.database, {"workers": str(number + 1)}, [10 * MS])
            self.database.execute(
                "INSERT INTO comparison VALUES (?, 1, 1, 1, 1, 1, 0, ?, ?, ?, 1)",
                (point, error, 2 * error, 3 * error))
        figure, _, rows = plot.draw(self.database, "error")
        axes = figure.axes[0]
        self.assertEqual([round(bar.get_width(), 6) for bar in axes.patches], [4, 8, 12])
        self.assertEqual([t.get_text() for t in axes.texts], ["4.0 %", "8.0 %", "12.0 %"])
        self.assertEqual(len({line.get_marker() for line in axes.lines}), 3)
        self.assertEqual(len(rows), 3)

    def test_what_was_not_stored_is_refused_with_the_way_to_store_it(self):
        for kind, advice in (("latency", "--keep tasks"), ("waterfall", "--costs"),
                             ("memory", "peak_memory"), ("error", "validate"),
                             ("resources", "--keep timeline"),
                             ("utilisation", "--keep threads")):
            code, message = self.run_main(self.path, kind, "-o", self.folder / "x.png")
            self.assertEqual(code, 3, kind)
            self.assertIn(advice, message)


if __name__ == "__main__":
    unittest.main()
