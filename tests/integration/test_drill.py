# SPDX-License-Identifier: PostgreSQL
"""A drill restores, boots and checks a copy, says what it proved, and leaves nothing."""

import json

import pytest

from support import drilling, process
from support.cluster import Cluster, major
from support.drilling import EXIT_USAGE, LAYERS, Story


@pytest.fixture(scope="module")
def story(module_directory, adopt):
    """A full backup, an incremental one, and commits after each."""
    made = Story(module_directory, adopt)
    made.cluster.restore_point("between")
    made.cluster.commit("insert into orders values (100001, 1)", database="shop")
    made.second = made.redoubt.backup()
    made.moment = made.cluster.value("select clock_timestamp()")
    made.xid = made.cluster.sql("begin;\ninsert into orders values (100002, 2);\n"
                                "select pg_current_xact_id();\ncommit;", database="shop")[-1][0]
    made.lsn = made.cluster.lsn()
    made.cluster.commit("insert into orders values (100003, 3)", database="shop")
    made.archive()
    return made


def check_passed(story, receipt, *, skipped=()):
    states = drilling.states(receipt)
    assert receipt["drill"]["verdict"] == "passed", drilling.show(receipt)
    assert tuple(states) == LAYERS
    assert drilling.red(receipt) == []
    for layer in ("plan", "objects", "manifest", "start", "replay", "amcheck", "collations",
                  "foreign_keys", *(["pages"] if "pages" not in skipped else [])):
        assert states[layer] == "passed", layer
    assert story.left_over() == []


@pytest.mark.parametrize("encryption", ["on", "off"])
def test_a_drill_proves_every_layer_on_any_repository(directory, adopt, repository, encryption):
    story = Story(directory, adopt, repository,
                  **({"encryption": "off"} if encryption == "off" else {}))
    story.archive()

    check_passed(story, story.drill())

    assert len(story.receipts()) == 1


def rows_found(receipt):
    """How many rows of orders the restored cluster had."""
    return next(c["rows"] for c in receipt["counts"]
                if (c["database"], c["table"]) == ("shop", "orders"))


@pytest.mark.parametrize("target, rows", [
    ([], 5003),
    (["--target-time", "moment"], 5001),
    (["--target-lsn", "lsn"], 5002),
    (["--target-xid", "xid"], 5002),
    (["--target-xid", "xid", "--exclusive"], 5001),
    (["--target-name", "between"], 5000),
    (["--target-immediate"], 5001),
    (["--backup", "second"], 5003),
])
def test_a_drill_reaches_its_target_and_nothing_later(story, target, rows):
    story.redoubt.configure(checks={"database": "shop", "tables": [
        {"name": "public.orders", "rows": {"min": 1}}], "foreign_keys": "all"})
    target = [getattr(story, word, word) for word in target]

    receipt = story.drill(*target)

    check_passed_or_uncollated(story, receipt)
    assert rows_found(receipt) == rows


def check_passed_or_uncollated(story, receipt):
    """As check_passed, where the configured checks leave collations out for one database."""
    assert receipt["drill"]["verdict"] == "passed", drilling.show(receipt)
    assert drilling.red(receipt) == []
    assert story.left_over() == []


def test_a_drill_by_chance_passes_and_is_in_the_history(story):
    receipt = story.drill("--random")

    check_passed_or_uncollated(story, receipt)
    history = story.redoubt.json("drill", "--history")
    assert receipt["drill"]["id"] in json.dumps(history)


def test_a_drill_of_all_backups_tries_each(story):
    receipts = story.drill("--all-backups")

    assert {r["drill"]["backup"] for r in receipts} == {b["id"] for b in story.redoubt.backups()}
    assert all(r["drill"]["verdict"] == "passed" for r in receipts)


@pytest.mark.parametrize("arguments", [
    ["--random", "--target-immediate"],
    ["--random", "--all-backups"],
    ["--all-backups", "--receipt", "x.md"],
    ["--self-test", "--keep"],
    ["--receipt", "x.pdf"],
    ["--target-time", "yesterday or so"],
])
def test_options_that_contradict_each_other_are_refused_before_anything(story, arguments):
    before = story.receipts()

    story.refuse(*arguments, code=EXIT_USAGE)

    assert story.receipts() == before


@pytest.mark.parametrize("ending, holds", [("md", "# "), ("html", "<html"), ("json", "{")])
def test_a_receipt_is_written_to_a_file_too_and_can_be_shown_again(story, directory, ending, holds):
    file = directory / f"receipt.{ending}"

    receipt = story.drill("--receipt", file)

    assert holds in file.read_text()
    shown = story.redoubt.json("drill", "--show", receipt["drill"]["id"])
    assert shown == receipt


