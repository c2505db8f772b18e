# SPDX-License-Identifier: PostgreSQL
"""runbooks/tell-customers.md: its facts, while the server is down and when it is back."""

import pytest

from support import runbook

PAGE = "tell-customers"
SURE, DO, VERIFY = "How to be sure", "What to do", "How to verify"


@pytest.fixture
def repository(file_repository):
    return file_repository


@pytest.fixture
def reader(archiving, redoubt):
    redoubt.configure(checks={"database": "postgres", "foreign_keys": "all"})
    archiving.sql("create table orders (id int, placed_at timestamptz);"
                  "insert into orders values (1, '2026-11-21 14:02:59+00')")
    redoubt.backup()
    archiving.switch_and_archive()
    return runbook.Reader(redoubt, PAGE, database="postgres", table="orders", column="placed_at")


def test_what_can_be_said_is_there_also_while_the_server_is_down(reader, archiving, redoubt):
    archiving.kill()

    seen = reader.run(SURE, 1)
    assert "no response" in seen.out + seen.err
    assert "DEGRADED  server" in reader.run(SURE, 2).out
    window = redoubt.json("list")["recovery_window"]
    assert window["to"] in reader.run(SURE, 3).out
    assert f"printed it was {window['to'][:10]}" in " ".join(reader.text().split())
    reader.run(SURE, 4)


def test_when_it_is_back_the_newest_row_is_seen(reader):
    assert "accepting connections" in reader.run(SURE, 1).out

    assert "2026-11-21 14:02:59+00" in reader.run(VERIFY, 1).out
    reader.run(VERIFY, 2)


def test_every_block_was_run():
    runbook.assert_every_block_was_run(PAGE)
