"""Words, settings, colours, help: what every command has in common, and hostile input."""

import os
import shutil
import unittest
from pathlib import Path

from harness import POOL, SINGLE, CliTest

SOURCE = Path(__file__).resolve().parents[2]


class Usage(CliTest):
    def test_no_command_is_a_usage_error_with_a_way_out(self):
        self.assertIn("timeslice --help", self.expect(2).stderr)

    def test_misspelt_words_get_a_suggestion(self):
        self.assertIn("did you mean 'validate'", self.expect(2, "vaildate", "x").stderr)
        self.assertIn("did you mean '--gantt'", self.expect(2, "run", "x", "--gannt").stderr)
        self.assertIn("did you mean 'detect'", self.expect(2, "machine", "detcet").stderr)
        self.assertIn("did you mean 'never'", self.expect(2, "run", "x", "--color", "nevr").stderr)

    def test_commands_of_later_versions_say_what_to_use(self):
        for command in ("theory", "advise", "whatif", "record", "explain"):
            error = self.expect(2, command, "some", "words").stderr
            self.assertIn("not in this version yet", error)
            self.assertIn("instead: ", error)

    def test_only_what_exists_is_listed(self):
        error = self.expect(2, "machine", "frob").stderr
        self.assertIn("list, show, detect, import, draw", error)

    def test_the_version_names_the_commit(self):
        if not (SOURCE / ".git").exists() or shutil.which("git") is None:
            self.skipTest("no git to ask")
        version = self.expect(0, "--version").stdout
        self.assertRegex(version, r"\(git [-+._/A-Za-z0-9]+, models \d+\)\n$")
        self.assertNotIn("unknown", version)

    def test_help_version_man_and_completion_need_no_file(self):
        self.assertIn("usage: timeslice COMMAND", self.expect(0, "--help").stdout)
        self.assertIn("--gantt", self.expect(0, "run", "--help").stdout)
        self.assertRegex(self.expect(0, "--version").stdout, r"^timeslice \d+\.\d+\.\d+ \(")
        self.assertIn(".TH TIMESLICE 1", self.expect(0, "--man").stdout)
        self.assertIn("_timeslice", self.expect(0, "--completion", "zsh").stdout)
        self.assertIn("complete -o filenames", self.expect(0, "--completion", "bash").stdout)

    def test_bash_completes_options_commands_and_words(self):
        script = self.write("c.bash", self.expect(0, "--completion", "bash").stdout)
        ask = (f"source {script}; COMP_WORDS=(timeslice $1 $2 $3); COMP_CWORD=$#; "
               "_timeslice; printf '%s\\n' \"${COMPREPLY[@]}\"")
        import subprocess
        complete = lambda *words: subprocess.run(
            ["bash", "-c", ask, "bash", *words], capture_output=True, text=True, check=True,
            cwd=self.folder).stdout.split()
        self.assertIn("validate", complete("va"))
        self.assertEqual(complete("run", "--gan"), ["--gantt"])
        self.assertEqual(complete("run", "--color", "al"), ["always"])
        self.assertIn("detect", complete("machine", "d"))

    def test_precedence_is_flag_environment_project_user(self):
        path = self.write("s.yaml", SINGLE)
        seed = lambda *more: self.expect(0, "run", path, "--dry-run", *more).stdout
        self.write(".config/timeslice/config.yaml", "seed: 1\n")
        self.assertIn("seed 1,", seed())
        self.write("timeslice.yaml", "seed: 2\n")
        self.assertIn("seed 2,", seed())
        self.environment["TIMESLICE_SEED"] = "3"
        self.assertIn("seed 3,", seed())
        self.assertIn("seed 4,", seed("--seed", 4))

    def test_settings_name_the_database(self):
        self.write("timeslice.yaml", "db: elsewhere.db\n")
        self.expect(0, "run", self.write("s.yaml", SINGLE))
        self.assertTrue((self.folder / "elsewhere.db").exists())

    def test_a_broken_settings_file_names_its_line(self):
        self.write("timeslice.yaml", "seed: 2\njbos: 3\n")
        error = self.expect(3, "run", self.write("s.yaml", SINGLE)).stderr
        self.assertIn("timeslice.yaml:2: there is no setting 'jbos'; did you mean 'jobs'", error)

    def test_a_bad_variable_is_a_usage_error(self):
        self.environment["TIMESLICE_JOBS"] = "many"
        self.assertIn("TIMESLICE_JOBS", self.expect(2, "run", self.write("s.yaml", SINGLE)).stderr)

    def test_colour_follows_option_variable_and_terminal(self):
        path = self.write("s.yaml", SINGLE)
        coloured = lambda *more: "\x1b[" in self.expect(0, "run", path, "--no-db", *more).stdout
        self.assertFalse(coloured(), "a pipe is no terminal")
        self.assertTrue(coloured("--color", "always"))
        self.environment["NO_COLOR"] = "1"
        self.assertTrue(coloured("--color", "always"), "what is asked for wins")
        self.assertFalse(coloured("--color", "never"))