def test_a_kept_copy_stays_and_can_be_started(story, adopt):
    story.drill("--keep")

    kept, = (p for p in story.place.iterdir() if p.is_dir())
    copy = adopt(Cluster(story.home / "kept", data=kept / "data"))
    story.drill()  # the next one lets it be
    copy.start()
    assert copy.value("select count(*) from orders", database="shop") == "5003"
    assert copy.value("show archive_mode") == "off"
    copy.stop()
    process.run(["rm", "-r", kept])


def test_a_drill_can_restore_from_a_copy_of_the_repository(directory, adopt):
    story = Story(directory, adopt)
    story.archive()
    story.redoubt.configure(repositories={"other": {"store": "file",
                                                    "path": str(directory / "other")}})
    story.redoubt.run("copy", "--to", "other", "--create")

    receipt = story.drill("--repository", "other")

    check_passed(story, receipt)
    assert len(story.receipts()) == 1, "the receipt is kept where backups are"


def test_a_drill_needs_no_server_and_no_tablespace_of_the_original(directory, adopt):
    story = Story(directory, adopt, backup=False)
    (directory / "space").mkdir()
    story.cluster.sql(f"create tablespace aside location '{directory / 'space'}';\n"
                      "create table elsewhere tablespace aside as "
                      "select generate_series(1, 5000) i;\ncreate index on elsewhere (i)")
    story.redoubt.backup()
    story.archive()
    story.cluster.stop()
    process.run(["rm", "-r", story.cluster.data, directory / "space"])

    check_passed(story, story.drill())


def test_pages_are_skipped_where_the_cluster_has_no_checksums(directory, adopt):
    cluster = adopt(Cluster.create(directory / "cluster", checksums=False))
    story = Story(directory, adopt, cluster=cluster)
    story.archive()

    receipt = story.drill()

    check_passed(story, receipt, skipped=["pages"])
    assert drilling.layer(receipt, "pages")["state"] == "skipped"
    assert "without data checksums" in drilling.layer(receipt, "pages")["found"]


def test_each_of_a_long_line_of_incrementals_can_be_drilled(directory, adopt):
    summaries = {"summarize_wal": "on"} if major() >= 17 else {}
    cluster = adopt(Cluster.create(directory / "cluster", settings=summaries))
    checks = {"tables": [{"name": "public.orders", "rows": {"min": 5000}}],
              "foreign_keys": "all", "collations": True}
    story = Story(directory, adopt, cluster=cluster, checks=checks)
    rows = {story.redoubt.backups()[-1]["id"]: 5000}
    for number in range(7):
        story.cluster.commit(f"insert into orders values ({100000 + number}, 1);\n"
                             f"update orders set placed_at = now() where id % 50 = {number}",
                             database="shop")
        rows[story.redoubt.backup()] = 5001 + number
    story.archive()
    backups = story.redoubt.backups()
    assert [b["type"] for b in backups] == ["full"] + 7 * ["incremental"]

    check_passed(story, story.drill())
    receipts = story.drill("--all-backups")

    assert {r["drill"]["backup"]: rows_found(r) for r in receipts} == rows
    assert all(r["drill"]["verdict"] == "passed" for r in receipts)
    assert story.left_over() == []


# What must not act

def test_a_copy_does_nothing_that_the_original_would(directory, adopt):
    """Libraries that are not there, a subscription, an event trigger, an archive_command."""
    story = Story(directory, adopt, backup=False)
    marker = directory / "acted"
    story.cluster.sql("create function note() returns event_trigger language plpgsql as "
                      f"$$ begin execute 'copy (select 1) to program ''touch {marker}'''; end $$;\n"
                      "create event trigger watcher on ddl_command_start execute function note();\n"
                      "alter event trigger watcher enable always", database="shop")
    story.cluster.sql("create subscription s connection 'host=/nowhere dbname=x' publication p "
                      "with (connect = false, slot_name = none);", database="shop")
    story.cluster.sql("alter database shop set session_preload_libraries = 'not_here';\n"
                      "alter database shop set default_transaction_read_only = 'on';\n"
                      "alter database shop set statement_timeout = '1ms'")
    archive = f"touch {marker}; exit 1"
    story.redoubt.backup()
    story.archive()
    story.cluster.stop()
    marker.unlink()  # it acts on the original
    story.cluster.set(shared_preload_libraries="no_such_library", session_preload_libraries="gone",
                      primary_conninfo="host=/nowhere", primary_slot_name="s",
                      synchronous_standby_names="*", archive_mode="always", ssl="on",
                      archive_command=archive, default_transaction_read_only="on",
                      unix_socket_group="no-such-group", port="5432")
    configuration = (story.cluster.data / "postgresql.conf").read_bytes()
    # What a backup would have: the server could not be started with it here.
    restore_with(story, configuration)

    check_passed(story, story.drill())

    assert not marker.exists()


