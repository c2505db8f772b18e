# SPDX-License-Identifier: PostgreSQL
"""`redoubt restore-dump`: a database comes back as it was dumped, beside the one that
is in use, whole or in part."""

import os
import re
import shutil

import pytest

from support import compare
from support.repository import FileRepository
from support.restoring import (AWKWARD, EXIT_CORRUPT, EXIT_FAILURE, EXIT_REFUSED, EXIT_USAGE, Story,
                               wait_for_the_next_second)


@pytest.fixture(scope="module")
def shared(module_directory, adopt):
    """For stories that leave it as it is."""
    return Story(module_directory / "shared", adopt)


@pytest.fixture
def own(directory, adopt):
    """For stories that change it."""
    return Story(directory / "own", adopt)


@pytest.fixture(autouse=True)
def tidy(shared):
    """What a story restored goes with it."""
    yield
    shared.drop_restored()


# A database comes back

def test_changes_after_the_dump_are_gone_in_what_is_restored(own):
    wanted = own.picture()
    own.dump()
    own.cluster.sql("begin; delete from shop.comments; update shop.tasks set title = 'x'; "
                    "drop table shop.activity; commit;", "shop")

    report = own.restore()

    assert re.fullmatch(r"shop_restore_\d{8}_\d{6}", report["into"])
    assert report["loaded"] and report["swapped"] is None and not report["spooled"]
    compare.assert_equal(wanted, own.picture(report["into"]))
    assert own.cluster.value("select count(*) from shop.comments", "shop") == "0"


@pytest.mark.parametrize("database", ["shop", AWKWARD])
@pytest.mark.parametrize("how", [[], ["--compression", "gzip"], ["--format", "plain"],
                                 ["--format", "plain", "--compression", "gzip"],
                                 ["--format", "directory", "--jobs", "2"]],
                         ids=lambda how: "-".join(w.strip("-") for w in how) or "custom")
def test_every_row_and_definition_comes_back_from_every_format(shared, database, how):
    shared.dump(*how, database=database)

    report = shared.restore("--into", "look", database=database)

    compare.assert_equal(shared.picture(database), shared.picture("look"))
    assert report["spooled"] == ("directory" in how)
    assert shared.spooled() == []
    assert [c["state"] for c in report["checks"] if c["state"] not in ("passed", "skipped")] == []


@pytest.mark.parametrize("kind", ["file", "s3"])
@pytest.mark.parametrize("encryption", ["sealed", "off"])
def test_it_works_from_any_repository(directory, adopt, request, kind, encryption):
    settings = {"encryption": "off"} if encryption == "off" else {}
    story = Story(directory / "story", adopt, request.getfixturevalue(f"{kind}_repository"),
                  **settings)
    story.dump()

    story.restore("--into", "look")
    story.redoubt.run("restore-dump", "shop", "--to-file", directory / "out")

    compare.assert_equal(story.picture(), story.picture("look"))
    assert "TABLE DATA shop tasks" in story.cluster.tool("pg_restore", "-l", directory / "out").out


def test_it_works_from_a_copy_when_the_repository_is_lost(directory, adopt):
    story = Story(directory / "story", adopt)
    offsite = FileRepository(directory / "offsite")
    story.redoubt.configure(repositories={"offsite": {**offsite.configuration(),
                                                      "required": False}})
    story.dump()
    story.redoubt.run("copy", "--to", "offsite", "--create")
    shutil.rmtree(story.redoubt.repository.path)

    story.restore("--into", "look", "--repository", "offsite")

    compare.assert_equal(story.picture(), story.picture("look"))


def test_several_jobs_load_through_the_spool_and_leave_nothing_there(shared):
    shared.dump()

    report = shared.restore("--into", "look", "--jobs", "3")

    assert report["spooled"] and report["jobs"] == 3
    compare.assert_equal(shared.picture(), shared.picture("look"))
    assert shared.spooled() == []


def test_the_database_is_made_with_the_encoding_the_locale_and_the_owner_of_the_dump(shared):
    shared.cluster.sql("create database odd template template0 encoding 'LATIN1' lc_collate 'C' "
                       "lc_ctype 'C' owner shop_owner")
    shared.cluster.sql("create database sorted template template0 locale_provider 'icu' "
                       "icu_locale 'de-u-co-phonebk' owner shop_owner")
    columns = ("select pg_encoding_to_char(encoding), datcollate, datctype, datlocprovider, "
               "datdba::regrole, coalesce(to_jsonb(d) ->> 'datlocale', "
               "to_jsonb(d) ->> 'daticulocale') from pg_database d where datname = '{}'")
    try:
        for name in ("odd", "sorted"):
            shared.dump(database=name)
            shared.restore("--into", "look", database=name)
            assert shared.cluster.sql(columns.format(name)) == shared.cluster.sql(
                columns.format("look"))
            shared.drop("look")
    finally:
        shared.drop("odd", "sorted")


def test_a_long_name_is_cut_and_stays_unlike_others(shared):
    name = "ü" * 30 + "ab"
    shared.cluster.sql(f'create database "{name}"')
    shared.dump(database=name)

    into = shared.restore(database=name)["into"]

    assert re.fullmatch("ü{19}_restore_[0-9]{8}_[0-9]{6}", into), into
    shared.drop(name)


# Which dump

