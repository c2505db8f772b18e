# SPDX-License-Identifier: PostgreSQL
"""A cluster that archives and is backed up through a tee, so that each of its backups can be
restored and judged: by the stream that it came from, and by the source's rows."""

import json
import shutil

from support import compare, oracle, process
from support.churn import Churn
from support.cluster import Cluster
from support.redoubt import Redoubt
from support.tee import Tee

SPACES = ("aside", "beside")  # tablespaces that it has


class Judged:
    """The cluster, the program, and what is known of its backups."""

    def __init__(self, directory, cluster, repository, adopt, **configuration):
        self.directory = directory
        self.cluster = cluster
        self.adopt = adopt
        self.tee = Tee(directory / "tee", cluster)
        self.redoubt = Redoubt(directory / "redoubt", cluster, repository,
                               connection=self.tee.conninfo, **configuration)
        self.history = oracle.History(directory, cluster, self.tee)
        self.churn = None
        self.spaces = ()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.tee.close()

    def begin(self, spaces):
        self.cluster.set(autovacuum="off", **oracle.summaries(self.cluster))
        self.redoubt.archive_from(self.cluster)
        self.cluster.start()
        self.redoubt.init()
        self.spaces = spaces
        for name in spaces:
            (self.directory / name).mkdir()
            self.cluster.sql(f"create tablespace {name} location '{self.directory / name}'")
        return self

    def churn_with(self, number, **options):
        self.churn = Churn(self.cluster, number, self.spaces, **options)
        self.churn.prepare()

    def backup(self, kind, *arguments, **options):
        """Take a backup, which must be of this kind."""
        self.said = self.redoubt.run("backup", "--json", *arguments, seconds=300, **options)
        link = self.history.add(json.loads(self.said.out))
        assert link.backup["type"] == kind, f"not {kind}:\n{self.said}"
        return link

    def judge(self, link):
        """Restore this backup, whichever, and judge its files."""
        home = self.directory / f"files-{link.backup['id']}"
        home.mkdir()
        oracle.restore(self.redoubt, link, home / "data")
        verdict = self.history.assert_right(link, home / "data")
        shutil.rmtree(home)
        return verdict

    def check(self, link, further=None):
        """Restore this backup, the newest, and judge it: the files, then the rows.

        Nobody may have worked since.  further is called with the running copy."""
        wanted = compare.picture(self.cluster)
        target = self.cluster.restore_point(f"after {link.backup['id']}")
        self.cluster.switch_and_archive()
        copy = self.adopt(Cluster(self.directory / f"copy-{link.backup['id']}"))
        copy.environment.update(self.redoubt.environment)
        oracle.restore(self.redoubt, link, copy.data, "--target-lsn", target, "--target-action",
                       "promote")
        verdict = self.history.assert_right(link, copy.data)
        copy.start()
        process.wait_until(lambda: copy.value("select pg_is_in_recovery()") == "f", 120,
                           "the end of recovery")
        compare.assert_equal(wanted, compare.picture(copy))
        oracle.assert_sound(copy)
        errors = self.churn.index_errors(copy) if self.churn else []
        assert not errors, "indexes that answer otherwise than their tables:\n" + "\n".join(errors)
        if further:
            further(copy)
        copy.stop("immediate")
        shutil.rmtree(copy.home)  # disks are small, histories long
        return verdict
