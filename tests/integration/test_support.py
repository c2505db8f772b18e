# SPDX-License-Identifier: PostgreSQL
"""The instruments themselves: a comparison that notices nothing proves nothing."""

import pytest

from support import compare, workload
from support.cluster import Cluster
from support.s3 import S3Error
from support.workload import Writer

CHANGES = [
    # database, what is done, how the comparison must name it
    ("shop", "update orders set total = total + 1 where customer = 5", "'public.orders'"),
    ("shop", "insert into toasted values (0, 'x')", "'public.toasted'"),
    ("shop", "select lo_put(100003, 5, 'X')", "('large object', 'shop', '100003')"),
    ("shop", "alter large object 100004 owner to clerk", "'large object owner', 'shop', '100004'"),
    ("shop", "select setval('tickets', 1)", "'public.tickets'"),
    ("shop", 'create table "Weird.Schema".more ()', "'\"Weird.Schema\".more'"),
    ("shop", "grant insert on orders to auditors", "('schema', 'shop')"),
    (workload.DATABASES[1], "delete from other where a = 77", "'public.other'"),
    ("postgres", "create role intruder", "roles"),
    ("postgres", "create database one_more", "('database', 'one_more')"),
]


@pytest.fixture(scope="module")
def pair(tmp_path_factory):
    """A cluster with everything in it, and what it looked like once it was quiet."""
    cluster = Cluster.create(tmp_path_factory.mktemp("pair"), fresh=True).start()
    workload.fill(cluster, big_mib=1, pgbench_scale=1,
                  tablespace=tmp_path_factory.mktemp("pair") / "fast")
    yield cluster, compare.picture(cluster)
    cluster.end()


def test_a_cluster_equals_itself(pair):
    cluster, before = pair

    compare.assert_equal(before, compare.picture(cluster))


def test_a_comparison_notices_every_kind_of_change(pair):
    cluster, before = pair

    for database, statement, _ in CHANGES:
        cluster.sql(statement, database)

    found = "\n".join(compare.differences(before, compare.picture(cluster)))
    assert [name for _, _, name in CHANGES if name not in found] == []


def test_the_writer_changes_the_cluster_and_leaves_it_quiet(pair):
    cluster, before = pair

    with Writer(cluster):
        pass

    quiet = compare.picture(cluster)
    assert compare.differences(before, quiet)
    compare.assert_equal(quiet, compare.picture(cluster))


def test_a_streaming_standby_equals_its_primary(pair, directory, adopt):
    primary, _ = pair
    standby = adopt(primary.standby(directory / "standby")).start()

    standby.caught_up_with(primary)
    standby.promote()

    compare.assert_equal(compare.picture(primary), compare.picture(standby))


def test_both_kinds_of_repository_are_open_to_tampering(repository):
    repository.write("a/b=c%20d", b"1")
    repository.write("z", b"x" * 100000)
    repository.write("z", b"y" * 100000)

    assert repository.keys() == ["a/b=c%20d", "z"]
    assert repository.keys("a/") == ["a/b=c%20d"]
    assert repository.read("z") == b"y" * 100000
    repository.delete("z")
    assert repository.keys() == ["a/b=c%20d"]


def test_the_server_refuses_a_wrong_signature(s3_server):
    client = s3_server.client()
    client.secret_key = "x" * 40

    with pytest.raises(S3Error) as refusal:
        client.create_bucket("never")
    assert refusal.value.status == 403
