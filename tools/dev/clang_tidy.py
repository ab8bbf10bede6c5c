#!/usr/bin/env python3
"""clang-tidy 19 over everything that changed since it last found nothing.

Usage: clang_tidy.py BUILD
BUILD holds compile_commands.json and an up-to-date ninja build. A source file is skipped if it, every
file that its object depends on, its compile command, .clang-tidy and the tool's version are what they
were when it passed; the record of that is BUILD/../clang-tidy. Findings go to stdout; exits 1 on any.
"""

import functools
import hashlib
import json
import os
import shlex
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
TOOL = "clang-tidy-19"
FOLDERS = ("sim/", "models/", "scenarios/", "validation/", "tools/")


@functools.cache
def content(path: Path) -> bytes:
    return hashlib.sha256(path.read_bytes()).digest()


def dependencies(build: Path) -> dict[str, list[str]]:
    """The files that each object was made from, by the object's path below the build folder.

    Only headers that are precompiled are missing under an object: they stand under the header's own.
    """
    listing = subprocess.run(["ninja", "-C", str(build), "-t", "deps"], capture_output=True, text=True, check=True)
    found: dict[str, list[str]] = {}
    for line in listing.stdout.splitlines():
        if line.startswith("    "):
            found[made].append(line.strip())
        elif ": #deps" in line:
            made = line.split(": #deps")[0]
            found[made] = []
    return found


def commands(build: Path):
    """(source, object, compile command) of every source file of ours that the build compiles."""
    for entry in json.loads((build / "compile_commands.json").read_text()):
        source = Path(entry["file"])
        ours = source.is_relative_to(ROOT) and str(source.relative_to(ROOT)).startswith(FOLDERS)
        if ours and source.suffix == ".cpp":
            words = shlex.split(entry["command"])
            yield source, words[words.index("-o") + 1], entry["command"]


def main() -> int:
    if len(sys.argv) != 2:
        raise SystemExit(__doc__)
    build = Path(sys.argv[1]).resolve()
    passed = build.parent / "clang-tidy"
    passed.mkdir(exist_ok=True)
    version = subprocess.run([TOOL, "--version"], capture_output=True, check=True).stdout
    common = version + content(ROOT / ".clang-tidy")
    made_from = dependencies(build)

    def key(source: Path, made: str, command: str) -> str:
        """Precompiled headers count by what they were made from, not by their bytes."""
        files = {source}
        pending = [made]
        for one in pending:
            for name in made_from.get(one, []):
                if name.endswith(".pch"):
                    pending.append(os.path.relpath(build / name, build))
                else:
                    files.add(build / name)
        parts = b"".join(content(path) for path in sorted(files))
        return hashlib.sha256(common + command.encode() + parts).hexdigest()

    def check(entry) -> bool:
        record = passed / key(*entry)
        if record.exists():
            return True
        done = subprocess.run([TOOL, "-p", str(build), "--quiet", str(entry[0])], capture_output=True, text=True, check=False)
        if done.returncode == 0 and "warning:" not in done.stdout:
            record.touch()
            return True
        print(done.stdout + done.stderr, flush=True)
        return False

    entries = sorted(commands(build))
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        results = list(pool.map(check, entries))
    print(f"{len(entries)} files, {results.count(False)} with findings")
    return 0 if all(results) and entries else 1


if __name__ == "__main__":
    sys.exit(main())