class Hostile(CliTest):
    def test_files_that_are_none(self):
        self.assertIn("nowhere.yaml", self.expect(3, "run", "nowhere.yaml").stderr)
        self.assertIn("is a directory", self.expect(3, "run", ".").stderr)
        self.assertIn("is a directory", self.expect(3, "machine", "import", ".").stderr)
        self.expect(3, "check", self.write("empty.yaml", ""))
        self.expect(3, "check", self.write("noise.yaml", bytes(range(256)) * 40))
        self.assertFalse((self.folder / "timeslice.db").exists(), "nothing was stored")

    def test_an_invalid_scenario_shows_place_and_caret(self):
        path = self.write("p.yaml", SINGLE.replace("native: 1ms", "native: 1"))
        error = self.expect(3, "run", path).stderr
        self.assertRegex(error, r"p\.yaml:5:\d+: error\[E-unit\]: ")
        self.assertIn("^", error)

    def test_numbers_out_of_range(self):
        path = self.write("s.yaml", SINGLE)
        for words in (("--repeat", "-1"), ("--repeat", "0"), ("--repeat", "99999999999999999999"),
                      ("--jobs", "-2"), ("--seed", "-7"), ("--time-limit", "5")):
            error = self.expect(2, "run", path, *words).stderr
            self.assertIn(words[0], error)

    def test_a_set_path_that_is_not_there_is_explained(self):
        path = self.write("pool.yaml", POOL)
        self.assertIn("workrs", self.expect(2, "run", path, "--set", "workrs=3").stderr)
        self.assertIn("PATH=VALUE", self.expect(2, "run", path, "--set", "workers").stderr)

    def test_names_that_are_not_utf8_do_not_steer_the_terminal(self):
        name = os.fsencode(self.folder) + b"/\xff\x1b[31m.yaml"
        with open(name, "wb") as file:
            file.write(b"nonsense: [")
        done = self.command("check", os.fsdecode(name))
        self.assertEqual(done.returncode, 3)
        self.assertNotIn("\x1b", done.stderr)

    def test_a_name_inside_a_scenario_does_not_either(self):
        path = self.write("s.yaml", SINGLE + 'about: "\\e[31mred\\a"\n')
        done = self.command("run", path, "--no-db")
        self.assertIn(done.returncode, (0, 3))
        self.assertNotIn("\x1b", done.stdout + done.stderr)

    def test_a_reader_that_leaves_is_no_failure(self):
        path = self.write("pool.yaml", POOL)
        reading, writing = os.pipe()
        os.close(reading)
        try:
            done = self.expect(0, "run", path, stdout=writing)
        finally:
            os.close(writing)
        self.assertIn("stored in timeslice.db", done.stderr)

    def test_a_full_disk_is_one(self):
        path = self.write("s.yaml", SINGLE)
        with open("/dev/full", "w") as full:
            done = self.expect(1, "run", path, "--no-db", stdout=full)
        self.assertIn("stdout: cannot be written", done.stderr)
        self.expect(1, "run", path, "--no-db", "--trace", "/dev/full")
        self.expect(1, "schema", "-o", "/dev/full")

    def test_databases_that_are_none(self):
        path = self.write("s.yaml", SINGLE)
        self.write("text.db", "this is no database, but it is long enough to have a header\n" * 9)
        self.expect(3, "run", path, "--db", "text.db")
        self.expect(3, "query", "text.db", "runs")
        self.assertEqual((self.folder / "text.db").read_text()[:7], "this is")
        self.assertNotEqual(self.command("query", "missing.db", "runs").returncode, 0)
        self.assertFalse((self.folder / "missing.db").exists())
        self.assertNotEqual(self.command("run", path, "--db", ".").returncode, 0)


if __name__ == "__main__":
    unittest.main()
