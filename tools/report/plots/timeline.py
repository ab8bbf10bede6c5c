"""gantt, gil, timeline and utilisation: what happened when in one run."""

import numpy
from matplotlib.patches import Patch

from shared import (COLOURS, CPU_STATES, HATCHES, LINES, STATE_NAMES, STATES, THREADS_MAX, Problem,
                    chosen_run, has_table, new_figure, points_with, run_title, three_digits,
                    time_unit, wrapped)

NEEDS = "no timeline is stored: run with --keep timeline"


def slices_of(database, options):
    run = chosen_run(database, options, "slice", NEEDS)
    rows = database.execute("SELECT run, entity, cpu, start_ns, end_ns, state FROM slice "
                            "WHERE run = ? ORDER BY start_ns, entity", (run,)).fetchall()
    if not rows:
        raise Problem(3, f"no timeline is stored for run {run}: run with --keep timeline")
    return run, rows


def bars(axes, lanes, rows, lane_of, scale):
    """Draws the slices of each lane; one call a state and lane keeps large timelines fast."""
    by_lane = {}
    for row in rows:
        by_lane.setdefault((lane_of(row), row[5]), []).append(
            (row[3] / scale, (row[4] - row[3]) / scale))
    for position, lane in enumerate(lanes):
        for state, (colour, hatch) in STATES.items():
            spans = by_lane.get((lane, state))
            if spans:
                # Hatches of slices narrower than a pixel would paint everything black.
                edge = 0.3 if len(spans) < 400 else 0.0
                axes.broken_barh(spans, (position - 0.4, 0.8), facecolors=colour, hatch=hatch,
                                 edgecolor="black" if edge else colour, linewidth=edge)
    axes.set_yticks(range(len(lanes)), [str(lane) for lane in lanes])
    axes.set_ylim(len(lanes) - 0.5, -0.5)


def state_legend(axes, rows):
    names = [Patch(facecolor=colour, hatch=hatch, edgecolor="black", label=STATE_NAMES[state])
             for state, (colour, hatch) in STATES.items() if any(row[5] == state for row in rows)]
    axes.legend(handles=names, loc="lower right", bbox_to_anchor=(1, 1), ncols=len(names),
                fontsize="small", frameon=False)


def cpu_states_of(database, run):
    if not has_table(database, "cpu_state"):
        return []
    return database.execute("SELECT cpu, start_ns, end_ns, state FROM cpu_state WHERE run = ? "
                            "ORDER BY cpu, start_ns", (run,)).fetchall()


def state_strips(axes, cpus, stretches, scale):
    """A strip at the foot of each CPU's lane: alone, beside a busy sibling, time-shared."""
    by_lane = {}
    for cpu, start, end, state in stretches:
        if cpu in cpus:
            by_lane.setdefault((cpus.index(cpu), state), []).append(
                (start / scale, (end - start) / scale))
    for (position, state), spans in by_lane.items():
        colour, hatch, _ = CPU_STATES[state]
        edge = 0.3 if len(spans) < 400 else 0.0
        axes.broken_barh(spans, (position + 0.22, 0.18), facecolors=colour, hatch=hatch,
                         edgecolor="black" if edge else colour, linewidth=edge)
    if by_lane:
        present = {state for _, state in by_lane}
        first = axes.get_legend()
        axes.legend(handles=[Patch(facecolor=colour, hatch=hatch, edgecolor="black", label=label)
                             for state, (colour, hatch, label) in CPU_STATES.items()
                             if state in present],
                    loc="lower left", bbox_to_anchor=(0, 1), ncols=3, fontsize="small",
                    frameon=False)
        axes.add_artist(first)


def gantt_figure(title, rows, stretches):
    threads = list(dict.fromkeys(row[1] for row in rows))
    shown = threads[:THREADS_MAX]
    cpus = sorted({row[2] for row in rows if row[2] is not None})
    scale, unit = time_unit(max(row[4] for row in rows))
    height = 2.5 + 0.25 * (len(cpus) + len(shown))
    figure = new_figure(11, min(height, 40))
    upper, lower = figure.subplots(
        2, 1, sharex=True, height_ratios=[max(len(cpus), 1) + 1, len(shown) + 1])
    bars(upper, cpus, [row for row in rows if row[5] == "running"], lambda row: row[2], scale)
    bars(lower, shown, rows, lambda row: row[1], scale)
    name_runners(upper, cpus, rows, scale)
    upper.set_ylabel("CPU")
    lower.set_ylabel("thread")
    lower.set_xlabel(f"time since main's first step ({unit})")
    figure.suptitle(title, x=0.01, ha="left", fontsize="medium")
    if len(shown) < len(threads):
        lower.set_title(f"the first {len(shown)} of {len(threads)} threads", fontsize="small")
    state_legend(upper, rows)
    state_strips(upper, cpus, stretches, scale)
    return figure


