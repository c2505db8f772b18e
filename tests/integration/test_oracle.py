# SPDX-License-Identifier: PostgreSQL
"""The judge of incremental backups, judged: what it records is what the server sent, and it
notices what it is there to notice."""

import os
import shutil
from pathlib import Path

import pytest

from support import oracle, pages, process
from support.churn import STEPS, Churn, seed
from support.oracle import compare_directories
from support.pages import BLOCK
from support.redoubt import Redoubt
from support.tee import Tee, extract


@pytest.fixture
def tee(directory, cluster):
    with Tee(directory / "tee", cluster) as made:
        yield made


@pytest.fixture
def churn(directory, cluster):
    """A running cluster after some random work, with a tablespace, and more work to come."""
    cluster.set(autovacuum="off", **oracle.summaries(cluster))
    cluster.start()
    os.mkdir(directory / "space")
    cluster.sql(f"create tablespace aside location '{directory / 'space'}'")
    made = Churn(cluster, seed(1), ["aside"])
    made.prepare()
    made.run(30)
    return made


def pg_basebackup(directory, tee, number, *options):
    """One of PostgreSQL's own, through the tee, as a directory."""
    into = directory / f"output-{number}"
    process.run([tee.cluster.bin / "pg_basebackup", "-D", into, "-c", "fast", "-X", "none",
                 f"-T{directory / 'space'}={directory / f'space-{number}'}", *options],
                env=tee.env(), seconds=300)
    return into


def test_what_is_recorded_is_what_the_client_got(directory, cluster, tee, churn):
    with churn:
        output = pg_basebackup(directory, tee, 0)

    recorded, = tee.backups
    stream = extract(recorded, directory / "stream")

    verdict = compare_directories(output, stream, exceptions=oracle.NOTHING)
    assert not verdict.differences, str(verdict)
    assert verdict.blocks > 2000 and not recorded.incremental
    assert list(recorded.tablespaces.values()) == [str(directory / "space")]


def test_recorded_incrementals_combine_to_what_the_clients_do(directory, cluster, tee, churn):
    """Before 17, where there are none, every stream is whole and its own sum."""
    outputs, streams = [], []
    for number in range(3):
        parent = [f"--incremental={outputs[-1]}/backup_manifest"] if number else []
        outputs.append(pg_basebackup(directory, tee, number,
                                     *(parent if oracle.has_summaries(cluster) else [])))
        streams.append(extract(tee.backups[-1], directory / f"stream-{number}"))
        churn.run(15)

    ours, theirs = streams[-1], outputs[-1]
    if oracle.has_summaries(cluster):
        assert [b.incremental for b in tee.backups] == [False, True, True]
        assert tee.backups[1].uploaded == tee.backups[0].manifest.read_bytes()
        ours = oracle.combine(cluster, streams, directory / "of-streams")
        theirs = oracle.combine(cluster, outputs, directory / "of-outputs",
                                f"-T{directory / 'space-2'}={directory / 'space-combined'}")

    # Its manifest has the time at which it was made.
    verdict = compare_directories(ours, theirs,
                                  exceptions=oracle.Exceptions((), ("backup_manifest",), ()))
    assert not verdict.differences, str(verdict)


def test_a_full_backup_is_restored_as_it_was_sent(directory, cluster, tee, file_repository, churn):
    redoubt = Redoubt(directory / "redoubt", cluster, file_repository, connection=tee.conninfo)
    history = oracle.History(directory, cluster, tee)
    redoubt.init()
    with churn:
        link = history.add(redoubt.json("backup"))

    oracle.restore(redoubt, link, directory / "copy")

    verdict = history.assert_right(link, directory / "copy")
    assert verdict.files > 1000 and verdict.corrected == verdict.hints == 0


def edit(path, at, change):
    with open(path, "r+b") as file:
        file.seek(at)
        file.write(change)


def flip(path, at):
    edit(path, at, bytes([path.read_bytes()[at] ^ 0x10]))


DAMAGE = [
    # what is done to a restored directory and the file t of it, how it must be called
    (lambda top, t: flip(t, 5 * BLOCK + 8000), "page"),
    (lambda top, t: edit(t, 6 * BLOCK, bytes(BLOCK)), "lost"),
    (lambda top, t: edit(t, 7 * BLOCK, t.read_bytes()[:BLOCK]), "page"),
    (lambda top, t: os.truncate(t, 8 * BLOCK), "size"),
    (lambda top, t: edit(t, t.stat().st_size, bytes(BLOCK)), "size"),
    (lambda top, t: edit(t, t.stat().st_size, b"x"), "size"),
    (lambda top, t: t.unlink(), "missing"),
    (lambda top, t: shutil.copy(t, t.with_name("9999999")), "not in the backup"),
    (lambda top, t: t.chmod(0o640), "mode"),
    (lambda top, t: (top / "pg_logical").chmod(0o755), "mode"),
    (lambda top, t: (top / "pg_wal/archive_status").rmdir(), "missing"),
    (lambda top, t: (top / "pg_twophase").rmdir(), "missing"),
    (lambda top, t: (top / "base/77").mkdir(), "not in the backup"),
    (lambda top, t: ((top / "pg_dynshmem").rmdir(), (top / "pg_dynshmem").touch()), "type"),
    (lambda top, t: flip(top / "global/pg_control", 100), "content"),
    (lambda top, t: flip(top / "backup_label", 30), "content"),
    (lambda top, t: flip(top / "postgresql.auto.conf", 3), "content"),
]


