# SPDX-License-Identifier: PostgreSQL
"""The tools that are compared, each with the same work to do: encryption on where
the tool has it, zstd level 1, two workers."""

import json
import shutil
from pathlib import Path

from support import process
from support.redoubt import Redoubt as Program

WORKERS = 2


class Redoubt:
    name = "Redoubt"

    def __init__(self, home, cluster, repository_for):
        self.home = Path(home)
        self.cluster = cluster
        self.repository_for = repository_for
        self.program = None

    def reset(self):
        """A new, empty repository."""
        self.forget()
        self.program = Program(self.home, self.cluster, self.repository_for("redoubt"),
                               workers=WORKERS)
        self.program.init()

    def forget(self):
        if self.program is not None:
            self.program.repository.remove()
        shutil.rmtree(self.home, ignore_errors=True)
        self.program = None

    @property
    def env(self):
        return self.program.environment

    def backup(self):
        return [self.program.argv("backup")]

    def increment(self):
        return [self.program.argv("backup")]

    def newest_stored(self):
        """MiB that the newest backup, which must be an incremental, added to the repository."""
        newest = self.program.backups()[-1]
        assert newest["type"] == "incremental", newest
        return newest["new_bytes"] / 2**20

    def restore(self, directory):
        return [self.program.argv("restore", "--into", directory)]

    def push(self, segments):
        return [self.program.argv("archive-push", f"pg_wal/{s}") for s in segments]

    def get(self, segments, directory):
        return [self.program.argv("archive-get", s, directory / s) for s in segments]

    def version(self):
        return process.run([self.program.binary, "--version"]).out.strip()


class PgBackRest:
    name = "pgBackRest"
    env = {}

    def __init__(self, home, cluster, repository_for):
        self.home = Path(home)
        self.cluster = cluster
        self.repository_for = repository_for
        self.repository = None

    def reset(self):
        self.forget()
        self.repository = self.repository_for("pgbackrest")
        self.home.mkdir(parents=True)
        self._write_configuration()
        process.run(self._argv("stanza-create"))

    def forget(self):
        if self.repository is not None:
            self.repository.remove()
        shutil.rmtree(self.home, ignore_errors=True)
        self.repository = None

    def backup(self):
        # The archiver is idle here, so there is nothing to wait for or to check.
        return [self._argv("backup", "--type=full", "--start-fast", "--no-archive-check")]

    def increment(self):
        return [self._argv("backup", "--type=incr", "--start-fast", "--no-archive-check")]

    def newest_stored(self):
        newest = json.loads(process.run(self._argv("info", "--output=json")).out)[0]["backup"][-1]
        assert newest["type"] == "incr", newest
        return newest["info"]["repository"]["delta"] / 2**20

    def restore(self, directory):
        return [self._argv("restore", f"--pg1-path={directory}")]

    def push(self, segments):
        return [self._argv("archive-push", f"pg_wal/{s}") for s in segments]

    def get(self, segments, directory):
        return [self._argv("archive-get", s, directory / s) for s in segments]

    def version(self):
        return process.run(["pgbackrest", "version"]).out.strip()

    def _argv(self, command, *options):
        return ["pgbackrest", f"--config={self.home}/pgbackrest.conf", "--stanza=bench", command,
                *map(str, options)]

    def _write_configuration(self):
        settings = {
            "repo1-cipher-type": "aes-256-cbc", "repo1-cipher-pass": "a benchmark keeps no secret",
            "repo1-retention-full": "9", "compress-type": "zst", "compress-level": "1",
            "process-max": WORKERS, "log-level-console": "warn", "log-level-file": "off",
            "lock-path": self.home / "lock", "log-path": self.home / "log",
            "spool-path": self.home / "spool", **self._newer_settings(),
            **self._repository_settings()}
        lines = ["[global]", *(f"{k}={v}" for k, v in settings.items()), "[bench]",
                 f"pg1-path={self.cluster.data}", f"pg1-socket-path={self.cluster.socket}",
                 "pg1-port=5432", "pg1-user=postgres"]
        (self.home / "pgbackrest.conf").write_text("\n".join(lines) + "\n")

    def _newer_settings(self):
        """What versions from 2.46 on do better: small files together, changed blocks only."""
        version = tuple(int(n) for n in self.version().split()[-1].split(".")[:2])
        return {"repo1-bundle": "y", "repo1-block": "y"} if version >= (2, 46) else {}

    def _repository_settings(self):
        r = self.repository
        if r.kind == "file":
            return {"repo1-path": r.path}
        return {"repo1-type": "s3", "repo1-path": "/repository", "repo1-s3-uri-style": "path",
                "repo1-s3-endpoint": "localhost", "repo1-storage-port": r.server.tls_port,
                "repo1-storage-ca-file": r.server.ca_file, "repo1-s3-region": "us-east-1",
                "repo1-s3-bucket": r.bucket,
                "repo1-s3-key": r.environment["AWS_ACCESS_KEY_ID"],
                "repo1-s3-key-secret": r.environment["AWS_SECRET_ACCESS_KEY"]}


class PgBasebackup:
    """The server's own tool, for orientation: it does not encrypt."""

    name = "pg_basebackup"
    env = {}

    def __init__(self, home, cluster):
        self.home = Path(home)
        self.cluster = cluster

    def reset(self):
        self.forget()

    def forget(self):
        shutil.rmtree(self.home, ignore_errors=True)

    def backup(self):
        return [[self.cluster.bin / "pg_basebackup", "-d", self.cluster.conninfo, "-D", self.home,
                 "-Ft", "-Z", "client-zstd:level=1", "-X", "stream", "-c", "fast"]]

    def version(self):
        return process.run([self.cluster.bin / "pg_basebackup", "--version"]).out.strip()
