# SPDX-License-Identifier: PostgreSQL
"""Where a block that nothing names as changed is not what the older backup has.

Each story was made up to have an unsound way of inheriting blocks put wrong rows into a
restore: databases copied by files, pages and maps that change without WAL, WAL that is
not there or was never replayed.
"""

import pytest

from support import compare, oracle, process
from support.churn import seed
from support.cluster import Cluster
from support.judged import Judged


def make_moulds(cluster):
    """Two databases with other rows in a table of the same file name, both long at rest."""
    cluster.sql("create database mould_a")
    cluster.sql("create table shape (id int primary key, which text, filler text);"
                "insert into shape select i, 'a', repeat('a', 500)"
                " from generate_series(1, 3000) i;", "mould_a")
    cluster.sql("create database mould_b template mould_a")
    cluster.sql("update shape set which = 'b', filler = repeat('b', 500) where id > 1500;"
                "delete from shape where id <= 1500;", "mould_b")
    names = {cluster.value("select pg_relation_filenode('shape')", mould)
             for mould in ("mould_a", "mould_b")}
    assert len(names) == 1, "the moulds' files have different names"
    cluster.sql("checkpoint")


def pour(cluster, mould, space="pg_default"):
    """Make a copy of a mould by copying its files, always under the same OID."""
    cluster.sql(f"create database poured oid 4200000 template {mould} strategy file_copy "
                f"tablespace {space}")


@pytest.mark.parametrize("space", ["pg_default", "aside"])
def test_another_database_under_the_same_oid_is_not_the_old_one(judged, space):
    """Its files were copied, so their pages are as old as the other template is."""
    it = judged()
    make_moulds(it.cluster)
    pour(it.cluster, "mould_a", space=space)
    it.backup("full")

    it.cluster.sql("drop database poured")
    pour(it.cluster, "mould_b", space=space)

    assert it.cluster.value("select count(*) from shape where which = 'b'", "poured") == "1500"
    it.check(it.backup("incremental"))


def test_a_database_that_moved_away_and_back_is_the_one_that_came_back(judged):
    it = judged()
    make_moulds(it.cluster)
    pour(it.cluster, "mould_a")
    it.backup("full")
    it.cluster.sql("alter database poured set tablespace aside")
    it.cluster.sql("drop database poured")
    pour(it.cluster, "mould_b", space="aside")
    it.check(it.backup("incremental"))

    it.cluster.sql("alter database poured set tablespace pg_default")
    it.cluster.sql("drop database poured")
    pour(it.cluster, "mould_a")
    it.check(it.backup("incremental"))


def test_a_spell_without_full_wal_is_survived(judged):
    """What is loaded under wal_level = minimal has no WAL, and its pages no LSN."""
    it = judged()
    it.cluster.sql("create table t (id int primary key, body text);"
                   "insert into t select i, md5(i::text) from generate_series(1, 5000) i;")
    it.backup("full")
    it.cluster.set(wal_level="minimal", max_wal_senders="0", archive_mode="off",
                   **dict.fromkeys(oracle.summaries(it.cluster), "off"))
    it.cluster.restart()
    it.cluster.sql("begin; truncate t; insert into t select i, 'minimal' from "
                   "generate_series(1, 9000) i; commit;"
                   "create table u as select * from t;")
    it.cluster.set(wal_level="replica", max_wal_senders="8", archive_mode="on",
                   **oracle.summaries(it.cluster))
    it.cluster.restart()

    link = it.history.add(it.redoubt.json("backup", seconds=300))

    it.check(link)


def test_pages_keep_their_promise_to_the_visibility_map(judged):
    """Without checksums VACUUM flags pages as all-visible and gives them no new LSN."""
    it = judged(checksums=False)
    it.cluster.sql("create table t (id int primary key, body text);"
                   "insert into t select i, md5(i::text) from generate_series(1, 20000) i;")
    it.backup("full")
    it.cluster.sql("vacuum t")

    def delete_in(copy):
        copy.sql("delete from t where id % 2 = 0")
        assert copy.value("set enable_seqscan = off; set enable_bitmapscan = off;"
                          "select count(id) from t where id > 0") == "10000"

    it.check(it.backup("incremental"), delete_in)


