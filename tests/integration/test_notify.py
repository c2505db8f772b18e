# SPDX-License-Identifier: PostgreSQL
"""What systemd is told by a job that it started, over a socket as systemd has it."""

import re
import shlex
import socket

import pytest

from support import process, workload

pytestmark = pytest.mark.parametrize("repository", ["file"], indirect=True)


class Manager:
    """Listens as systemd does, and starts programs so that they know it."""

    def __init__(self, path):
        self.path = path
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(str(path))
        self.socket.setblocking(False)

    def run(self, redoubt, *arguments, code=0, started="$$"):
        """`started` is the process that systemd says it started: the shell, which becomes ours."""
        line = shlex.join(redoubt.argv(*arguments))
        result = process.run(["/bin/sh", "-c", f"SYSTEMD_EXEC_PID={started} exec {line}"],
                             env={**redoubt.environment, "NOTIFY_SOCKET": str(self.path)},
                             check=False)
        assert result.code == code, result
        return result

    def heard(self):
        messages = []
        while True:
            try:
                messages.append(self.socket.recv(4096).decode())
            except BlockingIOError:
                return messages


@pytest.fixture
def manager(directory):
    return Manager(directory / "notify")


def test_a_backup_tells_what_it_is_doing(archiving, redoubt, manager):
    workload.small(archiving)

    manager.run(redoubt, "backup")

    messages = manager.heard()
    assert messages[0] == "READY=1"
    assert messages[-2:] == ["STATUS=done", "STOPPING=1"]
    between = messages[1:-2]
    assert all(m.startswith("STATUS=") and "\n" not in m for m in between)
    assert any(m.startswith("STATUS=taking a full backup") for m in between)


def test_long_work_tells_how_far_it_is(archiving, redoubt, manager):
    redoubt.backup()

    manager.run(redoubt, "verify", "--all", "--rate", "2MB")

    assert any(re.fullmatch(r"STATUS=verify \[[#.]+\] +\d+% of .*/s, .* left", m)
               for m in manager.heard())


def test_a_failure_is_the_last_that_is_told(archiving, redoubt, manager):
    result = manager.run(redoubt, "dump", "nothing_of_the_kind", code=2)

    error = result.err.split("redoubt: error: ")[1].splitlines()[0]
    assert manager.heard()[-2:] == [f"STATUS={error}", "STOPPING=1"]


def test_what_postgresql_runs_does_not_speak_for_it(archiving, redoubt, manager):
    """Else the first archived segment would end a server that systemd started."""
    segment = archiving.data / "pg_wal" / archiving.switch_wal()

    manager.run(redoubt, "archive-push", segment, started="1")

    assert manager.heard() == []
