# SPDX-License-Identifier: PostgreSQL
"""The program under test: its configuration, and its commands with their output,
exit codes and time limits."""

import contextlib
import json
import os
import shlex
from pathlib import Path

import yaml

from support import process
from support.gate import Gate

EXIT_SEGMENT_NOT_ARCHIVED = 1
EXIT_DOUBT = 126  # archive-get: from here on recovery stops


def binary():
    """The program that REDOUBT_BIN names, or the development build's."""
    default = Path(__file__).resolve().parents[2] / "build/dev/redoubt"
    path = Path(os.environ.get("REDOUBT_BIN", default))
    if not os.access(path, os.X_OK):
        raise AssertionError(f"{path} is not there: build it first, or set REDOUBT_BIN")
    return path.resolve()


class Outage:
    """What makes a repository go and what brings it back."""

    def __init__(self, begin, end):
        self.begin = begin
        self.end = end


class Redoubt:
    """One configuration file and the program that reads it."""

    def __init__(self, home, cluster, repository, *, name="main", connection=None, **overrides):
        self.home = Path(home)
        self.home.mkdir(parents=True, exist_ok=True)
        self.binary = binary()
        self.cluster = cluster
        self.repository = repository
        self.name = name
        self.file = self.home / "redoubt.yaml"
        self.key_file = self.home / "repository.key"
        self.spool = self.home / "spool"
        self.settings = {
            "cluster": name,
            "postgres": {"connection": connection or cluster.conninfo,
                         "data_directory": str(cluster.data)},
            "repository": repository.configuration(),
            "encryption": {"key_file": str(self.key_file)},
        }
        self.environment = dict(repository.environment)
        self.configure(**overrides)

    def configure(self, **sections):
        """Change sections of the configuration, None for "not at all", and write the file."""
        for section, value in sections.items():
            if isinstance(value, dict) and isinstance(self.settings.get(section), dict):
                merged = {**self.settings[section], **value}
                self.settings[section] = {k: v for k, v in merged.items() if v is not None}
            elif value is None:
                self.settings.pop(section, None)
            else:
                self.settings[section] = value
        # By a rename: a server may be reading it.
        written = self.file.with_name("redoubt.yaml.written")
        written.write_text(yaml.safe_dump(self.settings, sort_keys=False, allow_unicode=True))
        written.replace(self.file)

    def be_impatient(self):
        """Retry for a second only what may pass; on files nothing is retried."""
        if self.repository.kind == "s3":
            self.configure(repository={"retry_limit": "1s"})

    def lose_repository(self):
        """Make the repository unreachable, for good."""
        if self.repository.kind == "file":
            self.repository.unmount()
        else:
            self.configure(repository={"endpoint": "https://localhost:1"})

    @contextlib.contextmanager
    def outages(self):
        """Within it the repository can be lost and come back: begin() and end()."""
        if self.repository.kind == "file":
            yield Outage(self.repository.unmount, self.repository.mount)
            return
        gate = Gate(self.repository.server.tls_port)
        self.configure(repository={"endpoint": f"https://localhost:{gate.port}"})
        try:
            yield Outage(gate.shut, gate.open)
        finally:
            gate.shut()

    # Running it

    def run(self, *arguments, code=0, env=None, seconds=120, crash_at=None):
        """Run a command; its exit code must be `code`, or any if that is None."""
        extra = {**self.environment, **(env or {})}
        if crash_at is not None:
            extra["REDOUBT_CRASH_AT"] = crash_at
            code = -9
        result = process.run(self.argv(*arguments), env=extra, seconds=seconds, check=False,
                             cwd=self.home)
        if code is not None and result.code != code:
            raise AssertionError(f"wanted exit code {code}\n{result}")
        return result

    def json(self, *arguments, **options):
        """Run a command with --json and read what it reports."""
        result = self.run(*arguments, "--json", **options)
        try:
            return json.loads(result.out)
        except ValueError as error:
            raise AssertionError(f"not JSON: {error}\n{result}") from None

    def start(self, *arguments, env=None, log=None):
        """Start a command in the background."""
        return process.start(self.argv(*arguments), env={**self.environment, **(env or {})},
                             log=log or self.home / f"{arguments[0]}.log", cwd=self.home)

    def argv(self, command, *arguments):
        return [str(self.binary), command, "-c", str(self.file), *(str(a) for a in arguments)]

    # PostgreSQL's settings

    def archive_command(self, crash_at=None):
        prefix = f"REDOUBT_CRASH_AT={shlex.quote(crash_at)} " if crash_at else ""
        return f"{prefix}{self.binary} archive-push -c {shlex.quote(str(self.file))} %p"

    def restore_command(self):
        return f"{self.binary} archive-get -c {shlex.quote(str(self.file))} %f %p"

    def archive_from(self, cluster, **settings):
        """Let this cluster, which is not started yet, archive through us."""
        cluster.environment.update(self.environment)
        cluster.archive_with(self.archive_command(), **settings)

    # Commands with what they mean to a story

    def init(self):
        return self.run("init")

    def backup(self, *arguments, seconds=300, **options):
        """Take a backup; returns its identifier."""
        before = {b["id"] for b in self.backups()}
        self.run("backup", *arguments, seconds=seconds, **options)
        new = [b["id"] for b in self.backups() if b["id"] not in before]
        assert len(new) == 1, f"one backup more expected, got {new}"
        return new[0]

    def backups(self):
        """What `list` knows, oldest first."""
        return self.json("list")["backups"]

    def push(self, path, code=0, **options):
        return self.run("archive-push", path, code=code, **options)

    def get(self, name, path, code=0, **options):
        return self.run("archive-get", name, path, code=code, **options)

    def plan(self, directory, *arguments):
        """What a restore would do."""
        return self.json("restore", "--into", directory, "--dry-run", *arguments)

    def restore(self, directory, *arguments, code=0, seconds=300, **options):
        return self.run("restore", "--into", directory, *arguments, code=code, seconds=seconds,
                        **options)
