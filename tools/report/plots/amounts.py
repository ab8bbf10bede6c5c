"""latency, waterfall, memory and resources: what a run took, and how much of it."""

import math

import numpy
from matplotlib.patches import Patch

from shared import (COLOURS, HATCHES, LINES_MAX, Problem, chosen_run, has_table, look, new_figure,
                    point_title, points_with, run_title, scale_of, the_batch, three_digits,
                    time_unit, wrapped)

# Latencies ------------------------------------------------------------------------------------


NO_ITEMS = "no items are stored: run with --keep tasks"


def latency_series(database, options):
    """{(params, task): sorted latencies} of the newest batch with tasks, or of one run."""
    if options.run is not None:
        where, values = "task.run = ?", (options.run,)
    else:
        where, values = "point.batch = ?", (the_batch(
            database, options.batch, "SELECT DISTINCT point.batch FROM point JOIN run "
            "ON run.point = point.id WHERE run.id IN (SELECT run FROM task)", NO_ITEMS),)
    rows = database.execute(
        "SELECT v_point.scenario, v_point.params, task.task, task.readable_ns - task.submitted_ns "
        "FROM task JOIN run ON run.id = task.run JOIN point ON point.id = run.point "
        f"JOIN v_point ON v_point.point = point.id WHERE {where} "
        "ORDER BY point.ordinal, task.task, 4", values).fetchall()
    if not rows:
        raise Problem(3, NO_ITEMS)
    series = {}
    for _, params, task, latency in rows:
        series.setdefault((params, task), []).append(latency)
    return rows[0][0], series


def latency(database, options):
    scenario, series = latency_series(database, options)
    several = len({task for _, task in series}) > 1
    scale, unit = time_unit(max(max(values) for values in series.values()))
    figure = new_figure(9, 5.8)
    axes = figure.add_subplot()
    table = []
    for index, ((params, task), values) in enumerate(series.items()):
        values = numpy.array(values, dtype=float)
        share = 100.0 * numpy.arange(1, len(values) + 1) / len(values)
        table += [(params, task, int(value), float(y)) for value, y in zip(values, share)]
        if index >= LINES_MAX:
            continue
        style = look(index)
        label = ", ".join(part for part in (params, task if several or not params else "") if part)
        axes.step(values / scale, share, where="post", label=label, color=style["color"],
                  linestyle=style["linestyle"])
        marks = [numpy.quantile(values, q, method="inverted_cdf") / scale for q in (.5, .95, .99)]
        axes.plot(marks, [50, 95, 99], linestyle="", marker=style["marker"], color=style["color"],
                  markeredgecolor="black", markersize=5)
    if max(v[-1] for v in series.values()) > 50 * max(min(v[0] for v in series.values()), 1):
        axes.set_xscale("log")
        axes.xaxis.set_major_formatter("{x:g}")
    axes.set(xlabel=f"latency: submitted until the result can be read ({unit})",
             ylabel="items that were at most as slow (%)", ylim=(0, 101))
    axes.set_title(f"{scenario}: latency of items; marks at the median, 95 % and 99 %"
                   + (f"\nthe first {LINES_MAX} of {len(series)} lines"
                      if len(series) > LINES_MAX else ""))
    axes.grid(alpha=0.3)
    axes.legend(fontsize="small", loc="lower right")
    return figure, ["params", "task", "latency_ns", "share_percent"], table


# Costs ----------------------------------------------------------------------------------------

COSTS = [("ideal", "ideal: work alone"), ("gil", "the GIL"), ("start", "starting workers"),
         ("ipc", "moving data"), ("switch", "switching"), ("contention", "shared hardware"),
         ("rest", "the rest")]
PANELS_MAX = 6


def cost_points(database, options):
    needs = "no costs are stored: run with --costs"
    where, values = points_with(database, options, "series.name = 'cost_ideal'", needs)
    rows = database.execute(
        "SELECT point, name, mean FROM v_summary WHERE name LIKE 'cost\\_%' ESCAPE '\\' "
        f"AND entity = '' AND kind = 'simulated' AND {where} "
        "ORDER BY (SELECT ordinal FROM point WHERE point.id = v_summary.point), point",
        values).fetchall()
    points = {}
    for point, name, mean in rows:
        points.setdefault(point, {})[name.removeprefix("cost_")] = mean
    if not points:
        raise Problem(3, needs)
    return points


