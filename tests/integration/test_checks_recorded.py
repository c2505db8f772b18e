# SPDX-License-Identifier: PostgreSQL
"""A restored dump is held against what was recorded when it was made, not against now."""

import pytest

from support.checked import (BROKEN, EXIT_DAMAGE, FAILED, PASSED,  # noqa: F401 fixtures
                             redoubt, server)

TABLES = [{"name": name, "rows": {"change": "10%"}} for name in ("plain", "parted", "wrong")]


@pytest.fixture
def notes(server, redoubt):
    """A database, and a repository to dump it into."""
    server.sql("create database notes")
    server.sql("create table plain as select g as id, now() as at from generate_series(1, 1000) g;"
               "create table parted (id int) partition by range (id);"
               "create table low partition of parted for values from (0) to (500);"
               "create table high partition of parted default;"
               "insert into parted select generate_series(1, 1000);"
               "create table wrong as select generate_series(1, 1000) as id;"
               "create view seen as select * from plain; analyze;"
               "update pg_class set reltuples = 5000 where relname = 'wrong'", database="notes")
    redoubt.init()
    yield redoubt
    server.sql("drop database if exists restored with (force);"
               "drop database notes with (force)")


def restore(redoubt, code, *, checks):
    """The results by name."""
    redoubt.configure(checks=None)
    redoubt.configure(checks={"collations": False, **checks})
    report = redoubt.json("restore-dump", "notes", "--into", "restored", code=code)
    return {c["name"]: c for c in report["checks"]}


def test_tables_whose_change_matters_are_counted_when_they_are_dumped(notes):
    notes.configure(checks={"tables": TABLES})
    notes.run("dump", "notes")

    checks = restore(notes, 0, checks={"tables": TABLES})

    for name in ("plain", "parted", "wrong"):
        assert checks[f"rows of {name}"]["expected"] == "900 to 1100 (10% around 1000, counted)"
        assert checks[f"rows of {name}"]["state"] == PASSED


def test_an_estimate_is_called_one_and_judged_more_mildly(notes):
    notes.run("dump", "notes")

    checks = restore(notes, EXIT_DAMAGE, checks={"tables": TABLES})

    expected = "650 to 1350 (10% around 1000, an estimate: 20% and 50 rows more)"
    for name in ("plain", "parted"):
        assert (checks[f"rows of {name}"]["state"], checks[f"rows of {name}"]["expected"]) == (
            PASSED, expected)
    assert checks["rows of wrong"]["state"] == FAILED
    assert checks["rows of wrong"]["found"] == "1000"


def test_a_table_that_was_never_counted_breaks_the_check(notes):
    notes.run("dump", "notes")

    checks = restore(notes, EXIT_DAMAGE,
                     checks={"tables": [{"name": "seen", "rows": {"change": "10%"}}]})

    assert checks["rows of seen"]["state"] == BROKEN
    assert checks["rows of seen"]["found"] == "no count was recorded to compare with"


def test_the_reference_for_freshness_is_the_moment_of_the_dump(notes):
    notes.run("dump", "notes")
    dump = notes.json("list")["dumps"][-1]

    checks = restore(notes, 0, checks={
        "tables": [{"name": "plain", "fresh": {"column": "at", "within": "1h"}}]})

    assert checks["newest at of plain"]["expected"] == f"within 1h 0min of {dump['started']}"


def test_the_command_is_given_the_restored_database(notes, directory):
    program = directory / "suite"
    program.write_text(f"#!/bin/sh\npsql -XAtc 'select current_database()' > {directory}/seen\n"
                       "psql -XAtc 'delete from plain'; exit 3\n")
    program.chmod(0o755)
    notes.run("dump", "notes")

    checks = restore(notes, EXIT_DAMAGE, checks={
        "tables": [{"name": "plain", "rows": {"min": 1000}}], "command": [str(program)]})

    assert (directory / "seen").read_text() == "restored\n"
    assert checks[f"command {program}"]["found"] == "exit code 3: DELETE 1000"
    assert checks["rows of plain"]["state"] == PASSED, "it was counted before"
