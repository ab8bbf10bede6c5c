#!/usr/bin/env python3
"""Writes docs/VALIDATION.md from the stored results: the development set and the hold-out log.

    tools/dev/validation_page.py             # writes the page
    tools/dev/validation_page.py --check     # says whether the page is what the results say

Nothing is run: development.py and holdout.py do that. The same results give the same page.
"""

import argparse
import sys
from pathlib import Path

import evaluations
import error_statistics as stats

PAGE = evaluations.ROOT / "docs/VALIDATION.md"
WORST = 12

# The bars of the hold-out: over all, and of groups of classes (median, 90th percentile, worst).
BARS = (0.025, 0.08, 0.15)
CLASS_BARS = {"gil-threads": (0.02, 0.05, 0.08), "asyncio": (0.02, 0.05, 0.08),
              "payload": (0.06, 0.12, 0.20)}
OTHER_CLASS_BARS = (0.03, 0.08, 0.12)

NEVER_RUN = """\
- Machines other than the one named above: other core counts, SMT siblings, several packages or NUMA
  nodes, hybrid cores, ARM. Presets carry costs from published figures.
- Kernels other than the one above; real-time classes, pinning, nice levels, groups and quotas, and
  programs in the background: `validate` refuses them by name.
- Free-threaded Python, interpreters (InterpreterPoolExecutor), uvloop, other platforms than Linux.
- `memory`, `atomic` and `uses` steps; `periodic` tasks; killed workers; nested work. Payload of many
  objects or in shared memory can run natively, but no comparison of it is stored.
- Latency quantiles of tasks, and the GIL's waiting time: predicted, not measured natively.
"""


def share(value: float | None, digits: int = 1) -> str:
    return "-" if value is None else f"{value:.{digits}%}".replace("%", " %")


def signed(value: float | None) -> str:
    return "-" if value is None else f"{value:+.1%}".replace("%", " %")


def between(interval: tuple[float, float]) -> str:
    return f"{interval[0]:.1%} to {interval[1]:.1%}".replace("%", " %")


def cell(text: str) -> str:
    return text.replace("|", "/").replace("\n", " ")


def table(titles: list[str], rows: list[list[str]]) -> str:
    lines = ["| " + " | ".join(titles) + " |", "|" + "---|" * len(titles)]
    return "\n".join(lines + ["| " + " | ".join(map(cell, row)) + " |" for row in rows]) + "\n"


def origin(entry: dict) -> str:
    limit = entry.get("noise_limit", "10%")
    lifted = "" if limit == "10%" else f"; **noise limit lifted to {limit}**"
    return (f"{entry['date']}; {entry['machine']}; Linux {entry['kernel']}; CPython "
            f"{entry['python']}; commit {entry['commit']}, models {entry['model'][:12]}, method "
            f"{entry['method'][:12]}; {entry['wanted_runs']} accepted runs wanted of each point"
            f"{lifted}")


def runs_line(points: list[dict]) -> str:
    accepted = sum(point["runs"] for point in points)
    reasons = stats.rejected(points)
    listed = ", ".join(f"{runs} for {why}" for why, runs in sorted(reasons.items()))
    silent = [point["name"] for point in points if point.get("error") is None]
    text = f"{accepted} native runs were accepted, {sum(reasons.values())} rejected"
    text += f" ({listed}).\n" if listed else ".\n"
    if silent:
        text += f"Without any accepted run, so not judged: {', '.join(silent)}.\n"
    return text


def class_row(name: str, points: list[dict]) -> list[str]:
    found = stats.summary(points)
    skill = "-" if found["skill"] is None else f"{found['skill']:.2f}"
    return [name, str(found["points"]),
            f"{share(found['median'])} ({between(found['median_interval'])})",
            f"{share(found['p90'])} ({between(found['p90_interval'])})", share(found["max"]),
            share(found["raw"]), share(found["null"]), skill, share(found["coverage"], 0),
            f"{found['score']:.2f}"]


def class_table(points: list[dict]) -> str:
    rows = [class_row(name, some) for name, some in stats.by_class(points).items()]
    rows.append(class_row("**all**", points))
    return table(["class", "points", "median error (95 %)", "90th percentile (95 %)", "worst",
                  "raw median", "null median", "skill", "coverage", "interval score"], rows)


def worst_table(points: list[dict]) -> str:
    rows = [[point["name"] + (f" {point['params']}" if point.get("params") else ""),
             point["class"], signed(point["error"]), signed(point["raw"]), signed(point["null"]),
             "yes" if point["covered"] else "no", stats.likely_cause(point), point["about"]]
            for point in stats.worst_first(points)[:WORST]]
    return table(["scenario", "class", "error", "raw", "null", "covered", "where to look first",
                  "what it is"], rows)


