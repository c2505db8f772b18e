# SPDX-License-Identifier: PostgreSQL
"""A cluster that archives, with a database to check, a backup, and drills of it."""

import json

from support import process
from support.cluster import Cluster
from support.redoubt import Redoubt
from support.repository import FileRepository

EXIT_BROKEN, EXIT_USAGE, EXIT_REFUSED, EXIT_REPOSITORY, EXIT_FAILED = 1, 2, 3, 4, 5

SHOP = """
create table customer (id int primary key, name text not null);
create table orders (id int primary key, customer int not null references customer,
                     placed_at timestamptz not null default clock_timestamp());
insert into customer select i, 'c' || i from generate_series(1, 300) i;
insert into orders (id, customer) select i, 1 + i % 300 from generate_series(1, 5000) i;
create index orders_customer on orders (customer);
"""

# All that a drill proves, in its order.
LAYERS = ("plan", "objects", "manifest", "start", "replay", "pages", "amcheck", "collations",
          "foreign_keys", "tables", "freshness", "queries", "command")


class Story:
    """A cluster with the database "shop", and a repository with one backup of it."""

    def __init__(self, home, adopt, repository=None, *, cluster=None, backup=True, **settings):
        self.home = home
        self.cluster = cluster or adopt(Cluster.create(home / "cluster"))
        self.redoubt = Redoubt(home / "redoubt", self.cluster,
                               repository or FileRepository(home / "repository"),
                               drill={"directory": str(home / "drill"), "nice": 0}, **settings)
        self.redoubt.archive_from(self.cluster)
        self.cluster.start()
        self.redoubt.init()
        self.cluster.sql("create database shop")
        self.cluster.sql(SHOP, database="shop")
        if backup:
            self.redoubt.backup()

    @property
    def place(self):
        return self.home / "drill"

    def archive(self):
        """All that there is now can be restored."""
        self.cluster.switch_and_archive()

    def drill(self, *arguments, code=0, **options):
        """Drill; the receipt."""
        options.setdefault("seconds", 300)
        return self.redoubt.json("drill", *arguments, code=code, **options)

    def refuse(self, *arguments, code, **options):
        """A drill that does not even begin; nothing is left of it.  What it said."""
        result = self.redoubt.run("drill", *arguments, code=code, **options)
        assert self.left_over() == []
        return result.err

    def left_over(self):
        """What drills left: directories, and processes that work in them."""
        directories = sorted(p.name for p in self.place.glob("*") if p.name != "redoubt-drill")
        return directories + process.of_directory(self.place)

    def receipts(self):
        """The names of the receipts in the repository."""
        return [k for k in self.redoubt.repository.keys("main/drills/")]


def states(receipt):
    """What each layer says."""
    return {layer["name"]: layer["state"] for layer in receipt["layers"]}


def red(receipt):
    """The layers that failed or could not be proved."""
    return [name for name, state in states(receipt).items() if state in ("failed", "broken")]


def layer(receipt, name):
    return next(layer for layer in receipt["layers"] if layer["name"] == name)


def show(receipt):
    """For a failure's message."""
    return json.dumps(receipt, indent=1)
