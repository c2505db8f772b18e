# SPDX-License-Identifier: PostgreSQL
"""Blocks that were truncated away and came back without WAL are empty in a restore.

VACUUM cuts the end off a table; then loading extends it by many pages at once, whose
zeros are not logged.  Nothing names those blocks as changed.  PostgreSQL's own
combination of incremental backups takes them from the older backup, and what was
deleted is there again.
"""

import json
import warnings

import pytest

from conftest import restore_copy
from support import compare, oracle, pages, process
from support.cluster import Cluster
from support.pages import BLOCK
from support.redoubt import Redoubt
from support.tee import Tee

BLOCKS = 400
KEPT_BLOCKS = 100  # enough that the server does not send a file whole because most of it changed


@pytest.fixture
def source(directory, cluster, file_repository):
    """A cluster, the program behind a tee, and what it is judged by."""
    with Tee(directory / "tee", cluster) as tee:
        redoubt = Redoubt(directory / "redoubt", cluster, file_repository,
                          connection=tee.conninfo)
        cluster.set(autovacuum="off", **oracle.summaries(cluster))
        redoubt.archive_from(cluster)
        cluster.start()
        redoubt.init()
        yield redoubt, oracle.History(directory, cluster, tee)


def back_up(redoubt, history, kind):
    said = redoubt.run("backup", "--json", seconds=300)
    link = history.add(json.loads(said.out))
    assert link.backup["type"] == kind, str(said)
    return link


def fill(cluster):
    """Eight rows to a block, and the blocks that will be kept at rest."""
    cluster.sql("create table t (i int, pad text);"
                f"insert into t select i, repeat('x', 900) from generate_series(1, {8 * BLOCKS}) i;"
                "vacuum t;")


def shrink(cluster):
    cluster.sql(f"delete from t where ctid >= '({KEPT_BLOCKS},0)';\nvacuum t;")


def grow(cluster):
    """Load rows, until the table has blocks of zeros where it had other rows; returns those."""
    file = cluster.home / "rows.csv"
    cluster.sql("copy (select i, repeat('y', 900) from generate_series(10001, 10360) i)"
                f" to '{file}';\ncopy t from '{file}';\ncheckpoint;")
    found = zero_blocks(cluster) or process.wait_until(lambda: lose_rows(cluster), 60,
                                                       "pages that were added and not filled")
    assert max(found) < BLOCKS, "beyond what the full backup has rows in"
    return found


def lose_rows(cluster):
    """Before 16, COPY extends by what it fills.  But a crash loses the WAL of a transaction that
    was not committed, and not the pages that it added."""
    cluster.sql("alter system set wal_writer_delay = '10s'; select pg_reload_conf();")
    size = table(cluster).stat().st_size
    session = process.start([cluster.bin / "psql", "-Xqc", (
        "begin; insert into t select i, repeat('z', 900) from generate_series(20001, 20160) i;"
        "select pg_sleep(600)")], env=cluster.env(), log=cluster.home / "lost.log")
    process.wait_until(lambda: table(cluster).stat().st_size > size, 60, "the table to grow")
    cluster.kill()
    session.wait(timeout=60)
    cluster.start()
    cluster.sql("checkpoint")
    return zero_blocks(cluster)


def table(cluster):
    return cluster.data / cluster.value("select pg_relation_filepath('t')")


def zero_blocks(cluster):
    content = table(cluster).read_bytes()
    return [n for n in range(len(content) // BLOCK)
            if pages.is_zero(content[n * BLOCK:(n + 1) * BLOCK])]


def rows(cluster):
    return int(cluster.value("select count(*) from t"))


def test_rows_that_were_deleted_do_not_come_back(directory, cluster, source, adopt):
    redoubt, history = source
    fill(cluster)
    back_up(redoubt, history, "full")
    shrink(cluster)
    grow(cluster)

    link = back_up(redoubt, history, "incremental")
    wanted = compare.picture(cluster)
    oracle.restore(redoubt, link, directory / "files")
    history.assert_right(link, directory / "files")
    cluster.switch_and_archive()
    copy = restore_copy(redoubt, directory / "copy", adopt)

    compare.assert_equal(wanted, compare.picture(copy))
    oracle.assert_sound(copy)


def test_they_stay_away_through_more_backups(directory, cluster, source, adopt):
    """Truncated in one incremental, grown again in the next, in which nothing was truncated."""
    redoubt, history = source
    fill(cluster)
    back_up(redoubt, history, "full")
    shrink(cluster)
    back_up(redoubt, history, "incremental")
    grow(cluster)
    back_up(redoubt, history, "incremental")
    cluster.sql("insert into t values (0, 'the last')")

    link = back_up(redoubt, history, "incremental")
    wanted = compare.picture(cluster)
    oracle.restore(redoubt, link, directory / "files")
    history.assert_right(link, directory / "files")
    cluster.switch_and_archive()
    copy = restore_copy(redoubt, directory / "copy", adopt)

    compare.assert_equal(wanted, compare.picture(copy))


def test_the_judge_fails_what_brings_them_back(directory, cluster, adopt):
    """PostgreSQL's own incremental backups from 17 on; before, a block put back by hand."""
    cluster.set(autovacuum="off", **oracle.summaries(cluster))
    cluster.start()
    fill(cluster)
    with Tee(directory / "tee", cluster) as tee:
        history = oracle.History(directory, cluster, tee)
        full = history.add_stream(pg_basebackup(tee, directory / "full"), None)
        shrink(cluster)
        empty = grow(cluster)
        parent = [f"--incremental={directory}/full/backup_manifest"]
        later = history.add_stream(
            pg_basebackup(tee, directory / "later",
                          *(parent if oracle.has_summaries(cluster) else [])), full)

    if not oracle.has_summaries(cluster):
        name = cluster.value("select pg_relation_filepath('t')")
        put_back(full.directory / name, directory / "later" / name, empty[0])
        found = oracle.compare_directories(directory / "later", later.directory,
                                           hints_before=full.start).differences
        assert [(d.kind, d.block) for d in found] == [("not zero", empty[0])]
        return

    combined = oracle.combine(cluster, [full.directory, later.directory], directory / "combined")
    found = oracle.compare_directories(combined, combined, zeroed=oracle.Zeroed(later.chain()))
    copy = adopt(Cluster(directory / "copy", data=combined)).start()
    if rows(copy) == rows(cluster):
        warnings.warn(f"pg_combinebackup of {cluster.bin} brings no rows back any more")
        return
    assert rows(copy) > rows(cluster)
    assert {d.kind for d in found.differences} == {"brought back"}
    assert {d.block for d in found.differences} <= set(empty)


def pg_basebackup(tee, into, *options):
    """One of PostgreSQL's own, through the tee; returns what that recorded."""
    process.run([tee.cluster.bin / "pg_basebackup", "-D", into, "-c", "fast", "-X", "fetch",
                 *options], env=tee.env())
    return tee.backups[-1]


def put_back(older, newer, block):
    with open(newer, "r+b") as file:
        file.seek(block * BLOCK)
        file.write(older.read_bytes()[block * BLOCK:(block + 1) * BLOCK])
