# SPDX-License-Identifier: PostgreSQL
"""Swapping databases that were made by SQL: the program's own functions, and what
the server's catalogs say of a database."""

import os
import re
import signal

from support import process
from support.libpq import Session, quote
from support.redoubt import binary

EXIT_REFUSED = 3

# All that belongs to a database itself, as it is kept, but for its name.
_PROPERTIES = """
select d.oid, pg_get_userbyid(d.datdba), coalesce(d.datacl::text, 'null'), d.datconnlimit,
       t.spcname, coalesce(shobj_description(d.oid, 'pg_database'), 'null'), d.datallowconn,
       d.datistemplate,
       (select string_agg(format('%s:%s', case s.setrole when 0 then '-'
                                          else pg_get_userbyid(s.setrole) end, s.setconfig),
                          e'\\n' order by setrole)
          from pg_db_role_setting s where s.setdatabase = d.oid)
  from pg_database d join pg_tablespace t on t.oid = d.dattablespace
 where d.datname = {}
"""


def identifier(name):
    return '"' + name.replace('"', '""') + '"'


def literal(value):
    return "'" + value.replace("'", "''") + "'"


class Swapping:
    """A running cluster, and swaps in it by the program of dump/swap.h."""

    def __init__(self, cluster):
        self.cluster = cluster
        self.tool = binary().parent / "swap_tool"

    def make(self, name, content, *clauses):
        """A database with one table that says which it is."""
        self.cluster.sql(f"create database {identifier(name)} {' '.join(clauses)}")
        self.cluster.sql(f"create table which as select {literal(content)} as content; "
                         f"grant select on which to public", database=name)

    def make_pair(self, database="shop", restored="shop_restore_20260101_000000"):
        self.make(database, "old")
        self.make(restored, "new")
        return database, restored

    # The program

    def conninfo(self, user="postgres", database="postgres"):
        return (f"host={self.cluster.socket} port=5432 user={user} connect_timeout=60 "
                f"dbname={quote(database)}")

    def call(self, verb, *arguments, code=0, conninfo=None, seconds=120, crash_at=None):
        env = {"REDOUBT_CRASH_AT": crash_at} if crash_at else {}
        result = process.run([self.tool, verb, conninfo or self.conninfo(), *arguments], env=env,
                             seconds=seconds, check=False)
        wanted = -signal.SIGKILL if crash_at else code
        if result.code != wanted:
            raise AssertionError(f"wanted exit code {wanted}\n{result}")
        return result

    def run(self, database, restored, *more, **options):
        """Swap; the name of the old database from now on."""
        return self.call("run", database, restored, *more, **options).out.split("\n")[0]

    def start(self, log, *arguments, env=None):
        return process.start([self.tool, "run", self.conninfo(), *arguments], env=env, log=log)

    def start_asleep(self, log, *arguments, stop_at):
        """Start a swap and wait until it has fallen asleep at a marked step."""
        tool = self.start(log, *arguments, env={"REDOUBT_STOP_AT": stop_at})

        def sleeps():
            pid, status = os.waitpid(tool.pid, os.WNOHANG | os.WUNTRACED)
            assert pid == 0 or os.WIFSTOPPED(status), f"ended with {status}"
            return pid != 0
        process.wait_until(sleeps, 60, "the swap to fall asleep")
        return tool

    # What there is

    def properties(self, database):
        """Everything but the OID."""
        rows = self.cluster.sql(_PROPERTIES.format(literal(database)))
        assert len(rows) == 1, f"{len(rows)} databases of the name {database}"
        return rows[0][1:]

    def everything(self):
        """All databases and what belongs to them: a refusal must not change it."""
        return sorted((name, *self.properties(name)) for name, in self.cluster.sql(
            "select datname from pg_database"))

    def content(self, database):
        """What a client that connects now finds there."""
        with self.session(database) as session:
            return session.value("select content from public.which")

    def session(self, database, user="postgres"):
        return Session(self.conninfo(user, database))

    def names(self):
        return {name for name, in self.cluster.sql(
            "select datname from pg_database where datname !~ '^(postgres|template[01])$'")}


def put_aside(name):
    """Does it look like the name that a swap gives?"""
    return re.search(r"_before_\d{8}_\d{6}$", name) is not None
