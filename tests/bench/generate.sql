-- SPDX-License-Identifier: PostgreSQL
--
-- The data of the benchmark: a shop's orders, with UUIDs, JSONB and its GIN
-- index, and text that compresses as text does.  Everything follows from the
-- row's number, so that two runs have the same data.
--
-- psql -v orders=N: 3,200,000 orders make about 3 GB.

\set ON_ERROR_STOP on
set synchronous_commit = off;
set maintenance_work_mem = '256MB';
set client_min_messages = warning;

-- Some words of a vocabulary of 4096, chosen by a number.
create function phrase(seed bigint, length int) returns text
    language sql immutable parallel safe
begin atomic
    select string_agg(translate(substr(md5(w::text), 1, 3 + w % 8), '0123456789', 'aeioulnrst'),
                      ' ' order by i)
    from generate_series(1, length) i,
         lateral (select (abs(hashint8extended(seed, i)) % 4096)::int as w) word;
end;

-- A few thousand phrases made once: putting them together per order would take
-- longer than everything else.
create table phrases as
    select i::int as id, phrase(i, 4 + i % 9) as phrase from generate_series(0, 16383) i;
alter table phrases add primary key (id);
analyze phrases;

create table customers (
    id uuid primary key,
    name text not null,
    email text not null,
    born date not null);
insert into customers
    select md5('customer ' || i)::uuid, initcap(p.phrase), md5(i::text) || '@example.com',
           date '1940-01-01' + (abs(hashint8(i)) % 25000)
    from generate_series(1, :orders / 20) i
    join phrases p on p.id = (abs(hashint8extended(i, 7)) % 16384)::int;

create table orders (
    id uuid not null,
    number bigint not null,
    customer uuid not null,
    placed_at timestamptz not null,
    state text not null,
    total numeric(12, 2) not null,
    document jsonb not null,
    note text not null);
insert into orders
    select md5('order ' || i)::uuid, i, md5('customer ' || 1 + i % greatest(:orders / 20, 1))::uuid,
           timestamptz '2024-01-01 00:00:00+00' + i * interval '7.3 seconds',
           (array['placed', 'paid', 'packed', 'sent', 'returned'])[1 + abs(hashint8(i)) % 5],
           (abs(hashint8extended(i, 1)) % 1000000) / 100.0,
           jsonb_build_object(
               'sku', substr(md5('sku ' || abs(hashint8extended(i, 2)) % 20000), 1, 12),
               'quantity', 1 + abs(hashint8extended(i, 3)) % 9,
               'tags', jsonb_build_array('tag' || abs(hashint8extended(i, 4)) % 200,
                                         'tag' || abs(hashint8extended(i, 5)) % 200),
               'shipping', jsonb_build_object('method', 'm' || i % 7, 'reference', md5(i::text))),
           concat_ws('. ', a.phrase, b.phrase, c.phrase, d.phrase, e.phrase, f.phrase, g.phrase)
    from generate_series(1::bigint, :orders) i
    join phrases a on a.id = (abs(hashint8extended(i, 8)) % 16384)::int
    join phrases b on b.id = (abs(hashint8extended(i, 9)) % 16384)::int
    join phrases c on c.id = (abs(hashint8extended(i, 10)) % 16384)::int
    join phrases d on d.id = (abs(hashint8extended(i, 11)) % 16384)::int
    join phrases e on e.id = (abs(hashint8extended(i, 12)) % 16384)::int
    join phrases f on f.id = (abs(hashint8extended(i, 13)) % 16384)::int
    join phrases g on g.id = (abs(hashint8extended(i, 14)) % 16384)::int;

alter table orders add primary key (id);
create unique index orders_number on orders (number);
create index orders_customer on orders (customer, placed_at);
create index orders_document on orders using gin (document jsonb_path_ops);
vacuum (freeze, analyze) orders, customers;
checkpoint;
