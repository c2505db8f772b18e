# SPDX-License-Identifier: PostgreSQL
"""`redoubt restore-dump` when it cannot work: that is told before anything is made, and
what fails on the way leaves nothing behind."""

import gzip
import os

import pytest

from support import compare, process
from support.cluster import Cluster
from support.restoring import EXIT_CORRUPT, EXIT_FAILURE, EXIT_REFUSED, EXIT_USAGE, Story


@pytest.fixture(scope="module")
def shared(module_directory, adopt):
    """For stories that leave it as it is."""
    return Story(module_directory / "shared", adopt)


@pytest.fixture(scope="module")
def open_story(module_directory, adopt):
    """Not encrypted."""
    return Story(module_directory / "open", adopt, encryption="off")


@pytest.fixture(autouse=True)
def tidy(request):
    """What a story restored goes with it."""
    yield
    for name in {"shared", "open_story"} & set(request.fixturenames):
        request.getfixturevalue(name).drop_restored()


# What is refused before anything is made

@pytest.fixture
def bare(directory, adopt):
    """Another server, with none of the roles."""
    cluster = adopt(Cluster.create(directory / "bare"))
    return cluster.start()


def test_missing_roles_are_all_named_and_come_with_the_globals(shared, bare):
    shared.dump()
    server = ["--server", bare.conninfo]

    said = shared.refuse(*server, code=EXIT_REFUSED)
    assert 'roles "shop_owner", "shop_reader"' in said
    assert "--globals" in said and "--no-owner" in said
    assert bare.databases() == ["postgres", "template1"]
    shared.restore(*server, "--no-owner", "--into", "without")
    assert bare.value("select count(*) from shop.tasks", "without") == "5000"

    # The superuser is there already.
    commands = shared.redoubt.run("restore-dump", "shop", "--globals").out
    bare.tool("psql", "-X", "-q", "-c", "select 1")
    process.run([bare.bin / "psql", "-X", "-q"], env=bare.env(), input=commands)
    shared.restore(*server, "--into", "with")

    compare.assert_equal(shared.picture(), compare.picture_of_database(bare, "with"))


def test_missing_extensions_are_named(shared):
    shared.cluster.sql("create database extended")
    shared.cluster.sql("create extension pg_trgm; create extension citext; "
                       "update pg_extension set extname = 'gone_' || extname "
                       "where extname in ('pg_trgm', 'citext')", "extended")
    shared.dump(database="extended")

    said = shared.refuse(database="extended", code=EXIT_REFUSED)

    assert 'extensions "gone_citext", "gone_pg_trgm"' in said and "Install" in said
    shared.drop("extended")


def test_a_database_that_exists_is_never_loaded_into(shared):
    shared.dump()
    wanted = shared.picture()

    said = shared.refuse("--into", "shop", code=EXIT_REFUSED)

    assert 'database "shop" exists already' in said and "--into" in said
    assert shared.picture() == wanted


def test_a_dry_run_tells_what_would_be_done_and_does_nothing(shared):
    shared.dump()
    before = shared.databases()

    text = shared.redoubt.run("restore-dump", "shop", "--dry-run", "--jobs", "2").out
    report = shared.restore("--dry-run", "--swap", "--yes")

    assert shared.databases() == before
    assert "2 jobs, through the spool" in text and "shop_restore_" in text
    assert not report["loaded"] and report["swapped"] is None
    assert "lacks" in shared.refuse("--dry-run", "--into", "x", code=EXIT_REFUSED,
                                    database=with_missing_extension(shared))
    shared.drop("lacking")


def with_missing_extension(story):
    story.cluster.sql("create database lacking")
    story.cluster.sql("create extension citext; update pg_extension set extname = 'gone' "
                      "where extname = 'citext'", "lacking")
    story.dump(database="lacking")
    return "lacking"


@pytest.mark.parametrize("options", [
    ["--swap", "--list"], ["--to-file", "x", "--globals"], ["--swap", "--schema-only", "--yes"],
    ["--swap", "--table", "tasks", "--yes"], ["--swap", "--no-owner", "--yes"],
    ["--schema-only", "--table", "tasks"], ["--jobs", "0"], ["--into", "x" * 64]])
def test_options_that_make_no_sense_together_are_refused(shared, options):
    shared.dump()

    shared.refuse(*options, code=EXIT_USAGE)


# What fails leaves nothing behind

