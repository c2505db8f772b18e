# SPDX-License-Identifier: PostgreSQL
"""A cluster with two databases, a repository with their dumps, and restores of these."""

import re
import subprocess

from support import compare, process, shop
from support.cluster import Cluster
from support.redoubt import Redoubt
from support.repository import FileRepository

EXIT_FAILURE, EXIT_USAGE, EXIT_REFUSED, EXIT_CORRUPT = 1, 2, 3, 5

AWKWARD = "Äwk\"ward; "


class Story:
    """A cluster with two databases, and a repository to dump them into."""

    def __init__(self, home, adopt, repository=None, *, fresh=False, **settings):
        self.home = home
        self.cluster = adopt(Cluster.create(home / "cluster", fresh=fresh))
        self.cluster.start()
        self.redoubt = Redoubt(home / "redoubt", self.cluster,
                               repository or FileRepository(home / "repository"), **settings)
        self.redoubt.configure(spool=str(home / "spool"))
        self.redoubt.init()
        shop.create(self.cluster)
        shop.create(self.cluster, AWKWARD, script="awkward")

    def dump(self, *arguments, database="shop"):
        """Dump; what the catalog says of it."""
        self.redoubt.run("dump", *arguments, database)
        return self.redoubt.json("list")["dumps"][-1]

    def restore(self, *arguments, database="shop", **options):
        return self.redoubt.json("restore-dump", database, *arguments, **options)

    def refuse(self, *arguments, code, database="shop", **options):
        """A restore that fails; nothing is left of it.  What it said."""
        before = self.databases()
        result = self.redoubt.run("restore-dump", database, *arguments, code=code, **options)
        assert self.databases() == before
        assert self.spooled() == []
        return result.err

    def databases(self):
        return set(self.cluster.databases())

    def spooled(self):
        """What is in the spool, and not empty."""
        return sorted(p.name for p in (self.home / "spool").glob("*/*"))

    def object(self, dump):
        """The key of the dump itself."""
        return next(k for k in self.redoubt.repository.keys(f"main/dumps/{dump['id']}")
                    if re.search(r"\d\.(dump|sql|tar)\.", k))

    def picture(self, database="shop"):
        return compare.picture_of_database(self.cluster, database)

    def drop_restored(self):
        """What stories have restored and left."""
        self.drop(*(n for n in self.databases() if re.search("_restore_|^look", n)))

    def drop(self, *names):
        for name in names:
            self.cluster.sql('drop database "{}" with (force)'.format(name.replace('"', '""')))


def wait_for_the_next_second(dump):
    """Dumps are named by the second."""
    process.wait_until(lambda: subprocess.run(
        ["date", "-u", "+backup-%Y-%m-%dT%H-%M-%S"], capture_output=True, text=True,
        check=True).stdout.strip() > dump["name"], 10, "the clock")
