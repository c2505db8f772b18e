# SPDX-License-Identifier: PostgreSQL
"""`redoubt dump`: what it stores is what PostgreSQL's own programs and the system's
expect, says what it is, and exists only when it is whole."""

import hashlib
import os
import re
import signal
import subprocess

import pytest

from support import dumping, process, shop
from support.cluster import Cluster, bindir, major
from support.process import wait_until
from support.redoubt import Redoubt
from support.repository import FileRepository
from support.sleeper import Sleeper

EXIT_FAILURE, EXIT_USAGE, EXIT_REFUSED, EXIT_DAMAGE = 1, 2, 3, 5

ODD = "Ünï %\"x\"; "

NAME_RESERVED = "dump: its name is reserved, and there is no data"
DATA_WRITTEN = "dump: the data is written, and its object does not exist"


@pytest.fixture(scope="module")
def source(module_directory, adopt):
    """A running cluster with a small shop, and a database of all that is seldom."""
    cluster = adopt(Cluster.create(module_directory / "primary", settings={"fsync": "off"}))
    cluster.start()
    shop.create(cluster)
    shop.create(cluster, ODD, script="awkward")
    return cluster


@pytest.fixture
def redoubt(directory, source, repository):
    """Objects are stored as they are."""
    made = Redoubt(directory / "redoubt", source, repository, encryption="off")
    made.init()
    return made


@pytest.fixture
def scratch(source):
    """A database of the test's own."""
    source.sql("create database scratch")
    yield source
    source.sql("drop database scratch with (force)")


def check_loads(source, redoubt, dump, directory):
    """The system's tools make of it what was dumped."""
    directory.mkdir()
    try:
        dumping.load(source, redoubt, dump, "copy", directory)
        assert dumping.picture(source, "copy") == dumping.picture(source, dump["database"])
    finally:
        source.sql("drop database if exists copy with (force)")


def only_files(test):
    return pytest.mark.parametrize("repository", ["file"], indirect=True)(test)


# What is stored

@pytest.mark.parametrize("database", ["shop", ODD])
def test_a_custom_dump_is_what_zstd_and_pg_restore_expect(source, redoubt, directory, database):
    dump = dumping.run(redoubt, database)

    check_loads(source, redoubt, dump, directory / "copy")


@only_files
@pytest.mark.parametrize("compression", ["zstd", "gzip"])
@pytest.mark.parametrize("form", ["custom", "plain", "directory"])
def test_every_format_is_what_the_systems_tools_expect(source, redoubt, directory, form,
                                                       compression):
    for database in ("shop", ODD):
        dump = dumping.run(redoubt, database, "--format", form, "--compression", compression)

        assert (dump["format"], dump["compression"]) == (form, compression)
        check_loads(source, redoubt, dump, directory / f"copy of {database}")


def test_what_is_reported_is_what_is_stored(source, redoubt, directory):
    dump = dumping.run(redoubt, "--format", "plain", "shop")
    stored = dumping.download(redoubt, dump, directory)
    raw = subprocess.run(["zstd", "-dcq", stored], capture_output=True, check=True).stdout

    assert dump["stored_bytes"] == stored.stat().st_size
    assert dump["raw_bytes"] == len(raw)
    assert dump["sha256"] == hashlib.sha256(raw).hexdigest()
    [listed] = redoubt.json("list")["dumps"]
    assert {name: listed[name] for name in dump} == dump


def test_an_encrypted_dump_shows_nothing_and_comes_back(directory, source, repository):
    redoubt = Redoubt(directory / "redoubt", source, repository)
    redoubt.init()
    dump = dumping.run(redoubt, "--format", "plain", "shop")

    for key in redoubt.repository.keys("main/dumps/"):
        stored = redoubt.repository.read(key)
        assert b"organisations" not in stored and not stored.startswith(b"\x28\xb5\x2f\xfd")
    redoubt.run("restore-dump", "shop", "--to-file", directory / "back.sql")
    assert hashlib.sha256((directory / "back.sql").read_bytes()).hexdigest() == dump["sha256"]


