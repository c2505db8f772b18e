# SPDX-License-Identifier: PostgreSQL
"""The server that a drill starts: nobody else is asked in its place, and nothing that the
original was told keeps it from its target or hides damage."""

import contextlib
import os
import socket

import pytest

from support import drilling, process
from support.cluster import Cluster
from support.drilling import Story


@contextlib.contextmanager
def another_server():
    """Something that listens where production could; its port, and a list of who called."""
    calls = []
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.setblocking(False)
        yield listener.getsockname()[1], calls
        with contextlib.suppress(BlockingIOError):
            while True:
                connection, address = listener.accept()
                connection.close()
                calls.append(address)


def environments(directory):
    """What leads libpq elsewhere, whatever host it was given."""
    (directory / "services").write_text("[other]\nhostaddr=127.0.0.1\n"
                                        "target_session_attrs=standby\n")
    return {"address": {"PGHOSTADDR": "127.0.0.1"},
            "service": {"PGSERVICE": "other", "PGSERVICEFILE": str(directory / "services")},
            "attributes": {"PGTARGETSESSIONATTRS": "standby"}}


@pytest.mark.parametrize("way", ["address", "service", "attributes"])
def test_the_environment_leads_no_part_of_a_drill_to_another_server(directory, adopt, way):
    story = Story(directory, adopt, backup=False, checks={
        "database": "shop", "foreign_keys": "all",
        "command": ["/bin/sh", "-c", "psql -XAtc 'select count(*) from orders' | grep -q ^5000$"]})
    with another_server() as (port, calls):
        story.cluster.set(port=port)  # the copy's; the original's is on its command line
        story.redoubt.backup()
        story.archive()

        receipt = story.drill(env=environments(directory)[way], seconds=100)

    assert receipt["drill"]["verdict"] == "passed", drilling.show(receipt)
    assert drilling.states(receipt)["command"] == "passed"
    assert drilling.states(receipt)["amcheck"] == "passed"
    assert calls == []


def test_a_restore_is_started_and_asked_whatever_the_environment_says(directory, adopt):
    story = Story(directory, adopt)
    story.archive()
    copy = adopt(Cluster(directory / "copied", data=directory / "copy"))

    report = story.redoubt.json("restore", "--into", copy.data, "--start", seconds=100,
                                env={"PGHOSTADDR": "127.0.0.1"})
    copy.stop()

    assert "promoted" in str(report)


def test_a_page_that_a_forgotten_setting_of_a_role_would_zero_is_found(directory, adopt):
    cluster = adopt(Cluster.create(directory / "cluster", checksums=False))
    story = Story(directory, adopt, cluster=cluster, backup=False)
    cluster.sql("create table notes as select generate_series(1, 3000) i", database="shop")
    cluster.sql("alter role postgres set zero_damaged_pages = on")
    path = cluster.data / cluster.value("select pg_relation_filepath('notes')", "shop")
    cluster.stop()
    with open(path, "r+b") as file:
        file.seek(8192 + 12)
        file.write(b"\xff\xff\xff\xff")  # where its free space begins and ends
    cluster.start()
    story.redoubt.backup()
    story.archive()

    receipt = story.drill(code=None)

    assert "amcheck" in drilling.red(receipt), drilling.show(receipt)


def test_a_library_that_every_role_preloads_and_that_is_not_here_keeps_nobody_out(directory, adopt):
    story = Story(directory, adopt)
    story.cluster.sql("alter role all set session_preload_libraries = 'absent'")
    story.cluster.stop()  # it archives all; nobody can connect any more

    receipt = story.drill()

    assert receipt["drill"]["verdict"] == "passed", drilling.show(receipt)


class Raised(Story):
    """Limits are raised after the backup, and there are commits on either side of a moment."""

    def __init__(self, home, adopt):
        super().__init__(home, adopt)
        self.cluster.stop()
        self.cluster.set(max_connections=200, max_locks_per_transaction=100,
                         max_prepared_transactions=8)
        self.cluster.start()
        self.cluster.sql("begin;\ninsert into orders values (100001, 1);\n"
                         "prepare transaction 'open';\ncommit prepared 'open'", database="shop")
        self.moment = self.cluster.value("select clock_timestamp()")
        self.cluster.commit("create index on orders using hash (id);\n"
                            "create index on orders using brin (id)", database="shop")
        self.archive()


@pytest.fixture(scope="module", name="raised")
def make_raised(module_directory, adopt):
    return Raised(module_directory, adopt)