def waterfall(database, options):
    points = cost_points(database, options)
    shown = list(points)[:PANELS_MAX]
    top = max(sum(max(value, 0) for value in costs.values()) for costs in points.values())
    scale, unit = time_unit(top)
    columns = min(len(shown), 2)
    lines = -(-len(shown) // columns)
    figure = new_figure(5.2 * columns + 1, 3.6 * lines + 0.6)
    table = []
    scenario = point_title(database, shown[0])[0]
    for index, point in enumerate(shown):
        axes = figure.add_subplot(lines, columns, index + 1)
        params = point_title(database, point)[1]
        draw_waterfall(axes, points[point], scale, unit)
        axes.set_title(wrapped(params, 30), fontsize="small", loc="left")
    for point, costs in points.items():
        params = point_title(database, point)[1]
        table += [(scenario, params, name, costs[name]) for name, _ in COSTS if name in costs]
        table.append((scenario, params, "makespan", sum(costs.values())))
    title = f"{scenario}: what makes up the makespan"
    if len(shown) < len(points):
        title += f" (the first {len(shown)} of {len(points)} points)"
    figure.suptitle(title)
    waterfall_legend(figure)
    return figure, ["scenario", "params", "cost", "ns"], table


def draw_waterfall(axes, costs, scale, unit):
    level = 0.0
    # All numbers with the decimals that the makespan has: what is less than that is 0.
    total = sum(costs.values()) / scale
    decimals = max(0, 2 - math.floor(math.log10(total))) if total > 0 else 0
    names = [(name, label) for name, label in COSTS if name in costs]
    for x, (name, _) in enumerate(names):
        value = costs[name] / scale
        bottom = min(level, level + value)
        kind = 0 if name == "ideal" else (1 if value >= 0 else 2)
        axes.bar(x, abs(value), bottom=bottom, color=COLOURS[(0, 1, 2)[kind]],
                 hatch=HATCHES[kind], edgecolor="black", linewidth=0.5)
        number = f"{value:+.{decimals}f}" if x else f"{value:.{decimals}f}"
        axes.text(x, bottom + abs(value), number if float(number) else "0", ha="center",
                  va="bottom", fontsize=8)
        axes.plot([x + 0.4, x + 1.4], [level + value] * 2, color="black", linewidth=0.7)
        level += value
    axes.bar(len(names), level, color="0.6", edgecolor="black", linewidth=0.5, hatch="xx")
    axes.text(len(names), level, f"{level:.{decimals}f}", ha="center", va="bottom", fontsize=8,
              fontweight="bold")
    axes.set_xticks(range(len(names) + 1), [label for _, label in names] + ["makespan"],
                    rotation=35, ha="right", fontsize=8)
    axes.set_ylabel(f"time ({unit})")
    axes.use_sticky_edges = False  # a bar of no height would leave no room for its number
    axes.margins(y=0.12)
    axes.set_ylim(bottom=min(0.0, *(bar.get_y() for bar in axes.patches)) * 1.12)


def waterfall_legend(figure):
    looks = [("work alone", COLOURS[0], HATCHES[0]), ("adds", COLOURS[1], HATCHES[1]),
             ("saves", COLOURS[2], HATCHES[2])]
    figure.legend(handles=[Patch(facecolor=colour, hatch=hatch, edgecolor="black", label=label)
                           for label, colour, hatch in looks], fontsize=8, ncols=3, frameon=False,
                  loc="lower center")
    height = 0.3 / figure.get_figheight()
    figure.get_layout_engine().set(rect=(0, height, 1, 1 - height))


# Memory ---------------------------------------------------------------------------------------

BARS_MAX = 40
NO_MEMORY = "no memory is stored: this version or scenario does not model it (metric peak_memory)"


def memory_rows(database, options):
    where, values = points_with(database, options, "series.name = 'peak_memory'", NO_MEMORY)
    return database.execute(
        "SELECT scenario, params, entity, name, mean, low, high, point FROM v_summary "
        f"WHERE name IN ('peak_memory', 'peak_rss') AND kind = 'simulated' AND {where} "
        "ORDER BY (SELECT ordinal FROM point WHERE point.id = v_summary.point), point, "
        "entity = '', entity, name", values).fetchall()


def memory(database, options):
    rows = memory_rows(database, options)
    if not rows:
        raise Problem(3, NO_MEMORY)
    point = rows[0][7]  # one picture: the processes of one point
    own = [row for row in rows if row[7] == point]
    entities = list(dict.fromkeys(row[2] for row in own))
    processes = [entity for entity in entities if entity][:BARS_MAX]
    shown = processes + ([""] if "" in entities and len(processes) != 1 else [])
    scale, unit = scale_of("B", max(row[4] for row in own))
    figure = new_figure(9, min(2 + 0.42 * len(shown), 24))
    axes = figure.add_subplot()
    kinds = [("peak_memory", "memory, shared pages divided (PSS)"), ("peak_rss", "resident (RSS)")]
    kinds = [kind for kind in kinds if any(row[3] == kind[0] for row in own)]
    for index, (name, label) in enumerate(kinds):
        values = {row[2]: row[4] / scale for row in own if row[3] == name}
        places = [at for at, entity in enumerate(shown) if entity in values]
        height = 0.8 / len(kinds)
        heights = [place - 0.4 + height * (index + 0.5) for place in places]
        axes.barh(heights, [values[shown[place]] for place in places], height=height, label=label,
                  color=COLOURS[index], hatch=HATCHES[index], edgecolor="black", linewidth=0.5)
        for at, place in zip(heights, places):
            axes.annotate(three_digits(values[shown[place]]), (values[shown[place]], at),
                          xytext=(3, 0), textcoords="offset points", va="center", fontsize=8)
    axes.set_yticks(range(len(shown)), [entity or "all together" for entity in shown])
    axes.set_ylim(len(shown) - 0.4, -0.6)
    axes.margins(x=0.1)
    axes.set_xlabel(f"highest use ({unit})")
    points = len({row[7] for row in rows})
    title = f"{rows[0][0]}: memory by process" + (f"\n{wrapped(own[0][1])}" if own[0][1] else "")
    axes.set_title(title + (f" (the first of {points} points; --run N for another)"
                            if points > 1 else ""), fontsize="medium", loc="left")
    figure.legend(fontsize="small", ncols=2, frameon=False, loc="lower center")
    height = 0.3 / figure.get_figheight()
    figure.get_layout_engine().set(rect=(0, height, 1, 1 - height))
    return figure, ["scenario", "params", "process", "metric", "bytes", "low", "high"], [
        row[:7] for row in rows]


# What psutil would show -----------------------------------------------------------------------

PROCESSES_MAX = 8


def resource_rows(database, options):
    nothing = "no samples of processes are stored: run with --keep timeline"
    run = chosen_run(database, options, "resource", nothing)
    if not has_table(database, "resource"):  # a file of an older version
        raise Problem(3, nothing)
    rows = database.execute(
        "SELECT at_ns, entity, cpu_percent, rss, pss, num_threads FROM resource "
        "WHERE run = ? ORDER BY at_ns, entity", (run,)).fetchall()
    if not rows:
        raise Problem(3, f"no samples of processes are stored for run {run}: run with "
                         "--keep timeline")
    return run, rows


def resources(database, options):
    run, rows = resource_rows(database, options)
    of_processes = [row for row in rows if row[3] is not None]
    busiest = {}
    for row in of_processes:
        busiest[row[1]] = max(busiest.get(row[1], 0), row[4] or 0)
    names = sorted((name for name in busiest if name), key=lambda name: (-busiest[name], name))
    together = [""] if "" in busiest and len(names) != 1 else []
    shown = sorted(names[:PROCESSES_MAX]) + together
    scale, unit = time_unit(max(row[0] for row in rows))
    size, size_unit = scale_of("B", max(max(row[3], row[4]) for row in of_processes))
    figure = new_figure(11, 6.5)
    upper, lower = figure.subplots(2, 1, sharex=True)
    for index, name in enumerate(shown):
        own = [row for row in of_processes if row[1] == name]
        style = {"color": "black", "marker": "", "linestyle": "-", "linewidth": 1} if not name \
            else {**look(index), "markersize": 4, "markevery": max(1, len(own) // 12)}
        times = [row[0] / scale for row in own]
        # A sample says what happened since the one before it.
        upper.plot(times, [row[2] for row in own], drawstyle="steps-pre",
                   label=name or "all together", **style)
        lower.plot(times, [row[4] / size for row in own], **style)
    upper.set_ylabel("CPU (%; 100: one CPU)")
    lower.set_ylabel(f"memory, PSS ({size_unit})")
    lower.set_xlabel(f"time since main's first step ({unit})")
    for axes in (upper, lower):
        axes.set_ylim(bottom=0)
        axes.grid(alpha=0.3)
    upper.legend(loc="lower right", bbox_to_anchor=(1, 1), ncols=5, fontsize="small",
                 frameon=False)
    title = run_title(database, run, "what psutil would show")
    if len(names) > PROCESSES_MAX:
        title += f"\nthe {PROCESSES_MAX} largest of {len(names)} processes"
    figure.suptitle(title, x=0.01, ha="left", fontsize="medium")
    return figure, ["at_ns", "entity", "cpu_percent", "rss", "pss", "num_threads"], rows
