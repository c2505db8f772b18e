# SPDX-License-Identifier: PostgreSQL
"""runbooks/repository-down.md, while the repository cannot be reached and the server writes on."""

import pytest

from conftest import restore_copy
from support import compare, runbook
from support.redoubt import Redoubt
from support.repository import FileRepository

PAGE = "repository-down"
SURE, DO, VERIFY = "How to be sure", "What to do", "How to verify"
SWITCH, NEW = "Switch to the copy", "Start a new repository"
BACK, GONE = "It is back", "If it does not come back"

SEGMENTS = 3  # written before anybody looks


class Story:
    """A server with a repository, in which is a backup that its copy lacks."""

    def __init__(self, directory, server, redoubt, adopt):
        self.directory = directory
        self.server = server
        self.redoubt = redoubt
        self.adopt = adopt
        self.offsite = FileRepository(directory / "offsite")
        self.main = dict(redoubt.settings["repository"])
        self.copy = self.offsite.configuration()
        self.use(self.main, offsite=self.copy)
        server.sql("create table orders as select generate_series(1, 100) id")
        redoubt.backup()
        redoubt.run("copy", "--to", "offsite", "--create")
        redoubt.backup()
        server.switch_and_archive()  # with all that the backup has left to archive
        self.reader = runbook.Reader(redoubt, PAGE, directory=directory / "look")

    def use(self, repository, **others):
        """Edit the configuration: these places, and the further ones are optional."""
        self.redoubt.configure(repository=None, repositories=None)
        self.redoubt.configure(repository=repository, repositories={
            name: {**place, "required": False} for name, place in others.items()} or None)

    def write(self):
        """Rows, in a segment of their own."""
        self.server.sql("insert into orders select max(id) + generate_series(1, 100) from orders")
        return self.server.switch_wal()

    def go(self, outage):
        """The repository is away, and the server has noticed."""
        outage.begin()
        segments = [self.write() for _ in range(SEGMENTS)]
        self.server.wait_for_log("archive command failed with exit code 4")
        return segments

    def be_sure(self):
        failures = [line for line in self.reader.run(SURE, 1, code=1).out.splitlines()
                    if line.startswith("FAILURE")]
        assert [line.split()[1] for line in failures] == ["repository", "archiving"]
        answer = self.reader.run(SURE, 2).out.splitlines()[2].split("|")
        assert int(answer[0]) == SEGMENTS and len(answer) == 5 and all(map(str.strip, answer))

    def stop_the_timers(self):
        self.reader.run(DO, 1)
        stopped = " ".join(self.reader.asked_of_systemd())
        for job in ("backup", "dump", "expire", "verify", "drill", "drill-random"):
            for kind in ("timer", "service"):
                assert f"redoubt-{job}@redoubt.{kind}" in stopped

    def has(self, repository, segment):
        return any(key.endswith("/" + segment) for key in repository.keys())

    def assert_restores(self, *options, redoubt=None):
        wanted = compare.picture(self.server)
        copy = restore_copy(redoubt or self.redoubt, self.directory / "restored", self.adopt,
                            *options, "--target-action", "promote")
        compare.assert_equal(wanted, compare.picture(copy))
        copy.stop()


@pytest.fixture
def story(directory, archiving, redoubt, adopt):
    redoubt.be_impatient()
    return Story(directory, archiving, redoubt, adopt)


def end_well(story):
    """Section "It is back", from its third block on; the repository has everything."""
    reader = story.reader
    reader.run(VERIFY, 3, under=BACK)
    reader.run(VERIFY, 4, under=BACK)
    reader.run(VERIFY, 5, under=BACK)
    report = story.redoubt.json("list")
    assert [gap for line in report["wal"] for gap in line["gaps"]] == []
    assert len(report["backups"]) == 3
    started = reader.asked_of_systemd()[-1]
    assert started.startswith("start redoubt-backup@redoubt.timer ") and ".service" not in started
    story.server.switch_and_archive()
    story.assert_restores()


def test_a_server_that_waited_archives_by_itself(story):
    with story.redoubt.outages() as outage:
        segments = story.go(outage)
        story.be_sure()
        story.reader.run(SURE, 3)
        story.stop_the_timers()
        outage.end()

        end_well(story)

        assert all(story.has(story.redoubt.repository, s) for s in segments)


def test_archiving_goes_on_in_the_copy_and_back_without_a_gap(story):
    with story.redoubt.outages() as outage:
        story.main = dict(story.redoubt.settings["repository"])  # through the network that fails
        segments = story.go(outage)
        story.be_sure()
        assert "Any moment can be restored" in story.reader.run(SURE, 3).out
        story.stop_the_timers()

        story.reader.run(DO, 1, under=SWITCH)
        story.use(story.copy, former=story.main)
        story.reader.run(DO, 2, under=SWITCH)
        segments.append(story.write())
        story.server.archived(segments[-1])
        assert all(story.has(story.offsite, s) for s in segments)
        outage.end()
        assert not any(story.has(story.redoubt.repository, s) for s in segments)

        story.reader.run(VERIFY, 1, under=BACK)
        story.use(story.main, offsite=story.copy)  # what the block has put back
        story.reader.run(VERIFY, 2, under=BACK)
        assert all(story.has(story.redoubt.repository, s) for s in segments)
        end_well(story)


@pytest.mark.parametrize("repository", ["file"], indirect=True)
def test_the_copy_takes_the_place_of_what_does_not_come_back(story):
    with story.redoubt.outages() as outage:
        story.go(outage)
        story.reader.run(DO, 1, under=SWITCH)
        story.use(story.copy, former=story.main)
        story.reader.run(DO, 2, under=SWITCH)

        story.use(story.copy)
        story.reader.run(VERIFY, 1, under=GONE)
        story.write()
        story.server.switch_and_archive()

        story.assert_restores()
        outage.end()
        story.use(story.copy, former=story.main)
        assert "former: NOT A COPY" in story.redoubt.run("list").out


@pytest.mark.parametrize("repository", ["file"], indirect=True)
def test_without_a_copy_a_new_repository_takes_what_waits(story, directory):
    new = FileRepository(directory / "elsewhere")
    story.use(story.main)
    with story.redoubt.outages() as outage:
        before = story.server.value("select count(*) from orders")
        segments = story.go(outage)
        story.be_sure()

        story.reader.run(DO, 1, under=NEW)
        story.use(new.configuration())
        story.reader.run(DO, 2, under=NEW)
        story.write()
        story.server.switch_and_archive()

        assert all(story.has(new, s) for s in segments)
        story.assert_restores()
        outage.end()
        old = restored_from_before(story)
        assert old.value("select count(*) from orders") == before


def restored_from_before(story):
    """A restore from the repository that was away, by the configuration that was kept."""
    kept = story.redoubt.file.with_name("redoubt.yaml.before")
    before = Redoubt(story.directory / "kept", story.server, story.redoubt.repository,
                     encryption={"key_file": str(story.redoubt.key_file)})
    before.file.write_text(kept.read_text())
    return restore_copy(before, story.directory / "old", story.adopt, "--target-action", "promote")


def test_every_block_was_run():
    runbook.assert_every_block_was_run(PAGE)
