# SPDX-License-Identifier: PostgreSQL
"""A database of a test's own that checks are run on, and what they found.

A story imports the fixtures: from support.checked import database, redoubt, server
"""

import json

import pytest

from support.cluster import Cluster
from support.redoubt import Redoubt
from support.repository import FileRepository

PASSED, FAILED, BROKEN, SKIPPED = "passed", "failed", "broken", "skipped"
EXIT_DAMAGE = 5
EXIT_USAGE = 2
EXIT_SERVER = 4


class Database:
    """A database of the test's own, and the program with checks for it."""

    def __init__(self, cluster, redoubt, name):
        self.cluster = cluster
        self.redoubt = redoubt
        self.name = name

    def sql(self, script):
        return self.cluster.sql(script, database=self.name)

    def configure(self, **section):
        # Merging would keep what an earlier test asked for.
        self.redoubt.configure(checks=None)
        self.redoubt.configure(checks={"database": self.name, "collations": False, **section})

    def check(self, *options, **section):
        """Results by name, and the run itself."""
        self.configure(**section)
        result = self.redoubt.run("check", "--json", *options, code=None)
        assert result.out, str(result)
        report = json.loads(result.out)
        assert [d["database"] for d in report["databases"]] == [self.name]
        checks = report["databases"][0]["checks"]
        bad = [c for c in checks if c["state"] in (FAILED, BROKEN)]
        assert result.code == (EXIT_DAMAGE if bad else 0), str(result)
        assert report["ok"] == report["databases"][0]["ok"] == (not bad)
        return {c["name"]: c for c in checks}, result

    def only(self, *options, **section):
        """The result where there is but one."""
        checks, result = self.check(*options, **section)
        assert len(checks) == 1, str(result)
        return next(iter(checks.values()))


def quoted(name):
    return '"' + name.replace('"', '""') + '"'


@pytest.fixture(scope="module")
def server(module_directory, adopt):
    return adopt(Cluster.create(module_directory / "server")).start()


@pytest.fixture
def redoubt(directory, server):
    return Redoubt(directory / "redoubt", server, FileRepository(directory / "repository"))


@pytest.fixture
def database(server, redoubt, request):
    made = Database(server, redoubt, f"t{abs(hash(request.node.name)) % 10**12}")
    server.sql(f"create database {quoted(made.name)}")
    yield made
    server.sql(f"drop database {quoted(made.name)} with (force)")
