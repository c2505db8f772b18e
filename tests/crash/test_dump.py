# SPDX-License-Identifier: PostgreSQL
"""A dump is killed at each marked step: either it is in the log and loads, or it is
listed nowhere and hinders nobody.  The next one succeeds."""

import pytest

from support import crash_points, dumping, process, shop
from support.cluster import Cluster
from support.process import wait_until
from support.redoubt import Redoubt
from support.repository import FileRepository

POINTS = crash_points.find("dump")
FILE_POINTS = crash_points.find("file store", "log")

SPOOLED = "dump: the spool is filled, and nothing is stored"


@pytest.fixture(scope="module")
def source(module_directory, adopt):
    cluster = adopt(Cluster.create(module_directory / "primary"))
    cluster.start()
    shop.create(cluster, "odd one", script="awkward")
    return cluster


@pytest.fixture
def redoubt(directory, source, repository):
    made = Redoubt(directory / "redoubt", source, repository, encryption="off")
    made.configure(spool=str(directory / "spool"))
    made.init()
    return made


def check_afterwards(source, redoubt, directory):
    """What is listed is whole; so is the next one; nothing of ours still runs or lies about."""
    listed = redoubt.json("list")["dumps"]
    assert len(listed) <= 1
    listed.append(dumping.run(redoubt, "--format", "directory", "odd one"))
    for number, dump in enumerate(listed):
        place = directory / f"load{number}"
        place.mkdir()
        try:
            dumping.load(source, redoubt, dump, "copy", place)
            assert dumping.picture(source, "copy") == dumping.picture(source, "odd one")
        finally:
            source.sql("drop database if exists copy with (force)")
    assert list((directory / "spool").glob("*/*")) == []
    assert process.run(["pgrep", "-f", f"{source.bin}/pg_dump.*{source.socket}"],
                       check=False).out == ""


@pytest.mark.parametrize("repository", ["file"], indirect=True)
@pytest.mark.parametrize("point", POINTS + FILE_POINTS)
def test_a_dump_killed_there_is_whole_or_not_at_all(source, redoubt, directory, point):
    redoubt.run("dump", "--format", "directory", "odd one", crash_at=point)

    check_afterwards(source, redoubt, directory)


@pytest.mark.parametrize("point", [p for p in POINTS if p != SPOOLED])
def test_a_streamed_dump_killed_there_is_whole_or_not_at_all(source, redoubt, directory, point):
    redoubt.run("dump", "odd one", crash_at=point)

    assert redoubt.json("list")["dumps"] == []
    check_afterwards(source, redoubt, directory)


@pytest.mark.parametrize("repository", ["file"], indirect=True)
def test_what_a_killed_run_left_in_the_spool_is_removed_by_the_next(source, redoubt, directory):
    redoubt.run("dump", "--format", "directory", "odd one", crash_at=SPOOLED)
    assert list((directory / "spool").glob("*/*/toc.dat")) != []

    result = redoubt.run("dump", "--format", "directory", "odd one")

    assert "which a run that was killed has left" in result.err
    assert list((directory / "spool").glob("*/*")) == []


def test_pg_dump_ends_with_the_program_that_started_it(source, directory):
    """It would go on holding its locks."""
    redoubt = Redoubt(directory / "redoubt", source, FileRepository(directory / "repository"),
                      encryption="off")
    redoubt.init()
    source.sql("create database locked")
    source.sql("create table t (i int)", "locked")
    holder = process.start([source.bin / "psql", "-X", "-c", "begin; lock table t;"
                            " select pg_sleep(600)"], env=source.env("locked"),
                           log=directory / "holder.log")
    waiting = ("select count(*) from pg_stat_activity where datname = 'locked'"
               " and wait_event_type = 'Lock'")
    wait_until(lambda: source.value("select count(*) from pg_locks where mode ="
                                    " 'AccessExclusiveLock' and granted and relation <> 0") != "0",
               60, "the lock to be held")
    child = redoubt.start("dump", "locked")
    wait_until(lambda: source.value(waiting) == "1", 60, "pg_dump to wait for the lock")
    child.kill()
    child.wait()

    wait_until(lambda: process.run(["pgrep", "-f", f"{source.bin}/pg_dump.*locked"],
                                   check=False).out == "", 60, "pg_dump to end")
    source.sql("select pg_terminate_backend(pid) from pg_stat_activity where datname = 'locked'")
    holder.wait(timeout=60)
    assert redoubt.json("list")["dumps"] == []
