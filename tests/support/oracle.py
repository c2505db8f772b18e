# SPDX-License-Identifier: PostgreSQL
"""The judge of incremental backups: what a restore should have written, by somebody else's
account, and where it did not.

From PostgreSQL 17 on, the account is pg_combinebackup's of the very streams that the
program received (support/tee.py), corrected where it is known to be wrong: a block at or
above a limit block of the WAL summaries that nobody sent since then is zero, whatever
an older backup has there.  pg_combinebackup does not know of limits, and puts old rows
back.  Where the stream is whole (15, 16, and full backups), it is the account itself.
"""

import re
import shutil
import stat
import struct
from dataclasses import dataclass, field
from pathlib import Path

from support import compare, pages, process
from support.pages import BLOCK
from support.tee import extract, lsn_number

_SEGMENT_BLOCKS = 131072  # of a relation's file; Debian's builds have the default of 1 GiB
_INCREMENTAL = "INCREMENTAL."
_INCREMENTAL_MAGIC = 0xD3AE1F0D
_FORKS = {None: 0, "fsm": 1, "vm": 2, "init": 3}
_ZEROS = bytes(BLOCK)

_DEFAULT_TABLESPACE, _GLOBAL_TABLESPACE = 1663, 1664  # pg_tablespace.dat
_RELATION = re.compile(r"(?:base/(?P<base>\d+)|(?P<shared>global)"
                       r"|pg_tblspc/(?P<space>\d+)/PG_[^/]+/(?P<database>\d+))"
                       r"/(?P<relation>\d+)(?:_(?P<fork>fsm|vm|init))?(?:\.(?P<segment>\d+))?")


# What the server sent, link by link


class Link:
    """One stream, the one that it builds on, and the program's backup that it became."""

    def __init__(self, recorded, home, parent, limits, backup=None):
        self.recorded = recorded
        self.parent = parent
        self.limits = limits  # between the parent's start and its own
        self.backup = backup
        self._home = home

    @property
    def start(self):
        return lsn_number(self.recorded.start[0])

    @property
    def directory(self):
        """The stream as a directory, made when it is first wanted: files are slow to make."""
        if not self._home.exists():
            extract(self.recorded, self._home)
        return self._home

    def chain(self):
        """The links that its stream rests on, itself last."""
        links = [self]
        while links[0].recorded.incremental:
            links.insert(0, links[0].parent)
        return links


class History:
    """Backups taken through a tee, and how to judge a restore of each."""

    def __init__(self, home, cluster, tee):
        self.home = Path(home)
        self.cluster = cluster
        self.tee = tee
        self.links = {}  # by the backup's identifier
        self._streams = 0

    def add(self, backup):
        """Take note of what `redoubt backup --json` reported, while the server's summaries of
        that time still exist."""
        parent = self.links[backup["parent"]] if backup.get("parent") else None
        link = self.add_stream(self.tee.find(backup["start"]["lsn"]), parent, backup)
        self.links[backup["id"]] = link
        return link

    def add_stream(self, recorded, parent, backup=None):
        """The same for a backup of somebody else's."""
        limits = {}
        if recorded.incremental:
            assert parent is not None, f"an incremental stream without a parent: {backup}"
            limits = limit_blocks(self.cluster, parent.recorded.start[0], recorded.start[0])
        self._streams += 1
        return Link(recorded, self.home / f"stream-{self._streams}", parent, limits, backup)

    def judge(self, link, restored):
        """The differences between a restored directory, not yet started, and the stream's account.

        A judge that took the place of blocks from the server's word may say how often
        pg_combinebackup was wrong: see Verdict.corrected."""
        chain = link.chain()
        expected = chain[0].directory
        if len(chain) > 1:
            expected = combine(self.cluster, [c.directory for c in chain],
                               self.home / f"combined-{link.backup['id']}")
        verdict = compare_directories(
            restored, expected, zeroed=Zeroed(chain),
            hints_before=self._hints_before(link))
        if len(chain) > 1:
            shutil.rmtree(expected)
        return verdict

    def assert_right(self, link, restored):
        verdict = self.judge(link, restored)
        assert not verdict.differences, (
            f"backup {link.backup['id']} of PostgreSQL {self.cluster.bin} was not restored as it "
            f"was sent:\n{verdict}")
        return verdict

    def _hints_before(self, link):
        """Older pages than this may be the parent's, with its hints; 0: none may differ."""
        if link.parent is None or link.recorded.incremental or _logs_hints(self.cluster):
            return 0
        return link.parent.start


