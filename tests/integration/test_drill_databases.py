# SPDX-License-Identifier: PostgreSQL
"""A drill misses databases that are not there, and tells of those that it cannot look into."""

from support import drilling
from support.drilling import Story


def told(receipt, database):
    """What is said of the database itself."""
    return next(c for c in receipt["checks"] if c["name"] == f'database "{database}"')


def test_a_database_that_is_configured_and_missing_fails_the_drill(directory, adopt):
    story = Story(directory, adopt, checks={"database": "shopp", "foreign_keys": "all"})
    story.archive()

    receipt = story.drill(code=drilling.EXIT_FAILED)

    assert drilling.red(receipt) == ["tables"]
    assert told(receipt, "shopp")["found"] == "missing"
    assert told(receipt, "shopp")["kind"] == "exists"
    assert told(receipt, "shopp")["layer"] == "tables"


def test_a_database_that_is_gone_since_the_last_drill_is_said_and_fails_where_none_may_go(directory,
                                                                                         adopt):
    story = Story(directory, adopt)
    story.cluster.sql("create database attic allow_connections false")
    story.archive()
    before = story.drill()
    assert told(before, "attic")["state"] == "skipped"
    assert told(before, "attic")["found"] == "allows no connections"
    story.cluster.sql("drop database shop")
    story.archive()

    story.redoubt.configure(checks={"tables_present": True})
    strict = story.drill(code=drilling.EXIT_FAILED)
    story.redoubt.configure(checks={"tables_present": False})
    lenient = story.drill()

    assert drilling.red(strict) == ["tables"]
    assert drilling.red(lenient) == []
    for receipt in (strict, lenient):
        assert told(receipt, "shop")["found"] == "is gone since the last drill"
