"""From measured durations to the distributions of the format."""

import math
import random
import unittest

from timeslice import _fit
from timeslice._scenario import plain_name, size_text


class Fits(unittest.TestCase):
    def setUp(self):
        self.random = random.Random(5)

    def fitted(self, draw, count=400, table=None):
        return _fit.fit([draw() for _ in range(count)], table)

    def test_a_small_spread_is_a_constant(self):
        self.assertEqual(_fit.fit([5.0e6, 5.1e6, 4.9e6]).text, "5ms")

    def test_each_family_is_recognised_from_its_own_draws(self):
        made = {
            "lognormal": lambda: 5e6 * math.exp(self.random.gauss(0, 0.7)),
            "normal": lambda: self.random.gauss(5e6, 1e6),
            "uniform": lambda: self.random.uniform(2e6, 8e6),
            "exp": lambda: self.random.expovariate(1 / 5e6),
        }
        for family, draw in made.items():
            with self.subTest(family):
                self.assertTrue(self.fitted(draw, 2000).text.startswith(family + "("))

    def test_the_mean_is_kept(self):
        text = self.fitted(lambda: self.random.gauss(5e6, 1e6)).text
        mean = float(text.split("(")[1].split("ms")[0])
        self.assertAlmostEqual(mean, 5.0, delta=0.25)

    def test_two_far_peaks_need_a_table(self):
        draw = lambda: 1e6 if self.random.random() < 0.5 else 20e6
        found = self.fitted(draw, table="two-1.csv")
        self.assertEqual(found.text, "empirical(two-1.csv)")
        self.assertEqual(found.rows.splitlines()[0], "us")
        self.assertEqual(len(found.rows.splitlines()), 401)
        self.assertIn("no formula", self.fitted(draw).warning)

    def test_the_machine_s_part_of_the_spread_is_taken_out(self):
        values = [self.random.gauss(5e6, 0.5e6) for _ in range(500)]
        self.assertLess(_fit.cv(_fit.without_noise(values, 0.2)), 1e-9)
        left = _fit.without_noise(values, 0.06)
        self.assertAlmostEqual(_fit.cv(left), math.sqrt(0.1 ** 2 - 0.06 ** 2), delta=0.01)

    def test_numbers_carry_units_and_no_exponent(self):
        self.assertEqual([_fit.duration(ns) for ns in (0.2, 950, 2_340, 5e6, 1.5e9, 3e12)],
                         ["1ns", "950ns", "2.34us", "5ms", "1.5s", "3000s"])
        self.assertEqual([size_text(size) for size in (0, 999, 1500, 2.5e6, 3e9)],
                         ["0B", "999B", "1.5kB", "2.5MB", "3000MB"])


class Names(unittest.TestCase):
    def test_a_name_is_plain_whatever_the_program_says(self):
        taken = []
        for name in ("resize", "resize", "<lambda>", "on", "a.b", '"; $(touch x)\n', "", "9", "é"):
            plain = plain_name(name, taken)
            self.assertRegex(plain, r"\A[A-Za-z][A-Za-z0-9_]*\Z")
            self.assertNotIn(plain, taken)
            taken.append(plain)
        self.assertEqual(taken[:2], ["resize", "resize_2"])


if __name__ == "__main__":
    unittest.main()
