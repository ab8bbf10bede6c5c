"""speedup, efficiency and heatmap: what a sweep's parameters do."""

import math
import re

import numpy

import fits
from shared import (LINES_MAX, Problem, batches_with, look, new_figure, scale_of, the_batch,
                    three_digits, wrapped)

NEEDS_SWEEP = ("no sweep here has a numeric parameter with several values: "
               "run a scenario with a matrix, e.g. workers: [1, 2, 4]")


def counts_workers(database, batch, axis):
    """Whether more of `axis` means more that work at once: else scaling laws say nothing."""
    if re.fullmatch(r"workers|cores|cpus|threads|processes|packages", axis.split(".")[-1]):
        return True
    yaml = database.execute("SELECT yaml FROM scenario JOIN batch ON batch.scenario = scenario.id "
                            "WHERE batch.id = ?", (batch,)).fetchone()[0]
    place = r"(workers|cores|packages|threads):\s*[\"']?\$\{" + re.escape(axis) + r"\}"
    return re.search(place, yaml) is not None


def sweep_rows(database, wanted):
    """Rows of v_speedup over one numeric axis of a batch, and whether the axis counts workers.

    Of several axes one that does, then the one with most values."""
    batch = the_batch(database, wanted, "SELECT batch FROM v_speedup WHERE kind = 'simulated' "
                      "AND number IS NOT NULL GROUP BY batch, axis "
                      "HAVING count(DISTINCT number) > 1", NEEDS_SWEEP)
    names = [row[0] for row in database.execute(
        "SELECT axis FROM v_speedup WHERE batch = ? AND number IS NOT NULL "
        "AND kind = 'simulated' GROUP BY axis HAVING count(DISTINCT number) > 1 "
        "ORDER BY count(DISTINCT number) DESC, axis", (batch,))]
    workers = [name for name in names if counts_workers(database, batch, name)]
    rows = database.execute(
        "SELECT scenario, axis, others, number, base_value, n, speedup, low, high, makespan_ns, "
        "(SELECT unit FROM param WHERE param.point = v_speedup.point AND param.name = axis) "
        "FROM v_speedup WHERE batch = ? AND axis = ? AND kind = 'simulated' "
        "AND number IS NOT NULL ORDER BY others, number", (batch, (workers or names)[0])).fetchall()
    return rows, bool(workers)


def fitted(line):
    """The laws for one line of rows, where its values are counts."""
    values = [row[3] for row in line]
    if line[0][10] != "" or any(value < 1 or value != int(value) for value in values):
        return []
    found = [fits.fit(law, values, [row[9] for row in line]) for law in ("Amdahl", "USL")]
    return [one for one in found if one is not None]


def lines_of(rows):
    """others -> its rows, the first LINES_MAX of them."""
    names = list(dict.fromkeys(row[2] for row in rows))
    return {name: [row for row in rows if row[2] == name] for name in names[:LINES_MAX]}, names


def speedup_data(database, batch):
    rows, workers = sweep_rows(database, batch)
    laws = {name: {law.law: law for law in fitted(line)}
            for name, line in lines_of(rows)[0].items()} if workers else {}
    table = []
    for row in rows:
        base = next(other for other in rows if other[2] == row[2])
        own = laws.get(row[2], {})
        predicted = [float(own[law].time(base[3]) / own[law].time(row[3])) if law in own else None
                     for law in ("Amdahl", "USL")]
        table.append(tuple(row[:9]) + tuple(predicted))
    header = ["scenario", "axis", "others", "value", "base_value", "n", "speedup", "low", "high",
              "amdahl", "usl"]
    return header, table, rows, workers


