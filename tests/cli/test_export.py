"""export and run --trace: each format is read back by other means and held against the database."""

import collections
import csv
import io
import json
import re
import shutil
import sqlite3
import subprocess
import unittest
from pathlib import Path

from harness import CliTest

SCHEMA = Path(__file__).with_name("trace_schema.proto")

# Threads that wait for the GIL, for a device and for each other; more threads than CPUs.
BUSY = """\
timeslice: 1
name: busy
machine: laptop-4c8t
runtime: {python: "3.11", gil: on}
tasks:
  crawl: [{io: 3ms}, {python: 4ms}, {native: 1ms}]
  sum: [{python: 2ms}]
executors:
  crew: {kind: threads, workers: 3}
  farm: {kind: processes, workers: 2, start: fork}
main:
  - map: {task: crawl, items: 12, executor: crew}
  - map: {task: sum, items: 8, executor: farm}
"""


def fields(message):
    """(field number, value) pairs of one protobuf message: a decoder of our own."""
    at = 0

    def varint():
        nonlocal at
        value = shift = 0
        while True:
            byte = message[at]
            at += 1
            value |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                return value

    while at < len(message):
        tag = varint()
        kind = tag & 7
        if kind == 0:
            yield tag >> 3, varint()
        elif kind == 1:
            yield tag >> 3, int.from_bytes(message[at:at + 8], "little")
            at += 8
        elif kind == 2:
            size = varint()
            yield tag >> 3, bytes(message[at:at + size])
            at += size
        else:
            raise ValueError(f"wire type {kind} is none of ours")


class Perfetto:
    """What a trace says, and that each packet keeps the rules of the format."""

    def __init__(self, data):
        self.tracks = {}  # uuid: (name, parent uuid)
        self.slices = []  # (track path, name, start, end, item)
        self.counters = collections.defaultdict(list)
        self.flows_out = collections.Counter()
        self.flows_in = collections.Counter()
        self.packets = 0
        self.problems = []
        names = {}
        open_slices = {}
        last = 0
        for number, packet in fields(data):
            self.packets += 1
            one = collections.defaultdict(list)
            for field, value in fields(packet):
                one[field].append(value)
            if number != 1 or one[10] != [1]:
                self.problems.append("a packet is not of the trace's sequence")
            for data_field in one[12]:
                if one[13] != [1]:
                    self.problems.append("names come without SEQ_INCREMENTAL_STATE_CLEARED")
                for _, entry in fields(data_field):
                    entry = dict(fields(entry))
                    names[entry[1]] = entry[2].decode()
            for descriptor in one[60]:
                descriptor = dict(fields(descriptor))
                self.tracks[descriptor[1]] = (descriptor[2].decode(), descriptor.get(5))
            for event in one[11]:
                last = self.take_event(event, one, last, names, open_slices)
        if open_slices:
            self.problems.append(f"{len(open_slices)} slices never end")

    def take_event(self, event, packet, last, names, open_slices):
        time = packet[8][0]
        if packet[13] != [2]:
            self.problems.append("an event does not say that it needs the names")
        if time < last:
            self.problems.append(f"time goes back from {last} to {time}")
        event = list(fields(event))
        one = dict(event)
        uuid = one[11]
        if uuid not in self.tracks:
            self.problems.append(f"track {uuid} was never declared")
        self.flows_out.update(value for field, value in event if field == 47)
        self.flows_in.update(value for field, value in event if field == 48)
        if one[9] == 1:
            if uuid in open_slices:
                self.problems.append(f"slices overlap on {self.path(uuid)} at {time}")
            notes = [dict(fields(value)) for field, value in event if field == 4]
            item = next((note[3] for note in notes if note[10] == b"item"), None)
            open_slices[uuid] = (names[one[10]], time, item)
        elif one[9] == 2:
            name, start, item = open_slices.pop(uuid)
            self.slices.append((self.path(uuid), name, start, time, item))
        elif one[9] == 4:
            self.counters[self.path(uuid)].append((time, one[30]))
        return time

    def path(self, uuid):
        name, parent = self.tracks[uuid]
        return (self.tracks[parent][0], name) if parent else (name,)


