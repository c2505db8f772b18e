# SPDX-License-Identifier: PostgreSQL
"""Checks pass what is as it should be, and name what is not."""

import json
import stat

import pytest

from support.checked import (BROKEN, EXIT_DAMAGE, EXIT_SERVER, EXIT_USAGE,  # noqa: F401 fixtures
                             FAILED, PASSED, SKIPPED, Database, database, quoted, redoubt, server)
from support.process import is_alive, wait_until


# Tables

def test_tables_and_what_can_be_read_like_them_exist(database):
    database.sql("create table plain (a int);"
                 "create table parted (a int) partition by list (a);"
                 "create view seen as select 1 as a;"
                 "create materialized view kept as select 1 as a;")

    checks, _ = database.check(tables=["plain", "public.parted", "seen", "KEPT"])

    assert {n: (c["state"], c["found"]) for n, c in checks.items()} == {
        "table plain": (PASSED, "a table"),
        "table public.parted": (PASSED, "a partitioned table"),
        "table seen": (PASSED, "a view"),
        "table KEPT": (PASSED, "a materialized view"),
    }


def test_what_is_missing_or_no_table_is_named(database):
    database.sql("create sequence counter; create table here (a int primary key);"
                 "create schema other; create table other.hidden (a int)")

    checks, _ = database.check(tables=["gone", "counter", "here_pkey", "hidden", "here",
                                       '"HERE"', "nowhere.here"])

    assert {n: (c["state"], c["found"]) for n, c in checks.items()} == {
        "table gone": (FAILED, "no such table"),
        "table counter": (FAILED, "a sequence"),
        "table here_pkey": (FAILED, "an index"),
        "table hidden": (FAILED, "no such table"),
        "table here": (PASSED, "a table"),
        'table "HERE"': (FAILED, "no such table"),
        "table nowhere.here": (FAILED, "no such table"),
    }


@pytest.mark.parametrize("rows, state, expected", [
    ({"min": 10}, PASSED, "10 or more"),
    ({"min": 11}, FAILED, "11 or more"),
    ({"max": 10}, PASSED, "0 to 10"),
    ({"max": 9}, FAILED, "0 to 9"),
    ({"min": 10, "max": 10}, PASSED, "10 to 10"),
    ({"change": "20%"}, PASSED, "0 or more (20% around a recorded count: there is none)"),
])
def test_a_count_is_held_against_its_range(database, rows, state, expected):
    database.sql("create table t as select generate_series(1, 10) as a")

    checks, _ = database.check(tables=[{"name": "t", "rows": rows}])

    found = checks["rows of t"]
    assert (found["state"], found["expected"], found["found"]) == (state, expected, "10")


def test_rows_of_partitions_and_behind_views_are_counted(database):
    database.sql("create table parted (a int) partition by range (a);"
                 "create table low partition of parted for values from (0) to (5);"
                 "create table high partition of parted for values from (5) to (100);"
                 "insert into parted select generate_series(1, 10);"
                 "create view seen as select * from parted where a > 3;")

    checks, _ = database.check(tables=[{"name": n, "rows": {"min": 1}} for n in ("parted", "seen")])

    assert checks["rows of parted"]["found"] == "10"
    assert checks["rows of seen"]["found"] == "7"


def test_a_table_that_is_gone_has_no_rows_to_look_at(database):
    checks, _ = database.check(tables=[{"name": "gone", "rows": {"min": 0},
                                        "fresh": {"column": "at", "within": "1d"}}])

    for name in ("rows of gone", "newest at of gone"):
        assert (checks[name]["state"], checks[name]["found"]) == (FAILED, "no such table")


def test_rows_that_are_elsewhere_are_not_asked_for(database):
    """A restored copy that asked a foreign server would ask production."""
    database.sql("create foreign data wrapper w; create server s foreign data wrapper w;"
                 "create foreign table far (at date) server s")

    checks, _ = database.check(tables=[{"name": "far", "rows": {"min": 0},
                                        "fresh": {"column": "at", "within": "1d"}}])

    assert checks["table far"]["state"] == PASSED
    for name in ("rows of far", "newest at of far"):
        assert checks[name]["state"] == BROKEN
        assert "rows are elsewhere" in checks[name]["found"]