def test_the_judge_notices_every_kind_of_damage(directory, cluster, tee):
    cluster.start()
    cluster.sql("create table t as select i, repeat('x', 500) from generate_series(1, 1000) i;"
                "checkpoint")
    name = cluster.value("select pg_relation_filepath('t')")
    process.run([cluster.bin / "pg_basebackup", "-D", directory / "output", "-c", "fast", "-X",
                 "none"], env=tee.env())
    stream = extract(tee.backups[0], directory / "stream")
    for other in [f for f in (stream / "base").glob("*/*") if f != stream / name]:
        other.unlink()  # to be quick

    missed = []
    for number, (damage, kind) in enumerate(DAMAGE):
        copy = directory / "copy"
        shutil.copytree(stream, copy)
        damage(copy, copy / name)
        found = {d.kind for d in compare_directories(copy, stream).differences}
        if found != {kind}:
            missed.append(f"damage {number}, {kind}: found {found}")
        shutil.rmtree(copy)

    assert not missed
    assert not compare_directories(stream, stream).differences


@pytest.fixture
def hinting(new_cluster):
    """A cluster whose hint bits are not logged."""
    made = new_cluster("hinting", checksums=False,
                       settings={"autovacuum": "off", "max_prepared_transactions": "1"})
    return made.start()


# From PostgreSQL 19 on, readers too make pages all-visible, unless somebody may not see the rows.
HOLD_BACK = "begin; select pg_current_xact_id(); prepare transaction 'old';"
LET_GO = "commit prepared 'old';"


def pages_of(cluster, relation):
    """The pages of a relation as they are on disk now."""
    cluster.sql("checkpoint")
    path = cluster.data / cluster.value(f"select pg_relation_filepath('{relation}')")
    content = path.read_bytes()
    return [content[at:at + BLOCK] for at in range(0, len(content), BLOCK)]


def test_hints_are_seen_through(hinting):
    hinting.sql(HOLD_BACK)
    hinting.sql("create table fresh as select i from generate_series(1, 1000) i;"
                "create table t (id int, k int, place point);"
                "create index b on t using btree (id); create index h on t using hash (k);"
                "create index g on t using gist (place);"
                "insert into t select i, i % 500, point(i, i) from generate_series(1, 5000) i;"
                "delete from t where id % 2 = 0;")
    relations = ("fresh", "b", "h", "g")
    before = {r: pages_of(hinting, r) for r in relations}
    hinting.sql("select count(*) from fresh")
    hinting.sql(LET_GO)
    look = "select count(*) from t"
    for condition in ("id between 1 and 5000", "k = 12", "place <@ box '(5000,5000),(0,0)'"):
        hinting.sql(f"set enable_seqscan = off; set enable_bitmapscan = off;"
                    f"{look} where {condition}; {look} where {condition};")
    after = {r: pages_of(hinting, r) for r in relations}

    for relation in relations:
        pairs = list(zip(before[relation], after[relation], strict=True))
        assert all(pages.lsn(old) == pages.lsn(new) for old, new in pairs), relation
        assert any(old != new for old, new in pairs), f"no hint was left in {relation}"
        wrong = [n for n, (old, new) in enumerate(pairs)
                 if pages.without_hints(old) != pages.without_hints(new)]
        assert not wrong, f"{relation} ({pages.kind(pairs[0][0])} pages): {wrong}"


def test_the_all_visible_flag_is_no_hint(hinting):
    hinting.sql(HOLD_BACK)
    hinting.sql("create table t as select i from generate_series(1, 2000) i; select * from t;")
    before = pages_of(hinting, "t")
    hinting.sql(LET_GO)
    hinting.sql("vacuum (truncate false) t")
    after = pages_of(hinting, "t")

    # Newer versions extend by more pages than they fill; those stay zero.
    pairs = [p for p in zip(before, after, strict=True) if not pages.is_zero(p[0])]
    assert pairs
    for old, new in pairs:
        assert pages.lsn(old) == pages.lsn(new)
        assert pages.without_hints(old) != pages.without_hints(new)


def test_a_change_of_rows_is_no_hint(hinting):
    hinting.sql("create table t (id int, k int); insert into t values (1, 1); select * from t;")
    before, = pages_of(hinting, "t")
    hinting.sql("vacuum (freeze) t")
    frozen, = pages_of(hinting, "t")
    hinting.sql("delete from t")
    deleted, = pages_of(hinting, "t")

    seen = [pages.without_hints(page) for page in (before, frozen, deleted)]
    assert seen[0] != seen[1] != seen[2]


class Notebook:
    """Stands in for a cluster: writes down what it is told."""

    home = Path("/nowhere")

    def __init__(self):
        self.told = []

    def sql(self, script, database="postgres"):
        self.told.append((database, script))

    def kill(self):
        self.told.append("kill")

    def restart(self):
        self.told.append("restart")

    def start(self):
        self.told.append("start")


def written_down(number):
    notebook = Notebook()
    churn = Churn(notebook, number, ["aside"])
    churn.prepare()
    churn.run(300)
    # Sessions that load at once come in any order.
    return sorted(map(str, notebook.told)), churn


def test_a_seed_is_the_same_work_every_time():
    first, churn = written_down(5)
    again, _ = written_down(5)
    other, _ = written_down(6)

    assert first == again != other
    assert churn.taken == set(STEPS), "in 300 steps each kind is met"
