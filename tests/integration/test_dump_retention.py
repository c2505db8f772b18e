# SPDX-License-Identifier: PostgreSQL
"""Dumps as citizens of the repository, on files and on S3: what expires and what is
held, what killed runs leave, what verify finds, and what a copy brings."""

import datetime
import json
import re

import pytest

from support import dumping
from support.cluster import Cluster
from support.redoubt import Redoubt
from support.repository import FileRepository
from support.sleeper import Sleeper

EXIT_USAGE, EXIT_REFUSED, EXIT_DAMAGE = 2, 3, 5

ODD = "Ünï %\"x\"; "

# The newest of each database stays; WAL and backups do not matter here.
STRICT = {"daily": 1, "weekly": 0, "monthly": 0, "recovery_window": 0, "minimum_age": 0}
AT_ONCE = {**STRICT, "grace": 0}

RESERVED = "dump: its name is reserved, and there is no data"
UNLISTED = "dump: all objects exist, and the log does not say so"

FILES = pytest.mark.parametrize("repository", ["file"], indirect=True)


@pytest.fixture(scope="module")
def source(module_directory, adopt):
    """A running cluster with two databases."""
    cluster = adopt(Cluster.create(module_directory / "primary", settings={"fsync": "off"}))
    cluster.start()
    for database in ("shop", ODD):
        quoted = database.replace('"', '""')
        cluster.sql(f'create database "{quoted}"')
        cluster.sql("create table t as select 0 as version, generate_series(1, 1000) as i",
                    database)
    return cluster


@pytest.fixture
def redoubt(directory, source, repository):
    made = Redoubt(directory / "redoubt", source, repository)
    made.init()
    return made


@pytest.fixture
def four(source, redoubt):
    """Three dumps of one database, oldest first, and one of another between them."""
    dumps = []
    for version, database in enumerate(("shop", ODD, "shop", "shop")):
        source.sql(f"update t set version = {version}", database)
        dumps.append(dumping.run(redoubt, database))
    return dumps


def listed(redoubt, *options):
    return [d["id"] for d in redoubt.json("list", *options)["dumps"]]


def objects(repository):
    return repository.keys("main/dumps/")


def objects_of(repository, dump):
    """Its three objects by their extensions."""
    begin = f"main/dumps/{dump['id']}."
    return {k[len(begin):]: k for k in objects(repository) if k.startswith(begin)}


def check_restores(source, redoubt, dump, version, *options):
    source.sql("drop database if exists restored with (force)")
    redoubt.run("restore-dump", dump["database"], "--dump", dump["name"], "--into", "restored",
                "--no-checks", *options)
    assert source.value("select version || ' ' || count(*) from t group by version",
                        "restored") == f"{version} 1000"
    source.sql("drop database restored")


# Expiry

def test_what_the_policy_lets_go_is_deleted_and_the_rest_can_be_restored(source, redoubt, four):
    redoubt.configure(retention=AT_ONCE)
    stranger = f"main/dumps/{four[0]['id']}.notes"
    redoubt.repository.write(stranger, b"not ours")

    report = redoubt.json("expire")

    assert [(d["id"], d["keep"], d["expired"]) for d in report["dumps"]] == sorted([
        (four[0]["id"], False, True), (four[1]["id"], True, False),
        (four[2]["id"], False, True), (four[3]["id"], True, False)])
    assert all(d["reasons"] for d in report["dumps"])
    assert report["condemned"]["dumps"] == 2
    assert report["condemned"]["dump_bytes"] > 0
    assert report["deleted"]["objects"] == 6
    assert listed(redoubt) == [four[1]["id"], four[3]["id"]]
    left = {*objects_of(redoubt.repository, four[1]).values(),
            *objects_of(redoubt.repository, four[3]).values(), stranger}
    assert set(objects(redoubt.repository)) == left
    check_restores(source, redoubt, four[1], 1)
    check_restores(source, redoubt, four[3], 3)
    assert redoubt.json("verify", "--all")["counts"]["damage"] == 0


def test_a_dry_run_tells_the_same_and_changes_nothing(redoubt, four):
    redoubt.configure(retention=AT_ONCE)
    before = redoubt.repository.keys()

    told = redoubt.json("expire", "--dry-run")
    text = redoubt.run("expire", "--dry-run").out

    assert redoubt.repository.keys() == before
    assert re.search(rf"^{re.escape(four[0]['id'])} .* EXPIRES .*\S$", text, re.M)
    assert re.search(rf"^{re.escape(four[3]['id'])} .* kept .*newest good", text, re.M)
    assert re.search(r"^Would be condemned: 2 dumps \(.*\)\.$", text, re.M)
    assert redoubt.json("expire")["condemned"] == told["condemned"]


@FILES
def test_what_is_condemned_waits_for_its_grace(redoubt, four):
    redoubt.configure(retention={**STRICT, "grace": "1h"})
    before = objects(redoubt.repository)

    report = redoubt.json("expire")

    assert report["waiting"]["condemnations"] == 1
    assert listed(redoubt) == [four[1]["id"], four[3]["id"]]
    assert objects(redoubt.repository) == before
    assert redoubt.json("expire")["condemned"]["dumps"] == 0
    redoubt.configure(retention=AT_ONCE)
    assert redoubt.json("expire")["deleted"]["objects"] == 6


