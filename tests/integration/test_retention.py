# SPDX-License-Identifier: PostgreSQL
"""What expires and what does not, on files and on S3: the table, the JSON, holds,
the log as an audit trail, and everything that must not be touched."""

import json
import os
import re
import shutil
import time
from pathlib import Path

import pytest

from conftest import restore_copy
from support import process, workload
from support.redoubt import Redoubt

EXIT_USAGE = 2
EXIT_REFUSED = 3
EXIT_CORRUPT = 5

UNSEAL = Path(__file__).resolve().parents[2] / "tools/unseal"

# The newest backup stays, and what it needs.
STRICT = {"daily": 1, "weekly": 0, "monthly": 0, "recovery_window": 0, "minimum_age": 0}
AT_ONCE = {**STRICT, "grace": 0}


@pytest.fixture
def three(archiving, redoubt):
    """Three backups of one day, the oldest first."""
    workload.small(archiving)
    backups = []
    for number in range(3):
        archiving.sql(f"insert into t values ({-number - 1})")
        backups.append(redoubt.backup())
        archiving.switch_and_archive()
    return backups


FILES = pytest.mark.parametrize("repository", ["file"], indirect=True)


def listed(redoubt):
    return [b["id"] for b in redoubt.backups()]


def test_what_the_policy_lets_go_is_deleted_and_the_rest_can_be_restored(three, archiving, redoubt,
                                                                         directory, adopt):
    redoubt.configure(retention=AT_ONCE)
    before = redoubt.repository.keys()

    report = redoubt.json("expire")

    assert listed(redoubt) == three[2:]
    after = redoubt.repository.keys()
    assert len(after) < len(before)
    assert not [k for k in after if three[0] in k or three[1] in k]
    assert [(b["id"], b["keep"], b["expired"]) for b in report["backups"]] == [
        (three[0], False, True), (three[1], False, True), (three[2], True, False)]
    assert all(b["reasons"] for b in report["backups"])
    assert report["condemned"]["folders"] == 2
    assert report["condemned"]["wal_segments"] > 0
    assert report["deleted"]["condemnations"] == 1
    copy = restore_copy(redoubt, directory / "copy", adopt)
    assert copy.value("select count(*) from t") == "1003"


def test_a_dry_run_tells_the_same_and_changes_nothing(three, redoubt):
    redoubt.configure(retention=AT_ONCE)
    before = redoubt.repository.keys()

    told = redoubt.json("expire", "--dry-run")
    text = redoubt.run("expire", "--dry-run").out

    assert redoubt.repository.keys() == before
    assert told["dry_run"] is True
    for backup in three[:2]:
        assert re.search(rf"^{backup} .* EXPIRES .*\S$", text, re.M)
    assert re.search(rf"^{three[2]} .* kept .*newest", text, re.M)
    assert "Nothing was changed" in text
    done = redoubt.json("expire")
    assert done["condemned"] == told["condemned"]
    assert done["wal"] == told["wal"]


@FILES
def test_with_the_default_policy_nothing_of_today_expires(three, redoubt):
    before = redoubt.repository.keys()

    text = redoubt.run("expire").out

    assert redoubt.repository.keys() == before
    assert text.count(" kept ") == 3
    assert "There is nothing to condemn." in text


@FILES
def test_what_is_condemned_waits_for_its_grace(three, redoubt, directory, adopt):
    redoubt.configure(retention={**STRICT, "grace": "1h"})
    before = set(redoubt.repository.keys())

    text = redoubt.run("expire").out

    assert "waits for its deletion" in text
    assert listed(redoubt) == three[2:]
    assert before < set(redoubt.repository.keys())
    waiting = redoubt.json("expire")
    assert waiting["condemned"]["packs"] == 0
    assert waiting["waiting"]["condemnations"] == 1
    redoubt.configure(retention={"grace": 0})
    redoubt.run("expire")
    assert not [k for k in redoubt.repository.keys() if three[0] in k]


@FILES
def test_a_held_backup_stays_until_it_is_released(three, redoubt, directory, adopt):
    redoubt.configure(retention=AT_ONCE)
    redoubt.run("hold", three[0], "--reason", "year-end audit")

    redoubt.run("expire")

    assert listed(redoubt) == [three[0], three[2]]
    holds = redoubt.json("hold")["holds"]
    assert holds == [{"backup": three[0], "until": None, "reason": "year-end audit"}]
    copy = restore_copy(redoubt, directory / "copy", adopt, "--backup", three[0],
                        "--target-immediate", "--target-action", "promote")
    assert copy.value("select count(*) from t") == "1001"

    redoubt.run("hold", "--release", three[0])
    redoubt.run("expire")
    assert listed(redoubt) == three[2:]
    assert redoubt.json("hold")["holds"] == []


