# SPDX-License-Identifier: PostgreSQL
"""A PostgreSQL of the test's own: real programs, a data directory and a unix
socket below one temporary directory, no TCP port.

Connection settings are given on the server's command line, never in a file, so
that a restored copy of a cluster cannot meet the original's socket by accident.
"""

import csv
import io
import os
import re
import shutil
import signal
from pathlib import Path

from support import process
from support.process import wait_until

SUPERUSER = "postgres"

# What tests of a backup tool want, and what makes them quick: nothing here needs
# to survive a power failure, only kill -9.
SETTINGS = {
    "fsync": "off",
    "shared_buffers": "32MB",
    "max_wal_size": "2GB",
    "max_wal_senders": "8",
    "wal_level": "replica",
    "log_line_prefix": "%m [%p] ",
    "log_checkpoints": "off",
    "log_min_messages": "warning",
    "log_min_error_statement": "panic",
    "wal_retrieve_retry_interval": "200ms",
    "timezone": "UTC",
}

_initdb_cache = {}


def bindir():
    """The programs under test: the newest installed, or the one that was chosen."""
    chosen = os.environ.get("REDOUBT_TEST_PG_BINDIR")
    if chosen:
        found = Path(chosen)
    else:
        versions = [p for p in Path("/usr/lib/postgresql").glob("[0-9]*/bin")
                    if (p / "initdb").exists() and int(p.parent.name) >= 15]
        if not versions:
            raise AssertionError("no PostgreSQL 15 or later below /usr/lib/postgresql: "
                                 "install Debian's postgresql, or set REDOUBT_TEST_PG_BINDIR")
        found = max(versions, key=lambda p: int(p.parent.name))
    for program in ("initdb", "pg_ctl", "psql", "pg_basebackup", "pgbench", "pg_amcheck"):
        if not (found / program).exists():
            raise AssertionError(f"{found / program} is missing")
    return found


def major():
    """The major version of the programs under test."""
    version = process.run([bindir() / "postgres", "--version"]).out
    return int(re.search(r"\(PostgreSQL\) (\d+)", version).group(1))


