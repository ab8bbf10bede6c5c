#!/usr/bin/python3
"""The pictures say what the database says: axes, series and counts are read back from figures.

Run by ctest, or alone: /usr/bin/python3 tests/plots/test_plots.py
"""

import csv
import unittest

from sample import MS, WithDatabase, add_point, plot


class Speedup(WithDatabase):
    def setUp(self):
        super().setUp()
        for gil, gain in (("on", 1.0), ("off", 0.9)):
            for workers in (1, 2, 4):
                base = 100 * MS / workers ** gain
                add_point(self.database, {"workers": str(workers), "runtime.gil": gil},
                          [base, base * 1.02])
        self.figure, self.header, self.rows = plot.draw(self.database, "speedup")
        self.axes = self.figure.axes[0]

    def test_there_is_a_line_for_each_combination_of_the_other_parameters_and_the_ideal(self):
        labels = self.axes.get_legend_handles_labels()[1]
        self.assertEqual(sorted(labels), ["ideal", "runtime.gil=off", "runtime.gil=on"])

    def test_the_axes_name_the_parameter_its_base_and_the_unit(self):
        self.assertEqual(self.axes.get_xlabel(), "workers")
        self.assertEqual(self.axes.get_ylabel(), "speed-up over workers = 1 (times)")
        self.assertIn("crawler", self.axes.get_title())

    def test_the_lines_go_through_the_speedups_of_the_view(self):
        container = next(c for c in self.axes.containers if c.get_label() == "runtime.gil=on")
        line = container.lines[0]
        self.assertEqual(list(line.get_xdata()), [1, 2, 4])
        for found, expected in zip(line.get_ydata(), [1, 2, 4]):
            self.assertAlmostEqual(found, expected)

    def test_lines_can_be_told_apart_without_colour(self):
        looks = {(c.lines[0].get_marker(), c.lines[0].get_linestyle())
                 for c in self.axes.containers}
        self.assertEqual(len(looks), 2)

    def test_the_data_has_a_row_for_each_point(self):
        self.assertEqual(len(self.rows), 6)
        self.assertEqual(len(self.rows[0]), len(self.header))


class Gantt(WithDatabase):
    def setUp(self):
        super().setUp()
        add_point(self.database, {"workers": "2"}, [9 * MS])
        slices = [("main", 0, 0, 4, "running"), ("main", None, 4, 9, "blocked"),
                  ("worker-0", 1, 1, 3, "running"), ("worker-0", None, 3, 5, "gil_wait"),
                  ("worker-0", 0, 5, 9, "running")]
        self.database.executemany(
            "INSERT INTO slice VALUES (1, ?, ?, ?, ?, ?)",
            [(thread, cpu, start * MS, end * MS, state)
             for thread, cpu, start, end, state in slices])
        self.figure, self.header, self.rows = plot.draw(self.database, "gantt")

    def test_one_half_shows_cpus_the_other_threads(self):
        upper, lower = self.figure.axes
        self.assertEqual([t.get_text() for t in upper.get_yticklabels()], ["0", "1"])
        self.assertEqual([t.get_text() for t in lower.get_yticklabels()], ["main", "worker-0"])
        self.assertEqual(lower.get_xlabel(), "time since main's first step (ms)")

    def test_every_slice_is_a_bar(self):
        upper, lower = self.figure.axes
        count = [sum(len(bars.get_paths()) for bars in half.collections) for half in (upper, lower)]
        self.assertEqual(count, [3, 5])

    def test_a_strip_below_a_cpu_says_how_it_was_busy(self):
        self.database.executemany(
            "INSERT INTO cpu_state VALUES (1, ?, ?, ?, ?)",
            [(0, 0, 4 * MS, "parallel"), (0, 5 * MS, 9 * MS, "smt"), (1, MS, 3 * MS, "timeshared")])
        figure, _, _ = plot.draw(self.database, "gantt")
        upper, lower = figure.axes
        count = [sum(len(bars.get_paths()) for bars in half.collections) for half in (upper, lower)]
        self.assertEqual(count, [3 + 3, 5])
        names = [text.get_text() for text in upper.get_legend().get_texts()]
        self.assertEqual(names, ["alone on its core", "beside a busy sibling", "time-shared"])
        self.assertIn("xxxx", [bars.get_hatch() for bars in upper.collections])

    def test_waiting_for_the_gil_has_a_hatch_and_a_name(self):
        hatches = [bars.get_hatch() for bars in self.figure.axes[1].collections]
        self.assertIn("////", hatches)
        names = [text.get_text() for text in self.figure.axes[0].get_legend().get_texts()]
        self.assertEqual(names, ["running", "waits for the GIL", "blocked"])

    def test_without_a_timeline_the_message_says_what_to_do(self):
        self.database.execute("DELETE FROM slice")
        code, message = self.run_main(self.path, "gantt", "-o", self.folder / "g.png")
        self.assertEqual(code, 3)
        self.assertIn("--keep timeline", message)