@FILES
def test_a_hold_that_has_ended_holds_no_more(three, redoubt):
    redoubt.configure(retention=AT_ONCE)
    until = time.time() + 3
    redoubt.run("hold", three[0], "--until",
                time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(until)))

    redoubt.run("expire")
    assert three[0] in listed(redoubt)

    process.wait_until(lambda: time.time() > until, 10, "the end of the hold")
    redoubt.run("expire")
    assert listed(redoubt) == three[2:]


@FILES
def test_a_wrong_hold_is_refused(three, redoubt):
    redoubt.configure(retention=AT_ONCE)
    redoubt.run("expire")

    for line, code, message in [
            (["yesterday"], EXIT_USAGE, "not a backup's id"),
            (["2020-01-01T00-00-00-0000"], EXIT_REFUSED, "there is no backup"),
            ([three[0]], EXIT_REFUSED, "there is no backup"),
            (["--release", three[0]], EXIT_REFUSED, "there is no backup"),
            ([three[2], "--until", "2020-01-01"], EXIT_USAGE, "has passed"),
            ([three[2], "--until", "soon"], EXIT_USAGE, "soon"),
            ([three[2], "--reason", "x" * 300], EXIT_USAGE, "longer than"),
            (["--release"], EXIT_USAGE, "no backup or dump is named"),
            ([three[2], "--release", "--until", "2099-01-01"], EXIT_USAGE, "takes neither")]:
        result = redoubt.run("hold", *line, code=code)
        assert message in result.err, result
    assert redoubt.json("hold")["holds"] == []


@FILES
def test_the_log_tells_who_let_what_go_when_and_why(three, redoubt):
    redoubt.configure(retention=AT_ONCE)
    redoubt.run("hold", three[2], "--reason", "for the auditor")
    redoubt.run("expire")

    entries = [read_log(redoubt, k) for k in redoubt.repository.keys("main/log/")]

    assert [e["kind"] for e in entries[-4:]] == ["hold", "expire", "condemn", "delete"]
    for entry in entries:
        assert entry["user"] and entry["host"] and entry["time"] and entry["agent"]
    hold, expire, condemn, delete = entries[-4:]
    assert hold["hold"]["reason"] == "for the auditor"
    assert [b["id"] for b in expire["expire"]["backups"]] == three[:2]
    assert all(b["reason"] for b in expire["expire"]["backups"])
    assert sorted(condemn["condemn"]["backups"]) == sorted(three[:2])
    assert condemn["condemn"]["packs"] and condemn["condemn"]["wal"]
    assert delete["delete"]["condemned"] == condemn["number"]
    assert [b["id"] for b in unseal(redoubt, "list", "main")] == three[2:]


def unseal(redoubt, *arguments):
    result = process.run(["/usr/bin/python3", UNSEAL, "--key-file", redoubt.key_file,
                          redoubt.repository.path, *arguments])
    return [json.loads(line) for line in result.out.splitlines()]


def read_log(redoubt, key):
    return unseal(redoubt, "cat", key)[0]


def test_a_corrupt_manifest_among_good_ones_is_reported_and_nothing_is_deleted(three, redoubt):
    redoubt.configure(retention={**AT_ONCE, "daily": 1})
    key = f"main/backups/{three[2]}/manifest"
    body = redoubt.repository.read(key)
    redoubt.repository.write(key, body[:100] + bytes([body[100] ^ 1]) + body[101:])
    before = redoubt.repository.keys()

    result = redoubt.run("expire", code=EXIT_CORRUPT)

    assert three[2] in result.err
    assert redoubt.repository.keys() == before
    redoubt.repository.write(key, body)
    redoubt.run("expire")
    assert listed(redoubt) == three[2:]


@FILES
def test_a_backup_that_cannot_be_read_is_given_up_on_demand(three, redoubt):
    redoubt.repository.delete(f"main/backups/{three[1]}/manifest")
    result = redoubt.run("expire", code=EXIT_CORRUPT)
    assert f"--forget {three[1]}" in result.err
    for given_up, message in [("2020-01-01T00-00-00-0000", "there is no backup"),
                              (three[2], "the newest good one")]:
        result = redoubt.run("expire", "--forget", given_up, code=EXIT_REFUSED)
        assert message in result.err, result

    text = redoubt.run("expire", "--forget", three[1]).out

    assert re.search(rf"^{three[1]} .* EXPIRES .*asked for", text, re.M)
    assert listed(redoubt) == [three[0], three[2]]
    redoubt.run("expire")


