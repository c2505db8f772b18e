# SPDX-License-Identifier: PostgreSQL
"""A cluster with everything in it, backed up while it works, comes back whole."""

import os

import pytest

from support import compare, process, workload
from support.cluster import Cluster
from support.process import wait_until
from support.redoubt import Redoubt

BIG_MIB = int(os.environ.get("REDOUBT_TEST_BIG_MIB", "200"))


def verify_files(cluster, *ignored):
    """The server's own manifest says that every file is what the server sent."""
    options = [f"--ignore={name}" for name in ignored]
    process.run([cluster.bin / "pg_verifybackup", "-n", *options, cluster.data])


def verify_data(cluster):
    """Every index agrees with its table, and then every page with its checksum."""
    cluster.tool("pg_amcheck", "--all", "--install-missing", "--heapallindexed", "--jobs=2")
    cluster.stop()
    process.run([cluster.bin / "pg_checksums", "--check", "-D", cluster.data])


def test_a_cluster_backed_up_while_it_works_is_restored_whole(directory, archiving, redoubt, adopt):
    workload.fill(archiving, big_mib=BIG_MIB, tablespace=directory / "fast")
    oid = archiving.value("select oid from pg_tablespace where spcname = 'fast space'")

    with workload.Writer(archiving):
        before = archiving.lsn()
        backup = redoubt.backup()
        assert archiving.lsn() != before, "nobody wrote during the backup"
    wanted, target = compare.picture(archiving), archiving.restore_point("quiet")
    archiving.switch_and_archive()

    copy = adopt(Cluster(directory / "copy"))
    copy.environment.update(redoubt.environment)
    redoubt.restore(copy.data, "--backup", backup, "--target-lsn", target, "--target-action",
                    "promote", "--tablespace", f"{oid}={directory / 'moved'}")
    verify_files(copy, "tablespace_map")
    copy.start()
    process.wait_until(lambda: copy.value("select pg_is_in_recovery()") == "f", 120,
                       "the end of recovery")
    compare.assert_equal(wanted, compare.picture(copy))
    assert copy.value(f"select pg_tablespace_location({oid})") == str(directory / "moved")
    assert copy.value("select count(*) from scratch", "shop") == "0", "unlogged tables are empty"
    verify_data(copy)


def test_a_restored_directory_is_private_and_nothing_in_it_is_for_others(archiving, redoubt,
                                                                         restored):
    workload.small(archiving)
    redoubt.backup()

    copy = restored("copy", start=False)

    wrong = []
    for path in [copy.data, *copy.data.rglob("*")]:
        mode = path.lstat().st_mode & 0o777
        wanted = 0o700 if path.is_dir() else 0o600
        if not path.is_symlink() and mode != wanted:
            wrong.append(f"{path}: {mode:o}")
    assert not wrong


def test_a_backup_is_complete_without_the_archive(cluster, file_repository, directory, adopt):
    """archive_command fails throughout: the backup carries the WAL that it needs."""
    redoubt = Redoubt(directory / "redoubt", cluster, file_repository)
    cluster.archive_with("false")
    cluster.start()
    redoubt.init()
    workload.small(cluster)

    redoubt.backup(seconds=60)

    wanted = compare.picture(cluster)
    copy = adopt(Cluster(directory / "copy"))
    redoubt.restore(copy.data)
    copy.start()
    compare.assert_equal(wanted, compare.picture(copy))


def test_a_cluster_without_checksums_and_with_small_segments(new_cluster, directory,
                                                             file_repository, adopt):
    cluster = new_cluster("plain", checksums=False, wal_segsize=1)
    redoubt = Redoubt(directory / "redoubt", cluster, file_repository)
    redoubt.archive_from(cluster)
    cluster.start()
    redoubt.init()
    workload.small(cluster, rows=50000)
    redoubt.backup()
    cluster.sql("update t set body = body || 'x'")
    wanted = compare.picture(cluster)
    cluster.switch_and_archive()

    copy = adopt(Cluster(directory / "copy"))
    redoubt.restore(copy.data)
    verify_files(copy)
    copy.start()
    process.wait_until(lambda: copy.value("select pg_is_in_recovery()") == "f", 60, "promotion")

    compare.assert_equal(wanted, compare.picture(copy))