def name_runners(axes, cpus, rows, scale):
    """The thread's name in each stretch on a CPU that is wide enough for it."""
    begin = min(row[3] for row in rows)
    width = (max(row[4] for row in rows) - begin) / scale
    for row in rows:
        length = (row[4] - row[3]) / scale
        if row[5] == "running" and row[2] is not None and length > width * 0.011 * len(row[1]):
            axes.text((row[3] + row[4]) / 2 / scale, cpus.index(row[2]), row[1], color="white",
                      ha="center", va="center", fontsize=7, clip_on=True)


def gantt(database, options):
    run, rows = slices_of(database, options)
    title = run_title(database, run, "who runs when")
    return (gantt_figure(title, rows, cpu_states_of(database, run)),
            ["run", "thread", "cpu", "start_ns", "end_ns", "state"], rows)


# The GIL --------------------------------------------------------------------------------------


def gil_rows(database, options):
    """(process, thread, start, end, held or waits) of one run."""
    nobody = "nobody held a GIL in a stored timeline: run Python with --keep timeline"
    run = chosen_run(database, options, "gil_hold", nobody)
    if not has_table(database, "gil_hold"):  # a file of an older version
        raise Problem(3, nobody)
    held = database.execute("SELECT process, entity, start_ns, end_ns, 'held' FROM gil_hold "
                            "WHERE run = ?", (run,)).fetchall()
    if not held:
        raise Problem(3, f"nobody held a GIL in the timeline of run {run}: it is not Python, has "
                         "no GIL, or was run without --keep timeline")
    process = {row[1]: row[0] for row in held}
    waits = database.execute("SELECT entity, start_ns, end_ns FROM slice "
                             "WHERE run = ? AND state = 'gil_wait'", (run,)).fetchall()
    rows = held + [(process.get(row[0], ""), *row, "waits") for row in waits]
    return run, sorted(rows, key=lambda row: (row[0], row[2], row[1]))


def gil(database, options):
    run, rows = gil_rows(database, options)
    lanes = list(dict.fromkeys((row[0], row[1]) for row in rows))
    shown = lanes[:THREADS_MAX]
    processes = {lane[0] for lane in lanes}
    scale, unit = time_unit(max(row[3] for row in rows))
    figure = new_figure(11, min(2.2 + 0.3 * len(shown), 40))
    axes = figure.add_subplot()
    looks = {"held": ("held", *STATES["running"]), "waits": ("waits for it", *STATES["gil_wait"])}
    for position, lane in enumerate(shown):
        for what, (_, colour, hatch) in looks.items():
            spans = [(row[2] / scale, (row[3] - row[2]) / scale) for row in rows
                     if (row[0], row[1]) == lane and row[4] == what]
            if spans:
                axes.broken_barh(spans, (position - 0.4, 0.8), facecolors=colour, hatch=hatch,
                                 edgecolor="black", linewidth=0.3 if len(spans) < 400 else 0)
    axes.set_yticks(range(len(shown)),
                    [lane[1] if len(processes) == 1 or lane[0] in ("", lane[1])
                     else f"{lane[1]} (GIL of {lane[0]})" for lane in shown])
    axes.set_ylim(len(shown) - 0.5, -0.5)
    axes.set_xlabel(f"time since main's first step ({unit})")
    held = sum(row[3] - row[2] for row in rows if row[4] == "held")
    waited = sum(row[3] - row[2] for row in rows if row[4] == "waits")
    begin, end = database.execute("SELECT min(start_ns), max(end_ns) FROM slice WHERE run = ?",
                                  (run,)).fetchone()
    span = end - begin
    if len({row[0] for row in rows if row[4] == "held"}) == 1:
        holding = f"the GIL was held {100 * held / span:.0f} % of the time"
    else:
        holding = f"the GILs of all processes were held {three_digits(held / scale)} {unit} in all"
    figure.suptitle(run_title(database, run, "who holds the GIL, who waits for it")
                    + f"\n{holding}; all threads together waited "
                    f"{three_digits(waited / scale)} {unit}",
                    x=0.01, ha="left", fontsize="medium")
    axes.legend(handles=[Patch(facecolor=colour, hatch=hatch, edgecolor="black", label=label)
                         for label, colour, hatch in looks.values()],
                loc="lower right", bbox_to_anchor=(1, 1), ncols=2, fontsize="small",
                frameon=False)
    if len(shown) < len(lanes):
        axes.set_title(f"the first {len(shown)} of {len(lanes)} threads", fontsize="small",
                       loc="left")
    return figure, ["process", "thread", "start_ns", "end_ns", "what"], rows


# Lines over time ------------------------------------------------------------------------------


def mean_counts(rows, edges):
    """How many threads are in a state, averaged over each stretch between two edges."""
    starts = numpy.array([row[3] for row in rows], dtype=float)
    ends = numpy.array([row[4] for row in rows], dtype=float)
    # Time spent before an edge by all: its differences are the time spent between edges.
    times = numpy.concatenate([starts, ends])
    steps = numpy.concatenate([numpy.ones(len(rows)), -numpy.ones(len(rows))])
    order = numpy.argsort(times, kind="stable")
    times, level = times[order], numpy.cumsum(steps[order])
    area = numpy.concatenate([[0.0], numpy.cumsum(level[:-1] * numpy.diff(times))])
    spent = numpy.interp(edges, times, area)
    return numpy.diff(spent) / numpy.diff(edges)


