# SPDX-License-Identifier: PostgreSQL
"""Expiry is killed at each marked step: what the catalog lists can be restored at
once, and the next run leaves exactly what a run that was not killed leaves.

And processes fall asleep, at each marked step, for longer than any time-out: the
grace is none at all, and others expire, delete and back up meanwhile.  Whoever
wakes up fails or spares what the others need; whatever is in the catalog in the
end can be restored, and nothing is left that no backup needs.
"""

import os
import re
import shutil
import signal

import pytest

from conftest import restore_copy
from support import crash_points, workload
from support.cluster import Cluster
from support.process import wait_until
from support.redoubt import Redoubt
from support.repository import FileRepository

EXIT_REFUSED = 3

POINTS = crash_points.find("expire")
COMMITS = crash_points.find("log")
BACKUP_POINTS = crash_points.find("backup")

# The newest backup stays, and what it needs; all else goes at once.
STRICT = {"daily": 1, "weekly": 0, "monthly": 0, "recovery_window": 0, "minimum_age": 0, "grace": 0}


class Story:
    """A cluster with four backups, one of them held; every test gets a copy of the repository."""

    def __init__(self, home, adopt):
        self.home = home
        self.adopt = adopt
        self.cluster = adopt(Cluster.create(home / "cluster"))
        # Who sleeps while the server sends must not be thrown out.
        self.cluster.set(wal_sender_timeout="0")
        self.template = FileRepository(home / "template")
        self.redoubt = Redoubt(home / "redoubt", self.cluster, self.template)
        self.second = home / "second.yaml"
        self.archive_into(self.redoubt)
        self.cluster.archive_with(f"{self.redoubt.archive_command()} && "
                                  f"{self.redoubt.binary} archive-push -c {self.second} %p")
        self.cluster.start()
        self.redoubt.init()
        workload.small(self.cluster)
        self.redoubt.backup()
        self.held = self.backup_after_change(2000)
        self.redoubt.run("hold", self.held, "--reason", "the story needs it")
        self.backup_after_change(3000)
        self.newest = self.backup_after_change(4000)
        self.rows = {self.held: "2000", self.newest: "4000"}

    def backup_after_change(self, rows):
        self.cluster.sql(f"insert into t select g from generate_series("
                         f"(select count(*) + 1 from t), {rows}) g")
        backup = self.redoubt.backup()
        self.cluster.switch_and_archive()
        return backup

    def archive_into(self, redoubt):
        """The server archives into the template, and into this repository too."""
        self.second.unlink(missing_ok=True)
        self.second.symlink_to(redoubt.file)

    def copy(self, directory):
        """The program with a repository of its own, which has all of the cluster's WAL."""
        self.archive_into(self.redoubt)
        self.cluster.switch_and_archive()
        shutil.copytree(self.template.path, directory / "repository")
        home = directory / "redoubt"
        copy = Redoubt(home, self.cluster, FileRepository(directory / "repository"),
                       retention=STRICT)
        shutil.copy(self.redoubt.key_file, copy.key_file)
        self.archive_into(copy)
        return copy

    def undisturbed(self, redoubt, directory):
        """What a run leaves of this repository when nothing disturbs it."""
        shutil.copytree(redoubt.repository.path, directory / "twin")
        twin = Redoubt(directory / "twin-home", self.cluster, FileRepository(directory / "twin"),
                       retention=STRICT)
        shutil.copy(self.redoubt.key_file, twin.key_file)
        twin.run("expire")
        return lasting_keys(twin)


@pytest.fixture(scope="module")
def story(module_directory, adopt):
    return Story(module_directory, adopt)


def lasting_keys(redoubt):
    """All objects but the log and the files that no name was given to."""
    return [k for k in redoubt.repository.keys() if not k.startswith("main/log/")]


def check_every_plan(redoubt, directory):
    """Whatever is listed has its manifest and its WAL."""
    for backup in redoubt.backups():
        redoubt.plan(directory / "nowhere", "--backup", backup["id"], "--target-immediate")


def check_every_backup(redoubt, directory):
    """Whatever is listed can be restored; every frame is authenticated on the way."""
    for backup in redoubt.backups():
        into = directory / f"restored-{backup['id']}"
        redoubt.restore(into, "--backup", backup["id"], "--target-immediate")
        shutil.rmtree(into)


def check_nothing_dead(redoubt):
    redoubt.run("expire")
    report = redoubt.json("expire", "--dry-run")
    assert report["condemned"] == {"packs": 0, "pack_bytes": 0, "folders": 0, "wal_segments": 0}
    assert report["waiting"]["condemnations"] == 0
    folders = {k.split("/")[2] for k in redoubt.repository.keys("main/backups/")}
    assert folders == {b["id"] for b in redoubt.backups()}


