# SPDX-License-Identifier: PostgreSQL
"""A second repository elsewhere: brought up to date, interrupted, damaged, and used
when the first is lost."""

import json
import shutil

import pytest

from support import workload
from support.careless_s3 import CarelessS3
from support.copies import Copies, Story, belonging
from support.redoubt import Redoubt
from support.repository import FileRepository

EXIT_CORRUPT = 5


@pytest.fixture(scope="module")
def sealed_story(module_directory, adopt):
    return Story(module_directory / "sealed", adopt)


@pytest.fixture(scope="module")
def plain_story(module_directory, adopt):
    return Story(module_directory / "plain", adopt, encryption="off")


@pytest.fixture
def copies(sealed_story, directory):
    return Copies(sealed_story, directory)


@pytest.fixture(params=["sealed", "plain"])
def any_copies(request, directory):
    """With encryption, and again without."""
    return Copies(request.getfixturevalue(f"{request.param}_story"), directory)


@pytest.fixture
def careless():
    service = CarelessS3()
    yield service
    service.stop()


def test_a_copy_of_a_copy_restores_when_the_others_are_lost(any_copies, s3_repository, adopt):
    """From files to S3 and from there to files."""
    copies = any_copies
    copies.add("cloud", s3_repository)
    disk = copies.files("disk")

    copies.copy("--create", to="cloud")
    shutil.rmtree(copies.main.path)
    copies.copy("--create", "--repository", "cloud", to="disk")
    for key in s3_repository.keys():
        s3_repository.delete(key)

    assert belonging(disk) == belonging(copies.story.repository)
    copies.assert_restores(adopt, "--repository", "disk")


def test_the_main_repository_is_made_again_from_a_copy(copies, adopt):
    copies.files()
    copies.copy("--create")
    shutil.rmtree(copies.main.path)

    copies.copy("--repository", "offsite", "--create", to="main")

    assert belonging(copies.main) == belonging(copies.story.repository)
    copies.assert_restores(adopt)
    assert copies.state()["state"] == "complete"


def test_what_is_copied_is_the_same_and_copying_again_copies_nothing(any_copies):
    offsite = any_copies.files()
    first = any_copies.copy("--create")
    times = {p: p.stat().st_mtime_ns for p in offsite.path.rglob("*") if p.is_file()}

    second = any_copies.copy()

    assert first["created"] and not second["created"]
    assert first["copied"]["objects"] > 0 and first["copied"]["log_entries"] > 0
    assert second["copied"] == {"objects": 0, "bytes": 0, "wal_files": 0, "log_entries": 0}
    assert second["present"] == first["copied"]["objects"]
    assert times == {p: p.stat().st_mtime_ns for p in offsite.path.rglob("*") if p.is_file()}
    for key in belonging(offsite) - {"redoubt.json"}:
        assert offsite.read(key) == any_copies.main.read(key), key
    assert "everything already" in any_copies.redoubt.run("copy", "--to", "offsite").out


def test_an_empty_place_becomes_a_copy_only_when_asked_to(copies):
    """It may be a file system that is not mounted."""
    offsite = copies.files()
    for make in (lambda: None, lambda: offsite.path.mkdir()):
        make()
        result = copies.redoubt.run("copy", "--to", "offsite", code=None)
        assert result.code != 0
        assert "--create" in result.err
        assert not offsite.path.exists() or not offsite.keys()

    copies.copy("--create")

    assert copies.state()["state"] == "complete"


def test_a_foreign_repository_is_no_target(copies, directory):
    offsite = copies.files()
    foreign = Redoubt(directory / "foreign", copies.story.cluster, offsite,
                      encryption={"key_file": str(copies.story.redoubt.key_file)})
    foreign.run("init")
    before = offsite.keys()

    result = copies.redoubt.run("copy", "--to", "offsite", "--create", code=3)

    assert "holds another repository" in result.err
    assert offsite.keys() == before


def test_a_copy_that_somebody_committed_to_is_another_history(copies, directory):
    offsite = copies.files()
    copies.copy("--create")
    other = Redoubt(directory / "other", copies.story.cluster, offsite,
                    encryption={"key_file": str(copies.story.redoubt.key_file)})
    newest = other.backups()[-1]["id"]
    other.run("hold", newest)  # it is committed there

    result = copies.redoubt.run("copy", "--to", "offsite", code=3)
    assert "entries, more than" in result.err
    copies.redoubt.run("hold", newest)
    result = copies.redoubt.run("copy", "--to", "offsite", code=3)
    assert "two histories" in result.err
    assert copies.state()["state"] == "refused"


def test_nothing_can_be_committed_to_a_copy(copies):
    offsite = copies.files()
    copies.copy("--create")
    before = {k for k in offsite.keys() if "/log/" in k}

    copies.redoubt.run("verify", "--repository", "offsite")

    assert {k for k in offsite.keys() if "/log/" in k} == before
    assert copies.copy()["copied"]["objects"] == 0