@FILES
def test_with_the_default_policy_nothing_of_today_expires(redoubt, four):
    before = redoubt.repository.keys()

    text = redoubt.run("expire").out

    assert redoubt.repository.keys() == before
    assert text.count(" kept ") == 4
    assert "There is nothing to condemn." in text


@FILES
def test_a_suspicious_dump_does_not_push_out_a_trusted_one(source, redoubt):
    redoubt.configure(retention=AT_ONCE)
    source.sql("update t set version = 0", "shop")
    trusted = [dumping.run(redoubt, "shop") for _ in range(3)][-1]
    source.sql("truncate t", "shop")
    try:
        suspicious = redoubt.json("dump", "shop", code=EXIT_DAMAGE)["dumps"][0]
    finally:
        source.sql("insert into t select 3, generate_series(1, 1000)", "shop")

    assert suspicious["suspicious"] is True
    report = {d["id"]: d for d in redoubt.json("expire")["dumps"]}

    assert listed(redoubt) == [trusted["id"], suspicious["id"]]
    assert "newest good" in report[trusted["id"]]["reasons"]
    assert report[suspicious["id"]]["reasons"] == ["suspicious, but no newer good one exists"]
    text = redoubt.run("list").out
    assert re.search(rf"^{suspicious['id']} .* SUSPICIOUS", text, re.M)
    check_restores(source, redoubt, trusted, 0)


# Holds

def test_a_held_dump_stays_until_it_is_released(redoubt, four):
    redoubt.configure(retention=AT_ONCE)
    held = four[0]["id"]

    told = redoubt.json("hold", held, "--until", "2033-01-01T00:00:00Z", "--reason", "audit")
    report = redoubt.json("expire")

    assert told["holds"] == [{"dump": held, "until": "2033-01-01T00:00:00Z", "reason": "audit"}]
    assert listed(redoubt) == [held, four[1]["id"], four[3]["id"]]
    kept = next(d for d in report["dumps"] if d["id"] == held)
    assert any(r.startswith("held until 2033-01-01") for r in kept["reasons"])
    shown = next(d for d in redoubt.json("list")["dumps"] if d["id"] == held)
    assert shown["held"] is True
    assert re.search(rf"^{held} .*held$", redoubt.run("list").out, re.M)
    redoubt.run("hold", "--release", held)
    redoubt.run("expire")
    assert listed(redoubt) == [four[1]["id"], four[3]["id"]]


@FILES
def test_only_a_dump_that_there_is_can_be_held(redoubt, four):
    result = redoubt.run("hold", "shop/backup-2001-02-03T04-05-06", code=EXIT_REFUSED)
    assert "there is no dump" in result.err
    for name in ("shop", f"{ODD}/{four[1]['name']}", "shop/yesterday"):
        result = redoubt.run("hold", name, code=EXIT_USAGE)
        assert "is not a backup's id, nor a dump's" in result.err
    assert redoubt.json("hold", four[1]["id"])["holds"][0]["dump"] == four[1]["id"]


# What killed runs leave

def age(repository, days, besides=()):
    """Make all objects but those of some dumps look as if their run began so long ago."""
    then = datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(days=days)
    name = then.strftime("backup-%Y-%m-%dT%H-%M-%S")
    for key in objects(repository):
        if key.removeprefix("main/dumps/").split(".")[0] in besides:
            continue
        repository.write(re.sub(r"backup-[-0-9T]+", name, key), repository.read(key))
        repository.delete(key)


@pytest.mark.parametrize("point", [RESERVED, UNLISTED])
def test_what_a_killed_dump_left_is_collected_when_it_must_be_dead(redoubt, point):
    redoubt.configure(retention=AT_ONCE)
    redoubt.run("dump", "shop", crash_at=point)
    assert objects(redoubt.repository) != []
    assert listed(redoubt) == []

    # It may still be at work, whatever the grace time is.
    redoubt.run("expire")
    assert objects(redoubt.repository) != []
    age(redoubt.repository, 6)
    redoubt.run("expire")
    assert objects(redoubt.repository) != []

    found = redoubt.json("verify")["findings"]
    assert [(f["severity"], f["kind"]) for f in found] == [("information", "orphan")]
    age(redoubt.repository, 8)
    report = redoubt.json("expire")
    assert report["condemned"]["dumps"] == 1
    assert objects(redoubt.repository) == []


