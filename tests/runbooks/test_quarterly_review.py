# SPDX-License-Identifier: PostgreSQL
"""runbooks/quarterly-review.md, where all is well, and where it is not."""

import re

import pytest

from support import runbook
from support.repository import FileRepository

PAGE = "quarterly-review"
SURE, DO, VERIFY = "How to be sure", "What to do", "How to verify"
THERE, HAPPENED, BACK, PEOPLE, PLAY = (
    "What is promised, and what is there", "What has happened", "Does it come back?",
    "People, keys, credentials", "Play")

DEGRADED, EXIT_DAMAGE = 1, 5


@pytest.fixture
def repository(file_repository):
    return file_repository


@pytest.fixture
def reader(archiving, redoubt, directory):
    redoubt.configure(
        repositories={"offsite": {**FileRepository(directory / "offsite").configuration(),
                                  "required": False}},
        dumps=[{"database": "shop"}], drill={"directory": str(directory / "drill")},
        checks={"database": "shop", "tables": [{"name": "public.t", "rows": {"min": 100}}]})
    archiving.sql("create database shop")
    archiving.sql("create extension amcheck", database="shop")
    archiving.sql("create table t (id int primary key); insert into t "
                  "select generate_series(1, 200)", database="shop")
    redoubt.backup()
    redoubt.run("dump")
    archiving.sql("insert into t values (201)", database="shop")
    archiving.switch_and_archive()
    redoubt.run("copy", "--to", "offsite", "--create")
    return runbook.Reader(redoubt, PAGE, database="shop", table="t",
                          directory=directory / "receipt")


def look(reader):
    """What is there, and what has happened."""
    redoubt = reader.redoubt
    listed = reader.run(DO, 1, under=THERE).out
    assert redoubt.backups()[0]["id"] in listed and "offsite: complete" in listed
    assert "kept" in reader.run(DO, 2, under=THERE).out
    assert " shop " in reader.run(DO, 3, under=THERE).out
    reader.run(DO, 4, under=THERE)
    assert "dump" in reader.run(DO, 1, under=HAPPENED).out


def restore_a_dump(reader, server):
    """It is looked at, and dropped only by its own name."""
    loaded = reader.run(DO, 4, under=BACK).out
    restored = re.search(r"shop_restore_\d{8}_\d{6}", loaded)[0]
    reader.know(restored_database="shop").run(DO, 6, under=BACK, typed="shop\n", code=3)
    reader.know(restored_database=restored)
    assert " 200\n" in reader.run(DO, 5, under=BACK).out
    reader.run(DO, 6, under=BACK, typed="yes\n", code=1)
    assert {"shop", restored} <= set(server.databases())
    reader.run(DO, 6, under=BACK, typed=f"{restored}\n")
    assert "shop" in server.databases() and restored not in server.databases()


def test_a_cluster_that_is_well_passes(reader, archiving, directory):
    """But for the drill that nobody had made before."""
    reader.run(SURE, 1, code=DEGRADED)
    reader.run(SURE, 2)
    look(reader)
    assert "No drill was ever made" in reader.run(DO, 1, under=BACK).out
    reader.run(DO, 2, under=BACK)
    assert (directory / "receipt.html").read_text().lstrip().lower().startswith("<!doctype html")
    reader.run(DO, 3, under=BACK)
    restore_a_dump(reader, archiving)
    reader.run(DO, 7, under=BACK)
    assert len(reader.run(DO, 1, under=PEOPLE).out.strip()) == 16
    assert "-rw-------" in reader.run(DO, 2, under=PEOPLE).out
    assert "ransomware" in reader.run(DO, 1, under=PLAY).out

    ended = reader.run(VERIFY).out

    assert "drill" in ended and "verify" in ended and "main is healthy" in ended


def test_damage_ends_the_review(reader, redoubt):
    pack = max(redoubt.repository.keys("main/packs/"),
               key=lambda key: len(redoubt.repository.read(key)))
    body = bytearray(redoubt.repository.read(pack))
    body[len(body) // 2] ^= 1
    redoubt.repository.write(pack, bytes(body))

    reader.run(DO, 2, under=BACK, code=EXIT_DAMAGE)
    assert pack in reader.run(DO, 7, under=BACK, code=EXIT_DAMAGE).out


def test_every_block_was_run():
    runbook.assert_every_block_was_run(PAGE)
