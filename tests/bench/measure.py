# SPDX-License-Identifier: PostgreSQL
"""What a command costs: wall time, processor time of its whole process tree, and
peak memory, of its largest process and of all together.

The kernel accounts for processor time and the largest process exactly (wait4
adds up every descendant that was waited for).  The sum over processes can only
be sampled.
"""

import json
import os
import subprocess
import threading
from dataclasses import dataclass
from pathlib import Path

from support import process

_PAGE = os.sysconf("SC_PAGE_SIZE")
_TICKS = os.sysconf("SC_CLK_TCK")
_SAMPLE_SECONDS = 0.1
_LAUNCHER = Path(__file__).with_name("launch.py")


@dataclass
class Cost:
    wall: float = 0.0  # seconds
    cpu: float = 0.0  # user and system seconds
    server_cpu: float = 0.0  # what PostgreSQL's own processes took meanwhile
    rss: float = 0.0  # MiB, the largest process
    rss_sum: float = 0.0  # MiB, all processes together, sampled
    stored: float = 0.0  # MiB that were added to the repository, where that was asked for


def measure(commands, *, env=None, cwd=None, log, server=None):
    """Run commands one after the other; each must succeed."""
    total = Cost()
    before = _server_cpu(server)
    with open(log, "ab") as output:
        for argv in commands:
            _measure_one(total, [str(a) for a in argv], env, cwd, output)
    total.server_cpu = _server_cpu(server) - before
    return total


def _measure_one(total, argv, env, cwd, output):
    costs = Path(output.name).with_suffix(".cost")
    child = subprocess.Popen(["/usr/bin/python3", "-I", "-S", _LAUNCHER, costs, *argv],
                             env=process.environment(env), cwd=cwd, stdin=subprocess.DEVNULL,
                             stdout=output, stderr=output, start_new_session=True)
    sampler = _Sampler(child.pid)
    sampler.start()
    code = child.wait()
    sampler.stop()
    if code != 0:
        raise SystemExit(f"{' '.join(argv)}\nfailed with exit code {code}; its output is in "
                         f"{output.name}:\n"
                         + Path(output.name).read_text(errors="replace")[-3000:])
    cost = json.loads(costs.read_text())
    total.wall += cost["wall"]
    total.cpu += cost["cpu"]
    total.rss = max(total.rss, cost["rss"])
    total.rss_sum = max(total.rss_sum, sampler.peak / 2**20, cost["rss"])


class _Sampler(threading.Thread):
    """Adds up the memory of every process of a session but its leader, now and then."""

    def __init__(self, session):
        super().__init__(daemon=True)
        self.session = session
        self.peak = 0
        self.ended = threading.Event()

    def run(self):
        while not self.ended.wait(_SAMPLE_SECONDS):
            self.peak = max(self.peak, sum(_rss(fields) for pid, fields in _stats()
                                           if fields[3] == self.session != pid))

    def stop(self):
        self.ended.set()
        self.join()


def _stats():
    """The fields of every process's stat, from the state on: [0] is field 3."""
    for entry in os.scandir("/proc"):
        if entry.name.isdigit():
            try:
                text = Path(f"/proc/{entry.name}/stat").read_bytes()
            except OSError:
                continue
            fields = text.rpartition(b")")[2].split()
            yield int(entry.name), [fields[0], *map(int, fields[1:])]


def _rss(fields):
    return fields[21] * _PAGE


def _server_cpu(server):
    """Processor time of a cluster so far: living processes and those it has reaped."""
    if server is None:
        return 0.0
    ticks = 0
    for pid in process.of_directory(server.data):
        try:
            text = Path(f"/proc/{pid}/stat").read_bytes()
        except OSError:
            continue
        fields = text.rpartition(b")")[2].split()
        user, system, child_user, child_system = map(int, fields[11:15])
        ticks += user + system
        if pid == server.pid():
            ticks += child_user + child_system
    return ticks / _TICKS
