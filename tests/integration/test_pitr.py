# SPDX-License-Identifier: PostgreSQL
"""Restoring to a moment: by time, LSN, XID and restore point, on both sides of it,
on either branch of a fork.

One history for all tests.  Rows 1 to 5 are committed one by one on timeline 1,
with a second backup after row 4.  Then a standby is promoted and adds row 106 on
timeline 2, while the old primary lives on and adds rows 6 and 7 on timeline 1.
"""

from datetime import datetime, timedelta, timezone

import pytest

from conftest import restore_copy
from support import workload
from support.cluster import Cluster
from support.redoubt import Redoubt
from support.repository import FileRepository


class History:
    def __init__(self, home, adopt):
        self.xid, self.time, self.lsn = {}, {}, {}
        self.primary = adopt(Cluster.create(home / "primary", fresh=True, settings={
            "track_commit_timestamp": "on", "autovacuum": "off", "archive_timeout": "0"}))
        self.redoubt = Redoubt(home / "redoubt", self.primary, FileRepository(home / "repository"))
        self.redoubt.archive_from(self.primary)
        self.primary.start()
        self.redoubt.init()
        self.first_moment = self.primary.value("select clock_timestamp()")
        self.primary.sql("create table t (id int primary key)")
        self.live_through(home, adopt)

    def live_through(self, home, adopt):
        self.first = self.redoubt.backup()
        for row in (1, 2, 3):
            self.commit(self.primary, row)
        self.primary.restore_point("after three")
        self.commit(self.primary, 4)
        self.second = self.redoubt.backup()
        self.commit(self.primary, 5)
        standby = adopt(self.primary.standby(home / "standby")).start()
        standby.caught_up_with(self.primary)
        self.before_fork = self.primary.value("select clock_timestamp()")
        standby.promote()
        self.commit(standby, 106)
        standby.switch_and_archive()
        self.commit(self.primary, 6)
        self.commit(self.primary, 7)
        self.primary.switch_and_archive()
        self.primary.stop()
        standby.stop()

    def commit(self, cluster, row):
        """Commit one row; note its XID, its commit time, and where its commit record begins."""
        out = cluster.sql(f"begin;\ninsert into t values ({row});\n"
                          "select pg_current_xact_id(), pg_current_wal_insert_lsn();\ncommit;")
        xid, lsn = out[-1]
        stamp = cluster.value(f"select pg_xact_commit_timestamp('{xid}'::xid)")
        self.xid[row], self.lsn[row] = xid, lsn
        self.time[row] = datetime.fromisoformat(stamp + ":00")


@pytest.fixture(scope="module")
def history(module_directory, adopt):
    return History(module_directory, adopt)


@pytest.fixture
def rows_after(history, directory, adopt):
    """Restore with these options; which rows are there?"""
    def rows(*options):
        copy = restore_copy(history.redoubt, directory / "copy", adopt, "--target-action",
                            "promote", *options)
        return [int(n) for n, in copy.sql("select id from t order by 1")]
    return rows


def test_latest_follows_the_newest_timeline(history, directory, adopt):
    copy = restore_copy(history.redoubt, directory / "copy", adopt)

    assert copy.sql("select id from t order by 1")[-2:] == [("5",), ("106",)]
    assert copy.timeline() == 3


def test_latest_of_a_timeline_is_the_end_of_that_branch(rows_after):
    assert rows_after("--target-timeline", "1") == [1, 2, 3, 4, 5, 6, 7]


@pytest.mark.parametrize("row, options, rows", [
    (3, [], [1, 2, 3]),
    (3, ["--exclusive"], [1, 2]),
    (5, [], [1, 2, 3, 4, 5]),
    (5, ["--exclusive"], [1, 2, 3, 4]),
    (106, [], [1, 2, 3, 4, 5, 106]),
    (6, ["--target-timeline", "1"], [1, 2, 3, 4, 5, 6]),
])
def test_a_target_xid_ends_recovery_at_its_commit(history, rows_after, row, options, rows):
    assert rows_after("--target-xid", history.xid[row], *options) == rows


@pytest.mark.parametrize("row, options, rows", [
    (3, [], [1, 2, 3]),
    (3, ["--exclusive"], [1, 2]),
    (5, [], [1, 2, 3, 4, 5]),
    (5, ["--exclusive"], [1, 2, 3, 4]),
])
def test_a_target_lsn_ends_recovery_at_its_record(history, rows_after, row, options, rows):
    assert rows_after("--target-lsn", history.lsn[row], *options) == rows


@pytest.mark.parametrize("row, options, rows", [
    (3, [], [1, 2, 3]),
    (3, ["--exclusive"], [1, 2]),
    (106, ["--exclusive"], [1, 2, 3, 4, 5]),
    (6, ["--target-timeline", "1"], [1, 2, 3, 4, 5, 6]),
])
def test_a_target_time_ends_recovery_at_the_microsecond(history, rows_after, row, options, rows):
    assert rows_after("--target-time", history.time[row].isoformat(), *options) == rows