@FILES
def test_another_cluster_in_the_same_store_is_left_alone(three, redoubt, directory, cluster):
    other = Redoubt(directory / "other", cluster, redoubt.repository, name="other")
    shutil.copy(redoubt.key_file, other.key_file)
    other.run("backup")
    before = redoubt.repository.keys("other/")
    assert before
    redoubt.configure(retention=AT_ONCE)

    redoubt.run("expire")

    assert redoubt.repository.keys("other/") == before
    other.configure(retention=AT_ONCE)
    mine = redoubt.repository.keys("main/")
    other.run("backup")
    other.run("expire")
    assert set(mine) <= set(redoubt.repository.keys("main/"))  # the server archives meanwhile
    assert len(other.backups()) == 1


def test_what_verify_remembers_goes_when_a_later_verification_has_it_all(archiving, redoubt):
    redoubt.backup()
    for _ in range(3):
        redoubt.run("verify")
    memories = redoubt.repository.keys("main/verified/")
    assert [m.endswith("-all") for m in memories] == [True] * 3
    redoubt.configure(retention={"grace": "1h"})

    told = redoubt.json("expire", "--dry-run")
    text = redoubt.run("expire").out

    assert told["condemned"]["verified"] == 2
    assert "2 superseded records of what was verified" in text
    assert redoubt.repository.keys("main/verified/") == memories
    assert redoubt.json("expire")["condemned"]["verified"] == 0
    redoubt.configure(retention={"grace": 0})
    assert redoubt.json("expire")["deleted"]["objects"] == 2
    assert redoubt.repository.keys("main/verified/") == memories[2:]
    again = redoubt.json("verify")
    assert again["remembered"] > 0 and again["findings"] == []


@pytest.mark.parametrize("repository", ["s3"], indirect=True)
def test_a_repository_without_conditional_creation_needs_a_single_writer(three, redoubt):
    redoubt.configure(retention=AT_ONCE)
    marker = json.loads(redoubt.repository.read("redoubt.json"))
    redoubt.repository.write("redoubt.json",
                             json.dumps({**marker, "conditional_create": False}).encode())
    before = redoubt.repository.keys()

    result = redoubt.run("expire", code=EXIT_REFUSED)

    assert "single_writer" in result.err
    assert redoubt.repository.keys() == before
    redoubt.configure(repository={"single_writer": True})
    redoubt.run("expire")
    assert listed(redoubt) == three[2:]


@pytest.mark.parametrize("policy", [{"daily": 0, "weekly": 0, "monthly": 0}, {"daily": -1},
                                    {"grace": "3 fortnights"}, {"recovery_window": "-1d"},
                                    {"dayly": 7}], ids=str)
@FILES
def test_a_policy_that_makes_no_sense_is_refused(archiving, redoubt, policy):
    redoubt.configure(retention=policy)
    before = redoubt.repository.keys()

    result = redoubt.run("expire", code=EXIT_USAGE)

    assert re.search(r"redoubt\.yaml:\d+", result.err), result
    assert redoubt.repository.keys() == before


@FILES
def test_files_that_no_name_was_given_to_are_cleared_away_when_they_are_old(archiving, redoubt):
    folder = redoubt.repository.path / "tmp"
    folder.mkdir(exist_ok=True)
    (folder / "left-by-a-crash").write_bytes(b"x")
    (folder / "being-written").write_bytes(b"x")
    week_ago = time.time() - 7 * 86400
    os.utime(folder / "left-by-a-crash", (week_ago, week_ago))

    assert redoubt.json("expire")["deleted"]["uploads"] == 1

    assert [p.name for p in folder.iterdir()] == ["being-written"]


@FILES
def test_a_damaged_log_stops_everything(three, redoubt):
    redoubt.configure(retention=AT_ONCE)
    key = redoubt.repository.keys("main/log/")[1]
    body = redoubt.repository.read(key)
    redoubt.repository.delete(key)
    before = redoubt.repository.keys()

    redoubt.run("expire", code=EXIT_CORRUPT)
    redoubt.run("hold", three[0], code=EXIT_CORRUPT)

    assert redoubt.repository.keys() == before
    redoubt.repository.write(key, body)
    redoubt.run("expire")
