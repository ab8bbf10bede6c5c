"""A sweep on a real Slurm of one node: a killed part and a killed node change nothing of the result.

Starts munged, slurmctld and slurmd of its own in a temporary folder (nothing outside it is written)
and stops them at the end. Needs root and Debian's slurm-wlm and munge; skips without them. One node
says nothing about shared file systems or about real losses of nodes.
"""

import contextlib
import os
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "cli"))
from harness import PROGRAM  # noqa: E402
from test_batches import CONTENT, SWEEP  # noqa: E402

PARTS = 6
NEEDED = ["munged", "slurmctld", "slurmd", "sbatch", "squeue", "scontrol", "sinfo"]

CONFIGURATION = """\
ClusterName=test
SlurmctldHost=localhost
SlurmUser=root
SlurmdUser=root
SlurmctldPort={controller_port}
SlurmdPort={node_port}
AuthType=auth/munge
AuthInfo=socket={folder}/munge.socket,cred_expire=5
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
SlurmdParameters=config_overrides
ReturnToService=2
JobRequeue=1
MailProg=/bin/true
NodeName=localhost CPUs=2 State=UNKNOWN
PartitionName=all Nodes=localhost Default=YES MaxTime=INFINITE State=UP
"""


def free_port() -> int:
    with contextlib.closing(socket.socket()) as listener:
        listener.bind(("localhost", 0))
        return listener.getsockname()[1]


def slurm_is_here() -> bool:
    path = os.environ.get("PATH", "") + ":/usr/sbin:/sbin"
    return os.geteuid() == 0 and all(shutil.which(name, path=path) for name in NEEDED)


@unittest.skipUnless(PROGRAM and slurm_is_here(), "needs root, slurm-wlm and munge")
class Slurm(unittest.TestCase):
    def setUp(self):
        owner = tempfile.TemporaryDirectory(prefix="timeslice-slurm-")
        self.addCleanup(owner.cleanup)
        self.folder = Path(owner.name)
        self.environment = {"PATH": "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin",
                            "HOME": str(self.folder), "LC_ALL": "C.UTF-8",
                            "SLURM_CONF": str(self.folder / "slurm.conf")}
        (self.folder / "slurm.conf").write_text(CONFIGURATION.format(
            folder=self.folder, controller_port=free_port(), node_port=free_port()))
        for name in ("state", "spool"):
            (self.folder / name).mkdir()
        self.daemons: dict[str, subprocess.Popen] = {}
        self.addCleanup(self.stop_daemons)
        self.start_daemons()

    def start(self, name: str, *words) -> None:
        with (self.folder / (name + ".err")).open("ab") as errors:
            self.daemons[name] = subprocess.Popen(
                [name, *map(str, words)], env=self.environment, start_new_session=True,
                stdout=subprocess.DEVNULL, stderr=errors)

    def start_node(self) -> None:
        self.start("slurmd", "-D", "-N", "localhost", "-f", self.folder / "slurm.conf")

    def start_daemons(self) -> None:
        key = self.folder / "munge.key"
        key.write_bytes(os.urandom(1024))
        key.chmod(0o600)
        self.start("munged", "--foreground", "--force", "--key-file", key, "--socket",
                   self.folder / "munge.socket", "--pid-file", self.folder / "munge.pid",
                   "--seed-file", self.folder / "munge.seed", "--log-file",
                   self.folder / "munge.log")
        self.wait_for(lambda: (self.folder / "munge.socket").exists(), "munged")
        self.start("slurmctld", "-D", "-f", self.folder / "slurm.conf")
        self.start_node()
        try:
            self.wait_for(lambda: self.slurm("sinfo", "-h", "-o", "%T") == "idle", "an idle node")
        except AssertionError as problem:  # a sandbox without what Slurm needs is not our failure
            self.skipTest(str(problem))

    def stop_daemons(self) -> None:
        for name in ("slurmd", "slurmctld", "munged"):
            daemon = self.daemons.get(name)
            if daemon is not None:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(daemon.pid, signal.SIGKILL)
                daemon.wait()

    def wait_for(self, holds, what: str, seconds: float = 60.0) -> None:
        deadline = time.monotonic() + seconds
        while not holds():
            if time.monotonic() > deadline:
                logs = "\n".join(f"--- {log.name}\n{log.read_text(errors='replace')[-2000:]}"
                                 for log in sorted(self.folder.glob("*.[le][or][gr]*")))
                self.fail(f"{what} did not come within {seconds} s\n{logs}")
            time.sleep(0.1)

    def slurm(self, *words) -> str:
        return subprocess.run(words, env=self.environment, capture_output=True, text=True,
                              check=False).stdout.strip()

    def timeslice(self, *words) -> str:
        done = subprocess.run([PROGRAM, *map(str, words)], env=self.environment, cwd=self.folder,
                              capture_output=True, text=True, check=False)
        self.assertEqual(done.returncode, 0, f"{words}\n{done.stdout}\n{done.stderr}")
        return done.stdout

    def rows(self, name: str, sql: str) -> list:
        with contextlib.closing(sqlite3.connect(self.folder / name)) as database:
            return database.execute(sql).fetchall()

    def part_processes(self) -> list[int]:
        """Parts at work: processes of the program with --shard on their command line."""
        found = []
        for entry in Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError):
                words = (entry / "cmdline").read_bytes().split(b"\0")
                if words[0] == PROGRAM.encode() and b"--shard" in words and \
                        str(self.folder).encode() in b" ".join(words):
                    found.append(int(entry.name))
        return found

    def test_a_killed_part_and_a_killed_node_change_nothing(self):
        scenario = self.folder / "sweep.yaml"
        scenario.write_text(SWEEP.replace("items: 20", "items: 4000").replace(
            "repeat: 3", "repeat: 10"))
        self.timeslice("run", "--quiet", scenario, "--db", "whole.db")
        jobs = self.folder / "jobs"
        self.timeslice("batch", "plan", scenario, "--shards", PARTS, "-o", jobs)
        self.timeslice("batch", "submit", jobs)
        self.wait_for(self.part_processes, "a first part")
        os.kill(self.part_processes()[0], signal.SIGKILL)
        self.wait_for(self.part_processes, "a further part")
        os.killpg(self.daemons["slurmd"].pid, signal.SIGKILL)
        for process in self.part_processes():  # they die with their node
            with contextlib.suppress(ProcessLookupError):
                os.kill(process, signal.SIGKILL)
        self.daemons["slurmd"].wait()
        time.sleep(2)
        self.start_node()
        self.wait_for(lambda: self.slurm("squeue", "-h") == "", "the end of all jobs", 240)
        self.timeslice("status", jobs / "sweep.db")
        for sql in CONTENT:
            self.assertEqual(self.rows("jobs/sweep.db", sql), self.rows("whole.db", sql))
        logs = "".join(log.read_text() for log in jobs.glob("*.log"))
        self.assertNotIn("busy", logs)


if __name__ == "__main__":
    unittest.main()
