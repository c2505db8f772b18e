# SPDX-License-Identifier: PostgreSQL
"""A restored copy beside production touches nothing of production's, unless it is
told to take over."""

import pytest

from support import workload


@pytest.fixture
def production(archiving, redoubt):
    """A cluster full of settings that would act if a copy followed them."""
    archiving.sql("alter system set primary_conninfo = 'host=/nowhere user=replicator';\n"
                  "alter system set primary_slot_name = 'copy';\n"
                  "alter system set recovery_target_time = '2001-01-01 00:00:00+00';\n"
                  "alter system set recovery_target_action = 'shutdown';\n"
                  "alter system set recovery_target_timeline = '77';\n"
                  "alter system set recovery_end_command = 'touch recovery_ended';\n"
                  "alter system set archive_cleanup_command = 'touch archive_cleaned';\n"
                  "select pg_create_physical_replication_slot('kept', true);")
    workload.small(archiving)
    redoubt.backup()
    archiving.commit("insert into t values (0, 'later')")
    archiving.switch_and_archive()
    return archiving


def wal_keys(redoubt):
    return {k for k in redoubt.repository.keys() if "/wal/" in k}


def test_a_copy_archives_nothing(production, redoubt, restored):
    before = wal_keys(redoubt)

    copy = restored("copy")
    copy.commit("insert into t values (-1, 'only in the copy')")
    copy.switch_wal()
    copy.sql("checkpoint")
    copy.stop()

    assert wal_keys(redoubt) == before
    assert production.value("select count(*) from t") == "1001"


def test_a_copy_keeps_none_of_the_settings_that_reach_out(production, restored):
    copy = restored("copy")

    assert copy.value("select count(*) from t") == "1001", "an old recovery target acted"
    for name, wanted in [("archive_mode", "off"), ("primary_conninfo", ""),
                         ("primary_slot_name", ""), ("recovery_target_time", ""),
                         ("recovery_end_command", ""), ("archive_cleanup_command", "")]:
        assert (name, copy.value(f"show {name}")) == (name, wanted)
    assert copy.value("select count(*) from pg_replication_slots") == "0"
    assert not (copy.data / "recovery_ended").exists()
    assert not (copy.data / "archive_cleaned").exists()


def test_a_copy_is_disarmed_even_after_a_restart(production, redoubt, restored):
    before = wal_keys(redoubt)
    copy = restored("copy")

    copy.restart()
    copy.commit("insert into t values (-1, 'only in the copy')")
    copy.switch_wal()
    copy.stop()

    assert wal_keys(redoubt) == before


def test_a_copy_of_a_copys_data_is_still_a_backup_of_production(production, redoubt, restored):
    """A restored copy did not change what the next restore brings."""
    copy = restored("first")
    copy.commit("delete from t")
    copy.stop()

    assert restored("second").value("select count(*) from t") == "1001"


def test_taking_over_archives_on_a_new_timeline(production, redoubt, restored):
    before = wal_keys(redoubt)
    production.stop()

    copy = restored("copy", "--take-over")
    copy.commit("insert into t values (-1, 'in the new production')")
    segment = copy.switch_and_archive()

    assert copy.value("show archive_mode") == "on"
    new = {key.rpartition("/")[2] for key in wal_keys(redoubt) - before}
    assert segment in new and segment.startswith("00000002")
    assert "00000002.history" in new
