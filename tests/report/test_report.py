#!/usr/bin/env python3
"""The HTML report in a real browser: what it shows, that it reacts, and that it stays on its own.

Run by ctest with TIMESLICE_PROGRAM, or alone:
    TIMESLICE_PROGRAM=build/release/timeslice tests/report/test_report.py
Prints size and opening time of a report of 1000 runs.
"""

import os
import re
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
from browser import Browser, missing  # noqa: E402

PROGRAM = os.environ.get("TIMESLICE_PROGRAM", "")

# A name and a parameter that would break out of a page which took them for markup.
SWEEP = """\
timeslice: 1
name: crawler
about: "Is </script><img src=x onerror=alert(1)> shown as text?"
machine: laptop-4c8t
runtime: {python: "3.11", gil: "${gil}"}
tasks:
  fetch: [{io: 4ms}, {python: 1ms}]
executors:
  crew: {kind: threads, workers: "${workers}"}
main:
  - map: {task: fetch, items: 24, executor: crew}
params: {workers: 1, gil: on}
matrix:
  workers: [1, 2, 4, 8, 16]
  gil: [on, off]
repeat: 2
seed: 7
"""

# 1000 runs: 500 settings, two repetitions each.
LARGE = """\
timeslice: 1
name: large
machine: laptop-4c8t
tasks:
  job: [{native: "${size}us"}]
executors:
  crew: {kind: threads, workers: "${workers}"}
main:
  - map: {task: job, items: 4, executor: crew}
params: {workers: 1, size: 1}
matrix:
  workers: [1, 2, 3, 4, 5]
  size: [%s]
repeat: 2
""" % ", ".join(str(n) for n in range(100, 200))


# Twelve threads on four cores of two CPUs each: first alone, then in pairs, then in queues. One
# thread alone, on the other hand, shares nothing.
CROWD = """\
timeslice: 1
name: crowd
machine: laptop-4c8t
runtime: none
tasks:
  job: [{native: 20ms}]
executors:
  crew: {kind: cpp-threads, workers: "${workers}"}
main:
  - map: {task: job, items: "${workers}", executor: crew}
params: {workers: 12}
matrix:
  workers: [12, 1]
"""


def run(folder, *words):
    return subprocess.run([PROGRAM, *map(str, words)], cwd=folder, capture_output=True, text=True,
                          check=True, timeout=200)


