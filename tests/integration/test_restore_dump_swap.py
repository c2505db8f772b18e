# SPDX-License-Identifier: PostgreSQL
"""What is restored from a dump is checked, and may take the place of the original; and
it loads into later major versions."""

import os
import pty
import re
import subprocess
import time

import pytest

from support import compare, process
from support.cluster import Cluster, bindir
from support.redoubt import Redoubt
from support.repository import FileRepository
from support.restoring import EXIT_CORRUPT, EXIT_FAILURE, EXIT_REFUSED, EXIT_USAGE, Story


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


# Checks

def test_what_fails_a_check_stays_and_is_not_swapped_in(shared):
    shared.redoubt.configure(checks={"tables": [{"name": "shop.tasks", "rows": {"min": 999999}}]})
    try:
        shared.dump()
        oid = shared.cluster.value("select oid from pg_database where datname = 'shop'")

        report = shared.restore("--swap", "--yes", code=EXIT_CORRUPT)

        assert report["loaded"] and report["swapped"] is None
        assert [c["state"] for c in report["checks"] if "tasks" in c["name"]].count("failed") == 1
        assert shared.cluster.value("select oid from pg_database where datname = 'shop'") == oid
        assert shared.cluster.value("select count(*) from shop.tasks", report["into"]) == "5000"
        result = shared.redoubt.run("restore-dump", "shop", "--into", "look", code=EXIT_CORRUPT)
        assert "FAILED" in result.out and 'database "look"' in result.out
        assert '"look" stays' in result.err
        shared.drop("look")
        assert shared.restore("--no-checks", "--into", "look")["checks"] is None
    finally:
        shared.redoubt.configure(checks=None)


def test_a_row_that_the_dump_counted_is_missed(shared):
    """The counts of the document are what a change is judged by."""
    shared.redoubt.configure(checks={"tables": [{"name": "shop.tasks",
                                                 "rows": {"change": "10%"}}]})
    try:
        shared.dump()
        report = shared.restore("--into", "look")
        assert {c["state"] for c in report["checks"] if "tasks" in c["name"]} == {"passed"}
    finally:
        shared.redoubt.configure(checks=None)


# Swapping

def test_a_swap_puts_the_restored_database_in_the_place_of_the_original(own):
    wanted = own.picture()
    own.dump()
    own.cluster.sql("drop table shop.comments", "shop")
    changed = own.picture()

    report = own.restore("--swap", "--yes")

    aside = report["swapped"]["aside"]
    assert re.fullmatch(r"shop_before_\d{8}_\d{6}", aside)
    assert report["into"] not in own.databases()
    compare.assert_equal(wanted, own.picture())
    assert own.picture(aside) == changed

    again = own.restore("--into", "look")
    assert [(b["name"], b["kind"]) for b in again["beside"]] == [(aside, "before")]
    assert own.redoubt.json("restore-dump", "--drop-old", aside, "--yes") == {"dropped": aside}
    assert aside not in own.databases()


def test_what_was_restored_and_looked_at_is_swapped_in_without_loading_it_again(own):
    wanted = own.picture()
    own.dump()
    own.cluster.sql("drop table shop.comments", "shop")
    loaded = own.restore()["into"]
    own.redoubt.run("dump", "--accept-size", "shop")  # newer, and not what was looked at
    oid = own.cluster.value(f"select oid from pg_database where datname = '{loaded}'")

    report = own.restore("--restored", loaded, "--swap", "--yes")

    assert report["into"] == loaded and report["swapped"]["aside"] in own.databases()
    assert {c["state"] for c in report["checks"]} <= {"passed", "skipped"}
    assert own.cluster.value("select oid from pg_database where datname = 'shop'") == oid
    compare.assert_equal(wanted, own.picture())


def test_only_the_whole_of_a_dump_that_an_earlier_run_loaded_is_swapped_in(shared):
    shared.dump()
    part = shared.restore("--schema-only", "--into", "look")["into"]

    for name in ("shop", "nothing_of_the_kind", part):
        said = shared.refuse("--restored", name, "--swap", "--yes", code=EXIT_REFUSED)
        assert f'"{name}"' in said
    shared.refuse("--restored", part, "--jobs", "2", code=EXIT_USAGE)


def test_a_swap_that_cannot_work_is_refused_before_the_load(own):
    own.cluster.set(max_prepared_transactions=5)
    own.cluster.restart()
    own.dump()
    own.cluster.sql("begin; create table p (i int); prepare transaction 'mine'", "shop")

    said = own.refuse("--swap", "--yes", code=EXIT_REFUSED)

    assert 'prepared transaction "mine"' in said