class Export(CliTest):
    def setUp(self):
        super().setUp()
        self.write("busy.yaml", BUSY)
        self.expect(0, "run", "busy.yaml", "--keep", "tasks,timeline", "--db", "b.db")
        self.database = sqlite3.connect(self.folder / "b.db")
        self.addCleanup(self.database.close)

    def ask(self, sql):
        return self.database.execute(sql).fetchall()

    def exported(self, *words):
        self.expect(0, "export", "b.db", "1", "-o", "trace", *words)
        return (self.folder / "trace").read_bytes()

    def test_a_perfetto_trace_keeps_the_rules_of_the_format(self):
        trace = Perfetto(self.exported())
        self.assertEqual(trace.problems, [])
        groups = {path[0] for path, *_ in trace.slices}
        self.assertEqual(groups, {"CPUs", "threads", "tasks", "GILs"})
        self.assertEqual(trace.flows_out, trace.flows_in)
        self.assertGreater(len(trace.flows_out), 10)
        self.assertEqual(set(trace.flows_out.values()), {1})

    def test_a_perfetto_trace_has_the_slices_and_durations_of_the_database(self):
        trace = Perfetto(self.exported())
        stored = self.ask("SELECT entity, replace(state, 'gil_wait', 'waits for the GIL'), "
                          "count(*), sum(end_ns - start_ns) FROM slice GROUP BY 1, 2")
        drawn = collections.defaultdict(lambda: [0, 0])
        for path, name, start, end, _ in trace.slices:
            if path[0] == "threads":
                drawn[(path[1], name)][0] += 1
                drawn[(path[1], name)][1] += end - start
        self.assertEqual({(row[0], row[1]): list(row[2:]) for row in stored}, dict(drawn))
        busy = collections.Counter()
        for path, _, start, end, _ in trace.slices:
            if path[0] == "CPUs":
                busy[path[1]] += end - start
        self.assertEqual(dict(busy), dict(self.ask(
            "SELECT 'CPU ' || cpu, sum(end_ns - start_ns) FROM slice WHERE state = 'running' "
            "GROUP BY cpu")))

    def test_every_item_and_every_gil_hold_is_in_the_perfetto_trace(self):
        trace = Perfetto(self.exported())
        items = sorted((name, item) for path, name, _, _, item in trace.slices
                       if path[0] == "tasks")
        self.assertEqual(items, sorted(self.ask("SELECT task, item FROM task")))
        held = sum(end - start for path, _, start, end, _ in trace.slices if path[0] == "GILs")
        self.assertEqual(held, self.ask("SELECT sum(end_ns - start_ns) FROM gil_hold")[0][0])
        self.assertIn(("GILs", "GIL of main"), {path for path, *_ in trace.slices})

    def test_counters_say_how_many_threads_are_in_a_state_at_a_time(self):
        trace = Perfetto(self.exported())
        origin = min(0, self.ask("SELECT min(start_ns) FROM slice")[0][0])
        for name, state in (("running threads", "running"),
                            ("runnable threads without a CPU", "ready"),
                            ("threads waiting for a GIL", "gil_wait")):
            steps = trace.counters[("counters", name)]
            self.assertEqual(steps[-1][1], 0, name)
            for time, value in steps:
                expected = self.ask(
                    f"SELECT count(*) FROM slice WHERE state = '{state}' "
                    f"AND start_ns <= {time + origin} AND end_ns > {time + origin}")[0][0]
                self.assertEqual(value, expected, (name, time))

    def test_protoc_decodes_the_trace_with_the_published_field_numbers(self):
        if shutil.which("protoc") is None:
            self.skipTest("no protoc: install protobuf-compiler")
        data = self.exported()
        done = subprocess.run(
            ["protoc", f"--proto_path={SCHEMA.parent}", "--decode=Trace", SCHEMA.name],
            input=data, capture_output=True, check=True)
        text = done.stdout.decode()
        self.assertEqual(len(re.findall(r"^packet \{", text, re.M)), Perfetto(data).packets)
        self.assertNotRegex(text, r"(?m)^\s*\d+:", "a field that the schema does not know")
        self.assertEqual(text.count("type: TYPE_SLICE_BEGIN"), text.count("type: TYPE_SLICE_END"))

    def test_the_json_trace_has_properly_nested_slices(self):
        trace = json.loads(self.exported("--format", "json"))
        ends = collections.defaultdict(float)
        names = {}
        count = 0
        for event in trace["traceEvents"]:
            place = (event["pid"], event["tid"])
            if event["ph"] == "M" and event["name"] == "thread_name":
                names[place] = event["args"]["name"]
            if event["ph"] == "X":
                self.assertGreaterEqual(event["ts"] + 1e-6, ends[place], names[place])
                ends[place] = event["ts"] + event["dur"]
                self.assertIn(place, names)
                count += 1
        self.assertEqual(count, len(Perfetto(self.exported()).slices))
        arrows = collections.Counter(event["ph"] for event in trace["traceEvents"])
        self.assertEqual(arrows["s"], arrows["f"])
        self.assertGreater(arrows["C"], 10)

    def test_ftrace_text_tells_the_same_cpu_time(self):
        text = self.exported("--format", "ftrace").decode()
        self.assertTrue(text.startswith("# tracer: nop\n"))
        busy = collections.Counter()
        switched = {}
        pids = {}
        pattern = re.compile(r"^\s*(\S+)-(\d+)\s+\((?:\d+|-+)\) \[(\d+)\] \S+ (\d+)\.(\d{9}): "
                             r"(\w+): (.*)$")
        last = 0
        kinds = collections.Counter()
        for line in text.splitlines():
            if line.startswith("#"):
                continue
            match = pattern.match(line)
            self.assertIsNotNone(match, line)
            actor, pid, cpu, seconds, nanos, kind, rest = match.groups()
            time = int(seconds) * 10**9 + int(nanos)
            self.assertGreaterEqual(time, last)
            last = time
            kinds[kind] += 1
            if kind != "sched_switch":
                continue
            pair = dict(word.split("=", 1) for word in rest.replace("==> ", "").split())
            self.assertEqual(pid, pair["prev_pid"], line)
            before, since = switched.get(cpu, ("0", 0))
            self.assertEqual(pair["prev_pid"], before, f"another task was on CPU {cpu}: {line}")
            if before != "0":
                busy[pids[before]] += time - since
            switched[cpu] = (pair["next_pid"], time)
            pids[pair["next_pid"]] = pair["next_comm"]
        self.assertEqual(dict(busy), dict(self.ask(
            "SELECT entity, sum(end_ns - start_ns) FROM slice WHERE state = 'running' "
            "GROUP BY entity")))
        self.assertTrue(all(pid == "0" for pid, _ in switched.values()), "every CPU ends idle")
        self.assertEqual(kinds["sched_waking"],
                         kinds["sched_wakeup"] + kinds["sched_wakeup_new"])
        self.assertGreater(kinds["sched_migrate_task"], 0)

    def test_csv_has_a_row_for_each_stored_thing(self):
        rows = list(csv.DictReader(io.StringIO(self.exported("--format", "csv").decode())))
        counted = collections.Counter(row["record"] for row in rows)
        for record, table in (("slice", "slice"), ("task", "task"), ("wake", "wake"),
                              ("gil", "gil_hold")):
            self.assertEqual(counted[record], self.ask(f"SELECT count(*) FROM {table}")[0][0])
        slices = [(row["entity"], int(row["start_ns"]), int(row["end_ns"]), row["state"])
                  for row in rows if row["record"] == "slice"]
        self.assertEqual(slices, self.ask("SELECT entity, start_ns, end_ns, state FROM slice "
                                          "ORDER BY rowid"))

    def test_run_writes_the_same_trace_by_the_name_of_the_file(self):
        for name, format_name in (("t.pftrace", "perfetto"), ("t.json", "json"),
                                  ("t.ftrace", "ftrace"), ("t.csv", "csv")):
            self.expect(0, "run", "busy.yaml", "--no-db", "--trace", name)
            self.assertEqual((self.folder / name).read_bytes(),
                             self.exported("--format", format_name), name)

    def test_a_run_without_a_timeline_or_an_unknown_run_is_refused(self):
        self.expect(0, "run", "busy.yaml", "--db", "plain.db")
        self.assertIn("--keep tasks,timeline",
                      self.expect(2, "export", "plain.db", "1", "-o", "t").stderr)
        self.expect(2, "export", "b.db", "99", "-o", "t")
        self.assertIn("perfetto", self.expect(2, "export", "b.db", "1", "-o", "t", "--format",
                                              "table").stderr)
        self.expect(1, "export", "b.db", "1", "-o", "no/such/folder/t")


if __name__ == "__main__":
    unittest.main()