def test_nothing_is_written_to_a_disk_on_the_way(source, redoubt, directory):
    temporary = directory / "temporary"
    temporary.mkdir()
    redoubt.environment["TMPDIR"] = str(temporary)
    redoubt.configure(spool=str(directory / "spool"))
    sleeper = Sleeper(redoubt, DATA_WRITTEN, "dump", "shop")

    assert list(temporary.iterdir()) == [] and not (directory / "spool").exists()
    assert sleeper.wake() == 0


# What its document says

def test_the_document_says_what_the_dump_is(source, redoubt):
    dump = dumping.run(redoubt, "shop")
    document = dumping.document(redoubt, dump)

    assert document["dump"] == dump
    assert document["tool"] == process.run([source.bin / "pg_dump", "--version"]).out.strip()
    assert document["server"] == source.value("select version()")
    assert dump["server_version"] == int(source.value("show server_version_num"))
    assert str(dump["system_identifier"]) == source.system_identifier()
    assert document["roles"] == ["postgres", "shop_owner", "shop_reader"]
    assert document["extensions"] == ["pg_trgm"]
    assert document["arguments"] == ["--format=custom", "--compress=0"]
    assert (document["encoding"], document["collate"], document["locale_provider"]) == (
        "UTF8", "C.UTF-8", "libc")
    assert document["last_words"] == ""
    lsn = [int(part, 16) for part in dump["lsn"].split("/")]
    assert lsn <= [int(part, 16) for part in source.lsn().split("/")]


def test_the_document_has_every_table_and_about_its_rows(source, redoubt):
    found = dumping.rows(redoubt, dumping.run(redoubt, "shop"))

    expected = {name: int(rows) for name, rows in source.sql(
        "select oid::regclass, reltuples::bigint from pg_class"
        " where relnamespace = 'shop'::regnamespace and relkind in ('r', 'p')", "shop")}
    assert found == expected
    assert found["shop.tasks"] == 5000


@only_files
def test_odd_names_are_in_the_document_as_they_are(source, redoubt):
    dump = dumping.run(redoubt, ODD)

    assert dump["id"].startswith("%C3%9Cn%C3%AF%20%25%22x%22%3B%20/backup-")
    assert set(dumping.document(redoubt, dump)["roles"]) == {
        "postgres", "Märta \"O'Hara\"", "awkward reader"}
    assert {'Mixed Case.Table With "Quotes"', "схема.таблица", "drop table; --.a.b"} <= set(
        dumping.rows(redoubt, dump))


