"""calibrate and doctor, for real: the file that one writes is a machine that the others load."""

import json
import sys
import unittest

from harness import CliTest

PYTHON = "/usr/bin/python3"

POOL = """\
timeslice: 1
name: calibrated
machine: host.yaml
runtime: {python: "VERSION"}
tasks:
  job: [{python: 1ms}]
executors:
  crew: {kind: threads, workers: 2}
main:
  - map: {task: job, items: 8, executor: crew}
"""


class Calibrate(CliTest):
    def test_a_short_calibration_is_loaded_and_kept(self):
        done = self.expect(0, "calibrate", "-o", "host.yaml", "--budget", "10s")
        self.assertIn("samples count", done.stderr)
        text = (self.folder / "host.yaml").read_text()
        for part in ("costs:", "runtimes:", "measured:", "fork:", "pool_put:", "wake_syscall:",
                     "argument_dumps:", "interpreter_start:", "date:"):
            self.assertIn(part, text)
        self.expect(0, "machine", "show", "./host.yaml")
        version = ".".join(json.loads(self.version_of(PYTHON)))
        self.write("pool.yaml", POOL.replace("VERSION", version))
        run = self.json_of("run", "pool.yaml", "--no-db", "--json")
        warnings = "\n".join(run["points"][0]["warnings"])
        self.assertNotIn("were never measured", warnings)
        self.assertIn("so defaults: ", warnings)  # migration can not be measured
        # The second time there is nothing left to measure.
        again = self.expect(0, "calibrate", "-o", "host.yaml", "--budget", "10s")
        self.assertIn("the file has it", again.stderr)
        self.assertEqual((self.folder / "host.yaml").read_text(), text)

    def version_of(self, python):
        import subprocess
        code = "import json, sys; print(json.dumps([str(n) for n in sys.version_info[:2]]))"
        return subprocess.check_output([python, "-c", code], text=True)

    def test_what_does_not_fit_is_refused(self):
        self.assertIn("-o host.yaml", self.expect(2, "calibrate").stderr)
        error = self.expect(6, "calibrate", "-o", "x.yaml", "--python", "/no/python").stderr
        self.assertIn("/no/python: is no program", error)
        error = self.expect(6, "calibrate", "-o", "x.yaml", "--python", "/bin/false").stderr
        self.assertIn("does not run as a Python", error)
        self.assertFalse((self.folder / "x.yaml").exists())
        self.write("bad.yaml", "cores: 2\ncosts: {switch: fast}\n")
        self.assertIn("bad.yaml:2:", self.expect(3, "calibrate", "-o", "bad.yaml").stderr)
        self.write("other.yaml", "cores: 4096\n")
        error = self.expect(3, "calibrate", "-o", "other.yaml").stderr
        self.assertIn("describes 4096 CPUs", error)
        self.assertEqual((self.folder / "other.yaml").read_text(), "cores: 4096\n")


class Doctor(CliTest):
    def test_says_what_it_finds_in_words_and_as_json(self):
        text = self.expect(0, "doctor").stdout
        self.assertRegex(text, r"(?m)^ok +kernel ")
        found = self.json_of("doctor", "--json")
        self.assertEqual(found["schema"], "timeslice.doctor/1")
        self.assertTrue(found["possible"])
        names = [check["name"] for check in found["checks"]]
        for name in ("load of others", "stolen time", "clock source", "huge pages", "Python"):
            self.assertIn(name, names)
        for check in found["checks"]:
            self.assertIn(check["verdict"], ("ok", "doubt", "bad"))
            self.assertEqual(check["verdict"] == "ok", check["mend"] == "", check)

    def test_without_a_python_it_exits_with_6(self):
        done = self.expect(6, "doctor", "--python", "/no/python")
        self.assertIn("native runs are not possible", done.stderr)


if __name__ == "__main__":
    sys.exit(unittest.main())
