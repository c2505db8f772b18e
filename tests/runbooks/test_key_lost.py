# SPDX-License-Identifier: PostgreSQL
"""runbooks/key-lost.md: the key file is gone, with copies of it and without one."""

import shutil

import pytest

from conftest import restore_copy
from support import compare, runbook
from support.redoubt import Redoubt
from support.repository import FileRepository

PAGE = "key-lost"
SURE, DO, VERIFY = "How to be sure", "What to do", "How to verify"
FOUND, NONE, CEREMONY = ("A copy was found", "There is none",
                         "The ceremony, before it happens")

EXIT_USAGE, EXIT_CORRUPT = 2, 5


class Story:
    """A server that archives, with a backup, and one who has a copy of the key."""

    def __init__(self, directory, server, redoubt):
        self.directory = directory
        self.server = server
        self.redoubt = redoubt
        server.sql("create database shop")
        server.sql("create table orders as select generate_series(1, 100) id", database="shop")
        redoubt.backup()
        self.copy = directory / "safe" / "copy.key"
        self.copy.parent.mkdir()
        shutil.copy(redoubt.key_file, self.copy)
        self.reader = runbook.Reader(redoubt, PAGE, key_copy=self.copy, database="shop",
                                     table="orders", directory=directory / "look")

    def lose(self):
        """The file is gone, and the server has noticed."""
        self.redoubt.key_file.rename(self.directory / "nobody knows")
        waits = self.write()
        self.server.wait_for_log("archive command failed with exit code 2")
        return waits

    def write(self):
        self.server.sql("insert into orders select max(id) + generate_series(1, 100) from orders",
                        database="shop")
        return self.server.switch_wal()

    def be_sure(self):
        out = self.reader.run(SURE, 1, code=1).out
        assert "FAILURE  key file" in out and "ok       data directory" in out

    def trial(self):
        """Another host's configuration, with three sections."""
        trial = Redoubt(self.directory / "trial", self.server, self.redoubt.repository)
        trial.settings = {name: trial.settings[name] for name in ("cluster", "repository")}
        trial.configure(encryption={"key_file": f"{self.copy}.trial"})
        return trial.file


@pytest.fixture
def story(directory, archiving, redoubt):
    return Story(directory, archiving, redoubt)


def verify(story, adopt):
    """The last section; what is restored has every row."""
    reader = story.reader
    story.server.switch_and_archive()
    count = story.server.value("select count(*) from orders", database="shop")
    reader.run(VERIFY, 1)
    assert f" {count}\n" in reader.run(VERIFY, 2).out
    wanted = compare.picture(story.server)
    copy = restore_copy(story.redoubt, story.directory / "copy", adopt, "--target-action",
                        "promote")
    compare.assert_equal(wanted, compare.picture(copy))


def test_a_copy_of_the_key_lets_what_waits_into_the_archive(story, adopt):
    story.lose()
    story.be_sure()
    before = other_host(story).backups()

    story.reader.run(DO, 1, under=FOUND)

    assert story.redoubt.key_file.stat().st_mode & 0o777 == 0o600
    assert story.redoubt.backups() == before
    assert others(story) == []
    verify(story, adopt)


@pytest.mark.parametrize("repository", ["file"], indirect=True)
def test_a_key_that_was_in_its_place_is_kept(story):
    key_file, copy = story.redoubt.key_file, story.copy
    foreign = "".join(reversed(copy.read_text()))
    story.lose()
    key_file.write_text(foreign)

    story.reader.run(DO, 1, under=FOUND)

    assert [path.read_text() for path in others(story)] == [foreign]
    assert key_file.read_text() == copy.read_text()


@pytest.mark.parametrize("repository", ["file"], indirect=True)
def test_without_the_copy_the_key_in_its_place_stays(story):
    key_file = story.redoubt.key_file
    key = key_file.read_text()
    story.copy.unlink()

    story.reader.run(DO, 1, under=FOUND, code=1)

    assert key_file.read_text() == key
    assert others(story) == []


def others(story):
    """What lay where the key belongs."""
    key_file = story.redoubt.key_file
    return list(key_file.parent.glob(key_file.name + ".other-*"))


def other_host(story):
    """The repository as the one sees it who has the copy."""
    return Redoubt(story.directory / "other", story.server, story.redoubt.repository,
                   encryption={"key_file": str(story.copy)})


@pytest.mark.parametrize("repository", ["file"], indirect=True)
def test_without_a_copy_a_new_repository_takes_what_waits(story, adopt, directory):
    """And the old one stays as it is."""
    start_without_key(story, FileRepository(directory / "second"))
    verify(story, adopt)


def test_the_new_repository_may_be_a_bucket(directory, cluster, file_repository, s3_repository,
                                            adopt):
    redoubt = Redoubt(directory / "redoubt", cluster, file_repository)
    redoubt.environment.update(s3_repository.environment)
    redoubt.archive_from(cluster)
    cluster.start()
    redoubt.init()
    story = Story(directory, cluster, redoubt)

    start_without_key(story, s3_repository)

    verify(story, adopt)


def start_without_key(story, new):
    old = story.redoubt.repository
    waited = story.lose()
    story.be_sure()
    sealed = {key: old.read(key) for key in old.keys()}
    refused = story.redoubt.run("init", code=3)
    assert "nothing was changed" in refused.err and not story.redoubt.key_file.exists()

    story.reader.run(DO, 1, under=NONE)
    story.redoubt.configure(repository=None)
    story.redoubt.configure(
        repository=new.configuration(),
        encryption={"key_file": str(story.redoubt.home / "repository-2.key")})
    story.reader.run(DO, 2, under=NONE)

    assert {key: old.read(key) for key in old.keys()} == sealed
    assert [gap for line in story.redoubt.json("list")["wal"] for gap in line["gaps"]] == []
    assert any(key.endswith("/" + waited) for key in new.keys()), "what waited was archived"
    kept = story.redoubt.file.with_name("redoubt.yaml.sealed").read_text()
    assert str(story.redoubt.key_file) in kept


@pytest.mark.parametrize("repository", ["file"], indirect=True)
def test_the_ceremony_tells_a_good_copy_from_others(story):
    reader, copy = story.reader, story.copy
    reader.know(other_config=story.trial())
    digits = reader.run(DO, 1, under=CEREMONY).out.strip()
    assert len(digits) == 16
    line = copy.read_text()

    reader.run(DO, 2, under=CEREMONY)
    assert "Nothing is wrong" in reader.run(DO, 3, under=CEREMONY).out
    copy.write_text(line[:-2] + ("0" if line[-2] != "0" else "1") + "\n")
    reader.run(DO, 2, under=CEREMONY)
    reader.run(DO, 3, under=CEREMONY, code=EXIT_CORRUPT)
    copy.write_text(line[:-3] + "\n")  # a letter short
    reader.run(DO, 2, under=CEREMONY)
    reader.run(DO, 3, under=CEREMONY, code=EXIT_USAGE)

    reader.run(DO, 4, under=CEREMONY)
    assert list(copy.parent.iterdir()) == [copy], "the copy stays, and nothing of the trial"
    assert story.redoubt.key_file.exists()


def test_every_block_was_run():
    runbook.assert_every_block_was_run(PAGE)
