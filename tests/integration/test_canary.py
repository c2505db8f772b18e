# SPDX-License-Identifier: PostgreSQL
"""The canary: a row that tells a restored copy how far behind it is."""

import json
import threading

import pytest

from support import process
from support.checked import redoubt, server  # noqa: F401 fixtures
from support.redoubt import Redoubt, binary

EXIT_FAILURE, EXIT_USAGE, EXIT_REFUSED, EXIT_SERVER = 1, 2, 3, 4
NOTHING_TO_READ = 4

LIMIT_BYTES = 200_000


@pytest.fixture
def clean(server):
    """A server without a canary."""
    yield server
    server.sql("drop schema if exists redoubt cascade")


@pytest.fixture
def canary(clean, redoubt):
    """The program, where it is installed."""
    redoubt.run("canary", "--install")
    return redoubt


def tool(*arguments, code=0):
    """What canary_tool printed, in words."""
    result = process.run([binary().parent / "canary_tool", *arguments], check=False)
    assert result.code == code, str(result)
    return result.out.split()


def newest(cluster):
    """The newest row as SQL has it: time, LSN and host."""
    at, lsn, host = cluster.sql(
        "select to_char(at at time zone 'utc', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"'), lsn, host"
        " from redoubt.canary order by at desc limit 1")[0]
    high, low = lsn.split("/")
    return [at, f"{high}/{int(low, 16):X}", host]  # 19 pads it


# Writing

def test_a_row_is_the_servers_time_and_lsn(canary, clean):
    before = clean.lsn()

    written = canary.json("canary")["written"]

    found = clean.sql("select id, host, at between now() - interval '1 minute' and now(),"
                      f" lsn between '{before}' and pg_current_wal_insert_lsn()"
                      " from redoubt.canary")
    assert found == [("1", written["host"], "t", "t")]
    assert [written["lsn"], written["host"]] == newest(clean)[1:]


def test_installing_again_changes_nothing(canary, clean):
    canary.run("canary")
    row = newest(clean)
    made = clean.value("select oid from pg_class where relname = 'canary'")

    canary.run("canary", "--install")

    assert newest(clean) == row
    assert clean.value("select oid from pg_class where relname = 'canary'") == made


def test_the_table_is_a_ring_that_does_not_grow(canary, clean):
    clean.sql("alter table redoubt.canary set (autovacuum_enabled = off)")
    tool("write", clean.conninfo, "50", "50")
    size = int(clean.value("select pg_total_relation_size('redoubt.canary')"))

    tool("write", clean.conninfo, "50", "3000")

    assert clean.value("select count(*) from redoubt.canary") == "50"
    assert clean.value("select id from redoubt.canary order by at desc limit 1") == "50"
    assert int(clean.value("select pg_total_relation_size('redoubt.canary')")) <= size
    assert size < LIMIT_BYTES
    assert clean.value("select n_tup_hot_upd = n_tup_upd from pg_stat_user_tables"
                       " where relname = 'canary'") == "t"


def test_rows_beyond_a_smaller_ring_go_when_it_is_installed_again(canary, clean):
    tool("write", clean.conninfo, "20", "20")
    canary.configure(canary={"keep": 5})

    canary.run("canary", "--install")
    canary.run("canary")

    assert clean.value("select string_agg(id::text, ' ' order by id) from redoubt.canary") == (
        "1 2 3 4 5")


def test_it_writes_into_the_configured_database(clean, redoubt):
    clean.sql("create database shop")
    redoubt.configure(canary={"database": "shop"})

    redoubt.run("canary", "--install")
    redoubt.run("canary")

    assert clean.value("select count(*) from redoubt.canary", database="shop") == "1"
    assert clean.value("select to_regnamespace('redoubt') is null") == "t"


