"""validation and error: predictions beside measurements."""

import statistics

from matplotlib.ticker import LogLocator

from shared import COLOURS, HATCHES, MARKERS, Problem, new_figure, time_unit

NEEDS = "nothing was validated into this database: timeslice validate FILE --db DB"


def shown_batches(batch):
    """SQL for the rows of one batch, or of the newest of each scenario."""
    return "batch IN (SELECT max(id) FROM batch GROUP BY scenario)" if batch is None else \
        f"batch = {batch:d}"


def validation_data(database, batch):
    rows = database.execute(
        "SELECT scenario, params, predicted, predicted_low, predicted_high, measured, error, "
        "error_raw, error_null FROM v_error WHERE name = 'makespan' AND measured > 0 "
        f"AND predicted IS NOT NULL AND {shown_batches(batch)} ORDER BY scenario, "
        "measured").fetchall()
    if not rows:
        raise Problem(3, NEEDS)
    return ["scenario", "params", "predicted_ns", "predicted_low_ns", "predicted_high_ns",
            "measured_ns", "error", "error_raw", "error_null"], rows


def error_of(row):
    return row[6] if row[6] is not None else row[2] / row[5] - 1


def validation_figure(rows):
    figure = new_figure(8, 7)
    axes = figure.add_subplot()
    scale, unit = time_unit(max(row[5] for row in rows))
    ends = [min(min(row[2], row[5]) for row in rows) / scale * 0.7,
            max(max(row[2], row[5]) for row in rows) / scale * 1.4]
    axes.fill_between(ends, [0.9 * end for end in ends], [1.1 * end for end in ends],
                      color="0.85", label="within 10 %")
    axes.plot(ends, ends, color="black", linewidth=1, label="predicted = measured")
    for index, scenario in enumerate(sorted({row[0] for row in rows})):
        points = [row for row in rows if row[0] == scenario]
        low = [max(row[2] - row[3], 0) / scale if row[3] is not None else 0 for row in points]
        high = [max(row[4] - row[2], 0) / scale if row[4] is not None else 0 for row in points]
        axes.errorbar([row[5] / scale for row in points], [row[2] / scale for row in points],
                      yerr=[low, high], linestyle="", capsize=3, label=scenario,
                      marker=MARKERS[index % len(MARKERS)], color=COLOURS[index % len(COLOURS)])
    # Only the worst are named where there are many: labels on top of each other say nothing.
    worst = sorted(rows, key=lambda row: -abs(error_of(row)))[:8]
    named = rows if len(rows) <= 8 else worst
    for row in named:
        above = error_of(row) > 0
        axes.annotate(f"{100 * error_of(row):+.1f} %" + (f"  {row[1]}" if row[1] else ""),
                      (row[5] / scale, row[2] / scale), xytext=(-6, 3) if above else (6, -9),
                      textcoords="offset points", fontsize=7, ha="right" if above else "left")
    title = "Predicted against measured, 95 % intervals of the prediction"
    if len(named) < len(rows):
        title += f"\nthe {len(named)} largest of {len(rows)} errors are named"
    axes.set(xscale="log", yscale="log", xlim=ends, ylim=ends,
             xlabel=f"measured makespan ({unit})", ylabel=f"predicted makespan ({unit})",
             title=title)
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        axis.set_major_formatter("{x:g}")
        axis.set_minor_formatter("")
    axes.legend(loc="upper left", fontsize="small")
    return figure


def validation(database, options):
    header, rows = validation_data(database, options.batch)
    return validation_figure(rows), header, rows


# Error by class -------------------------------------------------------------------------------

KINDS = [("error", "given each run's speed index", "o"), ("error_raw", "nothing given", "s"),
         ("error_null", "null model, same index", "^")]


def error(database, options):
    """|error| of each point by scenario: three columns, the median as a line."""
    metric = options.metric or "makespan"
    rows = database.execute(
        "SELECT scenario, params, error, error_raw, error_null FROM v_error WHERE name = ? "
        f"AND error IS NOT NULL AND {shown_batches(options.batch)} "
        "ORDER BY scenario, point", (metric,)).fetchall()
    if not rows:
        raise Problem(3, NEEDS if metric == "makespan" else f"no {metric} was compared: "
                      "see `timeslice query DB errors`")
    scenarios = sorted({row[0] for row in rows})
    figure = new_figure(9, 1.8 + 0.75 * len(scenarios))
    axes = figure.add_subplot()
    for place, scenario in enumerate(scenarios):
        for kind, (name, _, marker) in enumerate(KINDS):
            values = [100 * abs(row[2 + kind]) for row in rows
                      if row[0] == scenario and row[2 + kind] is not None]
            if not values:
                continue
            at = place + (kind - 1) * 0.26
            middle = statistics.median(values)
            axes.barh(at, middle, height=0.24, color=COLOURS[kind], hatch=HATCHES[kind],
                      edgecolor="black", linewidth=0.5, alpha=0.45)
            axes.plot(values, [at] * len(values), linestyle="", marker=marker, markersize=4,
                      color=COLOURS[kind], markeredgecolor="black", markeredgewidth=0.4)
            axes.annotate(f"{middle:.1f} %", (max(values), at), xytext=(5, 0), va="center",
                          textcoords="offset points", fontsize=7)
    axes.set_yticks(range(len(scenarios)), scenarios)
    axes.set_ylim(len(scenarios) - 0.5, -0.5)
    axes.set_xlim(left=0)
    axes.margins(x=0.12)
    axes.set_xlabel(f"|predicted / measured - 1| of {metric} (%)")
    axes.set_title("a mark a point; bar and number: the median", loc="left", fontsize="medium")
    figure.suptitle("How far off the predictions are", x=0.01, ha="left")
    axes.grid(axis="x", alpha=0.3)
    handles = [axes.plot([], [], linestyle="", marker=marker, color=COLOURS[kind],
                         markeredgecolor="black", label=f"{name}: {words}")[0]
               for kind, (name, words, marker) in enumerate(KINDS)]
    axes.legend(handles=handles, fontsize="small", frameon=False, ncols=3, loc="upper center",
                bbox_to_anchor=(0.45, -0.32 / len(scenarios) ** 0.7))
    return figure, ["scenario", "params", "error", "error_raw", "error_null"], rows
