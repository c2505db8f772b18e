# SPDX-License-Identifier: PostgreSQL
"""A backup is killed at each marked step, and at any other moment; so is the server.
Either the backup is in the log and can be restored, or it left no trace but
objects that nothing refers to.  The next one succeeds."""

import os
import signal

import pytest

from conftest import restore_copy
from support import crash_points, workload
from support.process import wait_until

EXIT_UNREACHABLE = 4

POINTS = crash_points.find("backup", "log")
FILE_POINTS = crash_points.find("file store")


def check_afterwards(archiving, redoubt, directory, adopt):
    """Everything that is listed can be restored, and the next backup too."""
    listed = [b["id"] for b in redoubt.backups()]
    listed.append(redoubt.backup())
    archiving.switch_and_archive()
    for number, backup in enumerate(listed):
        copy = restore_copy(redoubt, directory / f"copy{number}", adopt, "--backup", backup)
        assert copy.value("select count(*) from t") == "20000"
        copy.stop("immediate")


@pytest.mark.parametrize("repository", ["file"], indirect=True)
@pytest.mark.parametrize("point", POINTS + FILE_POINTS)
def test_a_backup_killed_there_is_whole_or_not_at_all(archiving, redoubt, directory, adopt, point):
    workload.small(archiving, rows=20000)

    redoubt.run("backup", crash_at=point)

    assert len(redoubt.backups()) <= 1
    check_afterwards(archiving, redoubt, directory, adopt)


@pytest.mark.parametrize("repository", ["file"], indirect=True)
def test_a_backup_killed_before_its_log_entry_is_in_no_list(archiving, redoubt):
    workload.small(archiving)

    redoubt.run("backup", crash_at="log: before the entry exists")

    assert redoubt.backups() == []


def test_a_backup_killed_at_any_moment_leaves_the_next_one_to_succeed(archiving, redoubt, directory,
                                                                      adopt):
    workload.small(archiving, rows=20000)
    quiet = len(redoubt.repository.keys())

    child = redoubt.start("backup")
    wait_until(lambda: len(redoubt.repository.keys()) > quiet or child.poll() is not None, 60,
               "the backup's first object")
    os.kill(child.pid, signal.SIGKILL)
    child.wait()

    wait_until(lambda: archiving.value(
        "select count(*) from pg_stat_activity where backend_type = 'walsender'") == "0", 60,
        "the server to notice")
    check_afterwards(archiving, redoubt, directory, adopt)


def test_a_backup_that_is_asked_to_stop_says_so_and_commits_nothing(archiving, redoubt):
    workload.fill(archiving, big_mib=100, pgbench_scale=1)

    child = redoubt.start("backup")
    wait_until(lambda: archiving.value(
        "select count(*) from pg_stat_progress_basebackup "
        "where phase = 'streaming database files'") == "1", 60, "the backup to stream")
    os.kill(child.pid, signal.SIGTERM)

    assert child.wait(timeout=30) not in (0, -signal.SIGTERM)
    assert redoubt.backups() == []


def test_a_server_killed_during_a_backup_fails_it_and_loses_nothing(archiving, redoubt, directory,
                                                                    adopt):
    workload.small(archiving, rows=20000)
    archived = [archiving.switch_and_archive() for _ in range(2)]
    archiving.sql("create table ballast as "
                  "select i, md5(i::text) from generate_series(1, 600000) i")

    child = redoubt.start("backup")
    wait_until(lambda: archiving.value(
        "select count(*) from pg_stat_progress_basebackup "
        "where phase = 'streaming database files'") == "1", 60, "the backup to stream")
    archiving.kill()

    assert child.wait(timeout=60) == EXIT_UNREACHABLE
    assert "error" in (redoubt.home / "backup.log").read_text()
    assert redoubt.backups() == []
    archiving.start()
    for name in archived:
        redoubt.get(name, directory / name)
    check_afterwards(archiving, redoubt, directory, adopt)