def test_a_moment_after_the_last_transaction_is_refused_because_recovery_would_not_stop(
        history, directory):
    """PostgreSQL stops at a time only when it meets a later transaction."""
    result = history.redoubt.restore(directory / "copy", "--target-timeline", "1", "--target-time",
                                     history.time[7].isoformat(), code=3)

    assert "Any moment before" in result.err and "leave out --target-time" in result.err
    assert not (directory / "copy").exists()


def test_the_moment_that_list_ends_with_is_refused_and_any_before_it_is_not(history, directory):
    end = history.redoubt.json("list")["recovery_window"]["to"]
    moment = datetime.fromisoformat(end.replace("Z", "+00:00"))
    before = (moment - timedelta(microseconds=1)).isoformat()

    listed = history.redoubt.run("list").out
    history.redoubt.restore(directory / "copy", "--target-time", end, "--dry-run", code=3)
    history.redoubt.restore(directory / "copy", "--target-time", before, "--dry-run")
    history.redoubt.restore(directory / "copy", "--dry-run")

    assert f"to just before {end}" in listed
    assert "without --target-time it is restored too" in listed


def test_a_restore_point_ends_recovery_where_it_was_made(rows_after):
    assert rows_after("--target-name", "after three") == [1, 2, 3]


SPELLINGS = {
    "zone": lambda t: t.isoformat(),
    "zulu": lambda t: t.strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
    "blank": lambda t: t.strftime("%Y-%m-%d %H:%M:%S.%f+00"),
    "basic": lambda t: t.strftime("%Y%m%dT%H%M%S.%fZ"),
    "elsewhere": lambda t: t.astimezone(timezone(timedelta(hours=5, minutes=30))).isoformat(),
    "basic zone": lambda t: t.strftime("%Y-%m-%d %H:%M:%S.%f+0000"),
    "local": lambda t: t.strftime("%Y-%m-%d %H:%M:%S.%f"),  # the tests' zone is UTC
}


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_a_time_is_understood_in_every_spelling(history, directory, spelling):
    text = SPELLINGS[spelling](history.time[3])

    plan = history.redoubt.plan(directory / "copy", "--target-time", text)

    assert datetime.fromisoformat(plan["target"]["time"].replace("Z", "+00:00")) == history.time[3]


@pytest.mark.parametrize("target, row, backup", [
    ("--target-xid", 3, "first"),
    ("--target-xid", 5, "second"),
    ("--target-lsn", 3, "first"),
    ("--target-lsn", 5, "second"),
    ("--target-time", 3, "first"),
    ("--target-time", 5, "second"),
])
def test_the_backup_is_chosen_by_the_target(history, directory, target, row, backup):
    value = {"--target-xid": history.xid, "--target-lsn": history.lsn,
             "--target-time": history.time}[target][row]

    plan = history.redoubt.plan(directory / "copy", target, value)

    assert plan["backup"] == getattr(history, backup)


def test_the_backup_is_chosen_by_a_restore_point(history, directory):
    plan = history.redoubt.plan(directory / "copy", "--target-name", "after three")

    assert plan["backup"] == history.first


def test_a_pausing_target_waits_for_the_operator(history, directory, adopt):
    copy = restore_copy(history.redoubt, directory / "copy", adopt, "--target-action", "pause",
                        "--target-xid", history.xid[2], promoted=False)

    copy.wait_for_log("pausing at the end of recovery")
    assert copy.sql("select id from t order by 1") == [("1",), ("2",)]


def test_a_restore_on_s3_reaches_its_target(cluster, s3_repository, directory, adopt):
    redoubt = Redoubt(directory / "redoubt", cluster, s3_repository)
    redoubt.archive_from(cluster)
    cluster.start()
    redoubt.init()
    workload.small(cluster)
    redoubt.backup()
    _, moment = cluster.commit("insert into t values (0, 'kept')")
    cluster.commit("delete from t")
    cluster.switch_and_archive()

    copy = restore_copy(redoubt, directory / "copy", adopt, "--target-time", moment,
                        "--target-action", "promote")

    assert copy.value("select count(*) from t") == "1001"


def test_a_gap_in_the_wal_is_named_before_anything_is_written(cluster, file_repository, directory):
    redoubt = Redoubt(directory / "redoubt", cluster, file_repository)
    redoubt.archive_from(cluster)
    cluster.start()
    redoubt.init()
    workload.small(cluster)
    redoubt.backup()
    cluster.switch_and_archive()
    lost = cluster.switch_and_archive()
    cluster.restore_point("beyond")
    cluster.switch_and_archive()
    key, = [k for k in file_repository.keys() if k.endswith(lost)]
    file_repository.delete(key)

    result = redoubt.restore(directory / "copy", "--target-name", "beyond", code=None)

    assert result.code == 3
    assert lost in result.err
    assert not (directory / "copy").exists() or not any((directory / "copy").iterdir())
