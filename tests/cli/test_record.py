"""validate --record and --replay: native runs kept in a folder and predicted again."""

import json
import unittest

from harness import CliTest

TWO_POINTS = """\
timeslice: 1
name: kept
machine: host
tasks:
  job: [{native: 1ms}]
executors:
  crew: {kind: "${kind}", workers: 2}
main:
  - map: {task: job, items: 6, executor: crew}
runtime: none
params: {kind: cpp-threads}
matrix:
  kind: [cpp-threads, cpp-async]
"""


class Record(CliTest):
    def test_a_replay_prints_what_the_session_printed_and_runs_nothing(self):
        path = self.write("kept.yaml", TWO_POINTS)
        folder = self.folder / "runs"
        first = self.expect(0, "validate", path, "--repeat", "2", "--noise-limit", "100000%",
                            "--json", "--no-db", "--record", folder)
        self.assertIn("kept in", first.stderr)
        self.assertEqual({one.name for one in folder.iterdir()},
                         {"session.json", "point-0000.json", "point-0001.json"})
        replay = ["validate", path, "--replay", folder, "--no-db", "--python", "/no/such/python"]
        again = self.expect(0, *replay, "--json")
        self.assertEqual(json.loads(again.stdout), json.loads(first.stdout))
        table = self.expect(0, *replay)
        self.assertIn("predicted beside measured", table.stdout)

        self.assertIn("holds files already",
                      self.expect(6, "validate", path, "--no-db", "--record", folder).stderr)
        longer = self.write("longer.yaml", TWO_POINTS.replace("1ms", "2ms"))
        self.assertIn("does other work now",
                      self.expect(3, "validate", longer, "--no-db", "--replay", folder).stderr)
        point = folder / "point-0001.json"
        point.write_text(point.read_text().replace("makespan", "makesman"))
        self.assertIn("it was altered", self.expect(3, *replay).stderr)
        (folder / "session.json").unlink()
        self.assertIn("session.json", self.expect(3, *replay).stderr)

    def test_what_contradicts_itself_is_refused(self):
        path = self.write("kept.yaml", TWO_POINTS)
        for words in (["--record", "a", "--replay", "b"], ["--record", "a", "--timeline"],
                      ["--replay", "a", "--keep", "timeline"],
                      ["--replay", "a", "--python", "/usr/bin/python3", "--python", "/bin/sh"]):
            self.expect(2, "validate", path, *words)
        self.assertFalse((self.folder / "a").exists())


if __name__ == "__main__":
    unittest.main()