def _logs_hints(cluster):
    return "on" in (cluster.value("show data_checksums"), cluster.value("show wal_log_hints"))


def combine(cluster, directories, into, *options):
    """PostgreSQL's own reconstruction from a full backup and its incrementals, oldest first."""
    process.run([cluster.bin / "pg_combinebackup", "--no-sync", "-o", into, *options,
                 *directories], seconds=300)
    return Path(into)


def limit_blocks(cluster, after, until):
    """The lowest limit block of each relation fork in the summaries between two LSNs.

    A limit block says that from it on nothing of the relation is left from before: it was
    truncated to that length, or is gone or new when that is 0.  relation 0 is a whole
    database, created by copying files."""
    rows = cluster.sql(f"""
        select c.reltablespace, c.reldatabase, c.relfilenode, c.relforknumber,
               min(c.relblocknumber)
        from pg_available_wal_summaries() s,
             lateral pg_wal_summary_contents(s.tli, s.start_lsn, s.end_lsn) c
        where s.end_lsn > '{after}' and s.start_lsn < '{until}' and c.is_limit_block
        group by 1, 2, 3, 4""")
    return {tuple(int(v) for v in row[:4]): int(row[4]) for row in rows}


def relation_of(path):
    """((tablespace, database, relation, fork), first block) of a relation's file, or None."""
    match = _RELATION.fullmatch(path)
    if match is None:
        return None
    if match["shared"]:
        place = _GLOBAL_TABLESPACE, 0
    elif match["base"]:
        place = _DEFAULT_TABLESPACE, int(match["base"])
    else:
        place = int(match["space"]), int(match["database"])
    key = (*place, int(match["relation"]), _FORKS[match["fork"]])
    return key, int(match["segment"] or 0) * _SEGMENT_BLOCKS


class Zeroed:
    """Which blocks of a file a chain of streams says nothing about but that they are new.

    Going from the newest stream to older ones: a block that was sent is what was sent; one
    that was not, and lies at or above the limit of that time, has been extended since
    then without WAL, and is zero."""

    def __init__(self, chain):
        self.chain = chain

    def blocks(self, path, count):
        """Numbers within the file."""
        found, undecided = set(), set(range(count))
        relation = relation_of(path)
        if relation is None:
            return found
        key, first = relation
        if not any(key in link.limits for link in self.chain):
            return found
        for link in reversed(self.chain):
            sent = sent_blocks(link.directory, path)
            if sent is None or not undecided:
                break
            undecided -= sent
            limit = link.limits.get(key)
            if limit is not None:
                above = {b for b in undecided if first + b >= limit}
                found |= above
                undecided -= above
        return found


def sent_blocks(directory, path):
    """The blocks of a file that an incremental stream has; None if it has the file whole, or
    has none."""
    file = Path(directory) / path
    incremental = file.with_name(_INCREMENTAL + file.name)
    if not incremental.exists():
        return None
    with open(incremental, "rb") as stream:
        magic, count, _ = struct.unpack("<III", stream.read(12))
        assert magic == _INCREMENTAL_MAGIC, f"{incremental} has magic {magic:x}"
        return set(struct.unpack(f"<{count}I", stream.read(4 * count)))


# Two directories


@dataclass(frozen=True)
class Exceptions:
    """What a restore may do to a backup's files.  Names, or directories with a slash."""

    # restore/layout.c: what would act, and what a restored cluster makes anew.
    dropped: tuple = ("recovery.signal", "standby.signal", "postmaster.pid", "postmaster.opts",
                      "current_logfiles", "backup_manifest", "pg_wal/")
    # restore/restore.c, restore/recovery_settings.c
    written: tuple = ("recovery.signal", "backup_manifest", "tablespace_map", "pg_wal/")
    appended: tuple = ("postgresql.auto.conf",)


