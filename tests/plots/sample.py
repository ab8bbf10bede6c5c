"""A results database made by hand, and plot.py in reach, for the tests of the pictures."""

import contextlib
import io
import re
import sqlite3
import sys
import tempfile
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tools/report/plots"))
import plot  # noqa: E402

STORE = ROOT / "tools/store"
MS = 1_000_000


def empty_database(path):
    """The program's own tables and views; v_run as far as the plots read it."""
    database = sqlite3.connect(path)
    database.executescript((STORE / "schema.sql").read_text(encoding="utf-8"))
    migrations = (STORE / "migrations.cpp").read_text(encoding="utf-8")
    for texts in re.findall(r'exec\(\s*((?:"[^"]+"\s*)+)\)', migrations):
        statement = "".join(re.findall(r'"([^"]+)"', texts))
        if statement.startswith(("ALTER", "CREATE", "DROP")):
            database.execute(statement)
    database.executescript((STORE / "views.sql").read_text(encoding="utf-8"))
    database.executescript(f"""
        PRAGMA application_id = {plot.APPLICATION_ID};
        CREATE VIEW v_run AS SELECT run.id AS run, point.batch FROM run
            JOIN point ON point.id = run.point;
        INSERT INTO t_quantile VALUES (1, 12.7062), (2, 4.30265);
        INSERT INTO host VALUES (1, 'h', 'k', 'c', 4, 1, '');
        INSERT INTO scenario VALUES (1, 'crawler', '', 's', 'y', '{{}}');
        INSERT INTO batch (id, scenario, host, command, version, git, model, started_utc)
            VALUES (1, 1, 1, 'run', '0', '', 1, 'now');
        INSERT INTO series VALUES (1, 'makespan', '', 'ns');""")
    return database


def put_value(database, run, series, value):
    """A block of its own for each value: the plots see only the view over them."""
    database.execute("INSERT OR IGNORE INTO layout VALUES (?, ?, 0)", (series, series))
    database.execute("INSERT OR REPLACE INTO block (run, layout, v0) VALUES (?, ?, ?)",
                     (run, series, value))


def add_batch(database, batch):
    database.execute("INSERT INTO batch (id, scenario, host, command, version, git, model, "
                     "started_utc) VALUES (?, 1, 1, 'run', '0', '', 1, 'now')", (batch,))


def add_point(database, params, makespans, batch=1):
    ordinal = database.execute("SELECT count(*) FROM point").fetchone()[0]
    point = database.execute("INSERT INTO point (batch, ordinal, key, model) VALUES (?, ?, ?, 1)",
                             (batch, ordinal, f"{ordinal:016x}")).lastrowid
    for name, value in params.items():
        number = float(value) if value.isdigit() else None
        database.execute("INSERT INTO param VALUES (?, ?, ?, ?, '')", (point, name, value, number))
    for rep, makespan in enumerate(makespans):
        run = database.execute(
            "INSERT INTO run (point, kind, rep, seed, status, events) "
            "VALUES (?, 'simulated', ?, 1, 'ok', 0)", (point, rep)).lastrowid
        put_value(database, run, 1, makespan)
    return point


class WithDatabase(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        self.path = self.folder / "results.db"
        self.database = empty_database(self.path)
        self.addCleanup(self.database.close)

    def run_main(self, *words):
        self.database.commit()
        errors = io.StringIO()
        with contextlib.redirect_stderr(errors):
            code = plot.main([str(word) for word in words])
        return code, errors.getvalue()


def add_metric(database, run, name, value, unit="ns", entity=""):
    database.execute("INSERT OR IGNORE INTO series (name, entity, unit) VALUES (?, ?, ?)",
                     (name, entity, unit))
    series = database.execute("SELECT id FROM series WHERE name = ? AND entity = ? AND unit = ?",
                              (name, entity, unit)).fetchone()[0]
    put_value(database, run, series, value)