def timeline(database, options):
    run, rows = slices_of(database, options)
    begin, end = min(row[3] for row in rows), max(row[4] for row in rows)
    edges = numpy.linspace(begin, end, 241)
    scale, unit = time_unit(end)
    cpus = len({row[2] for row in rows if row[2] is not None})
    figure = new_figure(11, 6)
    upper, lower = figure.subplots(2, 1, sharex=True)
    middle = (edges[:-1] + edges[1:]) / 2
    table = [(float(at),) for at in middle]
    for axes, states in ((upper, ("running", "ready")), (lower, ("gil_wait", "blocked"))):
        for index, state in enumerate(states):
            chosen = [row for row in rows if row[5] == state]
            count = mean_counts(chosen, edges) if chosen else numpy.zeros(len(middle))
            axes.plot(middle / scale, count, drawstyle="steps-mid", label=STATE_NAMES[state],
                      color=COLOURS[index], linestyle=LINES[index])
            table = [(*row, float(value)) for row, value in zip(table, count)]
        axes.set_ylim(bottom=0)
        axes.grid(alpha=0.3)
        axes.set_ylabel("threads")
        axes.legend(loc="lower right", bbox_to_anchor=(1, 1), ncols=2, fontsize="small",
                    frameon=False)
    top = upper.get_ylim()[1]
    if cpus <= 4 * top:  # else all that runs would lie flat below the line
        upper.set_ylim(top=max(top, 1.15 * cpus))
        upper.axhline(cpus, color="black", linewidth=1, linestyle=(0, (1, 3)))
        upper.annotate(f"{cpus} CPUs were used", (begin / scale, cpus), xytext=(2, 2),
                       textcoords="offset points", fontsize=8)
    lower.set_xlabel(f"time since main's first step ({unit}), means over 1/240 of the run")
    figure.suptitle(run_title(database, run, "what threads do over time"), x=0.01, ha="left",
                    fontsize="medium")
    return figure, ["time_ns", "running", "ready", "gil_wait", "blocked"], table


# Utilisation ----------------------------------------------------------------------------------


def utilisation(database, options):
    where, values = points_with(
        database, options, "series.name = 'cpu_utilization' AND series.entity <> ''",
        "no figures of single CPUs are stored: run with --keep threads")
    rows = database.execute(
        f"SELECT scenario, params, CAST(entity AS INTEGER), mean, low, high FROM v_summary "
        f"WHERE {where} AND name = 'cpu_utilization' AND entity <> '' AND kind = 'simulated' "
        "ORDER BY (SELECT ordinal FROM point WHERE point.id = v_summary.point), point, 3",
        values).fetchall()
    points = list(dict.fromkeys(row[1] for row in rows))
    cpus = sorted({row[2] for row in rows})
    grid = numpy.full((len(points), len(cpus)), numpy.nan)
    for row in rows:
        grid[points.index(row[1]), cpus.index(row[2])] = 100 * row[3]
    if len(points) == 1:
        return utilisation_bars(rows, cpus), *utilisation_table(rows)
    figure = new_figure(min(4 + 0.55 * len(cpus), 24), min(2 + 0.35 * len(points), 30))
    axes = figure.add_subplot()
    image = axes.imshow(grid, aspect="auto", cmap="cividis", vmin=0, vmax=100)
    if grid.size <= 400:
        for (y, x), value in numpy.ndenumerate(grid):
            axes.text(x, y, "" if numpy.isnan(value) else f"{value:.0f}", ha="center",
                      va="center", fontsize=7, color="white" if value < 55 else "black")
    axes.set_xticks(range(len(cpus)), cpus)
    axes.set_yticks(range(len(points)), [point or "base" for point in points], fontsize="small")
    axes.set(xlabel="CPU", title=f"{rows[0][0]}: how busy each CPU is (%)")
    figure.colorbar(image, ax=axes, label="busy (% of the run)")
    return figure, *utilisation_table(rows)


def utilisation_table(rows):
    return ["scenario", "params", "cpu", "busy", "low", "high"], rows


def utilisation_bars(rows, cpus):
    figure = new_figure(min(4 + 0.4 * len(cpus), 24), 4.2)
    axes = figure.add_subplot()
    share = [100 * row[3] for row in rows]
    half = [100 * (row[5] - row[3]) if row[5] is not None else 0 for row in rows]
    axes.bar(range(len(cpus)), share, yerr=half, capsize=3, color=COLOURS[0], hatch=HATCHES[0],
             edgecolor="black")
    for x, value in enumerate(share):
        axes.text(x, value + 1, f"{value:.0f} %", ha="center", fontsize=8)
    axes.set_xticks(range(len(cpus)), cpus)
    axes.set(xlabel="CPU", ylabel="busy (% of the run)", ylim=(0, 112),
             title=wrapped(f"{rows[0][0]}: how busy each CPU is"
                           + (f", {rows[0][1]}" if rows[0][1] else "")))
    return figure
