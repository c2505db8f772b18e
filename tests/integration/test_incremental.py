# SPDX-License-Identifier: PostgreSQL
"""Backups after the first store what changed, and each restores by itself."""

import pytest
from support import compare, process, workload
from support.cluster import Cluster


@pytest.fixture
def summarizing(archiving):
    """From PostgreSQL 17 on, incrementals need the server's WAL summaries."""
    if int(archiving.value("show server_version_num")) >= 170000:
        archiving.sql("alter system set summarize_wal = on")
        archiving.reload()
    return archiving


ON_FILES = pytest.mark.parametrize("repository", ["file"], indirect=True)


def wait_for_archiver(cluster):
    """So that the archive proves the next backup's parent at once."""
    cluster.switch_and_archive()


def take(redoubt, *arguments):
    return redoubt.json("backup", *arguments, seconds=300)


def restored_equals(cluster, redoubt, backup, directory, adopt):
    wanted, target = compare.picture(cluster), cluster.restore_point("quiet")
    cluster.switch_and_archive()
    copy = adopt(Cluster(directory))
    copy.environment.update(redoubt.environment)
    redoubt.restore(copy.data, "--backup", backup["id"], "--target-lsn", target,
                    "--target-action", "promote")
    copy.start()
    process.wait_until(lambda: copy.value("select pg_is_in_recovery()") == "f", 120,
                       "the end of recovery")
    compare.assert_equal(wanted, compare.picture(copy))
    copy.tool("pg_amcheck", "--all", "--install-missing", "--heapallindexed")


def test_a_second_backup_stores_what_changed_and_restores_without_the_first(
        summarizing, redoubt, directory, adopt):
    workload.fill(summarizing, big_mib=32)
    full = take(redoubt)
    assert full["type"] == "full" and "parent" not in full

    summarizing.sql("create table later as select generate_series(1, 1000) as i")
    wait_for_archiver(summarizing)
    second = take(redoubt)

    assert second["type"] == "incremental"
    assert second["parent"] == full["id"]
    assert second["new_bytes"] < full["new_bytes"] / 4, (second, full)
    restored_equals(summarizing, redoubt, second, directory / "copy", adopt)


# So far ahead that every file's turn to be healed has come.
A_MONTH_LATER = {"LD_PRELOAD": "/usr/$LIB/faketime/libfaketimeMT.so.1", "FAKETIME": "+31d",
                 "FAKETIME_DONT_FAKE_MONOTONIC": "1"}


def packs(redoubt):
    return redoubt.repository.keys(f"{redoubt.name}/packs/")


@ON_FILES
def test_files_are_healed_in_turn_and_equal_their_parents(summarizing, redoubt, directory, adopt):
    workload.fill(summarizing, big_mib=8)
    full = take(redoubt)
    wait_for_archiver(summarizing)

    healed = redoubt.json("backup", env=A_MONTH_LATER, seconds=300)

    assert healed["type"] == "incremental" and healed["parent"] == full["id"]
    assert healed["healed_files"] > 100
    assert healed["healed_blocks"] == 0
    assert healed["new_bytes"] > full["new_bytes"] / 2, "stored whole again"
    restored_equals(summarizing, redoubt, healed, directory / "copy", adopt)


