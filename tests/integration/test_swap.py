# SPDX-License-Identifier: PostgreSQL
"""A restored database takes the place of another: what belongs to the database comes
along, what forbids it is named before anything is changed, and the way back is plain
SQL."""

import os
import signal

import pytest

from support import process
from support.cluster import Cluster
from support.libpq import Failure
from support.process import wait_until
from support.swapping import EXIT_REFUSED, Swapping, identifier, literal, put_aside

TIME = "2026-01-02T03:04:05Z"
ASIDE = "shop_before_20260102_030405"


@pytest.fixture(scope="module")
def server(module_directory, adopt):
    cluster = adopt(Cluster.create(module_directory / "cluster", settings={
        "max_prepared_transactions": "4", "max_replication_slots": "20", "wal_level": "logical",
        "autovacuum": "off"}))
    return cluster.start()


@pytest.fixture
def swapping(server):
    """Every story begins and ends with no database but the server's own, and no role."""
    made = Swapping(server)
    yield made
    clear_away(server)


def clear_away(server):
    for name, in server.sql("select gid from pg_prepared_xacts"):
        server.sql(f"rollback prepared {literal(name)}",
                   database=server.value(f"select database from pg_prepared_xacts "
                                         f"where gid = {literal(name)}"))
    server.sql("delete from pg_shseclabel")
    server.sql("select pg_drop_replication_slot(slot_name) from pg_replication_slots")
    for name, in server.sql("select datname from pg_database where oid >= 16384"):
        server.sql(f"update pg_database set datistemplate = false, datconnlimit = -1 "
                   f"where datname = {literal(name)}; "
                   f"alter database {identifier(name)} allow_connections true")
        for subscription, in server.sql("select subname from pg_subscription", database=name):
            server.sql(f"alter subscription {subscription} disable; "
                       f"alter subscription {subscription} set (slot_name = none); "
                       f"drop subscription {subscription}", database=name)
        server.sql(f"drop database {identifier(name)} with (force)")
    server.sql("alter database postgres reset all")
    for name, in server.sql("select rolname from pg_roles where oid >= 16384"):
        server.sql(f"drop role {identifier(name)}")


# What comes along

def decorate(server, database):
    """Everything that a database can have, with values that are hard to write."""
    name = identifier(database)
    server.sql(f"""
        create role "Own Er" createdb;
        create role granter;
        create role reader;
        create role "odd ""ro"" le";
        alter database {name} owner to "Own Er";
        revoke temporary on database {name} from public;
        grant connect, create on database {name} to granter with grant option;
        set role granter;
        grant connect on database {name} to reader;
        grant create on database {name} to "odd ""ro"" le" with grant option;
        reset role;
        comment on database {name} is E'it''s \\\\ the "shop"\\nof ours';
        alter database {name} connection limit 77;
        alter database {name} set search_path to "$user", "Odd, ""Sche"" ma", public, '';
        alter database {name} set work_mem to '12345kB';
        alter database {name} set datestyle to 'SQL, DMY';
        alter database {name} set "our.setting" to E'a=b, ''c'' \\\\ "d"';
        alter database {name} set temp_tablespaces to '';
        alter role reader in database {name} set statement_timeout to '3min';
        alter role "odd ""ro"" le" in database {name} set search_path to one, "Two";
        alter role "odd ""ro"" le" in database {name} set default_transaction_read_only to on;
    """)


def test_what_belongs_to_the_database_comes_along(swapping, server):
    shop, restored = swapping.make_pair()
    decorate(server, shop)
    before = swapping.properties(shop)

    aside = swapping.run(shop, restored)

    assert put_aside(aside)
    assert swapping.names() == {shop, aside}
    assert swapping.content(shop) == "new"
    assert swapping.content(aside) == "old"
    assert swapping.properties(shop) == before
    assert swapping.properties(aside) == before


def test_what_nobody_has_touched_stays_the_default(swapping):
    shop, restored = swapping.make_pair()
    before = swapping.properties(shop)
    assert before[1] == "null"

    swapping.run(shop, restored)

    assert swapping.properties(shop) == before


def test_that_nobody_may_do_anything_comes_along(swapping, server):
    shop, restored = swapping.make_pair()
    server.sql(f"revoke all on database {shop} from public, postgres")
    assert swapping.properties(shop)[1] == "{}"

    swapping.run(shop, restored)

    assert swapping.properties(shop)[1] == "{}"


