"""What errors come to: quantiles with bootstrap intervals, skill, coverage, ranking, likely causes.

Pure functions over the points that evaluations.py keeps; nothing here runs or reads anything.
"""

import random
import statistics

RESAMPLES = 2000


def quantile(values: list[float], q: float) -> float:
    """Linear between order statistics, as the program computes it."""
    ordered = sorted(values)
    at = q * (len(ordered) - 1)
    low = int(at)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (ordered[high] - ordered[low]) * (at - low)


def bootstrap(values: list[float], statistic) -> tuple[float, float]:
    """Central 95 % of the statistic over resamples; the same values give the same interval."""
    draw = random.Random(len(values))
    drawn = sorted(statistic(draw.choices(values, k=len(values))) for _ in range(RESAMPLES))
    return quantile(drawn, 0.025), quantile(drawn, 0.975)


def compared(points: list[dict]) -> list[dict]:
    return [point for point in points if point.get("error") is not None]


def absolute(points: list[dict], key: str) -> list[float]:
    return [abs(point[key]) for point in points if point.get(key) is not None]


def skill(points: list[dict]) -> float | None:
    """One minus the mean error over the null model's; nothing where that makes none."""
    null = sum(absolute(points, "null"))
    return 1 - sum(absolute(points, "error")) / null if null > 0 else None


def interval_score(point: dict) -> float:
    """Width of the 95 % interval and 40 times the miss, over the measured value (Gneiting and
    Raftery 2007): small is good."""
    below = max(0.0, point["predicted_low"] - point["measured"])
    above = max(0.0, point["measured"] - point["predicted_high"])
    width = point["predicted_high"] - point["predicted_low"]
    return (width + 40 * (below + above)) / point["measured"]


def summary(points: list[dict]) -> dict:
    """Requires: at least one compared point."""
    points = compared(points)
    errors = absolute(points, "error")
    return {"points": len(points),
            "median": statistics.median(errors), "p90": quantile(errors, 0.9),
            "max": max(errors),
            "median_interval": bootstrap(errors, statistics.median),
            "p90_interval": bootstrap(errors, lambda some: quantile(some, 0.9)),
            "raw": statistics.median(absolute(points, "raw")),
            "null": statistics.median(absolute(points, "null")),
            "null_mean": statistics.fmean(absolute(points, "null")),
            "skill": skill(points),
            "coverage": statistics.fmean(point["covered"] for point in points),
            "score": statistics.fmean(map(interval_score, points))}


def by_class(points: list[dict]) -> dict[str, list[dict]]:
    classes: dict[str, list[dict]] = {}
    for point in compared(points):
        classes.setdefault(point["class"], []).append(point)
    return dict(sorted(classes.items()))


def rejected(points: list[dict]) -> dict[str, int]:
    counts: dict[str, int] = {}
    for point in points:
        for reason, runs in point["rejected"].items():
            counts[reason] = counts.get(reason, 0) + runs
    return counts


def others(points: list[dict], name: str) -> list[float]:
    """Absolute errors of something else than the makespan, where it was compared."""
    return [abs(point["others"][name]) for point in compared(points) if name in point["others"]]


def worst_first(points: list[dict]) -> list[dict]:
    return sorted(compared(points), key=lambda point: -abs(point["error"]))


def likely_cause(point: dict) -> str:
    """By what else is off in the same direction: a guess that says where to look first."""
    error = point["error"]
    if abs(error) < 0.03:
        return "within 3 %"
    off = point["others"]
    along = lambda name: off.get(name, 0.0) * (1 if error > 0 else -1)
    found = []
    if point["covered"]:
        found.append("inside its interval: runs or seeds scatter")
    for name, says in (("cpu_time[main process]", "CPU of main's threads"),
                       ("cpu_time[worker processes]", "CPU of the workers"),
                       ("cpu_time", "CPU time")):
        if along(name) > max(0.05, abs(error) / 2):
            found.append(f"{says} {off[name]:+.0%}")
            break
    if along("idle_time") > max(0.1, abs(error)):
        found.append(f"idle CPUs {off['idle_time']:+.0%}")
    started = [name for name in off if name.startswith(("startup", "shutdown"))]
    for name in started:
        if along(name) > 0.3 and abs(error) > 0.05:
            found.append(f"{name} {off[name]:+.0%}")
    if not found and "switches_voluntary" in off and abs(off["switches_voluntary"]) > 0.3:
        found.append(f"voluntary switches {off['switches_voluntary']:+.0%}")
    return "; ".join(found) or "not seen in what was compared"


def ranking(points: list[dict], least: float = 0.05, most: float = 0.25) -> dict:
    """Of pairs whose measured gap lies within: how many were put in the right order."""
    pairs: dict[str, list[dict]] = {}
    for point in compared(points):
        pairs.setdefault(point["name"], []).append(point)
    judged = []
    outside = 0
    for two in pairs.values():
        if len(two) != 2:
            continue
        first, second = two
        slow, fast = sorted((first["measured"], second["measured"]), reverse=True)
        if not least <= slow / fast - 1 <= most:
            outside += 1
            continue
        same = (first["predicted"] < second["predicted"]) == (first["measured"]
                                                             < second["measured"])
        judged.append((first["class"], same))
    return {"pairs": len(judged), "right": sum(same for _, same in judged), "outside": outside,
            "wrong_of": sorted(name for name, same in judged if not same)}


def ablation(points: list[dict]) -> list[dict]:
    """For each effect: the errors without it, and whom its absence hits hardest."""
    with_it = [point for point in compared(points) if point.get("ablation")]
    effects = list(dict.fromkeys(name for point in with_it for name in point["ablation"]))
    rows = []
    for effect in effects:
        ended = [point for point in with_it if point["ablation"].get(effect) is not None]
        if not ended:
            continue
        errors = [abs(point["ablation"][effect]) for point in ended]
        harm = lambda point, name=effect: abs(point["ablation"][name]) - abs(point["error"])
        hardest = sorted(ended, key=harm, reverse=True)[:3]
        rows.append({"effect": effect, "points": len(ended),
                     "mean": statistics.fmean(errors), "p90": quantile(errors, 0.9),
                     "base": statistics.fmean(absolute(ended, "error")),
                     "hardest": [(point["name"], point["error"], point["ablation"][effect])
                                 for point in hardest if harm(point) > 0.01]})
    return sorted(rows, key=lambda row: row["base"] - row["mean"])