def numeric_axis(axes, values):
    """Ticks at the values that were swept; logarithmic where they double."""
    if values[0] > 0 and len(values) > 3 and values[-1] / values[0] >= 16:
        axes.set_xscale("log", base=2)
    shown = values if len(values) <= 12 else values[::len(values) // 12 + 1]
    axes.set_xticks(shown, [f"{value:g}" for value in shown])
    axes.minorticks_off()


def draw_lines(axes, rows, height, with_fits):
    lines, names = lines_of(rows)
    notes = []
    for index, (others, line) in enumerate(lines.items()):
        x = [row[3] for row in line]
        y = [height(row, row[6], line) for row in line]
        below = [height(row, row[6] - row[7], line) if row[7] is not None else 0.0 for row in line]
        above = [height(row, row[8] - row[6], line) if row[8] is not None else 0.0 for row in line]
        style = look(index)
        axes.errorbar(x, y, yerr=[below, above], label=others or "simulated", capsize=3, **style)
        if not with_fits or len(lines) > 4:
            continue
        smooth = numpy.linspace(x[0], x[-1], 100)
        for law in fitted(line):
            curve = [height((0, 0, 0, n), float(law.time(x[0]) / law.time(n)), line)
                     for n in smooth]
            axes.plot(smooth, curve, color=style["color"], linewidth=0.9,
                      linestyle=(0, (5, 1)) if law.law == "Amdahl" else (0, (1, 1)),
                      label=f"_{law.law} {others}")
            notes.append((others + ", " if others else "") + law.text())
    if notes:
        notes.insert(0, "fits: long dashes Amdahl, short dots USL")
    if len(names) > len(lines):
        notes.append(f"the first {len(lines)} of {len(names)} lines are shown")
    return notes


def with_notes(axes, notes):
    """Fits in words, below the picture."""
    if notes:
        axes.annotate("\n".join(notes),
                      (0, 0), xytext=(0, -44), xycoords="axes fraction",
                      textcoords="offset points", va="top", fontsize=8, annotation_clip=False)


def speedup_figure(rows, workers):
    figure = new_figure(8, 6.2)
    axes = figure.add_subplot()
    scenario, axis, base = rows[0][0], rows[0][1], rows[0][4]
    notes = draw_lines(axes, rows, lambda row, value, line: value, with_fits=workers)
    values = sorted({row[3] for row in rows})
    if workers and values[0] > 0:
        top = max(row[8] or row[6] for row in rows)
        ideal = numpy.linspace(values[0], min(values[-1], 1.15 * top * values[0]), 50)
        axes.plot(ideal, ideal / values[0], color="black", linewidth=1, linestyle=(0, (1, 3)),
                  label="ideal")
    axes.set_xlabel(axis)
    axes.set_ylabel(f"speed-up over {axis} = {base} (times)")
    axes.set_title(f"{scenario}: speed-up by {axis}, 95 % intervals")
    numeric_axis(axes, values)
    axes.set_ylim(bottom=0)
    axes.grid(alpha=0.3)
    axes.legend()
    with_notes(axes, notes)
    return figure


def speedup(database, options):
    header, table, rows, workers = speedup_data(database, options.batch)
    return speedup_figure(rows, workers), header, table


def efficiency(database, options):
    header, table, rows, workers = speedup_data(database, options.batch)
    if not workers or min(row[3] for row in rows) <= 0:
        raise Problem(3, f"{rows[0][1]} does not say how many work at once: efficiency needs an "
                         "axis such as workers or machine.cores")
    figure = new_figure(8, 6.2)
    axes = figure.add_subplot()
    scenario, axis, base = rows[0][0], rows[0][1], rows[0][4]
    notes = draw_lines(axes, rows, lambda row, value, line: 100 * value * line[0][3] / row[3],
                       with_fits=True)
    axes.axhline(100, color="black", linewidth=1, linestyle=(0, (1, 3)), label="ideal")
    axes.set_xlabel(axis)
    axes.set_ylabel(f"efficiency: speed-up over {axis} = {base}, per {axis} (%)")
    axes.set_title(f"{scenario}: efficiency by {axis}, 95 % intervals")
    numeric_axis(axes, sorted({row[3] for row in rows}))
    axes.set_ylim(bottom=0)
    axes.grid(alpha=0.3)
    axes.legend()
    with_notes(axes, notes)
    table = [tuple(row[:6]) + tuple(value if value is None else value * float(own[3]) / row[3]
                                    for value in row[6:])
             for row, own in ((row, next(r for r in table if r[2] == row[2])) for row in table)]
    return figure, [*header[:6], "efficiency", *header[7:]], table


# Heat map -------------------------------------------------------------------------------------


def two_axes(database, batch):
    """The two parameters of a batch with the most values, the one with more first."""
    found = database.execute(
        "SELECT name FROM param JOIN point ON point.id = param.point WHERE batch = ? "
        "GROUP BY name HAVING count(DISTINCT value) > 1 "
        "ORDER BY count(DISTINCT value) DESC, min(number) IS NULL, name LIMIT 2",
        (batch,)).fetchall()
    return [row[0] for row in found]


def heatmap_cells(database, metric, wanted):
    has_it = batches_with("series.name = '{}' AND series.entity = ''".format(
        metric.replace("'", "''")))
    batch = the_batch(
        database, wanted,
        f"SELECT batch FROM ({has_it}) AS found WHERE 2 <= (SELECT count(*) FROM "
        "(SELECT 1 FROM param JOIN point AS own ON own.id = param.point WHERE own.batch = found.batch GROUP BY name "
        "HAVING count(DISTINCT value) > 1))",
        f"no sweep with two parameters has the metric {metric}: run a scenario with "
        "a matrix over two, e.g. workers and chunksize")
    axes = two_axes(database, batch)
    rows = database.execute(
        "SELECT x.value, x.number, y.value, y.number, s.mean, s.unit, s.scenario, s.params "
        "FROM v_summary AS s JOIN param AS x ON x.point = s.point AND x.name = ? "
        "JOIN param AS y ON y.point = s.point AND y.name = ? "
        "WHERE s.batch = ? AND s.name = ? AND s.entity = '' AND s.kind = 'simulated' "
        "AND s.mean IS NOT NULL", (*axes, batch, metric)).fetchall()
    if not rows:
        raise Problem(3, f"no point of batch {batch} has both {axes[0]} and {axes[1]}")
    return axes, rows


MORE_IS_BETTER = {"throughput", "tasks_done", "cpu_utilization"}


def heatmap(database, options):
    metric = options.metric or "makespan"
    (x_name, y_name), rows = heatmap_cells(database, metric, options.batch)
    better = max if metric in MORE_IS_BETTER else min
    best_of = {}  # (x, y): the best row over all other parameters
    for row in rows:
        key = (row[0], row[2])
        kept = best_of.get(key)
        best_of[key] = row if kept is None else better(kept, row, key=lambda it: it[4])
    order = lambda at: sorted({(row[at + 1] is None, row[at + 1] or 0, row[at]) for row in rows})
    xs = [value for *_, value in order(0)]
    ys = [value for *_, value in order(2)]
    scale, unit = scale_of(rows[0][5], max(abs(row[4]) for row in rows))
    grid = numpy.full((len(ys), len(xs)), math.nan)
    for (x, y), row in best_of.items():
        grid[ys.index(y), xs.index(x)] = row[4] / scale
    figure = new_figure(min(3 + 0.75 * len(xs), 24), min(2.2 + 0.5 * len(ys), 24))
    axes = figure.add_subplot()
    image = axes.imshow(grid, aspect="auto", cmap="cividis", origin="lower")
    best = better(best_of.values(), key=lambda row: row[4])
    annotate_cells(axes, grid, (xs.index(best[0]), ys.index(best[2])), image)
    axes.set_xticks(range(len(xs)), [value or "base" for value in xs])
    axes.set_yticks(range(len(ys)), [value or "base" for value in ys])
    axes.set(xlabel=x_name, ylabel=y_name)
    label = f"{metric} ({unit})" if unit else metric
    figure.colorbar(image, ax=axes, label=label)
    folded = len(rows) > len(best_of)
    axes.set_title(wrapped(f"{rows[0][6]}: {label}" + (", best over other parameters" if folded
                                                       else "") + ", ★ best: " + best[7], 60),
                   fontsize="medium")
    table = [(row[6], row[0], row[2], row[4], row[5], row is best, row[7])
             for row in best_of.values()]
    return figure, ["scenario", x_name, y_name, metric, "unit", "best", "params"], table


def annotate_cells(axes, grid, best, image):
    """A number in each cell where there is room, and a star with a frame at the best."""
    many = grid.size > 400
    for y in range(grid.shape[0]):
        for x in range(grid.shape[1]):
            value = grid[y, x]
            star = (x, y) == best
            if many and not star:
                continue
            text = "" if math.isnan(value) or many else three_digits(value)
            dark = not math.isnan(value) and image.norm(value) < 0.55
            axes.text(x, y, ("★ " if star else "") + text, ha="center", va="center", fontsize=8,
                      fontweight="bold" if star else "normal", color="white" if dark else "black")
    x, y = best
    axes.plot([x - .48, x + .48, x + .48, x - .48, x - .48],
              [y - .48, y - .48, y + .48, y + .48, y - .48], color="#D55E00", linewidth=3)