class Cluster:
    """One data directory and the server that runs on it."""

    def __init__(self, home, data=None):
        self.home = Path(home)
        self.home.mkdir(parents=True, exist_ok=True)
        self.data = Path(data) if data else self.home / "data"
        self.config = self.data
        self.socket = self.home / "socket"
        self.socket.mkdir(exist_ok=True)
        self.log = self.home / "server.log"
        self.bin = bindir()
        self.environment = {}

    @classmethod
    def create(cls, home, *, checksums=True, wal_segsize=None, settings=None, fresh=False):
        """A new cluster.  Copies share a system identifier unless fresh is asked for."""
        self = cls(home)
        options = ["-k"] if checksums else self._without_checksums()
        options += [f"--wal-segsize={wal_segsize}"] if wal_segsize else []
        made = None if fresh else _initdb_cache.get(tuple(options))
        if made and made.exists():
            shutil.copytree(made, self.data, symlinks=True)
        else:
            process.run([self.bin / "initdb", "-D", self.data, "-U", SUPERUSER, "-A", "trust",
                         "-E", "UTF8", "--locale=C.UTF-8", "--no-sync", *options])
            if not fresh:
                kept = self.home / "initdb"
                shutil.copytree(self.data, kept, symlinks=True)
                _initdb_cache[tuple(options)] = kept
        self.set(**{**SETTINGS, **(settings or {})})
        return self

    def _without_checksums(self):
        """From PostgreSQL 18 on they are initdb's default."""
        offered = "--no-data-checksums" in process.run([self.bin / "initdb", "--help"]).out
        return ["--no-data-checksums"] if offered else []

    # Configuration

    def set(self, **settings):
        """Add settings to postgresql.conf; the last one of a name counts."""
        with open(self.config / "postgresql.conf", "a", encoding="utf-8") as file:
            for name, value in settings.items():
                quoted = str(value).replace("'", "''")
                file.write(f"{name} = '{quoted}'\n")

    def archive_with(self, command, **settings):
        """Turn archiving on with this archive_command, before the server starts."""
        self.set(archive_mode="on", archive_command=command, **settings)

    def move_configuration(self, directory):
        """Debian's layout: the configuration files outside the data directory."""
        directory = Path(directory)
        directory.mkdir(parents=True)
        for name in ("postgresql.conf", "pg_hba.conf", "pg_ident.conf"):
            shutil.move(self.data / name, directory / name)
        self.config = directory
        self.set(data_directory=self.data, hba_file=directory / "pg_hba.conf",
                 ident_file=directory / "pg_ident.conf")

    # The server's life

    def start(self, seconds=60, wait=True):
        options = (f"-c listen_addresses= -c unix_socket_directories={self.socket} -c port=5432")
        self._pg_ctl("start", "-w" if wait else "-W", "-t", seconds, "-l", self.log, "-o", options,
                     seconds=seconds + 10)
        return self

    def stop(self, mode="fast", seconds=60):
        if self.is_running():
            self._pg_ctl("stop", "-w", "-m", mode, "-t", seconds, seconds=seconds + 10)

    def restart(self, mode="fast"):
        self.stop(mode)
        return self.start()

    def reload(self):
        self._pg_ctl("reload")

    def promote(self, seconds=60):
        self._pg_ctl("promote", "-w", "-t", seconds, seconds=seconds + 10)

    def kill(self):
        """kill -9 of the postmaster, as the kernel does it when memory is short."""
        pid = self.pid()
        os.kill(pid, signal.SIGKILL)
        wait_until(lambda: not process.of_directory(self.data), 30,
                   "the server's processes to notice that the postmaster is gone")
        # The next postmaster takes one that nobody has reaped yet for a living one.
        wait_until(lambda: not Path(f"/proc/{pid}").exists(), 30, "the postmaster to be reaped")

    def pid(self):
        return int((self.data / "postmaster.pid").read_text().splitlines()[0])

    def is_running(self):
        try:
            return process.is_alive(self.pid())
        except (FileNotFoundError, IndexError, ValueError):
            return False

    def wait_for_end(self, seconds=60):
        """Wait until the server has ended by itself."""
        wait_until(lambda: not self.is_running(), seconds, "the server to end")

    def end(self):
        """Make sure that nothing of this cluster runs any more, whatever its state."""
        for pid in process.of_directory(self.data):
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        wait_until(lambda: not process.of_directory(self.data), 30, "the server's end")

    def _pg_ctl(self, verb, *options, seconds=60):
        result = process.run([self.bin / "pg_ctl", verb, "-D", self.config, "-s", *options],
                             env=self.environment, seconds=seconds, check=False)
        if result.code != 0:
            raise AssertionError(f"{result}\n--- {self.log}\n{self.log_tail()}")

    # The log

    def log_text(self):
        return self.log.read_text(errors="backslashreplace") if self.log.exists() else ""

    def log_tail(self, lines=40):
        return "\n".join(self.log_text().splitlines()[-lines:])

    def wait_for_log(self, pattern, seconds=60):
        """Wait for a line of the log that matches."""
        return wait_until(lambda: re.search(pattern, self.log_text()), seconds,
                          f"\"{pattern}\" in {self.log}")

    # Talking to it

    @property
    def conninfo(self):
        return f"host={self.socket} port=5432 user={SUPERUSER}"

    def env(self, database="postgres"):
        """For PostgreSQL's client programs: works with any name of a database."""
        return {"PGHOST": str(self.socket), "PGPORT": "5432", "PGUSER": SUPERUSER,
                "PGDATABASE": database}

    def tool(self, name, *arguments, database="postgres", seconds=300, check=True):
        """Run one of this version's client programs against the server."""
        return process.run([self.bin / name, *arguments], env=self.env(database), seconds=seconds,
                           check=check)

    def sql(self, script, database="postgres", seconds=300):
        """Run statements, each in its own transaction; rows as tuples of text."""
        result = process.run([self.bin / "psql", "-X", "-q", "-t", "--csv", "-v", "ON_ERROR_STOP=1",
                              "-f", "-"], env=self.env(database), input=script, seconds=seconds)
        # A row of one empty value is an empty line, which csv takes for no value at all.
        return [tuple(row) or ("",) for row in csv.reader(io.StringIO(result.out))]

    def value(self, query, database="postgres"):
        """The one value of a query's one row."""
        rows = self.sql(query, database)
        assert len(rows) == 1 and len(rows[0]) == 1, f"{query} returned {rows}"
        return rows[0][0]

    def databases(self):
        return [name for name, in self.sql(
            "select datname from pg_database where datallowconn order by 1")]

    def system_identifier(self):
        return self.control("Database system identifier")

    def control(self, field):
        """One line of pg_controldata."""
        out = process.run([self.bin / "pg_controldata", self.data], env={"LC_ALL": "C"}).out
        return re.search(rf"^{re.escape(field)}:\s+(.*)$", out, re.M).group(1)

    # WAL

    def lsn(self):
        return self.value("select case when pg_is_in_recovery() then pg_last_wal_replay_lsn() "
                          "else pg_current_wal_insert_lsn() end")

    def timeline(self):
        return int(self.value("select timeline_id from pg_control_checkpoint()"))

    def switch_wal(self):
        """End the current segment; returns its name.  It holds at least one record."""
        return self.sql("select pg_logical_emit_message(false, 'test', 'switch');\n"
                        "select pg_walfile_name(pg_switch_wal());")[-1][0]

    def archived(self, segment, seconds=60):
        """Wait until archive_command has taken this segment."""
        done = self.data / "pg_wal/archive_status" / f"{segment}.done"
        ready = self.data / "pg_wal/archive_status" / f"{segment}.ready"

        def taken():
            return done.exists() or (not ready.exists() and not (self.data / "pg_wal"
                                                                / segment).exists())

        try:
            wait_until(taken, seconds, f"segment {segment} to be archived")
        except AssertionError as error:
            raise AssertionError(f"{error}\n{self.log_tail()}") from None

    def switch_and_archive(self, seconds=60):
        segment = self.switch_wal()
        self.archived(segment, seconds)
        return segment

    def restore_point(self, name):
        """Make a restore point; returns the LSN of its end, unpadded (19 pads it)."""
        high, low = self.value(f"select pg_create_restore_point('{name}')").split("/")
        return f"{high}/{int(low, 16):X}"

    def commit(self, statement, database="postgres"):
        """Run one statement; returns its transaction's XID, and the time just after its commit."""
        rows = self.sql(f"begin;\n{statement};\nselect pg_current_xact_id();\ncommit;\n"
                        "select clock_timestamp();", database)
        return int(rows[-2][0]), rows[-1][0]

    # Copies

    def standby(self, home, *, settings=None, signal_file=True):
        """A streaming standby by pg_basebackup, not yet started."""
        other = Cluster(home)
        # tar and back would be needed to remap tablespaces that this very
        # machine has in use; a mapping per tablespace is what pg_basebackup offers.
        mapping = []
        for path, in self.sql("select pg_tablespace_location(oid) from pg_tablespace "
                              "where pg_tablespace_location(oid) <> ''"):
            target = other.home / ("tablespace-" + Path(path).name)
            mapping.append(f"-T{path}={target}")
        self.tool("pg_basebackup", "-D", other.data, "-c", "fast", "-X", "stream", *mapping,
                  *(["-R"] if signal_file else []))
        # Debian's layout keeps the configuration elsewhere: the copy has none.
        if not (other.data / "postgresql.conf").exists():
            for name in ("postgresql.conf", "pg_hba.conf", "pg_ident.conf"):
                shutil.copy(self.config / name, other.data / name)
        other.environment = dict(self.environment)
        other.set(**(settings or {}))
        return other

    def caught_up_with(self, primary, seconds=60):
        """Wait until this standby has replayed what the primary has written."""
        lsn = primary.value("select pg_current_wal_lsn()")
        wait_until(lambda: self.value(f"select pg_last_wal_replay_lsn() >= '{lsn}'") == "t",
                   seconds, f"replay of {lsn}")