def restore_with(story, configuration):
    """Take a backup of the stopped cluster's files with this postgresql.conf in it."""
    path = story.cluster.data / "postgresql.conf"
    lines = configuration.decode().splitlines()
    cut = next(i for i, line in enumerate(lines) if line.startswith("shared_preload_libraries"))
    path.write_text("\n".join(lines[:cut]) + "\n")
    story.cluster.start()
    path.write_bytes(configuration)  # the running server does not read it again
    story.redoubt.backup("--full")
    story.cluster.switch_and_archive()
    path.write_text("\n".join(lines[:cut]) + "\n")


# The checks

def test_configured_checks_are_run_and_what_they_find_is_in_the_receipt(directory, adopt):
    story = Story(directory, adopt, checks={
        "database": "shop",
        "tables": [{"name": "public.orders", "rows": {"min": 1, "max": 10000, "change": "10%"},
                    "fresh": {"column": "placed_at", "within": "1h"}}],
        "foreign_keys": "all", "collations": True,
        "queries": [{"name": "sum", "sql": "select count(*) = 300 from customer"}],
        "command": ["/bin/sh", "-c", "psql -XAtc 'select count(*) from orders' | grep -q ^5000$"],
    })
    story.archive()

    receipt = story.drill()

    check_passed(story, receipt)
    assert all(state == "passed" for state in drilling.states(receipt).values())


def test_a_check_that_fails_makes_the_drill_fail_at_its_layer_only(directory, adopt):
    story = Story(directory, adopt, checks={
        "database": "shop", "tables": [{"name": "public.orders", "rows": {"min": 9000}}],
        "foreign_keys": "all"})
    story.archive()

    receipt = story.drill(code=drilling.EXIT_FAILED)

    assert receipt["drill"]["verdict"] == "failed"
    assert drilling.red(receipt) == ["tables"]
    assert receipt["drill"]["findings"] == 1
    assert len(story.receipts()) == 1, "that it failed is remembered too"


def test_rows_are_held_against_the_last_drill(directory, adopt):
    story = Story(directory, adopt, checks={
        "database": "shop", "tables": [{"name": "public.orders", "rows": {"change": "10%"}}]})
    story.archive()
    assert drilling.red(story.drill()) == []
    story.cluster.commit("delete from orders where id > 2500", database="shop")
    story.archive()

    receipt = story.drill(code=drilling.EXIT_FAILED)

    assert drilling.red(receipt) == ["tables"]


# Real damage

def damage_block(cluster, relation, database, change):
    """Change bytes of a stopped cluster's relation, in its first block."""
    path = cluster.data / relation
    body = bytearray(path.read_bytes())
    change(body)
    path.write_bytes(bytes(body))


def path_of(cluster, relation, database="shop"):
    return cluster.value(f"select pg_relation_filepath('{relation}')", database)


def test_a_page_whose_checksum_is_wrong_is_found(directory, adopt):
    story = Story(directory, adopt, backup=False)
    relation = path_of(story.cluster, "orders")
    story.cluster.stop()

    def flip(body):
        body[8100] ^= 0x40
    damage_block(story.cluster, relation, "shop", flip)
    story.cluster.start()
    # The server finds it too, and the backup is marked; it is drilled by its name.
    story.redoubt.run("backup", code=None)
    story.archive()
    backup = story.redoubt.backups()[-1]["id"]

    receipt = story.drill("--backup", backup, code=drilling.EXIT_FAILED)

    assert "pages" in drilling.red(receipt)
    assert relation.rpartition("/")[2] in drilling.layer(receipt, "pages")["found"]


def test_an_index_that_lacks_a_row_is_found(directory, adopt):
    story = Story(directory, adopt, backup=False)
    story.cluster.sql(
        "update pg_index set indisready = false where indexrelid = 'orders_customer'::regclass;\n"
        "insert into orders values (100000, 7);\n"
        "update pg_index set indisready = true where indexrelid = 'orders_customer'::regclass",
        database="shop")
    story.redoubt.backup()
    story.archive()

    receipt = story.drill(code=drilling.EXIT_FAILED)

    assert drilling.red(receipt) == ["amcheck"]
    assert "orders_customer" in drilling.layer(receipt, "amcheck")["found"]
    assert any(c["layer"] == "amcheck" and c["database"] == "shop" for c in receipt["checks"])
