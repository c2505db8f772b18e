# SPDX-License-Identifier: PostgreSQL
"""runbooks/upgrade.md with a real pg_upgrade, which makes a new cluster also when both are of one
major version; and both ways back."""

import shutil

import pytest

from conftest import restore_copy
from support import compare, runbook
from support.process import wait_until

PAGE = "upgrade"
SURE, DO, VERIFY = "How to be sure", "What to do", "How to verify"
BEFORE, UPGRADE, TELL = "Before", "Upgrade", "Tell redoubt"
BACK, BACKUP = "Go back: the old cluster is still there", "Go back: only the backup is there"


class Story:
    """An old cluster with data, and what becomes of it."""

    def __init__(self, directory, old, new, redoubt):
        self.directory = directory
        self.old = old
        self.new = new
        self.redoubt = redoubt
        redoubt.configure(checks={"database": "shop", "foreign_keys": "all"})
        old.sql("create database shop")
        old.sql("create table orders as select generate_series(1, 100) id", database="shop")
        redoubt.backup()
        self.wanted = None  # the old cluster's content when it was upgraded
        self.known = {"directory": directory / "look", "new_data_directory": new.data,
                      "new_bin_directory": new.bin}

    def run(self, section, number, *, of=None, **options):
        """A block, at a terminal where the server's service is that of one of the clusters."""
        cluster = of or self.old
        service = {"service": "old", "new_service": "old"}
        service["service" if cluster is self.old else "new_service"] = runbook.SERVICE
        return runbook.Reader(self.redoubt, PAGE, service_of=cluster, **self.known,
                              **service).run(section, number, **options)

    def prepare(self):
        self.run(SURE, 1)
        self.run(SURE, 2)
        assert "Clusters are compatible" in self.run(SURE, 3).out
        self.run(DO, 1, under=BEFORE)
        self.known["backup"] = self.redoubt.backups()[-1]["id"]
        self.run(DO, 2, under=BEFORE)
        self.run(DO, 3, under=BEFORE)
        self.old.sql("insert into orders values (101)", database="shop")
        self.run(DO, 4, under=BEFORE)
        self.wanted = compare.picture_of_database(self.old, "shop")

    def upgrade(self):
        identifier = self.old.system_identifier()
        self.run(DO, 1, under=UPGRADE)
        self.run(DO, 2, under=UPGRADE)
        assert self.new.system_identifier() != identifier
        self.redoubt.archive_from(self.new)
        self.use(self.new)

    def use(self, cluster):
        """Edit the configuration."""
        self.redoubt.configure(postgres={"data_directory": str(cluster.data),
                                         "connection": cluster.conninfo})

    def tell(self):
        lineages = self.run(DO, 1, under=TELL).out
        assert self.new.system_identifier() in lineages and "present" in lineages
        self.run(DO, 2, under=TELL, of=self.new)
        self.run(DO, 3, under=TELL, of=self.new)
        self.run(DO, 4, under=TELL, of=self.new)
        self.run(DO, 5, under=TELL, of=self.new)
        newest = self.redoubt.backups()[-1]
        assert newest["type"] == "full"
        assert newest["system_identifier"] == self.new.system_identifier()

    def assert_as_before(self, cluster):
        compare.assert_equal(self.wanted, compare.picture_of_database(cluster, "shop"))

    def verify(self):
        self.run(VERIFY, 1)
        self.run(VERIFY, 2)
        assert self.redoubt.json("hold")["holds"] == []


@pytest.fixture
def story(directory, archiving, redoubt, new_cluster):
    return Story(directory, archiving, new_cluster("upgraded", fresh=True), redoubt)


@pytest.mark.parametrize("repository", ["file", "s3"], indirect=True)
def test_the_upgraded_cluster_archives_and_can_be_restored(story, adopt):
    story.prepare()
    story.upgrade()
    story.tell()
    story.assert_as_before(story.new)
    story.verify()

    story.new.sql("insert into orders values (102)", database="shop")
    story.new.switch_and_archive()
    copy = restore_copy(story.redoubt, story.directory / "copy", adopt, "--target-action",
                        "promote")
    compare.assert_equal(compare.picture(story.new), compare.picture(copy))


@pytest.mark.parametrize("repository", ["file"], indirect=True)
def test_whoever_forgot_to_tell_has_lost_nothing(story):
    story.prepare()
    story.upgrade()
    story.new.start()
    waited = story.new.switch_wal()
    story.new.wait_for_log("archive command failed with exit code 3")
    assert "which the repository has not accepted" in story.new.log_text()
    story.new.stop()

    story.tell()

    story.new.archived(waited)


@pytest.mark.parametrize("repository", ["file"], indirect=True)
@pytest.mark.parametrize("options, wanted", [
    ("--analyze-in-stages", ["--all --analyze-in-stages"]),
    ("--analyze-in-stages --missing-stats-only",
     ["--all --analyze-in-stages --missing-stats-only", "--all --analyze-only"])],
                         ids=["to 17", "from 18"])
def test_statistics_that_were_brought_over_are_not_replaced(redoubt, directory, options, wanted):
    programs = directory / "programs"
    programs.mkdir()
    vacuumdb = programs / "vacuumdb"
    vacuumdb.write_text(f'''#!/bin/sh
if [ "$1" = --help ]; then echo "{options}"; else echo "$@"; fi
''')
    vacuumdb.chmod(0o755)

    told = runbook.Reader(redoubt, PAGE, new_bin_directory=programs).run(DO, 4, under=TELL).out

    assert told.splitlines() == wanted


@pytest.mark.parametrize("repository", ["file"], indirect=True)
def test_the_old_cluster_goes_on_while_it_is_there(story, adopt):
    story.prepare()
    story.upgrade()
    story.tell()
    story.new.sql("drop table orders", database="shop")

    story.run(DO, 1, under=BACK, of=story.new)
    story.use(story.old)
    story.run(DO, 2, under=BACK)
    story.run(DO, 3, under=BACK)
    story.run(DO, 4, under=BACK)

    story.assert_as_before(story.old)
    story.verify()
    copy = restore_copy(story.redoubt, story.directory / "copy", adopt, "--target-action",
                        "promote")
    story.assert_as_before(copy)


@pytest.mark.parametrize("repository", ["file"], indirect=True)
def test_the_held_backup_brings_the_old_cluster_back(story):
    story.prepare()
    story.upgrade()
    story.tell()
    shutil.rmtree(story.old.data / "base")  # as after --link, or by delete_old_cluster.sh

    story.run(DO, 1, under=BACKUP, of=story.new)
    story.use(story.old)
    story.run(DO, 2, under=BACKUP)
    story.run(DO, 3, under=BACKUP)
    wait_until(lambda: story.run(DO, 4, under=BACKUP, code=None).out.strip() == "f", 60,
               "the end of recovery")
    story.run(DO, 5, under=BACKUP)

    story.assert_as_before(story.old)
    assert story.old.data.with_name("data.lost").exists()
    story.verify()


def test_every_block_was_run():
    runbook.assert_every_block_was_run(PAGE)
