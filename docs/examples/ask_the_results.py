#!/usr/bin/env python3
"""A notebook as a script: sweeps a scenario, then asks the database with pandas.

    docs/examples/ask_the_results.py build/release/timeslice

Cells begin with `# %%`: editors with notebooks run them one by one. Needs python3-pandas.
"""

# %% A sweep: threads or processes, with 1, 2 and 4 workers
import sqlite3
import subprocess
import sys
import tempfile
from pathlib import Path

import pandas

program = sys.argv[1]
scenario = Path(__file__).parents[2] / "scenarios/teaching/threads-or-processes.yaml"
folder = tempfile.TemporaryDirectory()
file = Path(folder.name) / "results.db"
subprocess.run([program, "run", scenario, "--db", file, "--quiet"], check=True,
               stdout=subprocess.DEVNULL)

# %% One row a run, parameters as columns
database = sqlite3.connect(file)
runs = pandas.read_sql("SELECT * FROM v_run WHERE status = 'ok'", database)
runs["ms"] = runs["makespan_ns"] / 1e6
print(runs.groupby(["param_kind", "workers"])["ms"].agg(["count", "mean", "std"]).round(2))

# %% Where the CPU time went: all metrics of single threads, as a table
metrics = pandas.read_sql("SELECT * FROM metric WHERE entity <> '' AND name = 'cpu_time'", database)
first = metrics[metrics["run"] == runs["run"].iloc[0]]
print((first.set_index("entity")["value"] / 1e6).round(2).rename("CPU time of run 1, ms"))

# %% Speed-up with its interval, as the database computes it
speedup = pandas.read_sql("SELECT others, axis, value, speedup, low, high FROM v_speedup", database)
print(speedup.round(3).to_string(index=False))
