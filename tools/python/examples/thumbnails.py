"""A user's program: makes small pictures out of large ones, with nothing but the library.

    thumbnails.py                  serially, measured by @timeslice.task (report in thumbnails.yaml)
    thumbnails.py run [REPEAT]     natively: serial, ThreadPoolExecutor(2), Pool(2), without timeslice
"""

import concurrent.futures
import multiprocessing
import os
import statistics
import sys
import time
import zlib

if len(sys.argv) > 1:
    os.environ["TIMESLICE_OFF"] = "1"  # the very functions that a user would run

import timeslice

SIDE = 512
WORKERS = 2
PICTURES = 120


def picture(number):
    """A grey picture of SIDE x SIDE bytes, packed as if it came from a file."""
    row = bytes((x * number) & 255 for x in range(SIDE))
    return zlib.compress(b"".join(row[y % SIDE:] + row[:y % SIDE] for y in range(SIDE)), 6)


@timeslice.task
def thumbnail(packed):
    """C code without the GIL (zlib), and bytecode with it."""
    pixels = zlib.decompress(packed)
    small = bytearray()
    for y in range(0, SIDE, 8):
        for x in range(0, SIDE, 8):
            small.append((pixels[y * SIDE + x] + pixels[y * SIDE + x + 4] +
                          pixels[(y + 4) * SIDE + x] + pixels[(y + 4) * SIDE + x + 4]) >> 2)
    return zlib.compress(bytes(pixels[::2]) + small, 9)


def serial(pictures):
    return [thumbnail(one) for one in pictures]


def threads(pictures):
    with concurrent.futures.ThreadPoolExecutor(WORKERS) as pool:
        return list(pool.map(thumbnail, pictures))


def processes(pictures):
    with multiprocessing.Pool(WORKERS) as pool:
        result = pool.map(thumbnail, pictures)
        pool.close()
        pool.join()
    return result


def run(repeat):
    pictures = [picture(number) for number in range(PICTURES)]
    taken = {design: [] for design in (serial, threads, processes)}
    for _ in range(repeat):  # in turns, so that the machine's moods hit all alike
        for design, times in taken.items():
            before = time.perf_counter()
            design(pictures)
            times.append(time.perf_counter() - before)
    for design, times in taken.items():
        print(f"{design.__name__:9}  median {statistics.median(times) * 1e3:6.0f} ms, "
              f"fastest {min(times) * 1e3:6.0f} ms, of {repeat}")


if __name__ == "__main__":
    if len(sys.argv) > 1:
        run(int(sys.argv[2]) if len(sys.argv) > 2 else 5)
    else:
        serial([picture(number) for number in range(PICTURES)])
        timeslice.report(file="thumbnails.yaml")
