# SPDX-License-Identifier: PostgreSQL
"""runbooks/overloaded.md, for a queue behind a lock, for clients that take all
connections, and for a statement that never ends."""

import re

import pytest

from support import process, runbook
from support.libpq import Failure, Session
from support.process import wait_until

PAGE = "overloaded"
SURE, DO, VERIFY = "How to be sure", "What to do", "How to verify"
LOCK, MANY, NEVER, JOBS = ("Somebody is in the way, or one statement is too much",
                           "Too many connections", "Statements that never end",
                           "Dumps, backups and drills at the wrong time")


@pytest.fixture
def cluster(new_cluster):
    return new_cluster(settings={"max_connections": "20"})


@pytest.fixture
def repository(file_repository):
    return file_repository


@pytest.fixture
def reader(archiving, redoubt, directory):
    archiving.sql("create table t as select 1 i; create role app login; "
                  "grant all on t to app")
    return runbook.Reader(redoubt, PAGE, database="postgres", table="public.t", role="app",
                          pid="0", age="0s", limit="300ms", connections="2",
                          directory=directory / "kept")


def app(cluster):
    return Session(f"host={cluster.socket} port=5432 user=app dbname=postgres")


def in_background(cluster, statement, directory):
    return process.start([cluster.bin / "psql", "-X", "-c", statement], env=cluster.env(),
                         log=directory / "client.log")


def waiting(cluster):
    return int(cluster.value("select count(*) from pg_stat_activity "
                             "where wait_event_type = 'Lock'"))


def look(reader):
    reader.run(SURE, 1)
    return reader.run(SURE, 2).out


def test_who_holds_up_the_queue_is_found_and_ended(reader, archiving, directory):
    forgetful = app(archiving)
    forgetful.value("begin")
    forgetful.value("update t set i = 2")
    queue = []
    for number, statement in enumerate(["alter table t add column j int", "select * from t",
                                        "select * from t"], 1):
        queue.append(in_background(archiving, statement, directory))
        wait_until(lambda wanted=number: waiting(archiving) == wanted, 30, "the queue")

    assert "idle in transaction" in look(reader)
    first = re.search(r"^ +3 \| +(\d+) \| app", reader.run(SURE, 3).out, re.M)
    reader.run(DO, 1)
    assert len(list((directory / "kept").glob("*.csv"))) == 2
    reader.know(pid=first[1])
    reader.run(DO, 1, under=LOCK)
    assert waiting(archiving) == 3
    assert reader.run(DO, 2, under=LOCK).out == "t\n"

    for client in queue:
        assert client.wait(timeout=30) == 0
    assert re.search(r"\| 20 +\| +0 \|", reader.run(VERIFY, 1).out)
    assert archiving.value("select i from t") == "1"
    reader.run(VERIFY, 2)
    forgetful.close()


def test_a_role_that_took_all_connections_is_bounded(reader, archiving):
    sessions = []
    with pytest.raises(Failure, match="remaining connection slots are reserved|too many clients"):
        while True:
            sessions.append(app(archiving))

    assert re.search(r"app +\|.*\| idle +\|.*\| +1\d \|", look(reader))
    reader.run(DO, 2, under=MANY)
    ended = int(reader.run(DO, 1, under=MANY).out)
    assert ended >= len(sessions)
    wait_until(lambda: archiving.value("select count(*) from pg_stat_activity "
                                       "where usename = 'app'") == "0", 30, "their end")
    for session in sessions:
        session.close()
    kept = [app(archiving), app(archiving)]
    with pytest.raises(Failure, match="too many connections for role"):
        app(archiving)

    reader.run(VERIFY, 1)
    reader.run(VERIFY, 3)
    kept.append(app(archiving))
    for session in kept:
        session.close()


def test_a_statement_that_never_ends_is_cancelled_and_then_bounded(reader, archiving, directory):
    log = directory / "client.log"
    endless = in_background(archiving, "select pg_sleep(3600)", directory)
    wait_until(lambda: archiving.value("select count(*) from pg_stat_activity where query like "
                                       "'select pg_sleep%'") == "1", 30, "the statement")

    found = re.search(r"^ +(\d+) \|.*pg_sleep", reader.run(SURE, 4).out, re.M)
    reader.know(pid=found[1])
    reader.run(DO, 1, under=LOCK)
    assert endless.wait(timeout=30) == 1
    assert "canceling statement due to user request" in log.read_text()
    reader.run(DO, 1, under=NEVER)
    with app(archiving) as session, pytest.raises(Failure, match="statement timeout"):
        session.value("select pg_sleep(60)")
    assert "public.t" in reader.run(DO, 2, under=NEVER).err
    reader.run(DO, 1, under=JOBS)
    assert reader.asked_of_systemd() == ["stop " + " ".join(
        f"redoubt-{job}@redoubt.service"
        for job in ("backup", "dump", "verify", "drill", "drill-random"))]
    reader.run(VERIFY, 3)
    assert archiving.value("select rolconfig is null from pg_roles where rolname = 'app'") == "t"


def test_every_block_was_run():
    runbook.assert_every_block_was_run(PAGE)
