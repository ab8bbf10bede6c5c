-- The results database, version 1. docs/DATABASE.md explains it; views.sql holds the views.
-- Times are integer nanoseconds unless a name says otherwise; UTC times are ISO 8601 text.
-- Never edited once released: a change is a new migration in tools/store/migrations.cpp.

CREATE TABLE meta (
  name TEXT PRIMARY KEY,
  value TEXT NOT NULL
) STRICT;

CREATE TABLE host (
  id INTEGER PRIMARY KEY,
  name TEXT NOT NULL,
  kernel TEXT NOT NULL,
  cpu_model TEXT NOT NULL,
  cpus INTEGER NOT NULL,           -- that the program could use
  memory_bytes INTEGER NOT NULL,
  python TEXT NOT NULL,            -- version; empty: not asked for
  UNIQUE (name, kernel, cpu_model, cpus, memory_bytes, python)
) STRICT;

CREATE TABLE scenario (
  id INTEGER PRIMARY KEY,
  name TEXT NOT NULL,
  about TEXT NOT NULL,
  sha256 TEXT NOT NULL,            -- of yaml
  yaml TEXT NOT NULL,
  resolved TEXT NOT NULL,          -- JSON: the base point with --set and --machine laid over it
  UNIQUE (sha256, resolved)
) STRICT;

-- One command over one scenario.
CREATE TABLE batch (
  id INTEGER PRIMARY KEY,
  scenario INTEGER NOT NULL REFERENCES scenario (id),
  host INTEGER NOT NULL REFERENCES host (id),
  command TEXT NOT NULL,
  version TEXT NOT NULL,
  git TEXT NOT NULL,
  model INTEGER NOT NULL,          -- version of the models
  started_utc TEXT NOT NULL,
  finished_utc TEXT                -- NULL: running, killed or interrupted
) STRICT;

CREATE TABLE point (
  id INTEGER PRIMARY KEY,
  batch INTEGER NOT NULL REFERENCES batch (id),
  ordinal INTEGER NOT NULL,
  key TEXT NOT NULL,               -- hash of the resolved content; empty: it could not be resolved
  model INTEGER NOT NULL
) STRICT;

CREATE TABLE param (
  point INTEGER NOT NULL REFERENCES point (id),
  name TEXT NOT NULL,
  value TEXT NOT NULL,             -- as written: 8, on, 5ms
  number REAL,                     -- the value in its unit; NULL: not a quantity
  unit TEXT NOT NULL,              -- of number: ns, B, Hz, 1/s or empty
  PRIMARY KEY (point, name)
) STRICT, WITHOUT ROWID;

CREATE TABLE run (
  id INTEGER PRIMARY KEY,
  point INTEGER NOT NULL REFERENCES point (id),
  kind TEXT NOT NULL CHECK (kind IN ('simulated', 'measured', 'theory')),
  rep INTEGER NOT NULL,
  seed INTEGER NOT NULL,           -- 64 bits; shown without sign by v_run
  status TEXT NOT NULL CHECK (status IN ('ok', 'failed', 'deadlock', 'timeout', 'killed')),
  digest TEXT,                     -- 16 hex digits; NULL: not a simulation
  events INTEGER NOT NULL,
  wall_ns INTEGER,                 -- how long the simulation took
  error TEXT                       -- why not ok
) STRICT;

-- Names are stored once: `metric` below is the table to read.
CREATE TABLE series (
  id INTEGER PRIMARY KEY,
  name TEXT NOT NULL,
  entity TEXT NOT NULL,            -- empty: the whole run
  unit TEXT NOT NULL,
  UNIQUE (name, entity, unit)
) STRICT;

CREATE TABLE sample (
  run INTEGER NOT NULL REFERENCES run (id),
  series INTEGER NOT NULL REFERENCES series (id),
  value REAL,                      -- NULL: not a number
  PRIMARY KEY (run, series)
) STRICT, WITHOUT ROWID;

-- Quantiles over the pooled replications of a point, which no mean of runs can replace.
CREATE TABLE pooled (
  point INTEGER NOT NULL REFERENCES point (id),
  series INTEGER NOT NULL REFERENCES series (id),
  value REAL NOT NULL,
  low REAL,
  high REAL,
  n INTEGER NOT NULL,
  PRIMARY KEY (point, series)
) STRICT, WITHOUT ROWID;

CREATE TABLE warning (
  id INTEGER PRIMARY KEY,
  text TEXT NOT NULL UNIQUE
) STRICT;

CREATE TABLE point_warning (
  point INTEGER NOT NULL REFERENCES point (id),
  warning INTEGER NOT NULL REFERENCES warning (id),
  PRIMARY KEY (point, warning)
) STRICT, WITHOUT ROWID;

-- Predicted beside measured; error = predicted / measured - 1.
CREATE TABLE comparison (
  point INTEGER NOT NULL REFERENCES point (id),
  series INTEGER NOT NULL REFERENCES series (id),
  predicted REAL,                  -- given the speed index of each measured run
  predicted_low REAL,
  predicted_high REAL,
  measured REAL,                   -- median of the accepted runs
  measured_cv REAL,
  error REAL,
  error_raw REAL,                  -- nothing from the measured run given
  error_null REAL,                 -- of the null model max(longest task, work / CPUs)
  covered INTEGER,                 -- 1: measured lies within low and high
  PRIMARY KEY (point, series)
) STRICT, WITHOUT ROWID;

-- With --keep tasks. Times count from main's first step.
CREATE TABLE task (
  run INTEGER NOT NULL REFERENCES run (id),
  task TEXT NOT NULL,
  item INTEGER NOT NULL,
  executor TEXT NOT NULL,
  worker TEXT NOT NULL,
  submitted_ns INTEGER NOT NULL,
  started_ns INTEGER NOT NULL,
  finished_ns INTEGER NOT NULL,
  readable_ns INTEGER NOT NULL     -- when the submitter could read the result
) STRICT;

-- With --keep tasks: latencies of the tasks of a run. Bucket [low_ns, high_ns).
CREATE TABLE histogram (
  run INTEGER NOT NULL REFERENCES run (id),
  name TEXT NOT NULL,
  entity TEXT NOT NULL,
  low_ns INTEGER NOT NULL,
  high_ns INTEGER NOT NULL,
  count INTEGER NOT NULL,
  PRIMARY KEY (run, name, entity, low_ns)
) STRICT, WITHOUT ROWID;

-- With --keep timeline: what each thread did when.
CREATE TABLE slice (
  run INTEGER NOT NULL REFERENCES run (id),
  entity TEXT NOT NULL,            -- the thread
  cpu INTEGER,                     -- NULL while it was on none
  start_ns INTEGER NOT NULL,
  end_ns INTEGER NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('running', 'ready', 'blocked', 'gil_wait'))
) STRICT;

-- Student's t that holds 95 %, for the intervals of the views; filled when the file is made.
CREATE TABLE t_quantile (
  degrees INTEGER PRIMARY KEY,
  value REAL NOT NULL
) STRICT;