@pytest.mark.parametrize("checksums", [True, False], ids=["checksums", "no-checksums"])
def test_a_visibility_map_forgets_what_was_truncated(judged, checksums):
    """Its bits for the table's old end are cleared without WAL where hints are not logged."""
    it = judged(checksums=checksums)
    it.cluster.sql("create table t (id int, body text); create index on t (id);"
                   "insert into t select i, repeat('x', 900) from generate_series(1, 1600) i;"
                   "delete from t where ctid >= '(10,0)';"
                   "vacuum (truncate false) t;")
    it.backup("full")
    it.cluster.sql("vacuum t; insert into t select i, repeat('y', 900) from "
                   "generate_series(2001, 2800) i;")

    def delete_in(copy):
        copy.sql("delete from t where id > 2000")
        assert copy.value("set enable_seqscan = off; set enable_bitmapscan = off;"
                          "select count(id) from t where id > 2000") == "0"

    it.check(it.backup("incremental"), delete_in)


def of_standby(it, standby, directory):
    """The same repository and the same history, continued with backups of a standby."""
    other = Judged(directory / "of-standby", standby, it.redoubt.repository, it.adopt,
                   encryption={"key_file": str(it.redoubt.key_file)})
    other.history.links = it.history.links
    return other


@pytest.mark.parametrize("checksums", [True, False], ids=["checksums", "no-checksums"])
def test_a_standby_goes_on_with_its_primarys_backups(judged, directory, adopt, checksums):
    it = judged(checksums=checksums, spaces=())
    it.churn_with(seed(41), databases=False)
    standby = adopt(it.cluster.standby(directory / "standby")).start()
    it.backup("full")
    it.churn.run(20, restarts=False)
    it.cluster.switch_and_archive()
    # Of a timeline that begins with a segment, PostgreSQL 18 finds its own summaries wanting.
    it.cluster.sql("create table begun as select 1;\ncheckpoint;")
    standby.caught_up_with(it.cluster)
    with of_standby(it, standby, directory) as other:
        other.judge(other.backup("incremental"))

        # A timeline that begins with a segment has no summary of that segment's header, for which
        # PostgreSQL itself refuses the next incremental (18.6, 19rc1).
        it.cluster.sql("create table inside_a_segment ()")
        standby.caught_up_with(it.cluster)
        standby.promote()
        it.cluster.stop()
        other.churn, it.churn.cluster = it.churn, standby
        it.churn.run(20, restarts=False)
        other.check(other.backup("incremental"))


def test_a_truncation_that_was_never_replayed_is_forgotten(judged, directory, adopt):
    """A standby summarizes the WAL that it has received.  Promoted before the end of it, it has
    summaries of what never happened on its own timeline."""
    it = judged(spaces=())
    it.cluster.sql("create table t (id int, pad text);"
                   "insert into t select i, repeat('x', 900) from generate_series(1, 3200) i;"
                   "vacuum t;")
    standby = adopt(it.cluster.standby(directory / "standby", settings={
        "recovery_target_name": "here", "recovery_target_action": "pause"})).start()
    it.backup("full")
    it.cluster.sql("delete from t where ctid between '(300,0)' and '(310,0)'")
    it.cluster.restore_point("here")
    it.cluster.sql("delete from t where ctid >= '(100,0)';\nvacuum t;\ncheckpoint;")
    wait_for_summaries(standby, it.cluster.lsn())
    standby.promote()
    it.cluster.stop()
    standby.sql("insert into t values (0, 'on the new timeline')")
    standby.switch_and_archive()

    with of_standby(it, standby, directory) as other:
        # Some servers' own summaries say what never happened, and so does their stream then.
        backup = other.redoubt.json("backup", seconds=300)
    wanted, target = compare.picture(standby), standby.restore_point("wanted")
    standby.switch_and_archive()
    copy = adopt(Cluster(directory / "copy"))
    copy.environment.update(other.redoubt.environment)
    other.redoubt.restore(copy.data, "--backup", backup["id"], "--target-lsn", target,
                          "--target-action", "promote")
    copy.start()
    process.wait_until(lambda: copy.value("select pg_is_in_recovery()") == "f", 120,
                       "the end of recovery")

    assert standby.value("select count(*) from t") == "3121"
    compare.assert_equal(wanted, compare.picture(copy))


def wait_for_summaries(standby, lsn):
    """Until the standby has received, and summarized where it can, WAL up to a checkpoint there."""
    standby_has = "pg_last_wal_receive_lsn()"
    if oracle.has_summaries(standby):
        standby_has = "(select max(end_lsn) from pg_available_wal_summaries())"
    process.wait_until(lambda: standby.value(
        f"select {standby_has} > '{lsn}'::pg_lsn - 100000") == "t", 60, "the standby's summaries")
