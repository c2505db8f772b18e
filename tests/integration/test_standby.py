# SPDX-License-Identifier: PostgreSQL
"""Backups taken from a standby, and standbys that live off the archive."""

import os
import time

import pytest

from conftest import restore_copy
from support import compare, workload
from support.process import wait_until
from support.redoubt import Redoubt

# Hours in the field; here long enough for several rounds of asking the repository.
OUTAGE_SECONDS = int(os.environ.get("REDOUBT_TEST_OUTAGE_SECONDS", "20"))


@pytest.fixture
def standby(archiving, directory, adopt):
    """A streaming standby of the archiving cluster."""
    workload.small(archiving)
    made = adopt(archiving.standby(directory / "standby")).start()
    made.caught_up_with(archiving)
    return made


def through_standby(redoubt, standby):
    """The same repository, backed up through the standby's connection."""
    return Redoubt(redoubt.home.parent / "redoubt-standby", redoubt.cluster, redoubt.repository,
                   connection=standby.conninfo, encryption={"key_file": str(redoubt.key_file)})


def test_a_backup_from_a_standby_restores_a_primary_that_joins_nothing(archiving, redoubt, standby,
                                                                       directory, adopt):
    archiving.sql("select pg_create_physical_replication_slot('of_the_standby', true)")
    standby.sql("select pg_create_physical_replication_slot('on_the_standby')")
    through_standby(redoubt, standby).backup()
    assert redoubt.backups()[-1]["from_standby"]
    archiving.commit("insert into t values (0, 'later')")
    archiving.switch_and_archive()
    wanted = compare.picture(archiving)

    copy = restore_copy(redoubt, directory / "copy", adopt)

    compare.assert_equal(wanted, compare.picture(copy))
    assert not (copy.data / "standby.signal").exists()
    assert copy.value("show primary_conninfo") == ""
    assert copy.value("show primary_slot_name") == ""
    assert copy.value("select count(*) from pg_replication_slots") == "0"
    assert archiving.value("select count(*) from pg_stat_replication") == "1"


def test_an_idle_standby_does_not_hang_a_backup(archiving, redoubt, standby):
    archiving.sql("checkpoint")
    standby.caught_up_with(archiving)

    through_standby(redoubt, standby).backup(seconds=60)


def test_a_standby_with_a_dead_primary_can_still_be_backed_up(archiving, redoubt, standby,
                                                              directory, adopt):
    archiving.kill()

    through_standby(redoubt, standby).backup(seconds=60)

    copy = restore_copy(redoubt, directory / "copy", adopt)
    assert copy.value("select count(*) from t") == "1000"


@pytest.fixture
def archive_standby(archiving, redoubt, directory, adopt):
    """A standby that has only the archive to live on."""
    workload.small(archiving)
    redoubt.be_impatient()
    made = adopt(archiving.standby(directory / "standby", signal_file=False))
    (made.data / "standby.signal").touch()
    made.environment.update(redoubt.environment)
    made.set(restore_command=redoubt.restore_command(), archive_mode="off")
    made.start()
    return made


def test_a_standby_follows_the_archive(archiving, archive_standby):
    archiving.commit("insert into t values (0, 'new')")
    archiving.switch_and_archive()

    wait_until(lambda: archive_standby.value("select count(*) from t") == "1001", 60,
               "the standby to replay from the archive")


def test_a_standby_survives_without_its_repository(archiving, redoubt, archive_standby):
    archiving.switch_and_archive()
    pid = archive_standby.pid()

    with redoubt.outages() as outage:
        outage.begin()
        deadline = time.monotonic() + OUTAGE_SECONDS
        archive_standby.wait_for_log("redoubt: warning", seconds=60)
        while time.monotonic() < deadline:
            assert archive_standby.value("select count(*) from t") == "1000"
            time.sleep(0.5)
        outage.end()
        archiving.commit("insert into t values (0, 'after the outage')")
        archiving.switch_and_archive()
        wait_until(lambda: archive_standby.value("select count(*) from t") == "1001", 90,
                   "the standby to catch up after the outage")

    assert archive_standby.pid() == pid, "the standby was restarted"
    assert archive_standby.value("select pg_is_in_recovery()") == "t"
