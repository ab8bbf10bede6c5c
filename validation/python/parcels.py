"""Payload of the items of a native run: one object of bytes, many objects, or shared memory.

Where the codec is shared-memory a parcel is copied into a block of its own when it is pickled (by
the pool's handler, or by the worker), its name travels, and the other side maps it. With its
result the submitter frees an item's blocks. Their names begin with what the plan says, so that
those of a run that was killed are found and removed.
"""

import os

_blocks = 0  # made by this process


def prepare():
    """Before any worker starts, where blocks will be made. The tracker of blocks is running then,
    so that all processes share it: one of its own would free a worker's blocks with that worker."""
    from multiprocessing import resource_tracker, shared_memory  # only such runs pay for it
    assert shared_memory.SharedMemory, "imported before the fork"
    resource_tracker.ensure_running()


def contents(size, objects, letter):
    """`size` bytes; as a list of that many objects where there are several."""
    if objects <= 1:
        return letter * size
    each = max(2, size // objects - 3)  # a short bytes object pickles with 3 bytes around it
    return [bytes(bytearray(letter * each)) for _ in range(objects)]


class Block:
    """A parcel that travels as a block of shared memory. An answer (`frees` is not None) is freed
    where it arrives, together with the argument's block of that name."""

    def __init__(self, data, prefix, frees=None):
        self.data = data
        self.prefix = prefix
        self.frees = frees

    def __reduce__(self):
        name = _fill(self.data, self.prefix) if self.data else ""
        return (attach, (name,)) if self.frees is None else (free, (name, self.frees))


def _fill(data, prefix):
    from multiprocessing.shared_memory import SharedMemory
    global _blocks
    _blocks += 1
    block = SharedMemory(name=f"{prefix}{os.getpid()}-{_blocks}", create=True, size=len(data))
    block.buf[:len(data)] = data
    block.close()
    return block.name


def attach(name):
    """In the worker: the argument, mapped."""
    from multiprocessing.shared_memory import SharedMemory
    return SharedMemory(name=name)


def free(name, argument):
    """In the submitter: maps the result, and frees it and the argument that it came from."""
    from multiprocessing.shared_memory import SharedMemory
    for one in (name, argument):
        if one:
            block = SharedMemory(name=one)
            block.close()
            block.unlink()


def answer(result, argument):
    """What an item's worker sends back beside its samples. `result`: (bytes, objects, prefix);
    without a prefix it is pickled."""
    size, objects, prefix = result
    if not prefix:
        return contents(size, objects, b"r")
    frees = ""
    if argument is not None:
        frees = argument.name
        argument.close()
    return Block(b"r" * size, prefix, frees)