def test_what_the_restored_one_was_given_by_others_goes(swapping, server):
    shop, restored = swapping.make_pair()
    before = swapping.properties(shop)
    decorate(server, restored)

    swapping.run(shop, restored)

    after = swapping.properties(shop)
    # There is no way back to "never touched", only to what it means.
    assert after[1] == "{postgres=CTc/postgres,=Tc/postgres}" or \
        after[1] == "{=Tc/postgres,postgres=CTc/postgres}"
    assert (after[0], *after[2:]) == (before[0], *before[2:])


def test_the_tablespace_is_moved_to(swapping, server, directory):
    (directory / "space").mkdir()
    server.sql(f"create tablespace \"fast space\" location '{directory / 'space'}'")
    try:
        swapping.make("shop", "old", 'tablespace "fast space"')
        swapping.make("restored", "new")

        swapping.run("shop", "restored")

        assert swapping.properties("shop")[3] == "fast space"
        assert swapping.content("shop") == "new"
    finally:
        for name, in server.sql("select datname from pg_database where oid >= 16384"):
            server.sql(f"drop database {identifier(name)}")
        server.sql('drop tablespace "fast space"')


@pytest.mark.parametrize("name", [
    'It\'s "the" shop', "größe – 店", "select", "-c", "dbname=postgres", "a" * 63, "ü" * 31,
    "postgres"])
def test_odd_names_are_swapped(swapping, server, name):
    restored = "re " + name[:20]
    if name == "postgres":
        swapping.conninfo = lambda user="postgres", database="template1": \
            Swapping.conninfo(swapping, user, database)
        server.sql("create table which as select 'old' as content")
    else:
        swapping.make(name, "old")
    swapping.make(restored, "new")
    conninfo = Swapping.conninfo(swapping, database=name)

    aside = swapping.call("run", name, restored, TIME, conninfo=conninfo).out.split("\n")[0]

    assert len(aside.encode()) <= 63 and aside.endswith("_before_20260102_030405")
    assert swapping.content(name) == "new"
    assert swapping.content(aside) == "old"
    if name == "postgres":
        server.sql(f"alter database postgres rename to gone; alter database {aside} rename to "
                   "postgres", database="template1")
        server.sql("drop table which")


def test_the_owner_who_may_end_the_clients_can_swap(swapping, server):
    shop, restored = swapping.make_pair()
    server.sql(f"create role carol login createdb; grant pg_signal_backend to carol; "
               f"create role other login; "
               f"alter database {shop} owner to carol; alter database {restored} owner to carol")
    before = swapping.properties(shop)

    with swapping.session(shop, user="other"):
        swapping.run(shop, restored, conninfo=swapping.conninfo(user="carol"))

    assert swapping.content(shop) == "new"
    assert swapping.properties(shop) == before


# What forbids it

def prepare(server, database):
    server.sql("begin; create table p (); prepare transaction 'two phases'", database=database)


REASONS = {
    "prepared": (lambda s: prepare(s, "shop"), ['prepared transaction "two phases" in "shop"']),
    "prepared in the restored": (lambda s: prepare(s, "restored"),
                                 ['prepared transaction "two phases" in "restored"']),
    "slot": (lambda s: s.sql("select pg_create_logical_replication_slot('out', 'pgoutput')",
                             database="shop"), ['logical replication slot "out" in "shop"']),
    "subscription": (lambda s: s.sql("create subscription feed connection 'dbname=nowhere' "
                                     "publication p with (connect = false)", database="shop"),
                     ['disabled subscription "feed" in "shop"']),
    "template": (lambda s: s.sql("alter database shop is_template true"),
                 ['"shop" is a template']),
    "closed": (lambda s: s.sql("alter database restored allow_connections false"),
               ['"restored" allows no connections']),
    "invalid": (lambda s: s.sql("update pg_database set datconnlimit = -2 "
                                "where datname = 'restored'"),
                ['"restored" is what an interrupted DROP DATABASE left']),
    "name taken": (lambda s: s.sql(f"create database {ASIDE}"),
                   [f'there is a database "{ASIDE}" already']),
    "locale": (lambda s: s.sql("drop database restored",
                               "postgres") or s.sql("create database restored template template0 "
                                                    "encoding 'LATIN1' locale 'C'"),
               ['the encoding of "shop" is UTF8, that of "restored" is LATIN1',
                'the LC_COLLATE of "shop" is C.UTF-8, that of "restored" is C',
                'the LC_CTYPE of "shop" is C.UTF-8, that of "restored" is C']),
    "provider": (lambda s: s.sql("drop database restored") or
                 s.sql("create database restored template template0 locale_provider icu "
                       "icu_locale 'de-x-icu'"),
                 ['the locale of "shop" is none, that of "restored" is de',
                  'the locale provider of "shop" is libc, that of "restored" is icu']),
    "no such": (lambda s: s.sql("drop database shop"), ['there is no database "shop"']),
}