def test_a_dump_of_a_part_takes_nobodys_place(own):
    own.redoubt.configure(dumps=[{"database": "shop", "exclude_tables": ["shop.activity*"]}])
    own.dump()

    said = own.refuse("--swap", "--yes", code=EXIT_REFUSED)

    assert "not the whole" in said and "exclude-table=" in said
    own.restore("--into", "look")


def test_what_is_not_confirmed_is_not_swapped(own):
    own.dump()
    before = own.databases()

    said = own.refuse("--swap", code=EXIT_REFUSED)
    assert "--yes" in said
    code, text = on_terminal(own.redoubt.argv("restore-dump", "shop", "--swap"), b"yes\n")

    assert code == EXIT_FAILURE and "not confirmed" in text and 'Type "shop"' in text
    made = own.databases() - before
    assert len(made) == 1 and f'"{made.pop()}"' in text
    code, text = on_terminal(own.redoubt.argv("restore-dump", "shop", "--swap"), b"shop\n")
    assert code == 0, text
    assert len([n for n in own.databases() if n.startswith("shop_before_")]) == 1


def test_a_name_that_is_taken_is_left_for_that_of_the_next_second(own):
    own.dump()
    begun = int(time.time())
    taken = [time.strftime("shop_restore_%Y%m%d_%H%M%S", time.gmtime(begun + later))
             for later in range(8)]
    for name in taken:
        own.cluster.sql(f"create database {name}")
    before = own.databases()

    own.restore()

    made, = own.databases() - before
    assert made > taken[-1]


def on_terminal(argv, answer):
    """Run it on a terminal, where somebody answers; its exit code, and all that was shown."""
    ours, theirs = pty.openpty()
    child = subprocess.Popen(argv, stdin=theirs, stdout=theirs, stderr=theirs,
                             env=process.environment(), start_new_session=True)
    os.close(theirs)
    shown = b""
    while True:
        try:
            data = os.read(ours, 65536)
        except OSError:  # the other end was closed
            break
        if b"to go on: " in shown + data and b"to go on: " not in shown:
            os.write(ours, answer)
        shown += data
    os.close(ours)
    return child.wait(timeout=60), shown.decode("utf-8", "replace")


def test_only_what_a_swap_or_a_restore_left_is_dropped(shared):
    shared.dump()
    into = shared.restore()["into"]

    for name in ("shop", "postgres", "shop_before_", "shop_restore_20261"):
        result = shared.redoubt.run("restore-dump", "--drop-old", name, "--yes", code=EXIT_REFUSED)
        assert name in result.err
    shared.redoubt.run("restore-dump", "--drop-old", into, code=EXIT_REFUSED)
    assert into in shared.databases()
    shared.redoubt.run("restore-dump", "--drop-old", "shop_before_20200101_000000", "--yes",
                       code=EXIT_FAILURE)
    shared.redoubt.run("restore-dump", "--drop-old", into, "--yes")
    assert into not in shared.databases()


# Other versions

def majors():
    found = [p.parent.parent for p in bindir().parent.parent.glob("*/bin/initdb")]
    return sorted((p for p in found if p.name.isdigit() and int(p.name) >= 15),
                  key=lambda p: int(p.name))


def test_a_dump_loads_into_the_newest_installed_major_version_and_not_into_an_older_one(directory,
                                                                                       adopt,
                                                                                       monkeypatch):
    """Across majors where several are installed; with one the two servers are of that one."""
    installed = majors()
    old, new = installed[max(0, len(installed) - 2)], installed[-1]
    monkeypatch.setenv("REDOUBT_TEST_PG_BINDIR", str(old / "bin"))
    story = Story(directory / "old", adopt, fresh=True)
    monkeypatch.setenv("REDOUBT_TEST_PG_BINDIR", str(new / "bin"))
    target = adopt(Cluster.create(directory / "new", fresh=True)).start()
    story.dump()
    roles = story.redoubt.run("restore-dump", "shop", "--globals").out
    process.run([target.bin / "psql", "-X", "-q"], env=target.env(), input=roles)

    report = story.restore("--server", target.conninfo, "--into", "shop")

    assert report["server_version"] // 10000 == int(new.name)
    wanted, got = (
        {key: value for key, value in compare.picture_of_database(cluster, "shop").items()
         if key[0] in ("table", "sequence", "large object")} for cluster in (story.cluster, target))
    assert len(wanted) > 20
    compare.assert_equal(wanted, got)
    if new != old:
        back = Redoubt(directory / "back", target, FileRepository(directory / "back-repository"))
        back.init()
        back.run("dump", "shop")
        result = back.run("restore-dump", "shop", "--server", story.cluster.conninfo,
                          code=EXIT_REFUSED)
        assert f"{new.name} and cannot be loaded into PostgreSQL {old.name}" in result.err
