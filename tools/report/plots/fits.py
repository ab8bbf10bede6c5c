"""Laws of scaling fitted to times by least squares of relative errors.

With T the time of the whole work on one worker:
Amdahl:  time(n) = T (s + (1 - s) / n),                          s: share that is serial
USL:     time(n) = T (1 + s (n - 1) + k n (n - 1)) / n           k: cost of keeping in step
         (Gunther, Guerrilla Capacity Planning, 2007; C(n) = n / (1 + s (n - 1) + k n (n - 1)))
Both are sums of known functions of n, so the fit is linear; no coefficient may be negative.
"""

import itertools
from dataclasses import dataclass

import numpy

TERMS = {
    "Amdahl": [lambda n: 1.0 / n, lambda n: numpy.ones_like(n)],
    "USL": [lambda n: 1.0 / n, lambda n: numpy.ones_like(n), lambda n: n - 1.0],
}


@dataclass
class Fit:
    law: str
    coefficients: list  # of TERMS[law]
    residual: float  # root mean square of the relative errors

    def time(self, n):
        n = numpy.asarray(n, dtype=float)
        return sum(c * term(n) for c, term in zip(self.coefficients, TERMS[self.law]))

    @property
    def serial(self):
        """s: of USL the contention."""
        return self.coefficients[1] / (self.coefficients[0] + self.coefficients[1])

    @property
    def coherence(self):
        """k of USL."""
        total = self.coefficients[0] + self.coefficients[1]
        return self.coefficients[2] / total if self.law == "USL" else 0.0

    def text(self):
        parts = [f"serial {float(f'{100 * self.serial:.2g}'):g} %"]
        if self.law == "USL":
            parts.append(f"coherence {self.coherence:.2g}")
        return f"{self.law}: {', '.join(parts)}; off by {100 * self.residual:.2g} %"


def fit(law, n, times):
    """The law that comes closest; None with fewer points than coefficients."""
    n = numpy.asarray(n, dtype=float)
    times = numpy.asarray(times, dtype=float)
    terms = TERMS[law]
    if len(set(n.tolist())) < len(terms) or (n < 1).any() or (times <= 0).any():
        return None
    matrix = numpy.stack([term(n) / times for term in terms], axis=1)
    best = None
    # Least squares without negative coefficients: the best of all choices of those that are zero.
    for count in range(1, len(terms) + 1):
        for chosen in itertools.combinations(range(len(terms)), count):
            part, *_ = numpy.linalg.lstsq(matrix[:, chosen], numpy.ones_like(n), rcond=None)
            if (part < 0).any():
                continue
            coefficients = numpy.zeros(len(terms))
            coefficients[list(chosen)] = part
            error = float(numpy.sqrt(numpy.mean((matrix @ coefficients - 1.0) ** 2)))
            if best is None or error < best.residual - 1e-12:
                best = Fit(law, coefficients.tolist(), error)
    if best is not None and best.coefficients[0] + best.coefficients[1] <= 0:
        return None
    return best
