# SPDX-License-Identifier: PostgreSQL
"""A repository with something in it, and copies of it in places of a test's own."""

import json
import shutil

from conftest import restore_copy
from support import compare, workload
from support.cluster import Cluster
from support.redoubt import Redoubt
from support.repository import FileRepository


class Story:
    """A cluster with two backups, two dumps and some WAL in a repository on files."""

    def __init__(self, home, adopt, **overrides):
        self.home = home
        self.repository = FileRepository(home / "repository")
        self.cluster = adopt(Cluster.create(home / "cluster", fresh=True))
        self.redoubt = Redoubt(home / "redoubt", self.cluster, self.repository, **overrides)
        self.redoubt.archive_from(self.cluster)
        self.cluster.start()
        self.redoubt.init()
        workload.small(self.cluster, rows=20000)
        self.redoubt.backup()
        self.cluster.commit("delete from t where id % 2 = 0")
        self.redoubt.backup("--full")
        for _ in range(2):
            self.redoubt.run("dump", "postgres")
        self.cluster.sql("create table late as select generate_series(1, 100) i")
        self.cluster.switch_and_archive()
        self.wanted = compare.picture(self.cluster)
        self.cluster.stop()


class Copies:
    """A program of the test's own with that repository, itself copied, and places to copy to."""

    def __init__(self, story, directory):
        self.story = story
        self.directory = directory
        self.main = FileRepository(directory / "main")
        shutil.copytree(story.repository.path, self.main.path)
        self.redoubt = Redoubt(directory / "redoubt", story.cluster, self.main)
        settings = dict(story.redoubt.settings)
        settings["repository"] = self.main.configuration()
        self.redoubt.settings = settings
        self.redoubt.configure()

    def add(self, name, repository, **more):
        """Configure another repository."""
        others = dict(self.redoubt.settings.get("repositories", {}))
        others[name] = {**repository.configuration(), **more}
        self.redoubt.environment.update(repository.environment)
        self.redoubt.configure(repositories=None)
        self.redoubt.configure(repositories=others)
        return repository

    def files(self, name="offsite"):
        return self.add(name, FileRepository(self.directory / name))

    def copy(self, *options, to="offsite", code=0):
        result = self.redoubt.run("copy", "--to", to, "--json", *options, code=code)
        return json.loads(result.out) if result.out else result

    def state(self, name="offsite"):
        return next(c for c in self.redoubt.json("list")["copies"] if c["name"] == name)

    def assert_restores(self, adopt, *options):
        copy = restore_copy(self.redoubt, self.directory / "restored", adopt, *options,
                            "--target-action", "promote")
        compare.assert_equal(self.story.wanted, compare.picture(copy))


def belonging(repository):
    """What is copied: not what the probe left, or what verification remembers of one place."""
    return {k for k in repository.keys() if not k.startswith(("probe/", "main/verified/"))}