NOTHING = Exceptions((), (), ())


@dataclass
class Difference:
    path: str
    kind: str
    block: "int | None" = None
    detail: str = ""

    def __str__(self):
        where = self.path if self.block is None else f"{self.path} block {self.block}"
        return f"{where}: {self.kind}" + (f" ({self.detail})" if self.detail else "")


@dataclass
class Verdict:
    """What was compared, and what differs."""
    differences: list = field(default_factory=list)
    files: int = 0
    blocks: int = 0
    hints: int = 0  # blocks that are equal but for their hint bits
    corrected: int = 0  # blocks that the expected side has from before a truncation

    def __str__(self):
        counts = {}
        for difference in self.differences:
            counts[difference.kind] = counts.get(difference.kind, 0) + 1
        lines = [f"{self.files} files, {self.blocks} blocks compared: "
                 + (", ".join(f"{n} x {kind}" for kind, n in sorted(counts.items())) or "equal")]
        return "\n".join(lines + [str(d) for d in self.differences[:60]])


def compare_directories(restored, expected, *, exceptions=Exceptions(), zeroed=None,
                        hints_before=0):
    """Compare every file and directory, by byte and by mode.

    zeroed: see Zeroed; of these blocks the restored side must be zero.  hints_before: pages
    with an older LSN may differ in what pages.without_hints clears."""
    verdict = Verdict()
    pair = _Pair(verdict, exceptions, zeroed, hints_before)
    ours, theirs = _entries(restored), _entries(expected)
    for path in sorted(ours.keys() | theirs.keys()):
        got, wanted = ours.get(path), theirs.get(path)
        if got is None:
            if not _excepted(path, wanted, exceptions.dropped):
                pair.differs(path, "missing")
        elif wanted is None:
            if not _excepted(path, got, exceptions.written):
                pair.differs(path, "not in the backup")
        elif not _excepted(path, got, exceptions.written):
            pair.entry(path, got, wanted)
    return verdict


def _entries(top):
    """Everything below a directory by its path; links are followed in pg_tblspc only."""
    top, found = Path(top), {}
    pending = [("", top)]
    while pending:
        prefix, directory = pending.pop()
        for entry in directory.iterdir():
            path = prefix + entry.name
            found[path] = entry
            if entry.is_dir() and (prefix == "pg_tblspc/" or not entry.is_symlink()):
                pending.append((path + "/", entry))
    return found


def _excepted(path, entry, names):
    """Only files, by their name or by a directory that they are below."""
    return not entry.is_dir() and any(
        path == name or (name.endswith("/") and path.startswith(name)) for name in names)


class _Pair:
    """Two entries of the same path at a time."""

    def __init__(self, verdict, exceptions, zeroed, hints_before):
        self.verdict = verdict
        self.exceptions = exceptions
        self.zeroed = zeroed
        self.hints_before = hints_before

    def differs(self, path, kind, block=None, detail=""):
        self.verdict.differences.append(Difference(path, kind, block, detail))

    def entry(self, path, got, wanted):
        here, there = got.stat().st_mode, wanted.stat().st_mode
        if stat.S_IFMT(here) != stat.S_IFMT(there):
            self.differs(path, "type")
            return
        if here != there:
            self.differs(path, "mode",
                         detail=f"{stat.S_IMODE(there):o} became {stat.S_IMODE(here):o}")
        if stat.S_ISREG(here):
            self.verdict.files += 1
            self._content(path, got.read_bytes(), wanted.read_bytes())

    def _content(self, path, got, wanted):
        if path in self.exceptions.appended:
            got = got[:len(wanted)]
        if len(got) != len(wanted):
            self.differs(path, "size", detail=f"{len(wanted)} became {len(got)}")
        if relation_of(path) is not None:
            self._blocks(path, got, wanted)
        elif got != wanted and len(got) == len(wanted):
            at = next(i for i, pair in enumerate(zip(got, wanted)) if pair[0] != pair[1])
            self.differs(path, "content", detail=f"from byte {at} on")

    def _blocks(self, path, content, original):
        count = min(len(content), len(original)) // BLOCK
        self.verdict.blocks += count
        zero = self.zeroed.blocks(path, count) if self.zeroed is not None else set()
        if content == original and not zero:
            return
        for block in range(count):
            got = content[block * BLOCK:(block + 1) * BLOCK]
            stored = original[block * BLOCK:(block + 1) * BLOCK]
            wanted = _ZEROS if block in zero else stored
            self.verdict.corrected += wanted != stored
            if got == wanted:
                continue
            if wanted != stored and got == stored:
                self.differs(path, "brought back", block, "it was truncated away: must be zero")
            else:
                self._page(path, block, got, wanted)
        if len(content) == len(original) and content[count * BLOCK:] != original[count * BLOCK:]:
            self.differs(path, "content", detail="after its last block")

    def _page(self, path, block, got, wanted):
        if wanted == _ZEROS:
            self.differs(path, "not zero", block, _describe(got))
        elif got == _ZEROS:
            self.differs(path, "lost", block, _describe(wanted))
        elif self._differ_in_hints(got, wanted):
            self.verdict.hints += 1
        else:
            changed = [i for i in range(BLOCK) if got[i] != wanted[i]]
            self.differs(path, "page", block, (
                f"{len(changed)} bytes from {changed[0]} to {changed[-1]}; wanted "
                f"{_describe(wanted)}, got {_describe(got)}"))

    def _differ_in_hints(self, got, wanted):
        """May it be an older backup's page, and is it the same but for hints?"""
        return pages.lsn(wanted) < self.hints_before and (
            pages.without_hints(got) == pages.without_hints(wanted))


