# SPDX-License-Identifier: PostgreSQL
"""verify finds every kind of damage that is planted on purpose, names it, and names
nothing else."""

import pytest

from support import verify_story
from support.redoubt import Redoubt
from support.repository import FileRepository, S3Repository
from support.verify_story import (EXIT_DAMAGE, FIRST_FRAME, FRAME_HEADER, SEAL_HEADER, Story, kinds,
                                  named)


@pytest.fixture(scope="module")
def file_story(module_directory, adopt):
    return Story(module_directory / "file", adopt,
                 FileRepository(module_directory / "file" / "repository"))


@pytest.fixture(scope="module")
def plain_story(module_directory, adopt):
    return Story(module_directory / "plain", adopt,
                 FileRepository(module_directory / "plain" / "repository"), encryption="off")


@pytest.fixture(scope="module")
def s3_story(module_directory, adopt, s3_server):
    return Story(module_directory / "s3", adopt, S3Repository(s3_server, "verify"))


@pytest.fixture(params=["file", "s3", "plain"])
def story(request):
    """The same story on files, on S3, and without encryption."""
    told = request.getfixturevalue(f"{request.param}_story")
    yield told
    told.heal()


@pytest.fixture
def sealed(file_story):
    yield file_story
    file_story.heal()


def test_a_clean_repository_is_clean(story):
    report = story.verify()

    assert report["findings"] == []
    assert report["complete"] is True
    assert report["counts"] == {"damage": 0, "doubt": 0, "warning": 0, "information": 0}
    assert report["remembered"] == 0
    # All but redoubt.json, which says that this is a repository, and the lineage's entry.
    assert report["objects"] >= len(story.objects) - 1
    assert report["bytes"] >= sum(len(story.objects[k]) for k in story.all("/packs/"))


def test_the_next_run_reads_only_what_is_new(story):
    first = story.verify()

    second = story.verify()

    assert second["findings"] == []
    assert second["remembered"] > 0
    assert second["remembered_bytes"] >= sum(len(story.objects[k]) for k in story.all("/packs/"))
    assert second["bytes"] < first["bytes"] / 2
    # Objects of the structure are looked at every time, and no object is lost in between.
    assert second["objects"] + second["remembered"] >= first["objects"]


DAMAGED = ["flipped_frame", "flipped_frame_header", "flipped_pack_header", "flipped_pack_end",
           "flipped_manifest", "flipped_server_manifest", "flipped_segment", "flipped_digest",
           "flipped_lineage", "cut_pack", "cut_manifest", "cut_segment", "emptied_segment",
           "longer_pack", "swapped_segments", "swapped_manifests"]


@pytest.mark.parametrize("plant", DAMAGED)
def test_damage_is_found_and_named_and_nothing_else(story, plant):
    planted = getattr(verify_story, plant)(story)

    report = story.verify(code=EXIT_DAMAGE)

    assert named(report) == ({planted} if isinstance(planted, str) else set(planted))
    assert kinds(report) == {"damaged"}
    assert report["complete"] is True
    assert report["counts"]["damage"] == len(named(report))
    assert named(report, "doubt") == set()
    assert named(report, "warning") == set()


MISSING = ["deleted_pack", "deleted_manifest", "deleted_server_manifest", "deleted_lineage"]


@pytest.mark.parametrize("plant", MISSING)
def test_what_is_missing_is_named_and_nothing_else(story, plant):
    planted = getattr(verify_story, plant)(story)

    report = story.verify(code=EXIT_DAMAGE)

    assert named(report) == {planted}
    assert kinds(report) == {"missing"}
    assert named(report, "doubt") | named(report, "warning") == set()


def test_a_damaged_pack_says_which_backups_need_it(sealed):
    # A pack that only the first backup can have written, and any later one may share.
    key = max((k for k in sealed.all("/packs/") if k in sealed.early),
              key=lambda k: len(sealed.objects[k]))
    sealed.flip(key, FIRST_FRAME + FRAME_HEADER + 5)

    report = sealed.verify(code=EXIT_DAMAGE)

    finding, = [f for f in report["findings"] if f["severity"] == "damage"]
    assert "frame 0" in finding["text"]
    assert sealed.first in finding["text"] or "more" in finding["text"]
    assert finding["hint"]


def test_the_files_that_damage_concerns_are_named(sealed):
    """A whole pack is gone, so that each backup that uses it has lost files."""
    key = verify_story.deleted_pack(sealed)

    report = sealed.verify(code=EXIT_DAMAGE)

    affected = [f for f in report["findings"] if f["kind"] == "affected"]
    assert {f["object"] for f in affected} <= {sealed.first, sealed.second}
    assert affected
    for finding in affected:
        assert finding["severity"] == "information"
        assert "base/" in finding["text"] or "global/" in finding["text"]
    assert named(report) == {key}


def test_several_damages_do_not_hide_each_other(sealed):
    planted = {verify_story.flipped_frame(sealed), verify_story.flipped_manifest(sealed),
               verify_story.flipped_segment(sealed),
               verify_story.flipped_lineage(sealed), verify_story.deleted_server_manifest(sealed)}

    report = sealed.verify(code=EXIT_DAMAGE)

    assert named(report) == planted


def test_a_damaged_log_entry_hides_nothing_else(sealed):
    entry = sealed.all("/log/")[1]
    planted = {verify_story.flipped_frame(sealed), verify_story.flipped_segment(sealed),
               sealed.flip(entry, SEAL_HEADER + 5)}

    report = sealed.verify(code=EXIT_DAMAGE)

    assert named(report) == planted
    assert "main/log/" in named(report, "information")


def test_a_lost_log_entry_is_named(sealed):
    entry = sealed.delete(sealed.all("/log/")[1])

    report = sealed.verify(code=EXIT_DAMAGE)

    assert named(report) == {entry}
    assert kinds(report) == {"missing"}


def test_a_damaged_key_is_named_once_for_all_that_it_locks(sealed):
    key = sealed.largest("/keys/")
    sealed.flip(key, sealed.objects[key].index(b'"sealed"') + 14)

    report = sealed.verify(code=EXIT_DAMAGE)

    assert named(report) == {key}
    assert len(report["findings"]) == 1


def test_objects_of_another_repository_are_damage(sealed, plain_story, directory, adopt):
    """With the same names, written by somebody who has the other repository's key."""
    other = FileRepository(directory / "other")
    copy = Redoubt(directory / "copy", sealed.cluster, other)
    sealed.cluster.start()
    try:
        copy.init()
        # Not archive_command's: pushed here.
        segment = sealed.cluster.data / "pg_wal" / sealed.cluster.switch_wal()
        copy.backup()
        copy.push(segment)
        mine = next(k for k in other.keys() if k.endswith(segment.name))
        sealed.cluster.archived(segment.name)
    finally:
        sealed.cluster.stop()
    sealed.repository.write(mine, other.read(mine))
    pack = sealed.largest("/packs/")
    sealed.repository.write(pack, other.read(max(k for k in other.keys() if "/packs/" in k)))

    report = sealed.verify(code=EXIT_DAMAGE)

    assert named(report) == {mine, pack}


def test_people_are_told_the_worst_first_and_a_sum(sealed):
    planted = verify_story.flipped_frame(sealed)

    result = sealed.redoubt.run("verify", code=EXIT_DAMAGE)

    lines = result.out.splitlines()
    assert lines[0].split() == ["damage", planted]
    assert "damage: 1, doubts: 0, warnings: 0" in result.out
    assert "the repository is damaged in 1 place" in result.err
