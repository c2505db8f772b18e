# SPDX-License-Identifier: PostgreSQL
"""A socket in front of a server that passes every byte on and keeps a copy of each base
backup that goes by.

What a backup tool made of a stream can be judged only against that very stream: the next
BASE_BACKUP of the same server sends other bytes.  The messages are PostgreSQL's
frontend/backend protocol, version 3, and inside the one CopyOut of BASE_BACKUP those
that PostgreSQL 15 and later send ("Base Backup" in its chapter on replication).
"""

import contextlib
import re
import shutil
import socket
import struct
import threading
from pathlib import Path

from support import process

_CHUNK = 1 << 18


def lsn_number(text):
    """An LSN to be compared: PostgreSQL 19 pads its second half with zeros."""
    high, low = text.split("/")
    return int(high, 16) << 32 | int(low, 16)


class Recorded:
    """One BASE_BACKUP: its archives and its manifest as files, and what the server said."""

    def __init__(self, directory, command):
        self.directory = directory
        self.command = command
        self.incremental = _asks_for_incremental(command)
        self.uploaded = None  # the manifest that the client sent before it, as bytes
        self.start = None  # (LSN as text, timeline)
        self.stop = None
        self.tablespaces = {}  # OID as text: where the server has it
        self.archives = []
        self.error = None  # SQLSTATE
        self.complete = False
        self._row_sets = 0
        self._file = None
        directory.mkdir(parents=True)

    @property
    def manifest(self):
        return self.directory / "backup_manifest"

    def message(self, kind, body):
        """Take the server's next message; True when the command has ended."""
        if kind == b"d":
            self._copied(bytes(body[:1]), body[1:])
        elif kind == b"T":
            self._row_sets += 1
        elif kind == b"D":
            self._row(_columns(body))
        elif kind == b"E":
            fields = bytes(body).split(b"\0")
            self.error = next((f[1:].decode() for f in fields if f[:1] == b"C"), "?")
        elif kind == b"Z":
            self.complete = self.error is None and self.stop is not None
            self.end()
            return True
        return False

    def end(self):
        if self._file is not None:
            self._file.close()
            self._file = None

    def _row(self, columns):
        if self._row_sets == 1:
            self.start = columns[0], int(columns[1])
        elif self._row_sets == 2 and columns[0] is not None:
            self.tablespaces[columns[0]] = columns[1]
        elif self._row_sets == 3:
            self.stop = columns[0], int(columns[1])

    def _copied(self, kind, body):
        if kind == b"n":
            name = bytes(body).split(b"\0")[0].decode()
            assert re.fullmatch(r"(base|[1-9]\d*)\.tar", name), f"an archive named {name!r}"
            self.archives.append(name)
            self._open(name)
        elif kind == b"m":
            self._open("backup_manifest")
        elif kind == b"d":
            self._file.write(body)
        else:
            assert kind == b"p", f"an unknown message {kind!r} in a base backup"

    def _open(self, name):
        self.end()
        self._file = open(self.directory / name, "xb")


class Tee:
    """Listens in a directory of its own until it is closed."""

    def __init__(self, home, cluster):
        self.home = Path(home)
        self.cluster = cluster
        self.socket = self.home / "socket"
        self.backups = []  # every BASE_BACKUP so far, failed ones too, oldest first
        self._failures = []
        self._ends = []
        self._lock = threading.Lock()
        self.socket.mkdir(parents=True)
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(self.socket / ".s.PGSQL.5432"))
        self._listener.listen(64)
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def conninfo(self):
        """As the cluster's own, but through this socket."""
        return self.cluster.conninfo.replace(str(self.cluster.socket), str(self.socket))

    def env(self):
        """For PostgreSQL's client programs."""
        return {**self.cluster.env(), "PGHOST": str(self.socket)}

    def find(self, lsn):
        """The one complete backup that started there."""
        found = [b for b in self.backups
                 if b.complete and lsn_number(b.start[0]) == lsn_number(lsn)]
        assert len(found) == 1, f"{len(found)} backups started at {lsn}: " + ", ".join(
            f"{b.start} {b.error or ''}" for b in self.backups)
        return found[0]

    def close(self):
        """Cut all connections; fails if something went by that was not understood."""
        for end in [self._listener, *self._ends]:
            _cut(end)
        if self._failures:
            raise self._failures[0]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def record(self, command):
        """A client asks for a base backup."""
        with self._lock:
            backup = Recorded(self.home / f"backup-{len(self.backups) + 1}", command)
            self.backups.append(backup)
        return backup

    def _accept(self):
        while True:
            try:
                near, _ = self._listener.accept()
            except OSError:
                return
            far = socket.socket(socket.AF_UNIX)
            self._ends += [near, far]
            try:
                far.connect(str(self.cluster.socket / ".s.PGSQL.5432"))
            except OSError:
                _cut(near)
                continue
            connection = _Connection(self)
            self._pump(near, far, connection.from_client)
            self._pump(far, near, connection.from_server)

    def _pump(self, source, sink, look):
        """Pass on what comes, after a look at it: who has got the end of a backup may rely
        on finding it recorded."""
        def run():
            try:
                while data := source.recv(_CHUNK):
                    look(data)
                    sink.sendall(data)
            except OSError:
                pass
            except Exception as error:  # pylint: disable=broad-except
                self._failures.append(error)
            _cut(source)
            _cut(sink)
        threading.Thread(target=run, daemon=True).start()


