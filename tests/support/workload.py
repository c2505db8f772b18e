# SPDX-License-Identifier: PostgreSQL
"""A cluster that has everything, and somebody who works on it meanwhile."""

import os
import signal

from support import process
from support.process import wait_until

DATABASES = ("shop", 'Odd "näme" with spaces', "empty", "-dash=and'quote")

# Relations of the sizes that matter: empty, one page, more than one frame of
# 1 MiB, and larger than several packs.
_SHOP = """
create extension amcheck;
create role clerk login password 'not a secret';
create role auditors;
grant auditors to clerk;
create schema "Weird.Schema";
create type mood as enum ('sad', 'ok', 'happy');
create table orders (
    id uuid primary key default gen_random_uuid(),
    placed_at timestamptz not null default clock_timestamp(),
    customer int not null,
    feeling mood not null default 'ok',
    total numeric(12, 2) not null,
    document jsonb not null,
    note text);
insert into orders (customer, total, document, note)
    select i % 997, (i % 10000) / 100.0,
           jsonb_build_object('sku', md5(i::text), 'tags', array['t' || i % 7, 't' || i % 11]),
           repeat(md5((i * 7)::text), 1 + i % 5)
    from generate_series(1, 20000) i;
create index orders_document on orders using gin (document);
create index orders_customer on orders (customer, placed_at);
create materialized view totals as
    select customer, count(*) as orders, sum(total) as total from orders group by 1;
create unique index totals_customer on totals (customer);
create view happy_orders as select * from orders where feeling = 'happy';
grant select on orders to auditors;

create table "Weird.Schema"."One Page" (n int);
insert into "Weird.Schema"."One Page" select generate_series(1, 100);
create table "Weird.Schema".nothing (n int);

create table toasted (id int primary key, body text);
alter table toasted alter body set storage external;
insert into toasted
    select i, (select string_agg(md5((i * 1000 + j)::text), '') from generate_series(1, 400) j)
    from generate_series(1, 100) i;

create unlogged table scratch (id int primary key, body text);
insert into scratch select i, md5(i::text) from generate_series(1, 1000) i;

create table measurements (at date not null, sensor int not null, value float8)
    partition by range (at);
create table measurements_2023 partition of measurements
    for values from ('2023-01-01') to ('2024-01-01');
create table measurements_2024 partition of measurements
    for values from ('2024-01-01') to ('2025-01-01') partition by hash (sensor);
create table measurements_2024_0 partition of measurements_2024
    for values with (modulus 2, remainder 0);
create table measurements_2024_1 partition of measurements_2024
    for values with (modulus 2, remainder 1);
insert into measurements
    select date '2023-01-01' + i % 700, i % 50, i::float8 / 3 from generate_series(1, 20000) i;

create sequence tickets increment 3;
select nextval('tickets') from generate_series(1, 50);
create table numbered (id bigint generated always as identity, what text);
insert into numbered (what) select 'row ' || i from generate_series(1, 500) i;
create function customer_name(int) returns text language sql immutable
    as $$ select 'customer ' || $1 $$;
create index numbered_function on numbered (customer_name(id::int));

select lo_from_bytea(100000 + i, convert_to(repeat(md5(i::text), 100 * i), 'UTF8'))
    from generate_series(1, 20) i;
grant select on large object 100001 to clerk;
"""

_BIG = """
create table big (id int, filler text);
alter table big alter filler set storage plain;
insert into big
    select i, md5(i::text) || md5((i + 1)::text) || repeat(md5((i / 8)::text), 27)
    from generate_series(1, {rows}) i;
"""

# What a backup must survive while it runs: relations that come, shrink, grow
# and go, a database copied by files, and one created from WAL.
_CHURN = r"""
\set n random(1, 1000000000)
create table churn_:n (id int primary key, body text);
insert into churn_:n select i, md5(i::text) from generate_series(1, 2000) i;
truncate churn_:n;
insert into churn_:n select i, md5(i::text) from generate_series(1, 300) i;
delete from churn_:n where id % 2 = 0;
vacuum churn_:n;
drop table churn_:n;
update orders set note = md5(note), document = document || '{"touched": true}'
    where customer = (:n % 997);
insert into numbered (what) values ('while the backup ran');
refresh materialized view totals;
select lo_unlink(lo_from_bytea(0, '\x00112233'));
"""