def damage(repository, key):
    body = bytearray(repository.read(key))
    body[len(body) * 2 // 3] ^= 0x40
    repository.write(key, bytes(body))


def largest(repository, part):
    return max((k for k in repository.keys() if part in "/" + k),
               key=lambda k: (len(repository.read(k)), k))


@pytest.mark.parametrize("part", ["/main/packs/", "/main/wal/", "/manifest"])
def test_a_damaged_object_is_named_and_left_out_and_the_others_are_copied(any_copies, part):
    copies = any_copies
    offsite = copies.files()
    key = largest(copies.main, part)
    damage(copies.main, key)

    report = copies.copy("--create", code=EXIT_CORRUPT)

    assert [(f["problem"], f["object"]) for f in report["findings"]] == [("damaged", key)]
    assert belonging(offsite) == belonging(copies.main) - {key}
    copies.main.write(key, copies.story.repository.read(key))
    healed = copies.copy()
    assert healed["copied"]["objects"] == 1 and healed["findings"] == []
    assert copies.state()["state"] == "complete"


def test_an_object_that_is_shorter_there_is_named_and_not_overwritten(copies):
    offsite = copies.files()
    copies.copy("--create")
    key = largest(offsite, "/main/packs/")
    offsite.write(key, offsite.read(key)[:-1])

    report = copies.copy(code=EXIT_CORRUPT)

    assert [(f["problem"], f["object"]) for f in report["findings"]] == [("different", key)]
    assert str(copies.main.path) in report["findings"][0]["text"]
    assert str(offsite.path) in report["findings"][0]["text"]
    assert len(offsite.read(key)) == len(copies.main.read(key)) - 1


def test_a_damaged_log_is_not_copied(copies):
    offsite = copies.files()
    damage(copies.main, largest(copies.main, "/main/log/"))

    result = copies.redoubt.run("copy", "--to", "offsite", "--create", code=EXIT_CORRUPT)

    assert "log" in result.err
    assert not [k for k in offsite.keys() if "/log/" in k]


def test_a_target_that_is_away_is_a_failure_that_can_be_repeated(copies, s3_repository):
    copies.add("cloud", s3_repository, retry_limit="1s")
    copies.copy("--create", to="cloud")
    copies.add("cloud", s3_repository, endpoint="https://localhost:1", retry_limit="1s")

    copies.redoubt.run("copy", "--to", "cloud", code=4)

    assert copies.state("cloud")["state"] == "unreachable"
    copies.add("cloud", s3_repository)
    assert copies.copy(to="cloud")["copied"]["objects"] == 0


def test_a_service_that_replaces_objects_takes_a_copy_of_one_writer(copies, careless, adopt):
    copies.add("cloud", careless)
    result = copies.redoubt.run("copy", "--to", "cloud", "--create", code=3)
    assert "single_writer" in result.err
    copies.add("cloud", careless, single_writer=True)

    copies.copy("--create", to="cloud")
    copies.copy(to="cloud")

    assert json.loads(careless.read("redoubt.json"))["conditional_create"] is False
    assert json.loads(copies.main.read("redoubt.json"))["conditional_create"] is True
    assert not [k for k in careless.replaced if not k.startswith("probe/")]
    copies.assert_restores(adopt, "--repository", "cloud")


def test_two_copies_at_once_do_not_disturb_each_other(copies):
    offsite = copies.files()
    runs = [copies.redoubt.start("copy", "--to", "offsite", "--create",
                                 log=copies.directory / f"{number}.log") for number in range(2)]

    for run in runs:
        assert run.wait(timeout=120) == 0, (copies.directory / "0.log").read_text()

    assert belonging(offsite) == belonging(copies.main)
    assert copies.copy()["copied"]["objects"] == 0


def test_what_was_deleted_stays_in_the_copy_until_it_is_pruned(copies, adopt):
    """Expiry deletes here; the copy follows when told to, and only by what the log says."""
    offsite = copies.files()
    copies.copy("--create")
    copies.redoubt.configure(retention={"daily": 1, "weekly": 0, "monthly": 0, "grace": 0,
                                        "recovery_window": 0, "minimum_age": 0})
    copies.redoubt.run("expire")
    copies.redoubt.run("expire")
    gone = belonging(offsite) - belonging(copies.main)
    assert [k for k in gone if "/backups/" in k] and [k for k in gone if "/packs/" in k]
    # This one is lost, not deleted: no entry of the log says so.
    lost = largest(copies.main, "/main/packs/")
    copies.main.delete(lost)

    copies.copy()
    assert gone <= belonging(offsite)
    pruned = copies.copy("--prune")["pruned"]

    assert pruned["objects"] == len(gone)
    assert belonging(offsite) == belonging(copies.main) | {lost}
    assert copies.copy("--prune")["pruned"] == {"objects": 0, "bytes": 0}
    copies.assert_restores(adopt, "--repository", "offsite")


def test_copying_goes_on_while_the_server_archives(directory, archiving, redoubt):
    offsite = FileRepository(directory / "offsite")
    redoubt.configure(repositories={"offsite": {**offsite.configuration(), "required": False}})
    redoubt.run("copy", "--to", "offsite", "--create")
    workload.small(archiving)

    for _ in range(3):
        archiving.switch_wal()
        redoubt.run("copy", "--to", "offsite")
    redoubt.backup()
    archiving.switch_and_archive()
    redoubt.run("copy", "--to", "offsite")

    assert redoubt.json("list")["copies"][0]["state"] == "complete"
    assert redoubt.json("copy", "--to", "offsite")["findings"] == []


def test_a_command_line_that_makes_no_sense_is_refused(copies):
    copies.files()

    assert "--to" in copies.redoubt.run("copy", code=2).err
    assert "itself" in copies.redoubt.run("copy", "--to", "main", code=2).err
    assert "offsite" in copies.redoubt.run("copy", "--to", "ofsite", code=2).err
