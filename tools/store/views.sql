-- The views of a results database. Dropped and made anew by every program that writes, so that
-- an older file gets today's views. v_run is made by code: it has a column for each parameter.

-- One row a value: `block` holds them side by side.
DROP VIEW IF EXISTS sample;
CREATE VIEW sample (run, series, value) AS
SELECT block.run, layout.series,
       CASE layout.place
         WHEN 0 THEN block.v0 WHEN 1 THEN block.v1 WHEN 2 THEN block.v2 WHEN 3 THEN block.v3
         WHEN 4 THEN block.v4 WHEN 5 THEN block.v5 WHEN 6 THEN block.v6 WHEN 7 THEN block.v7
         WHEN 8 THEN block.v8 WHEN 9 THEN block.v9 WHEN 10 THEN block.v10 WHEN 11 THEN block.v11
         WHEN 12 THEN block.v12 WHEN 13 THEN block.v13 WHEN 14 THEN block.v14 WHEN 15 THEN block.v15
       END
FROM block JOIN layout ON layout.layout = block.layout;

DROP VIEW IF EXISTS metric;
CREATE VIEW metric (run, name, entity, value, unit) AS
SELECT sample.run, series.name, series.entity, sample.value, series.unit
FROM sample JOIN series ON series.id = sample.series;

DROP VIEW IF EXISTS v_point;
CREATE VIEW v_point AS
SELECT point.id AS point, point.batch, scenario.name AS scenario, point.ordinal, point.key,
       point.model, point.repeat,
       coalesce((SELECT group_concat(name || '=' || value, ', ')
                 FROM (SELECT name, value FROM param WHERE param.point = point.id
                       AND NOT (name = 'variant' AND value = '') ORDER BY name)), '') AS params
FROM point JOIN batch ON batch.id = point.batch JOIN scenario ON scenario.id = batch.scenario;

DROP VIEW IF EXISTS v_summary;
CREATE VIEW v_summary AS
WITH head AS (
  SELECT point, kind, min(id) AS id FROM run WHERE status = 'ok' GROUP BY point, kind
), first AS MATERIALIZED (
  SELECT head.point, head.kind, sample.series, sample.value
  FROM head JOIN sample ON sample.run = head.id
), taken AS MATERIALIZED (  -- else each aggregate would look its value up
  SELECT run.point, run.kind, sample.series, sample.value, first.value AS base
  FROM run JOIN sample ON sample.run = run.id
  JOIN first ON first.point = run.point AND first.kind = run.kind
    AND first.series = sample.series
  WHERE run.status = 'ok' AND sample.value IS NOT NULL
), moments AS (
  SELECT point, kind, series, count(*) AS n, avg(value) AS mean,
         min(value) AS smallest, max(value) AS largest,
         -- The plain sum of squares would cancel: spread is small beside the mean.
         sum((value - base) * (value - base)) AS squares, avg(value - base) AS shift
  FROM taken
  GROUP BY point, kind, series
), intervals AS (
  SELECT *, CASE WHEN n > 1 THEN
    (SELECT value FROM t_quantile WHERE degrees <= n - 1 ORDER BY degrees DESC LIMIT 1)
    * sqrt(max(squares - n * shift * shift, 0.0) / (n - 1.0) / n) END AS half
  FROM moments
)
SELECT v_point.batch, v_point.scenario, v_point.point, v_point.params, intervals.kind,
       series.name, series.entity, series.unit, intervals.n,
       coalesce(pooled.value, intervals.mean) AS mean,
       CASE WHEN pooled.value IS NULL THEN mean - half ELSE pooled.low END AS low,
       CASE WHEN pooled.value IS NULL THEN mean + half ELSE pooled.high END AS high,
       smallest, largest,
       -- Simulated runs that it is to have: more than n where it was interrupted or some failed.
       CASE WHEN intervals.kind = 'simulated' THEN v_point.repeat END AS planned
FROM intervals
JOIN v_point ON v_point.point = intervals.point
JOIN series ON series.id = intervals.series
LEFT JOIN pooled ON pooled.point = intervals.point AND pooled.series = intervals.series
  AND intervals.kind = 'simulated';

DROP VIEW IF EXISTS v_error;
CREATE VIEW v_error AS
SELECT v_point.batch, v_point.scenario, v_point.point, v_point.params, series.name,
       series.entity, series.unit, comparison.predicted, comparison.predicted_low,
       comparison.predicted_high, comparison.measured, comparison.measured_cv,
       comparison.error, comparison.error_raw, comparison.error_null, comparison.covered