class Validation(WithDatabase):
    def setUp(self):
        super().setUp()
        for workers, predicted, measured in ((1, 105, 100), (2, 48, 50)):
            point = add_point(self.database, {"workers": str(workers)}, [predicted * MS])
            self.database.execute(
                "INSERT INTO comparison VALUES (?, 1, ?, ?, ?, ?, 0.01, ?, NULL, NULL, 1)",
                (point, predicted * MS, predicted * MS * 0.97, predicted * MS * 1.03,
                 measured * MS, predicted / measured - 1))
        self.figure, self.header, self.rows = plot.draw(self.database, "validation")
        self.axes = self.figure.axes[0]

    def test_points_lie_at_measured_and_predicted_in_the_unit_of_the_axes(self):
        line = self.axes.containers[0].lines[0]
        self.assertEqual(list(line.get_xdata()), [50, 100])
        self.assertEqual(list(line.get_ydata()), [48, 105])
        self.assertEqual(self.axes.get_xlabel(), "measured makespan (ms)")
        self.assertEqual(self.axes.get_ylabel(), "predicted makespan (ms)")

    def test_each_point_carries_its_error(self):
        texts = [text.get_text() for text in self.axes.texts]
        self.assertTrue(texts[0].startswith("-4.0 %"))
        self.assertTrue(texts[1].startswith("+5.0 %"))

    def test_identity_line_and_band_are_named(self):
        labels = self.axes.get_legend_handles_labels()[1]
        self.assertIn("predicted = measured", labels)
        self.assertIn("within 10 %", labels)

    def test_picture_and_csv_are_written(self):
        for suffix in ("png", "svg"):
            picture = self.folder / f"v.{suffix}"
            code, message = self.run_main(self.path, "validation", "-o", picture)
            self.assertEqual((code, message), (0, ""))
            self.assertGreater(picture.stat().st_size, 5000)
        with open(self.folder / "v.csv", newline="", encoding="utf-8") as file:
            rows = list(csv.reader(file))
        self.assertEqual(rows[0], self.header)
        self.assertEqual(len(rows), 3)


class Refusals(WithDatabase):
    def test_a_database_without_a_sweep_has_no_speedup(self):
        code, message = self.run_main(self.path, "speedup", "-o", self.folder / "s.png")
        self.assertEqual(code, 3)
        self.assertIn("matrix", message)

    def test_other_files_are_refused(self):
        other = self.folder / "other.db"
        other.write_text("x" * 5000)
        self.assertEqual(self.run_main(other, "speedup", "-o", self.folder / "s.png")[0], 3)
        self.assertEqual(self.run_main(self.folder / "none", "speedup", "-o", "s.png")[0], 3)

    def test_the_picture_must_be_png_or_svg(self):
        code, message = self.run_main(self.path, "speedup", "-o", self.folder / "s.doc")
        self.assertEqual(code, 2)
        self.assertIn(".png or .svg", message)


if __name__ == "__main__":
    unittest.main()