def test_the_named_dump_is_taken_and_an_unknown_one_is_refused_with_the_nearest(shared):
    first = shared.dump()
    shared.cluster.sql("create table later (i int)", "shop")
    wait_for_the_next_second(first)
    shared.dump()

    shared.restore("--dump", first["name"], "--into", "look1")
    shared.restore("--dump", first["id"], "--into", "look2")
    shared.restore("--into", "look3")

    for name, there in (("look1", ""), ("look2", ""), ("look3", "later")):
        assert shared.cluster.value("select to_regclass('later')", name) == there
    wrong = first["name"][:-1] + "x"
    said = shared.refuse("--dump", wrong, code=EXIT_REFUSED)
    assert f'no dump "{wrong}"' in said and "Did you mean" in said and "redoubt list" in said
    said = shared.refuse(database="shob", code=EXIT_REFUSED)
    assert 'no dump of database "shob"' in said and 'Did you mean "shop"?' in said
    assert "DATABASE" in shared.redoubt.run("restore-dump", code=EXIT_USAGE).err
    shared.cluster.sql("drop table later", "shop")


def test_a_suspicious_dump_is_taken_only_when_it_is_named(own):
    good = own.dump()
    own.cluster.sql("delete from shop.comments; delete from shop.activity", "shop")
    wait_for_the_next_second(good)
    own.redoubt.run("dump", "shop", code=EXIT_CORRUPT)
    small = own.redoubt.json("list")["dumps"][-1]
    assert small["suspicious"]

    assert own.restore("--into", "look1")["dump"]["id"] == good["id"]
    result = own.redoubt.run("restore-dump", "shop", "--into", "look2", "--dump", small["name"])

    assert "is suspicious" in result.err and "SUSPICIOUS" in result.out
    assert own.cluster.value("select count(*) from shop.comments", "look1") == "15000"
    assert own.cluster.value("select count(*) from shop.comments", "look2") == "0"


# What is inside

def test_the_list_is_that_of_pg_restore(shared, directory):
    for how in ([], ["--format", "directory", "--jobs", "2"]):
        shared.dump(*how)

        listed = shared.redoubt.run("restore-dump", "shop", "--list").out
        as_json = shared.redoubt.json("restore-dump", "shop", "--list")

        assert "TABLE DATA shop tasks" in listed and "FK CONSTRAINT shop" in listed
        assert as_json["contents"] == [n for n in listed.splitlines() if not n.startswith(";")]
        assert shared.spooled() == []


def test_a_plain_dump_has_no_list(shared):
    shared.dump("--format", "plain")

    assert "table of contents" in shared.refuse("--list", code=EXIT_REFUSED)


# Parts of it

def test_only_the_schema(shared):
    shared.dump()

    report = shared.restore("--schema-only", "--into", "look")

    assert report["schema_only"] and report["checks"] is None
    assert shared.picture("look")[("schema",)] == shared.picture()[("schema",)]
    assert shared.cluster.value("select count(*) from shop.tasks", "look") == "0"


def test_rows_of_some_tables_only_with_all_definitions_but_foreign_keys(shared):
    shared.dump()

    shared.restore("--table", "shop.tasks", "--table", "activity_2026_0*", "--into", "look")

    wanted, got = shared.picture(), shared.picture("look")
    tables = {name for kind, *rest in wanted for name in rest if kind == "table"}
    loaded = {n for n in tables if n == "shop.tasks" or n.startswith("shop.activity_2026_0")}
    assert len(loaded) == 10
    for name in tables:
        assert got["table", name] == (wanted["table", name] if name in loaded
                                      else ["0", "0", "0"]), name
    assert shared.cluster.value("select count(*) from pg_constraint where contype = 'f'",
                                "look") == "0"
    assert shared.cluster.value("select count(*) from pg_indexes where schemaname = 'shop'",
                                "look") == shared.cluster.value(
        "select count(*) from pg_indexes where schemaname = 'shop'", "shop")


def test_a_table_that_is_not_in_the_dump_is_refused_with_the_nearest(shared):
    shared.dump()

    said = shared.refuse("--table", "taskz", code=EXIT_FAILURE)

    assert 'no table "taskz" is in the dump' in said and 'Did you mean "tasks"?' in said


def test_of_a_plain_dump_there_are_no_parts(shared):
    shared.dump("--format", "plain")

    for options in (["--schema-only"], ["--table", "tasks"], ["--jobs", "2"], ["--no-owner"]):
        assert "plain dump" in shared.refuse(*options, code=EXIT_USAGE)


# As a file

def test_the_dump_as_a_file_is_what_pg_restore_and_psql_read(shared, directory):
    shared.dump()
    shared.redoubt.run("restore-dump", "shop", "--to-file", directory / "custom")
    shared.dump("--format", "plain")
    shared.redoubt.run("restore-dump", "shop", "--to-file", directory / "plain")

    assert "TABLE DATA shop tasks" in shared.cluster.tool("pg_restore", "-l",
                                                          directory / "custom").out
    shared.cluster.sql("create database look template template0")
    shared.cluster.tool("psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", "-f", directory / "plain",
                        database="look")
    compare.assert_equal(shared.picture(), shared.picture("look"))
    assert os.stat(directory / "custom").st_mode & 0o777 == 0o600
    assert sorted(p.name for p in directory.iterdir()) == ["custom", "plain"]


def test_a_file_is_never_written_over(shared, directory):
    shared.dump()
    (directory / "out").write_text("mine")

    said = shared.refuse("--to-file", directory / "out", code=EXIT_REFUSED)

    assert "exists already" in said and (directory / "out").read_text() == "mine"
    assert [p.name for p in directory.iterdir()] == ["out"]
