# SPDX-License-Identifier: PostgreSQL
"""verify names WAL that is missing, and says why it probably is."""

import pytest

from support import workload
from support.cluster import Cluster
from support.process import wait_until
from support.redoubt import Redoubt
from support.repository import FileRepository
from support.verify_story import EXIT_DAMAGE, Story, kinds, named, number_of, segment_number


@pytest.fixture(scope="module")
def file_story(module_directory, adopt):
    return Story(module_directory / "file", adopt,
                 FileRepository(module_directory / "file" / "repository"))


@pytest.fixture
def sealed(file_story):
    yield file_story
    file_story.heal()


def test_a_missing_segment_is_a_gap_with_its_name_and_a_cause(sealed):
    key = sealed.delete(sealed.between())
    name = key.rpartition("/")[2]

    report = sealed.verify(code=EXIT_DAMAGE)

    assert named(report) == {name}
    assert kinds(report) == {"gap"}
    text = report["findings"][0]["text"]
    assert f"WAL segment {name} is missing" in text
    assert f"between backups {sealed.first} and {sealed.second}" in text
    assert "archiving was off" in text


def test_a_segment_that_was_verified_before_it_went_was_deleted_by_somebody(sealed):
    sealed.verify()
    name = sealed.delete(sealed.between()).rpartition("/")[2]

    report = sealed.verify(code=EXIT_DAMAGE)

    assert named(report) == {name}
    assert "something else deletes objects" in report["findings"][0]["text"]


def test_the_newest_segment_is_missed_when_it_was_verified_before(sealed):
    sealed.verify()
    name = sealed.delete(sealed.segments()[-1]).rpartition("/")[2]

    report = sealed.verify(code=EXIT_DAMAGE)

    assert named(report) == {name}
    assert kinds(report) == {"missing"}


def test_wal_that_a_backup_needs_is_missed_by_the_backup(sealed):
    backup = next(b for b in sealed.redoubt.backups() if b["id"] == sealed.first)
    start = segment_number(backup["start"]["lsn"])
    needed = [k for k in sealed.segments() if number_of(k) == start]
    kept = sealed.all(f"/backups/{sealed.first}/wal/")
    assert needed or kept
    for key in needed + kept:
        sealed.delete(key)

    report = sealed.verify(code=EXIT_DAMAGE)

    assert sealed.first in {f["object"] for f in report["findings"]
                            if f["kind"] == "inconsistent"}


def test_wal_lost_by_an_archiver_that_was_off_is_a_gap(directory, adopt):
    repository = FileRepository(directory / "off" / "repository")
    cluster = adopt(Cluster.create(directory / "off" / "cluster", wal_segsize=1))
    redoubt = Redoubt(directory / "off" / "redoubt", cluster, repository)
    redoubt.archive_from(cluster)
    cluster.start()
    redoubt.init()
    workload.small(cluster)
    first = redoubt.backup()
    cluster.switch_and_archive()
    cluster.set(archive_command="true")
    cluster.reload()
    wait_until(lambda: cluster.value("show archive_command") == "true", 30, "the reload")
    lost = [cluster.switch_and_archive() for _ in range(3)]
    cluster.set(archive_command=redoubt.archive_command())
    cluster.reload()
    wait_until(lambda: cluster.value("show archive_command") != "true", 30, "the reload")
    cluster.switch_and_archive()

    report = redoubt.json("verify", code=EXIT_DAMAGE)
    finding, = report["findings"]
    assert finding["kind"] == "gap"
    assert lost[0] in finding["text"] and lost[-1] in finding["text"]
    assert f"after backup {first} archiving was off" in finding["text"]
    assert "take a backup now" in finding["hint"]

    second = redoubt.backup()
    cluster.switch_and_archive()
    finding, = redoubt.json("verify", code=EXIT_DAMAGE)["findings"]
    assert f"between backups {first} and {second}" in finding["text"]


def test_a_failover_that_lost_the_old_primarys_last_wal_is_told_as_that(directory, adopt):
    repository = FileRepository(directory / "over" / "repository")
    primary = adopt(Cluster.create(directory / "over" / "primary", wal_segsize=1))
    redoubt = Redoubt(directory / "over" / "redoubt", primary, repository)
    redoubt.archive_from(primary)
    primary.start()
    redoubt.init()
    workload.small(primary)
    redoubt.backup()
    primary.switch_and_archive()
    standby = adopt(primary.standby(directory / "over" / "standby"))
    standby.start()
    primary.set(archive_command="false")  # it fails from now on, until the machine is lost
    primary.reload()
    wait_until(lambda: primary.value("show archive_command") == "false", 30, "the reload")
    for _ in range(3):
        primary.commit("update t set body = md5(body) where id = 1")
        primary.switch_wal()
    standby.caught_up_with(primary)
    primary.stop("immediate")
    standby.set(archive_command=redoubt.archive_command())
    standby.reload()
    standby.promote()
    standby.commit("update t set body = md5(body) where id = 2")
    standby.switch_and_archive()

    report = redoubt.json("verify", code=EXIT_DAMAGE)

    gap, = [f for f in report["findings"] if f["kind"] == "gap"]
    assert "the old primary was lost before it had archived them" in gap["text"]
    assert gap["object"].startswith("00000001")


def test_a_lost_history_file_is_missed(directory, adopt):
    repository = FileRepository(directory / "history" / "repository")
    primary = adopt(Cluster.create(directory / "history" / "primary", wal_segsize=1))
    redoubt = Redoubt(directory / "history" / "redoubt", primary, repository)
    redoubt.archive_from(primary)
    primary.start()
    redoubt.init()
    workload.small(primary)
    redoubt.backup()
    standby = adopt(primary.standby(directory / "history" / "standby"))
    standby.start()
    primary.switch_and_archive()
    standby.caught_up_with(primary)
    primary.stop()
    standby.promote()
    standby.commit("update t set body = md5(body) where id = 2")
    standby.switch_and_archive()
    assert redoubt.json("verify")["findings"] == []
    history, = [k for k in repository.keys() if k.endswith(".history")]
    repository.delete(history)

    report = redoubt.json("verify", code=EXIT_DAMAGE)

    assert history in named(report)