@pytest.mark.parametrize("target", [[], ["--target-time", "moment"]])
def test_limits_that_were_raised_after_the_backup_do_not_hinder_a_drill(raised, target):
    receipt = raised.drill(*[getattr(raised, word, word) for word in target])

    assert receipt["drill"]["verdict"] == "passed", drilling.show(receipt)
    assert drilling.states(receipt)["replay"] == "passed"


def test_what_amcheck_cannot_look_at_is_counted(raised):
    at_once = raised.drill("--target-immediate")
    later = raised.drill()

    assert drilling.layer(at_once, "amcheck")["found"] == "tables and B-tree indexes agree"
    assert drilling.layer(later, "amcheck")["found"].startswith(
        "tables and B-tree indexes agree; 2 other indexes")


def test_a_restored_server_that_pauses_before_the_end_of_the_wal_has_not_arrived(raised, adopt):
    copy = adopt(Cluster(raised.home / "copied", data=raised.home / "copy"))

    result = raised.redoubt.run("restore", "--into", copy.data, "--start", code=None, seconds=100)
    copy.stop("immediate")

    assert result.code == drilling.EXIT_REFUSED, result
    assert "paused its recovery" in result.err
    assert "insufficient parameter settings" in result.err


def test_a_transaction_before_damaged_wal_is_reached(directory, adopt):
    story = Story(directory, adopt)
    xid = story.cluster.sql("begin;\ninsert into orders values (100002, 2);\n"
                            "select pg_current_xact_id();\ncommit;", database="shop")[-1][0]
    story.archive()  # what follows is in the next segment, which recovery would read ahead into
    before = set(story.redoubt.repository.keys("main/wal/"))
    story.cluster.commit("insert into orders values (100003, 3)", database="shop")
    story.archive()
    for key in set(story.redoubt.repository.keys("main/wal/")) - before:
        story.redoubt.repository.write(key, b"damaged")

    receipt = story.drill("--target-xid", xid)

    assert receipt["drill"]["verdict"] == "passed", drilling.show(receipt)


# A disk that fills up

FULL = """#!/bin/sh
case "$*" in *cluster_name=redoubt-drill*) ;; *) exec {postgres} "$@" ;; esac
echo start >> {starts}
test $(wc -l < {starts}) -lt {turn} && exec {postgres} "$@"
echo 'FATAL:  could not extend file "base/5/1259": No space left on device' >&2
exit 1
"""


def wrap_postgres(story, script):
    """Let drills start this in the place of the server's program."""
    programs = story.home / "programs"
    programs.mkdir()
    for program in story.cluster.bin.iterdir():
        (programs / program.name).symlink_to(program)
    (programs / "postgres").unlink()
    (programs / "postgres").write_text(script)
    os.chmod(programs / "postgres", 0o755)
    story.redoubt.configure(postgres={"bin_directory": str(programs)})


@pytest.mark.parametrize("turn, layer", [(1, "start"), (2, "pages")])
def test_a_full_disk_breaks_a_layer_and_does_not_condemn_the_backup(directory, adopt, turn, layer):
    story = Story(directory, adopt)
    story.archive()
    wrap_postgres(story, FULL.format(postgres=story.cluster.bin / "postgres",
                                     starts=directory / "starts", turn=turn))

    receipt = story.drill(code=drilling.EXIT_BROKEN)

    assert drilling.layer(receipt, layer)["state"] == "broken", drilling.show(receipt)
    assert "No space left on device" in drilling.layer(receipt, layer)["found"]
    assert "failed" not in drilling.states(receipt).values()
    assert process.of_directory(story.place) == []


# A server of another data directory, which the drill's own postmaster.pid leads to
ANOTHER = """#!/bin/sh
case "$*" in *cluster_name=redoubt-drill*) ;; *) exec {postgres} "$@" ;; esac
data=${{1#-D}}
cp -R "$data" {other}
(until test "$(wc -l < {other}/postmaster.pid)" -ge 8; do sleep 0.1; done 2> /dev/null
 cp {other}/postmaster.pid "$data") &
exec {postgres} "$@" -D {other} --data_directory={other}
"""


def test_a_server_that_is_not_the_drills_own_is_left_alone(directory, adopt):
    story = Story(directory, adopt)
    story.archive()
    wrap_postgres(story, ANOTHER.format(postgres=story.cluster.bin / "postgres",
                                        other=directory / "other"))

    receipt = story.drill(code=drilling.EXIT_BROKEN)

    assert drilling.layer(receipt, "replay")["state"] == "broken", drilling.show(receipt)
    assert str(directory / "other") in drilling.layer(receipt, "replay")["found"]
    assert drilling.states(receipt)["amcheck"] == "skipped"
