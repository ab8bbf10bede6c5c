"""Evaluations: how they are run, what is kept of them, and the log that only grows.

An evaluation is one call of `timeslice validate` over many files, which take turns natively. What is
kept is one JSON object: when, where, with which model, and of each point the three errors of its
makespan with the errors of what else was compared. Shared by holdout.py, development.py and
validation_page.py.
"""

import datetime
import hashlib
import json
import os
import platform
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
LOG = ROOT / "validation/holdout.log.jsonl"
DEVELOPMENT = ROOT / "validation/development.jsonl"

# As tools/cli/fingerprint.cmake has them.
MODEL = {"sim": (".cpp", ".hpp"), "models": (".cpp", ".hpp"), "scenarios": (".cpp", ".hpp"),
         "scenarios/machines": (".yaml",)}
METHOD = {"validation": (".cpp", ".hpp", ".py")}


class Refusal(Exception):
    """Why an evaluation is not done; main programs print it and end with code 6."""


def fingerprint(folders: dict[str, tuple[str, ...]], root: Path = ROOT) -> str:
    names = sorted({path.relative_to(root).as_posix()
                    for folder, endings in folders.items()
                    for path in (root / folder).rglob("*") if path.suffix in endings})
    lines = [f"{hashlib.sha256((root / name).read_bytes()).hexdigest()}  {name}\n"
             for name in names]
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def git(*words: str) -> str:
    return subprocess.run(["git", "-C", str(ROOT), *words], capture_output=True, text=True,
                          check=True).stdout


def frozen(program: str, trial: bool) -> dict:
    """What is evaluated: refuses a program that was not built from this very tree, and, but for a
    trial, a tree with changes that no commit has."""
    said = subprocess.run([program, "--version", "-v"], capture_output=True, text=True, check=True)
    built = dict(line.split() for line in said.stdout.splitlines()[1:])
    tree = {"model": fingerprint(MODEL), "method": fingerprint(METHOD)}
    if built != tree:
        raise Refusal("the program was not built from this tree: build it again")
    dirty = git("status", "--porcelain").strip()
    if dirty and not trial:
        raise Refusal("the tree has changes that are not committed: freeze it first\n" + dirty)
    commit = git("rev-parse", "--short=12", "HEAD").strip() + ("+changes" if dirty else "")
    return {**tree, "commit": commit}


def now() -> str:
    return datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%d %H:%M UTC")


def host(python: str) -> dict:
    cpu = re.search(r"^model name\s*: (.*)$", Path("/proc/cpuinfo").read_text(encoding="utf-8"),
                    re.MULTILINE)
    version = subprocess.run([python, "-c", "import platform; print(platform.python_version())"],
                             capture_output=True, text=True, check=True).stdout.strip()
    return {"machine": f"{cpu[1] if cpu else platform.machine()}, "
                       f"{len(os.sched_getaffinity(0))} CPUs",
            "kernel": platform.release(), "python": version}


def rounded(value: float | None, digits: int = 4) -> float | None:
    return None if value is None else round(value, digits)


def abouts(files: list[Path]) -> dict[str, str]:
    """What each file says of itself, by the name of its scenario."""
    said = {}
    for file in files:
        head = dict(re.findall(r"^(name|about): (.*)$", file.read_text(encoding="utf-8"),
                               re.MULTILINE))
        said[head.get("name", "").strip('"')] = head.get("about", "").strip('"')
    return said


def record(document: dict, point: dict, about: str) -> dict:
    """What is kept of a point; without accepted runs it has no error."""
    name = document["scenario"]["name"]
    params = {key: value for key, value in point["params"].items() if value != ""}
    kept = {"name": name, "class": point["class"],
            "about": about,
            "runs": point["native"]["runs"], "rejected": point["native"]["rejected_by_reason"]}
    if params:
        kept["params"] = params
    rows = {row["name"] + (f"[{row['entity']}]" if row["entity"] else ""): row
            for row in point["comparison"]}
    makespan = rows.pop("makespan", None)
    if makespan is None:
        return kept
    kept |= {"error": rounded(makespan["error"]), "raw": rounded(makespan["error_raw"]),
             "null": rounded(makespan["error_null"]), "covered": makespan["covered"],
             "cv": rounded(makespan["measured_cv"])}
    kept |= {key: round(makespan[key] / 1e6, 2)
             for key in ("predicted", "predicted_low", "predicted_high", "measured")}
    kept["others"] = {key: rounded(row["error"], 3) for key, row in rows.items()
                      if key != "throughput" and row["error"] is not None}
    if point.get("ablation"):
        kept["ablation"] = {key: rounded(value) for key, value in point["ablation"].items()}
    return kept


def validated(program: str, files: list[Path], options: list[str]) -> list[dict]:
    """Runs them natively, taking turns, and returns what is kept of their points."""
    done = subprocess.run([program, "validate", *map(str, files), "--no-db", "--json", *options],
                          stdout=subprocess.PIPE, text=True, check=False)
    documents = [json.loads(line) for line in done.stdout.splitlines()]
    if not documents:
        raise Refusal(f"timeslice validate ended with code {done.returncode} and no result")
    said = abouts(files)
    return [record(document, point, said.get(document["scenario"]["name"], ""))
            for document in documents for point in document["points"]]


def drawn(program: str, seed: int, count: int, folder: Path, pairs: bool = False) -> list[Path]:
    command = [program, "holdout", "--seed", str(seed), "--count", str(count), "-o", str(folder),
               "--quiet"]
    subprocess.run(command + (["--pairs"] if pairs else []), stdout=subprocess.DEVNULL, check=True)
    return sorted(folder.glob("*.yaml"))


def append(log: Path, entry: dict) -> None:
    with log.open("a", encoding="utf-8") as file:
        file.write(json.dumps(entry, separators=(",", ":")) + "\n")
        file.flush()
        os.fsync(file.fileno())


def read(log: Path) -> list[dict]:
    return [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines()] \
        if log.exists() else []


def is_within(older: list[str], newer: list[str]) -> bool:
    """Whether all of `older` is still there, in its order."""
    rest = iter(newer)
    return all(line in rest for line in older)


def lost_lines(log: Path, root: Path = ROOT) -> str:
    """Says which committed version of the log has lines that the file has no longer."""
    name = log.relative_to(root).as_posix()
    ask = lambda *words: subprocess.run(["git", "-C", str(root), *words], capture_output=True,
                                        text=True, check=False).stdout
    present = log.read_text(encoding="utf-8").splitlines() if log.exists() else []
    for commit in ask("log", "--format=%H", "--", name).split():
        committed = ask("show", f"{commit}:{name}").splitlines()
        if not is_within(committed, present):
            return f"{name}: lines of commit {commit[:12]} are gone; the log only grows"
    return ""


def run(main) -> None:
    try:
        main()
    except Refusal as why:
        sys.exit(f"refused: {why}")