def reader(database):
    """Connect as a role that may do nothing yet."""
    database.sql("do $$ begin create role reader login;"
                 " exception when duplicate_object then end $$")
    database.redoubt.configure(postgres={
        "connection": f"host={database.cluster.socket} user=reader dbname={database.name}"})


def test_rows_that_row_security_hides_break_the_check(database):
    reader(database)
    database.sql("create table secret (a int); alter table secret enable row level security;"
                 "grant select on secret to reader;")

    checks, _ = database.check(tables=[{"name": "secret", "rows": {"min": 0}}])

    assert checks["table secret"]["state"] == PASSED
    assert checks["rows of secret"]["state"] == BROKEN
    assert "row-level security" in checks["rows of secret"]["found"]


def test_a_missing_privilege_breaks_the_check_and_no_other(database):
    reader(database)
    database.sql("create table closed (a int); create table open (a int);"
                 "grant select on open to reader;")

    checks, _ = database.check(tables=[{"name": n, "rows": {"min": 0}} for n in ("closed", "open")])

    assert checks["rows of closed"]["state"] == BROKEN
    assert "permission denied" in checks["rows of closed"]["found"]
    assert checks["rows of open"]["state"] == PASSED


# Freshness

@pytest.mark.parametrize("kind", ["timestamptz", "timestamp", "date"])
def test_a_column_is_fresh_until_its_newest_is_too_old(database, kind):
    database.sql(f"create table t (at {kind});"
                 "insert into t values (now() - interval '3 days'), (now() - interval '30 days')")
    table = {"name": "t", "fresh": {"column": "at", "within": "5d"}}

    good, _ = database.check(tables=[table])
    table["fresh"]["within"] = "2d"
    stale, _ = database.check(tables=[table])

    assert good["newest at of t"]["state"] == PASSED
    assert good["newest at of t"]["expected"].startswith("within 5d 0h of 20")
    assert stale["newest at of t"]["state"] == FAILED
    assert stale["newest at of t"]["found"].endswith(" before")


def test_planned_dates_and_infinity_hide_no_staleness(database):
    database.sql("create table t (at timestamptz);"
                 "insert into t values (now() - interval '9 days'), (now() + interval '9 years'),"
                 " ('infinity'), ('-infinity'), (null)")

    checks, _ = database.check(tables=[{"name": "t", "fresh": {"column": "at", "within": "2d"}}])

    assert checks["newest at of t"]["state"] == FAILED
    assert "9d" in checks["newest at of t"]["found"] or "8d" in checks["newest at of t"]["found"]


def test_an_empty_table_is_not_fresh(database):
    database.sql("create table t (at timestamptz)")

    checks, _ = database.check(tables=[{"name": "t", "fresh": {"column": "at", "within": "2d"}}])

    assert checks["newest at of t"]["state"] == FAILED
    assert checks["newest at of t"]["found"] == "no value until then"


def test_a_column_without_times_breaks_the_check(database):
    database.sql("create table t (at text); insert into t values ('2020-01-01')")

    checks, _ = database.check(tables=[{"name": "t", "fresh": {"column": "at", "within": "2d"}},
                                       {"name": "t", "fresh": {"column": "gone", "within": "2d"}}])

    assert checks["newest at of t"]["state"] == BROKEN
    assert checks["newest gone of t"]["state"] == BROKEN
    assert "does not exist" in checks["newest gone of t"]["found"]


# Collations