@only_files
def test_rows_that_checks_compare_are_counted_in_the_dumps_own_snapshot(scratch, redoubt,
                                                                        directory):
    scratch.sql("create table t as select i from generate_series(1, 1234) i; analyze t;"
                "create table \"T\" as select 1 as i;", "scratch")
    redoubt.configure(checks={"tables": [{"name": "t", "rows": {"change": "10%"}},
                                         {"name": "\"T\"", "rows": {"min": 1}}]})
    sleeper = Sleeper(redoubt, NAME_RESERVED, "dump", "scratch")
    scratch.sql("insert into t select 0 from generate_series(1, 5000); delete from t where i > 0;"
                "insert into \"T\" select 2; analyze", "scratch")
    assert sleeper.wake() == 0, sleeper.said()

    [dump] = redoubt.json("list")["dumps"]
    assert dumping.rows(redoubt, dump, counted=True) == {"public.t": 1234}
    (directory / "loaded").mkdir()
    dumping.load(scratch, redoubt, dump, "copy", directory / "loaded")
    assert scratch.sql("select count(*), sum(i) from t", "copy") == [
        ("1234", str(1234 * 1235 // 2))]
    scratch.sql("drop database copy")


def test_the_globals_beside_it_make_the_roles(source, redoubt, directory):
    dump = dumping.run(redoubt, "shop")
    (directory / "globals").write_bytes(
        redoubt.repository.read(dumping.key(redoubt, dump, "globals.sql.zst")))
    sql = process.run(["zstd", "-dcq", directory / "globals"]).out

    assert "CREATE ROLE shop_owner;" in sql and "CREATE ROLE \"Märta \"\"O'Hara\"\"\";" in sql


def test_without_the_right_to_read_passwords_they_are_left_out(directory, scratch,
                                                               file_repository):
    source = scratch
    source.sql("create role modest login password 'secret'")
    try:
        redoubt = Redoubt(directory / "redoubt", source, file_repository, encryption="off")
        redoubt.init()
        redoubt.configure(postgres={
            "connection": source.conninfo.replace("user=postgres", "user=modest")})
        result = redoubt.run("dump", "scratch")
        assert "without the roles' passwords" in result.err
        [dump] = redoubt.json("list")["dumps"]
        (directory / "globals").write_bytes(
            file_repository.read(dumping.key(redoubt, dump, "globals.sql.zst")))
        sql = process.run(["zstd", "-dcq", directory / "globals"]).out
        assert "CREATE ROLE modest;" in sql and "PASSWORD" not in sql
    finally:
        source.sql("drop role modest")


@only_files
def test_a_standby_can_be_dumped(source, redoubt, directory, adopt):
    standby = adopt(source.standby(directory / "standby")).start()
    standby.caught_up_with(source)
    redoubt.configure(postgres={"connection": standby.conninfo,
                                "data_directory": str(standby.data)})

    for database in ("shop", ODD):
        dump = dumping.run(redoubt, database)
        listed = process.run(["bash", "-o", "pipefail", "-c",
                              f"zstd -dcq | '{source.bin}/pg_restore' -f - | wc -c"],
                             input=redoubt.repository.read(dumping.key(redoubt, dump)))
        assert int(listed.out) > 10000
        assert dump["lsn"] == standby.lsn()
    assert dumping.rows(redoubt, dump, counted=True) == {"drop table; --.fleeting": 0}
    standby.stop()


# Names

@only_files
def test_dumps_of_the_same_second_have_names_of_their_own(source, redoubt):
    sleepers = [Sleeper(redoubt, "dump: before its name is reserved", "dump", ODD)
                for _ in range(3)]
    for sleeper in sleepers:
        os.kill(sleeper.child.pid, signal.SIGCONT)
    assert [sleeper.wake() for sleeper in sleepers] == [0, 0, 0]

    dumps = redoubt.json("list")["dumps"]
    assert len({d["id"] for d in dumps}) == 3
    for dump in dumps:
        assert len(redoubt.repository.keys(f"main/dumps/{dump['id']}")) == 3


# What is configured

def configure(redoubt, **dump):
    redoubt.configure(dumps=[{"database": "shop", **dump}])


def tables_with_rows(source, redoubt, dump, directory):
    """The tables whose rows are in it, as pg_restore lists them."""
    process.run(["zstd", "-dq", dumping.download(redoubt, dump, directory), "-o",
                 directory / "archive"])
    out = process.run([source.bin / "pg_restore", "-l", directory / "archive"]).out
    return {f"{schema}.{table}" for schema, table in re.findall(r"TABLE DATA (\S+) (\S+) ", out)}


@only_files
@pytest.mark.parametrize("selection, inside", [
    ({"tables": ["shop.users", "shop.\"labels\"", "SHOP.Activity_2026_0?"]},
     lambda t: t in ("shop.users", "shop.labels") or t.startswith("shop.activity_2026_0")),
    ({"exclude_tables": ["shop.activity*", "shop.task_labels"]},
     lambda t: not t.startswith("shop.activity") and t != "shop.task_labels"),
    ({"schemas": ["s?op"], "exclude_table_data": ["shop.comments"]},
     lambda t: t != "shop.comments"),
    ({"exclude_schemas": ["shop"]}, lambda t: False),
])
def test_only_what_is_selected_is_in_the_dump_and_its_document(source, redoubt, directory,
                                                               selection, inside):
    configure(redoubt, **selection)
    dump = dumping.run(redoubt)
    ordinary = {name for name, in source.sql(
        "select oid::regclass from pg_class where relnamespace = 'shop'::regnamespace"
        " and relkind = 'r'", "shop")}
    rows = dumping.rows(redoubt, dump)

    assert tables_with_rows(source, redoubt, dump, directory) == {t for t in ordinary if inside(t)}
    assert {t for t in rows if t in ordinary and rows[t] != 0} == {
        t for t in ordinary if inside(t) and rows.get(t) != 0}
    assert {t for t in ordinary if inside(t)} <= set(rows)


@only_files
def test_a_selected_table_that_is_not_there_is_a_failure(source, redoubt):
    configure(redoubt, tables=["shop.users", "shop.gone"])

    result = redoubt.run("dump", code=EXIT_FAILURE)

    assert "no matching tables were found for pattern" in result.err and "gone" in result.err


@only_files
def test_several_jobs_make_one_object(source, redoubt, directory):
    configure(redoubt, jobs=3)
    redoubt.configure(spool=str(directory / "spool"))
    dump = dumping.run(redoubt)

    assert dump["format"] == "directory"
    check_loads(source, redoubt, dump, directory / "copy")
    assert list((directory / "spool").glob("*/*")) == []


@only_files
def test_allowed_arguments_reach_pg_dump(source, redoubt):
    configure(redoubt, arguments=["--no-comments", "--rows-per-insert=100"], format="plain")
    dump = dumping.run(redoubt)
    sql = process.run(["zstd", "-dcq"], input=redoubt.repository.read(
        dumping.key(redoubt, dump))).out

    assert "COMMENT ON" not in sql and "INSERT INTO shop.tasks" in sql
    assert dumping.document(redoubt, dump)["arguments"][-2:] == ["--no-comments",
                                                                 "--rows-per-insert=100"]


@only_files
@pytest.mark.parametrize("section, says", [
    ({"arguments": ["--file=/etc/passwd"]}, "not among the options"),
    ({"arguments": ["--no-owner=x"]}, "takes no value"),
    ({"arguments": ["--rows-per-insert"]}, "needs a value"),
    ({"jobs": 2, "format": "custom"}, "format: directory"),
    ({"tables": ["a.b.c"]}, "more than two parts"),
    ({"tables": ["\"open"]}, "a quote is missing"),
    ({"schemas": ["a.b"]}, "a schema has no second part"),
    ({"schemas": ["a"], "tables": ["b"]}, "do not go together"),
    ({"format": "tar"}, "must be one of custom, plain, directory"),
    ({"colour": "red"}, "unknown key \"colour\""),
])
def test_a_wrong_section_is_refused_with_its_place(redoubt, section, says):
    configure(redoubt, **section)

    result = redoubt.run("dump", code=EXIT_USAGE)

    assert says in result.err and re.search(r"redoubt\.yaml:\d+:\d+: ", result.err)


@only_files
def test_without_arguments_all_that_is_configured_is_dumped(source, redoubt):
    redoubt.configure(dumps=[{"database": ODD, "format": "plain"}, {"database": "shop"}])

    report = redoubt.json("dump")

    assert [(d["database"], d["format"]) for d in report["dumps"]] == [(ODD, "plain"),
                                                                       ("shop", "custom")]


@only_files
def test_without_any_configuration_the_connections_own_database_is_dumped(source, redoubt):
    redoubt.configure(postgres={"connection": source.conninfo + " dbname=shop"})

    assert dumping.run(redoubt)["database"] == "shop"
    assert 'only the connection\'s own database "shop" is dumped' in redoubt.run("dump").err


# Failures

def failures(redoubt):
    return [e["dump-failed"] for e in dumping.entries(redoubt) if "dump-failed" in e]


def check_failed(redoubt, *texts):
    """Nothing of it is a dump; the log says that it was tried, and why not."""
    assert redoubt.json("list")["dumps"] == []
    assert [k for k in redoubt.repository.keys("main/dumps/") if not k.endswith(".sql.zst")] == []
    failure = failures(redoubt)[-1]
    for text in texts:
        assert text in str(failure), failure
    if redoubt.repository.kind == "file":
        tmp = redoubt.repository.path / "tmp"
        assert not tmp.exists() or list(tmp.iterdir()) == []


def test_a_database_that_is_not_there(source, redoubt):
    result = redoubt.run("dump", "nowhere", code=EXIT_USAGE)

    assert 'database "nowhere" does not exist' in result.err
    check_failed(redoubt, "nowhere", "does not exist")


@pytest.fixture
def modest(source):
    """The connection string of a role that may read one table of two, of many."""
    source.sql("create database guarded; create role reader login")
    source.sql("create table open (i int); grant select on open to reader;"
               "create table hidden_from_us (i int);"
               "select format('create table %I (i int)', 'also_open_' || repeat('x', 40) || i)"
               "  from generate_series(1, 100) i \\gexec\n"
               "select format('grant select on %I to reader', relname) from pg_class"
               "  where relname like 'also%' \\gexec", "guarded")
    yield source.conninfo.replace("user=postgres", "user=reader")
    source.sql("drop database guarded with (force)")
    source.sql("drop role reader")


def test_a_table_that_may_not_be_read_is_named(source, redoubt, modest):
    redoubt.configure(postgres={"connection": modest})

    result = redoubt.run("dump", "guarded", code=EXIT_FAILURE)

    assert "permission denied for table hidden_from_us" in result.err
    check_failed(redoubt, "permission denied for table hidden_from_us")


def fake_pg_dump(directory, body):
    """A directory of programs whose pg_dump is this script."""
    programs = directory / "programs"
    programs.mkdir()
    for name in ("pg_dumpall", "pg_restore", "psql"):
        (programs / name).symlink_to(bindir() / name)
    (programs / "pg_dump").write_text("#!/bin/sh\n" + body)
    (programs / "pg_dump").chmod(0o755)
    return {"bin_directory": str(programs)}


@only_files
@pytest.mark.parametrize("other", [-1, 1])
def test_a_pg_dump_of_another_version_is_refused_before_anything_is_stored(redoubt, directory,
                                                                          other):
    version = major() + other
    redoubt.configure(postgres=fake_pg_dump(
        directory, f"echo 'pg_dump (PostgreSQL) {version}.3'\n"))

    result = redoubt.run("dump", "shop", code=EXIT_REFUSED)

    assert f"the server is PostgreSQL {major()}" in result.err
    assert f"is of version {version}" in result.err and "bin_directory" in result.err
    assert redoubt.repository.keys("main/dumps/") == []


@only_files
def test_a_pg_dump_that_writes_nothing_is_a_failure(redoubt, directory):
    redoubt.configure(postgres=fake_pg_dump(
        directory, f"[ \"$1\" != --version ] || echo 'pg_dump (PostgreSQL) {major()}.1'\n"))

    result = redoubt.run("dump", "shop", code=EXIT_FAILURE)

    assert "pg_dump wrote nothing" in result.err
    check_failed(redoubt, "wrote nothing")


@only_files
def test_programs_that_are_not_there_are_named(redoubt, directory):
    redoubt.configure(postgres={"bin_directory": str(directory / "nowhere")})

    result = redoubt.run("dump", "shop", code=None)

    assert result.code not in (0, None) and str(directory / "nowhere/pg_dump") in result.err


def children(pid, program):
    found = process.run(["pgrep", "-P", str(pid), "-x", program], check=False).out.split()
    return [int(child) for child in found]


@pytest.fixture
def large(source):
    """A database whose dump takes seconds."""
    source.sql("create database large")
    source.sql("create table ballast as select i, repeat(md5(i::text), 30) as t"
               " from generate_series(1, 250000) i", "large")
    yield source
    source.sql("drop database large with (force)")


def in_the_middle(source, redoubt, *arguments):
    """A dump whose pg_dump is writing rows; redoubt's process and pg_dump's."""
    child = redoubt.start("dump", *arguments, "large")
    wait_until(lambda: source.value("select count(*) from pg_stat_progress_copy"
                                    " where tuples_processed > 1000") == "1", 60,
               "pg_dump to write rows")
    return child, children(child.pid, "pg_dump")


def test_a_pg_dump_that_is_killed_is_a_failure(large, redoubt):
    child, pids = in_the_middle(large, redoubt)
    for pid in pids:
        os.kill(pid, signal.SIGKILL)

    assert pids != [] and child.wait(timeout=60) == EXIT_FAILURE
    assert "was ended by signal 9" in (redoubt.home / "dump.log").read_text()
    check_failed(redoubt, "ended by signal 9")
    if redoubt.repository.kind == "s3":
        uploads = redoubt.repository.client.uploads(redoubt.repository.bucket)
        assert uploads == []


@only_files
def test_a_server_that_goes_away_is_a_failure(large, redoubt):
    child, _ = in_the_middle(large, redoubt)
    large.sql("select pg_terminate_backend(pid) from pg_stat_progress_copy")

    assert child.wait(timeout=60) == EXIT_FAILURE
    check_failed(redoubt, "Dumping the contents of table", "ballast")


@only_files
def test_a_dump_that_is_asked_to_stop_ends_pg_dump_and_commits_nothing(large, redoubt):
    child, pids = in_the_middle(large, redoubt)
    os.kill(child.pid, signal.SIGTERM)

    assert child.wait(timeout=60) == EXIT_FAILURE
    assert [pid for pid in pids if process.is_alive(pid)] == []
    check_failed(redoubt, "stopped by a signal")


@only_files
def test_a_full_spool_is_a_failure_and_is_emptied(source, redoubt, directory):
    """A file size limit stands for the full disk: both are a write that fails."""
    redoubt.configure(spool=str(directory / "spool"))
    limited = process.run(["sh", "-c", "trap '' XFSZ; ulimit -f 400; exec \"$@\"", "sh",
                           *redoubt.argv("dump", "--format", "directory", "shop")], check=False)

    assert limited.code == EXIT_FAILURE and "File too large" in limited.err
    check_failed(redoubt, "File too large")
    assert list((directory / "spool").glob("*/*")) == []


@only_files
def test_one_that_fails_does_not_keep_the_others_from_being_dumped(source, redoubt):
    report = redoubt.json("dump", "shop", "nowhere", ODD, code=EXIT_USAGE)

    assert [d["database"] for d in report["dumps"]] == ["shop", ODD]
    assert [f["database"] for f in report["failures"]] == ["nowhere"]
    assert len(redoubt.json("list")["dumps"]) == 2 and len(failures(redoubt)) == 1


@only_files
def test_another_clusters_dumps_are_refused(directory, source, redoubt, new_cluster):
    other = new_cluster("other", fresh=True)
    other.start()
    redoubt.configure(postgres={"connection": other.conninfo})

    result = redoubt.run("dump", "postgres", code=EXIT_REFUSED)

    assert "system identifier" in result.err and "redoubt lineage add" in result.err
    assert redoubt.repository.keys("main/dumps/") == []


# Sizes

@only_files
def test_a_size_far_from_the_usual_is_flagged_until_it_is_accepted(scratch, redoubt):
    def rows(count):
        scratch.sql(f"truncate t; insert into t select repeat(md5(i::text), 10)"
                    f" from generate_series(1, {count}) i", "scratch")

    def dump(*options, code=0):
        report = redoubt.json("dump", "scratch", *options, code=code)
        return report["dumps"][0]["suspicious"]

    scratch.sql("create table t (t text)", "scratch")
    rows(1000)
    assert not dump()
    rows(600)
    assert not dump()
    rows(200)
    assert dump(code=EXIT_DAMAGE)
    result = redoubt.run("dump", "scratch", code=EXIT_DAMAGE)
    assert "suspiciously small" in result.err and "--accept-size" in result.err
    assert not dump("--accept-size")
    assert not dump()
    rows(10000)
    assert dump(code=EXIT_DAMAGE)
    assert [d["suspicious"] for d in redoubt.json("list")["dumps"]] == [
        False, False, True, True, False, False, True]


# Memory

def peak_memory_mib(redoubt, database):
    sleeper = Sleeper(redoubt, DATA_WRITTEN, "dump", database)
    peak = sleeper.peak_memory_kib() / 1024
    assert sleeper.wake() == 0
    return peak


def test_memory_does_not_grow_with_the_database(source, redoubt):
    """Text that does not compress, so that much is uploaded too."""
    for name, rows in (("small", 12000), ("tenfold", 120000)):
        source.sql(f"create database {name}")
        source.sql("create table t as select i, (select string_agg(md5(i::text || j::text), '')"
                   f" from generate_series(1, 80) j) as t from generate_series(1, {rows}) i", name)
    try:
        small = peak_memory_mib(redoubt, "small")
        tenfold = peak_memory_mib(redoubt, "tenfold")
        sizes = [d["raw_bytes"] for d in redoubt.json("list")["dumps"]]
    finally:
        source.sql("drop database small")
        source.sql("drop database tenfold")

    assert sizes[1] > 9 * sizes[0] > 9 * 25 * 2**20
    # A part of an S3 upload is 32 MiB, and a small dump does not fill one.
    assert tenfold < small + 40
