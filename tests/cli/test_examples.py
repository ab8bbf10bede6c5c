"""The scripts of docs/examples do what their page says."""

import subprocess
import unittest
from pathlib import Path

from harness import POOL, PROGRAM, CliTest

EXAMPLES = Path(__file__).parents[2] / "docs/examples"
RULE = "makespan > +5%"


class Examples(CliTest):
    def gate(self, scenario: Path) -> subprocess.CompletedProcess:
        return subprocess.run([EXAMPLES / "gate.sh", PROGRAM, scenario, "baseline.db", RULE],
                              cwd=self.folder, env=self.environment, capture_output=True,
                              text=True, check=False)

    def test_the_gate_opens_for_the_same_and_closes_for_a_slower_design(self):
        text = POOL.replace("repeat: 2", "repeat: 6")
        self.expect(0, "run", self.write("pool.yaml", text), "--db", "baseline.db")
        same = self.gate(self.write("pool.yaml", text))
        self.assertEqual(same.returncode, 0, same.stderr)
        slower = self.gate(self.write("pool.yaml", text.replace("native: 2ms", "native: 2.2ms")))
        self.assertEqual(slower.returncode, 5, slower.stdout)
        self.assertIn("+10", slower.stdout)
        self.assertTrue(slower.stdout.endswith((self.folder / "compare.txt").read_text()))

    def test_pandas_reads_the_database_as_it_is(self):
        done = subprocess.run(["/usr/bin/python3", EXAMPLES / "ask_the_results.py", PROGRAM],
                              cwd=self.folder, env=self.environment, capture_output=True,
                              text=True, check=False)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertRegex(done.stdout, r"processes +1 +5 ")
        self.assertRegex(done.stdout, r"crew-0 +\d+")
        self.assertRegex(done.stdout, r"kind=threads workers +4 ")

    def test_sqlite_utils_reads_it_too(self):
        self.expect(0, "run", self.write("pool.yaml", POOL), "--db", "pool.db")
        done = subprocess.run(["sqlite-utils", "query", "pool.db",
                               "SELECT count(*) AS runs FROM v_run"],
                              cwd=self.folder, capture_output=True, text=True, check=False)
        self.assertEqual(done.stdout.strip(), '[{"runs": 6}]', done.stderr)


if __name__ == "__main__":
    unittest.main()
