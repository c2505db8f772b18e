-- SPDX-License-Identifier: PostgreSQL
--
-- A database of all that is legal and seldom: names in mixed case, in other
-- scripts, with quotes and spaces; dollar quotes in bodies; tables that need each
-- other; a materialised view, row-level security, an event trigger, a table
-- without columns, one without rows, and values that need to be quoted.
--
--     psql -f awkward.sql

\set ON_ERROR_STOP on
set client_min_messages = warning;
set timezone = 'UTC';

select format('create role %I', name) from unnest(array['Märta "O''Hara"', 'awkward reader']) name
where not exists (select from pg_roles where rolname = name) \gexec

begin;

create schema "Mixed Case";
create schema "схема";
create schema "drop table; --";

create table "Mixed Case"."Table With ""Quotes""" (
    "Id" integer primary key,
    "select" text not null default 'it''s',
    "naïve–column" numeric,
    "	tab" boolean
);
insert into "Mixed Case"."Table With ""Quotes""" values
    (1, E'a\tb\nc\\d', 'NaN', true), (2, '\N', '-Infinity', null), (3, '', 0.1, false),
    (4, E'\\.', 1e100, true), (5, '$$ $body$ ''', null, null);

create type "схема"."Настроение" as enum ('весёлое', 'it''s "so-so"', '');
create table "схема"."таблица" (
    "ключ" text collate "C" primary key,
    "настроение" "схема"."Настроение",
    "данные" bytea,
    "日本語" timestamptz[] default array['infinity'::timestamptz],
    check ("ключ" !~ '^\s+$')
);
insert into "схема"."таблица" values
    ('один', 'весёлое', '\x00ff10', '{infinity,-infinity,"4713-11-24 00:00:00+00 BC"}'),
    ('🐘', '', '', null), (E'new\nline', 'it''s "so-so"', null, '{{NULL}}');

-- Each needs the other: only after both are loaded can the keys be made.
create table "Mixed Case".hen (id integer primary key, egg integer not null);
create table "Mixed Case".egg (id integer primary key, hen integer not null
    references "Mixed Case".hen deferrable initially deferred);
alter table "Mixed Case".hen add constraint "first?" foreign key (egg)
    references "Mixed Case".egg deferrable initially deferred;
insert into "Mixed Case".hen select i, i % 100 + 1 from generate_series(1, 100) i;
insert into "Mixed Case".egg select i, 101 - i from generate_series(1, 100) i;

create table "drop table; --".nothing ();
create table "drop table; --".empty (id integer generated always as identity, v text);
create table "drop table; --"."a.b" ("c.d" integer unique);
insert into "drop table; --".nothing default values;
insert into "drop table; --"."a.b" values (1), (null), (null);
create unlogged table "drop table; --".fleeting (v text);
insert into "drop table; --".fleeting values ('still here');

create function "Mixed Case"."Quote$$"(text) returns text language plpgsql as $outer$
declare
    inner_text text := $inner$it's $$ a 'body'$inner$;
begin
    /* $outer */ -- ; not the end
    execute $_$ select $q$x$q$ || $1 $_$ into inner_text using $1;
    return inner_text;
end
$outer$;

create materialized view "Mixed Case"."Sums" as
select id % 7 as "Rest", count(*) as n, "Mixed Case"."Quote$$"('y') as quoted
from "Mixed Case".hen group by 1;
create unique index "Sums; index" on "Mixed Case"."Sums" ("Rest");

create table "Mixed Case".secrets (id integer primary key, owner name not null, text text);
insert into "Mixed Case".secrets values (1, 'Märta "O''Hara"', 'mine'), (2, 'postgres', 'his');
alter table "Mixed Case".secrets enable row level security;
create policy "only one's own" on "Mixed Case".secrets for select to "awkward reader"
using (owner = current_user);

alter table "Mixed Case".secrets owner to "Märta ""O'Hara""";
grant usage on schema "Mixed Case" to "awkward reader";
grant select on "Mixed Case".secrets to "awkward reader";

create table "Mixed Case".ddl_log (tag text);
create function "Mixed Case".note_ddl() returns event_trigger language plpgsql as $$
begin
    insert into "Mixed Case".ddl_log values (tg_tag);
end
$$;

create event trigger "Note it" on ddl_command_end when tag in ('CREATE TABLE', 'DROP TABLE')
execute function "Mixed Case".note_ddl();

create aggregate "Mixed Case"."Largest"(integer) (sfunc = int4larger, stype = integer);
comment on schema "схема" is E'$$ it''s\\ "a" comment; --\n-- of two lines';

commit;

analyze;