class _Connection:
    """What one client and the server say to each other."""

    def __init__(self, tee):
        self.tee = tee
        self.asked = _Messages(startup=True)
        self.answered = _Messages(startup=False)
        self.upload = None
        self.backup = None

    def from_client(self, data):
        for kind, body in self.asked.split(data):
            if kind == b"Q":
                self._query(bytes(body[:-1]).decode("utf-8", "backslashreplace"))
            elif kind == b"d" and self.upload is not None:
                self.upload += body

    def from_server(self, data):
        for kind, body in self.answered.split(data):
            if self.backup is not None and self.backup.message(kind, body):
                self.backup = None

    def _query(self, text):
        command = text.split(None, 1)[0].upper() if text.split() else ""
        if command == "UPLOAD_MANIFEST":
            self.upload = bytearray()
        elif command == "BASE_BACKUP":
            backup = self.tee.record(text)
            if self.upload is not None:
                backup.uploaded, self.upload = bytes(self.upload), None
            self.backup = backup


class _Messages:
    """Cuts one direction's bytes into messages: a type, four bytes of length, a body."""

    def __init__(self, startup):
        self.startup = startup  # a client's first message has no type
        self.rest = bytearray()

    def split(self, data):
        self.rest += data
        view, at = memoryview(self.rest), 0
        try:
            while (header := 4 if self.startup else 5) <= len(view) - at:
                size, = struct.unpack_from("!I", view, at + header - 4)
                end = at + header + size - 4
                if end > len(view):
                    break
                kind = b"" if self.startup else bytes(view[at:at + 1])
                self.startup = False
                with view[at + header:end] as body:
                    yield kind, body
                at = end
        finally:
            view.release()
            del self.rest[:at]


def extract(recorded, into):
    """Make a plain data directory of a recorded backup, its manifest in place.

    Tablespaces become directories in pg_tblspc, as allow_in_place_tablespaces has them and
    pg_combinebackup takes them without being told of any mapping."""
    assert recorded.complete, f"{recorded.command}: {recorded.error or 'cut off'}"
    into = Path(into)
    into.mkdir(mode=0o700, parents=True)
    _untar(recorded.directory / "base.tar", into)
    for name in recorded.archives:
        if name == "base.tar":
            continue
        place = into / "pg_tblspc" / name.removesuffix(".tar")
        if place.is_symlink():  # without TABLESPACE_MAP the links are in base.tar
            place.unlink()
        place.mkdir(mode=0o700, exist_ok=True)
        _untar(recorded.directory / name, place)
    shutil.copyfile(recorded.manifest, into / "backup_manifest")
    (into / "backup_manifest").chmod(0o600)
    return into


def _untar(archive, into):
    process.run(["tar", "--extract", "--preserve-permissions", "--file", archive, "--directory",
                 into])


def _asks_for_incremental(command):
    option = re.search(r"\bINCREMENTAL\b\s*('?\w*'?)", re.sub(r"LABEL\s+'(''|[^'])*'", "", command),
                       re.I)
    return option is not None and option[1].strip("'").lower() not in ("false", "off", "no", "0")


def _columns(body):
    """The values of a DataRow as text."""
    count, = struct.unpack_from("!H", body)
    values, at = [], 2
    for _ in range(count):
        size, = struct.unpack_from("!i", body, at)
        at += 4
        values.append(None if size < 0 else bytes(body[at:at + size]).decode())
        at += max(size, 0)
    return values


def _cut(end):
    with contextlib.suppress(OSError):
        end.shutdown(socket.SHUT_RDWR)
    end.close()