def test_the_held_and_the_newest_backup_stay_and_boot(story, directory, adopt):
    redoubt = story.copy(directory)
    before = lasting_keys(redoubt)

    redoubt.run("expire")

    assert set(lasting_keys(redoubt)) < set(before)
    assert [b["id"] for b in redoubt.backups()] == [story.held, story.newest]
    for backup, rows in story.rows.items():
        copy = restore_copy(redoubt, directory / backup, adopt, "--backup", backup,
                            "--target-immediate", "--target-action", "promote")
        assert copy.value("select count(*) from t") == rows
        copy.stop("immediate")
    check_nothing_dead(redoubt)


@pytest.mark.parametrize("point", POINTS + COMMITS)
def test_an_expiry_killed_there_is_completed_by_the_next(story, directory, point):
    redoubt = story.copy(directory)
    expected = story.undisturbed(redoubt, directory)

    redoubt.run("expire", crash_at=point)

    check_every_plan(redoubt, directory)
    redoubt.run("expire")
    assert [b["id"] for b in redoubt.backups()] == [story.held, story.newest]
    assert lasting_keys(redoubt) == expected
    check_every_backup(redoubt, directory)


def test_an_expiry_killed_again_and_again_is_completed_in_the_end(story, directory):
    redoubt = story.copy(directory)
    expected = story.undisturbed(redoubt, directory)

    for point in POINTS + COMMITS:
        redoubt.run("expire", code=None, env={"REDOUBT_CRASH_AT": point})
        check_every_plan(redoubt, directory)

    redoubt.run("expire")
    assert lasting_keys(redoubt) == expected
    check_every_backup(redoubt, directory)


class Sleeper:
    """A command that falls asleep at a marked step, and is woken up as often as it does."""

    def __init__(self, redoubt, point, *arguments):
        self.log = redoubt.home / "sleeper.log"
        self.child = redoubt.start(*arguments, env={"REDOUBT_STOP_AT": point}, log=self.log)
        self.code = None
        wait_until(self._asleep_or_ended, 60, f"{arguments[0]} to sleep at \"{point}\"")
        assert self.code is None, f"{arguments[0]} never came to \"{point}\"\n{self.said()}"

    def _asleep_or_ended(self):
        pid, status = os.waitpid(self.child.pid, os.WNOHANG | os.WUNTRACED)
        if pid == 0:
            return False
        if os.WIFSTOPPED(status):
            return True
        self.code = os.waitstatus_to_exitcode(status)
        self.child.returncode = self.code
        return True

    def wake(self):
        """Let it go on to its end; returns its exit code."""
        while self.code is None:
            os.kill(self.child.pid, signal.SIGCONT)
            wait_until(self._asleep_or_ended, 150, "the sleeper to end")
        return self.code

    def said(self):
        return self.log.read_text()


@pytest.mark.parametrize("point", POINTS + COMMITS)
def test_an_expiry_that_sleeps_there_spares_what_others_need_meanwhile(story, directory, point):
    redoubt = story.copy(directory)
    sleeper = Sleeper(redoubt, point, "expire")

    redoubt.run("hold", story.newest)
    first = redoubt.backup()
    redoubt.run("expire")
    second = redoubt.backup()
    assert sleeper.wake() == 0, sleeper.said()

    listed = [b["id"] for b in redoubt.backups()]
    assert {story.held, story.newest, second} <= set(listed)
    check_every_plan(redoubt, directory)
    check_nothing_dead(redoubt)
    assert first not in [b["id"] for b in redoubt.backups()]
    check_every_backup(redoubt, directory)


@pytest.mark.parametrize("point", BACKUP_POINTS + COMMITS)
def test_a_backup_that_sleeps_there_is_overtaken_and_says_so(story, directory, point):
    redoubt = story.copy(directory)
    before = [b["id"] for b in redoubt.backups()]
    sleeper = Sleeper(redoubt, point, "backup")

    redoubt.run("expire")  # its packs are not in the catalog: a killed run's, for all we know
    meanwhile = redoubt.backup()
    redoubt.run("expire")
    code = sleeper.wake()

    after = [b["id"] for b in redoubt.backups()]
    own = [b for b in after if b not in before and b != meanwhile]
    if code == 0:
        # It was in the log before it fell asleep, or nothing of it was there to condemn.
        assert len(own) <= 1
    else:
        # What it wrote is condemned; or the parent's manifest, or its WAL, is gone.
        assert re.search("is condemned|is not there|does not hold all WAL", sleeper.said()), \
            sleeper.said()
        assert own == []
    check_every_plan(redoubt, directory)
    check_nothing_dead(redoubt)
    check_every_backup(redoubt, directory)


def test_a_backup_is_refused_when_its_own_pack_was_deleted_meanwhile(story, directory):
    redoubt = story.copy(directory)
    sleeper = Sleeper(redoubt, "backup: before it is committed", "backup")

    redoubt.run("expire")

    assert sleeper.wake() == EXIT_REFUSED, sleeper.said()
    assert "is condemned" in sleeper.said()
    assert [b["id"] for b in redoubt.backups()] == [story.held, story.newest]
    check_nothing_dead(redoubt)
