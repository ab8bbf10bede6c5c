"""Functions of known make-up, and small programs that measure them."""

LOOP = """
def loop(n):
    value = 1
    for i in range(n):
        value = (value * 31 + i) & 0xffff
    return value
"""

KINDS = """
import hashlib, time
import timeslice
""" + LOOP + """
@timeslice.task
def bytecode():
    loop(80_000)

@timeslice.task
def released():
    hashlib.pbkdf2_hmac("sha256", b"p", b"s", 15_000)

@timeslice.task
def kept():
    sum(range(400_000))

@timeslice.task
def sleeps():
    time.sleep(0.004)

@timeslice.task
def half_and_half():
    loop(60_000)
    hashlib.pbkdf2_hmac("sha256", b"p", b"s", 11_000)

@timeslice.task
def naps():
    for _ in range(3):
        loop(10_000)
        time.sleep(0.001)

for _ in range(80):
    bytecode(); released(); kept(); sleeps(); half_and_half(); naps()
"""
