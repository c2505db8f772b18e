# SPDX-License-Identifier: PostgreSQL
"""A restore is killed at each marked step, and at any other moment: what is there
cannot be started by mistake, and a restore into another directory succeeds."""

import os
import signal

import pytest

from conftest import restore_copy
from support import crash_points, process, workload
from support.cluster import Cluster
from support.process import wait_until
from support.redoubt import Redoubt
from support.repository import FileRepository

POINTS = crash_points.find("restore", "archive-get")


class Story:
    def __init__(self, home, adopt):
        self.cluster = adopt(Cluster.create(home / "cluster"))
        self.redoubt = Redoubt(home / "redoubt", self.cluster, FileRepository(home / "repository"))
        self.redoubt.archive_from(self.cluster)
        self.cluster.start()
        self.redoubt.init()
        workload.small(self.cluster)
        self.cluster.sql("create table ballast as "
                         "select i, md5(i::text) from generate_series(1, 400000) i")
        self.redoubt.backup()
        self.cluster.switch_and_archive()


@pytest.fixture(scope="module")
def story(module_directory, adopt):
    return Story(module_directory, adopt)


def cannot_start(directory):
    """PostgreSQL refuses a directory without a control file."""
    if (directory / "global" / "pg_control").exists():
        return False
    cluster = Cluster(directory.parent / "try", data=directory)
    result = process.run([cluster.bin / "postgres", "-D", directory], check=False, seconds=30)
    return result.code != 0


@pytest.mark.parametrize("point", [p for p in POINTS if p.startswith("restore")])
def test_a_restore_killed_there_leaves_nothing_to_start_from(story, directory, adopt, point):
    story.redoubt.restore(directory / "copy", crash_at=point)

    # Once pg_control is in place the rest is done.
    if not cannot_start(directory / "copy"):
        assert (directory / "copy" / "recovery.signal").exists()
        assert (directory / "copy" / "backup_label").exists()
    copy = restore_copy(story.redoubt, directory / "second", adopt)
    assert copy.value("select count(*) from t") == "1000"


@pytest.mark.parametrize("point", [p for p in POINTS if p.startswith("archive-get")])
def test_an_archive_get_killed_there_leaves_no_file_and_is_repeated_with_success(story, directory,
                                                                                 point):
    key = min(k for k in story.redoubt.repository.keys("main/wal/"))
    name = key.rpartition("/")[2]

    story.redoubt.get(name, directory / "out", crash_at=point)

    assert not (directory / "out").exists()
    story.redoubt.get(name, directory / "out")
    assert (directory / "out").stat().st_size == 16 << 20


def test_a_restore_killed_at_any_moment_leaves_nothing_to_start_from(story, directory, adopt):
    child = story.redoubt.start("restore", "--into", directory / "copy")
    wait_until(lambda: (directory / "copy" / "base").exists() or child.poll() is not None, 60,
               "the first directories")
    os.kill(child.pid, signal.SIGKILL)
    child.wait()

    assert cannot_start(directory / "copy")
    copy = restore_copy(story.redoubt, directory / "second", adopt)
    assert copy.value("select count(*) from t") == "1000"


def test_a_restore_that_is_asked_to_stop_leaves_nothing_to_start_from(story, directory):
    child = story.redoubt.start("restore", "--into", directory / "copy")
    wait_until(lambda: (directory / "copy" / "base").exists() or child.poll() is not None, 60,
               "the first directories")
    os.kill(child.pid, signal.SIGTERM)

    assert child.wait(timeout=30) not in (0, -signal.SIGTERM)
    assert cannot_start(directory / "copy")