def test_two_writers_at_a_time_both_succeed(canary, clean):
    threads = [threading.Thread(target=tool, args=("write", clean.conninfo, "5", "200"))
               for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert clean.value("select count(*) from redoubt.canary") == "5"


# Not writing

def test_without_the_table_it_says_what_makes_it(clean, redoubt):
    result = redoubt.run("canary", code=EXIT_FAILURE)

    assert "\"redoubt canary --install\" makes it" in result.err


def test_a_standby_has_nothing_to_write_and_that_is_good(canary, clean, directory, adopt):
    standby = adopt(clean.standby(directory / "standby")).start()
    there = Redoubt(directory / "there", standby, canary.repository)

    result = there.run("canary", "--json")
    refused = there.run("canary", "--install", code=EXIT_REFUSED)

    assert "the server is a standby" in result.err
    report = json.loads(result.out)
    assert (report["standby"], report["written"]) == (True, None)
    assert "install on its primary" in refused.err
    assert clean.value("select count(*) from redoubt.canary") == "0"


@pytest.fixture
def locked(canary, clean):
    """The table, locked by a session that nothing else ends."""
    holder = process.start([clean.bin / "psql", "-X", clean.conninfo, "-c",
                            "begin; lock redoubt.canary; select pg_sleep(600)"],
                           log=canary.home / "holder.log")
    process.wait_until(lambda: clean.value(
        "select count(*) from pg_locks where mode = 'AccessExclusiveLock'"
        " and relation = 'redoubt.canary'::regclass and granted") == "1", 30, "the lock")
    yield
    clean.sql("select pg_terminate_backend(pid) from pg_locks where mode = 'AccessExclusiveLock'"
              " and relation = 'redoubt.canary'::regclass and granted")
    holder.wait(timeout=30)


def test_a_locked_table_is_not_waited_for(canary, locked):
    result = canary.run("canary", code=EXIT_REFUSED)

    assert "lock timeout" in result.err


def test_a_synchronous_standby_that_is_away_is_not_waited_for(canary, clean):
    clean.sql("alter system set synchronous_standby_names = 'nobody'")
    clean.reload()
    process.wait_until(lambda: clean.value("show synchronous_standby_names") == "nobody", 30,
                       "the setting")
    try:
        canary.run("canary", seconds=30)
    finally:
        clean.sql("alter system reset synchronous_standby_names")
        clean.reload()


def test_a_grant_without_an_installation_is_refused(canary):
    canary.run("canary", "--grant", "postgres", code=EXIT_USAGE)


# Privileges

@pytest.fixture
def role(clean):
    """Connect as a role that may do nothing yet."""
    clean.sql("create role keeper login")
    yield f"{clean.conninfo} user=keeper dbname=postgres"
    clean.sql("drop owned by keeper; drop role keeper")


def test_a_role_that_was_let_write_can_do_nothing_else(canary, clean, role):
    canary.run("canary", "--install", "--grant", "keeper")
    canary.configure(postgres={"connection": role})

    canary.run("canary")
    canary.run("canary")

    assert clean.value("select count(*) from redoubt.canary") == "2"
    assert clean.value("select string_agg(privilege_type, ' ' order by privilege_type) from"
                       " information_schema.table_privileges where grantee = 'keeper'") == (
        "INSERT SELECT UPDATE")
    assert clean.value("select has_schema_privilege('keeper', 'redoubt', 'create')") == "f"


def test_a_role_that_was_not_is_denied(canary, role):
    canary.configure(postgres={"connection": role})

    result = canary.run("canary", code=EXIT_SERVER)

    assert "permission denied" in result.err
    assert "As a superuser: redoubt canary --install --grant ROLE" in result.err


def test_a_schema_of_the_roles_own_is_all_that_installing_needs(clean, redoubt, role):
    redoubt.configure(postgres={"connection": role})
    denied = redoubt.run("canary", "--install", code=EXIT_SERVER)
    clean.sql("create schema redoubt authorization keeper")

    redoubt.run("canary", "--install")
    redoubt.run("canary")

    assert "permission denied for database" in denied.err
    assert "redoubt canary --install --grant ROLE" in denied.err
    assert clean.value("select count(*) from redoubt.canary") == "1"


COLUMNS = "(id integer primary key, at timestamptz not null, lsn pg_lsn not null, host text)"


@pytest.mark.parametrize("trap", [
    f"create table redoubt.canary {COLUMNS}; create function redoubt.go() returns trigger"
    " language plpgsql as 'begin raise ''sprung''; end';"
    " create trigger t before insert on redoubt.canary execute function redoubt.go()",
    f"create table redoubt.canary {COLUMNS};"
    " create rule r as on insert to redoubt.canary do instead nothing",
    "create view redoubt.canary as select 1 as id, now() as at, '0/0'::pg_lsn as lsn, 'h' as host",
    f"create table redoubt.canary {COLUMNS}; create function redoubt.go(text) returns boolean"
    " language plpgsql as 'begin raise ''sprung''; end';"
    " alter table redoubt.canary add check (redoubt.go(host))",
    f"create table redoubt.canary {COLUMNS}; create function redoubt.go(text) returns text"
    " language plpgsql immutable as 'begin raise ''sprung''; end';"
    " create index on redoubt.canary (redoubt.go(host))",
    "create table redoubt.canary (id integer primary key, at text, lsn pg_lsn, host text)",
])
def test_a_superuser_steps_into_no_trap(clean, redoubt, trap):
    clean.sql(f"create schema redoubt; {trap}")

    for arguments in (["canary"], ["canary", "--install"]):
        result = redoubt.run(*arguments, code=EXIT_REFUSED)
        assert "is not the table that we make" in result.err
    tool("read", clean.conninfo, code=3)


def test_a_superuser_does_not_write_what_an_ordinary_role_owns(clean, redoubt, role):
    clean.sql("create schema redoubt authorization keeper")
    redoubt.configure(postgres={"connection": role})
    redoubt.run("canary", "--install")
    redoubt.configure(postgres={"connection": clean.conninfo})

    result = redoubt.run("canary", code=EXIT_REFUSED)

    assert "somebody else's" in result.err


# What a restored copy knows

def test_there_is_nothing_to_read_without_a_table_or_a_row(clean, redoubt):
    tool("read", clean.conninfo, code=NOTHING_TO_READ)
    redoubt.run("canary", "--install")
    tool("read", clean.conninfo, code=NOTHING_TO_READ)


def test_rows_of_no_moment_are_not_the_newest(canary, clean):
    canary.run("canary")
    wanted = newest(clean)
    clean.sql("insert into redoubt.canary values (99, 'infinity', '0/0', 'x')")

    found = tool("read", clean.conninfo)

    assert found == wanted
