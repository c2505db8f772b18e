# SPDX-License-Identifier: PostgreSQL
"""Rows are compared between drills to the end of the WAL, which are moments in a row."""

from support import drilling
from support.drilling import Story


def check(receipt, name):
    return next(c for c in receipt["checks"] if c["name"] == name and c["database"] == "shop")


def test_a_drill_of_an_earlier_moment_is_compared_with_nothing_and_nothing_with_it(directory,
                                                                                   adopt):
    story = Story(directory, adopt, checks={
        "database": "shop", "tables": [{"name": "public.orders", "rows": {"change": "10%"}}]})
    story.cluster.restore_point("small")
    story.cluster.commit("insert into orders (id, customer) select i, 1"
                         " from generate_series(5001, 7500) i", database="shop")
    story.archive()

    first = story.drill()
    earlier = story.drill("--target-name", "small")
    last = story.drill()

    assert check(first, "rows of public.orders")["found"] == "7500"
    assert drilling.red(earlier) == []
    assert check(earlier, "rows of public.orders")["found"] == "5000"
    assert "there is none" in check(earlier, "rows of public.orders")["expected"]
    assert drilling.red(last) == []
    assert "around 7500, counted" in check(last, "rows of public.orders")["expected"]


def test_a_table_that_is_gone_is_said_and_fails_only_where_none_may_go(directory, adopt):
    story = Story(directory, adopt, checks={"database": "shop"})
    story.cluster.sql("create table passing as select 1 as a", database="shop")
    story.archive()
    before = story.drill()
    story.cluster.sql("drop table passing", database="shop")
    story.archive()

    story.redoubt.configure(checks={"database": "shop", "tables_present": True})
    strict = story.drill(code=drilling.EXIT_FAILED)
    story.redoubt.configure(checks={"database": "shop", "tables_present": False})
    lenient = story.drill()

    assert ("public", "passing") in [(c["schema"], c["table"]) for c in before["counts"]]
    assert drilling.red(strict) == ["tables"]
    assert drilling.red(lenient) == []
    for receipt in (strict, lenient):
        assert "is gone: public.passing" in check(receipt, "recorded tables")["found"]


def test_a_drill_along_a_timeline_that_was_asked_for_is_compared_with_nothing_and_nothing_with_it(
        directory, adopt):
    story = Story(directory, adopt, checks={
        "database": "shop", "tables": [{"name": "public.orders", "rows": {"change": "10%"}}]})
    story.archive()

    asked = story.drill("--target-timeline", "current")
    usual = story.drill()
    numbered = story.drill("--target-timeline", "1")

    assert asked["drill"]["target"].endswith("on the backup's timeline")
    assert numbered["drill"]["target"].endswith("on timeline 1")
    assert "timeline" not in usual["drill"]["target"]
    for receipt in (asked, usual, numbered):
        assert "there is none" in check(receipt, "rows of public.orders")["expected"]
