# SPDX-License-Identifier: PostgreSQL
"""Checks find the rows that refer to nothing, whatever a foreign key looks like."""

import pytest

from support import shop
from support.checked import (FAILED, PASSED, SKIPPED, Database,  # noqa: F401 fixtures
                             database, redoubt, server)
from support.cluster import major

# The constraint's name, what makes its tables, a row that breaks it, and how that is told.
KEYS = {
    "simple": (
        "create table a (id int primary key); create table b (a_id int references a);"
        "insert into a values (1); insert into b values (1), (null)",
        "insert into b values (77)",
        "foreign key b_a_id_fkey of public.b",
        "1 row refers to nothing in public.a: (a_id) = ('77')"),
    "several columns": (
        "create table a (x int, y text, primary key (x, y));"
        "create table b (x int, y text, foreign key (x, y) references a (x, y));"
        "insert into a values (1, 'one'); insert into b values (1, 'one'), (2, null)",
        "insert into b values (1, 'it''s'), (2, 'two')",
        "foreign key b_x_y_fkey of public.b",
        "2 rows refer to nothing in public.a, such as (x, y) = ('1', 'it''s')"),
    "crossed columns": (
        "create table a (x int, y int, unique (x, y), unique (y, x));"
        "create table b (p int, q int, foreign key (p, q) references a (y, x));"
        "insert into a values (1, 2); insert into b values (2, 1)",
        "insert into b values (1, 2)",
        "foreign key b_p_q_fkey of public.b",
        "1 row refers to nothing in public.a: (p, q) = ('1', '2')"),
    "match full": (
        "create table a (x int, y int, primary key (x, y));"
        "create table b (x int, y int, foreign key (x, y) references a match full);"
        "insert into a values (1, 1); insert into b values (1, 1), (null, null)",
        "insert into b values (1, null)",
        "foreign key b_x_y_fkey of public.b",
        "1 row refers to nothing in public.a: (x, y) = ('1', NULL)"),
    "itself": (
        "create table staff (id int primary key, boss int references staff);"
        "insert into staff values (1, null), (2, 1)",
        "update staff set boss = 9 where id = 2",
        "foreign key staff_boss_fkey of public.staff",
        "1 row refers to nothing in public.staff: (boss) = ('9')"),
    "a circle": (
        "create table a (id int primary key, b_id int); create table b (id int primary key,"
        " a_id int references a deferrable initially deferred);"
        "alter table a add foreign key (b_id) references b deferrable initially deferred;"
        "begin; insert into a values (1, 1); insert into b values (1, 1); commit",
        "delete from b",
        "foreign key a_b_id_fkey of public.a",
        "1 row refers to nothing in public.b: (b_id) = ('1')"),
    "other schemas": (
        "create schema one; create schema two; create table one.a (id int primary key);"
        "create table two.b (a_id int references one.a); insert into one.a values (1);"
        "insert into two.b values (1)",
        "delete from one.a",
        "foreign key b_a_id_fkey of two.b",
        "1 row refers to nothing in one.a: (a_id) = ('1')"),
    "a partitioned table": (
        "create table a (id int primary key);"
        "create table b (k int, a_id int references a) partition by list (k);"
        "create table b1 partition of b for values in (1);"
        "create table b2 partition of b for values in (2);"
        "insert into a values (1); insert into b values (1, 1), (2, 1)",
        "insert into b values (2, 5)",
        "foreign key b_a_id_fkey of public.b",
        "1 row refers to nothing in public.a: (a_id) = ('5')"),
    "into a partitioned table": (
        "create table a (id int primary key) partition by range (id);"
        "create table a1 partition of a for values from (0) to (10);"
        "create table a2 partition of a for values from (10) to (20);"
        "create table b (a_id int references a);"
        "insert into a values (1), (11); insert into b values (1), (11)",
        "delete from a2",
        "foreign key b_a_id_fkey of public.b",
        "1 row refers to nothing in public.a: (a_id) = ('11')"),
    "other types": (
        "create table a (id bigint primary key, code varchar(9) unique);"
        "create table b (a_id smallint references a, code text references a (code));"
        "insert into a values (1, 'x'); insert into b values (1, 'x')",
        "insert into b values (2, 'x')",
        "foreign key b_a_id_fkey of public.b",
        "1 row refers to nothing in public.a: (a_id) = ('2')"),
    "padded texts": (
        "create table a (code char(5) primary key); create table b (code char(5) references a);"
        "insert into a values ('ab'), ('abc'); insert into b values ('ab')",
        "insert into b values ('abd')",
        "foreign key b_code_fkey of public.b",
        "1 row refers to nothing in public.a: (code) = ('abd  ')"),
    "an enum and a domain": (
        "create type mood as enum ('sad', 'glad'); create domain small as int;"
        "create table a (m mood, s small, primary key (m, s));"
        "create table b (m mood, s int, foreign key (m, s) references a);"
        "insert into a values ('sad', 1); insert into b values ('sad', 1)",
        "insert into b values ('glad', 1)",
        "foreign key b_m_s_fkey of public.b",
        "1 row refers to nothing in public.a: (m, s) = ('glad', '1')"),
    "other collations": (
        'create table a (t text collate "C" primary key);'
        'create table b (t text collate "POSIX" references a);'
        "insert into a values ('x'); insert into b values ('x')",
        "insert into b values ('y')",
        "foreign key b_t_fkey of public.b",
        "1 row refers to nothing in public.a: (t) = ('y')"),
    "odd names": (
        'create schema "S;--"; create table "S;--"."A ""b" ("The Id" int primary key);'
        'create table "S;--"."select" ("from" int, constraint "c\'); drop table x; --" '
        'foreign key ("from") references "S;--"."A ""b");'
        'insert into "S;--"."A ""b" values (1); insert into "S;--"."select" values (1)',
        'insert into "S;--"."select" values (3)',
        "foreign key c'); drop table x; -- of S;--.select",
        "1 row refers to nothing in S;--.A \"b: (from) = ('3')"),
    "a table with heirs": (
        "create table a (id int primary key); create table b (a_id int references a);"
        "create table heir () inherits (b); insert into a values (1); insert into b values (1);"
        "insert into heir values (99)",
        "insert into b values (7)",
        "foreign key b_a_id_fkey of public.b",
        "1 row refers to nothing in public.a: (a_id) = ('7')"),
    "heirs of the other one": (
        "create table a (id int primary key); create table heir () inherits (a);"
        "create table b (a_id int references a);"
        "insert into a values (1); insert into heir values (99); insert into b values (1)",
        "insert into b values (99)",
        "foreign key b_a_id_fkey of public.b",
        "1 row refers to nothing in public.a: (a_id) = ('99')"),
}