def test_debians_layout_is_restored_into_one_that_starts(new_cluster, directory, file_repository,
                                                         adopt):
    """The configuration is outside the data directory; the copy has its own."""
    cluster = new_cluster("debian")
    redoubt = Redoubt(directory / "redoubt", cluster, file_repository)
    redoubt.archive_from(cluster, max_connections="37")
    cluster.move_configuration(directory / "etc")
    cluster.start()
    redoubt.init()
    workload.small(cluster)
    redoubt.backup()

    copy = adopt(Cluster(directory / "copy"))
    redoubt.restore(copy.data)
    copy.start()

    process.wait_until(lambda: copy.value("select pg_is_in_recovery()") == "f", 60, "promotion")
    assert copy.value("select count(*) from t") == "1000"
    assert copy.value("show data_directory") == str(copy.data)
    assert copy.value("show archive_mode") == "off"
    assert int(copy.value("show max_connections")) >= 37


def test_a_damaged_page_makes_a_damaged_backup_and_not_the_last_good_one(cluster, redoubt,
                                                                         archiving):
    workload.small(archiving)
    archiving.sql("checkpoint")
    good = redoubt.backup()
    path = archiving.data / archiving.value("select pg_relation_filepath('t')")
    archiving.stop()
    page = bytearray(path.read_bytes())
    page[5000] ^= 0x40
    path.write_bytes(page)
    archiving.start()

    before = {b["id"] for b in redoubt.backups()}
    redoubt.run("backup", code=5, seconds=300)

    damaged, = [b for b in redoubt.backups() if b["id"] not in before]
    assert damaged["damaged"] is True
    assert redoubt.plan(cluster.home / "copy")["backup"] == good


def test_a_plan_says_what_it_takes_and_does_nothing(directory, archiving, redoubt):
    workload.small(archiving)
    backup = redoubt.backup()
    archiving.switch_and_archive()

    plan = redoubt.plan(directory / "copy")

    assert plan["backup"] == backup
    assert plan["bytes"] > plan["fetch_bytes"] > 0 and plan["wal_segments"] > 0
    assert not (directory / "copy").exists()


def test_restore_start_reports_what_it_reached(directory, archiving, redoubt, adopt):
    workload.small(archiving)
    redoubt.backup()
    target = archiving.restore_point("reached")
    archiving.switch_and_archive()
    copy = adopt(Cluster(directory / "copy"))

    result = redoubt.restore(copy.data, "--target-name", "reached", "--start")

    assert copy.is_running()
    assert target in result.out + result.err
    assert "reached" in result.out + result.err


@pytest.mark.parametrize("repository", ["file"], indirect=True)
def test_the_way_out_of_a_pause_is_one_that_works_for_an_ordinary_role(directory, archiving,
                                                                       redoubt, adopt):
    archiving.sql("create role keeper login replication; grant pg_read_all_settings to keeper")
    redoubt.backup()
    archiving.restore_point("reached")
    archiving.switch_and_archive()
    redoubt.configure(postgres={
        "connection": f"host={archiving.socket} port=5432 user=keeper dbname=postgres"})
    copy = adopt(Cluster(directory / "copy"))

    told = redoubt.restore(copy.data, "--target-name", "reached", "--start").out
    (command,) = [line for line in told.splitlines() if "pg_wal_replay_resume" in line]

    def shell(text):
        return process.run(["sh", "-c", text.strip()],
                           env={"PATH": f"{copy.bin}:{os.environ['PATH']}"}).out

    shell(command)
    wait_until(lambda: " f\n" in shell(command.replace("pg_wal_replay_resume",
                                                       "pg_is_in_recovery")), 60, "its end")
    assert "-U keeper " in told and "-U 'postgres'" in command