FROM comparison
JOIN v_point ON v_point.point = comparison.point
JOIN series ON series.id = comparison.series;

-- For each parameter with several values, each point against the point with the same other
-- parameters and the smallest value of this one, where both have the same work to do.
-- Replications are paired: a row a repetition.
DROP VIEW IF EXISTS v_speedup_run;
CREATE VIEW v_speedup_run AS
WITH axis AS MATERIALIZED (
  SELECT point.batch, param.name
  FROM param JOIN point ON point.id = param.point
  GROUP BY point.batch, param.name HAVING count(DISTINCT param.value) > 1
), seen AS MATERIALIZED (
  SELECT point.batch, point.id AS point, axis.name AS axis, own.value, own.number,
         point.cpu_work_ns, point.wait_work_ns,
         coalesce((SELECT group_concat(name || '=' || value, ', ')
                   FROM (SELECT other.name, other.value FROM param AS other
                         JOIN axis AS varied
                         ON varied.batch = point.batch AND varied.name = other.name
                         WHERE other.point = point.id AND other.name <> axis.name
                         ORDER BY other.name)), '') AS others
  FROM axis
  JOIN point ON point.batch = axis.batch
  JOIN param AS own ON own.point = point.id AND own.name = axis.name
), based AS MATERIALIZED (
  SELECT *, first_value(point) OVER same AS base_point, first_value(value) OVER same AS base_value,
         first_value(cpu_work_ns) OVER same AS base_cpu_work_ns,
         first_value(wait_work_ns) OVER same AS base_wait_work_ns
  FROM seen
  WINDOW same AS (PARTITION BY batch, axis, others ORDER BY number IS NULL, number, value)
)
SELECT based.batch, scenario.name AS scenario, based.point, based.axis, based.value,
       based.number, based.base_value, based.others, run.kind, run.rep,
       own.value AS makespan_ns, base.value AS base_makespan_ns,
       base.value / own.value AS speedup
FROM based
JOIN batch ON batch.id = based.batch
JOIN scenario ON scenario.id = batch.scenario
JOIN series ON series.name = 'makespan' AND series.entity = ''
JOIN run ON run.point = based.point AND run.status = 'ok'
JOIN run AS base_run ON base_run.point = based.base_point AND base_run.status = 'ok'
  AND base_run.kind = run.kind AND base_run.rep = run.rep
JOIN sample AS own ON own.run = run.id AND own.series = series.id AND own.value > 0
JOIN sample AS base ON base.run = base_run.id AND base.series = series.id
WHERE based.cpu_work_ns IS NULL OR based.base_cpu_work_ns IS NULL
   OR (abs(based.cpu_work_ns - based.base_cpu_work_ns)
         <= 1e-3 * max(based.cpu_work_ns, based.base_cpu_work_ns)
       AND abs(based.wait_work_ns - based.base_wait_work_ns)
         <= 1e-3 * max(based.wait_work_ns, based.base_wait_work_ns));

DROP VIEW IF EXISTS v_speedup;
CREATE VIEW v_speedup AS
WITH centred AS (
  SELECT *, avg(speedup) OVER (PARTITION BY batch, kind, axis, others, point) AS mean
  FROM v_speedup_run
), moments AS (  -- squares of differences: squares of values would cancel
  SELECT batch, scenario, kind, axis, value, number, base_value, others, point, count(*) AS n,
         avg(makespan_ns) AS makespan_ns, avg(base_makespan_ns) AS base_makespan_ns,
         max(mean) AS speedup, sum((speedup - mean) * (speedup - mean)) AS squares
  FROM centred
  GROUP BY batch, kind, axis, others, point
), intervals AS (
  SELECT *, CASE WHEN n > 1 THEN
    (SELECT value FROM t_quantile WHERE degrees <= n - 1 ORDER BY degrees DESC LIMIT 1)
    * sqrt(squares / (n - 1.0) / n) END AS half
  FROM moments
)
SELECT batch, scenario, kind, axis, value, base_value, others, n, makespan_ns, base_makespan_ns,
       speedup, speedup - half AS low, speedup + half AS high, number, point
FROM intervals
ORDER BY batch, scenario, kind, axis, others, number IS NULL, number, value;
