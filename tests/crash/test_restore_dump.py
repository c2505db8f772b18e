# SPDX-License-Identifier: PostgreSQL
"""A restore of a dump is killed at each marked step: the database in use is untouched,
nothing has its name by half, and the next run works and tells of what was left."""

import os
import signal

import pytest

from support import compare, crash_points, process, shop
from support.cluster import Cluster
from support.redoubt import Redoubt
from support.repository import FileRepository

POINTS = crash_points.find("load")

# Before these there is no database yet, or none at all.
WITHOUT_DATABASE = {"load: the archive is in the spool", "load: the file has no name yet"}


class Story:
    def __init__(self, home, adopt):
        self.home = home
        self.cluster = adopt(Cluster.create(home / "cluster"))
        self.cluster.start()
        self.redoubt = Redoubt(home / "redoubt", self.cluster, FileRepository(home / "repository"))
        self.redoubt.configure(spool=str(home / "spool"))
        self.redoubt.init()
        shop.create(self.cluster)
        self.redoubt.run("dump", "shop")
        self.cluster.sql("delete from shop.comments", "shop")

    def picture(self):
        return compare.picture_of_database(self.cluster, "shop")

    def spooled(self):
        return list((self.home / "spool").glob("*/*"))

    def programs(self):
        """How many of PostgreSQL's programs are at work in a database that is being restored."""
        return self.cluster.value("select count(*) from pg_stat_activity "
                                  "where datname like 'shop\\_restore\\_%'")

    def settled(self):
        """A killed run's programs end by themselves."""
        process.wait_until(lambda: self.programs() == "0", 60, "the end of pg_restore")


@pytest.fixture(scope="module")
def story(module_directory, adopt):
    return Story(module_directory, adopt)


@pytest.mark.parametrize("point", sorted(set(POINTS) - {"load: the file has no name yet"}))
def test_a_restore_killed_there_leaves_the_original_and_the_next_one_works(story, point):
    wanted = story.picture()
    before = set(story.cluster.databases())

    story.redoubt.run("restore-dump", "shop", "--jobs", "2", "--swap", "--yes", crash_at=point)
    story.settled()

    left = set(story.cluster.databases()) - before
    assert len(left) == (0 if point in WITHOUT_DATABASE else 1)
    assert story.picture() == wanted
    assert (story.spooled() == []) == (point == "load: nothing is swapped yet")
    again = story.redoubt.run("restore-dump", "shop", "--jobs", "2", "--into", "look")
    assert story.spooled() == []
    assert story.cluster.value("select count(*) from shop.comments", "look") == "15000"
    for name in left:
        assert f'"{name}"' in again.err and "--drop-old" in again.err
        unfinished = point == "load: the database is made"
        assert ("left by one that was killed" in again.err) == unfinished
        story.redoubt.run("restore-dump", "--drop-old", name, "--yes")
    story.cluster.sql("drop database look")
    assert set(story.cluster.databases()) == before


def test_a_restore_killed_at_any_moment_leaves_nobody_at_work(story):
    """Streamed by one job; pg_restore ends with who feeds it."""
    wanted = story.picture()
    before = set(story.cluster.databases())
    child = story.redoubt.start("restore-dump", "shop", "--swap", "--yes", "--no-checks",
                                env={"REDOUBT_STOP_AT": "load: nothing is swapped yet"})
    process.wait_until(lambda: story.programs() != "0" or child.poll() is not None, 60,
                       "pg_restore")

    os.kill(child.pid, signal.SIGKILL)
    child.wait()
    story.settled()

    left = set(story.cluster.databases()) - before
    assert len(left) == 1
    assert story.picture() == wanted
    story.redoubt.run("restore-dump", "--drop-old", left.pop(), "--yes")


def test_a_file_killed_there_has_no_name_and_is_written_by_the_next_run(story, directory):
    story.redoubt.run("restore-dump", "shop", "--to-file", directory / "out",
                      crash_at="load: the file has no name yet")

    assert not (directory / "out").exists()
    story.redoubt.run("restore-dump", "shop", "--to-file", directory / "out")
    assert [p.name for p in directory.iterdir()] == ["out"]
    story.cluster.tool("pg_restore", "-l", directory / "out")