def _describe(page):
    lsn = pages.lsn(page)
    return f"{pages.kind(page)} page with LSN {lsn >> 32:X}/{lsn & 0xFFFFFFFF:X}"


# Running clusters


def has_summaries(cluster):
    """Does this version know incremental backups of its own?"""
    return (cluster.bin / "pg_combinebackup").exists()


def summaries(cluster):
    """The settings by which the server learns what to put into an incremental."""
    return {"summarize_wal": "on"} if has_summaries(cluster) else {}


def restore(redoubt, link, into, *options):
    """Restore this backup, its tablespaces beside the directory, and do not start it."""
    moved = []
    for oid in link.recorded.tablespaces:
        moved += ["--tablespace", f"{oid}={into}-tablespace-{oid}"]
    redoubt.restore(into, "--backup", link.backup["id"], *moved, *options)


# pg_visibility finds tuples that the map calls visible or frozen to all and are not; and a
# map's bit without the page's own flag, which the next change of that page would not clear.
_VISIBILITY = """
create extension if not exists pg_visibility;
select 'not visible: ' || c.oid::regclass || t.ctid from pg_class c,
    lateral (select x.t_ctid as ctid from pg_check_visible(c.oid) x limit 3) t
    where c.relkind in ('r', 'm', 't') and c.relpersistence = 'p';
select 'not frozen: ' || c.oid::regclass || t.ctid from pg_class c,
    lateral (select x.t_ctid as ctid from pg_check_frozen(c.oid) x limit 3) t
    where c.relkind in ('r', 'm', 't') and c.relpersistence = 'p';
select 'flag missing: ' || c.oid::regclass || ' block ' || t.blkno from pg_class c,
    lateral (select v.blkno from pg_visibility(c.oid) v
             where v.all_visible and not v.pd_all_visible limit 3) t
    where c.relkind in ('r', 'm', 't') and c.relpersistence = 'p';
drop extension pg_visibility;
"""


def visibility_errors(cluster):
    """Where a visibility map promises what its pages do not keep."""
    found = []
    for database in cluster.databases():
        found += [f"{database}: {line}" for line, in cluster.sql(_VISIBILITY, database)]
    return found


def assert_sound(cluster):
    """A running copy agrees with itself: tables, indexes, visibility maps."""
    cluster.tool("pg_amcheck", "--all", "--install-missing", "--heapallindexed", "--jobs=2")
    errors = visibility_errors(cluster)
    assert not errors, "visibility maps that lie:\n" + "\n".join(errors[:30])


def assert_same_rows(wanted, copy):
    """A running copy has the rows of a picture taken from the source."""
    compare.assert_equal(wanted, compare.picture(copy))