def test_collation_versions_that_differ_are_found(database):
    def collations():
        return database.check(collations=True)[0]

    if database.sql("select 1 from pg_database where datname = current_database()"
                    " and datcollversion is null"):
        database.sql("update pg_database set datcollversion = pg_database_collation_actual_version"
                     "(oid) where datname = current_database()")
    good = collations()
    database.sql('create collation "Odd, Name" from "en-x-icu";'
                 "create table t (a text collate \"Odd, Name\");"
                 "update pg_collation set collversion = '0.1' where collname = 'Odd, Name'")
    of_a_column = collations()
    database.sql("update pg_database set datcollversion = '0.2' where datname = current_database()")
    of_the_database = collations()

    assert {c["state"] for c in good.values()} == {PASSED}, good
    wrong = of_a_column["collation versions"]
    assert wrong["state"] == FAILED
    assert wrong["found"].startswith("1 differs: public.Odd, Name (0.1, now ")
    assert of_a_column["collation version of the database"]["state"] == PASSED
    wrong = of_the_database["collation version of the database"]
    assert (wrong["state"], wrong["expected"]) == (FAILED, "0.2")
    assert wrong["found"] != "0.2"


# Queries

@pytest.mark.parametrize("sql, state, found", [
    ("select true", PASSED, "true"),
    ("select count(*) = 0 from orders where total < 0; ", PASSED, "true"),
    ("values (1 = 1) -- really", PASSED, "true"),
    ("with o as (select * from orders) select count(*) = 2 from o", PASSED, "true"),
    ("select false", FAILED, "false"),
    ("select null::boolean", FAILED, "NULL"),
    ("select true from orders", FAILED, "more than one row"),
    ("select true from generate_series(1, 99999) a, generate_series(1, 99999) b", FAILED,
     "more than one row"),
    ("select true where false", FAILED, "no row"),
    ("select true, true", FAILED, "2 columns"),
    ("select 't'::text", FAILED, "t, which is no boolean"),
    ("select 1", FAILED, "1, which is no boolean"),
    ("select 1 / 0 = 1", BROKEN, "division by zero"),
    ("select nonsense", BROKEN, "nonsense"),
    ("insert into orders values (1) returning true", BROKEN, "syntax error"),
    ("select written()", BROKEN, "read-only transaction"),
    ("with w as (delete from orders returning *) select count(*) > 0 from w", BROKEN,
     "data-modifying"),
    ("select true; delete from orders", BROKEN, "multiple commands"),
    ("select true; commit; delete from orders", BROKEN, "multiple commands"),
    ("select set_config('transaction_read_only', 'off', false) = 'off'", BROKEN, "read-write"),
    ("select pg_sleep(60) is not null", BROKEN, "statement timeout"),
])
def test_a_query_must_give_true_and_nothing_else(database, sql, state, found):
    database.sql("create table orders (total int); insert into orders values (1), (2);"
                 "create function written() returns boolean language sql volatile as"
                 " 'insert into orders values (9) returning true'")

    result = database.only(queries=[{"name": "mine", "sql": sql}], limit="1s")

    assert (result["name"], result["expected"]) == ("query mine", "true")
    assert result["state"] == state, result
    assert found in result["found"]
    assert database.sql("select count(*), sum(total) from orders") == [("2", "3")]


def test_all_are_run_whatever_the_others_say(database):
    database.sql("create table t (a int)")
    queries = [{"name": f"{n}", "sql": sql} for n, sql in enumerate(
        ["select true", "select 1 / 0 = 1", "select true", "select false", "select true"])]

    checks, result = database.check(tables=["gone", "t"], queries=queries)

    assert list(checks) == ["table gone", "table t", "query 0", "query 1", "query 2", "query 3",
                            "query 4"], "in the order of the configuration"
    assert [c["state"] for c in checks.values()] == [FAILED, PASSED, PASSED, BROKEN, PASSED,
                                                     FAILED, PASSED]
    assert f"3 of 7 checks of database \"{database.name}\" failed" in result.err


# Commands

@pytest.fixture
def program(directory):
    """Make a program for the configuration's command."""
    def make(body):
        path = directory / "test suite"
        path.write_text("#!/bin/sh\n" + body)
        path.chmod(path.stat().st_mode | stat.S_IXUSR)
        return str(path)
    return make


