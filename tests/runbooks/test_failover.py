# SPDX-License-Identifier: PostgreSQL
"""runbooks/failover.md, for a primary that dies while its standby is behind the archive."""

import re
import shutil

import pytest

from support import runbook
from support.process import wait_until
from support.redoubt import Redoubt

PAGE = "failover"
SURE, DO, VERIFY = "How to be sure", "What to do", "How to verify"
REWIND = "Make the old primary a standby"


@pytest.fixture(params=["file", "s3"])
def repository(request):
    return request.getfixturevalue(f"{request.param}_repository")


@pytest.fixture
def standby(archiving, redoubt, repository, directory, adopt):
    """On a host of its own, with the same repository and key."""
    made = adopt(archiving.standby(directory / "standby"))
    made.redoubt = Redoubt(directory / "there", made, repository)
    shutil.copy(redoubt.key_file, made.redoubt.key_file)
    made.environment.update(repository.environment)
    made.set(archive_command=made.redoubt.archive_command())
    return made.start()


@pytest.fixture
def readers(redoubt, archiving, standby, directory):
    """One at each host."""
    here = runbook.Reader(redoubt, PAGE, other_host=standby.socket, other_port=5432,
                          directory=directory / "kept")
    there = runbook.Reader(standby.redoubt, PAGE, other_host=archiving.socket, other_port=5432)
    return here, there


def test_the_standby_takes_over_with_what_only_the_archive_has(readers, archiving, standby,
                                                               redoubt, directory):
    here, there = readers
    archiving.sql("create table t as select generate_series(1, 100) i")
    redoubt.backup()
    standby.caught_up_with(archiving)
    standby.stop()
    archiving.sql("insert into t select generate_series(101, 200)")
    archiving.switch_and_archive()
    archiving.kill()
    standby.start()

    assert "no response" in there.run(SURE, 1).out
    assert there.run(SURE, 2).out.startswith("t|")
    assert re.search(r"^archive_mode\|on$", there.run(SURE, 3).out, re.M)
    here.run(DO, 1)
    here.run(DO, 2)
    assert "disable --now redoubt-backup@redoubt.timer" in here.asked_of_systemd()[-1]
    assert standby.value("select count(*) from t") == "100"
    there.run(DO, 3)
    wait_until(lambda: standby.value("select count(*) from t") == "200", 60, "the archive's WAL")
    there.run(DO, 4)
    assert there.run(DO, 5).out == "t\n"
    there.run(DO, 6)
    there.run(DO, 7)
    there.run(DO, 8)

    assert standby.timeline() == 2
    assert standby.value("select count(*) from t") == "200"
    assert len(standby.redoubt.backups()) == 2
    assert "enable --now redoubt-backup@redoubt.timer" in there.asked_of_systemd()[-1]
    standby.sql("insert into t values (201)")
    standby.switch_and_archive()
    verified = there.run(VERIFY, 1).out
    assert verified.startswith("f|2\n")
    assert "backup" in there.run(VERIFY, 2).out
    assert standby.redoubt.json("list")["recovery_window"]["timeline"] == 2

    here.run(DO, 1, under=REWIND)
    here.run(DO, 2, under=REWIND)
    assert (directory / "kept/PG_VERSION").exists()
    assert "Done!" in here.run(DO, 3, under=REWIND).err
    here.run(DO, 4, under=REWIND)
    wait_until(lambda: "streaming" in there.run(VERIFY, 3).out, 60, "the old primary to follow")
    archiving.caught_up_with(standby)
    assert archiving.value("select count(*) from t") == "201"
    assert archiving.value("select pg_is_in_recovery()") == "t"


def test_every_block_was_run():
    runbook.assert_every_block_was_run(PAGE)
