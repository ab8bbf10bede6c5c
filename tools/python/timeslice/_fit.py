"""Measured durations as a distribution that a scenario can name."""

import math
import statistics

CONSTANT_CV = 0.04    # below: a constant
FEW = 8               # fewer samples tell no shape
TABLE_FROM = 40       # samples that a table of its own needs
MISFIT = 0.25         # mean distance of quantiles, in standard deviations: no formula describes it
_LEVELS = [i / 20 for i in range(1, 20)]


def cv(values):
    """Standard deviation over mean."""
    mean = statistics.fmean(values)
    return statistics.pstdev(values) / mean if mean > 0 else 0.0


def without_noise(values, noise_cv):
    """The values with the machine's own part taken out of their spread."""
    own = cv(values)
    if own <= 0:
        return values
    share = math.sqrt(max(0.0, 1 - (noise_cv / own) ** 2))
    mean = statistics.fmean(values)
    return [mean + share * (value - mean) for value in values]


def number(value):
    """Three or four digits that tell something: no zeros behind, no exponent."""
    digits = max(0, 3 - math.floor(math.log10(value)) - 1) if value > 0 else 0
    text = f"{value:.{digits}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def duration(ns):
    """As the format writes it, in the unit that keeps it short."""
    for unit, factor in (("s", 1e9), ("ms", 1e6), ("us", 1e3)):
        if ns >= factor:
            return number(ns / factor) + unit
    return f"{max(1, round(ns))}ns"


class Fit:
    """`text` for the scenario; `rows` when it names a table that has to be written."""

    def __init__(self, text, rows=None, warning=""):
        self.text = text
        self.rows = rows
        self.warning = warning


def _quantiles(values):
    ordered = sorted(values)
    return [ordered[min(len(ordered) - 1, int(level * len(ordered)))] for level in _LEVELS]


def _candidates(mean, ratio):
    """(text, quantiles) of every distribution of the format that has these two moments."""
    normal = [statistics.NormalDist().inv_cdf(level) for level in _LEVELS]
    sigma = math.sqrt(math.log(1 + ratio * ratio))
    yield (f"lognormal({duration(mean)}, cv={number(ratio)})",
           [mean * math.exp(sigma * z - sigma * sigma / 2) for z in normal])
    yield (f"normal({duration(mean)}, sd={duration(mean * ratio)})",
           [max(0.0, mean * (1 + ratio * z)) for z in normal])
    half = math.sqrt(3) * ratio
    if half < 1:
        yield (f"uniform({duration(mean * (1 - half))}, {duration(mean * (1 + half))})",
               [mean * (1 + half * (2 * level - 1)) for level in _LEVELS])
    if 0.8 < ratio < 1.25:
        yield f"exp({duration(mean)})", [-mean * math.log(1 - level) for level in _LEVELS]


def fit(values, table=None):
    """The simplest distribution that has the measured quantiles; `table` names a file to use where
    none has. Requires: values are positive times in ns, one at least."""
    mean = statistics.fmean(values)
    ratio = cv(values)
    if ratio < CONSTANT_CV:
        return Fit(duration(mean))
    if len(values) < FEW:
        return Fit(f"lognormal({duration(mean)}, cv={number(ratio)})")
    measured = _quantiles(values)
    best, misfit = None, math.inf
    for text, quantiles in _candidates(mean, ratio):
        distance = statistics.fmean(abs(a - b) for a, b in zip(quantiles, measured))
        if distance < misfit * 0.9:  # an earlier, more usual one stays unless another is better
            best, misfit = text, distance
    if misfit <= MISFIT * mean * ratio or len(values) < TABLE_FROM:
        return Fit(best)
    if table is None:
        return Fit(best, warning="no formula has its quantiles: report(file=...) writes a table")
    rows = "us\n" + "".join(f"{value / 1e3:.3f}\n" for value in sorted(values))
    return Fit(f"empirical({table})", rows)