def test_a_command_gets_the_connection_and_its_arguments(database, program, directory):
    path = program(f'env > "{directory}/seen"; printf "%s|" "$@" >> "{directory}/seen";'
                   'test "$(psql -XAt -c "select current_database()")" = "$PGDATABASE"')

    found = database.only("--command", command=[path, "a b", "$HOME", ""])

    seen = (directory / "seen").read_text().splitlines()
    assert (found["state"], found["name"]) == (PASSED, f"command {path}"), found
    assert f"PGHOST={database.cluster.socket}" in seen
    assert "PGPORT=5432" in seen
    assert "PGUSER=postgres" in seen
    assert f"PGDATABASE={database.name}" in seen
    assert "LC_ALL=C" not in seen
    assert seen[-1] == "a b|$HOME||"


def test_a_command_that_fails_has_the_last_word(database, program):
    path = program("echo nothing works; echo '3 of 9 tests failed' >&2; exit 7")

    found = database.only("--command", command=[path])

    assert found["state"] == FAILED
    assert found["found"] == "exit code 7: nothing works 3 of 9 tests failed"


def test_a_command_that_hangs_is_ended_with_all_it_started(database, program):
    path = program("echo waiting\n"
                   "sh -c 'trap \"\" TERM; echo $$ > pid; mv pid grandchild;"
                   " while :; do sleep 0.1; done' &\n"
                   "while :; do sleep 0.1; done\n")

    found = database.only("--command", command=[path], limit="2s")

    assert found["state"] == BROKEN
    assert "did not end in 2 seconds: waiting" in found["found"]
    pid = int((database.redoubt.home / "grandchild").read_text())
    wait_until(lambda: not is_alive(pid), 20, "the end of what the command started")


def test_a_command_may_say_what_is_no_text(database, program):
    path = program("printf 'odd \\377\\303\\244\\033 word'; exit 1")

    assert database.only("--command", command=[path])["found"] == "exit code 1: odd ?ä  word"


def test_a_command_that_is_not_there_breaks_the_check(database):
    found = database.only("--command", command=["/nonexistent/program"])

    assert found["state"] == BROKEN
    assert "/nonexistent/program" in found["found"]


def test_a_command_is_not_run_against_the_live_server_unasked(database, program, directory):
    path = program(f"touch {directory}/it-ran")

    found = database.only(command=[path])

    assert (found["state"], found["found"]) == (SKIPPED, "not asked for")
    assert not (directory / "it-ran").exists()


# Names that mean harm

@pytest.mark.parametrize("name", [
    'x"; drop table victim; --',
    "x'; drop table victim; --",
    "public.x); drop table victim; --",
    "pg_catalog.pg_class, victim",
    "a.b.c",
    "1table",
    "",
])
def test_a_name_that_is_none_is_refused_with_its_place(database, name):
    database.configure(tables=[{"name": name, "rows": {"min": 0}}])

    result = database.redoubt.run("check", code=EXIT_USAGE)

    assert "redoubt.yaml:" in result.err


def test_a_quoted_name_is_a_name_whatever_is_in_it(database):
    odd = 'x"; drop table victim; --\' %L %s \\'
    database.sql(f"create table victim (a int); create table {quoted(odd)} ({quoted(odd)} date);"
                 f"insert into {quoted(odd)} values (now())")
    table = {"name": quoted(odd), "rows": {"min": 1, "max": 1},
             "fresh": {"column": quoted(odd), "within": "3d"}}

    checks, _ = database.check(tables=[table, "victim"])

    assert {c["state"] for c in checks.values()} == {PASSED}, checks


def test_a_hostile_value_reaches_no_terminal(database):
    database.sql("create table a (t text primary key); create table b (t text references a);"
                 "set session_replication_role = replica;"
                 "insert into b values (E'\\x1b[2Jgone\\n\\u009b')")
    database.configure(foreign_keys="all")

    out = database.redoubt.run("check", code=EXIT_DAMAGE).out

    assert "gone" in out
    assert "\x1b" not in out and "\x9b" not in out


