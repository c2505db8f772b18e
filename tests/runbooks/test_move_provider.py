# SPDX-License-Identifier: PostgreSQL
"""runbooks/move-provider.md: from a directory to a bucket and the other way, while the server
writes."""

import pytest

from conftest import restore_copy
from support import compare, runbook
from support.redoubt import Redoubt

PAGE = "move-provider"
SURE, DO, VERIFY = "How to be sure", "What to do", "How to verify"
COPY, PROVE, SWITCH, GIVE_UP = "Make the copy", "Prove it", "Switch", "Give the old one up"


class Move:
    """A server, the repository that it has, and the place that it is to have."""

    def __init__(self, directory, server, redoubt, new):
        self.server = server
        self.redoubt = redoubt
        self.old = redoubt.repository
        self.new = new
        redoubt.environment.update(new.environment)
        server.sql("create database shop")
        server.sql("create table orders as select generate_series(1, 100) id", database="shop")
        redoubt.backup()
        redoubt.run("dump", "shop")
        self.reader = runbook.Reader(redoubt, PAGE, directory=directory / "look", database="shop",
                                     table="orders")

    def write(self):
        self.server.sql("insert into orders select max(id) + generate_series(1, 100) from orders",
                        database="shop")
        segment = self.server.switch_wal()
        self.server.archived(segment)
        return segment

    def use(self, repository, name, further, required):
        self.redoubt.configure(repository=None, repositories=None)
        self.redoubt.configure(repository=repository.configuration(), repositories={
            name: {**further.configuration(), "required": required}} if name else None)

    def both_have(self, segment):
        return all(any(key.endswith("/" + segment) for key in repository.keys())
                   for repository in (self.old, self.new))


@pytest.fixture(params=["from file to s3", "from s3 to file"])
def move(request, directory, cluster, file_repository, s3_repository):
    """The server archives with the credentials of both from the beginning."""
    places = [file_repository, s3_repository]
    old, new = places if request.param == "from file to s3" else reversed(places)
    redoubt = Redoubt(directory / "redoubt", cluster, old)
    redoubt.environment.update(s3_repository.environment)
    redoubt.archive_from(cluster)
    cluster.start()
    redoubt.init()
    return Move(directory, cluster, redoubt, new)


def make_the_copy(move):
    move.reader.run(SURE, 1)
    move.reader.run(SURE, 2)
    move.use(move.old, "new", move.new, required=False)
    move.reader.run(DO, 1, under=COPY)
    move.write()
    assert "new: complete" in move.reader.run(DO, 2, under=COPY).out
    move.use(move.old, "new", move.new, required=True)
    move.reader.run(DO, 3, under=COPY)
    assert move.both_have(move.write())


def switch(move):
    move.reader.run(DO, 1, under=SWITCH)
    move.reader.run(DO, 2, under=SWITCH)
    move.use(move.new, "former", move.old, required=True)
    move.reader.run(DO, 3, under=SWITCH)
    move.reader.run(DO, 4, under=SWITCH)
    timers, services, started = move.reader.asked_of_systemd()
    assert services == timers.replace(".timer", ".service")
    assert started == timers.replace("stop", "start")
    assert "redoubt-drill@redoubt.timer redoubt-drill-random@redoubt.timer" in timers


def test_the_new_place_has_everything_and_the_old_one_can_go(move, directory, adopt):
    make_the_copy(move)
    rows = move.server.value("select count(*) from orders", database="shop")
    assert f" {rows}\n" in move.reader.run(DO, 1, under=PROVE).out
    switch(move)
    assert move.both_have(move.write())
    assert "former: complete" in move.reader.run(VERIFY).out
    move.use(move.new, None, None, None)
    move.reader.run(DO, 1, under=GIVE_UP)

    for key in move.old.keys():
        move.old.delete(key)
    move.write()

    known = move.redoubt.json("list")
    assert len(known["backups"]) == 2 and len(known["dumps"]) == 1
    wanted = compare.picture(move.server)
    for name, backup in (("newest", known["backups"][1]), ("oldest", known["backups"][0])):
        copy = restore_copy(move.redoubt, directory / name, adopt, "--backup", backup["id"],
                            "--target-action", "promote")
        compare.assert_equal(wanted, compare.picture(copy))


def test_every_block_was_run():
    runbook.assert_every_block_was_run(PAGE)
