# SPDX-License-Identifier: PostgreSQL
"""What one drill counts is what the next one is held against."""

import json

import pytest

from support import process
from support.checked import (FAILED, PASSED, SKIPPED,  # noqa: F401 fixtures
                             database, redoubt, server)
from support.redoubt import binary


@pytest.fixture
def counting(database):
    """Run the checks with recording: results by name, and counts by table."""
    def run(*tables, recorded=(), present=False):
        found = process.run(
            [binary().parent / "checks_tool", database.cluster.conninfo, database.name,
             "present" if present else "any", *tables],
            input="".join(f"{schema} {table} {rows}\n" for schema, table, rows in recorded))
        report = json.loads(found.out)
        names = [(c["schema"], c["table"]) for c in report["counts"]]
        assert names == sorted(names), "in an order that can be searched"
        return ({c["name"]: c for c in report["checks"]},
                {f"{c['schema']}.{c['table']}": (c["rows"], c["counted"])
                 for c in report["counts"]})
    return run


def test_what_a_check_counted_is_exact_and_the_rest_the_servers_estimate(database, counting):
    database.sql("create table asked as select generate_series(1, 10) as a;"
                 "create table estimated as select generate_series(1, 20) as a;"
                 "create table emptied as select generate_series(1, 30) as a;"
                 "analyze; update pg_class set reltuples = 5000"
                 " where relname in ('asked', 'estimated')")

    checks, counts = counting("asked")

    assert (checks["rows of asked"]["kind"], checks["rows of asked"]["found"]) == ("rows", "10")
    assert counts == {"public.asked": (10, True), "public.estimated": (5000, False),
                      "public.emptied": (30, False)}


def test_what_the_server_never_looked_at_is_counted(database, counting):
    database.sql("create table fresh (a int) with (autovacuum_enabled = off);"
                 "insert into fresh values (1), (2);"
                 "create materialized view kept as select 1 as a;"
                 "update pg_class set reltuples = -1 where relname = 'kept'")

    assert counting()[1] == {"public.fresh": (2, True), "public.kept": (1, True)}


def test_a_partitioned_table_has_what_its_partitions_have(database, counting):
    database.sql("create table parted (a int) partition by range (a);"
                 "create table low partition of parted for values from (0) to (5);"
                 "create table high partition of parted for values from (5) to (100);"
                 "insert into parted select generate_series(1, 10); analyze low; analyze high")

    assert counting()[1] == {"public.parted": (10, False)}
    assert counting("parted", "low")[1] == {"public.parted": (10, True), "public.low": (4, True)}


def test_a_view_is_recorded_where_it_was_counted(database, counting):
    database.sql("create view seen as select 1 as a;"
                 "create view heavy as select true from pg_sleep(60)")

    assert counting("seen")[1] == {"public.seen": (1, True)}


def test_a_foreign_table_is_never_asked(database, counting):
    database.sql("create foreign data wrapper w; create server s foreign data wrapper w;"
                 "create foreign table far (a int) server s;"
                 "create table parted (a int) partition by list (a);"
                 "create foreign table afar partition of parted for values in (1) server s")

    assert counting()[1] == {}


def test_an_unlogged_table_is_recorded_as_what_recovery_leaves_of_it(database, counting):
    database.sql("create unlogged table u as select generate_series(1, 9) as a; analyze")

    assert counting()[1] == {"public.u": (0, True)}


def test_the_next_checks_are_held_against_the_record(database, counting):
    database.sql("create table t as select generate_series(1, 100) as a")
    recorded = [("public", "t", 100)]

    before, _ = counting("t", recorded=recorded)
    database.sql("delete from t where a <= 11")
    after, counts = counting("t", recorded=recorded)

    assert before["rows of t"]["state"] == PASSED
    assert after["rows of t"]["state"] == FAILED
    assert after["rows of t"]["expected"] == "90 to 110 (10% around 100, counted)"
    assert counts["public.t"] == (89, True), "though the check failed"


def test_what_was_not_there_the_last_time_begins_its_record(database, counting):
    database.sql("create table t as select 1 as a; create view seen as select * from t")

    checks, counts = counting("t", "seen", recorded=[("public", "other", 100)])

    for name in ("t", "seen"):
        assert checks[f"rows of {name}"]["state"] == PASSED
        assert checks[f"rows of {name}"]["expected"] == (
            "0 or more (10% around a recorded count: there is none)")
        assert counts[f"public.{name}"] == (1, True)


def test_tables_that_are_gone_are_said_and_fail_where_none_may_go(database, counting):
    database.sql('create table here (a int); create schema "S"; create table "S".t (a int)')
    there = [("S", "t", 1), ("public", "here", 0)]
    gone = [("S", "a", 5), ("public", "b", 0), ("public", "c", 1), ("public", "d", 1)]

    all_there, _ = counting(recorded=there, present=True)
    lenient, _ = counting(recorded=there + gone)
    strict, _ = counting(recorded=there + gone, present=True)
    first, _ = counting(present=True)

    def told(checks):
        found = checks["recorded tables"]
        return (found["kind"], found["state"], found["found"])

    assert told(all_there) == ("exists", PASSED, "all 2")
    assert told(lenient) == ("exists", SKIPPED, "4 of 6 are gone: S.a, public.b, public.c"
                             " and others")
    assert told(strict) == ("exists", FAILED, "4 of 6 are gone: S.a, public.b, public.c"
                            " and others")
    assert first == {}, "nothing was recorded yet"