_DATABASES_CHURN = r"""
\set n random(1, 1000000000)
create database churn_:n template template0 strategy file_copy;
drop database churn_:n;
"""


def fill(cluster, *, big_mib=4, pgbench_scale=2, tablespace=None):
    """Fill a running cluster with everything; returns nothing: ask the cluster."""
    for name in DATABASES:
        cluster.sql('create database "{}"'.format(name.replace('"', '""')))
    cluster.sql(_SHOP + _BIG.format(rows=big_mib * 1024), database="shop")
    cluster.sql("create table other (a int primary key, b text);\n"
                "insert into other select i, md5(i::text) from generate_series(1, 5000) i;",
                database=DATABASES[1])
    if tablespace is not None:
        add_tablespace(cluster, tablespace)
    cluster.tool("pgbench", "-i", "-q", "-s", pgbench_scale, database="shop")


def add_tablespace(cluster, directory, name="fast space"):
    """A tablespace with a table, an index and a whole database in it."""
    os.makedirs(directory, mode=0o700)
    cluster.sql(f"create tablespace \"{name}\" location '{directory}'")
    cluster.sql(f'create database in_tablespace tablespace "{name}"')
    cluster.sql("create table t as select i, md5(i::text) as m from generate_series(1, 3000) i",
                database="in_tablespace")
    cluster.sql(f'create table elsewhere (id int primary key using index tablespace "{name}", '
                f'body text) tablespace "{name}";\n'
                "insert into elsewhere select i, repeat(md5(i::text), 9) "
                "from generate_series(1, 5000) i;", database="shop")


def small(cluster, rows=1000):
    """One little table of integers, for stories in which the content hardly matters."""
    cluster.sql(f"create table t (id int primary key, body text);\n"
                f"insert into t select i, md5(i::text) from generate_series(1, {rows}) i;")


class Writer:
    """pgbench and a churn of tables and databases, for as long as a with block."""

    def __init__(self, cluster, *, rate=150, databases=True):
        self.cluster = cluster
        self.rate = rate
        self.databases = databases
        self.children = []
        self.log = cluster.home / "writer.log"

    def __enter__(self):
        before = self.cluster.lsn()
        self._pgbench("-c", "2", "-R", self.rate, "-b", "tpcb-like")
        self._pgbench("-c", "1", "-R", "4", "-f", self._script("churn.sql", _CHURN))
        if self.databases:
            self._pgbench("-c", "1", "-R", "0.5", "-f",
                          self._script("databases.sql", _DATABASES_CHURN))
        wait_until(lambda: self.cluster.lsn() != before, 30, "the writers to write")
        return self

    def __exit__(self, *_):
        dead = [c.args for c in self.children if c.poll() is not None]
        for child in self.children:
            if child.poll() is None:
                child.send_signal(signal.SIGTERM)
        for child in self.children:
            child.wait(timeout=30)
        self._settle()
        assert not dead, f"a writer ended early: {dead}\n{self.log.read_text()[-2000:]}"

    def _pgbench(self, *options):
        argv = [self.cluster.bin / "pgbench", "-n", "-T", "3600", *options]
        self.children.append(process.start(argv, env=self.cluster.env("shop"), log=self.log))

    def _script(self, name, text):
        path = self.cluster.home / name
        path.write_text(text)
        return path

    def _settle(self):
        """Wait until no session works any more, and clear what was cut off half-way."""
        if not self.cluster.is_running():
            return
        wait_until(lambda: self.cluster.value(
            "select count(*) from pg_stat_activity where backend_type = 'client backend' "
            "and pid <> pg_backend_pid()") == "0", 30, "the writers' sessions to end")
