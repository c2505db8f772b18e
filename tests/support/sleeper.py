# SPDX-License-Identifier: PostgreSQL
"""A command of the program that falls asleep at a marked step, so that a story can do
something meanwhile."""

import os
import re
import signal
from pathlib import Path

from support.process import wait_until


class Sleeper:
    """Asleep at the step once it is made; it is woken up as often as it sleeps."""

    def __init__(self, redoubt, point, *arguments):
        self.log = redoubt.home / f"sleeper-{len(list(redoubt.home.glob('sleeper-*')))}.log"
        self.child = redoubt.start(*arguments, env={"REDOUBT_STOP_AT": point}, log=self.log)
        self.code = None
        wait_until(self._asleep_or_ended, 120, f"{arguments[0]} to sleep at \"{point}\"")
        assert self.code is None, f"{arguments[0]} never came to \"{point}\"\n{self.said()}"

    def _asleep_or_ended(self):
        pid, status = os.waitpid(self.child.pid, os.WNOHANG | os.WUNTRACED)
        if pid == 0:
            return False
        if os.WIFSTOPPED(status):
            return True
        self.code = os.waitstatus_to_exitcode(status)
        self.child.returncode = self.code
        return True

    def wake(self):
        """Let it go on to its end; returns its exit code."""
        while self.code is None:
            os.kill(self.child.pid, signal.SIGCONT)
            wait_until(self._asleep_or_ended, 150, "the sleeper to end")
        return self.code

    def peak_memory_kib(self):
        """The most memory that it has had until now."""
        status = Path(f"/proc/{self.child.pid}/status").read_text()
        return int(re.search(r"^VmHWM:\s+(\d+) kB$", status, re.M).group(1))

    def said(self):
        return self.log.read_text()
