# SPDX-License-Identifier: PostgreSQL
"""A drill is killed at each marked step, and what it left goes with the next one: files,
servers and sockets.  The production server never notices."""

import os
import shutil
import signal
from pathlib import Path

import pytest

from support import crash_points, drilling, process
from support.cluster import Cluster
from support.drilling import EXIT_BROKEN, EXIT_REFUSED, Story
from support.process import wait_until
from support.sleeper import Sleeper

POINTS = crash_points.find("drill")

RUNNING = "drill: while the server runs"


@pytest.fixture(scope="module")
def story(module_directory, adopt):
    made = Story(module_directory, adopt)
    made.archive()
    return made


def check_afterwards(story, postmaster):
    """The next drill passes and leaves nothing, and production is as it was."""
    receipt = story.drill()
    assert drilling.red(receipt) == [], drilling.show(receipt)
    assert story.left_over() == []
    assert story.cluster.pid() == postmaster and story.cluster.is_running()
    assert story.cluster.value("select 1") == "1"


@pytest.mark.parametrize("point", POINTS)
def test_a_drill_killed_there_leaves_nothing_that_the_next_one_does_not_remove(story, point):
    postmaster = story.cluster.pid()

    story.redoubt.run("drill", crash_at=point)

    check_afterwards(story, postmaster)


def test_a_drill_killed_there_takes_its_server_with_it(story):
    story.redoubt.run("drill", crash_at=RUNNING)

    wait_until(lambda: process.of_directory(story.place) == [], 30, "the restored server's end")


@pytest.mark.parametrize("sign", ["*/data/base", "*/data/recovery.signal", "*/data/postmaster.pid",
                                  "*/run/server.log"])
def test_a_drill_killed_at_any_moment_leaves_the_next_one_to_succeed(story, sign):
    postmaster = story.cluster.pid()
    child = story.redoubt.start("drill")
    wait_until(lambda: list(story.place.glob(sign)) or child.poll() is not None, 60, sign)
    os.kill(child.pid, signal.SIGKILL)
    child.wait()

    check_afterwards(story, postmaster)


def test_a_drill_killed_before_the_log_tells_of_it_is_in_no_history(story):
    before = story.redoubt.json("drill", "--history")

    story.redoubt.run("drill", crash_at="drill: before the log tells of it")

    assert story.redoubt.json("drill", "--history") == before


def abandon_server(story):
    """What a drill leaves whose server outlives it; the server."""
    story.redoubt.run("drill", "--keep")
    left, = (p for p in story.place.iterdir() if p.is_dir())
    (left / "kept").unlink()
    server = Cluster(story.home / "abandoned", data=left / "data")
    server.start()
    return server


def test_a_server_that_outlived_its_drill_is_ended_by_the_next_one(story, adopt):
    server = adopt(abandon_server(story))
    assert process.of_directory(server.data)

    check_afterwards(story, story.cluster.pid())

    assert process.of_directory(server.data) == []


def test_a_server_is_ended_whatever_its_postmaster_file_says(story, adopt):
    server = adopt(abandon_server(story))
    lines = (server.data / "postmaster.pid").read_text().splitlines()
    ours = story.cluster.pid()
    (server.data / "postmaster.pid").write_text("\n".join([str(ours), *lines[1:]]) + "\n")

    check_afterwards(story, ours)

    assert process.of_directory(server.data) == []


def test_a_second_drill_in_one_directory_is_refused_and_the_first_goes_on(story):
    sleeper = Sleeper(story.redoubt, RUNNING, "drill")

    said = story.redoubt.run("drill", code=EXIT_REFUSED)

    assert "another drill is working" in said.err
    assert sleeper.wake() == 0
    assert story.left_over() == []


def test_two_drills_in_directories_of_their_own_do_not_meet(story):
    sleeper = Sleeper(story.redoubt, RUNNING, "drill")

    receipt = story.drill("--into", story.home / "other")

    assert drilling.red(receipt) == []
    assert sleeper.wake() == 0
    shutil.rmtree(story.home / "other")


@pytest.mark.parametrize("point", ["drill: before the server starts", RUNNING,
                                   "drill: before the second start"])
def test_a_drill_that_is_asked_to_stop_tidies_up(story, point):
    before = story.receipts()
    sleeper = Sleeper(story.redoubt, point, "drill")
    os.kill(sleeper.child.pid, signal.SIGTERM)

    assert sleeper.wake() == EXIT_BROKEN
    assert story.left_over() == []
    assert story.receipts() == before


def test_what_does_not_fit_below_its_directory_is_removed_from_elsewhere_too(story):
    """A socket's path may be 107 bytes long: those of deep directories are in /tmp."""
    deep = story.home / ("d" * 60) / ("e" * 60)

    story.redoubt.run("drill", "--into", deep, crash_at=RUNNING)
    left, = (p.name for p in deep.iterdir() if p.is_dir())
    elsewhere = Path(f"/tmp/redoubt-drill-{left}")
    assert elsewhere.is_dir()

    assert drilling.red(story.drill("--into", deep)) == []
    assert [p.name for p in deep.iterdir()] == ["redoubt-drill"]
    assert not elsewhere.exists()


def test_a_drill_and_its_server_let_others_go_first(story):
    story.redoubt.configure(drill={"nice": 7})
    sleeper = Sleeper(story.redoubt, RUNNING, "drill")
    nice = {os.getpriority(os.PRIO_PROCESS, pid)
            for pid in [sleeper.child.pid, *process.of_directory(story.place)]}
    story.redoubt.configure(drill={"nice": 0})

    assert sleeper.wake() == 0
    assert nice == {max(7, os.getpriority(os.PRIO_PROCESS, 0))}