@pytest.mark.parametrize("reason", REASONS)
def test_what_forbids_it_is_named_and_nothing_is_changed(swapping, server, reason):
    arrange, told = REASONS[reason]
    swapping.make_pair("shop", "restored")
    arrange(server)
    before = swapping.everything()

    for verb in ("check", "run"):
        result = swapping.call(verb, "shop", "restored", TIME, code=EXIT_REFUSED)
        for text in told:
            assert text in result.err

    assert swapping.everything() == before


def test_all_reasons_are_named_at_once(swapping, server):
    swapping.make_pair("shop", "restored")
    some = [REASONS[reason] for reason in ("slot", "subscription", "prepared", "closed")]
    for arrange, _ in some:
        arrange(server)

    result = swapping.call("check", "shop", "restored", code=EXIT_REFUSED)

    for _, told in some:
        for text in told:
            assert text in result.err


def test_reasons_that_do_not_fit_are_counted(swapping, server):
    swapping.make_pair("shop", "restored")
    for number in range(20):
        server.sql(f"select pg_create_logical_replication_slot('s{number:062d}', 'pgoutput')",
                   database="shop")

    result = swapping.call("check", "shop", "restored", code=EXIT_REFUSED)

    told = result.err.count("logical replication slot")
    assert f"and {20 - told} more" in result.err


def test_missing_privileges_are_named(swapping, server):
    shop, restored = swapping.make_pair()
    server.sql("create role nobody login; create role other login")

    with swapping.session(shop), swapping.session(shop, user="other"):
        result = swapping.call("run", shop, restored, code=EXIT_REFUSED,
                               conninfo=swapping.conninfo(user="nobody"))

    for text in ('role "nobody" lacks CREATEDB', f'role "nobody" does not own "{shop}"',
                 f'role "nobody" does not own "{restored}"', 'of role "postgres"',
                 'role "nobody" may not end process', 'of role "other"'):
        assert text in result.err
    assert swapping.content(shop) == "old"


def test_a_client_of_the_restored_one_is_named(swapping):
    shop, restored = swapping.make_pair()

    with swapping.session(restored) as session:
        pid = session.value("select pg_backend_pid()")
        result = swapping.call("run", shop, restored, code=EXIT_REFUSED)
        assert session.value("select 1") == "1"

    assert f'process {pid} of role "postgres" is connected to "{restored}"' in result.err


def test_a_database_is_not_swapped_with_itself(swapping):
    swapping.make("shop", "old")

    result = swapping.call("run", "shop", "shop", code=EXIT_REFUSED)

    assert "with itself" in result.err


def test_a_label_that_cannot_be_set_disturbs_nobody(swapping, server):
    """No provider of labels is at hand: the row is one that sepgsql would have made."""
    shop, restored = swapping.make_pair()
    server.sql(f"insert into pg_shseclabel select oid, 'pg_database'::regclass, 'selinux', 'l' "
               f"from pg_database where datname = '{shop}'")
    before = swapping.everything()

    with swapping.session(shop) as session:
        result = swapping.call("run", shop, restored, code=1)
        assert session.value("select content from which") == "old"

    assert "SECURITY LABEL FOR selinux ON DATABASE" in result.err
    assert swapping.everything() == before


def test_a_setting_that_we_may_not_make_disturbs_nobody(swapping, server):
    shop, restored = swapping.make_pair()
    server.sql(f"create role carol login createdb; grant pg_signal_backend to carol; "
               f"create role other login; "
               f"alter database {shop} set log_min_duration_statement to 7; "
               f"alter database {shop} owner to carol; alter database {restored} owner to carol")
    before = swapping.everything()

    with swapping.session(shop, user="other") as session:
        result = swapping.call("run", shop, restored, code=1,
                               conninfo=swapping.conninfo(user="carol"))
        assert session.value("select content from which") == "old"

    assert "SET log_min_duration_statement TO '7': permission denied" in result.err
    assert swapping.everything() == before


# The clients

def test_clients_are_ended_and_those_of_others_are_not(swapping, server):
    shop, restored = swapping.make_pair()
    swapping.make("other", "other")

    with swapping.session("other") as other, swapping.session(shop) as one, \
            swapping.session(shop) as two:
        two.value("begin")
        out = swapping.call("run", shop, restored).out.split("\n")

        assert other.value("select content from which") == "other"
        for session in (one, two):
            with pytest.raises(Failure) as failure:
                session.value("select 1")
            assert "terminating connection due to administrator" in failure.value.message

    assert out[1] == "2"


