# SPDX-License-Identifier: PostgreSQL
"""runbooks/disk-full.md, for a disk that a slot has filled, and for one that fills because
nothing is archived."""

import re
import shutil

import pytest

from support import runbook, small_disk
from support.process import wait_until

PAGE = "disk-full"
SURE, DO, VERIFY = "How to be sure", "What to do", "How to verify"
MOVE, SLOT, ARCHIVE, DATA = ("The server cannot start, and nothing else can be freed",
                             "A slot holds WAL", "Archiving does not keep up",
                             "The data itself has grown")
SEGMENT = {"wal_segsize": 1, "settings": {"min_wal_size": "2MB", "max_wal_size": "8MB"}}


@pytest.fixture
def cluster(new_cluster):
    return new_cluster(**SEGMENT)


@pytest.fixture
def repository(file_repository):
    return file_repository


@pytest.fixture
def disk(directory, cluster):
    """The cluster's data is on it, and not much more fits."""
    with small_disk.mounted(directory / "disk", "96m") as path:
        shutil.move(cluster.data, path / "data")
        cluster.data = cluster.config = path / "data"
        yield path
        cluster.end()


@pytest.fixture
def reader(disk, archiving, redoubt, directory):
    archiving.sql("create table t as select generate_series(1, 1000) i")
    redoubt.backup()
    return runbook.Reader(redoubt, PAGE, directory=directory / "wal", database="postgres",
                          slot="gone", size="64MB")


def fill(cluster):
    """Write until there is no room any more; how many rows were committed."""
    for count in range(10000):
        result = cluster.tool("psql", "-X", "-q", "-c",
                              "insert into t select generate_series(1, 20000)", check=False)
        if result.code != 0:
            return 1000 + 20000 * count
    raise AssertionError("the disk does not fill")


def wait_for_the_archiver(cluster):
    wait_until(lambda: cluster.value("select count(*) from pg_ls_archive_statusdir() "
                                     "where name like '%.ready'") == "0", 120, "the archiver")


def test_a_disk_that_a_slot_has_filled_has_room_again(reader, archiving, disk, directory):
    archiving.sql("select pg_create_physical_replication_slot('gone', true)")
    rows = fill(archiving)
    wait_until(lambda: "No space left on device" in archiving.log_text(), 60, "the PANIC")

    assert "100%" in reader.run(SURE, 1).out
    assert "gone" in reader.run(SURE, 2).out
    reader.run(DO, 1, under=MOVE)
    assert "the copy is whole" in reader.run(DO, 2, under=MOVE).out
    reader.run(DO, 3, under=MOVE)
    reader.run(DO, 4, under=MOVE)
    assert re.search(r"gone +\| physical", reader.run(SURE, 3).out)
    assert "postgres" in reader.run(SURE, 4).out
    reader.run(DO, 1, under=DATA)
    reader.run(DO, 1, under=SLOT)
    reader.run(DO, 2, under=SLOT)
    wait_for_the_archiver(archiving)
    verified = reader.run(VERIFY).out

    assert "(0 rows)" in verified and not re.search(r"^tmpfs .* 100% ", verified, re.M)
    assert archiving.value("select count(*) from t") == str(rows)
    assert archiving.value("show max_slot_wal_keep_size") == "64MB"
    assert (archiving.data / "pg_wal").resolve() == directory / "wal"
    wait_until(lambda: archiving.sql("checkpoint; select sum(size) < 32e6 from pg_ls_waldir()")
               == [("t",)], 60, "the WAL to go")


def test_wal_that_could_not_be_archived_goes_when_it_can(reader, archiving, redoubt):
    redoubt.lose_repository()
    for _ in range(8):
        archiving.switch_wal()
    wait_until(lambda: archiving.value("select failed_count > 0 from pg_stat_archiver") == "t", 60,
               "archiving to fail")

    waiting = int(reader.run(SURE, 2).out.split()[0])
    assert waiting >= 8
    assert "FAILURE" in reader.run(DO, 1, under=ARCHIVE).out
    redoubt.repository.mount()
    wait_until(lambda: "\n0\n" in reader.run(DO, 2, under=ARCHIVE).out, 120, "the archiver")
    reader.run(VERIFY)

    assert redoubt.json("list")["recovery_window"]["gap"] is False


def test_every_block_was_run():
    runbook.assert_every_block_was_run(PAGE)
