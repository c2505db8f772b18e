# SPDX-License-Identifier: PostgreSQL
"""packaging/sql/role.sql: a role that can do what the program does every day, and little else."""

from pathlib import Path

import pytest

SCRIPT = Path(__file__).resolve().parents[2] / "packaging/sql/role.sql"
SUMMARIES = 17  # the first that has WAL summaries

pytestmark = pytest.mark.parametrize("repository", ["file"], indirect=True)

# An application's; the second table shows its rows to nobody but their owner.
SHOP = """
    create role shop_owner;
    grant create on database shop to shop_owner;
    set role shop_owner;
    create schema sales;
    create table sales.customers (id int primary key, name text);
    create table sales.orders (id int primary key, customer int references sales.customers);
    alter table sales.orders enable row level security, force row level security;
    insert into sales.customers select i, 'customer ' || i from generate_series(1, 100) i"""

# All that a role can be allowed beside reading tables, as pairs of texts.
RIGHTS = """
    with me as (select * from pg_roles where rolname = '{role}')
    select 'attributes', concat_ws(' ', rolcanlogin, rolreplication, rolbypassrls, rolsuper,
                                   rolcreatedb, rolcreaterole) from me
    union all select 'member', r.rolname from me join pg_auth_members m on m.member = me.oid
      join pg_roles r on r.oid = m.roleid
    union all select 'function', p.oid::regprocedure::text
      from me, pg_proc p, aclexplode(p.proacl) a where a.grantee = me.oid
    union all select 'schema', nspname from me join pg_namespace on nspowner = me.oid
    order by 1, 2"""

GRANTED = [
    ("attributes", "t t t f f f"),
    ("function", "pg_create_restore_point(text)"),
    ("function", "pg_ls_archive_statusdir()"),
    ("function", "pg_switch_wal()"),
    ("member", "pg_read_all_data"),
    ("member", "pg_read_all_settings"),
    ("schema", "redoubt"),
]


def run_script(cluster, *options):
    cluster.tool("psql", "-X", "-q", *options, "-f", SCRIPT)


def refused(cluster, statement):
    """What the server says to the role."""
    result = cluster.tool("psql", "-X", "-q", "-U", "redoubt", "-c", statement, database="shop",
                          check=False)
    assert result.code != 0, f"{statement} was allowed"
    return result.err


@pytest.fixture
def least(archiving, redoubt):
    """A cluster with an application, and the program as the role that the script makes."""
    run_script(archiving)
    archiving.sql("alter system set archive_timeout = '60s'; select pg_reload_conf()")
    archiving.sql("create database shop")
    archiving.sql(SHOP, database="shop")
    if int(archiving.value("show server_version_num")) // 10000 >= SUMMARIES:
        archiving.sql("alter system set summarize_wal = on; select pg_reload_conf()")
    redoubt.configure(
        postgres={"connection": f"host={archiving.socket} port=5432 user=redoubt dbname=postgres"},
        dumps=[{"database": "shop"}], checks={"foreign_keys": "all"})
    return archiving


def test_it_suffices_for_what_is_done_every_day(least, redoubt):
    checks = redoubt.json("doctor")["checks"]
    assert [c for c in checks if c["state"] != "ok"] == []

    redoubt.run("backup")
    least.sql("update sales.customers set name = 'changed'", database="shop")
    redoubt.run("backup")
    redoubt.run("dump")
    redoubt.run("check", "shop")
    redoubt.run("verify", "--all")
    redoubt.run("expire")
    redoubt.run("events")
    redoubt.run("canary", "--install")
    redoubt.run("canary")
    redoubt.run("drill", "--into", redoubt.home / "drill")
    redoubt.run("status")

    assert [b["type"] for b in redoubt.backups()] == ["full", "incremental"]
    (dump,) = redoubt.json("list")["dumps"]
    assert dump["database"] == "shop"


def test_the_script_can_be_run_again_and_grants_nothing_else(least):
    rights = least.sql(RIGHTS.format(role="redoubt"))
    run_script(least)

    assert rights == least.sql(RIGHTS.format(role="redoubt")) == GRANTED


def test_the_role_may_have_another_name(archiving):
    run_script(archiving, "-v", "role=Backup 1")

    assert archiving.sql(RIGHTS.format(role="Backup 1")) == GRANTED


def test_it_changes_no_table_and_makes_none_but_its_own(least):
    for statement in ["insert into sales.customers values (0, 'x')",
                      "update sales.customers set name = 'x'",
                      "delete from sales.customers",
                      "truncate sales.orders",
                      "drop table sales.orders",
                      "alter table sales.orders disable row level security",
                      "create table sales.mine (i int)",
                      "create table public.mine (i int)",
                      "create schema mine"]:
        assert "permission denied" in (said := refused(least, statement)) or \
            "must be owner" in said, said


def test_it_rules_over_nothing(least):
    for statement in ["alter system set archive_command = 'true'",
                      "alter role shop_owner login",
                      "create role somebody",
                      "create database another",
                      "drop database postgres",
                      "copy (select 1) to program 'true'",
                      "select pg_read_file('postgresql.conf')",
                      "select pg_promote()"]:
        assert "permission denied" in (said := refused(least, statement)) or \
            "must be" in said, said


@pytest.mark.parametrize("name", ["redoubt", "Backup 1"])
def test_a_canary_that_a_superuser_installed_before_is_given_to_the_role(archiving, redoubt, name):
    redoubt.run("canary", "--install")
    redoubt.run("canary")

    run_script(archiving, "-v", f"role={name}")
    redoubt.configure(postgres={
        "connection": f"host={archiving.socket} port=5432 user='{name}' dbname=postgres"})
    redoubt.run("canary", "--install")
    redoubt.run("canary")

    assert archiving.value("select count(*) from redoubt.canary") == "2"
    assert archiving.value("select count(distinct owner) from (select nspowner as owner from"
                           " pg_namespace where nspname = 'redoubt' union all select relowner from"
                           f" pg_class where relname = 'canary') o where owner = '\"{name}\"'"
                           "::regrole") == "1"