class Report(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        if not PROGRAM:
            raise unittest.SkipTest("TIMESLICE_PROGRAM names no program")
        if missing():
            raise unittest.SkipTest(f"no {' and no '.join(missing())}")
        owner = tempfile.TemporaryDirectory(prefix="timeslice-report-")
        cls.addClassCleanup(owner.cleanup)
        cls.folder = Path(owner.name)
        (cls.folder / "sweep.yaml").write_text(SWEEP, encoding="utf-8")
        run(cls.folder, "run", "sweep.yaml", "--db", "r.db", "--keep", "tasks,timeline", "-q")
        run(cls.folder, "report", "r.db", "-o", "r.html")
        cls.page = cls.folder / "r.html"
        cls.browser = Browser(cls.folder / "profile")
        cls.addClassCleanup(cls.browser.close)

    def setUp(self):
        self.browser.dark(False)
        self.browser.open(self.page)

    def tearDown(self):
        errors = [entry["message"] for entry in self.browser.log("browser")]
        self.assertEqual(errors, [], "the page wrote to the console")

    def texts(self, selector):
        return self.browser.script("return [...document.querySelectorAll(arguments[0])]"
                                   ".map((node) => node.textContent)", selector)

    def column(self, number):
        return self.texts(f"#table tbody td:nth-child({number})")

    def view(self):
        return [float(value) for value in self.browser.script(
            "const canvas = document.querySelector('#gantt canvas');"
            "return [canvas.dataset.from, canvas.dataset.to]")]

    def canvas_colours(self, selector):
        return self.browser.script(
            "const canvas = document.querySelector(arguments[0]);"
            "const pixels = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height)"
            ".data; const seen = new Set();"
            "for (let at = 0; at < pixels.length; at += 4)"
            "  seen.add(pixels.slice(at, at + 3).join());"
            "return [...seen]", selector)

    def test_nothing_is_asked_of_the_network_and_the_policy_forbids_it(self):
        self.browser.requests()
        self.browser.open(self.page)
        urls = [url for url in self.browser.requests() if not url.startswith("chrome://")]
        self.assertEqual(urls, [self.page.resolve().as_uri()])
        text = self.page.read_text(encoding="utf-8")
        policy = re.search(r'Content-Security-Policy" content="([^"]+)"', text)[1]
        self.assertIn("default-src 'none'", policy)
        self.assertNotIn("unsafe", policy)
        markup = text.split("<script")[0]
        self.assertIsNone(re.search(r"<[^>]+\son\w+=", markup), "no inline handler")

    def test_the_policy_stops_a_script_that_somebody_adds(self):
        self.assertEqual(self.browser.script(
            "const added = document.createElement('script');"
            "added.textContent = 'window.added = true';"
            "document.body.append(added); return window.added === true"), False)
        messages = [entry["message"] for entry in self.browser.log("browser")]
        self.assertTrue(any("Content Security Policy" in message for message in messages))

    def test_text_of_the_scenario_is_text(self):
        self.assertIn("</script><img src=x onerror=alert(1)>", self.texts("#words .lead")[0])
        self.assertEqual(self.browser.script("return document.images.length"), 0)

    def test_the_summary_says_what_is_fastest_and_that_nothing_was_measured(self):
        words = " ".join(self.texts("#words .lead, #words li"))
        self.assertIn("The fastest setting of “crawler” is", words)
        self.assertIn("workers = 16", words)
        self.assertIn("times as fast", self.texts("#words .lead")[0], "the answer comes first")
        self.assertIn("unchecked for this program", words)

    def test_the_table_sorts_by_numbers_and_says_so_to_screen_readers(self):
        head = "#table thead th:nth-child(2)"
        self.assertEqual(self.texts(head), ["workers"])
        self.browser.click(f"{head} button")
        up = self.column(2)
        self.assertEqual(up, sorted(up, key=int))
        self.assertEqual(self.browser.script(
            f"return document.querySelector('{head}').ariaSort"), "ascending")
        self.browser.type(f"{head} button", "\ue007")  # Enter: the keyboard does the same
        self.assertEqual(self.column(2), up[::-1])
        self.assertEqual(len(self.texts("#table tr.best")), 1)

    def test_filters_choose_what_table_and_chart_show(self):
        self.assertEqual(len(self.column(1)), 10)
        lines = len(self.texts("#chart .u-series")) - 1
        self.assertEqual(lines, 2)
        self.browser.choose("#filter-gil", "off")
        self.assertEqual(self.column(1), ["off"] * 5)
        self.assertEqual(len(self.texts("#chart .u-series")) - 1, 1)
        self.assertEqual(self.texts("#filter-count"), ["5 of 10 settings are shown."])
        self.browser.click("#filter-reset")
        self.assertEqual(len(self.column(1)), 10)

    def test_another_metric_or_parameter_is_drawn_with_its_unit(self):
        self.assertIn("makespan over workers: 2 lines, 5 values", self.browser.script(
            "return document.querySelector('#chart .uplot').ariaLabel"))
        self.assertEqual(self.browser.script("return chart.axes[0]._values"),
                         ["1", "2", "4", "8", "16"], "ticks stand where something was run")
        self.browser.choose("#chart-metric", "cpu_utilization")
        self.assertIn("cpu utilization over workers", self.browser.script(
            "return document.querySelector('#chart .uplot').ariaLabel"))
        self.assertGreater(len(self.canvas_colours("#chart canvas")), 3)

    def test_the_gantt_zooms_with_buttons_keys_and_mouse(self):
        whole = self.view()
        self.browser.click("#gantt-controls button:nth-of-type(1)")
        zoomed = self.view()
        self.assertAlmostEqual((zoomed[1] - zoomed[0]) / (whole[1] - whole[0]), 0.5, places=3)
        self.browser.type("#gantt", "+")
        self.assertAlmostEqual((self.view()[1] - self.view()[0]) / (whole[1] - whole[0]), 0.25,
                               places=3)
        before = self.view()
        self.browser.type("#gantt", "\ue014")  # arrow to the right
        self.assertGreater(self.view()[0], before[0])
        self.browser.type("#gantt", "\ue011")  # Home
        self.assertEqual(self.view(), whole)
        self.browser.drag("#gantt canvas", (0, 0), (200, 0))
        dragged = self.view()
        self.assertTrue(whole[0] < dragged[0] < dragged[1] < whole[1], dragged)
        self.browser.click("#gantt-controls button:nth-of-type(5)")
        self.assertEqual(self.view(), whole)

    def test_the_gantt_says_what_is_under_the_pointer_and_has_its_numbers_as_a_table(self):
        self.browser.drag("#gantt canvas", (100, -20), (101, -20))
        self.assertRegex(self.texts("#gantt-tip")[0], r"^$|running|ready|blocked|waits")
        rows = self.texts("#shares tbody tr td:first-child")
        self.assertIn("main", rows)
        self.assertIn("crew-0", rows)
        shares = [sum(int(part) for part in re.findall(r"\((\d+) %\)", text))
                  for text in self.texts("#shares tbody tr")]
        self.assertTrue(all(97 <= share <= 103 for share in shares), shares)

    def test_the_gantt_says_how_each_cpu_was_busy(self):
        (self.folder / "crowd.yaml").write_text(CROWD, encoding="utf-8")
        run(self.folder, "run", "crowd.yaml", "--db", "crowd.db", "--keep", "timeline", "-q")
        run(self.folder, "report", "crowd.db", "-o", "crowd.html")
        self.browser.open(self.folder / "crowd.html")
        legend = self.texts("#gantt-legend span")
        for words in ("alone on its core", "beside a busy sibling", "time-shared"):
            self.assertTrue(any(words in text for text in legend), (words, legend))
        colours = self.canvas_colours("#gantt canvas")
        for name in ("alone", "sibling", "shared"):
            rgb = self.browser.script(
                "const hex = getComputedStyle(document.documentElement)"
                ".getPropertyValue('--' + arguments[0]).trim();"
                "return [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16)).join()", name)
            self.assertTrue(rgb in colours, name)
        states = set(self.browser.script(
            "return view.run.rows.filter((row) => row.label.endsWith(': how busy'))"
            ".flatMap((row) => row.spans.map((span) => nameOf(span.state)))"))
        self.assertLessEqual({"alone on its core", "beside a busy sibling",
                              "time-shared: others wait for it"}, states)
        height = self.browser.script("return document.querySelector('#gantt canvas').clientHeight")
        told = set()
        for row in range(16):  # two for each of eight CPUs
            self.browser.drag("#gantt canvas", (60, 20 * row + 10 - height / 2),
                              (61, 20 * row + 10 - height / 2))
            told.update(self.texts("#gantt-tip"))
        self.assertTrue(any(re.match(r"CPU \d: (alone|beside|time-shared)", text)
                            for text in told), told)
        self.browser.choose("#gantt-run", "1")
        self.assertIn("Every busy CPU was alone on its core", " ".join(
            self.texts("#gantt-legend span")))

    def test_another_run_can_be_chosen(self):
        runs = self.texts("#gantt-run option")
        self.assertEqual(len(runs), 4)
        whole = self.view()
        self.browser.choose("#gantt-run", "2")
        self.assertNotEqual(self.view(), whole)

    def test_dark_follows_the_system_and_the_button(self):
        ground = "return getComputedStyle(document.body).backgroundColor"
        light = self.browser.script(ground)
        self.browser.dark(True)
        self.browser.open(self.page)
        dark = self.browser.script(ground)
        self.assertNotEqual(light, dark)
        self.browser.click("#theme")
        self.assertEqual(self.browser.script(ground), light)

    def test_text_has_enough_contrast_in_both_themes(self):
        """WCAG 2.1 AA: 4.5 to 1 for text of this size."""
        for dark in (False, True):
            self.browser.dark(dark)
            self.browser.open(self.page)
            low = self.browser.script("""
                const linear = (v) => v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4;
                const light = (text) => {
                  const [r, g, b] = text.match(/[0-9.]+/g).map((v) => linear(Number(v) / 255));
                  return 0.2126 * r + 0.7152 * g + 0.0722 * b; };
                const ground = (node) => { for (; node; node = node.parentElement) {
                  const own = getComputedStyle(node).backgroundColor;
                  if (!own.startsWith('rgba(0, 0, 0, 0')) return own; }
                  return 'rgb(255,255,255)'; };
                const texts = 'p, li, td, th button, label, h2, caption, option';
                return [...document.querySelectorAll(texts)]
                  .filter((node) => node.offsetParent && node.textContent.trim()).map((node) => {
                    const a = light(getComputedStyle(node).color), b = light(ground(node));
                    return [(Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05),
                            node.textContent.slice(0, 40)]; })
                  .filter(([ratio]) => ratio < 4.5)""")
            self.assertEqual(low, [], "dark" if dark else "light")

    def test_everything_that_reacts_has_a_name_and_can_be_reached_by_keyboard(self):
        nodes = self.browser.accessibility_tree()
        nameless = [node["role"]["value"] for node in nodes
                    if not node.get("ignored") and node.get("role", {}).get("value") in
                    {"button", "combobox", "region", "application", "table", "image"}
                    and not node.get("name", {}).get("value")
                    and node["role"]["value"] not in {"table"}]
        self.assertEqual(nameless, [])
        captions = self.browser.script("return [...document.querySelectorAll('table')]"
                                       ".filter((t) => !t.closest('.uplot') && !t.caption).length")
        self.assertEqual(captions, 0)
        reached = self.browser.script(
            "return [...document.querySelectorAll('button, select, .scroll, #gantt')]"
            ".filter((node) => node.offsetParent && node.tabIndex < 0).length")
        self.assertEqual(reached, 0)

    def test_equal_databases_give_equal_pages_and_an_empty_one_says_so(self):
        run(self.folder, "report", "r.db", "-o", "again.html")
        self.assertEqual((self.folder / "again.html").read_bytes(), self.page.read_bytes())
        refused = subprocess.run([PROGRAM, "report", "none.db", "-o", "n.html"], cwd=self.folder,
                                 capture_output=True, text=True, check=False)
        self.assertEqual(refused.returncode, 3)

    def test_a_thousand_runs_fit_in_two_megabytes(self):
        (self.folder / "large.yaml").write_text(LARGE, encoding="utf-8")
        run(self.folder, "run", "large.yaml", "--db", "large.db", "-q")
        run(self.folder, "report", "large.db", "-o", "large.html")
        size = (self.folder / "large.html").stat().st_size
        self.assertLess(size, 2_000_000)
        times = sorted(self.browser.open(self.folder / "large.html") for _ in range(5))
        load = ", ".join(f"{value:.1f}" for value in os.getloadavg())
        print(f"\nreport of 1000 runs: {size / 1e6:.2f} MB, opens in {times[2]:.2f} s "
              f"(median of 5, {times[0]:.2f} to {times[-1]:.2f}; load {load})", file=sys.stderr)
        self.assertEqual(self.texts("#filter-count"), ["All 500 settings are shown."])
        self.assertEqual(len(self.column(1)), 500)


if __name__ == "__main__":
    unittest.main()
