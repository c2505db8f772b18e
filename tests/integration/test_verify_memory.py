# SPDX-License-Identifier: PostgreSQL
"""verify remembers what it verified, tells doubt from damage, and can be told what to
look at."""

import os
import signal
from pathlib import Path

import pytest

from support import process
from support import verify_story
from support.cluster import Cluster
from support.process import wait_until
from support.redoubt import Redoubt
from support.repository import FileRepository
from support.verify_story import (EXIT_DAMAGE, EXIT_DOUBT, EXIT_INTERRUPTED, EXIT_REFUSED,
                                  EXIT_USAGE, FIRST_FRAME, FRAME_HEADER, SEAL_HEADER, Story, kinds,
                                  named)

UNSEAL = Path(__file__).resolve().parents[2] / "tools/unseal"


@pytest.fixture(scope="module")
def file_story(module_directory, adopt):
    return Story(module_directory / "file", adopt,
                 FileRepository(module_directory / "file" / "repository"))


@pytest.fixture
def sealed(file_story):
    yield file_story
    file_story.heal()


def test_age_and_all_make_it_read_again(sealed):
    first = sealed.verify()

    for option in (["--older-than", "0s"], ["--all"]):
        again = sealed.verify(*option)
        assert again["remembered"] == 0
        assert again["bytes"] >= first["bytes"]
    assert sealed.verify("--older-than", "1d")["remembered"] > 0


def test_damage_behind_the_back_of_the_memory_is_found_by_all(sealed):
    sealed.verify()
    planted = verify_story.flipped_frame(sealed)

    assert sealed.verify()["findings"] == []
    assert named(sealed.verify("--all", code=EXIT_DAMAGE)) == {planted}
    # And is not taken for good from then on.
    assert named(sealed.verify(code=EXIT_DAMAGE)) == {planted}


def test_another_size_is_news_at_once(sealed):
    sealed.verify()
    planted = {verify_story.cut_pack(sealed), verify_story.cut_segment(sealed)}

    assert named(sealed.verify(code=EXIT_DAMAGE)) == planted


def test_a_pack_that_vanishes_is_missed_at_once(sealed):
    sealed.verify()
    planted = verify_story.deleted_pack(sealed)

    assert named(sealed.verify(code=EXIT_DAMAGE)) == {planted}


def test_a_log_that_was_cut_is_noticed_by_who_knew_it_longer(sealed):
    """Its last entries alone are gone: what is left looks like an older state of affairs."""
    sealed.verify()
    newest = max(k for k in sealed.repository.keys() if "/log/" in k)
    sealed.repository.delete(newest)
    gone = sealed.delete(max(sealed.all("/log/")))

    assert gone in named(sealed.verify(code=EXIT_DAMAGE))


def test_a_cluster_that_nobody_knows_is_a_warning(sealed):
    sealed.redoubt.configure(cluster="mian")
    try:
        report = sealed.verify()
    finally:
        sealed.redoubt.configure(cluster="main")

    assert kinds(report, "warning") == {"empty"}


def test_a_new_backup_is_read_and_what_it_shares_is_not(directory, adopt):
    story = Story(directory / "new", adopt, FileRepository(directory / "new" / "repository"))
    story.verify()
    story.cluster.start()
    third = story.redoubt.backup()
    story.cluster.stop()

    report = story.verify()

    packs = {k for k in story.repository.keys() if "/packs/" in k} - set(story.all("/packs/"))
    new = sum(len(story.repository.read(k)) for k in packs)
    assert report["findings"] == []
    assert report["bytes"] >= new
    assert report["remembered"] >= len(story.all("/packs/"))
    assert third in {b["id"] for b in story.redoubt.backups()}
    # The new manifest was matched with old packs that were not read.
    assert story.verify()["bytes"] < report["bytes"] or new == 0


def test_a_damaged_memory_is_a_warning_and_costs_only_time(sealed):
    sealed.verify()
    memory = max(k for k in sealed.repository.keys() if k.startswith("main/verified/"))
    body = bytearray(sealed.repository.read(memory))
    body[SEAL_HEADER + 20] ^= 1
    sealed.repository.write(memory, bytes(body))

    report = sealed.verify()

    assert named(report, "warning") == {memory}
    assert report["remembered"] == 0
    assert report["complete"] is True


def test_a_verification_stands_in_the_log(sealed):
    before = len([k for k in sealed.repository.keys() if "/log/" in k])

    report = sealed.verify()

    after = [k for k in sealed.repository.keys() if "/log/" in k]
    assert len(after) == before + 1
    entry = process.run([UNSEAL, "--key-file", sealed.redoubt.key_file,
                         sealed.repository.path, "cat", max(after)])
    assert '"kind":"verify"' in entry.out.replace(" ", "")
    assert f'"objects":{report["objects"]}' in entry.out.replace(" ", "")


def test_an_interrupted_run_keeps_what_it_verified(directory, adopt):
    story = Story(directory / "long", adopt, FileRepository(directory / "long" / "repository"))
    story.cluster.start()
    story.cluster.sql("create table ballast as select md5(i::text) || md5((-i)::text) as b "
                      "from generate_series(1, 400000) i")
    story.redoubt.backup()
    story.cluster.stop()
    log = directory / "verify.log"

    # So slow that it cannot end before the signal, whose time is when it has verified something.
    child = story.redoubt.start("verify", "--rate", "1MB", "--verbose", log=log)
    wait_until(lambda: 'verified "main/packs/' in log.read_text(), 120, "a pack to be verified")
    assert child.poll() is None
    child.send_signal(signal.SIGINT)
    assert child.wait(timeout=60) == EXIT_INTERRUPTED

    assert "INCOMPLETE" in log.read_text()
    report = story.verify()
    assert report["findings"] == []
    assert report["remembered"] > 0
    assert report["complete"] is True