def others_table(points: list[dict]) -> str:
    names = ["cpu_time", "cpu_time[main process]", "cpu_time[worker processes]", "idle_time",
             "switches_voluntary", "switches_voluntary[main process]",
             "switches_voluntary[worker processes]", "switches_involuntary", "peak_memory"]
    rows = []
    for name in names:
        errors = stats.others(points, name)
        if errors:
            rows.append([name, str(len(errors)), share(stats.quantile(errors, 0.5)),
                         share(stats.quantile(errors, 0.9)), share(max(errors))])
    return table(["compared", "points", "median error", "90th percentile", "worst"], rows)


def met(value: float, bar: float) -> str:
    return f"{share(value)} of {share(bar)}{'' if value <= bar else ', **missed**'}"


def bars_row(name: str, points: list[dict], bars: tuple[float, float, float]) -> list[str]:
    found = stats.summary(points)
    return [name, *(met(found[key], bar) for key, bar in zip(("median", "p90", "max"), bars))]


def bars_table(points: list[dict]) -> str:
    rows = [bars_row("all", points, BARS)]
    rows += [bars_row(name, some, CLASS_BARS.get(name, OTHER_CLASS_BARS))
             for name, some in stats.by_class(points).items()]
    return table(["class", "median", "90th percentile", "worst"], rows)


def other_bars(points: list[dict]) -> str:
    found = stats.summary(points)
    lines = []
    word = lambda holds: "met" if holds else "**missed**"
    skill = found["skill"]
    lines.append(f"- Skill over the null model at least 0.85: "
                 f"{'-' if skill is None else f'{skill:.2f}'}, "
                 f"{word(skill is not None and skill >= 0.85)}.")
    for name, some in stats.by_class(points).items():
        of_class = stats.summary(some)
        if of_class["null_mean"] > 0.05 and of_class["skill"] < 0.7:
            lines.append(f"- Skill in {name} at least 0.7: {of_class['skill']:.2f}, **missed**.")
    lines.append(f"- Coverage 85 to 99 %: {share(found['coverage'], 0)}, "
                 f"{word(0.85 <= found['coverage'] <= 0.99)}.")
    for name, bar in (("cpu_time[main process]", 0.10), ("cpu_time[worker processes]", 0.10),
                      ("switches_voluntary", 0.25)):
        errors = stats.others(points, name)
        if errors:
            inside = sum(error <= bar for error in errors)
            lines.append(f"- {name} within {share(bar, 0)}: {inside} of {len(errors)} points.")
    return "\n".join(lines) + "\n"


def development_part(entries: list[dict]) -> str:
    text = ("## Development set\n\nThese scenarios were in view while models were made and mended. "
            "Their errors say what the\nmodels can do at best, not what to expect.\n\n")
    if not entries:
        return text + "No result is stored: run `tools/dev/development.py`.\n\n"
    for entry in entries:
        points = entry["points"]
        text += f"{origin(entry)}.\n{runs_line(points)}\n"
        if not stats.compared(points):
            text += "Nothing could be compared.\n\n"
            continue
        text += (f"{class_table(points)}\nBeside the makespan:\n\n{others_table(points)}\n"
                 f"Worst first:\n\n{worst_table(points)}\n{ablation_part(points)}")
    return text


def ablation_part(points: list[dict]) -> str:
    rows = stats.ablation(points)
    if not rows:
        return "No ablation is stored: run `tools/dev/development.py --ablation`.\n\n"
    listed = lambda hardest: "; ".join(f"{name} {signed(before)} to {signed(after)}"
                                       for name, before, after in hardest)
    lines = [[row["effect"], str(row["points"]), share(row["base"]), share(row["mean"]),
              share(row["p90"]), listed(row["hardest"]) or "none by more than 1 point"]
             for row in rows]
    return ("Ablation: the same runs predicted with one effect switched off. `rest` is the speed of "
            "each CPU over\ntime; `balance` a scheduler that leaves no CPU idle beside a waiting "
            "thread.\n\n"
            + table(["without", "points", "mean error with", "mean without", "90th percentile",
                     "hits hardest (error with to without)"], lines) + "\n")


def unfinished(entries: list[dict]) -> list[dict]:
    done = {entry["seed"] for entry in entries if entry["event"] == "evaluated"}
    return [entry for entry in entries
            if entry["event"] == "drawn" and entry["seed"] not in done]


def newest_part(entry: dict) -> str:
    points = entry["points"]
    text = f"### Newest: seed {entry['seed']}\n\n{origin(entry)}.\n{runs_line(points)}\n"
    if not stats.compared(points):
        return text + "Nothing could be compared.\n\n"
    return (text + class_table(points) + "\nAgainst the bars that were set before:\n\n"
            + bars_table(points) + "\n" + other_bars(points)
            + "\nBeside the makespan:\n\n" + others_table(points)
            + "\nWorst first:\n\n" + worst_table(points) + "\n")