@FILES
@pytest.mark.parametrize("point", [RESERVED, UNLISTED])
def test_a_dump_that_was_taken_for_dead_is_not_committed(directory, source, repository, point):
    """It sleeps, and the log condemns what it stored: as if a week had passed."""
    redoubt = Redoubt(directory / "plain", source, repository, encryption="off",
                      retention=AT_ONCE)
    redoubt.init()
    dumping.run(redoubt, "shop")
    before = listed(redoubt)
    sleeper = Sleeper(redoubt, point, "dump", ODD)
    asleep = next(k for k in objects(repository) if before[0] not in k and "globals" in k)
    name = asleep.removeprefix("main/dumps/").removesuffix(".globals.sql.zst")
    last = dumping.entries(redoubt)[-1]
    number = last["number"] + 1
    entry = {**{k: last[k] for k in ("version", "time", "host", "user", "agent")},
             "number": number, "id": "0" * len(last["id"]), "kind": "condemn",
             "condemn": {"packs": [], "backups": [], "dumps": [name], "wal": []}}
    repository.write(f"main/log/{number:020}.json", json.dumps(entry).encode())
    redoubt.run("expire")
    assert len(objects(repository)) == 3

    assert sleeper.wake() == EXIT_REFUSED, sleeper.said()

    assert "its objects are condemned" in sleeper.said()
    assert listed(redoubt) == before
    age(repository, 8, besides=before)
    redoubt.run("expire")
    assert len(objects(repository)) == 3


# Verification

def found_by(redoubt, key, kind):
    report = redoubt.json("verify", "--all", code=EXIT_DAMAGE)
    assert [(f["severity"], f["kind"], f["object"]) for f in report["findings"]] == [
        ("damage", kind, key)]


EXTENSIONS = ["dump.zst", "globals.sql.zst", "json"]


@pytest.mark.parametrize("extension", EXTENSIONS)
def test_a_damaged_a_missing_and_a_swapped_object_are_found_and_named(redoubt, four, extension):
    repository = redoubt.repository
    key = objects_of(repository, four[0])[extension]
    good = repository.read(key)
    other = repository.read(objects_of(repository, four[3])[extension])
    assert redoubt.json("verify", "--all")["findings"] == []

    middle = len(good) // 2
    repository.write(key, good[:middle] + bytes([good[middle] ^ 1]) + good[middle + 1:])
    found_by(redoubt, key, "damaged")
    repository.write(key, good[:-1])
    found_by(redoubt, key, "damaged")
    repository.write(key, other)
    found_by(redoubt, key, "damaged")
    repository.delete(key)
    found_by(redoubt, key, "missing")
    repository.write(key, good)
    assert redoubt.json("verify", "--all")["findings"] == []


@FILES
@pytest.mark.parametrize("compression", ["zstd", "gzip"])
def test_swapped_data_is_found_without_encryption(directory, source, repository, compression):
    """Each is whole and well-formed; only the digest in the log tells them apart."""
    redoubt = Redoubt(directory / "plain", source, repository, encryption="off")
    redoubt.init()
    dumps = []
    for version in (7, 8):
        source.sql(f"update t set version = {version}", "shop")
        dumps.append(dumping.run(redoubt, "shop", "--compression", compression))
    keys = [dumping.key(redoubt, dump) for dump in dumps]
    bodies = [repository.read(key) for key in keys]
    assert redoubt.json("verify", "--all")["findings"] == []

    for key, body in zip(keys, reversed(bodies)):
        repository.write(key, body)

    report = redoubt.json("verify", "--all", code=EXIT_DAMAGE)
    assert {f["object"] for f in report["findings"]} == set(keys)
    assert all("SHA-256" in f["text"] for f in report["findings"])


@FILES
def test_what_was_verified_is_remembered(redoubt, four):
    first = redoubt.json("verify")
    second = redoubt.json("verify")

    assert first["remembered"] == 0
    assert second["remembered"] == 3 * len(four)


# Copies

@FILES
def test_a_copy_brings_dumps_and_loses_what_expired(source, directory, redoubt, four):
    offsite = FileRepository(directory / "offsite")
    redoubt.configure(repositories={"offsite": offsite.configuration()}, retention=AT_ONCE)

    assert redoubt.json("copy", "--to", "offsite", "--create")["findings"] == []

    assert objects(offsite) == objects(redoubt.repository)
    assert listed(redoubt, "--repository", "offsite") == [d["id"] for d in four]
    assert redoubt.json("verify", "--all", "--repository", "offsite")["findings"] == []
    check_restores(source, redoubt, four[1], 1, "--repository", "offsite")
    dumping.run(redoubt, "shop")
    owed = next(c for c in redoubt.json("list")["copies"] if c["name"] == "offsite")["owed"]
    assert owed["objects"] == 3

    redoubt.run("expire")
    pruned = redoubt.json("copy", "--to", "offsite", "--prune")["pruned"]

    assert pruned["objects"] == 9
    assert objects(offsite) == objects(redoubt.repository)
    assert redoubt.json("verify", "--all", "--repository", "offsite")["findings"] == []


@FILES
def test_a_dump_damaged_here_is_not_copied_and_the_others_are(directory, redoubt, four):
    offsite = FileRepository(directory / "offsite")
    redoubt.configure(repositories={"offsite": offsite.configuration()})
    key = objects_of(redoubt.repository, four[0])["dump.zst"]
    good = redoubt.repository.read(key)
    redoubt.repository.write(key, good[:-1])

    report = redoubt.json("copy", "--to", "offsite", "--create", code=EXIT_DAMAGE)

    assert [(f["problem"], f["object"]) for f in report["findings"]] == [("damaged", key)]
    assert set(objects(redoubt.repository)) - set(objects(offsite)) == {key}
