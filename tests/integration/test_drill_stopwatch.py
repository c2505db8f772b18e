# SPDX-License-Identifier: PostgreSQL
"""What a drill says of times agrees with a stopwatch beside it: the RTO and its parts by a
monotonic clock, the RPO by the primary's."""

import time
from datetime import datetime

import pytest

from support import drilling
from support.drilling import Story
from support.process import wait_until
from support.sleeper import Sleeper

# For the program's own start and end, and for noticing that it fell asleep.
TOLERANCE_SECONDS = 2.0

RATE = 1 << 20


@pytest.fixture(scope="module")
def story(module_directory, adopt):
    made = Story(module_directory, adopt)
    made.archive()
    return made


def primary_now(story):
    return datetime.fromisoformat(story.cluster.value("select clock_timestamp()"))


def test_the_rto_and_its_parts_agree_with_a_stopwatch(story):
    """The fetch is slowed down, so that it takes longer than any inaccuracy."""
    story.redoubt.configure(drill={"rate": RATE})
    begin = time.monotonic()
    sleeper = Sleeper(story.redoubt, "drill: while the server runs", "drill")
    measured = time.monotonic() - begin
    assert sleeper.wake() == 0
    total = time.monotonic() - begin
    story.redoubt.configure(drill={"rate": None})

    last = story.redoubt.json("drill", "--history")["drills"][-1]
    receipt = story.redoubt.json("drill", "--show", last["id"])
    rto, fetch = receipt["drill"]["rto_seconds"], receipt["fetch"]

    assert fetch["bytes"] / RATE * 0.95 <= fetch["seconds"] <= rto
    assert fetch["seconds"] > 1.5 * TOLERANCE_SECONDS, "too little was fetched to measure"
    assert abs(rto - measured) <= TOLERANCE_SECONDS, (rto, measured)
    parts = fetch["seconds"] + receipt["replay"]["seconds"] + sum(
        drilling.layer(receipt, name)["seconds"] for name in ("plan", "manifest"))
    assert parts <= rto + 0.01 and rto - parts <= TOLERANCE_SECONDS, (parts, rto)
    assert receipt["start_seconds"] <= receipt["replay"]["seconds"]
    assert rto + receipt["checks_seconds"] <= total
    assert receipt["predicted_rto_seconds"] == rto


def test_the_rpo_is_the_age_of_the_newest_commit_in_the_archive(story):
    before = primary_now(story)
    story.cluster.commit("insert into orders values (200001, 1)", database="shop")
    after = primary_now(story)
    story.archive()
    story.cluster.commit("insert into orders values (200002, 1)", database="shop")  # is lost
    wait_until(lambda: (primary_now(story) - after).total_seconds() > 2, 30, "the clock")

    begin = primary_now(story)
    receipt = story.drill()
    end = primary_now(story)

    rpo = receipt["drill"]["rpo_seconds"]
    assert (begin - after).total_seconds() <= rpo <= (end - before).total_seconds()
    assert receipt["rpo"]["source"] == "commit" and receipt["rpo"]["clock"] == "primary"
    disaster = datetime.fromisoformat(receipt["rpo"]["disaster"].replace("Z", "+00:00"))
    assert begin <= disaster <= end


def lsn(text):
    high, low = text.split("/")
    return int(high, 16) << 32 | int(low, 16)


def test_nothing_is_lost_when_all_is_archived_however_old_it_is(story):
    """The server writes WAL by itself now and then: until it does not between the two."""
    def all_was_archived():
        story.archive()
        receipt = story.drill()
        whole = lsn(receipt["reached"]["lsn"]) >= lsn(receipt["rpo"]["primary_lsn"])
        return receipt if whole else None

    receipt = wait_until(all_was_archived, 120, "a drill in a quiet moment")

    assert receipt["drill"]["rpo_seconds"] == 0


def test_the_canary_tells_how_much_is_lost_while_nobody_writes(story):
    story.redoubt.run("canary", "--install")
    before = primary_now(story)
    story.redoubt.run("canary")
    after = primary_now(story)
    story.archive()
    story.redoubt.run("canary")  # is lost

    begin = primary_now(story)
    receipt = story.drill()
    end = primary_now(story)

    assert receipt["rpo"]["source"] == "canary", drilling.show(receipt["rpo"])
    rpo = receipt["drill"]["rpo_seconds"]
    assert (begin - after).total_seconds() <= rpo <= (end - before).total_seconds()


def test_without_the_primary_our_own_clock_counts(story):
    story.cluster.stop()
    try:
        receipt = story.drill()
    finally:
        story.cluster.start()

    assert receipt["rpo"]["clock"] != "primary"
    assert receipt["drill"]["rpo_seconds"] > 0


def test_another_clusters_server_is_not_taken_for_the_primary(story, directory, adopt):
    stranger = adopt(drilling.Cluster.create(directory / "stranger", fresh=True)).start()
    connection = story.redoubt.settings["postgres"]["connection"]
    story.redoubt.configure(postgres={"connection": stranger.conninfo})
    try:
        receipt = story.drill()
    finally:
        story.redoubt.configure(postgres={"connection": connection})

    assert receipt["rpo"]["clock"] != "primary"
    assert receipt["rpo"]["primary_lsn"] is None


def test_a_standby_is_not_taken_for_the_primary(story, directory, adopt):
    """It may replay from this very archive: that nothing was written since is not its to say.
    Promoted, its clock counts; its LSN is that of another timeline."""
    standby = adopt(story.cluster.standby(directory / "standby")).start()
    standby.caught_up_with(story.cluster)
    connection = story.redoubt.settings["postgres"]["connection"]
    story.redoubt.configure(postgres={"connection": standby.conninfo})
    try:
        receipt = story.drill()
        assert receipt["rpo"]["clock"] != "primary", drilling.show(receipt["rpo"])
        assert receipt["rpo"]["primary_lsn"] is None
        assert receipt["drill"]["rpo_seconds"] > 0

        standby.sql("select pg_promote()")
        receipt = story.drill("--target-timeline", "1")
        assert receipt["rpo"]["clock"] == "primary", drilling.show(receipt["rpo"])
        assert receipt["timeline"] == 1 and receipt["rpo"]["primary_lsn"] is None
        assert receipt["drill"]["rpo_seconds"] > 0
    finally:
        story.redoubt.configure(postgres={"connection": connection})


def test_an_old_moment_has_no_rpo_and_predicts_a_restore_of_the_newest(story):
    receipt = story.drill("--target-immediate")

    assert receipt["drill"]["rpo_seconds"] is None
    assert receipt["predicted_rto_seconds"] > 0
