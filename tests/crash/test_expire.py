# SPDX-License-Identifier: PostgreSQL
"""Expiry is killed at each marked step: what the catalog lists can be restored at
once, and the next run leaves exactly what a run that was not killed leaves.

And processes fall asleep, at each marked step, for longer than any time-out: the
grace is none at all, and others expire, delete and back up meanwhile.  Whoever
wakes up fails or spares what the others need; whatever is in the catalog in the
end can be restored, and nothing is left that no backup needs.
"""

import re
import shutil

import pytest

from conftest import restore_copy
from support import crash_points, dumping, workload
from support.cluster import Cluster
from support.redoubt import Redoubt
from support.repository import FileRepository
from support.sleeper import Sleeper

EXIT_REFUSED = 3

POINTS = crash_points.find("expire")
COMMITS = crash_points.find("log")
BACKUP_POINTS = crash_points.find("backup")

# The newest backup stays, and what it needs; all else goes at once.
STRICT = {"daily": 1, "weekly": 0, "monthly": 0, "recovery_window": 0, "minimum_age": 0, "grace": 0}


class Story:
    """A cluster with four backups and three dumps, one of each held; every test gets a copy of
    the repository."""

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
        self.dumps = [dumping.run(self.redoubt, "postgres")["id"] for _ in range(3)]
        self.redoubt.run("hold", self.dumps[0])
        # The second supersedes what the first remembers.
        for _ in range(2):
            self.redoubt.run("verify")

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


def dumps(redoubt):
    return [d["id"] for d in redoubt.json("list")["dumps"]]


def check_every_dump(redoubt):
    """Whatever is listed is whole, and so is whatever has a document."""
    keys = redoubt.repository.keys("main/dumps/")
    for name in {k.removesuffix(".json") for k in keys if k.endswith(".json")} | {
            f"main/dumps/{d}" for d in dumps(redoubt)}:
        assert {f"{name}.json", f"{name}.dump.zst", f"{name}.globals.sql.zst"} <= set(keys)


def check_every_plan(redoubt, directory):
    """Whatever is listed has its manifest and its WAL, or all of a dump."""
    check_every_dump(redoubt)
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
    assert set(report["condemned"].values()) == {0}
    assert report["waiting"]["condemnations"] == 0
    folders = {k.split("/")[2] for k in redoubt.repository.keys("main/backups/")}
    assert folders == {b["id"] for b in redoubt.backups()}
    assert len(redoubt.repository.keys("main/dumps/")) == 3 * len(dumps(redoubt))


def test_the_held_and_the_newest_backup_stay_and_boot(story, directory, adopt):
    redoubt = story.copy(directory)
    before = lasting_keys(redoubt)

    redoubt.run("expire")

    assert set(lasting_keys(redoubt)) < set(before)
    assert [b["id"] for b in redoubt.backups()] == [story.held, story.newest]
    assert dumps(redoubt) == [story.dumps[0], story.dumps[2]]
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


@pytest.mark.parametrize("point", POINTS + COMMITS)
def test_an_expiry_that_sleeps_there_spares_what_others_need_meanwhile(story, directory, point):
    redoubt = story.copy(directory)
    sleeper = Sleeper(redoubt, point, "expire")

    redoubt.run("hold", story.newest)
    redoubt.run("hold", story.dumps[2])
    first = redoubt.backup()
    redoubt.run("dump", "postgres")
    redoubt.run("expire")
    second = redoubt.backup()
    dumped = dumping.run(redoubt, "postgres")["id"]
    assert sleeper.wake() == 0, sleeper.said()

    listed = [b["id"] for b in redoubt.backups()]
    assert {story.held, story.newest, second} <= set(listed)
    assert {story.dumps[0], story.dumps[2], dumped} <= set(dumps(redoubt))
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
