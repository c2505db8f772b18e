# SPDX-License-Identifier: PostgreSQL
"""runbooks/restore-a-backup.md, for a cluster whose data directory is gone."""

import shutil

import pytest

from support import runbook
from support.process import wait_until

PAGE = "restore-a-backup"
SURE, DO, VERIFY = "How to be sure", "What to do", "How to verify"


@pytest.fixture
def reader(archiving, redoubt):
    redoubt.configure(checks={"tables": [{"name": "public.orders", "rows": {"min": 200}}]})
    archiving.sql("create table orders as select generate_series(1, 100) id")
    redoubt.backup()
    archiving.sql("insert into orders select generate_series(101, 200)")
    archiving.switch_and_archive()
    return runbook.Reader(redoubt, PAGE)


def be_sure(reader):
    looked = reader.run(SURE, 1)
    assert "no response" in looked.out or "no response" in looked.err
    listed = reader.run(SURE, 2).out
    assert reader.redoubt.backups()[0]["id"] in listed and "Any moment can be restored" in listed
    assert "Restore of cluster" in reader.run(SURE, 3).out


def wait_for_the_end_of_recovery(reader):
    wait_until(lambda: reader.run(DO, 2, under="Start it", code=None).out.startswith("f"), 120,
               "the end of recovery")


def verify(reader):
    reader.run(DO, 3, under="Start it")
    reader.run(VERIFY, 1)
    reader.run(VERIFY, 2)
    assert "backup" in reader.run(VERIFY, 3).out
    assert len(reader.redoubt.backups()) == 2


@pytest.mark.parametrize("repository", ["file", "s3"], indirect=True)
def test_a_lost_data_directory_is_back_with_every_row(reader, archiving):
    archiving.sql("insert into orders select generate_series(201, 300)")
    archiving.switch_and_archive()
    archiving.kill()
    shutil.rmtree(archiving.data)

    be_sure(reader)
    reader.run(DO, 1)
    reader.run(DO, 2)
    reader.run(DO, 1, under="To the last moment")
    reader.run(DO, 2, under="To the last moment")
    reader.run(DO, 1, under="Start it")
    wait_for_the_end_of_recovery(reader)
    verify(reader)

    assert archiving.value("select count(*) from orders") == "300"
    assert archiving.timeline() == 2


@pytest.mark.parametrize("repository", ["file"], indirect=True)
def test_what_was_never_archived_is_saved_from_the_old_directory(reader, archiving):
    archiving.sql("insert into orders select generate_series(201, 300)")
    archiving.kill()
    (archiving.data / "global/pg_control").unlink()

    be_sure(reader)
    reader.run(DO, 1)
    reader.run(DO, 2)
    reader.run(DO, 3)
    reader.run(DO, 1, under="To the last moment")
    reader.run(DO, 2, under="To the last moment")
    reader.run(DO, 1, under="Start it")
    wait_for_the_end_of_recovery(reader)
    verify(reader)

    assert archiving.value("select count(*) from orders") == "300"
    assert archiving.data.with_name("data.lost").exists()


@pytest.mark.parametrize("repository", ["file"], indirect=True)
def test_a_moment_that_only_the_old_directory_has_is_brought_back(reader, archiving, redoubt):
    archiving.set(archive_command="false")
    archiving.reload()
    archiving.sql("insert into orders select generate_series(201, 300)")
    archiving.switch_wal()
    moment = archiving.value("select clock_timestamp()")
    archiving.sql("truncate orders")
    archiving.switch_wal()
    archiving.kill()
    archiving.set(archive_command=redoubt.archive_command())

    reader.know(moment=moment)
    reader.run(DO, 1)
    reader.run(DO, 2)
    reader.run(DO, 1, under="To an earlier moment", code=3)
    reader.run(DO, 3)
    reader.run(DO, 1, under="To an earlier moment")
    reader.run(DO, 1, under="Start it")
    wait_for_the_end_of_recovery(reader)
    verify(reader)

    assert archiving.value("select count(*) from orders") == "300"


@pytest.mark.parametrize("repository", ["file"], indirect=True)
def test_an_earlier_moment_is_brought_back(reader, archiving):
    moment = archiving.value("select clock_timestamp()")
    archiving.sql("truncate orders")
    archiving.switch_and_archive()
    archiving.stop()

    reader.know(moment=moment)
    reader.run(DO, 1)
    reader.run(DO, 2)
    reader.run(DO, 1, under="To an earlier moment")
    reader.run(DO, 1, under="Start it")
    wait_for_the_end_of_recovery(reader)
    verify(reader)

    assert archiving.value("select count(*) from orders") == "200"


def test_every_block_was_run():
    runbook.assert_every_block_was_run(PAGE)
