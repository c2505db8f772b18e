# SPDX-License-Identifier: PostgreSQL
"""Random work on a cluster, the same for the same seed: everything that makes a backup
that copies only what changed go wrong.

Relations shrink and grow again without WAL, move, are rewritten, and come back under
their old names; databases come back under their old OIDs with other content and old
pages.  What exists is tracked here and not asked of the server, so that a seed means the
same steps on every version and however fast the machine is.
"""

import os
import random
import threading

DATABASE = "churn"

_TABLES = 5
_PARTITIONS = 4
_COPIES = 3  # databases that come and go
_FIRST_OID = 4000000
_OBJECTS = 8  # large objects
_FIRST_OBJECT = 500000

_COLUMNS = "id int, k int, body text, tags int[], place point, big text"

# An index of each kind, and a question that it can answer.
INDEXES = {
    "btree": ("(id)", "id between 200 and 900"),
    "hash": ("(k)", "k = 13"),
    "gin": ("(tags)", "tags @> '{3}'"),
    "gist": ("(place)", "place <@ box '(60,30),(10,5)'"),
    "brin": ("(id) with (pages_per_range = 4)", "id between 300 and 1200"),
    "spgist": ("(body)", "body ^@ 'a'"),
}


def seed(default):
    """The seed to use: REDOUBT_TEST_SEED, to repeat a run or to search for a new failure."""
    return int(os.environ.get("REDOUBT_TEST_SEED", default))


class _Table:
    """What is known of one table."""

    def __init__(self):
        self.last = 0  # the greatest id so far
        self.indexes = set()
        self.space = None
        self.unlogged = False