@ON_FILES
def test_healing_finds_a_damaged_pack_and_mends_it(summarizing, redoubt, directory, adopt):
    workload.fill(summarizing, big_mib=8)
    take(redoubt)
    for key in packs(redoubt):
        body = bytearray(redoubt.repository.read(key))
        body[len(body) // 2] ^= 1
        redoubt.repository.write(key, bytes(body))
    wait_for_archiver(summarizing)

    result = redoubt.run("backup", "--json", env=A_MONTH_LATER, code=5, seconds=300)

    healed = redoubt.backups()[-1]
    assert healed["healed_blocks"] > 0
    assert "authentication failed" in result.err
    restored_equals(summarizing, redoubt, healed, directory / "copy", adopt)


@ON_FILES
def test_healing_takes_what_differs_from_server_to_server_for_no_damage(
        summarizing, redoubt, directory, adopt):
    """A standby's pages have other hints and command ids under the same LSNs."""
    standby = adopt(summarizing.standby(directory / "standby")).start()
    summarizing.sql("create table mixed as select i from generate_series(1, 50000) as i; "
                    "delete from mixed where i % 3 = 0; "
                    "update mixed set i = i + 1 where i % 7 = 0; checkpoint")
    summarizing.sql("select count(*) from mixed; checkpoint")
    full = take(redoubt)
    summarizing.switch_and_archive()
    standby.caught_up_with(summarizing)
    summarizing.stop()
    standby.environment.update(redoubt.environment)
    redoubt.configure(postgres={"connection": standby.conninfo,
                                "data_directory": str(standby.data)})
    standby.promote()
    standby.switch_and_archive()

    healed = redoubt.json("backup", env=A_MONTH_LATER, seconds=300)

    assert healed["type"] == "incremental" and healed["parent"] == full["id"]
    assert healed["healed_files"] > 100
    assert healed["healed_blocks"] == 0
    restored_equals(standby, redoubt, healed, directory / "copy", adopt)


@ON_FILES
def test_a_full_backup_is_taken_where_no_parent_suits_and_says_why(summarizing, redoubt):
    workload.small(summarizing)
    result = redoubt.run("backup")
    assert "taking a full backup: there is no good backup yet" in result.err

    assert take(redoubt, "--full")["type"] == "full"

    summarizing.switch_and_archive()
    wal = [key for key in redoubt.repository.keys(f"{redoubt.name}/wal/") if key[-8:].isalnum()]
    for step in range(2):
        summarizing.sql(f"create table later_{step} ()")
        summarizing.switch_and_archive()
    redoubt.repository.delete(wal[-1])
    result = redoubt.run("backup")
    assert "the archive does not hold all WAL since the last backup" in result.err
    assert redoubt.backups()[-1]["type"] == "full"


@ON_FILES
def test_a_backup_after_the_timeline_was_left_is_full_and_the_next_is_not(
        summarizing, redoubt, directory, adopt):
    """A parent taken behind the point where history was left must not be built on."""
    workload.small(summarizing)
    take(redoubt)
    target = summarizing.restore_point("before")
    summarizing.sql("create table abandoned as select generate_series(1, 1000) as i")
    summarizing.switch_and_archive()
    abandoned = take(redoubt)
    assert abandoned["type"] == "incremental"
    summarizing.stop()

    copy = adopt(Cluster(directory / "copy"))
    copy.environment.update(redoubt.environment)
    redoubt.restore(copy.data, "--take-over", "--target-lsn", target, "--target-action", "promote")
    redoubt.configure(postgres={"connection": copy.conninfo, "data_directory": str(copy.data)})
    copy.start()
    process.wait_until(lambda: copy.value("select pg_is_in_recovery()") == "f", 120,
                       "the end of recovery")
    copy.switch_and_archive()

    result = redoubt.run("backup")
    assert "the server's timeline left the newest backup's before that backup ended" in result.err
    copy.switch_and_archive()
    after = take(redoubt)
    assert after["type"] == "incremental"
    restored_equals(copy, redoubt, after, directory / "again", adopt)


@ON_FILES
def test_an_incremental_of_a_busy_server_is_whole(summarizing, redoubt, directory, adopt):
    """The backup starts in the middle of a segment that no archive can have yet."""
    workload.fill(summarizing, big_mib=8)
    take(redoubt)
    with workload.Writer(summarizing):
        busy = take(redoubt)
    assert busy["type"] == "incremental", busy
    restored_equals(summarizing, redoubt, busy, directory / "copy", adopt)


@ON_FILES
def test_rows_added_behind_a_truncation_are_in_the_backup(summarizing, redoubt, directory, adopt):
    """Servers before 17.12 and 18.7 forget such blocks when they read their summaries late."""
    summarizing.sql("create table t(i int, pad text) with (autovacuum_enabled = off);"
                    "insert into t select i, repeat('x', 900) from generate_series(1, 1600) i;"
                    "vacuum freeze t; checkpoint")
    take(redoubt)
    summarizing.sql("delete from t where ctid >= '(100,0)'")
    summarizing.sql("vacuum t")
    summarizing.sql("checkpoint")
    summarizing.sql("insert into t select i, repeat('y', 900) from generate_series(10001, 10360) i;"
                    "checkpoint")
    wait_for_archiver(summarizing)

    second = take(redoubt)

    assert second["type"] == "incremental"
    restored_equals(summarizing, redoubt, second, directory / "copy", adopt)
