"""What an item would carry to a worker process: sizes and times of pickling, as Pool does it."""

import pickle
import time

MOST_OBJECTS = 1_000_000  # counted; more are as good as that many
PROTOCOL = pickle.DEFAULT_PROTOCOL  # what multiprocessing takes


def count_objects(value):
    """Objects that pickle looks at one by one: the contents of built-in containers and __dict__."""
    count, waiting, seen = 0, [value], set()
    while waiting and count < MOST_OBJECTS:
        one = waiting.pop()
        count += 1
        if isinstance(one, (str, bytes, bytearray, int, float, complex, type(None))):
            continue
        if id(one) in seen:
            continue
        seen.add(id(one))
        if isinstance(one, dict):
            waiting.extend(one.keys())
            waiting.extend(one.values())
        elif isinstance(one, (list, tuple, set, frozenset)):
            waiting.extend(one)
        else:
            waiting.extend(getattr(one, "__dict__", {}).values())
    return count


class Parcel:
    """Sizes [B] and times [ns] of arguments, or of results, of one task."""

    def __init__(self):
        self.sizes, self.objects, self.dumps, self.loads = [], [], [], []
        self.problem = ""

    def weigh(self, value):
        """Requires: nothing is being timed."""
        if self.problem:
            return
        from multiprocessing.reduction import ForkingPickler  # only measured programs pay for it
        try:
            start = time.thread_time_ns()
            data = ForkingPickler.dumps(value)
            middle = time.thread_time_ns()
            pickle.loads(data)
            self.loads.append(time.thread_time_ns() - middle)
            self.dumps.append(middle - start)
            self.sizes.append(len(data))
            self.objects.append(count_objects(value))
        except Exception as problem:  # any class may refuse in its own way
            self.problem = f"{type(problem).__name__}: {problem}".splitlines()[0][:120]
