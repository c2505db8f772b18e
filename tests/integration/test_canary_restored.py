# SPDX-License-Identifier: PostgreSQL
"""A restored copy has the newest canary that was archived, and no later one."""

from conftest import restore_copy
from support import process
from support.redoubt import binary


def newest(cluster):
    return process.run([binary().parent / "canary_tool", "read", cluster.conninfo]).out.split()


def test_a_restored_copy_has_the_newest_canary_that_was_archived(archiving, redoubt, directory,
                                                                 adopt):
    redoubt.run("canary", "--install")
    redoubt.run("canary")
    redoubt.backup()
    redoubt.run("canary")
    archived = newest(archiving)
    archiving.switch_and_archive()
    redoubt.run("canary")
    lost = newest(archiving)

    copy = restore_copy(redoubt, directory / "copy", adopt)

    assert newest(copy) == archived
    assert archived < lost
    assert copy.value("select count(*) from redoubt.canary") == "2"