class Churn:
    """Steps on a running cluster, whose own database it makes."""

    def __init__(self, cluster, seed, tablespaces=(), *, databases=True):
        self.cluster = cluster
        self.databases = databases  # do they come and go too?
        self.random = random.Random(seed)
        self.seed = seed
        self.spaces = [None, *tablespaces]
        self.tables = {}
        self.partitions = set()
        self.copies = {}  # slot: tablespace
        self.objects = set()
        self.count = 0
        self.taken = set()  # names of steps
        self.salt = 0
        self._thread = None
        self._stop = threading.Event()
        self._failure = None
        print(f"churn: seed {seed} (REDOUBT_TEST_SEED={seed} repeats it)")

    # A beginning

    def prepare(self):
        """Tablespaces must exist already."""
        if self.databases:
            self._make_moulds()
            self._create_copy(0, "mould_a", "file_copy")
        self.cluster.sql(f"create database {DATABASE}")
        self._sql("create sequence tickets; create sequence slow increment 7 cache 5;"
                  "create table facts (id int, grp int, amount numeric);"
                  "insert into facts select i, i % 50, i / 3.0 from generate_series(1, 3000) i;"
                  "create materialized view totals as"
                  " select grp, sum(amount) from facts group by 1;"
                  "create table parted (id int, body text) partition by range (id);"
                  "create index on parted (id);")
        for slot in range(_TABLES):
            self._create(slot)
        for slot in range(2):
            self._partition(slot)
        self.cluster.sql("checkpoint")

    def _make_moulds(self):
        """Two databases with other rows in a table of the same file, and soon with old LSNs."""
        self._sql("create database mould_a", "postgres")
        self._sql("create table shape (id int primary key, which text, filler text);"
                  "insert into shape select i, 'mould_a', repeat('a', 300)"
                  " from generate_series(1, 2000) i;", "mould_a")
        self._sql("create database mould_b template mould_a", "postgres")
        self._sql("update shape set which = 'mould_b', filler = repeat('b', 300); vacuum shape;",
                  "mould_b")

    # Steps

    def run(self, steps, *, restarts=True):
        """Some random steps, one after the other."""
        for _ in range(steps):
            self._step(restarts)

    def __enter__(self):
        """Work in the background until the block ends; the server is not restarted."""
        self._stop.clear()
        self._thread = threading.Thread(target=self._work, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._stop.set()
        self._thread.join(timeout=300)
        assert not self._thread.is_alive(), "a step of the churn does not end"
        if self._failure is not None:
            raise self._failure

    def _work(self):
        try:
            while not self._stop.is_set():
                self._step(restarts=False)
        except BaseException as error:  # pylint: disable=broad-except
            self._failure = error

    def _step(self, restarts):
        names = [n for n in STEPS if (restarts or n not in _RESTARTS)
                 and (self.databases or n not in _DATABASES)]
        name, = self.random.choices(names, [STEPS[n] for n in names])
        self.taken.add(name)
        self.count += 1
        print(f"churn: step {self.count}: {name}")
        getattr(self, name)()

    def _sql(self, script, database=DATABASE):
        print(f"churn:   {database}: {script[:300]}")
        return self.cluster.sql(script, database)

    def _any_table(self, logged=False):
        slots = sorted(s for s in self.tables if not (logged and self.tables[s].unlogged))
        return self.random.choice(slots) if slots else self._create(0)

    def _rows(self, first, count):
        self.salt += 1
        return (f"select i, i % 97, md5((i * {self.salt})::text), array[i % 7, i % 11], "
                f"point(i % 100, i % 37), case when i % 60 = 0 then repeat(md5(i::text), 300) end "
                f"from generate_series({first}, {first + count - 1}) i")

    # Rows

    def insert(self):
        slot = self._any_table()
        table, count = self.tables[slot], self.random.randint(1, 2500)
        self._sql(f"insert into t{slot} {self._rows(table.last + 1, count)}")
        table.last += count

    def update(self):
        every = self.random.randint(2, 200)
        self._sql(f"update t{self._any_table()} set k = k + 1, body = md5(body) "
                  f"where id % {every} = {self.random.randrange(every)}")

    def toast(self):
        self._sql(f"update t{self._any_table()} set big = repeat(md5(id::text), "
                  f"{self.random.randint(100, 400)}) where id % 71 = {self.random.randrange(71)}")

    def delete(self):
        every = self.random.randint(2, 20)
        self._sql(f"delete from t{self._any_table()} where id % {every} = "
                  f"{self.random.randrange(every)}")

    def abort(self):
        """Pages of rows that nobody will ever see."""
        slot = self._any_table()
        count = self.random.randint(500, 2000)
        table = self.tables[slot]
        self._sql(f"begin; insert into t{slot} {self._rows(table.last + 1, count)}; savepoint s;"
                  f"delete from t{slot} where id % 3 = 0; rollback to s; rollback;")

    def copy(self):
        self._copy(self._any_table(), self.random.randint(1, 3))

    def truncate(self):
        self._sql(f"truncate t{self._any_table()}")

    def hollow(self):
        self._hollow(self._any_table())

    def refill(self):
        """Shrink and grow again at once: the new end may be pages that no record names."""
        slot = self._any_table()
        self._hollow(slot)
        self._copy(slot, 3)

    def _hollow(self, slot):
        keep = self.random.choice((0, 0.1, 0.4, 0.7))
        self._sql(f"delete from t{slot} where (ctid::text::point)[0] >= "
                  f"{keep} * (pg_relation_size('t{slot}') / 8192);\nvacuum t{slot};")

    def _copy(self, slot, sessions):
        """Load files with COPY, which extends a relation by many pages; several at once more so."""
        table, files = self.tables[slot], []
        for number in range(sessions):
            files.append(self.cluster.home / f"churn-{number}.copy")
            count = self.random.randint(300, 3000)
            self._sql(f"copy ({self._rows(table.last + 1, count)}) to '{files[-1]}'")
            table.last += count
        failures = []

        def load(file):
            try:
                self._sql(f"copy t{slot} from '{file}'")
            except BaseException as error:  # pylint: disable=broad-except
                failures.append(error)
        threads = [threading.Thread(target=load, args=(f,)) for f in files]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        if failures:
            raise failures[0]

    # Relations

    def vacuum(self):
        option = self.random.choice(("", "(freeze)", "(index_cleanup on)",
                                     "(disable_page_skipping)"))
        self._sql(f"vacuum {option} t{self._any_table()}")

    def vacuum_full(self):
        self._sql(f"vacuum full t{self._any_table()}")

    def cluster_by_index(self):
        slot = self._any_table()
        if "btree" in self.tables[slot].indexes:
            self._sql(f"cluster t{slot} using t{slot}_btree")

    def recreate(self):
        self._create(self.random.randrange(_TABLES))

    def _create(self, slot):
        if slot in self.tables:
            self._sql(f"drop table t{slot}")
        table = self.tables[slot] = _Table()
        table.unlogged = self.random.random() < 0.2
        table.space = self.random.choice(self.spaces)
        self._sql(f"create {'unlogged ' if table.unlogged else ''}table t{slot} ({_COLUMNS})"
                  + (f" tablespace {table.space}" if table.space else "")
                  + f"; alter table t{slot} alter big set storage external")
        for kind in sorted(INDEXES):
            if self.random.random() < 0.5:
                self._index(slot, kind)
        table.last = self.random.randint(200, 3000)
        self._sql(f"insert into t{slot} {self._rows(1, table.last)}")
        return slot

    def index(self):
        slot, kind = self._any_table(), self.random.choice(sorted(INDEXES))
        if kind in self.tables[slot].indexes:
            self._sql(f"drop index t{slot}_{kind}")
            self.tables[slot].indexes.remove(kind)
        else:
            self._index(slot, kind)

    def _index(self, slot, kind):
        space = self.random.choice(self.spaces)
        columns, _, options = INDEXES[kind][0].partition(" ")
        self._sql(f"create index t{slot}_{kind} on t{slot} using {kind} {columns} {options}"
                  + (f" tablespace {space}" if space else ""))
        self.tables[slot].indexes.add(kind)

    def reindex(self):
        how = self.random.choice(("", "concurrently "))
        self._sql(f"reindex table {how}t{self._any_table()}")

    def move_table(self):
        slot = self._any_table()
        table = self.tables[slot]
        table.space = self.random.choice([s for s in self.spaces if s != table.space] or [None])
        self._sql(f"alter table t{slot} set tablespace {table.space or 'pg_default'}")

    def persistence(self):
        slot = self._any_table()
        table = self.tables[slot]
        table.unlogged = not table.unlogged
        self._sql(f"alter table t{slot} set {'unlogged' if table.unlogged else 'logged'}")

    def rewrite(self):
        self._sql(f"alter table t{self._any_table()} alter k type bigint; ")

    def partition(self):
        slot = self.random.randrange(_PARTITIONS)
        if slot not in self.partitions:
            self._partition(slot)
        elif self.random.random() < 0.5:
            self._sql(f"alter table parted detach partition parted_{slot};"
                      f"drop table parted_{slot}")
            self.partitions.remove(slot)
        else:
            self._sql(f"insert into parted select {slot} * 1000 + i % 1000, md5(i::text) "
                      f"from generate_series(1, {self.random.randint(1, 2000)}) i")

    def _partition(self, slot):
        self._sql(f"create table parted_{slot} partition of parted for values "
                  f"from ({slot * 1000}) to ({slot * 1000 + 1000})")
        self.partitions.add(slot)

    def sequence(self):
        self._sql(self.random.choice((
            "select nextval('tickets') from generate_series(1, 40)",
            "select nextval('slow') from generate_series(1, 9)",
            f"select setval('tickets', {self.random.randint(1, 10000)})",
            f"alter sequence slow restart {self.random.randint(1, 10000)}")))

    def large_object(self):
        number = _FIRST_OBJECT + self.random.randrange(_OBJECTS)
        size = self.random.randint(1, 60)
        if number not in self.objects:
            self._sql(f"select lo_from_bytea({number}, convert_to(repeat(md5('{number}'), "
                      f"{size} * 50), 'UTF8'))")
            self.objects.add(number)
        elif self.random.random() < 0.4:
            self._sql(f"select lo_unlink({number})")
            self.objects.remove(number)
        else:
            self._sql(f"select lo_put({number}, {self.random.randrange(3000)}, "
                      f"convert_to(repeat('{size:02d}', 900), 'UTF8'))")

    def refresh(self):
        self._sql(f"update facts set amount = amount + 1 where grp = {self.random.randrange(50)};"
                  "refresh materialized view totals;")

    def rewrite_catalogs(self):
        """Catalogs get new files, and the map of relations says which."""
        self._sql(self.random.choice(("vacuum full pg_class", "vacuum full pg_attribute",
                                      "vacuum full pg_index; vacuum full pg_largeobject",
                                      f"reindex system {DATABASE}", "vacuum full pg_authid")))

    # Databases

    def copy_database(self):
        """A database comes, goes, moves, changes, or is put in another's place."""
        slot = self.random.randrange(_COPIES)
        if slot not in self.copies:
            self._create_copy(slot)
            return
        what = self.random.choice(("drop", "replace", "replace", "move", "change", "change"))
        if what == "move" and len(self.spaces) > 1:
            space = self.random.choice([s for s in self.spaces if s != self.copies[slot]])
            self._sql(f"alter database copy_{slot} set tablespace {space or 'pg_default'}",
                      "postgres")
            self.copies[slot] = space
        elif what == "change":
            self._sql(f"update shape set which = which || '{self.count}' where id % 40 = 1",
                      f"copy_{slot}")
        else:
            self._sql(f"drop database copy_{slot} with (force)", "postgres")
            del self.copies[slot]
            if what == "replace":
                self._create_copy(slot)

    def _create_copy(self, slot, template=None, strategy=None):
        template = template or self.random.choice(("mould_a", "mould_b"))
        strategy = strategy or self.random.choice(("wal_log", "file_copy", "file_copy"))
        self.copies[slot] = self.random.choice(self.spaces)
        self._sql(f"create database copy_{slot} oid {_FIRST_OID + slot} template {template} "
                  f"strategy {strategy}"
                  + (f" tablespace {self.copies[slot]}" if self.copies[slot] else ""), "postgres")

    # The server

    def checkpoint(self):
        self._sql("checkpoint")

    def switch_wal(self):
        self._sql("select pg_switch_wal()")

    def restart(self):
        self.cluster.restart()

    def crash(self):
        self.cluster.kill()
        self.cluster.start()

    # Asking a copy

    def index_errors(self, copy):
        """Questions that an index answers otherwise than the table itself."""
        errors = []
        for slot, table in sorted(self.tables.items()):
            for kind in sorted(table.indexes):
                question = (f"select count(*), coalesce(sum(hashtext(body)::bigint), 0) "
                            f"from t{slot} where {INDEXES[kind][1]}")
                answers = copy.sql(
                    "set enable_indexscan = off; set enable_bitmapscan = off;"
                    f"set enable_indexonlyscan = off; {question};\n"
                    "reset all; set enable_seqscan = off;"
                    f"{question};\n", DATABASE)
                if answers[0] != answers[1]:
                    errors.append(f"t{slot}_{kind}: {answers}")
        return errors


_RESTARTS = {"restart", "crash"}
_DATABASES = {"copy_database"}

# What may happen, and how often beside the others.
STEPS = {
    "insert": 6, "update": 8, "toast": 3, "delete": 5, "abort": 2, "copy": 5, "truncate": 2,
    "hollow": 4, "refill": 6, "vacuum": 6, "vacuum_full": 2, "cluster_by_index": 2, "recreate": 3,
    "index": 4, "reindex": 2, "move_table": 4, "persistence": 3, "rewrite": 1, "partition": 4,
    "sequence": 3, "large_object": 4, "refresh": 3, "rewrite_catalogs": 2, "copy_database": 7,
    "checkpoint": 2, "switch_wal": 2, "restart": 1, "crash": 1,
}
