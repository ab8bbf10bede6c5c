"""Drawing scenarios that nobody has seen, and the fingerprint of what they are evaluated with."""

import sys
import unittest
from pathlib import Path

from harness import CliTest

SOURCE = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(SOURCE / "tools/dev"))

import evaluations  # noqa: E402


class Holdout(CliTest):
    def drawn(self, folder, *words):
        self.expect(0, "holdout", *words, "-o", str(folder))
        return {path.name: path.read_bytes() for path in Path(folder).iterdir()}

    def test_the_same_seed_gives_the_same_files(self):
        base = Path(self.folder)
        once = self.drawn(base / "a", "--seed", "7", "--count", "11")
        self.assertEqual(once, self.drawn(base / "b", "--seed", "7", "--count", "11"))
        self.assertEqual(len(once), 11)
        self.assertEqual(once, self.drawn(base / "a", "--seed", "7", "--count", "11"))
        self.assertNotEqual(once, self.drawn(base / "c", "--seed", "8", "--count", "11"))

    def test_every_file_is_good_and_says_what_it_is(self):
        base = Path(self.folder) / "set"
        files = self.drawn(base, "--seed", "3", "--count", "11")
        self.assertEqual(self.expect(0, "check", *sorted(str(base / name) for name in files))
                         .stdout.count("good; 1 point"), 11)
        for name, text in files.items():
            for key in (b"name: holdout-3-", b"about: ", b"x-class: ", b"seed: 3"):
                self.assertIn(key, text, name)

    def test_pairs_have_two_designs_each(self):
        base = Path(self.folder) / "pairs"
        files = self.drawn(base, "--seed", "3", "--count", "3", "--pairs")
        self.assertEqual(self.expect(0, "check", *sorted(str(base / name) for name in files))
                         .stdout.count("good; 2 points"), 3)

    def test_a_seed_is_needed_and_sets_are_not_mixed(self):
        self.assertIn("--seed", self.expect(2, "holdout").stderr)
        base = Path(self.folder) / "set"
        self.drawn(base, "--seed", "1", "--count", "3")
        error = self.expect(2, "holdout", "--seed", "2", "--count", "1", "-o", str(base)).stderr
        self.assertIn("not of this set", error)

    def test_the_fingerprints_are_those_of_the_tree(self):
        lines = self.expect(0, "--version", "-v").stdout.splitlines()
        self.assertEqual(lines[1], "model " + evaluations.fingerprint(evaluations.MODEL))
        self.assertEqual(lines[2], "method " + evaluations.fingerprint(evaluations.METHOD))


if __name__ == "__main__":
    unittest.main()