def damage(repository, key):
    body = bytearray(repository.read(key))
    body[len(body) * 2 // 3] ^= 0x40
    repository.write(key, bytes(body))


@pytest.mark.parametrize("how", [[], ["--format", "plain"], ["--format", "directory"],
                                 ["--compression", "gzip"]],
                         ids=lambda how: "-".join(w.strip("-") for w in how) or "custom")
@pytest.mark.parametrize("which", ["shared", "open_story"])
def test_a_damaged_object_is_no_database_and_no_file(request, directory, which, how):
    story = request.getfixturevalue(which)
    dump = story.dump(*how)
    key = story.object(dump)
    damage(story.redoubt.repository, key)

    said = story.refuse(code=EXIT_CORRUPT)
    story.refuse("--to-file", directory / "out", code=EXIT_CORRUPT)

    assert key in said
    assert list(directory.iterdir()) == []


@pytest.mark.parametrize("how", [[], ["--format", "plain"], ["--compression", "gzip"]],
                         ids=lambda how: "-".join(w.strip("-") for w in how) or "custom")
@pytest.mark.parametrize("kept", [0.5, 0.999])
def test_a_dump_that_was_cut_short_is_no_database(open_story, how, kept):
    dump = open_story.dump(*how)
    key = open_story.object(dump)
    body = open_story.redoubt.repository.read(key)
    open_story.redoubt.repository.write(key, body[:int(len(body) * kept)])

    open_story.refuse(code=EXIT_CORRUPT)


def test_other_sql_in_the_place_of_a_dump_is_found_by_its_digest(open_story):
    """Whoever may write to a repository that is not encrypted."""
    dump = open_story.dump("--format", "plain", "--compression", "gzip")
    key = open_story.object(dump)
    open_story.redoubt.repository.write(key, gzip.compress(b"create table planted (i int);"))

    said = open_story.refuse(code=EXIT_CORRUPT)

    assert "does not hold what was dumped" in said


@pytest.mark.parametrize("how", [[], ["--format", "plain"],
                                 ["--format", "directory", "--jobs", "2"]],
                         ids=lambda how: "-".join(w.strip("-") for w in how) or "custom")
def test_one_error_while_loading_fails_all_of_it_and_is_told(shared, how):
    """A constraint that holds in a database of that name only."""
    shared.cluster.sql("create database brittle")
    shared.cluster.sql(
        "create function at_home() returns bool language sql as "
        "$$ select current_database() = 'brittle' $$;"
        "create table a (i int constraint at_home check (at_home())); insert into a values (1);",
        "brittle")
    shared.dump(*how, database="brittle")

    said = shared.refuse(database="brittle", code=EXIT_REFUSED)

    assert 'violates check constraint "at_home"' in said
    shared.drop("brittle")


def test_a_full_spool_is_told_and_emptied(shared, directory):
    shared.dump()
    before = shared.databases()
    shared.redoubt.configure(spool="/spool-disk")
    text = shared.redoubt.file.read_text()
    other = directory / "redoubt.yaml"
    program = shared.redoubt.argv("restore-dump", "shop", "--jobs", "2")
    program[program.index(str(shared.redoubt.file))] = str(other)
    shared.redoubt.configure(spool=str(shared.home / "spool"))

    result = on_small_disk(directory, other, text, program)

    assert result.code == EXIT_FAILURE, str(result)
    assert "No space left on device" in result.err and "Free some space" in result.err
    assert result.out.split() == ["left:"]
    assert shared.databases() == before


def on_small_disk(directory, config, text, program):
    """Run it with a spool of 1 MiB, and list what is left there."""
    mounted = os.environ.get("REDOUBT_TEST_SMALL_DISK")
    disk = mounted or str(directory / "disk")
    os.makedirs(disk, exist_ok=True)
    config.write_text(text.replace("/spool-disk", disk))
    command = " ".join(f"'{w}'" for w in program)
    script = f"{command} >&2\ncode=$?\necho left:\nfind {disk} -type f\nexit $code\n"
    if mounted:
        fill = f"trap 'rm -rf {disk}/*' EXIT\nhead -c 23M /dev/zero > {disk}/ballast\n"
        script = fill + script.replace("-type f", "-type f ! -name ballast")
        return process.run(["sh", "-c", script], check=False)
    script = f"mount -t tmpfs -o size=1m tmpfs {disk} || exit 99\n" + script
    return process.run(["unshare", "--user", "--map-root-user", "--mount", "sh", "-c", script],
                       check=False)


def test_a_restore_that_is_asked_to_stop_drops_what_it_made(shared):
    shared.dump()
    before = shared.databases()
    child = shared.redoubt.start("restore-dump", "shop",
                                 env={"REDOUBT_STOP_AT": "load: the database is made"})
    process.wait_until(lambda: stopped(child.pid), 60, "the program to fall asleep")
    assert len(shared.databases() - before) == 1

    os.kill(child.pid, 15)
    os.kill(child.pid, 18)

    assert child.wait(timeout=60) == EXIT_FAILURE
    assert shared.databases() == before


def stopped(pid):
    with open(f"/proc/{pid}/stat", encoding="utf-8") as file:
        return file.read().rpartition(")")[2].split()[0] == "T"


def test_the_list_needs_the_beginning_of_the_object_only(open_story):
    dump = open_story.dump()
    key = open_story.object(dump)
    repository = open_story.redoubt.repository
    whole = repository.read(key)
    repository.write(key, whole[:len(whole) // 2])

    listed = open_story.redoubt.run("restore-dump", "shop", "--list").out

    assert "TABLE DATA shop tasks" in listed
    repository.write(key, whole)
