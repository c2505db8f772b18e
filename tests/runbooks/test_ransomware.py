# SPDX-License-Identifier: PostgreSQL
"""runbooks/ransomware.md: the server, its credentials and its data are somebody else's, and
all is brought back on a clean host."""

import json
import os
import shutil

import pytest

from conftest import restore_copy
from support import compare, runbook, s3
from support.cluster import Cluster
from support.process import wait_until
from support.redoubt import Redoubt
from support.repository import FileRepository

PAGE = "ransomware"
SURE, DO, VERIFY = "How to be sure", "What to do", "How to verify"
STOP, WHOLE, MOMENT, LOOK, RESTORE, NEW = (
    "Stop him", "What is still whole", "Choose the moment", "Look at it", "Restore it",
    "A new key, new credentials, a new repository")

EXIT_DAMAGE = 5

HIS_LIBRARY = "shared_preload_libraries = 'mallory'"  # with it no server starts: there is none

READER = {"AWS_ACCESS_KEY_ID": s3.ACCESS_KEY + "B", "AWS_SECRET_ACCESS_KEY": s3.SECRET_KEY + "B"}


class Attack:
    """What the intruder has done, and how it was just before: he has prepared the next start."""

    def __init__(self, server, redoubt):
        server.set(shared_preload_libraries="mallory")
        server.sql("create database shop")
        server.sql("create table orders as select id, 'an order' note "
                   "from generate_series(1, 100) id", database="shop")
        redoubt.backup()
        server.sql("insert into orders select id, 'later' from generate_series(101, 200) id",
                   database="shop")
        self.wanted = compare.picture(server)
        self.moment = server.value("select clock_timestamp()")
        server.sql("create role mallory superuser login")
        server.sql("create function way_in(text) returns int language c strict "
                   "as '$libdir/plpgsql', 'plpgsql_call_handler'", database="shop")
        server.sql("alter role mallory set work_mem = '1GB'")
        server.sql("update orders set note = md5(note || random())", database="shop")
        self.too_late = server.value("select clock_timestamp()")
        server.sql("delete from orders", database="shop")
        redoubt.backup()
        last = server.switch_and_archive()
        self._spoil_the_archive(redoubt.repository, last)
        server.kill()
        for path in server.data.rglob("*"):
            if path.is_file():
                path.write_bytes(os.urandom(512))

    def _spoil_the_archive(self, repository, last):
        """With credentials that may write and not delete: names that were free."""
        key = next(k for k in repository.keys() if k.endswith("/" + last))
        name = f"{int(last, 16) + 1:024X}"
        repository.write(key.replace(last, name), os.urandom(100_000))


def allow_reading(repository):
    """Credentials with which nothing can be changed."""
    bucket = f"arn:aws:s3:::{repository.bucket}"
    repository.client.put_policy(repository.bucket, json.dumps({
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Principal": {"AWS": ["arn:aws:iam:::user/other"]},
                       "Action": ["s3:GetObject", "s3:ListBucket"],
                       "Resource": [bucket, bucket + "/*"]}]}))


@pytest.fixture
def repository(s3_repository):
    """A service that knows of credentials."""
    return s3_repository


@pytest.fixture
def clean(directory, archiving, redoubt, adopt):
    """The clean host: an empty place for the cluster, a copy of the key, and the right to read."""
    attack = Attack(archiving, redoubt)
    allow_reading(redoubt.repository)
    server = adopt(Cluster(directory / "clean"))
    host = Redoubt(directory / "host", server, redoubt.repository)
    shutil.copy(redoubt.key_file, host.key_file)
    host.environment = dict(READER)
    host.attack = attack
    return host


@pytest.fixture
def new(directory, clean):
    """The configuration of the time after, with a key of its own."""
    return Redoubt(directory / "new", clean.cluster, FileRepository(directory / "repository"),
                   checks={"database": "shop", "tables": [
                       {"name": "public.orders", "rows": {"min": 200}}]})


@pytest.fixture
def reader(clean, new, directory):
    return runbook.Reader(clean, PAGE, moment=clean.attack.moment, database="shop", table="orders",
                          directory=directory / "look", other_config=new.file)


def look(reader):
    """Restore a copy, start it without the libraries that its configuration names, and ask it."""
    reader.run(DO, 1, under=LOOK)
    assert HIS_LIBRARY in reader.run(DO, 2, under=LOOK).out
    reader.run(DO, 3, under=LOOK)
    wait_until(lambda: reader.run(DO, 4, under=LOOK, code=None).out.strip() == "paused", 60,
               "the moment")
    return reader.run(DO, 5, under=LOOK).out


def remove_what_is_his(cluster):
    path = cluster.data / "postgresql.conf"
    path.write_text(path.read_text().replace(HIS_LIBRARY, ""))


def own_settings(cluster):
    return (cluster.data / "postgresql.auto.conf").read_text().splitlines()


def test_all_is_as_before_the_intruder_on_a_clean_host(reader, clean, new, directory, adopt):
    before = clean.repository.keys()

    told = reader.run(SURE, 1).out
    assert all(backup["id"] in told for backup in clean.backups())
    reader.run(DO, 1, under=STOP)
    assert reader.asked_of_systemd() == ["disable --now redoubt-expire@redoubt.timer",
                                         "stop redoubt-expire@redoubt.service"]
    found = reader.run(DO, 1, under=WHOLE, code=EXIT_DAMAGE).out
    assert "main/wal/" in found and "damage: 1" in found
    assert clean.attack.moment[:16] in reader.run(DO, 1, under=MOMENT).out
    looked = look(reader)
    assert " 200\n" in looked and "mallory" not in looked and "way_in" not in looked
    reader.run(DO, 6, under=LOOK)
    reader.run(DO, 1, under=RESTORE)
    assert own_settings(clean.cluster)[-1] == "listen_addresses = ''"
    remove_what_is_his(clean.cluster)
    reader.run(DO, 2, under=RESTORE)
    wait_until(lambda: reader.run(DO, 3, under=RESTORE, code=None).out.strip() == "f", 60,
               "the end of recovery")
    compare.assert_equal(clean.attack.wanted, compare.picture(clean.cluster))

    for number in range(1, 6):
        reader.run(DO, number, under=NEW)
    assert not any(line.startswith("listen_addresses") for line in own_settings(clean.cluster))
    clean.cluster.sql("insert into orders values (201, 'after it')", database="shop")
    clean.cluster.switch_and_archive()
    reader.run(VERIFY)

    assert clean.repository.keys() == before, "the clean host changed nothing in the old repository"
    assert new.key_file.read_text() != clean.key_file.read_text()
    copy = restore_copy(new, directory / "copy", adopt, "--target-action", "promote")
    compare.assert_equal(compare.picture(clean.cluster), compare.picture(copy))


def test_a_moment_too_late_shows_the_intruder(reader, clean):
    reader.know(moment=clean.attack.too_late)

    looked = look(reader)

    assert " mallory " in looked and "way_in(text)" in looked and "{work_mem=1GB}" in looked
    reader.run(DO, 6, under=LOOK)


def test_every_block_was_run():
    runbook.assert_every_block_was_run(PAGE)
