# SPDX-License-Identifier: PostgreSQL
"""runbooks/corruption.md, for an index that lacks rows, a page of garbage, and a data
directory of which nothing can be read."""

import os
import re

import pytest

from support import runbook
from support.process import wait_until

PAGE = "corruption"
SURE, DO, VERIFY = "How to be sure", "What to do", "How to verify"
INDEX, FEW, DISK = "One index", "A few pages of a table", "A whole disk"


@pytest.fixture
def repository(file_repository):
    return file_repository


@pytest.fixture
def reader(archiving, redoubt, directory):
    archiving.sql("""
        create table orders (id bigint primary key, note text);
        insert into orders select i, repeat('x', 100) from generate_series(1, 1000) i;
        vacuum orders;
        create index orders_note on orders (note, id);
    """)
    backup = redoubt.backup()
    archiving.sql("insert into orders select i, 'late' from generate_series(1001, 2000) i")
    archiving.sql("update orders set note = 'changed' where id <= 30")
    return runbook.Reader(redoubt, PAGE, database="postgres", index="public.orders_note",
                          backup=backup, directory=directory / "copy", file="none", block="0")


def picture(cluster):
    return cluster.sql("set enable_indexscan = off; set enable_bitmapscan = off; "
                       "set enable_indexonlyscan = off; select * from orders order by id")


def hold(reader):
    reader.run(DO, 1)
    assert reader.redoubt.json("hold")["holds"] != []
    reader.run(DO, 2)
    assert reader.asked_of_systemd() == ["disable --now redoubt-expire@redoubt.timer",
                                         "stop redoubt-expire@redoubt.service"]


def verify(reader):
    reader.run(VERIFY, 1)
    assert not reader.redoubt.backups()[-1]["damaged"]
    reader.run(VERIFY, 2)
    assert reader.redoubt.json("hold")["holds"] == []
    reader.run(VERIFY, 3)
    assert reader.asked_of_systemd()[-1].startswith("enable --now redoubt-expire@redoubt.timer")


def test_an_index_that_lacks_rows_is_made_anew(reader, archiving, directory):
    archiving.sql("update pg_index set indisready = false "
                  "where indexrelid = 'orders_note'::regclass")
    archiving.sql("insert into orders select i, 'lost' from generate_series(3001, 3100) i")
    archiving.sql("update pg_index set indisready = true "
                  "where indexrelid = 'orders_note'::regclass")
    wanted = picture(archiving)

    reader.run(SURE, 1)
    reader.run(SURE, 2)
    assert "lacks matching index tuple" in reader.run(SURE, 3).out
    assert "orders_note" in reader.run(SURE, 4).out
    hold(reader)
    reader.run(DO, 1, under=INDEX)
    node = archiving.value("select pg_relation_filenode('orders_note')")
    assert [path.name for path in (directory / "copy").iterdir()] == [node]
    reader.run(DO, 2, under=INDEX)
    verify(reader)

    assert picture(archiving) == wanted
    assert archiving.sql("set enable_seqscan = off; "
                         "select count(*) from orders where note = 'lost'") == [("100",)]


def garbage(path, block):
    with open(path, "r+b") as data:
        data.seek(block * 8192 + 4096)
        data.write(os.urandom(4096))


def spoil(cluster, *tables):
    """The second half of the first page of each becomes another's; their files below the data."""
    files = [cluster.value(f"select pg_relation_filepath('{table}')") for table in tables]
    cluster.stop()
    for file in files:
        garbage(cluster.data / file, 0)
    cluster.start()
    return files


def test_pages_of_tables_are_put_right_with_all_later_changes(reader, archiving, directory):
    archiving.sql("create table other as select i from generate_series(1, 100) i")
    wanted = picture(archiving)
    file, other = spoil(archiving, "orders", "other")
    archiving.sql("insert into orders values (5000, 'after the damage')")

    assert archiving.tool("psql", "-c", "select count(note) from orders", check=False).code != 0
    reader.run(SURE, 2)
    found = re.findall(r"invalid page in block (\d+) of relation \"?(base/\d+/\d+)",
                       reader.run(SURE, 3).out)
    assert set(found) == {("0", file), ("0", other)}
    reader.know(file=file, block="0")
    assert re.search(r"orders +\| r ", reader.run(SURE, 4).out)
    hold(reader)
    reader.run(DO, 1, under=FEW)
    stopped = reader.run(DO, 2, under=FEW).out
    assert re.search(r"state: +shut down$", stopped, re.M) and stopped.count(".ready") <= 1
    damaged = [(archiving.data / name).read_bytes() for name in (file, other)]
    reader.run(DO, 3, under=FEW)
    wait_until(lambda: reader.run(DO, 4, under=FEW).out == "f\n", 60, "the copy's recovery")
    reader.run(DO, 5, under=FEW)
    assert re.search(r"Bad checksums: +0$", reader.run(DO, 6, under=FEW).out, re.M)
    assert "block 0 differs" in reader.run(DO, 7, under=FEW).out
    reader.run(DO, 8, under=FEW)
    reader.know(file=other)
    reader.run(DO, 8, under=FEW)
    # Each file has its way back, and putting a second block in place leaves that as it is.
    reader.run(DO, 8, under=FEW)
    kept = directory / "copy.damaged"
    assert [(kept / name).read_bytes() for name in (file, other)] == damaged
    reader.run(DO, 9, under=FEW)
    verify(reader)

    assert picture(archiving) == wanted + [("5000", "after the damage")]
    assert archiving.value("select count(*) from other") == "100"
    assert archiving.timeline() == 1


def test_a_copy_whose_page_is_spoilt_too_is_not_taken(reader, archiving, redoubt, directory):
    """The copy stands in for one whose backup has the damage."""
    file = archiving.value("select pg_relation_filepath('orders')")
    reader.know(file=file)
    hold(reader)
    reader.run(DO, 1, under=FEW)
    reader.run(DO, 3, under=FEW)
    wait_until(lambda: reader.run(DO, 4, under=FEW).out == "f\n", 60, "the copy's recovery")
    reader.run(DO, 5, under=FEW)
    garbage(directory / "copy" / file, 0)

    assert re.search(r"Bad checksums: +1$", reader.run(DO, 6, under=FEW, code=1).out, re.M)


def test_a_dying_disk_is_left_and_everything_restored_elsewhere(reader, archiving, redoubt):
    wanted = picture(archiving)
    archiving.switch_and_archive()
    archiving.kill()
    for path in archiving.data.glob("base/*/*"):
        path.write_bytes(os.urandom(100))

    hold(reader)
    reader.run(DO, 1, under=DISK)
    assert not archiving.is_running()
    assert "redoubt-backup@redoubt.service" in reader.asked_of_systemd()[-1]
    assert "Restore of cluster" in reader.run(DO, 2, under=DISK).out
    other = runbook.Reader(redoubt, "restore-a-backup")
    other.run(DO, 2)
    other.run(DO, 1, under="To the last moment")
    other.run(DO, 2, under="To the last moment")
    other.run(DO, 1, under="Start it")
    wait_until(lambda: archiving.value("select pg_is_in_recovery()") == "f", 60, "recovery")
    verify(reader)

    assert picture(archiving) == wanted


def test_every_block_was_run():
    runbook.assert_every_block_was_run(PAGE)
