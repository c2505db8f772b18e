# SPDX-License-Identifier: PostgreSQL
"""A swap while many work on the database: whatever a client was told is committed is
there, in the database that it was told of, and nobody ever sees anything between the
old state and the new one."""

import itertools
import re
import threading
from pathlib import Path

import pytest

from support import process
from support.libpq import Failure, Session
from support.process import wait_until
from support.swapping import Swapping

RUNBOOK = Path(__file__).resolve().parents[2] / "runbooks/swap-a-restored-database.md"

# As in the runbook.
SHOP = "shop"
ASIDE = "shop_before_20261121_031500"
RESTORED = "shop_restore_20261121_030000"
TIME = "2026-11-21T03:15:00Z"

WRITERS = 3
VISITORS = 2
ENOUGH = 30

# How a session or an attempt to have one may end because of a swap.
ENDINGS = ("terminating connection due to administrator command",
           "just been dropped or renamed", "server closed the connection unexpectedly")


class Client(threading.Thread):
    """Comes again and again, whatever happens, and remembers what it was told."""

    def __init__(self, swapping, number):
        super().__init__(daemon=True)
        self.conninfo = swapping.conninfo(database="shop")
        self.number = number
        self.told = []     # (number of the row, or 0; the content that was seen)
        self.failures = []
        self.enough = threading.Event()

    def run(self):
        while not self.enough.is_set():
            try:
                with Session(self.conninfo) as session:
                    self.work(session)
            except Failure as failure:
                self.failures.append(failure.message)

    def seen(self, content):
        return sum(1 for _, what in list(self.told) if what == content)


class Writer(Client):
    """Stays as long as it can, and commits row after row."""

    row = 0

    def work(self, session):
        while not self.enough.is_set():
            self.row += 1
            content = session.value(f"insert into told values ({self.number}, {self.row}) "
                                    "returning (select content from which)")
            self.told.append((self.row, content))


class Visitor(Client):
    """Has a new session for each look."""

    def work(self, session):
        self.told.append((0, session.value("select content from which")))


class Observer(Client):
    """Looks at the catalog: how many databases have the name?"""

    def __init__(self, swapping):
        super().__init__(swapping, 0)
        self.conninfo = swapping.conninfo()

    def work(self, session):
        while not self.enough.is_set():
            self.told.append((0, session.value("select count(*) from pg_database "
                                               "where datname = 'shop'")))


class Crowd:
    """Two databases of which one is worked on, and everybody who does."""

    def __init__(self, cluster):
        self.cluster = cluster
        self.swapping = Swapping(cluster.start())
        self.swapping.make_pair(SHOP, RESTORED)
        for database in (SHOP, RESTORED):
            cluster.sql("create table told (who int, n int, primary key (who, n))", database)
            cluster.tool("pgbench", "-i", "-q", "-s", "1", database=database)
        self.writers = [Writer(self.swapping, number) for number in range(1, WRITERS + 1)]
        self.clients = self.writers + [Visitor(self.swapping, 0) for _ in range(VISITORS)]
        self.observer = Observer(self.swapping)

    def begin(self):
        bench = process.start([self.cluster.bin / "pgbench", "-n", "-c", "2", "-T", "3600"],
                              env=self.cluster.env(SHOP), log=self.cluster.home / "pgbench.log")
        for client in [*self.clients, self.observer]:
            client.start()
        self.wait_for("old")
        wait_until(lambda: self.cluster.value("select count(*) >= 10 from pgbench_history", SHOP)
                   == "t", 60, "pgbench to work")
        return bench

    def wait_for(self, content):
        """Wait until all of them have worked, from now on, on the database of this content."""
        before = {client: client.seen(content) for client in self.clients}
        wait_until(lambda: all(c.seen(content) >= before[c] + ENOUGH for c in self.clients), 60,
                   f"work on the {content} database")

    def leave(self):
        for client in [*self.clients, self.observer]:
            client.enough.set()

    def end(self):
        self.leave()
        for client in [*self.clients, self.observer]:
            client.join(timeout=60)
            assert not client.is_alive()

    def check_sight(self, *contents):
        """They saw these databases, one after the other, and one of the name all the time."""
        assert {count for _, count in self.observer.told} == {"1"}
        for client in self.clients:
            seen = [content for content, _ in itertools.groupby(c for _, c in client.told)]
            assert seen == list(contents)
            strange = [f for f in client.failures if not any(e in f for e in ENDINGS)]
            assert strange == []

    def check_rows(self, databases):
        """Each row is where its writer was told that it is; no others but those cut off."""
        for writer in self.writers:
            for content, database in databases.items():
                told = {row for row, what in writer.told if what == content}
                there = self.rows(database, writer)
                assert told <= there
                assert len(there - told) <= len(writer.failures)

    def rows(self, database, writer):
        return {int(n) for n, in self.cluster.sql(
            f"select n from told where who = {writer.number}", database)}


@pytest.fixture
def crowd(cluster):
    made = Crowd(cluster)
    yield made
    made.leave()


def test_nothing_that_was_committed_is_lost_and_nothing_between_is_seen(crowd):
    bench = crowd.begin()

    assert crowd.swapping.run(SHOP, RESTORED, TIME) == ASIDE

    crowd.wait_for("new")
    crowd.end()
    assert bench.wait(timeout=60) != 0
    crowd.check_sight("old", "new")
    crowd.check_rows({"old": ASIDE, "new": SHOP})
    assert crowd.cluster.value("select (select sum(delta) from pgbench_history) = "
                               "(select sum(abalance) from pgbench_accounts)", ASIDE) == "t"


def test_the_runbook_leads_back_while_all_work(crowd):
    page = RUNBOOK.read_text().replace("{{database}}", SHOP)
    page = page.replace("{{restored_database}}", RESTORED).replace("{{old_database}}", ASIDE)
    back = page[page.index("Terminal 1"):]
    ending, renaming = re.findall(r"<<'SQL'\n(.*?)^SQL$", back, re.M | re.S)
    crowd.begin()
    crowd.swapping.run(SHOP, RESTORED, TIME)
    crowd.wait_for("new")

    script = crowd.cluster.home / "terminal.sql"
    script.write_text(ending)
    terminal = process.start([crowd.cluster.bin / "psql", "-X", "-f", script],
                             env=crowd.cluster.env(), log=crowd.cluster.home / "terminal.log")
    crowd.cluster.sql(renaming)
    terminal.terminate()
    terminal.wait(timeout=30)

    crowd.wait_for("old")
    crowd.end()
    crowd.check_sight("old", "new", "old")
    crowd.check_rows({"old": SHOP, "new": RESTORED})
    assert crowd.swapping.names() == {SHOP, RESTORED}