@pytest.mark.parametrize("kind", KEYS)
def test_a_foreign_key_holds_until_it_is_broken_on_purpose(database, kind):
    making, breaking, name, found = KEYS[kind]
    database.sql(making)

    good, _ = database.check(foreign_keys="all")
    database.sql(f"set session_replication_role = replica; {breaking}")
    bad, result = database.check(foreign_keys="all")

    assert {c["state"] for c in good.values()} == {PASSED}, good
    assert bad[name]["state"] == FAILED, str(result)
    assert bad[name]["found"] == found
    assert [c["name"] for c in bad.values() if c["state"] != PASSED] == [name]
    assert good.keys() == bad.keys()


def test_a_large_table_is_sampled_and_that_is_said(database):
    database.sql("create table a (id int primary key); create table b (a_id int references a);"
                 "insert into a values (1);"
                 "insert into b select 1 from generate_series(1, 50000);"
                 "set session_replication_role = replica; update b set a_id = 2")

    found = database.only(foreign_keys="all", sample_above=10000)

    # Nobody ever analyzed it: the size comes from the planner's look at the file.
    assert found["expected"].startswith("no orphan in a sample of ")
    assert found["state"] == FAILED
    assert 0 < int(found["found"].split()[0]) < 50000


def test_a_table_below_the_size_is_not_sampled(database):
    database.sql("create table a (id int primary key); create table b (a_id int references a);")

    assert database.only(foreign_keys="all", sample_above=10000)["expected"] == "no orphan"
    assert database.only(foreign_keys="all", sample_above=0)["expected"] == "no orphan"


# What no constraint promises, and what makes one.
UNJUDGED = {
    "NOT VALID": (
        "create table b (a_id int); insert into b values (5);"
        "alter table b add constraint k foreign key (a_id) references a (id) not valid"),
}
if major() >= 18:
    UNJUDGED["NOT ENFORCED"] = (
        "create table b (a_id int constraint k references a (id) not enforced);"
        "insert into b values (5)")
    UNJUDGED["with PERIOD"] = (
        "create table p (id int4range, at tstzrange, primary key (id, at without overlaps));"
        "create table b (id int4range, at tstzrange,"
        " constraint k foreign key (id, period at) references p (id, period at))")


@pytest.mark.parametrize("reason", UNJUDGED)
def test_a_constraint_that_promises_nothing_is_skipped_and_said_to_be(database, reason):
    database.sql("create table a (id int primary key);" + UNJUDGED[reason])

    found = database.only(foreign_keys="all")

    assert (found["state"], found["name"]) == (SKIPPED, "foreign key k of public.b")
    assert found["found"].startswith(reason)


def test_a_database_without_foreign_keys_is_said_to_have_none(database):
    found = database.only(foreign_keys="all")

    assert (found["state"], found["found"]) == (SKIPPED, "the database has none")


@pytest.mark.parametrize("script", ["shop", "awkward"])
def test_a_real_schema_passes_until_rows_of_it_are_lost(server, redoubt, script):
    database = Database(server, redoubt, shop.create(server, f"The {script}", script=script))
    losses = {"shop": "delete from shop.users where id in (select author_id from shop.comments)",
              "awkward": 'delete from "Mixed Case".hen'}

    good, _ = database.check(foreign_keys="all")
    database.sql(f"set session_replication_role = replica; {losses[script]}")
    bad, result = database.check(foreign_keys="all")

    assert len(good) >= {"shop": 12, "awkward": 2}[script]
    assert {c["state"] for c in good.values()} == {PASSED}, good
    wrong = {n: c["found"] for n, c in bad.items() if c["state"] != PASSED}
    names = {"shop": "foreign key comments_author_id_fkey of shop.comments",
             "awkward": "foreign key egg_hen_fkey of Mixed Case.egg"}
    assert names[script] in wrong, str(result)
    assert len(wrong) < len(bad)


def test_many_keys_are_checked_side_by_side(database):
    database.sql("".join(
        f"create table p{n} (id int primary key, q int);"
        f"insert into p{n} select g, g from generate_series(1, 200) g;" for n in range(12)))
    database.sql("".join(
        f"alter table p{n} add foreign key (q) references p{(n + 1) % 12};" for n in range(12)))
    database.sql("set session_replication_role = replica; delete from p5 where id = 100")
    database.redoubt.configure(workers=4)

    checks, _ = database.check(foreign_keys="all")

    assert len(checks) == 12
    assert [n for n, c in checks.items() if c["state"] != PASSED] == [
        "foreign key p4_q_fkey of public.p4"]
