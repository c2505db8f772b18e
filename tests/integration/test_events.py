# SPDX-License-Identifier: PostgreSQL
"""`redoubt events`: what happened to a repository, to whom, and by whom."""

import getpass
import re
import socket

import pytest

from support import workload

EXIT_USAGE = 2

pytestmark = pytest.mark.parametrize("repository", ["file"], indirect=True)


@pytest.fixture
def busy(archiving, redoubt):
    """A backup, a dump, a dump that fails, a hold and its end, and a verification."""
    workload.small(archiving)
    backup = redoubt.backup()
    redoubt.run("dump", "postgres")
    redoubt.run("dump", "nothing_of_the_kind", code=None)
    redoubt.run("hold", backup, "--reason", "the audit of May")
    redoubt.run("hold", backup, "--release")
    redoubt.run("verify")
    return backup


def kinds(redoubt, *arguments):
    return [e["kind"] for e in redoubt.json("events", *arguments)["events"]]


def test_everything_is_told_in_order_and_by_whom(busy, redoubt):
    events = redoubt.json("events", "--last", "0")["events"]

    assert [e["kind"] for e in events] == [
        "lineage", "backup", "dump", "dump-failed", "hold", "release", "verify"]
    assert [e["number"] for e in events] == list(range(1, 8))
    assert {(e["user"], e["host"]) for e in events} == {(getpass.getuser(), socket.gethostname())}
    assert events[1]["backup"]["id"] == busy
    assert "nothing_of_the_kind" in events[3]["dump-failed"]["reason"]

    text = redoubt.run("events").out
    assert re.search(rf"^\S+Z +backup +{busy}, full +\S+ \S+ +\S+ +ok +\S+@", text, re.M)
    assert re.search(r"^\S+Z +dump-failed +nothing_of_the_kind/backup-\S+ +\S+ +failed +", text,
                     re.M)
    assert "the audit of May" in text


def test_the_newest_are_chosen_and_kinds(busy, redoubt):
    assert kinds(redoubt, "--last", "2") == ["release", "verify"]
    assert kinds(redoubt, "--kind", "dump", "--kind", "dump-failed") == ["dump", "dump-failed"]
    assert kinds(redoubt, "--kind", "expire") == []
    assert redoubt.run("events", "--kind", "expire").out == "No events.\n"


def test_a_kind_that_does_not_exist_is_refused(busy, redoubt):
    result = redoubt.run("events", "--kind", "dumps", code=EXIT_USAGE)

    assert 'Did you mean "dump"?' in result.err


def test_checkpoints_are_not_events(archiving, redoubt):
    workload.small(archiving)
    backup = redoubt.backup()
    for _ in range(32):
        redoubt.run("hold", backup)
        redoubt.run("hold", backup, "--release")

    numbers = [e["number"] for e in redoubt.json("events", "--last", "0")["events"]]

    assert 64 not in numbers and numbers[-1] == 67 and len(numbers) == 66
