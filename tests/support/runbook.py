# SPDX-License-Identifier: PostgreSQL
"""A runbook, read by somebody who types what it says: `redoubt runbook NAME` is printed,
and its ```sh blocks are run by bash as they stand there.

Nothing carries over from one block to the next but what the page's first block exports.
Two commands are replaced, because a test is no administrator: `sudo` runs the rest of its
line as we are, and `systemctl` starts and stops the story's server by pg_ctl when the unit is
its service, and only writes down what it was asked for any other.
"""

import contextlib
import os
import shlex
import subprocess
from pathlib import Path

from support import process

PAGES = Path(__file__).resolve().parents[2] / "runbooks"
SERVICE = "postgresql"

_executed = {}  # the places of the blocks that were run, by page


class Block:
    """What a reader runs at one go."""

    def __init__(self, place, script):
        self.place = place  # (section, heading below it or "", number from 1)
        self.script = script


def blocks(text):
    """The blocks of a page, by their places.  Those above the first section have section ""."""
    found, section, heading, number = {}, "", "", 0
    lines = iter(text.split("\n"))
    for line in lines:
        if line.startswith("## "):
            section, heading, number = line[3:], "", 0
        elif line.startswith("### "):
            heading, number = line[4:], 0
        elif line == "```sh":
            number += 1
            script = "\n".join(iter(lambda: next(lines), "```"))
            found[section, heading, number] = Block((section, heading, number), script)
    return found


@contextlib.contextmanager
def _terminal(typed):
    """Somebody at a keyboard, if anything is typed."""
    if typed is None:
        yield subprocess.DEVNULL
        return
    keyboard, screen = os.openpty()
    try:
        os.write(keyboard, typed.encode())
        yield screen
    finally:
        os.close(keyboard)
        os.close(screen)


class Reader:
    """Somebody at the terminal of a cluster's host, with one page before them."""

    def __init__(self, redoubt, page, *, service_of=None, **values):
        self.redoubt = redoubt
        self.page = page
        self.cluster = service_of or redoubt.cluster
        self.values = {"service": SERVICE, **values}
        self.shims = redoubt.home / "shims"
        redoubt.configure(postgres={"bin_directory": str(self.cluster.bin)})
        self._write_shims()

    def know(self, **values):
        """Fill in what the page left open; the next block is read from it anew."""
        self.values.update(values)
        return self

    def text(self):
        given = [f"--set={key}={value}" for key, value in self.values.items()]
        return self.redoubt.run("runbook", self.page, *given).out

    def run(self, section, number=1, *, under="", code=0, typed=None, seconds=90):
        """Run one block; its exit code must be `code`, or any if that is None.  What is
        typed meanwhile comes from a terminal."""
        with _terminal(typed) as stdin:
            result = process.run(self._line(section, number, under), env=self._environment(),
                                 stdin=stdin, seconds=seconds, check=False, cwd=self.redoubt.home)
        if code is not None and result.code != code:
            raise AssertionError(f"wanted exit code {code}\n{result}\n{self.cluster.log_tail()}")
        return result

    def start(self, section, number=1, *, under=""):
        """Run one block in another terminal; the caller ends it."""
        return process.start(self._line(section, number, under), env=self._environment(),
                             log=self.redoubt.home / "terminal.log", cwd=self.redoubt.home)

    def _line(self, section, number, under):
        text = blocks(self.text())
        block = text[section, under, number]
        assert "{{" not in block.script, f"still open:\n{block.script}"
        _executed.setdefault(self.page, set()).add(block.place)
        first = text["", "", 1].script
        return ["bash", "-euo", "pipefail", "-c", f"{first}\n{block.script}"]

    def asked_of_systemd(self):
        """The lines for units other than the server's."""
        log = self.shims / "systemctl.log"
        return log.read_text().splitlines() if log.exists() else []

    def _environment(self):
        return {**self.redoubt.environment, "PGUSER": "postgres",
                "PATH": f"{self.shims}:/usr/local/bin:/usr/bin:/bin"}

    def _write_shims(self):
        self.shims.mkdir(exist_ok=True)
        cluster = self.cluster
        options = (f"-c listen_addresses= -c unix_socket_directories={cluster.socket} "
                   "-c port=5432")
        self._shim("redoubt", f'exec {shlex.quote(str(self.redoubt.binary))} "$@"')
        self._shim("sudo", '[ "$1" = -u ] && shift 2\nexec "$@"')
        self._shim("systemctl", f"""
case "$*" in
  *" {SERVICE}") ;;
  *) echo "$*" >> {shlex.quote(str(self.shims / "systemctl.log"))}; exit 0 ;;
esac
ctl() {{ {shlex.quote(str(cluster.bin / "pg_ctl"))} -D {shlex.quote(str(cluster.config))} "$@"; }}
case "$1" in
  start) ctl start -s -w -t 120 -l {shlex.quote(str(cluster.log))} -o {shlex.quote(options)} ;;
  restart) ctl restart -s -w -m fast -t 120 -l {shlex.quote(str(cluster.log))} -o \
{shlex.quote(options)} ;;
  stop | mask) if ctl status > /dev/null; then ctl stop -s -w -m fast -t 120; fi ;;
  status) ctl status ;;
  unmask) ;;
  *) echo "systemctl $*: not expected" >&2; exit 64 ;;
esac""")

    def _shim(self, name, script):
        path = self.shims / name
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(0o755)


def assert_every_block_was_run(page):
    """For the last test of a page's file; the whole file must have been run."""
    wanted = set(blocks((PAGES / f"{page}.md").read_text()))
    never = sorted(wanted - _executed.get(page, set()))
    assert not never, f"never run: {never}"
