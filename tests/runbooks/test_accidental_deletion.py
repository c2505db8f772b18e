# SPDX-License-Identifier: PostgreSQL
"""runbooks/accidental-deletion.md, for each of the mistakes that it knows."""

import re

import pytest

from support import runbook
from support.libpq import Session

PAGE = "accidental-deletion"
SURE, DO, VERIFY = "How to be sure", "What to do", "How to verify"
BEFORE, MOMENT, LOOK = "Before a transaction", "At a moment", "Look"
MISSING, WRONG, DROPPED, AFTER = ("Rows that are missing", "Values that are wrong",
                                  "A table that was dropped", "Afterwards")


@pytest.fixture
def repository(request):
    return request.getfixturevalue("file_repository")


@pytest.fixture
def reader(archiving, redoubt, directory):
    archiving.sql("""
        create table customers (id bigint primary key);
        insert into customers select generate_series(1, 10);
        create table orders (
            id bigint generated always as identity primary key,
            customer bigint not null references customers,
            total numeric not null,
            check (total > 0));
        create table audit (id bigint);
        create function note() returns trigger language plpgsql
            as $$ begin insert into audit values (new.id); return new; end $$;
        insert into orders (customer, total) select i % 10 + 1, i from generate_series(1, 500) i;
        create trigger note after insert or update on orders for each row execute function note();
        create index on orders (customer);
    """)
    backup = redoubt.backup()
    archiving.sql("insert into orders (customer, total) select 1, i from generate_series(1, 100) i")
    return runbook.Reader(redoubt, PAGE, database="postgres", table="public.orders", key="id",
                          column="total", backup=backup, directory=directory / "look",
                          xid="0", moment="now")


def be_sure(reader):
    assert "Any moment can be restored" in reader.run(SURE, 1).out


def keep_the_backup_and_the_wal(reader):
    reader.run(DO, 1)
    assert reader.redoubt.json("hold")["holds"] != []
    reader.run(DO, 2)
    assert reader.asked_of_systemd() == [
        "stop redoubt-expire@redoubt.timer redoubt-expire@redoubt.service"]


def orders(cluster):
    return cluster.sql("select * from orders order by id")


def finish(reader, directory, total):
    verified = re.findall(r"^ +(\d+)$", reader.run(VERIFY).out, re.M)
    assert verified[1] == total
    reader.run(DO, 1, under=AFTER)
    assert not (directory / "look").exists() and not (directory / "look.run").exists()
    assert reader.redoubt.json("hold")["holds"] == []
    reader.run(DO, 2, under=AFTER)
    assert reader.asked_of_systemd()[-1] == "start redoubt-expire@redoubt.timer"
    return verified[0]


def test_deleted_rows_are_back_and_later_ones_stay(reader, archiving, directory):
    wanted = orders(archiving)
    xid, _ = archiving.commit("delete from orders where id % 2 = 0")
    archiving.sql("insert into orders (customer, total) values (1, 4711)")
    noted = archiving.value("select count(*) from audit")

    be_sure(reader)
    found = reader.run(SURE, 2).out
    assert re.search(rf"^ +300 transaction {xid} DELETE$", found, re.M)
    reader.know(xid=xid)
    assert "COMMIT" in reader.run(SURE, 4).out

    keep_the_backup_and_the_wal(reader)
    reader.run(DO, 1, under=BEFORE)
    assert "600" in reader.run(DO, 1, under=LOOK).out
    reader.run(DO, 1, under=MISSING)
    assert "300" in reader.run(DO, 2, under=MISSING).out
    assert re.search(r"note +\| O", reader.run(DO, 3, under=MISSING).out)
    reader.run(DO, 4, under=MISSING)

    assert orders(archiving)[:-1] == wanted
    assert archiving.value("select total from orders where id > 600") == "4711"
    assert archiving.value("select count(*) from audit") == noted
    assert finish(reader, directory, "600") == "601"
    # The triggers are on again.
    archiving.sql("insert into orders (customer, total) values (2, 1)")
    assert archiving.value("select count(*) from audit") == str(int(noted) + 1)


def test_wrong_values_are_put_right(reader, archiving, directory):
    wanted = orders(archiving)
    moment = archiving.value("select clock_timestamp()")
    top = archiving.sql("begin; select pg_current_xact_id(); savepoint s; "
                        "update orders set total = 1; commit;")[0][0]
    archiving.sql("insert into orders (customer, total) values (1, 4711)")

    be_sure(reader)
    # What a savepoint or an exception block did has a number of its own.
    found = re.search(r"600 transaction (\d+) (HOT_)?UPDATE", reader.run(SURE, 2).out)[1]
    assert found != top
    assert f" {top}, " in reader.know(xid=found).run(SURE, 4).out
    reader.know(moment=moment)
    keep_the_backup_and_the_wal(reader)
    reader.run(DO, 1, under=MOMENT)
    reader.run(DO, 1, under=LOOK)
    reader.run(DO, 1, under=MISSING)
    assert "598" in reader.run(DO, 1, under=WRONG).out
    # Nothing happens to a table that somebody is writing to, and nobody waits for long.
    with Session(f"host={archiving.socket} port=5432 user=postgres dbname=postgres") as writer:
        writer.value("begin")
        writer.value("update orders set total = 2 where id = 7")
        assert "lock timeout" in reader.run(DO, 2, under=WRONG, code=3).err
        writer.value("rollback")
    reader.run(DO, 2, under=WRONG)

    assert orders(archiving)[:-1] == wanted
    assert archiving.value("select total from orders where id > 600") == "4711"
    assert archiving.value("select count(*) from orders_wrong where total = 1") == "600"
    finish(reader, directory, "600")


def test_a_dropped_table_is_back_with_all_that_belongs_to_it(reader, archiving, directory):
    wanted = orders(archiving)
    xid, _ = archiving.commit("drop table orders")

    be_sure(reader)
    assert f" {xid}," in reader.run(SURE, 3).out
    reader.know(xid=xid)
    keep_the_backup_and_the_wal(reader)
    reader.run(DO, 1, under=BEFORE)
    assert "600" in reader.run(DO, 1, under=LOOK).out
    reader.run(DO, 1, under=DROPPED)

    assert orders(archiving) == wanted
    archiving.sql("insert into orders (customer, total) values (1, 1)")
    assert int(archiving.value("select max(id) from orders")) > 600
    assert archiving.value("select max(id) from audit") == \
        archiving.value("select max(id) from orders")
    assert archiving.value("select count(*) from pg_constraint "
                           "where conrelid = 'orders'::regclass and contype in ('c', 'f', 'p')"
                           ) == "3"
    assert archiving.value("select count(*) from pg_indexes where tablename = 'orders'") == "2"
    finish(reader, directory, "600")


def test_every_block_was_run():
    runbook.assert_every_block_was_run(PAGE)