def test_a_client_that_does_not_end_keeps_all_as_it_was(swapping, server):
    shop, restored = swapping.make_pair()
    before = swapping.everything()

    with swapping.session(shop) as stuck:
        pid = int(stuck.value("select pg_backend_pid()"))
        os.kill(pid, signal.SIGSTOP)
        try:
            result = swapping.call("run", shop, restored, code=1)
            assert swapping.content(shop) == "old"
        finally:
            os.kill(pid, signal.SIGCONT)

    assert f'could not swap database "{shop}"' in result.err
    assert "There is 1 other session using the database" in result.err
    assert swapping.everything() == before
    wait_until(lambda: server.value(f"select count(*) from pg_stat_activity where pid = {pid}")
               == "0", 30, "the client that was told to end")
    swapping.run(shop, restored)
    assert swapping.content(shop) == "new"


def test_who_connects_meanwhile_waits_and_can_come_again(swapping, server, directory):
    shop, restored = swapping.make_pair()
    tool = swapping.start_asleep(directory / "tool.log", shop, restored,
                                 stop_at="swap: between the renames")
    log = directory / "client"

    client = process.start([server.bin / "psql", "-X", "-c", "select content from which"],
                           env=server.env(shop), log=log)
    wait_until(lambda: server.value("select count(*) from pg_locks where locktype = 'object' "
                                    "and not granted") == "1", 30, "the client to wait")
    assert client.poll() is None
    tool.send_signal(signal.SIGCONT)

    assert tool.wait(timeout=30) == 0
    client.wait(timeout=30)
    assert "just been dropped or renamed" in log.read_text()
    assert swapping.content(shop) == "new"


def test_sessions_on_standbys_are_not_ended(swapping, server, directory, adopt):
    """They go on with what they had; whoever connects there anew follows the primary."""
    shop, restored = swapping.make_pair()
    standby = adopt(server.standby(directory / "standby")).start()
    there = Swapping(standby)
    standby.caught_up_with(server)

    with there.session(shop) as session:
        assert session.value("select content from which") == "old"
        swapping.run(shop, restored)
        standby.caught_up_with(server)

        assert session.value("select content from which") == "old"
        assert there.content(shop) == "new"
    assert "the server is a standby" in there.call("check", shop, restored, code=EXIT_REFUSED).err
    standby.stop()


# The way back, as in runbooks/swap-a-restored-database.md

def test_the_way_back_is_two_renames(swapping, server):
    shop, restored = swapping.make_pair()
    decorate(server, shop)
    before = swapping.everything()
    aside = swapping.run(shop, restored)

    with swapping.session(shop):
        server.sql(f"select pg_terminate_backend(pid) from pg_stat_activity "
                   f"where datname = '{shop}';\n"
                   "begin;\n"
                   f"alter database \"{shop}\" rename to \"{restored}\";\n"
                   f"alter database \"{aside}\" rename to \"{shop}\";\n"
                   "commit;")

    assert swapping.content(shop) == "old"
    assert swapping.content(restored) == "new"
    after = swapping.everything()
    assert [row for row in after if row[0] != restored] == \
        [row for row in before if row[0] != restored]
    swapping.run(shop, restored)
    assert swapping.content(shop) == "new"


# Dropping what was put aside

def test_the_old_one_is_dropped_when_asked_for(swapping):
    shop, restored = swapping.make_pair()
    aside = swapping.run(shop, restored)

    swapping.call("drop", aside, conninfo=swapping.conninfo(database=aside))

    assert swapping.names() == {shop}


def test_what_a_restore_left_is_dropped(swapping):
    _, restored = swapping.make_pair()

    swapping.call("drop", restored)

    assert swapping.names() == {"shop"}


@pytest.mark.parametrize("name", ["shop", "shop_before_yesterday", "_before_20260102_030405",
                                  "shop_before_20260102_030405 "])
def test_nothing_else_is_dropped(swapping, name):
    swapping.make(name, "precious")

    result = swapping.call("drop", name, code=EXIT_REFUSED)

    assert "was neither put aside by a swap nor left by a restore" in result.err
    assert swapping.content(name) == "precious"


def test_what_is_in_use_is_not_dropped(swapping):
    swapping.make(ASIDE, "old")

    with swapping.session(ASIDE) as session:
        pid = session.value("select pg_backend_pid()")
        result = swapping.call("drop", ASIDE, code=EXIT_REFUSED)
        assert session.value("select 1") == "1"

    assert f'process {pid} of role "postgres"' in result.err


def test_what_is_not_there_cannot_be_dropped(swapping):
    result = swapping.call("drop", ASIDE, code=1)

    assert f'there is no database "{ASIDE}"' in result.err
