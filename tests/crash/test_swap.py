# SPDX-License-Identifier: PostgreSQL
"""A swap is killed, falls asleep, or loses its server, at each marked step: what is
there then is exactly the old state or exactly the new one, clients can work, and the
swap can be asked for again.

And the server's answer to the commit gets lost: the swap finds out how it ended.
"""

import os
import signal

import pytest

from support import crash_points
from support.cluster import Cluster
from support.process import wait_until
from support.swapping import Swapping

POINTS = crash_points.find("swap")
AFTER = "swap: after the commit"

SHOP, RESTORED = "shop", "restored"


@pytest.fixture(scope="module")
def server(module_directory, adopt):
    return adopt(Cluster.create(module_directory / "cluster")).start()


@pytest.fixture
def swapping(server):
    made = Swapping(server)
    made.make_pair(SHOP, RESTORED)
    server.sql(f"create role keeper; alter database {SHOP} owner to keeper; "
               f"alter database {SHOP} set work_mem to '7MB'; "
               f"revoke all on database {SHOP} from public; "
               f"alter role keeper in database {SHOP} set search_path to a, \"B c\"; "
               f"comment on database {SHOP} is 'ours'")
    yield made
    for name in made.names():
        server.sql(f"drop database {name} with (force)")
    server.sql("drop role keeper")


class Picture:
    """What belongs to the two databases before, to tell which state is there after."""

    def __init__(self, swapping):
        self.swapping = swapping
        self.shop = swapping.properties(SHOP)
        self.restored = swapping.properties(RESTORED)

    def check_old(self):
        assert self.swapping.names() == {SHOP, RESTORED}
        assert self.swapping.content(SHOP) == "old"
        assert self.swapping.properties(SHOP) == self.shop
        assert self.swapping.properties(RESTORED) == self.restored

    def check_new(self):
        aside, = self.swapping.names() - {SHOP}
        assert aside.startswith(f"{SHOP}_before_")
        assert self.swapping.content(SHOP) == "new"
        assert self.swapping.content(aside) == "old"
        assert self.swapping.properties(SHOP) == self.shop
        assert self.swapping.properties(aside) == self.shop

    def check(self, point):
        self.check_new() if point == AFTER else self.check_old()


@pytest.mark.parametrize("point", POINTS)
def test_killed(swapping, point):
    picture = Picture(swapping)

    swapping.call("run", SHOP, RESTORED, crash_at=point)

    picture.check(point)
    if point != AFTER:
        swapping.run(SHOP, RESTORED)
        picture.check_new()


@pytest.mark.parametrize("point", POINTS)
def test_the_server_crashes(swapping, server, point):
    picture = Picture(swapping)
    tool = swapping.start_asleep(server.home / "tool.log", SHOP, RESTORED, stop_at=point)

    server.restart("immediate")

    picture.check(point)
    tool.send_signal(signal.SIGCONT)
    assert (tool.wait(timeout=120) == 0) == (point == AFTER)
    picture.check(point)


@pytest.mark.parametrize("point", ["swap: between the renames", "swap: before the commit"])
def test_asleep_with_the_locks_it_loses_them(swapping, server, point):
    """Whoever connects meanwhile waits for the server to end the sleeper's session."""
    picture = Picture(swapping)
    tool = swapping.start_asleep(server.home / "tool.log", SHOP, RESTORED, stop_at=point)

    assert swapping.content(SHOP) == "old"

    tool.send_signal(signal.SIGCONT)
    assert tool.wait(timeout=120) == 1
    picture.check_old()


# The answer to the commit gets lost

@pytest.fixture
def hanging_commit(swapping, server):
    """A swap whose commit waits for a synchronous standby that never comes."""
    picture = Picture(swapping)
    log = server.home / f"commit-{os.urandom(4).hex()}.log"
    server.sql("alter system set synchronous_standby_names = 'nobody'")
    server.reload()
    wait_until(lambda: server.value("show synchronous_standby_names") == "nobody", 30, "reload")
    tool = swapping.start(log, SHOP, RESTORED)
    pid = wait_until(lambda: server.sql("select pid from pg_stat_activity "
                                        "where wait_event = 'SyncRep' and query = 'COMMIT'"),
                     30, "the commit to wait")[0][0]
    (server.data / "postgresql.auto.conf").write_text("")
    yield picture, tool, pid, log
    if not server.is_running():
        server.start()
    server.reload()
    wait_until(lambda: server.value("show synchronous_standby_names") == "", 30, "reload")


def test_a_session_that_ends_in_its_commit_is_looked_after(hanging_commit, server):
    picture, tool, pid, log = hanging_commit

    server.sql(f"select pg_terminate_backend({pid})")

    assert tool.wait(timeout=60) == 0
    assert "no answer to the commit" in log.read_text()
    picture.check_new()


def test_a_server_that_crashes_in_the_commit_is_waited_for(hanging_commit, server):
    picture, tool, _, log = hanging_commit

    server.stop("immediate")
    server.start()

    assert tool.wait(timeout=120) == 0
    assert "no answer to the commit" in log.read_text()
    picture.check_new()


def test_a_server_that_never_comes_back_leaves_a_doubt_that_is_told(hanging_commit, server):
    picture, tool, _, log = hanging_commit

    server.stop("immediate")

    assert tool.wait(timeout=120) == 1
    told = log.read_text()
    assert f'whether database "{SHOP}" was swapped is not known' in told
    assert f'if there is "{RESTORED}", it was not' in told
    server.start()
    picture.check_new()
