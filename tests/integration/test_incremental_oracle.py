# SPDX-License-Identifier: PostgreSQL
"""Incremental backups, held against what the server sent and against the source's rows.

From PostgreSQL 17 on the streams are combined by pg_combinebackup, before that they are
whole: see support/oracle.py for both.
"""

import pytest

from support import oracle
from support.churn import seed

# So far ahead that every file's turn to arrive whole and be compared has come.
A_MONTH_LATER = {"LD_PRELOAD": "/usr/$LIB/faketime/libfaketimeMT.so.1", "FAKETIME": "+31d",
                 "FAKETIME_DONT_FAKE_MONOTONIC": "1"}


@pytest.mark.parametrize("checksums", [True, False], ids=["checksums", "no-checksums"])
def test_a_random_history_is_restored_exactly(judged, checksums):
    it = judged(checksums=checksums)
    it.churn_with(seed(17 if checksums else 18))
    it.check(it.backup("full"))

    for number in range(4):
        it.churn.run(25)
        if number % 2:
            with it.churn:
                link = it.backup("incremental")
        else:
            link = it.backup("incremental")
        it.check(link)


def test_thirty_small_incrementals_have_no_chain(judged):
    it = judged()
    it.churn_with(seed(30), databases=False)
    links = [it.backup("full")]

    for number in range(1, 31):
        it.churn.run(3, restarts=number % 10 == 5)
        links.append(it.backup("incremental"))
        if number in (1, 10, 20, 30):
            it.check(links[-1])

    it.judge(links[1])
    it.judge(links[20])
    assert links[30].backup["new_bytes"] < links[0].backup["new_bytes"] / 2


@pytest.mark.parametrize("checksums", [True, False], ids=["checksums", "no-checksums"])
def test_healing_raises_no_alarm_about_what_changes_without_wal(judged, checksums):
    """Hints, and what an SP-GiST index remembers: all files are compared with the parent's."""
    it = judged(checksums=checksums)
    it.cluster.sql("create table t (id int, body text); create index on t using spgist (body);"
                   "insert into t select i, md5(i::text) from generate_series(1, 3000) i;")
    it.churn_with(seed(31), databases=False)
    it.churn.run(20)
    it.backup("full")
    it.cluster.sql("insert into t select i, md5(i::text) from generate_series(3001, 3200) i;"
                   "select count(*) from t;")
    it.churn.run(10)

    link = it.backup("incremental", env=A_MONTH_LATER)

    assert link.backup["healed_files"] > 100 and link.backup["healed_blocks"] == 0
    it.check(link)


def test_a_manifest_of_postgresql_is_restored_where_it_describes_the_files(judged, directory):
    """An incremental's own names files of changes, and pages whose hints differ."""
    it = judged(spaces=())
    it.cluster.sql("create table t as select i from generate_series(1, 10000) i;")
    full = it.backup("full")
    it.cluster.sql("select count(*) from t; create table u as select * from t;")
    incremental = it.backup("incremental")

    oracle.restore(it.redoubt, full, directory / "full")
    oracle.restore(it.redoubt, incremental, directory / "incremental")

    it.cluster.tool("pg_verifybackup", "-n", directory / "full")
    assert not (directory / "incremental/backup_manifest").exists()
