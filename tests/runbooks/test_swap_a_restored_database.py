# SPDX-License-Identifier: PostgreSQL
"""runbooks/swap-a-restored-database.md, for a database that a migration has spoilt."""

import re

import pytest

from support import runbook
from support.process import wait_until
from support.restoring import Story

PAGE = "swap-a-restored-database"
SURE, DO, VERIFY = "How to be sure", "What to do", "How to verify"


@pytest.fixture
def story(directory, adopt):
    return Story(directory / "story", adopt,
                 checks={"tables": [{"name": "shop.comments", "rows": {"min": 1}}]})


def count(story, database="shop"):
    return story.cluster.value("select count(*) from shop.comments", database)


def test_a_spoilt_database_is_put_right_and_back_and_dropped(story):
    good = count(story)
    story.dump()
    story.cluster.sql("delete from shop.comments", "shop")
    reader = runbook.Reader(story.redoubt, PAGE, database="shop")

    assert "shop" in reader.run(SURE, 1).out
    restored = re.search(r"shop_restore_\d{8}_\d{6}", reader.run(SURE, 2).out)[0]
    reader.know(restored_database=restored)
    assert "comments" in reader.run(SURE, 3).out

    swapped = reader.run(DO, 1, typed="shop\n")
    aside = re.search(r"shop_before_\d{8}_\d{6}", swapped.out)[0]
    assert count(story) == good != "0"
    assert count(story, aside) == "0"
    reader.know(old_database=aside)
    assert aside in reader.run(VERIFY).out

    terminal = reader.start(DO, 1, under="To go back")
    try:
        wait_until(lambda: reader.run(DO, 2, under="To go back", code=None).code == 0, 30,
                   "the way back")
    finally:
        terminal.terminate()
        terminal.wait(timeout=30)
    assert count(story) == "0"
    assert count(story, restored) == good


@pytest.mark.parametrize("repository", ["file"], indirect=True)
def test_all_until_the_damage_is_brought_back_from_the_archive(archiving, redoubt, directory):
    archiving.sql("create database app")
    archiving.sql("create table t (i int primary key); insert into t values (1)", "app")
    redoubt.backup()
    archiving.sql("insert into t values (2)", "app")
    moment = archiving.value("select clock_timestamp()")
    archiving.sql("delete from t", "app")
    archiving.switch_and_archive()
    known = {"database": "app", "restored_database": "app_restored", "old_database": "app_spoilt",
             "directory": directory / "look", "moment": moment}
    reader = runbook.Reader(redoubt, PAGE, **known)

    copy = runbook.Reader(redoubt, "accidental-deletion", **known)
    copy.run(DO, 1, under="At a moment")
    reader.run(DO, 1, under="From the moment before the damage")
    reader.run(DO, 2, under="From the moment before the damage")

    assert archiving.sql("select * from t order by i", "app") == [("1",), ("2",)]
    assert archiving.sql("select * from t", "app_spoilt") == []
    archiving.tool("pg_ctl", "-D", directory / "look", "-m", "fast", "stop")


def test_what_was_put_aside_is_dropped_only_by_its_name(story):
    story.dump()
    story.cluster.sql("delete from shop.comments", "shop")
    reader = runbook.Reader(story.redoubt, PAGE, database="shop")
    restored = re.search(r"shop_restore_\d{8}_\d{6}", reader.run(SURE, 2).out)[0]
    reader.know(restored_database=restored)
    aside = re.search(r"shop_before_\d{8}_\d{6}", reader.run(DO, 1, typed="shop\n").out)[0]
    reader.know(old_database=aside)

    reader.run(DO, 1, under="Afterwards", typed="yes\n", code=1)
    assert aside in story.databases()
    reader.run(DO, 1, under="Afterwards", typed=f"{aside}\n")

    assert aside not in story.databases()
    assert "shop" in story.databases()


def test_every_block_was_run():
    runbook.assert_every_block_was_run(PAGE)