# One backup

def test_one_backup_alone_is_verified_with_its_wal(sealed):
    report = sealed.verify("--backup", sealed.first)

    assert report["findings"] == []
    # It remembers for the others too.
    assert sealed.verify()["remembered"] > 0


def test_damage_elsewhere_does_not_concern_one_backup(sealed):
    own = [k for k in sealed.all("/packs/") if k not in sealed.early]
    assert own
    planted = sealed.flip(own[0], FIRST_FRAME + FRAME_HEADER + 5)
    manifest = verify_story.flipped_manifest(sealed)

    assert sealed.verify("--backup", sealed.first)["findings"] == []
    report = sealed.verify("--backup", sealed.second, code=EXIT_DAMAGE)
    assert manifest in named(report) and named(report) <= {manifest, planted}


def test_an_unknown_backup_is_refused(sealed):
    result = sealed.redoubt.run("verify", "--backup", "2020-01-01T00-00-00-0000",
                                code=EXIT_REFUSED)
    assert "there is no backup" in result.err


# Doubt

def test_what_cannot_be_read_is_doubt_and_not_damage(sealed):
    key = sealed.largest("/packs/")
    path = sealed.repository.path / key
    path.chmod(0)
    try:
        report = sealed.verify(code=EXIT_DOUBT)
    finally:
        path.chmod(0o600)

    assert named(report, "doubt") == {key}
    assert named(report) == set()
    # It is not remembered as good either.
    assert sealed.verify()["bytes"] >= len(sealed.objects[key])


def test_damage_outweighs_doubt(sealed):
    doubtful = sealed.largest("/packs/")
    planted = verify_story.flipped_segment(sealed)
    (sealed.repository.path / doubtful).chmod(0)
    try:
        report = sealed.verify(code=EXIT_DAMAGE)
    finally:
        (sealed.repository.path / doubtful).chmod(0o600)

    assert named(report) == {planted}
    assert named(report, "doubt") == {doubtful}


def test_a_store_that_goes_away_meanwhile_is_not_asked_for_ever(directory, adopt, s3_repository):
    story = Story(directory / "outage", adopt, s3_repository)
    log = directory / "verify.log"
    with story.redoubt.outages() as outage:
        child = story.redoubt.start("verify", "--rate", "1MB", "--verbose", "--json", log=log)
        wait_until(lambda: 'verified "main/packs/' in log.read_text(), 120, "a pack's end")
        outage.begin()
        assert child.wait(timeout=300) == EXIT_DOUBT

    assert '"complete": false' in log.read_text()
    assert '"kind": "incomplete"' in log.read_text()


@pytest.mark.parametrize("kind", ["file", "s3"])
def test_an_unreachable_repository_is_doubt(kind, directory, adopt, request):
    repository = request.getfixturevalue(f"{kind}_repository")
    cluster = adopt(Cluster.create(directory / "cluster"))
    redoubt = Redoubt(directory / "redoubt", cluster, repository)
    redoubt.init()
    redoubt.be_impatient()
    redoubt.lose_repository()

    redoubt.run("verify", code=EXIT_DOUBT)
    if kind == "file":
        repository.mount()


def test_what_a_killed_backup_left_is_information(directory, adopt):
    story = Story(directory / "orphans", adopt,
                  FileRepository(directory / "orphans" / "repository"))
    story.cluster.start()
    story.cluster.commit("update t set body = md5(body)")
    story.redoubt.run("backup", crash_at="backup: before it is committed")
    story.cluster.stop()

    report = story.verify()

    assert kinds(report, "information") == {"orphan"}
    assert "main/packs/" in named(report, "information")
    assert named(report) | named(report, "warning") | named(report, "doubt") == set()


def test_what_does_not_belong_there_is_information(sealed):
    """Whatever it is called: the report stays JSON, and a terminal stays a terminal."""
    folder = os.fsencode(sealed.repository.path)
    names = [b"main/packs/\xff\x1b[2J", b"main/packs/aa/short", b"main/wal/notes.txt",
             b"main/backups/README", b"main/backups/old/manifest"]
    os.makedirs(folder + b"/main/packs/aa", exist_ok=True)
    os.makedirs(folder + b"/main/backups/old", exist_ok=True)
    for name in names:
        Path(os.fsdecode(folder + b"/" + name)).write_bytes(b"?")
    try:
        report = sealed.verify()
        text = sealed.redoubt.run("verify").out
    finally:
        for name in names:
            os.unlink(folder + b"/" + name)
        os.rmdir(folder + b"/main/backups/old")

    assert kinds(report, "information") == {"unexpected"}
    assert len(named(report, "information")) == len(names)
    assert named(report) | named(report, "warning") | named(report, "doubt") == set()
    assert "\x1b" not in text


def test_a_clean_run_says_so(sealed):
    assert "Nothing is wrong." in sealed.redoubt.run("verify").out
    assert "verified lately" in sealed.redoubt.run("verify", "--rate", "100MB").out


@pytest.mark.parametrize("arguments", [["--rate", "fast"], ["--rate", "10"], ["--rate", "0"],
                                       ["--older-than", "30"], ["--older-than", "-1d"],
                                       ["--all", "--older-than", "1d"], ["everything"]],
                         ids=lambda a: " ".join(a))
def test_a_mistake_on_the_command_line_is_a_usage_error(sealed, arguments):
    sealed.redoubt.run("verify", *arguments, code=EXIT_USAGE)
