# SPDX-License-Identifier: PostgreSQL
"""Is a restored cluster logically the same as its source?

A picture of a cluster is plain data: it can be taken from the source at one
moment and compared with a copy much later.
"""

import difflib
import re

# Counts and two sums of hashes of every row's text: independent of the order of
# rows, and no sort.
_TABLES = r"""
select format($q$select 'table', %L, count(*), coalesce(sum(hashtextextended(t::text, 0)), 0),
              coalesce(sum(hashtextextended(t::text, 42)), 0) from only %s t$q$,
              c.oid::regclass, c.oid::regclass)
from pg_class c join pg_namespace n on n.oid = c.relnamespace
where c.relkind in ('r', 'm') and c.relpersistence = 'p' and c.relispopulated
  and n.nspname not in ('pg_catalog', 'information_schema', 'pg_toast')
order by c.oid::regclass::text \gexec
select format($q$select 'sequence', %L, last_value, is_called, %s from %s$q$, c.oid::regclass,
              s.seqincrement, c.oid::regclass)
from pg_class c join pg_sequence s on s.seqrelid = c.oid
where c.relpersistence = 'p' order by c.oid::regclass::text \gexec
select 'large object', loid, count(*), sum(length(data)),
       sum(hashtextextended(pageno::text || encode(data, 'hex'), 0))
from pg_largeobject group by loid order by loid;
select 'large object owner', m.oid, lomowner::regrole, lomacl, '' from pg_largeobject_metadata m
order by m.oid;
select 'setting', name, setting, '', '' from pg_settings
where name in ('server_version_num', 'server_encoding', 'lc_collate', 'block_size',
               'wal_segment_size', 'data_checksums');
"""

_CLUSTER = """
select 'database', datname, datdba::regrole, pg_encoding_to_char(encoding), datcollate,
       datacl::text, datconnlimit from pg_database order by 2;
select 'tablespace', spcname, spcowner::regrole, spcacl::text, '', '', ''
from pg_tablespace order by 2;
"""

# nextval writes WAL for 32 values ahead, so that a recovered sequence may have
# skipped that many (PostgreSQL's commands/sequence.c, SEQ_LOG_VALS).
_SEQUENCE_SLACK = 33


def picture(cluster):
    """Everything that a user of the cluster can see, as a dictionary of plain values."""
    found = {"roles": _globals(cluster)}
    for kind, name, *rest in cluster.sql("set search_path = '';" + _CLUSTER):
        found[kind, name] = rest
    for database in cluster.databases():
        for (kind, *name), value in picture_of_database(cluster, database).items():
            found[(kind, database, *name)] = value
    return found


def picture_of_database(cluster, database):
    """The same of one database, in which its own name is not."""
    schema = cluster.tool("pg_dump", "--schema-only", database=database).out
    found = {("schema",): _without_noise(schema)}
    for kind, name, *rest in cluster.sql("set search_path = '';" + _TABLES, database):
        found[kind, name] = rest
    return found


def differences(wanted, got):
    """What differs between two pictures, one line each; nothing when they are equal."""
    lines = []
    for key in sorted(wanted.keys() | got.keys(), key=str):
        if key not in got or key not in wanted:
            lines.append(f"{key}: only in the {'source' if key in wanted else 'copy'}")
        elif key[0] == "sequence":
            lines += _sequence_difference(key, wanted[key], got[key])
        elif wanted[key] != got[key]:
            lines.append(f"{key}: {_difference(wanted[key], got[key])}")
    return lines


def assert_equal(wanted, got):
    lines = differences(wanted, got)
    assert not lines, "the copy differs from its source:\n" + "\n".join(lines[:50])


def _sequence_difference(key, wanted, got):
    step = int(wanted[2])
    ahead = (int(got[0]) - int(wanted[0])) / step
    if 0 <= ahead <= _SEQUENCE_SLACK and wanted[2] == got[2]:
        return []
    return [f"{key}: {wanted} became {got}"]


def _difference(wanted, got):
    if isinstance(wanted, str):
        diff = difflib.unified_diff(wanted.splitlines(), got.splitlines(), lineterm="", n=1)
        return "\n" + "\n".join(list(diff)[:40])
    return f"{wanted} became {got}"


def _globals(cluster):
    return _without_noise(cluster.tool("pg_dumpall", "--roles-only").out)


def _without_noise(dump):
    """Without the random keys that newer minor versions put around a dump."""
    return re.sub(r"^\\(un)?restrict .*$", "", dump, flags=re.M)