# The command

def test_its_table_ends_with_the_sum(database):
    database.sql("create table t (a int)")
    database.configure(tables=["t", "gone"], foreign_keys="all")

    lines = database.redoubt.run("check", code=EXIT_DAMAGE).out.splitlines()

    assert lines[0] == f"Database \"{database.name}\""
    assert lines[1].split() == ["STATE", "CHECK", "SECONDS", "EXPECTED", "FOUND"]
    assert [line.split()[0] for line in lines[2:5]] == ["ok", "FAILED", "skipped"]
    assert lines[5:] == ["3 checks, 1 failed, 1 skipped"]


def test_without_checks_it_says_what_to_write(redoubt):
    result = redoubt.run("check", code=EXIT_USAGE)

    assert "no checks are configured" in result.err
    assert "checks: {foreign_keys: all" in result.err


def test_each_database_has_its_own_checks(server, redoubt):
    for name in ("one", "two", "three"):
        server.sql(f"create database {name}")
        server.sql(f"create table t_{name} (a int)", database=name)
    redoubt.configure(
        postgres={"connection": server.conninfo + " dbname=three"},
        checks=[{"database": "one", "tables": ["t_one"]}, {"tables": ["t_three"]},
                {"database": "two", "tables": ["t_two"]}])

    all_of_them = redoubt.json("check")
    one = redoubt.json("check", "two")
    general = redoubt.run("check", "--json", "postgres", code=EXIT_DAMAGE)

    assert [d["database"] for d in all_of_them["databases"]] == ["one", "three", "two"]
    assert all_of_them["ok"]
    assert [c["name"] for c in one["databases"][0]["checks"]] == [
        "table t_two", "collation version of the database", "collation versions"]
    assert json.loads(general.out)["databases"][0]["checks"][0]["found"] == "no such table"


def test_a_database_without_checks_is_refused(database):
    database.configure()

    result = database.redoubt.run("check", "other", code=EXIT_USAGE)

    assert "no checks are configured for database \"other\"" in result.err


def test_a_server_that_is_away_is_no_failed_check(database):
    database.configure(foreign_keys="all")
    database.redoubt.configure(postgres={"connection": "host=/nonexistent"})

    result = database.redoubt.run("check", "--json", code=EXIT_SERVER)

    assert result.out == ""


def test_a_request_to_stop_ends_all_soon(database):
    queries = [{"name": f"{n}", "sql": "select pg_sleep(600) is null"} for n in range(4)]
    database.configure(queries=queries)
    run = database.redoubt.start("check")

    def sleeping():
        return database.cluster.sql("select count(*) from pg_stat_activity where query like"
                                    f" 'FETCH%' and datname = '{database.name}'") != [("0",)]

    wait_until(sleeping, 30, "the checks to begin")
    run.terminate()

    assert run.wait(timeout=30) == 1
    wait_until(lambda: not sleeping(), 30, "the server to notice")


def test_a_server_with_room_for_one_connection_is_checked_all_the_same(database):
    database.sql("create role lonely login connection limit 1")
    database.redoubt.configure(workers=8, postgres={
        "connection": f"host={database.cluster.socket} user=lonely dbname={database.name}"})

    checks, _ = database.check(queries=[{"name": f"{n}", "sql": "select pg_sleep(0.01) is not null"}
                                        for n in range(16)])

    assert {c["state"] for c in checks.values()} == {PASSED}, checks


def test_a_connection_that_is_ended_breaks_one_check_only(database):
    queries = [{"name": "killed", "sql": "select pg_terminate_backend(pg_backend_pid())"},
               {"name": "later", "sql": "select true"}]
    database.redoubt.configure(workers=1)

    checks, _ = database.check(queries=queries)

    assert checks["query killed"]["state"] == BROKEN
    assert checks["query later"]["state"] == PASSED