def history_row(entry: dict) -> list[str]:
    row = [entry["date"], str(entry["seed"]), entry["commit"], entry["model"][:12]]
    if not stats.compared(entry["points"]):
        return [*row, "0", "-", "-", "-", "-", "-"]
    found = stats.summary(entry["points"])
    skill = "-" if found["skill"] is None else f"{found['skill']:.2f}"
    return [*row, str(found["points"]), share(found["median"]), share(found["p90"]),
            share(found["max"]), skill, share(found["coverage"], 0)]


def holdout_part(entries: list[dict]) -> str:
    text = ("## Hold-out\n\nThe model is frozen and committed, then a seed is drawn, then the "
            "scenarios; every evaluation is logged\nbefore it runs and none is removed "
            "(`tools/dev/holdout.py`).\n\n")
    done = [entry for entry in entries if entry["event"] == "evaluated" and not entry["pairs"]]
    if not done:
        return text + "None has been evaluated.\n\n"
    text += newest_part(done[-1])
    text += "### Every evaluation\n\n" + table(
        ["date", "seed", "commit", "models", "points", "median", "90th percentile", "worst",
         "skill", "coverage"], [history_row(entry) for entry in done]) + "\n"
    left = [entry for entry in unfinished(entries) if not entry["pairs"]]
    if left:
        text += "Drawn and never finished: " + ", ".join(
            f"seed {entry['seed']} of {entry['date']}" for entry in left) + ".\n\n"
    return text


def ranking_part(entries: list[dict]) -> str:
    text = ("## Which of two designs is faster\n\nPairs of designs for the same work (`holdout "
            "--pairs`): workers, kind of executor, chunk size. Pairs count\nwhose measured gap is 5 "
            "to 25 %; the bar is 90 %.\n\n")
    done = [entry for entry in entries if entry["event"] == "evaluated" and entry["pairs"]]
    if not done:
        return text + "None has been evaluated.\n\n"
    rows = []
    for entry in done:
        found = stats.ranking(entry["points"])
        right = share(found["right"] / found["pairs"], 0) if found["pairs"] else "-"
        rows.append([entry["date"], str(entry["seed"]), str(found["pairs"]), str(found["outside"]),
                     right, ", ".join(found["wrong_of"]) or "none"])
    return text + table(["date", "seed", "pairs", "outside of 5 to 25 %", "right",
                         "wrong, by what differed"], rows) + "\n"


def distrust(entries: list[dict]) -> str:
    lines = []
    done = [entry for entry in entries if entry["event"] == "evaluated" and not entry["pairs"]]
    for name, some in stats.by_class(done[-1]["points"] if done else []).items():
        found = stats.summary(some)
        if found["p90"] > 0.10:
            lines.append(f"- {name}: one error in ten is above {share(found['p90'], 0)}.")
        if found["coverage"] < 0.85:
            lines.append(f"- {name}: the interval holds {share(found['coverage'], 0)} of the "
                         "measured medians, not 95 %.")
        if found["null_mean"] > 0.05 and found["skill"] < 0.7:
            lines.append(f"- {name}: hardly better than work over CPUs (skill "
                         f"{found['skill']:.2f}).")
    return "\n".join(lines) or ("No evaluation to judge by." if not done
                                else "No class of the newest hold-out stands out.")


def page(development: list[dict], log: list[dict]) -> str:
    return ("# How far off the predictions are\n\n"
            "Written by `tools/dev/validation_page.py` from validation/development.jsonl and\n"
            "validation/holdout.log.jsonl; do not edit. Method: "
            "[models/validation.md](models/validation.md).\n\n"
            "An error is the median over native runs of predicted / measured makespan - 1, each run "
            "predicted with the\nspeed of each CPU in that run; *raw* is given nothing from the "
            "run; *null* is work over CPUs with the same\nspeed, and *skill* one minus the "
            "model's mean error over the null's. Coverage is the share of measured medians\nwithin "
            "their predicted 95 % interval. Intervals of medians and percentiles are bootstraps "
            "over scenarios.\n\n"
            + holdout_part(log) + ranking_part(log) + development_part(development)
            + "## Where the model must not be trusted\n\n" + distrust(log) + "\n\n"
            + "## Never run natively\n\n" + NEVER_RUN)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="write nothing; compare")
    parser.add_argument("--log", type=Path, default=evaluations.LOG)
    parser.add_argument("--development", type=Path, default=evaluations.DEVELOPMENT)
    parser.add_argument("--out", type=Path, default=PAGE)
    given = parser.parse_args()
    text = page(evaluations.read(given.development), evaluations.read(given.log))
    if not given.check:
        given.out.write_text(text, encoding="utf-8")
    elif not given.out.exists() or given.out.read_text(encoding="utf-8") != text:
        sys.exit(f"{given.out.name} is not what the results say: run "
                 "tools/dev/validation_page.py")


if __name__ == "__main__":
    evaluations.run(main)
